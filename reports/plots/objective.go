package plots

import (
	"math"
	"slices"

	"sluice/harness/record"
	"sluice/reports/view"
)

// objectiveChart is the objective against the knob that was varied most: a point
// for each trial, the parts with their intervals. Where no knob took enough
// values for that, it is a row for each part.
func objectiveChart(cast view.Cast, o record.Outcome) (Chart, bool) {
	if s, ok := newScatter(cast, o); ok {
		return Chart{Name: ObjectiveName, Title: s.title(), Alt: s.alt(), draw: s.draw}, true
	}
	return rowsChart(ObjectiveName, cast, o, cast.Objective)
}

// scatter is the objective over a knob.
type scatter struct {
	cast   view.Cast
	where  string
	metric string
	knob   string // on the x axis
	by     string // tells the series apart; may be empty
	groups []group
	points []point // one for each trial
	lined  bool    // a grid: medians are joined
	log    bool
	apart  float64   // pixels between series that share a value
	ticks  []float64 // values of the knob where they are few; else nil
}

// group is a series: the trials whose second knob lies within a range.
type group struct {
	low, high float64
	ink       ink
	shape     shape
}

type point struct {
	x, y  float64
	group int // −1: a trial of the reference
}

// newScatter finds what to draw; ok is false where no knob takes three values.
func newScatter(cast view.Cast, o record.Outcome) (s scatter, ok bool) {
	s = scatter{cast: cast, where: place(o), metric: cast.Objective}
	phase := record.Search
	if o.Grid != nil {
		phase, s.lined = record.Grid, true
	}
	var trials []record.Trial
	for _, trial := range o.Trials {
		if len(values([]record.Trial{trial}, s.metric)) == 1 && trial.Phase == phase && trial.SetAside == "" {
			trials = append(trials, trial)
		}
	}
	s.knob = pickKnob(trials, "io.workers", 3, math.MaxInt, "")
	if s.knob == "" {
		return s, false
	}
	s.by = pickKnob(trials, "cpu.workers", 2, 12, s.knob)
	s.groups = groups(distinct(trials, s.by))
	for _, trial := range trials {
		x, placed := knobValue(trial.Config, s.knob)
		if !placed {
			continue
		}
		s.points = append(s.points, point{x, trial.Metrics[s.metric], s.groupOf(trial)})
	}
	knobValues := distinct(trials, s.knob)
	s.log = knobValues[0] > 0 && knobValues[len(knobValues)-1] >= 8*knobValues[0]
	if len(knobValues) <= 8 {
		s.ticks = knobValues
	}
	return s, true
}

// pickKnob prefers a knob by name and else takes the numeric one with the most
// values, from least to most of them.
func pickKnob(trials []record.Trial, preferred string, least, most int, not string) string {
	if n := len(distinct(trials, preferred)); n >= least && n <= most {
		return preferred
	}
	best, bestCount := "", 0
	for _, name := range knobs(trials) {
		if n := len(distinct(trials, name)); name != not && n >= least && n <= most && n > bestCount {
			best, bestCount = name, n
		}
	}
	return best
}

func knobs(trials []record.Trial) []string {
	var names []string
	for _, trial := range trials {
		for name := range trial.Config {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// distinct are the numbers that a knob took, ascending.
func distinct(trials []record.Trial, knob string) []float64 {
	var list []float64
	for _, trial := range trials {
		if value, ok := knobValue(trial.Config, knob); ok {
			list = append(list, value)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// groups cuts the values of the second knob into at most five series of
// neighbours.
func groups(of []float64) []group {
	if len(of) == 0 {
		return []group{{math.Inf(-1), math.Inf(1), scale2, circle}}
	}
	k := min(len(of), 5)
	colours := series(k)
	shapes := []shape{circle, triangle, square, cross, wedge}
	list := make([]group, k)
	for i := range list {
		list[i] = group{of[i*len(of)/k], of[(i+1)*len(of)/k-1], colours[i], shapes[i]}
	}
	return list
}

func (s scatter) groupOf(trial record.Trial) int {
	if s.by == "" {
		return 0
	}
	if reference, ok := s.cast.Of(view.Reference); ok && !s.lined && trial.Arm == "reference" && trial.Config.ID() == reference.Config.ID() {
		return -1
	}
	value, _ := knobValue(trial.Config, s.by)
	return max(0, slices.IndexFunc(s.groups, func(g group) bool { return value >= g.low && value <= g.high }))
}
