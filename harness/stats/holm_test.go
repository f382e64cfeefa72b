package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestAdjustedErrorsAreThoseOfTheTextbooks(t *testing.T) {
	nan := math.NaN()
	for _, row := range []struct {
		name       string
		p, holm, q []float64
	}{
		// R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") and "BH".
		{"four", []float64{0.01, 0.04, 0.03, 0.005}, []float64{0.03, 0.06, 0.06, 0.02}, []float64{0.02, 0.04, 0.04, 0.02}},
		{"at most 1", []float64{0.9, 0.6}, []float64{1, 1}, []float64{0.9, 0.9}},
		{"one", []float64{0.04}, []float64{0.04}, []float64{0.04}},
		{"not a number counts", []float64{nan, 0.01}, []float64{nan, 0.02}, []float64{nan, 0.02}},
		{"none", nil, nil, nil},
	} {
		if got := HolmAdjusted(row.p); !alike(got, row.holm) {
			t.Errorf("%s: Holm %v, want %v", row.name, got, row.holm)
		}
		if got := FDR(row.p); !alike(got, row.q) {
			t.Errorf("%s: q-values %v, want %v", row.name, got, row.q)
		}
	}
}

// Benjamini and Hochberg 1995, section 4: 15 p-values of a trial of
// thrombolysis; Bonferroni and Holm reject three at 0.05, their procedure four.
func TestTheThrombolysisExampleIsReproduced(t *testing.T) {
	p := []float64{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000}
	holm, q := 0, 0
	for i, rejected := range Holm(p, 0.05) {
		if rejected {
			holm++
		}
		if FDR(p)[i] <= 0.05 {
			q++
		}
	}
	if holm != 3 || q != 4 {
		t.Errorf("Holm rejects %d, FDR %d; want 3 and 4", holm, q)
	}
}

func TestAdjustingAgreesWithRejecting(t *testing.T) {
	rng := rand.New(rand.NewPCG(33, 0))
	for range 500 {
		p := make([]float64, 1+rng.IntN(12))
		for i := range p {
			p[i] = math.Pow(rng.Float64(), 4)
		}
		rejected, adjusted := Holm(p, 0.05), HolmAdjusted(p)
		for i := range p {
			if rejected[i] != (adjusted[i] <= 0.05) {
				t.Fatalf("%v: rejected %v, adjusted %v", p, rejected, adjusted)
			}
		}
	}
}

func alike(a, b []float64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if math.IsNaN(a[i]) != math.IsNaN(b[i]) || math.Abs(a[i]-b[i]) > 1e-12 {
			return false
		}
	}
	return true
}
