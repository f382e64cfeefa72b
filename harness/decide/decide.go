// Package decide turns trials into verdicts: ratios to the reference, the goal's
// verdict, and the choice among configurations that cannot be told apart.
//
// Everything here is a pure function of records; nothing is measured and
// nothing is random but what a seed says. The rules are those of docs/measuring.md: paired
// log-ratios within blocks, Hodges–Lehmann with its exact interval, verdicts
// against a margin; and those of docs/deciding.md: the front of several objectives,
// requirements with their confidence, plateaus and effects of knobs.
package decide

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"sluice/harness/record"
	"sluice/harness/stats"
	"sluice/harness/unit"
)

// NotWorseMargin is how much throughput a configuration may give up, at most,
// before a better latency or memory no longer counts: 3 %.
const NotWorseMargin = 0.03

// Balanced is the name of the default objective.
const Balanced = "balanced"

// Goal is a parsed goal: an objective and what every configuration must keep.
type Goal struct {
	Objective  string   // "balanced" or a metric's full name; the first of several
	Objectives []string // of a goal with several: their full names in their order, two to four; else nil
	Require    []unit.Requirement
	Margin     float64       // of the objective, where it is above 0 or Given
	Given      bool          // the margin was asked for, were it 0
	Own        []unit.Metric // that a target defines; they go before the table's of the same name
	Foreign    bool          // a command is measured: it has its own metrics and what the kernel knows of it
}

// ParseGoal reads an objective ("balanced", "throughput", "p99" …) or several
// ("throughput,p99,rss"), requirements ("rss<512MiB") and a margin (0: the
// metric's own). Metrics given as own go before those of the table. All faults are
// reported at once, requirements that no configuration can keep together among
// them.
func ParseGoal(objective string, require []string, margin float64, own ...unit.Metric) (Goal, error) {
	goal := Goal{Objective: cmp.Or(objective, Balanced), Margin: margin, Own: own}
	var errs []error
	if goal.Objective != Balanced {
		names, err := parseObjectives(goal.Objective, own)
		if err != nil {
			errs = append(errs, err)
		}
		goal.Objective = names[0]
		if len(names) > 1 {
			goal.Objectives = names
		}
	}
	for _, text := range require {
		requirement, err := unit.ParseRequirement(text, own...)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		goal.Require = append(goal.Require, requirement)
	}
	return goal, errors.Join(append(errs, Contradictions(goal.Require))...)
}

// Record returns the goal as it is stored and printed, several objectives joined
// by commas.
func (g Goal) Record() record.Goal {
	r := record.Goal{Objective: g.Objective, Require: []string{}}
	if len(g.Objectives) > 0 {
		r.Objective = strings.Join(g.Objectives, ",")
	}
	for _, requirement := range g.Require {
		r.Require = append(r.Require, requirement.String())
	}
	return r
}

// Metric describes a metric of this goal's trials, a target's own before the
// table's.
func (g Goal) Metric(name string) unit.Metric {
	for _, own := range g.Own {
		if own.Name == name {
			return own
		}
	}
	return unit.Describe(name)
}

// MarginOf is the smallest change of a metric that matters: the goal's own
// margin for its objective (throughput under balanced), else the metric's.
func (g Goal) MarginOf(metric string) float64 {
	if (g.Margin > 0 || g.Given) && metric == g.Leading() {
		return g.Margin
	}
	return g.Metric(metric).Margin
}

// Leading is the metric that is judged first: the objective, throughput under
// balanced.
func (g Goal) Leading() string {
	if g.Objective == Balanced {
		return record.Throughput
	}
	return g.Objective
}

// Metrics are the metrics that are compared, the objective's first.
func (g Goal) Metrics() []string {
	all := []string{record.Throughput, record.P99, record.RSS, record.Wall, record.CPU, record.P50}
	if g.Foreign {
		all = nil
		for _, own := range g.Own {
			all = append(all, own.Name)
		}
		all = append(all, record.Wall, record.CPU, record.RSS)
	}
	if g.Objective == Balanced {
		return all
	}
	var missing []string
	for _, objective := range g.inOrder() {
		if !slices.Contains(all, objective) {
			missing = append(missing, objective)
		}
	}
	return append(missing, all...)
}

// inOrder are the metrics that the goal tests one after the other, each with the
// whole error; the rest share it (Holm).
func (g Goal) inOrder() []string {
	switch {
	case g.Objective == Balanced:
		return []string{record.Throughput, record.P99, record.RSS}
	case len(g.Objectives) > 0:
		return g.Objectives
	default:
		return []string{g.Objective}
	}
}

// Meets tells which requirements these metrics break.
func (g Goal) Meets(metrics map[string]float64) (broken []string) {
	for _, requirement := range g.Require {
		value, measured := metrics[requirement.Metric]
		switch {
		case !measured:
			broken = append(broken, fmt.Sprintf("%s: not measured", requirement.Words()))
		case !requirement.Holds(value):
			broken = append(broken, fmt.Sprintf("%s: %s", requirement.Words(), unit.Format(requirement.Metric, value)))
		}
	}
	return broken
}

// Arms summarises trials: one arm for each name, in the order of names, with
// medians over its good trials. An arm without a good trial has empty metrics.
func Arms(trials []record.Trial, names []string) []record.Arm {
	arms := make([]record.Arm, len(names))
	for i, name := range names {
		arms[i] = record.Arm{Name: name, Metrics: map[string]float64{}}
		values := map[string][]float64{}
		for _, trial := range trials {
			if trial.Arm != name {
				continue
			}
			arms[i].Config = trial.Config
			if trial.Status != record.OK || trial.SetAside != "" {
				continue
			}
			for metric, value := range trial.Metrics {
				values[metric] = append(values[metric], value)
			}
		}
		for metric, of := range values {
			arms[i].Metrics[metric] = stats.Median(of)
		}
	}
	return arms
}

// LogRatios pairs an arm with the reference within each block and returns the
// logarithms of the ratios, above 0 always better, in the order of blocks. A
// pair with a trial that failed or was set aside, or without the metric, is left
// out.
func (g Goal) LogRatios(trials []record.Trial, arm, reference, metric string) []float64 {
	type pair struct{ a, r float64 }
	pairs := map[int]*pair{}
	var blocks []int
	for _, trial := range trials {
		value := trial.Metrics[metric]
		if trial.Status != record.OK || trial.SetAside != "" || value <= 0 || (trial.Arm != arm && trial.Arm != reference) {
			continue
		}
		if pairs[trial.Block] == nil {
			pairs[trial.Block] = &pair{}
			blocks = append(blocks, trial.Block)
		}
		if trial.Arm == arm {
			pairs[trial.Block].a = value
		} else {
			pairs[trial.Block].r = value
		}
	}
	slices.Sort(blocks)
	higher := g.Metric(metric).HigherBetter
	var logs []float64
	for _, block := range blocks {
		p := pairs[block]
		if p.a <= 0 || p.r <= 0 {
			continue
		}
		log := math.Log(p.a / p.r)
		if !higher {
			log = -log
		}
		logs = append(logs, log)
	}
	return logs
}

// Verdict is the goal's verdict on an arm against the reference, and the step
// that decided it. Under balanced the steps are: throughput better; else
// throughput not worse by 3 % and p99 better; else not worse and RSS better. What
// is better in none of them and worse in one is worse. Several objectives are
// tested in their order by the same rule, each not worse before the next counts
// (objectives.go).
func (g Goal) Verdict(trials []record.Trial, arm, reference string, ratios map[string]record.Ratio, rule Rule) (record.Verdict, string) {
	if len(g.Objectives) > 0 {
		return g.verdictInOrder(trials, arm, reference, ratios, rule)
	}
	if g.Objective != Balanced {
		ratio, ok := ratios[g.Objective]
		if !ok {
			return record.Undecided, g.Objective
		}
		return ratio.Verdict, g.Objective
	}
	throughput := ratios[record.Throughput]
	if throughput.Verdict == record.Better {
		return record.Better, record.Throughput
	}
	if !rule.notWorse(g.LogRatios(trials, arm, reference, record.Throughput), NotWorseMargin) {
		if throughput.Verdict == record.Worse {
			return record.Worse, record.Throughput
		}
		return record.Undecided, record.Throughput
	}
	for _, metric := range []string{record.P99, record.RSS} {
		if ratios[metric].Verdict == record.Better {
			return record.Better, metric
		}
	}
	for _, verdict := range []record.Verdict{record.Worse, record.Undecided} {
		for _, metric := range []string{record.Throughput, record.P99, record.RSS} {
			if ratios[metric].Verdict == verdict {
				return verdict, metric
			}
		}
	}
	return record.NoDifference, record.Throughput
}
