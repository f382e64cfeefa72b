package decide

import (
	"math"
	"slices"

	"sluice/harness/record"
	"sluice/harness/stats"
)

// spreadPairs is how many of the latest pairs the spread is taken from: machines
// change, and the estimate costs their square.
const spreadPairs = 300

// Placebo says what comparisons of so many pairs find on this class of machine
// where there is nothing to be found. The log ratios of the reference to itself
// are cut, in the order of time, into comparisons of that size; the share of them
// whose interval excludes 1 is the machine's false-positive rate. The detectable
// ratio is one beyond the margin. Nil without a log ratio.
func Placebo(class, metric string, logs []float64, pairs int, margin, alpha float64) *record.Placebo {
	if len(logs) == 0 {
		return nil
	}
	p := &record.Placebo{Class: class, Metric: metric, Pairs: len(logs), RateHigh: 1}
	for from := 0; from+pairs <= len(logs); from += pairs {
		interval, err := stats.HodgesLehmann(logs[from:from+pairs], alpha)
		if err != nil {
			continue
		}
		p.Comparisons++
		if interval.Low > 0 || interval.High < 0 {
			p.False++
		}
	}
	if p.Comparisons > 0 {
		p.RateLow, p.RateHigh = stats.ClopperPearson(p.False, p.Comparisons, 1-alpha)
	}
	spread := stats.Spread(logs[max(0, len(logs)-spreadPairs):])
	if !math.IsNaN(spread) {
		p.Spread = spread
		if detectable := stats.Detectable(spread, pairs, alpha); !math.IsInf(detectable, 1) {
			p.Detectable = (1 + margin) * math.Exp(detectable)
		}
	}
	return p
}

// PairS is what one pair of an arm and the reference took, in seconds: the mean
// over trials of the metric that holds what a trial cost.
func PairS(trials []record.Trial, arm, reference string) float64 {
	total, names := 0.0, []string{arm, reference}
	beside := func(t record.Trial) bool { return !slices.Contains(names, t.Arm) }
	if i := slices.IndexFunc(trials, beside); i >= 0 {
		// A comparison's placebo comes with every pair; the other arms of a grid do not.
		third := trials[i].Arm
		if !slices.ContainsFunc(trials, func(t record.Trial) bool { return beside(t) && t.Arm != third }) {
			names = append(names, third)
		}
	}
	for _, name := range names {
		sum, n := 0.0, 0
		for _, t := range trials {
			if t.Arm == name {
				sum, n = sum+t.Metrics[record.Cost], n+1
			}
		}
		if n > 0 {
			total += sum / float64(n)
		}
	}
	return total
}
