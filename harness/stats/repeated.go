package stats

import (
	"math"

	"sluice/harness/stats/internal/boundary"
)

// holmRows is the largest family of which every step of Holm's has a level of
// its own in [Sequential.PBeyond].
const holmRows = 20

// level is the rule of the same looks for another error.
type level struct {
	alpha    float64
	critical []int
}

// levels calibrates the rule for the errors that a repeated p-value can take,
// ascending: alpha ÷ k, so that Holm's steps are met to the last bit, and a few
// greater ones; own are the critical values for alpha itself.
func levels(alpha float64, most int, own []int) []level {
	var at []level
	for k := holmRows; k >= 1; k-- {
		at = append(at, level{alpha: alpha / float64(k)})
	}
	for _, times := range []float64{2, 4, 10} {
		if alpha*times < 1 {
			at = append(at, level{alpha: alpha * times})
		}
	}
	plans := make([]boundary.Plan, len(at))
	for i := range at {
		plans[i] = boundary.Plan{Alpha: at[i].alpha, Most: most, Power: boundary.Power}
	}
	for i, critical := range boundary.Calibrate(plans, sequentialPaths, sequentialSeed) {
		at[i].critical = critical
	}
	at[holmRows-1].critical = own // agrees with the interval to the last rank
	return at
}

// PBeyond is the repeated p-value of the hypothesis that the true ratio behind
// the log ratios x lies within the margin: the least error, of those listed
// below, whose rule rejects it at this look. Like the interval it holds whenever
// one stops, and whatever another metric made one stop for, so it may be handed
// to [Holm] and [HolmAdjusted] where that of the function [PBeyond] may not.
//
// It takes the values alpha/20, alpha/19 … alpha/2, alpha, 2·alpha, 4·alpha,
// 10·alpha and 1, alpha being the rule's: each is rounded up. The first call
// simulates their boundaries, which costs as much as [NewSequential] without a
// table and somewhat more; each call costs n².
func (s *Sequential) PBeyond(x []float64, margin float64) float64 {
	n := len(x)
	if n == 0 || n > s.most || checkMargin(margin) != nil || check(x, s.alpha) != nil {
		return 1
	}
	against := against(x, margin)
	for _, l := range s.stricter() {
		if against <= l.critical[n] {
			return l.alpha
		}
	}
	return 1
}

// against is the number of Walsh averages that speak against a centre beyond
// the margin, on the side where fewer do: the rank sum that the rule looks at.
// An interval whose cut is at least that number lies wholly beyond.
func against(x []float64, margin float64) int {
	low, high := math.Log1p(-margin), math.Log1p(margin)
	notAbove, notBelow := 0, 0
	for i, a := range x {
		for _, b := range x[i:] {
			if v := a/2 + b/2; v <= high {
				notAbove++
			}
			if v := a/2 + b/2; v >= low {
				notBelow++
			}
		}
	}
	return min(notAbove, notBelow)
}
