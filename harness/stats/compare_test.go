package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestVerdictsFollowTheInterval(t *testing.T) {
	for _, row := range []struct {
		low, high, margin float64
		want              string
	}{
		{1.03, 1.2, 0.02, Better},
		{1.02, 1.2, 0.02, Undecided}, // touching is not beyond
		{0.8, 0.97, 0.02, Worse},
		{0.8, 0.98, 0.02, Undecided},
		{0.98, 1.02, 0.02, NoDifference},
		{0.99, 1.01, 0.02, NoDifference},
		{0.97, 1.03, 0.02, Undecided},
		{1, 1, 0, NoDifference},
		{math.NaN(), 1, 0.02, Undecided},
	} {
		if got := Verdict(row.low, row.high, row.margin); got != row.want {
			t.Errorf("%v … %v at margin %v is %q, want %q", row.low, row.high, row.margin, got, row.want)
		}
	}
}

func TestAboveOneIsBetterWhicheverWayTheMetricPoints(t *testing.T) {
	fast := []float64{21, 20, 22, 20.5, 21.5, 20.8}
	slow := []float64{10, 10, 10, 10, 10, 10}
	for _, row := range []struct {
		name         string
		higherBetter bool
		a, ref       []float64
		want         string
	}{
		{"more throughput", true, fast, slow, Better},
		{"less throughput", true, slow, fast, Worse},
		{"more seconds", false, fast, slow, Worse},
		{"fewer seconds", false, slow, fast, Better},
		{"the same", true, slow, slow, NoDifference},
	} {
		got, err := Compare(row.higherBetter, row.a, row.ref, 0.02, 0.05)
		if err != nil {
			t.Fatalf("%s: %v", row.name, err)
		}
		if got.Verdict != row.want {
			t.Errorf("%s: %+v, want %s", row.name, got, row.want)
		}
		if got.N != 6 || got.Confidence != 0.96875 || got.Needed != 0 {
			t.Errorf("%s: n %d, confidence %v, needed %d; want 6, 0.96875, 0", row.name, got.N, got.Confidence, got.Needed)
		}
	}
}

func TestTooFewPairsAreUndecidedNotAnError(t *testing.T) {
	got, err := Compare(true, []float64{20, 21, 22, 20, 20}, []float64{10, 10, 10, 10, 10}, 0.02, 0.05)
	if err != nil {
		t.Fatal(err)
	}
	if got.Verdict != Undecided || got.Needed != 6 || got.Confidence != 0.9375 || got.Ratio < 2 {
		t.Errorf("got %+v, want undecided at 93.75 %%, 6 needed", got)
	}
}

func TestWhatCannotBeComparedIsRefusedByName(t *testing.T) {
	for _, row := range []struct {
		name   string
		a, ref []float64
		margin float64
		want   string
	}{
		{"lengths", []float64{1}, []float64{1, 2}, 0, "cannot be paired"},
		{"zero", []float64{1, 0}, []float64{1, 2}, 0, "pair 2"},
		{"infinite", []float64{math.Inf(1)}, []float64{1}, 0, "pair 1"},
		{"nothing", nil, nil, 0, "0 pairs"},
		{"margin", []float64{1}, []float64{1}, 1, "margin is 1"},
	} {
		if _, err := Compare(true, row.a, row.ref, row.margin, 0.05); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: error %v, want one with %q", row.name, err, row.want)
		}
	}
}

func TestIdenticalArmsAreSeldomCalledDifferent(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	const runs = 4000
	wrong := 0
	for range runs {
		a, ref := noisy(rng, 8, 1, 0.1), noisy(rng, 8, 1, 0.1)
		got, err := Compare(true, a, ref, 0, 0.05)
		if err != nil {
			t.Fatal(err)
		}
		if got.Verdict == Better || got.Verdict == Worse {
			wrong++
		}
		if beyond := got.P <= 0.05; beyond != (got.Verdict == Better || got.Verdict == Worse) {
			t.Fatalf("p and verdict disagree: %+v", got)
		}
	}
	if share := float64(wrong) / runs; share > 0.05 {
		t.Errorf("%.3f of A/A comparisons called a difference, want at most 0.05", share)
	}
}

func noisy(rng *rand.Rand, n int, centre, sigma float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = centre * math.Exp(sigma*rng.NormFloat64())
	}
	return x
}

func TestNotWorseHoldsItsErrorAtTheEdge(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	const runs, margin = 4000, 0.03
	for _, n := range []int{5, 8, 12} {
		passed := 0
		for range runs {
			x := make([]float64, n)
			for i := range x {
				x[i] = math.Log1p(-margin) + 0.05*rng.NormFloat64() // worse by just the margin
			}
			if NotWorse(x, margin, 0.05) {
				passed++
			}
		}
		if share := float64(passed) / runs; share > 0.06 {
			t.Errorf("n=%d: %.3f of arms worse by the margin pass, want at most 0.05", n, share)
		}
	}
}

func TestNotWorseNeedsEnoughPairs(t *testing.T) {
	equal := make([]float64, 5)
	if !NotWorse(equal, 0.03, 0.05) {
		t.Error("five equal pairs are not shown to be not worse")
	}
	if NotWorse(equal[:4], 0.03, 0.05) || NotWorse(nil, 0.03, 0.05) || NotWorse(equal, -1, 0.05) {
		t.Error("too few pairs, none, or a negative margin pass")
	}
}

func TestNeededGrowsWithTheSpreadAndShrinksWithTheDistance(t *testing.T) {
	base := []float64{-2, -1, -0.5, 0.1, 0.4, 1.1, 1.9}
	at := func(centre, spread float64) []float64 {
		x := make([]float64, len(base))
		for i, v := range base {
			x[i] = centre + spread*v
		}
		return x
	}
	near, far := Needed(at(0.03, 0.02), 0.02, 0.05), Needed(at(0.2, 0.02), 0.02, 0.05)
	wide := Needed(at(0.2, 0.2), 0.02, 0.05)
	if !(near > wide && wide > far && far == MinPairs(0.05)) {
		t.Errorf("near %d, wide %d, far %d: want near > wide > far = 6", near, wide, far)
	}
	for name, row := range map[string]struct {
		x    []float64
		want int
	}{
		"on the edge":       {[]float64{math.Log1p(0.02), math.Log1p(0.02), math.Log1p(0.02)}, 0},
		"hopelessly noisy":  {at(0.0201, 5), MaxNeeded},
		"nothing seen yet":  {nil, 6},
		"two pairs":         {[]float64{1, 2}, 6},
		"no spread at all":  {make([]float64, 6), 6},
		"not a number seen": {[]float64{math.NaN()}, 0},
	} {
		if got := Needed(row.x, 0.02, 0.05); got != row.want {
			t.Errorf("%s: %d pairs needed, want %d", name, got, row.want)
		}
	}
}

// The plan must hold what it promises: about 80 % of runs of that size decide.
func TestPlannedPairsDecideAboutAsOftenAsPlanned(t *testing.T) {
	for _, n := range []int{10, 20, 40} {
		t.Run(fmt.Sprintf("pairs=%d", n), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(11, uint64(n)))
			const runs, sigma, margin = 1500, 0.05, 0.02
			truth := math.Log1p(margin) + Detectable(sigma, n, 0.05)
			decided := 0
			for range runs {
				x := make([]float64, n)
				for i := range x {
					x[i] = truth + sigma*rng.NormFloat64()
				}
				if PBeyond(x, margin) <= 0.05 {
					decided++
				}
			}
			if share := float64(decided) / runs; share < 0.68 || share > 0.88 {
				t.Errorf("%.3f of runs decide, want about 0.8", share)
			}
		})
	}
	if got := Detectable(0.05, 5, 0.05); !math.IsInf(got, 1) {
		t.Errorf("five pairs detect %v, want nothing", got)
	}
}

func TestSpreadAgreesWithTheDeviationAndWithstandsAnOutlier(t *testing.T) {
	rng := rand.New(rand.NewPCG(12, 13))
	for _, n := range []int{6, 12, 50} {
		var spreads []float64
		for range 400 {
			x := make([]float64, n)
			for i := range x {
				x[i] = 3 * rng.NormFloat64()
			}
			spreads = append(spreads, Spread(x))
		}
		if got := Median(spreads); got < 2.4 || got > 3.6 {
			t.Errorf("n=%d: median spread %v of noise with deviation 3", n, got)
		}
	}
	clean := []float64{-1, -0.8, -0.5, -0.2, 0.1, 0.3, 0.6, 0.9, 1, 1.2}
	dirty := slices.Clone(clean)
	dirty[9] = 1000
	if a, b := Spread(clean), Spread(dirty); b > 2*a {
		t.Errorf("one outlier moves the spread from %v to %v", a, b)
	}
}

func TestHolmRejectsStepByStep(t *testing.T) {
	for _, row := range []struct {
		name string
		p    []float64
		want []bool
	}{
		{"textbook", []float64{0.01, 0.04, 0.03, 0.005}, []bool{true, false, false, true}},
		{"all", []float64{0.01, 0.012, 0.02}, []bool{true, true, true}},
		{"none", []float64{0.02, 0.03, 0.9}, []bool{false, false, false}},
		{"the first failure stops", []float64{0.001, 0.03, 0.03}, []bool{true, false, false}},
		{"not a number", []float64{math.NaN(), 0.01}, []bool{false, true}},
		{"nothing", nil, []bool{}},
	} {
		if got := Holm(row.p, 0.05); !slices.Equal(got, row.want) {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

func TestQuantilesInterpolateLikeType7(t *testing.T) {
	x := []float64{40, 10, 30, 20}
	for q, want := range map[float64]float64{0: 10, 0.25: 17.5, 0.5: 25, 0.9: 37, 1: 40} {
		if got := Quantile(x, q); math.Abs(got-want) > 1e-12 {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	if x[0] != 40 {
		t.Error("the input was reordered")
	}
	if got := MAD([]float64{1, 2, 3, 4, 100}); got != 1 {
		t.Errorf("MAD is %v, want 1", got)
	}
	for _, got := range []float64{Median(nil), MAD(nil), Quantile(x, 1.5), Quantile(x, math.NaN())} {
		if !math.IsNaN(got) {
			t.Errorf("got %v, want NaN", got)
		}
	}
}
