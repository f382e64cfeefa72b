package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// The largest T significant at each level, from the table printed in most
// textbooks (Wilcoxon and Wilcox 1964; Hollander and Wolfe, table A.4).
func TestCriticalValuesAreThoseOfThePublishedTables(t *testing.T) {
	tables := map[float64]map[int]int{ // tail → n → critical value
		0.025: {6: 0, 7: 2, 8: 3, 9: 5, 10: 8, 11: 10, 12: 13, 13: 17, 14: 21, 15: 25, 16: 29, 17: 34, 18: 40, 19: 46, 20: 52, 25: 89, 30: 137, 40: 264, 50: 434},
		0.005: {8: 0, 9: 1, 10: 3, 11: 5, 12: 7, 13: 9, 14: 12, 15: 15, 16: 19, 20: 37, 25: 68, 30: 109, 40: 220, 50: 373},
		0.05:  {5: 0, 6: 2, 7: 3, 8: 5, 9: 8, 10: 10, 12: 17, 15: 30, 20: 60, 25: 100, 30: 151},
	}
	for tail, table := range tables {
		for n, want := range table {
			if got, p := SignedRankCritical(n, tail); got != want || p > tail {
				t.Errorf("n=%d tail=%g: critical value %d with probability %g, want %d", n, tail, got, p, want)
			}
		}
	}
}

func TestTailProbabilitiesAreThoseOfThePublishedTables(t *testing.T) {
	for _, row := range []struct {
		n, t int
		want float64 // as counted by hand, or printed to three digits
	}{
		{1, 0, 0.5},
		{3, 0, 0.125},
		{4, 1, 0.125},
		{6, 0, 1.0 / 64},
		{7, 2, 3.0 / 128},
		{8, 3, 5.0 / 256},
		{9, 5, 10.0 / 512},
		{10, 8, 25.0 / 1024},
		{10, 10, 43.0 / 1024},
	} {
		if got := SignedRankCDF(row.n, row.t); math.Abs(got-row.want) > 1e-12 {
			t.Errorf("P(T ≤ %d) of %d pairs is %v, want %v", row.t, row.n, got, row.want)
		}
	}
}

func TestTheDistributionIsSymmetricAndAddsUpToOne(t *testing.T) {
	for _, n := range []int{1, 2, 7, 20, 50, 80} {
		top := n * (n + 1) / 2
		if got := SignedRankCDF(n, top); got != 1 {
			t.Errorf("n=%d: whole mass is %v", n, got)
		}
		if got := SignedRankCDF(n, -1); got != 0 {
			t.Errorf("n=%d: mass below zero is %v", n, got)
		}
		for tt := range top {
			if sum := SignedRankCDF(n, tt) + SignedRankCDF(n, top-tt-1); math.Abs(sum-1) > 1e-9 {
				t.Fatalf("n=%d: P(T ≤ %d) + P(T ≥ %d) is %v, want 1", n, tt, tt+1, sum)
			}
		}
	}
}

func TestTheNormalApproximationJoinsTheExactDistribution(t *testing.T) {
	const n = exactPairs
	mean, variance := float64(n*(n+1))/4, rankVariance(n)
	for tt := 0; tt <= n*(n+1)/2; tt++ {
		exact, approximate := SignedRankCDF(n, tt), normalCDF(float64(tt), mean, variance)
		allowed := 2e-3
		if exact < 0.03 {
			allowed = 5e-4
		}
		if math.Abs(exact-approximate) > allowed {
			t.Fatalf("P(T ≤ %d) is %v exactly, %v approximately", tt, exact, approximate)
		}
	}
	before, _ := SignedRankCritical(50, 0.025)
	after, p := SignedRankCritical(51, 0.025)
	if after <= before || after > before+30 || p > 0.025 {
		t.Errorf("critical value leaps from %d to %d (tail %v) between 50 and 51 pairs", before, after, p)
	}
	if got, _ := SignedRankCritical(60, 1e-30); got != -1 {
		t.Errorf("60 pairs reach a tail of 1e-30 at %d, want never", got)
	}
}

// Hollander and Wolfe, example 3.1: depression scores of nine patients before
// and after a tranquilliser; T+ = 5 of Y − X, one-sided 0.0195.
func TestTheTranquilliserExampleIsReproduced(t *testing.T) {
	x := tranquilliser()
	if got, want := SignedRankP(x, 0), 20.0/512; math.Abs(got-want) > 1e-12 {
		t.Errorf("p is %v, want %v", got, want)
	}
	in, err := HodgesLehmann(x, 0.05)
	if err != nil {
		t.Fatal(err)
	}
	for name, pair := range map[string][2]float64{
		"estimate": {in.Estimate, -0.46}, "low": {in.Low, -0.786}, "high": {in.High, -0.010}, "confidence": {in.Confidence, 1 - 20.0/512},
	} {
		if math.Abs(pair[0]-pair[1]) > 1e-3 {
			t.Errorf("%s is %v, want %v", name, pair[0], pair[1])
		}
	}
}

func tranquilliser() []float64 {
	before := []float64{1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30}
	after := []float64{0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29}
	x := make([]float64, len(before))
	for i := range x {
		x[i] = after[i] - before[i]
	}
	return x
}

func TestPValuesWithTiesEqualTheEnumerationOfAllSigns(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := 1; n <= 10; n++ {
		for range 20 {
			x := make([]float64, n)
			for i := range x {
				x[i] = float64(rng.IntN(9) - 4) // ties and zeros abound
			}
			if got, want := SignedRankP(x, 0), enumerateP(x); math.Abs(got-want) > 1e-12 {
				t.Fatalf("p of %v is %v, want %v", x, got, want)
			}
		}
	}
}

// enumerateP flips every sign and counts, with no cleverness.
func enumerateP(x []float64) float64 {
	ranks, seen := doubledRanks(x, 0)
	below, above := 0, 0
	for signs := range 1 << len(ranks) {
		sum := 0
		for i, rank := range ranks {
			if signs>>i&1 == 1 {
				sum += rank
			}
		}
		if sum <= seen {
			below++
		}
		if sum >= seen {
			above++
		}
	}
	return min(1, 2*float64(min(below, above))/float64(int(1)<<len(ranks)))
}

func TestPValuesOfManyPairsAreUniformWhenNothingDiffers(t *testing.T) {
	for _, n := range []int{12, 80} {
		t.Run(fmt.Sprintf("pairs=%d", n), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(3, uint64(n)))
			const runs = 2000
			rejected := 0
			for range runs {
				x := make([]float64, n)
				for i := range x {
					x[i] = rng.NormFloat64()
				}
				if SignedRankP(x, 0) <= 0.05 {
					rejected++
				}
			}
			if share := float64(rejected) / runs; share < 0.035 || share > 0.065 {
				t.Errorf("%g of null runs rejected at 0.05", share)
			}
		})
	}
}

func TestWithoutADifferenceThePValueIsOne(t *testing.T) {
	for _, x := range [][]float64{nil, {0}, {2, 2, 2}} {
		mu := 0.0
		if len(x) == 3 {
			mu = 2
		}
		if got := SignedRankP(x, mu); got != 1 {
			t.Errorf("p of %v about %v is %v, want 1", x, mu, got)
		}
	}
}
