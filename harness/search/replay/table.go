package replay

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"sluice/harness/record"
	"sluice/harness/search"
	"sluice/harness/space"
	"sluice/harness/unit"
)

// TableSchema names the form of a table's file.
const TableSchema = "sluice.table/v1"

// Table is an exhaustive grid, every configuration measured once in each round, the
// reference once in each block.
type Table struct {
	Name      string
	Question  string
	Objective string // full name of the metric that searches look at
	Machine   string // its class
	Scenario  string
	Space     space.Space
	Reference record.Flat        // whole
	Starters  []search.Candidate // known configurations, those of the grid nearest to them
	Expected  *Expected          // what the pipeline's model said beforehand; nil: it was not asked
	Version   string             // of sluice, that recorded
	Recorded  time.Time
	Metrics   []string // columns of the trials
	Trials    []Trial
}

// Expected is what the model said of every configuration of the grid, calibrated by a
// few trials of it: the log ratio of the objective to the reference's, above 0
// better, with its standard deviation.
type Expected struct {
	Trials     []string  `json:"trials"` // that calibrated; a search that uses this has spent as many launches
	Gains      []float64 `json:"gains"`  // in the order in which the configurations come first
	Deviations []float64 `json:"deviations"`
}

// Expect asks a model about every configuration of the table. It is an error where
// the model does not know one of them.
func (t *Table) Expect(trials []string, prior func(record.Flat) (gain, deviation float64, ok bool)) error {
	e := &Expected{Trials: trials}
	seen := map[string]bool{}
	for _, tr := range t.Trials {
		if tr.Config == nil || seen[tr.Config.String()] {
			continue
		}
		seen[tr.Config.String()] = true
		whole := maps.Clone(t.Reference)
		maps.Copy(whole, tr.Config)
		gain, deviation, ok := prior(whole)
		if !ok {
			return fmt.Errorf("the model knows nothing of %s", tr.Config)
		}
		e.Gains, e.Deviations = append(e.Gains, fourth(gain)), append(e.Deviations, fourth(deviation))
	}
	t.Expected = e
	return nil
}

// fourth keeps four digits behind the point: a hundredth of a percent.
func fourth(v float64) float64 { return math.Round(v*1e4) / 1e4 }

// Trial is a row of a table.
type Trial struct {
	Config record.Flat // knobs of the space alone; nil: the reference
	Round  int
	Block  int
	Others float64 // share of the machine that others used, 0 … 1
	Status record.Status
	Values []float64 // in the order of Table.Metrics; of a trial that failed possibly NaN
}

// tableMetrics are what a table keeps of each trial.
func tableMetrics() []string {
	return []string{record.Throughput, record.P99, record.RSS, record.Wall, record.CPU}
}

// leastRounds are needed for halves that have a median each.
const leastRounds = 4

// FromOutcome makes a table of a stored grid: the trials that count, cut into
// rounds. Starters are moved to the nearest configuration of the grid. The grid
// need not be whole; a configuration without trials in it is none of the table's.
func FromOutcome(run record.Run, o record.Outcome, objective string, starters []search.Candidate) (Table, error) {
	t := Table{
		Name: run.Name, Question: run.Question, Objective: objective, Machine: run.Machine.Class, Scenario: o.Scenario.Name,
		Version: run.Version, Recorded: run.Started.UTC().Truncate(time.Second), Metrics: tableMetrics(),
	}
	trials := slices.DeleteFunc(slices.Clone(o.Trials), func(tr record.Trial) bool {
		return tr.Phase != record.Grid || tr.SetAside != "" || tr.Arm == placeboArm
	})
	slices.SortStableFunc(trials, func(a, b record.Trial) int { return a.Block - b.Block })
	var err error
	if t.Space, t.Reference, err = spaceOf(trials); err != nil {
		return Table{}, fmt.Errorf("run %s, %s: %w", run.ID, o.Scenario.Name, err)
	}
	rounds := map[string]int{}
	for _, tr := range trials {
		row := Trial{Block: tr.Block, Others: tr.OthersCPUShare, Status: tr.Status}
		if tr.Arm != referenceArm {
			row.Config = t.project(tr.Config)
			row.Round = rounds[tr.Arm]
			rounds[tr.Arm]++
		}
		for _, metric := range t.Metrics {
			value, ok := tr.Metrics[metric]
			if !ok {
				value = math.NaN()
			}
			row.Values = append(row.Values, value)
		}
		t.Trials = append(t.Trials, row)
	}
	t.dateReferences()
	t.Starters = t.nearest(starters)
	return t, t.Validate()
}

// The arms of a grid that are no configuration of it, as harness/lab calls them.
const (
	referenceArm = "reference"
	placeboArm   = "placebo"
)

// dateReferences gives the reference of each block the round of its neighbours.
func (t *Table) dateReferences() {
	round := map[int]int{}
	for _, tr := range t.Trials {
		if tr.Config != nil {
			round[tr.Block] = max(round[tr.Block], tr.Round)
		}
	}
	for i, tr := range t.Trials {
		if tr.Config == nil {
			t.Trials[i].Round = round[tr.Block]
		}
	}
}

// spaceOf finds the knobs that vary among the arms of a grid, and their values.
func spaceOf(trials []record.Trial) (space.Space, record.Flat, error) {
	var reference record.Flat
	values := map[string][]any{}
	first := "" // name of an arm: "io.workers=6 cpu.workers=1", in the order of the experiment
	for _, tr := range trials {
		if tr.Arm == referenceArm {
			reference = tr.Config
			continue
		}
		first = cmp.Or(first, tr.Arm)
		for name, value := range tr.Config {
			if !slices.Contains(values[name], value) {
				values[name] = append(values[name], value)
			}
		}
	}
	if reference == nil {
		return nil, nil, errors.New("it holds no trial of a grid's reference; a table is made of what sluice run measured")
	}
	var s space.Space
	place := func(name string) int {
		at := strings.Index(" "+first, " "+name+"=")
		if at < 0 {
			at = len(first)
		}
		return at
	}
	names := slices.SortedFunc(maps.Keys(values), func(a, b string) int { return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a, b)) })
	for _, name := range names {
		if len(values[name]) > 1 {
			s = append(s, paramOf(name, values[name]))
		}
	}
	if len(s) == 0 {
		return nil, nil, errors.New("no knob varies among its configurations; a search needs two values of one at least")
	}
	return s, reference, nil
}

// paramOf describes a knob by the values it took. Numbers that span a factor of 8
// are spread like their logarithm.
func paramOf(name string, values []any) space.Param {
	p := space.Param{Name: name, Type: space.Int, Values: slices.Clone(values)}
	low, high := math.Inf(1), math.Inf(-1)
	for _, value := range values {
		v, isNumber := number(value)
		_, isBool := value.(bool)
		switch {
		case isBool:
			p.Type = space.Bool
		case !isNumber:
			p.Type = space.Choice
		case v != math.Trunc(v) && p.Type == space.Int:
			p.Type = space.Float
		}
		low, high = min(low, v), max(high, v)
	}
	if p.Type == space.Int || p.Type == space.Float {
		slices.SortFunc(p.Values, func(a, b any) int {
			x, _ := number(a)
			y, _ := number(b)
			return cmp.Compare(x, y)
		})
		if low > 0 && high >= 8*low {
			p.Scale = space.Log2
		}
	}
	return p
}

func number(value any) (float64, bool) { return record.Flat{"": value}.Float("") }

// project keeps of a configuration the knobs of the space.
func (t Table) project(c record.Flat) record.Flat {
	knobs := record.Flat{}
	for _, p := range t.Space {
		if value, ok := c[p.Name]; ok {
			knobs[p.Name] = value
		}
	}
	return knobs
}

// nearest moves known configurations onto the grid, each place once.
func (t Table) nearest(known []search.Candidate) []search.Candidate {
	cells := t.cells()
	taken := map[string]bool{t.project(t.Reference).String(): true}
	var starters []search.Candidate
	for _, c := range known {
		config := t.project(t.Space.Clamp(c.Config))
		key := config.String()
		if _, there := cells[key]; !there || taken[key] {
			continue
		}
		taken[key] = true
		starters = append(starters, search.Candidate{ID: c.ID, Config: config})
	}
	return starters
}

// cells numbers the configurations in the order of their first trial.
func (t Table) cells() map[string]int {
	cells := map[string]int{}
	for _, tr := range t.Trials {
		if tr.Config == nil {
			continue
		}
		if key := tr.Config.String(); !has(cells, key) {
			cells[key] = len(cells)
		}
	}
	return cells
}

func has(cells map[string]int, key string) bool { _, ok := cells[key]; return ok }

// rounds is the number of rounds in which every configuration was measured.
func (t Table) rounds() int {
	counts := map[string]int{}
	for _, tr := range t.Trials {
		if tr.Config != nil {
			counts[tr.Config.String()]++
		}
	}
	if len(counts) == 0 {
		return 0
	}
	return slices.Min(slices.Collect(maps.Values(counts)))
}

// Validate says why searches cannot be replayed on the table, all faults at once.
func (t Table) Validate() error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if err := t.Space.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("space: %w", err))
	}
	for _, p := range t.Space {
		if len(p.Values) == 0 {
			add("space: knob %q has no list of values; a table has a row for each", p.Name)
		}
	}
	if len(t.Space) == 0 {
		add("the space is empty")
	}
	if !slices.Contains(t.Metrics, t.Objective) {
		add("objective %q is not among the columns (%s)", t.Objective, strings.Join(t.Metrics, ", "))
	}
	if cells := len(t.cells()); cells < 2 {
		add("it holds %d configurations; a search needs 2 or more", cells)
	} else if rounds := t.rounds(); rounds < leastRounds {
		add("a configuration was measured only %d times; use %d rounds or more: half tell the truth, half are drawn from", rounds, leastRounds)
	}
	if !t.referenceServes() {
		add("in half of the rounds no trial of the reference ended well")
	}
	if e := t.Expected; e != nil && (len(e.Gains) != len(t.cells()) || len(e.Deviations) != len(e.Gains) || len(e.Trials) == 0) {
		add("expected holds %d gains and %d deviations by %d trials for %d configurations; there must be one of each, and a trial", len(e.Gains), len(e.Deviations), len(e.Trials), len(t.cells()))
	}
	for _, s := range t.Starters {
		if !has(t.cells(), t.project(s.Config).String()) {
			add("starter %s (%s) is none of the configurations", s.ID, t.project(s.Config))
		}
	}
	return errors.Join(errs...)
}

// referenceServes says whether each half has a trial of the reference to compare with.
func (t Table) referenceServes() bool {
	at := slices.Index(t.Metrics, t.Objective)
	for half := range 2 {
		if at < 0 || !slices.ContainsFunc(t.Trials, func(tr Trial) bool {
			return tr.Config == nil && tr.Round%2 == half && tr.Status == record.OK && tr.Values[at] > 0
		}) {
			return false
		}
	}
	return true
}

// value is the logarithm of a trial's objective, more is better, and whether it
// has one.
func (t Table) value(tr Trial) (float64, bool) {
	v := tr.Values[slices.Index(t.Metrics, t.Objective)]
	if tr.Status != record.OK || !(v > 0) || math.IsInf(v, 1) {
		return 0, false
	}
	if !unit.HigherIsBetter(t.Objective) {
		return -math.Log(v), true
	}
	return math.Log(v), true
}
