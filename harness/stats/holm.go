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
	rejected := make([]bool, len(p))
	for step, i := range ascending(p) {
		if !(p[i] <= alpha/float64(len(p)-step)) {
			break
		}
		rejected[i] = true
	}
	return rejected
}

// HolmAdjusted returns, in the order of p, the least alpha at which [Holm]
// rejects each hypothesis: (m − k + 1)·p of the k-th smallest, no less than
// those before it and at most 1 (Wright, Biometrics 48, 1992). NaN counts in m
// and stays NaN.
func HolmAdjusted(p []float64) []float64 {
	adjusted := make([]float64, len(p))
	least := 0.0
	for step, i := range ascending(p) {
		least = max(least, min(1, float64(len(p)-step)*p[i])) // NaN, which comes last, stays
		adjusted[i] = least
	}
	return adjusted
}

// FDR returns, in the order of p, the q-value of each hypothesis: the least
// share of false rejections, among all, that one accepts in expectation by
// rejecting it and every smaller p, m·p ÷ k of the k-th smallest or less
// (Benjamini and Hochberg, Journal of the Royal Statistical Society B 57, 1995).
// It is for exploring many rows, where [Holm] would find nothing; it holds for
// independent rows and those that depend positively. NaN counts in m and stays
// NaN.
func FDR(p []float64) []float64 {
	q := make([]float64, len(p))
	most := 1.0
	for k, i := range slices.Backward(ascending(p)) {
		if p[i] != p[i] {
			q[i] = p[i]
			continue
		}
		most = min(most, p[i]*float64(len(p))/float64(k+1))
		q[i] = most
	}
	return q
}

// ascending returns the places of p from the smallest value to the greatest,
// NaN last.
func ascending(p []float64) []int {
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
	return order
}
