package stats

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// Efron and Tibshirani 1993, chapter 14: variance of the spatial test data, 26
// children; 171.5, with a 90 % BCa interval of 115.8 to 259.6 and an
// acceleration of 0.061.
func TestTheSpatialTestExampleIsReproduced(t *testing.T) {
	x := []float64{48, 36, 20, 29, 42, 42, 20, 42, 22, 41, 45, 14, 6, 0, 33, 28, 34, 4, 32, 24, 47, 41, 24, 26, 30, 41}
	if got := plugInVariance(x); math.Abs(got-171.5) > 0.05 {
		t.Fatalf("variance %v, want 171.5", got)
	}
	if got := acceleration(x, plugInVariance); math.Abs(got-0.061) > 0.0005 {
		t.Errorf("acceleration %v, want 0.061", got)
	}
	low, high := bca(x, plugInVariance, 0.1, rand.New(rand.NewPCG(1, 0)), 20_000)
	if math.Abs(low-115.8) > 3 || math.Abs(high-259.6) > 4 {
		t.Errorf("interval %.1f … %.1f, want about 115.8 … 259.6", low, high)
	}
}

func plugInVariance(x []float64) float64 {
	mean, sum := 0.0, 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		sum += (v - mean) * (v - mean)
	}
	return sum / float64(len(x))
}

func TestTheBootstrapAgreesWithTheExactInterval(t *testing.T) {
	rng := rand.New(rand.NewPCG(34, 0))
	for range 4 {
		x := normal(rng, 30, 0.5, 1)
		exact, err := HodgesLehmann(x, 0.05)
		if err != nil {
			t.Fatal(err)
		}
		got, err := BootstrapInterval(x, 0.05, 1, 2000)
		if err != nil {
			t.Fatal(err)
		}
		if got.Estimate != exact.Estimate || got.N != 30 || got.Confidence != 0.95 {
			t.Errorf("%+v, want the estimate of %+v", got, exact)
		}
		width := exact.High - exact.Low
		if math.Abs(got.Low-exact.Low) > 0.25*width || math.Abs(got.High-exact.High) > 0.25*width {
			t.Errorf("bootstrap %+v, exact %+v", got, exact)
		}
		again, _ := BootstrapInterval(x, 0.05, 1, 2000)
		if other, _ := BootstrapInterval(x, 0.05, 2, 2000); again != got || other == got {
			t.Errorf("seed 1 gives %+v and %+v, seed 2 %+v", got, again, other)
		}
	}
}

func TestTheBootstrapCoversTheTruth(t *testing.T) {
	rng := rand.New(rand.NewPCG(35, 0))
	const runs = 80
	covered := 0
	for range runs {
		in, err := BootstrapInterval(normal(rng, 25, 1, 1), 0.05, 1, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if in.Low <= 1 && 1 <= in.High {
			covered++
		}
	}
	if share := float64(covered) / runs; share < 0.84 {
		t.Errorf("%.3f of the intervals cover the truth, want about 0.94", share)
	}
}

func TestTheBootstrapRefusesWhatItCannotResample(t *testing.T) {
	var few *TooFewError
	if _, err := BootstrapInterval(make([]float64, 24), 0.05, 1, 2000); !errors.As(err, &few) || few.Least != 25 {
		t.Errorf("24 pairs: %v, want too few, 25 or more", err)
	}
	if _, err := BootstrapInterval(make([]float64, 25), 0.05, 1, 10); err == nil || !strings.Contains(err.Error(), "1000 or more") {
		t.Errorf("10 resamples: %v", err)
	}
	if got, err := BootstrapInterval(make([]float64, 25), 0.05, 1, 1000); err != nil || got.Low != 0 || got.High != 0 {
		t.Errorf("equal pairs: %+v, %v; want 0 … 0", got, err)
	}
	if _, err := BootstrapInterval(make([]float64, 25), 1, 1, 1000); err == nil {
		t.Error("an alpha of 1 is taken")
	}
}
