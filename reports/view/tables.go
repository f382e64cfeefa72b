package view

import (
	"fmt"
	"slices"
	"strings"

	"sluice/harness/record"
)

// Metrics lists the metrics that the parts carry and that a table shows: the
// deciding one first, a target's own next, then the scanner's.
func (c Cast) Metrics() []string {
	var own []string
	for _, part := range c.Parts {
		for metric := range part.Metrics {
			if _, known := titles[metric]; !known && part.Ratios[metric].N > 0 {
				own = append(own, metric)
			}
		}
	}
	slices.Sort(own)
	var list []string
	for _, metric := range slices.Concat([]string{c.Decided, c.Objective}, slices.Compact(own), headline) {
		if c.has(metric) && !slices.Contains(list, metric) {
			list = append(list, metric)
		}
	}
	return list
}

// metricsTable sets the subject beside the reference, one metric a row.
func (c Cast) metricsTable() Table {
	reference, known := c.Of(Reference)
	subject, found := c.Of(Subject)
	if !known {
		return Table{}
	}
	t := Table{Caption: "What was measured", Columns: []Column{{"metric", false}, {reference.Label, true}}}
	if found {
		t.Caption = "What it gives"
		confidence, shared := c.confidence()
		t.Columns = append(t.Columns, Column{subject.Label, true}, Column{"ratio", true}, Column{intervalHead(confidence, shared), true}, Column{"n", true}, Column{"verdict", false})
		t.Note = "Medians. A ratio above 1 is always better, whichever way the metric runs. "
	}
	for _, metric := range c.Metrics() {
		row := Row{Strong: metric == c.Decided, Cells: []Cell{{Words: Words(Title(metric))}, {Words: Value(metric, reference.Metrics)}}}
		if found {
			row.Cells = append(row.Cells, Cell{Words: Value(metric, subject.Metrics)})
			row.Cells = append(row.Cells, c.ratioCells(subject.Ratios[metric])...)
		}
		t.Rows = append(t.Rows, row)
	}
	t.Note += Words("From: "+c.Note+".") + bracketNote(t.Rows) + errorNote(subject)
	return t
}

// ratioCells are ratio, interval, n and verdict. The sign × is left to the head
// of the column.
func (c Cast) ratioCells(r record.Ratio) []Cell {
	interval := Interval(r)
	if _, shared := c.confidence(); !shared && Bounded(r) {
		interval += " (" + Percent(r.Confidence) + ")"
	}
	n := Words("–")
	if r.N > 0 {
		n = Words(fmt.Sprint(r.N))
	}
	return []Cell{{Words: ratioOnly(r)}, {Words: interval}, {Words: n}, verdictCell(r)}
}

// verdictCell is a verdict, with the pairs that would decide in brackets.
func verdictCell(r record.Ratio) Cell {
	if r.N == 0 {
		return Cell{Words: "–"}
	}
	words := Words(Clean(string(r.Verdict)))
	switch {
	case r.Verdict != record.Undecided || r.Needed <= r.N:
	case r.Needed > 1000:
		words += " (>" + nbsp + "1000)"
	default:
		words += Words(fmt.Sprintf(" (≈%s%d)", nbsp, r.Needed))
	}
	return Cell{Words: words, Verdict: r.Verdict}
}

// bracketNote explains the brackets of the verdicts, where there are any.
func bracketNote(rows []Row) Words {
	for _, row := range rows {
		for _, cell := range row.Cells {
			if cell.Verdict == record.Undecided && strings.Contains(string(cell.Words), "(") {
				return " In brackets: the pairs that would decide."
			}
		}
	}
	return ""
}

// errorNote says what stands behind the verdicts of a comparison that was looked at
// after every pair, and of metrics beside the one that decides.
func errorNote(subject Part) Words {
	for _, r := range subject.Ratios {
		if r.Repeated {
			return " The intervals hold although the pairs were looked at one by one; the verdicts of metrics that do not decide allow for their number (Holm)."
		}
	}
	return ""
}

// confidence is the level that all intervals share, if they do.
func (c Cast) confidence() (level float64, shared bool) {
	for _, part := range c.Parts {
		for _, r := range part.Ratios {
			switch {
			case !Bounded(r):
			case level == 0:
				level = r.Confidence
			case Percent(level) != Percent(r.Confidence):
				return 0, false
			}
		}
	}
	return level, level > 0
}

func intervalHead(confidence float64, shared bool) string {
	if !shared {
		return "interval"
	}
	return Words(Percent(confidence) + " interval").Plain()
}

// knobsTable lists what the subject changes.
func (c Cast) knobsTable(o record.Outcome) Table {
	reference, known := c.Of(Reference)
	subject, found := c.Of(Subject)
	if !known || !found || o.Grid != nil {
		return Table{}
	}
	t := Table{Caption: "What it changes", Columns: []Column{{"knob", false}, {reference.Label, true}, {subject.Label, true}}}
	changed := Changed(subject.Config, reference.Config)
	for _, name := range changed {
		t.Rows = append(t.Rows, Row{Cells: []Cell{{Words: Code(name)}, knobCell(name, reference.Config), knobCell(name, subject.Config)}})
	}
	if kept := len(reference.Config) - len(changed); kept > 0 {
		t.Note = Words(count(kept, "other knob") + " stay as they are.")
		if kept == 1 {
			t.Note = "1 other knob stays as it is."
		}
	}
	return t
}

func knobCell(name string, config record.Flat) Cell {
	value, ok := config[name]
	if !ok {
		return Cell{Words: "–"}
	}
	return Cell{Words: Code(Knob(name, value))}
}

// armsTable lists every part of the deciding phase, when there are more than two.
func (c Cast) armsTable() Table {
	if len(c.Parts) < 3 {
		return Table{}
	}
	t := Table{Caption: "Every configuration of the " + string(c.Phase), Columns: []Column{{"configuration", false}}}
	shown := c.shown()
	for i, metric := range shown {
		t.Columns = append(t.Columns, Column{Short(metric), true})
		if i == 0 {
			t.Columns = append(t.Columns, Column{"ratio", true}, Column{"interval", true}, Column{"n", true}, Column{"verdict", false})
		}
	}
	for _, part := range c.Parts {
		t.Rows = append(t.Rows, c.armRow(part, shown))
	}
	t.Note = Words("Ratios are of " + Title(c.Decided) + ", to the reference, in pairs within blocks")
	if confidence, shared := c.confidence(); shared {
		t.Note += "; an interval holds with " + Percent(confidence)
	}
	t.Note += "." + bracketNote(t.Rows)
	return t
}

func (c Cast) armRow(part Part, shown []string) Row {
	label := Code(part.Label)
	if part.Role == Reference {
		label += " (reference)"
	}
	row := Row{Strong: part.Role == Subject, Cells: []Cell{{Words: label}}}
	for i, metric := range shown {
		row.Cells = append(row.Cells, Cell{Words: Value(metric, part.Metrics)})
		if i == 0 {
			row.Cells = append(row.Cells, c.ratioCells(part.Ratios[metric])...)
		}
	}
	return row
}

// othersTable says what the configurations are that no other table spells out.
func (c Cast) othersTable() Table {
	t := Table{Caption: "The other configurations", Columns: []Column{{"configuration", false}, {"differs from the reference in", false}}}
	for _, part := range c.Parts {
		if part.Role == Other && c.Phase != record.Grid {
			t.Rows = append(t.Rows, Row{Cells: []Cell{{Words: Code(part.Label)}, {Words: Code(c.Differs(part))}}})
		}
	}
	return t
}

// shown are the metrics of a table with a row for each configuration.
func (c Cast) shown() []string {
	var list []string
	for _, metric := range []string{c.Decided, c.Objective, record.P99, record.RSS} {
		if c.has(metric) && !slices.Contains(list, metric) {
			list = append(list, metric)
		}
	}
	return list
}

// wholeTable shows the trials over the whole corpus, the only ones that always
// hold its largest files.
func wholeTable(o record.Outcome) Table {
	metrics := []string{record.Throughput, record.P99, record.RSS, record.Wall}
	t := Table{Caption: "Over the whole corpus", Columns: []Column{{"configuration", false}}, Note: "One trial each, at fidelity 1: a check of the requirements, not a comparison."}
	for _, metric := range metrics {
		t.Columns = append(t.Columns, Column{Title(metric), true})
	}
	for _, trial := range o.Trials {
		if trial.Phase != record.Full || trial.SetAside != "" {
			continue
		}
		row := Row{Cells: []Cell{{Words: Code(trial.Arm)}}}
		for _, metric := range metrics {
			row.Cells = append(row.Cells, Cell{Words: Value(metric, trial.Metrics)})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// alikeTable lists what cannot be told apart from the answer.
func alikeTable(c Cast, o record.Outcome) Table {
	if o.Recommendation == nil {
		return Table{}
	}
	t := Table{Caption: "Cannot be told apart from it", Columns: []Column{{"configuration", false}, {"differs from the reference in", false}}}
	for _, arm := range o.Recommendation.Indistinguishable {
		t.Rows = append(t.Rows, Row{Cells: []Cell{{Words: Code(arm.Name)}, {Words: Code(c.Differs(Part{Arm: arm}))}}})
	}
	if len(t.Rows) > 0 {
		t.Note = "Among these the cheapest in memory was chosen, then in workers."
	}
	return t
}

// failuresTable lists the trials that did not end well: they are data too.
func failuresTable(o record.Outcome) Table {
	t := Table{Caption: "Trials that did not end well", Columns: []Column{{"phase", false}, {"block", true}, {"configuration", false}, {"status", false}, {"reason", false}}}
	for _, trial := range o.Trials {
		if trial.Status == record.OK {
			continue
		}
		t.Rows = append(t.Rows, Row{Cells: []Cell{
			{Words: Words(Clean(string(trial.Phase)))},
			{Words: Words(fmt.Sprint(trial.Block))},
			{Words: Code(trial.Arm)},
			{Words: Words(Clean(string(trial.Status)))},
			{Words: Prose(trial.Reason)},
		}})
	}
	return t
}

// trialsTable lists every trial, in the order in which they ran.
func (c Cast) trialsTable(o record.Outcome) Table {
	metrics := trialMetrics(c, o)
	t := Table{Caption: "Every trial", Columns: []Column{{"phase", false}, {"block", true}, {"slot", true}, {"name", false}}}
	for _, metric := range metrics {
		t.Columns = append(t.Columns, Column{Short(metric), true})
	}
	t.Columns = append(t.Columns, Column{"used by others", true}, Column{"status", false}, Column{"differs in", false})
	for _, trial := range o.Trials[:min(len(o.Trials), MostTrials)] {
		cells := []Cell{
			{Words: Words(Clean(string(trial.Phase)))},
			{Words: Words(fmt.Sprint(trial.Block))},
			{Words: Words(fmt.Sprint(trial.Slot))},
			{Words: Code(trial.Arm)},
		}
		for _, metric := range metrics {
			cells = append(cells, Cell{Words: Value(metric, trial.Metrics)})
		}
		differs := Code(c.Differs(Part{Arm: record.Arm{Config: trial.Config}}))
		cells = append(cells, Cell{Words: Percent(trial.OthersCPUShare)}, Cell{Words: trialStatus(trial)}, Cell{Words: differs})
		t.Rows = append(t.Rows, Row{Cells: cells})
	}
	if len(o.Trials) > MostTrials {
		t.Note = Words(fmt.Sprintf("The first %d of %d; ", MostTrials, len(o.Trials))) + Code("sluice runs export") + " writes all."
	}
	return t
}

// trialStatus is how a trial ended, or that another measuring of its block counts.
func trialStatus(t record.Trial) Words {
	if t.SetAside != "" {
		return "set aside"
	}
	return Words(Clean(string(t.Status)))
}

func trialMetrics(c Cast, o record.Outcome) []string {
	var list []string
	for _, metric := range []string{c.Decided, c.Objective, record.Throughput, record.P99, record.RSS, record.CPU, record.Wall} {
		has := slices.ContainsFunc(o.Trials, func(t record.Trial) bool { _, ok := t.Metrics[metric]; return ok })
		if has && !slices.Contains(list, metric) {
			list = append(list, metric)
		}
	}
	return list
}
