package stats

import (
	"math"
	"testing"
)

// Ends printed in the usual tables of exact binomial limits.
func TestExactLimitsAreThoseOfThePublishedTables(t *testing.T) {
	for _, row := range []struct {
		k, n       int
		confidence float64
		low, high  float64
	}{
		{0, 10, 0.95, 0, 0.3085},
		{1, 10, 0.95, 0.0025, 0.4450},
		{5, 10, 0.95, 0.1871, 0.8129},
		{10, 10, 0.95, 0.6915, 1},
		{0, 200, 0.95, 0, 0.0183},
		{2, 200, 0.95, 0.0012, 0.0357},
		{10, 100, 0.95, 0.0490, 0.1762},
	} {
		low, high := ClopperPearson(row.k, row.n, row.confidence)
		if math.Abs(low-row.low) > 5e-5 || math.Abs(high-row.high) > 5e-5 {
			t.Errorf("%d of %d: %.4f … %.4f, want %.4f … %.4f", row.k, row.n, low, high, row.low, row.high)
		}
	}
}

// The ends are the probabilities under which what was seen, or more, is just
// as rare as the tail: added up here from the binomial distribution.
func TestExactLimitsCutTheBinomialTails(t *testing.T) {
	for _, n := range []int{1, 7, 30, 200} {
		for k := 0; k <= n; k += 1 + n/9 {
			low, high := ClopperPearson(k, n, 0.9)
			if k > 0 && math.Abs(binomialTail(k, n, n, low)-0.05) > 1e-9 {
				t.Errorf("%d of %d: %v or more has probability %v at %v", k, n, k, binomialTail(k, n, n, low), low)
			}
			if k < n && math.Abs(binomialTail(0, k, n, high)-0.05) > 1e-9 {
				t.Errorf("%d of %d: %v or less has probability %v at %v", k, n, k, binomialTail(0, k, n, high), high)
			}
		}
	}
	for _, row := range [][2]int{{0, 0}, {-1, 5}, {6, 5}} {
		if low, high := ClopperPearson(row[0], row[1], 0.95); low != 0 || high != 1 {
			t.Errorf("%d of %d: %v … %v, want 0 … 1", row[0], row[1], low, high)
		}
	}
}

func binomialTail(from, to, n int, p float64) float64 {
	sum := 0.0
	for k := from; k <= to; k++ {
		choose := 1.0
		for i := range k {
			choose *= float64(n-i) / float64(i+1)
		}
		sum += choose * math.Pow(p, float64(k)) * math.Pow(1-p, float64(n-k))
	}
	return sum
}
