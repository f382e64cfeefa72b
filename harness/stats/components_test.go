package stats

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// Snedecor and Cochran, "Statistical Methods": calcium in four turnip leaves,
// four determinations each; 0.0066 within, 0.0724 between.
func TestTheTurnipExampleIsReproduced(t *testing.T) {
	got, err := Components([][]float64{
		{3.28, 3.09, 3.03, 3.03}, {3.52, 3.48, 3.38, 3.38}, {2.88, 2.80, 2.81, 2.76}, {3.34, 3.38, 3.23, 3.26},
	})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(got.Within-0.0066) > 5e-5 || math.Abs(got.Between-0.0724) > 5e-5 || got.Processes != 4 || got.Values != 16 {
		t.Errorf("%+v, want 0.0066 within and 0.0724 between, of 4 and 16", got)
	}
}

func TestComponentsAreFoundAgainWhenGroupsDiffer(t *testing.T) {
	rng := rand.New(rand.NewPCG(36, 0))
	within, between := 0.0, 0.0
	const runs = 400
	for range runs {
		groups := make([][]float64, 12)
		for i := range groups {
			groups[i] = normal(rng, 2+rng.IntN(9), 10+2*rng.NormFloat64(), 3)
		}
		v, err := Components(groups)
		if err != nil {
			t.Fatal(err)
		}
		within += v.Within / runs
		between += v.Between / runs
	}
	if math.Abs(within-9) > 0.4 || math.Abs(between-4) > 0.5 {
		t.Errorf("mean components %v within and %v between, want 9 and 4", within, between)
	}
}

// Searched here: of all designs that cost as much, the one with least error.
func TestRepetitionsAreTheCheapest(t *testing.T) {
	for _, row := range []struct{ within, between, process, value float64 }{
		{9, 4, 10, 1}, {1, 1, 1, 1}, {1, 4, 1, 1}, {100, 1, 30, 0.5}, {2, 1, 3, 1},
	} {
		v := Variance{Within: row.within, Between: row.between}
		best, least := 0, math.Inf(1)
		for n := 1; n <= 500; n++ {
			processes := 1e6 / (row.process + float64(n)*row.value)
			if e := (row.between + row.within/float64(n)) / processes; e < least {
				best, least = n, e
			}
		}
		got := v.Repetitions(row.process, row.value)
		price := func(n int) float64 {
			return (row.between + row.within/float64(n)) * (row.process + float64(n)*row.value)
		}
		if math.Abs(price(got)-price(best)) > 1e-9*price(best) {
			t.Errorf("%+v: %d values a process, want %d", row, got, best)
		}
	}
	for _, row := range []struct {
		v    Variance
		want int
	}{{Variance{Between: 1}, 1}, {Variance{Within: 1}, MaxNeeded}, {Variance{}, 1}} {
		if got := row.v.Repetitions(1, 1); got != row.want {
			t.Errorf("%+v: %d, want %d", row.v, got, row.want)
		}
	}
}

func TestRepeatsReachTheWantedError(t *testing.T) {
	v := Variance{Within: 9, Between: 4}
	n := v.Repeats(3, 0.5)
	if v.Error(n, 3) > 0.5 || v.Error(n-1, 3) <= 0.5 {
		t.Errorf("%d processes: error %v, one fewer %v; want about 0.5", n, v.Error(n, 3), v.Error(n-1, 3))
	}
	if v.Repeats(3, 0) != MaxNeeded || v.Repeats(3, 100) != 2 {
		t.Errorf("%d for no error, %d for any; want %d and 2", v.Repeats(3, 0), v.Repeats(3, 100), MaxNeeded)
	}
}

func TestComponentsNeedTwoLevels(t *testing.T) {
	for want, groups := range map[string][][]float64{
		"process 2 has no value": {{1, 2}, {}},
		"1 processes":            {{1, 2, 3}},
		"2 values of 2":          {{1}, {2}},
		"process 1: difference":  {{math.NaN(), 1}, {2, 3}},
	} {
		if _, err := Components(groups); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want one with %q", groups, err, want)
		}
	}
}
