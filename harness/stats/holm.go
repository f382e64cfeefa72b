package stats

import (
	"cmp"
	"slices"
)

// Holm tells which of the hypotheses with p-values p are rejected when the
// probability of even one false rejection is to stay at alpha: the smallest p
// is held against alpha/m, the next against alpha/(m−1), and so on until one
// fails. The answers stand in the order of p. NaN is never rejected.
//
// With ten rows the smallest p must reach alpha/10, which fewer than nine pairs
// cannot ([MinPairs] of alpha/10).
func Holm(p []float64, alpha float64) []bool {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch aNaN, bNaN := p[a] != p[a], p[b] != p[b]; {
		case aNaN && !bNaN:
			return 1
		case bNaN && !aNaN:
			return -1
		}
		return cmp.Compare(p[a], p[b])
	})
	rejected := make([]bool, len(p))
	for step, i := range order {
		if !(p[i] <= alpha/float64(len(p)-step)) {
			break
		}
		rejected[i] = true
	}
	return rejected
}
