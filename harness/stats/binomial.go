package stats

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// ClopperPearson is the exact two-sided interval of a probability of which k of
// n trials gave evidence (Clopper and Pearson, Biometrika 26, 1934): the ends
// are quantiles of beta distributions, each wrong with (1 − confidence)/2 at
// most. Without a trial, or for arguments that make no sense (k outside 0 … n, a
// confidence not between 0 and 1), it says nothing: 0 and 1.
func ClopperPearson(k, n int, confidence float64) (low, high float64) {
	low, high = 0, 1
	if n < 1 || k < 0 || k > n || !(confidence > 0 && confidence < 1) {
		return low, high
	}
	tail := (1 - confidence) / 2
	successes, failures := float64(k), float64(n-k)
	if k > 0 {
		low = mathext.InvRegIncBeta(successes, failures+1, tail)
	}
	if k < n {
		high = mathext.InvRegIncBeta(successes+1, failures, 1-tail)
	}
	return math.Max(0, low), math.Min(1, high)
}
