package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestEquivalenceIsWhatTheWiderErrorsIntervalSays(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 0))
	const margin, alpha = 0.02, 0.05
	shownOnce, notOnce := false, false
	for range 500 {
		x := normal(rng, 6+rng.IntN(20), 0.01*rng.NormFloat64(), 0.02)
		shown, p := Equivalent(x, margin, alpha)
		in, err := HodgesLehmann(x, 2*alpha)
		if err != nil {
			t.Fatal(err)
		}
		inside := in.Low > math.Log1p(-margin) && in.High < math.Log1p(margin)
		if shown != inside || shown != (p <= alpha) {
			t.Fatalf("equivalent: %v (p %v), interval at %v is %+v", shown, p, 1-2*alpha, in)
		}
		shownOnce, notOnce = shownOnce || shown, notOnce || !shown
	}
	if !shownOnce || !notOnce {
		t.Error("the draws do not try both answers")
	}
}

func TestEquivalenceHoldsItsErrorAtTheEdge(t *testing.T) {
	rng := rand.New(rand.NewPCG(32, 0))
	const runs, margin = 4000, 0.02
	for _, edge := range []float64{math.Log1p(margin), math.Log1p(-margin)} {
		wrong := 0
		for range runs {
			if shown, _ := Equivalent(normal(rng, 12, edge, 0.01), margin, 0.05); shown {
				wrong++
			}
		}
		if share := float64(wrong) / runs; share > 0.062 || share < 0.03 {
			t.Errorf("at the edge %.4f: %.4f called equivalent, want about 0.05", edge, share)
		}
	}
}

func TestNothingShowsNoEquivalence(t *testing.T) {
	for name, row := range map[string]struct {
		x      []float64
		margin float64
	}{
		"no pair": {nil, 0.02}, "margin of 0": {make([]float64, 9), 0}, "margin of 1": {make([]float64, 9), 1},
		"NaN": {[]float64{0, 0, 0, 0, 0, 0, math.NaN()}, 0.02}, "four pairs": {make([]float64, 4), 0.02},
	} {
		if shown, p := Equivalent(row.x, row.margin, 0.05); shown || p <= 0.05 {
			t.Errorf("%s: equivalent %v, p %v", name, shown, p)
		}
	}
	if shown, p := Equivalent(make([]float64, 5), 0.02, 0.05); !shown || p != 1.0/32 {
		t.Errorf("five equal pairs: %v, p %v; want equivalent, 1/32", shown, p)
	}
}
