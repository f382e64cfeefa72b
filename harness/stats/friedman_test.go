package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// bases are the times of 22 players who round first base in three ways: Hollander
// and Wolfe, "Nonparametric Statistical Methods" (1973), table 7.1.
func bases() [][]float64 {
	return [][]float64{
		{5.40, 5.50, 5.55},
		{5.85, 5.70, 5.75},
		{5.20, 5.60, 5.50},
		{5.55, 5.50, 5.40},
		{5.90, 5.85, 5.70},
		{5.45, 5.55, 5.60},
		{5.40, 5.40, 5.35},
		{5.45, 5.50, 5.35},
		{5.25, 5.15, 5.00},
		{5.85, 5.80, 5.70},
		{5.25, 5.20, 5.10},
		{5.65, 5.55, 5.45},
		{5.60, 5.35, 5.45},
		{5.05, 5.00, 4.95},
		{5.50, 5.50, 5.40},
		{5.45, 5.55, 5.50},
		{5.55, 5.55, 5.35},
		{5.45, 5.50, 5.55},
		{5.50, 5.45, 5.25},
		{5.65, 5.60, 5.40},
		{5.70, 5.65, 5.55},
		{6.30, 6.30, 6.25},
	}
}

// grasses are the ranks that 12 homeowners gave to 4 of them: Conover (1999),
// section 5.8, example 1.
func grasses() [][]float64 {
	return [][]float64{
		{4, 3, 2, 1},
		{4, 2, 3, 1},
		{3, 1.5, 1.5, 4},
		{3, 1, 2, 4},
		{4, 2, 1, 3},
		{2, 2, 2, 4},
		{1, 3, 2, 4},
		{2, 4, 1, 3},
		{3.5, 1, 2, 3.5},
		{4, 1, 3, 2},
		{4, 2, 3, 1},
		{3.5, 1, 2, 3.5},
	}
}

func TestFriedmanGivesThePublishedValues(t *testing.T) {
	for _, row := range []struct {
		name         string
		rows         [][]float64
		sums         []float64
		statistic, p float64
		pWithin      float64
	}{
		{"Hollander and Wolfe, rounding first base", bases(), []float64{53, 47, 32}, 11.143, 0.003805, 5e-7},
		{"Conover, grasses", grasses(), []float64{38, 23.5, 24.5, 34}, 8.0973, 0.0440, 1e-4},
	} {
		got, err := Friedman(row.rows)
		if err != nil {
			t.Fatal(err)
		}
		for j, want := range row.sums {
			if got.RankSums[j] != want {
				t.Errorf("%s: rank sums %v, want %v", row.name, got.RankSums, row.sums)
				break
			}
		}
		if math.Abs(got.Statistic-row.statistic) > 5e-4 || math.Abs(got.P-row.p) > row.pWithin {
			t.Errorf("%s: %.4f with p %.6f, want %g with %g", row.name, got.Statistic, got.P, row.statistic, row.p)
		}
	}
}

// Conover prints that grasses differ whose rank sums are more than 11.49 apart; his
// quantile of t is of a table with few digits.
func TestCriticalDifferencesAreThePublishedOnes(t *testing.T) {
	got, err := Friedman(grasses())
	if err != nil {
		t.Fatal(err)
	}
	if d := got.Critical(0.05); math.Abs(d-11.49) > 0.01 {
		t.Errorf("rank sums must be %.3f apart, want 11.49", d)
	}
	if !math.IsInf(got.Critical(0), 1) || !math.IsInf(RankTest{}.Critical(0.05), 1) {
		t.Error("a level of nothing tells columns apart")
	}
}

func TestFriedmanHoldsItsLevelAndFindsDifferences(t *testing.T) {
	const seed, tests = 5, 2000
	rng := rand.New(rand.NewPCG(seed, seed))
	rejected := func(shift float64) (n int) {
		for range tests {
			rows := make([][]float64, 8)
			for i := range rows {
				drift := 10 * rng.NormFloat64()
				rows[i] = []float64{drift + rng.NormFloat64() + shift, drift + rng.NormFloat64(), drift + rng.NormFloat64(), drift + rng.NormFloat64()}
			}
			if got, err := Friedman(rows); err == nil && got.P <= 0.05 {
				n++
			}
		}
		return n
	}
	if n := rejected(0); n > 130 || n < 40 {
		t.Errorf("seed %d: %d of %d tests of nothing reject at 5 %%", seed, n, tests)
	}
	if n := rejected(2); n < 1500 {
		t.Errorf("seed %d: %d of %d tests find two deviations", seed, n, tests)
	}
}

func TestFriedmanOfTiesAndOfTooLittle(t *testing.T) {
	if got, err := Friedman([][]float64{{1, 1}, {2, 2}}); err != nil || got.P != 1 || got.Statistic != 0 {
		t.Errorf("rows of one tie give %+v, %v; want a p of 1", got, err)
	}
	if got, err := Friedman([][]float64{{1, 2}, {1, 2}, {1, 2}}); err != nil || got.Critical(0.05) != 0 {
		t.Errorf("rows that agree wholly: critical difference %g, error %v; want 0", got.Critical(0.05), err)
	}
	for name, rows := range map[string][][]float64{
		"nothing": nil, "one row": {{1, 2}}, "one column": {{1}, {2}}, "a short row": {{1, 2}, {1}}, "NaN": {{1, 2}, {math.NaN(), 1}},
	} {
		if _, err := Friedman(rows); err == nil {
			t.Errorf("%s is tested", name)
		}
	}
}
