package decide

import (
	"math"
	"slices"

	"sluice/harness/record"
)

// What a search gives for latency and memory under balanced, in log throughput for
// each log of the other: a p99 ten times lower is worth 2.3 % of throughput, which
// is less than balanced lets a configuration give up for it (3 %), half the memory
// 0.35 %.
const (
	worthP99 = 0.01
	worthRSS = 0.005
)

// Utility is the one figure that a search under this goal maximises: the logarithm
// of the objective, more always better; under balanced that of throughput, with
// latency and memory to decide among equals. It is linear in logarithms, so that
// its differences within a block are log ratios. Of several objectives the later
// ones weigh as latency does under balanced. False where a figure that the goal
// hangs on is missing.
func (g Goal) Utility(metrics map[string]float64) (float64, bool) {
	sum := 0.0
	for i, t := range g.terms() {
		value, known := g.better(metrics, t.metric)
		if !known && (i == 0 || g.Objective != Balanced) {
			return 0, false
		}
		sum += t.weight * value
	}
	return sum, true
}

// Weight is what a log ratio of the metric, above 0 better, adds to the utility's.
func (g Goal) Weight(metric string) float64 {
	for _, t := range g.terms() {
		if t.metric == metric {
			return t.weight
		}
	}
	return 0
}

// term is a metric with its weight in the utility.
type term struct {
	metric string
	weight float64
}

// terms are what the utility is made of, the leading metric first.
func (g Goal) terms() []term {
	terms := []term{{g.Leading(), 1}}
	if g.Objective == Balanced {
		return append(terms, term{record.P99, worthP99}, term{record.RSS, worthRSS})
	}
	for _, objective := range g.Objectives[min(1, len(g.Objectives)):] {
		terms = append(terms, term{objective, worthP99})
	}
	return terms
}

// Aspects are the goals that a search for a front pursues in turn: each objective
// put first once. A goal of one objective is its only aspect.
func (g Goal) Aspects() []Goal {
	if len(g.Objectives) < 2 {
		return []Goal{g}
	}
	var aspects []Goal
	for i, objective := range g.Objectives {
		aspect := g
		aspect.Objective = objective
		aspect.Objectives = slices.Concat([]string{objective}, g.Objectives[:i], g.Objectives[i+1:])
		aspects = append(aspects, aspect)
	}
	return aspects
}

// better is a metric's logarithm, its sign such that more is better.
func (g Goal) better(metrics map[string]float64, metric string) (float64, bool) {
	v, ok := metrics[metric]
	if !ok || !(v > 0) {
		return 0, false
	}
	if g.Metric(metric).HigherBetter {
		return math.Log(v), true
	}
	return -math.Log(v), true
}

// Judged are the metrics that the goal tests in order.
func (g Goal) Judged() []string { return g.inOrder() }

// Slacks is how far each requirement is kept, as a logarithm: above 0 it holds. Of a
// metric that was not measured nothing holds.
func (g Goal) Slacks(metrics map[string]float64) []float64 {
	slack := make([]float64, len(g.Require))
	for i, requirement := range g.Require {
		slack[i] = -1
		if value, measured := metrics[requirement.Metric]; measured {
			slack[i] = requirement.Slack(value)
		}
	}
	return slack
}
