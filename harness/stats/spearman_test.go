package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Intelligence and hours of television of ten people, the example of many
// textbooks: the correlation is −29/165.
func TestSpearmanGivesTheTextbookValue(t *testing.T) {
	iq := []float64{106, 100, 86, 101, 99, 103, 97, 113, 112, 110}
	tv := []float64{7, 27, 2, 50, 28, 29, 20, 12, 6, 17}
	rho, low, err := Spearman(iq, tv, 0.95)
	if err != nil || math.Abs(rho+29.0/165) > 1e-12 {
		t.Errorf("rho %.6f, error %v; want -0.175758", rho, err)
	}
	if want := math.Tanh(math.Atanh(rho) - 1.6448536*math.Sqrt(1.06/7)); math.Abs(low-want) > 1e-6 {
		t.Errorf("lower limit %g, want %g", low, want)
	}
}

// The rank correlation of normal pairs is 6/π·asin(r/2).
func TestSpearmansLimitHoldsItsConfidence(t *testing.T) {
	const seed, samples, r = 4, 2000, 0.9
	truth := 6 / math.Pi * math.Asin(r/2)
	rng := rand.New(rand.NewPCG(seed, seed))
	above := 0
	for range samples {
		x, y := make([]float64, 30), make([]float64, 30)
		for i := range x {
			x[i] = rng.NormFloat64()
			y[i] = r*x[i] + math.Sqrt(1-r*r)*rng.NormFloat64()
		}
		if _, low, err := Spearman(x, y, 0.95); err != nil || low > truth {
			above++
		}
	}
	if above > samples*8/100 {
		t.Errorf("seed %d: %d of %d limits lie above the truth, want about 5 %%", seed, above, samples)
	}
}

func TestSpearmanOfTooLittle(t *testing.T) {
	four := []float64{1, 2, 3, 4}
	for name, pair := range map[string][2][]float64{
		"three": {four[:3], four[:3]}, "uneven": {four, four[:3]}, "NaN": {four, {1, 2, 3, math.NaN()}},
	} {
		if _, _, err := Spearman(pair[0], pair[1], 0.95); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if rho, low, err := Spearman(four, []float64{5, 5, 5, 5}, 0.95); err != nil || !math.IsNaN(rho) || !math.IsNaN(low) {
		t.Errorf("no order at all: %g, %g, %v; want NaN", rho, low, err)
	}
	if rho, low, _ := Spearman(four, four, 0.95); rho != 1 || low != 1 {
		t.Errorf("the same order: %g, %g", rho, low)
	}
}
