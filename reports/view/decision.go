package view

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"sluice/harness/record"
	"sluice/harness/unit"
)

// goalTitle names the objectives of a goal: "throughput, then p99 sojourn".
func goalTitle(objective string) string {
	var titles []string
	for name := range strings.SplitSeq(objective, ",") {
		titles = append(titles, Title(name))
	}
	return strings.Join(titles, ", then ")
}

// Objectives lists the metrics of a front, in the goal's order, then whatever its
// points carry beside.
func (c Cast) Objectives(front []record.FrontPoint) []string {
	var list, more []string
	carried := func(metric string) bool {
		return slices.ContainsFunc(front, func(p record.FrontPoint) bool { return p.Ratios[metric].Ratio > 0 })
	}
	for name := range strings.SplitSeq(c.Goal.Objective, ",") {
		if carried(name) {
			list = append(list, name)
		}
	}
	for _, point := range front {
		for metric := range point.Ratios {
			if carried(metric) && !slices.Contains(list, metric) && !slices.Contains(more, metric) {
				more = append(more, metric)
			}
		}
	}
	slices.SortFunc(more, func(a, b string) int {
		return cmp.Or(cmp.Compare(metricPlace(a), metricPlace(b)), cmp.Compare(a, b))
	})
	return append(list, more...)
}

// metricPlace is where a metric stands among those of the scanner; own ones come last.
func metricPlace(metric string) int {
	if i := slices.Index(headline, metric); i >= 0 {
		return i
	}
	return len(headline)
}

// frontTable lists the configurations between which the objectives do not choose.
func (c Cast) frontTable(o record.Outcome) Table {
	if o.Recommendation == nil || len(o.Recommendation.Front) == 0 {
		return Table{}
	}
	front := o.Recommendation.Front
	t := Table{Caption: "The front: what is worth a choice", Columns: []Column{{"group", true}, {"configuration", false}, {"differs from the reference in", false}}}
	metrics := c.Objectives(front)
	for _, metric := range metrics {
		t.Columns = append(t.Columns, Column{Short(metric), true})
	}
	knee := false
	shown := representatives(front, mostFront)
	for i, p := range front {
		if !shown[i] {
			continue
		}
		name := Code(p.Arm)
		if p.Knee {
			name, knee = name+" (knee)", true
		}
		differs := Code(c.Differs(Part{Arm: record.Arm{Config: p.Config}}))
		row := Row{Cells: []Cell{{Words: Words(fmt.Sprint(p.Group))}, {Words: name}, {Words: differs}}, Strong: p.Config.ID() == o.Recommendation.Recommended.Config.ID()}
		for _, metric := range metrics {
			row.Cells = append(row.Cells, frontCell(p.Ratios[metric]))
		}
		t.Rows = append(t.Rows, row)
	}
	t.Note = "Nothing that was measured is shown to be better than these in one objective without being worse in another. Those of one group cannot be told apart. Ratios to the reference; above 1 is better, whichever way the metric runs."
	if more := len(front) - len(t.Rows); more > 0 {
		t.Note += Words(fmt.Sprintf(" %d more points stand in the JSON.", more))
	}
	if knee {
		t.Note += " At the knee the least is given up of all objectives together."
	}
	return t
}

// mostFront is how many rows a table of a front has: where little was measured,
// much is on it.
const mostFront = 12

// representatives marks at most so many points of a front: the first of each group,
// then the others in their order.
func representatives(front []record.FrontPoint, most int) []bool {
	shown, left := make([]bool, len(front)), most
	for _, firsts := range []bool{true, false} {
		for i, p := range front {
			isFirst := i == 0 || front[i-1].Group != p.Group
			if left > 0 && isFirst == firsts {
				shown[i] = true
				left--
			}
		}
	}
	return shown
}

func frontCell(r record.Ratio) Cell {
	words := ratioOnly(r)
	if Bounded(r) {
		words += " (" + Interval(r) + ")"
	}
	return Cell{Words: words}
}

// plateauTable says in sentences how far each knob may move.
func plateauTable(o record.Outcome) Table {
	if o.Recommendation == nil || len(o.Recommendation.Plateau) == 0 {
		return Table{}
	}
	t := Table{Caption: "How far each knob may move", Columns: []Column{{"knob", false}, {"what the search's model shows, the other knobs as recommended", false}}}
	confidence := 0.0
	for _, p := range o.Recommendation.Plateau {
		confidence = p.Confidence
		t.Rows = append(t.Rows, Row{Cells: []Cell{{Words: Code(p.Knob)}, {Words: Prose(p.Words)}}})
	}
	t.Note = "Each value by itself, with " + Percent(confidence) + " of the model; what is not named is not shown either way. Configurations that were not measured are to be confirmed before they are used."
	return t
}

// mostEffects is how many rows a table or a picture of effects has.
const mostEffects = 12

// leastEffect is the share of variance below which an effect has no row.
const leastEffect = 0.01

// EffectRow is a knob, or two together, with what they explain in each region. A
// region without the effect has a zero Effect.
type EffectRow struct {
	Label            string
	Near, Everywhere record.Effect
}

// Effects pairs the effects of both regions, those that matter most near the
// recommended configuration first, and names the knobs that matter nowhere near it
// (or nowhere, where nothing is known of what is near).
func Effects(list []record.Effect) (rows []EffectRow, idle []string) {
	near := slices.ContainsFunc(list, func(e record.Effect) bool { return e.Region == record.Near })
	for _, e := range list {
		label := Clean(e.Knob)
		if e.With != "" {
			label += " × " + Clean(e.With)
		}
		if e.Idle && near == (e.Region == record.Near) {
			idle = append(idle, Clean(e.Knob))
		}
		at := slices.IndexFunc(rows, func(r EffectRow) bool { return r.Label == label })
		if at < 0 {
			at, rows = len(rows), append(rows, EffectRow{Label: label})
		}
		if e.Region == record.Near {
			rows[at].Near = e
		} else {
			rows[at].Everywhere = e
		}
	}
	rows = slices.DeleteFunc(rows, func(r EffectRow) bool {
		share := max(r.Near.Share, r.Everywhere.Share)
		return !(share >= leastEffect) || share > 1
	})
	slices.SortStableFunc(rows, func(a, b EffectRow) int {
		return cmp.Or(cmp.Compare(b.Near.Share, a.Near.Share), cmp.Compare(b.Everywhere.Share, a.Everywhere.Share))
	})
	slices.SortFunc(idle, compareKnobs)
	return rows[:min(len(rows), mostEffects)], slices.Compact(idle)
}

// Share is a share of variance with its interval: "36 % (30–41 %)".
func Share(e record.Effect) Words {
	if e.Knob == "" || !finite(e.Share) || !finite(e.Low) || !finite(e.High) {
		return "–"
	}
	return Words(fmt.Sprintf("%.0f%s%% (%.0f%s–%s%.0f%s%%)", 100*e.Share, nbsp, 100*e.Low, joiner, joiner, 100*e.High, nbsp))
}

// swing says by how much an effect moves the objective: "12 %", "3.1 ×".
func swing(e record.Effect) Words {
	factor := math.Exp(e.SwingLog)
	switch {
	case e.Knob == "" || !finite(factor):
		return "–"
	case factor < 2:
		return Words(fmt.Sprintf("%.1f%s%%", 100*(factor-1), nbsp))
	default:
		return Words(fmt.Sprintf("%.*f%s×", decimals(factor), factor, nbsp))
	}
}

// effectsTable says which knobs matter, and which do not.
func (c Cast) effectsTable(o record.Outcome) Table {
	if o.Recommendation == nil || len(o.Recommendation.Effects) == 0 {
		return Table{}
	}
	if Still(o.Recommendation.Effects) {
		return Table{
			Caption: "Which knobs matter", Columns: []Column{{"knob", false}}, Rows: []Row{{Cells: []Cell{{Words: "none"}}}},
			Note: "In the search's model no knob, by itself or with another, moves " + Words(Title(c.Objective)) + " by 1" + nbsp + "%.",
		}
	}
	rows, idle := Effects(o.Recommendation.Effects)
	t := Table{Caption: "Which knobs matter", Columns: []Column{{"knob, or two together", false}, {"near it", true}, {"moves it by", true}, {"everywhere", true}, {"moves it by", true}}}
	for _, r := range rows {
		t.Rows = append(t.Rows, Row{Cells: []Cell{{Words: Code(r.Label)}, {Words: Share(r.Near)}, {Words: swing(r.Near)}, {Words: Share(r.Everywhere)}, {Words: swing(r.Everywhere)}}})
	}
	t.Note = "Shares of the variance of " + Words(Title(c.Objective)) + " in the search's model, with 90" + nbsp + "% intervals; two together beyond what each does alone. Near it: among values that stay in the better half of the space."
	if len(t.Rows) == 0 {
		t.Rows = []Row{{Cells: []Cell{{Words: "none"}, {Words: "–"}, {Words: "–"}, {Words: "–"}, {Words: "–"}}}}
	}
	t.Note += idleNote(idle, c.Objective)
	return t
}

// leastSwing is the logarithm of the ratio by which an objective must move for the
// shares of its variance to be of anything.
const leastSwing = 0.01

// Still says whether no knob moves the objective, as where it is constant: what is
// then shared out is the variance of nothing.
func Still(list []record.Effect) bool {
	return !slices.ContainsFunc(list, func(e record.Effect) bool { return !(max(e.SwingLog, e.SwingHigh) < leastSwing) })
}

// idleNote names what does not matter here.
func idleNote(idle []string, objective string) Words {
	if len(idle) == 0 {
		return ""
	}
	names := make([]string, len(idle))
	for i, knob := range idle {
		names[i] = string(Code(knob))
	}
	return Words(" Does not matter here: " + strings.Join(names, ", ") + " (below 1" + nbsp + "% of the variance, and changing it moves " + Title(objective) + " by less than 1" + nbsp + "%).")
}

// bound is a requirement as the record holds it, with its metric; ok is false where
// it cannot be read.
func (c Cast) bound(text string) (r unit.Requirement, ok bool) {
	var own []unit.Metric
	for name, higher := range c.own {
		own = append(own, unit.Metric{Name: name, Short: name, HigherBetter: higher})
	}
	r, err := unit.ParseRequirement(text, own...)
	return r, err == nil
}

// figure formats a value of a requirement's metric.
func figure(r unit.Requirement, value float64) Words {
	return Value(r.Metric, map[string]float64{r.Metric: value})
}

// keptTable says how surely the recommended configuration keeps what is required.
func (c Cast) keptTable(o record.Outcome) Table {
	if o.Recommendation == nil || len(o.Recommendation.Requirements) == 0 {
		return Table{}
	}
	t := Table{Caption: "What is required", Columns: []Column{{"requirement", false}, {"", false}, {"typical", true}, {"bound", true}, {"to spare", true}, {"trials", true}}}
	confidence := 0.0
	for _, k := range o.Recommendation.Requirements {
		confidence = k.Confidence
		r, ok := c.bound(k.Requirement)
		cells := []Cell{{Words: Words(Requirement(k.Requirement))}, {Words: Words(Clean(string(k.State)))}, {Words: "–"}, {Words: "–"}, {Words: "–"}, {Words: Words(fmt.Sprint(k.N))}}
		if ok && k.N > 0 {
			cells[2].Words = figure(r, k.Value)
		}
		if ok && k.Bounded {
			cells[3].Words, cells[4].Words = figure(r, k.Bound), Percent(k.Room)
		}
		t.Rows = append(t.Rows, Row{Cells: cells})
	}
	t.Note = "A requirement holds where the one-sided " + Percent(confidence) + " bound of the typical trial keeps it; below 0 to spare is what is missing."
	return t
}

// missTable says, where nothing keeps all that is required, how near one comes.
func (c Cast) missTable(o record.Outcome) Table {
	if o.Recommendation == nil || len(o.Recommendation.Misses) == 0 {
		return Table{}
	}
	t := Table{Caption: "Nothing keeps all that is required", Columns: []Column{{"requirement", false}, {"kept by", true}, {"nearest to it", false}, {"has", true}, {"misses it by", true}}}
	for _, m := range o.Recommendation.Misses {
		has, miss := Words("–"), Words("keeps it")
		if r, ok := c.bound(m.Requirement); ok {
			has = figure(r, m.Value)
		}
		if m.Miss > 0 || m.Kept == 0 {
			miss = Percent(m.Miss)
		}
		differs := Code(c.Differs(Part{Arm: record.Arm{Config: m.Config}}))
		t.Rows = append(t.Rows, Row{Strong: m.Kept == 0, Cells: []Cell{{Words: Words(Requirement(m.Requirement))}, {Words: Words(fmt.Sprintf("%d of %d", m.Kept, m.Of))}, {Words: differs}, {Words: has}, {Words: miss}}})
	}
	t.Note = "Search trials, medians. A requirement that none keeps binds by itself; where each is kept by some, they bind together."
	return t
}
