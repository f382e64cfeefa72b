package stats

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSixPairsGiveTheWidestIntervalItsExactConfidence(t *testing.T) {
	x := []float64{0.3, 0.1, 0.6, 0.2, 0.5, 0.4}
	kept := slices.Clone(x)
	got, err := HodgesLehmann(x, 0.05)
	if err != nil {
		t.Fatal(err)
	}
	want := Interval{Estimate: 0.35, Low: 0.1, High: 0.6, Confidence: 0.96875, N: 6}
	if math.Abs(got.Estimate-want.Estimate) > 1e-12 || got.Low != want.Low || got.High != want.High || got.Confidence != want.Confidence || got.N != want.N {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if !slices.Equal(x, kept) {
		t.Errorf("the input was reordered to %v", x)
	}
}

func TestTooFewPairsNameTheLeastThatWouldDo(t *testing.T) {
	for _, row := range []struct {
		n, least   int
		alpha      float64
		confidence float64 // of the interval given all the same
	}{
		{0, 6, 0.05, 0}, {1, 6, 0.05, 0}, {5, 6, 0.05, 0.9375}, {6, 7, 0.025, 0.96875}, {8, 9, 0.005, 1 - 1.0/128},
	} {
		in, err := HodgesLehmann(make([]float64, row.n), row.alpha)
		var few *TooFewError
		if !errors.Is(err, ErrTooFew) || !errors.As(err, &few) {
			t.Errorf("%d pairs at %g: error %v, want ErrTooFew", row.n, row.alpha, err)
			continue
		}
		if few.Least != row.least || few.N != row.n || in.Confidence != row.confidence {
			t.Errorf("%d pairs at %g: least %d, confidence %v, want %d, %v", row.n, row.alpha, few.Least, in.Confidence, row.least, row.confidence)
		}
	}
	if _, err := HodgesLehmann(make([]float64, 7), 0.025); err != nil {
		t.Errorf("7 pairs at 0.025: %v", err)
	}
}

func TestTheOneSidedBoundTakesFivePairs(t *testing.T) {
	x := []float64{5, 3, 4, 1, 2}
	bound, confidence, err := LowerBound(x, 0.05)
	if err != nil || bound != 1 || confidence != 1-1.0/32 {
		t.Errorf("bound %v with confidence %v (%v), want 1 with 0.96875", bound, confidence, err)
	}
	_, _, err = LowerBound(x[:4], 0.05)
	var few *TooFewError
	if !errors.As(err, &few) || few.Least != 5 {
		t.Errorf("four pairs: %v, want too few, at least 5", err)
	}
}

func TestNonsenseIsRefused(t *testing.T) {
	for name, call := range map[string]func() error{
		"NaN":        func() error { _, err := HodgesLehmann([]float64{1, math.NaN()}, 0.05); return err },
		"infinity":   func() error { _, err := HodgesLehmann([]float64{math.Inf(1)}, 0.05); return err },
		"alpha of 0": func() error { _, err := HodgesLehmann(make([]float64, 9), 0); return err },
		"alpha of 1": func() error { _, err := HodgesLehmann(make([]float64, 9), 1); return err },
		"alpha NaN":  func() error { _, _, err := LowerBound(make([]float64, 9), math.NaN()); return err },
	} {
		if err := call(); err == nil || errors.Is(err, ErrTooFew) {
			t.Errorf("%s: error %v, want a refusal", name, err)
		}
	}
}

// The interval must hold the truth at least as often as it says, and, the noise
// being continuous and symmetric, not much more often.
func TestIntervalsCoverAsOftenAsTheySay(t *testing.T) {
	noises := map[string]func(*rand.Rand) float64{
		"normal":  func(r *rand.Rand) float64 { return r.NormFloat64() },
		"uniform": func(r *rand.Rand) float64 { return r.Float64() - 0.5 },
		"heavy":   func(r *rand.Rand) float64 { return math.Tan(math.Pi * (r.Float64() - 0.5)) }, // Cauchy: no mean at all
	}
	const runs, truth = 1500, 0.7
	for name, noise := range noises {
		for _, n := range []int{6, 10, 25, 52} {
			for _, alpha := range []float64{0.05, 0.025} {
				if n < MinPairs(alpha) {
					continue
				}
				t.Run(fmt.Sprintf("%s/n=%d/alpha=%g", name, n, alpha), func(t *testing.T) {
					rng := rand.New(rand.NewPCG(uint64(n), math.Float64bits(alpha)))
					two, one, claimed, claimedOne := 0, 0, 0.0, 0.0
					for range runs {
						x := make([]float64, n)
						for i := range x {
							x[i] = truth + noise(rng)
						}
						in, err := HodgesLehmann(x, alpha)
						if err != nil {
							t.Fatal(err)
						}
						bound, confidence, err := LowerBound(x, alpha)
						if err != nil {
							t.Fatal(err)
						}
						claimed, claimedOne = in.Confidence, confidence
						if in.Low <= truth && truth <= in.High {
							two++
						}
						if bound <= truth {
							one++
						}
					}
					if claimed < 1-alpha || claimedOne < 1-alpha {
						t.Errorf("claimed %v and %v, less than the %v asked", claimed, claimedOne, 1-alpha)
					}
					near(t, "two-sided", float64(two)/runs, claimed, runs)
					near(t, "one-sided", float64(one)/runs, claimedOne, runs)
				})
			}
		}
	}
}

// near allows four standard errors of a share.
func near(t *testing.T, what string, got, want float64, runs int) {
	t.Helper()
	if slack := 4 * math.Sqrt(want*(1-want)/float64(runs)); math.Abs(got-want) > slack {
		t.Errorf("%s coverage is %.4f, want %.4f ± %.4f", what, got, want, slack)
	}
}

func TestTheIntervalIsWhatTheTestDoesNotReject(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		x := make([]float64, 6+rng.IntN(15))
		for i := range x {
			x[i] = rng.NormFloat64()
		}
		in, err := HodgesLehmann(x, 0.05)
		if err != nil {
			t.Fatal(err)
		}
		inside, outside := in.Low+1e-9, in.Low-1e-9
		if p := SignedRankP(x, inside); p <= 0.05 {
			t.Errorf("%v lies inside the interval yet p is %v", inside, p)
		}
		if p := SignedRankP(x, outside); p > 0.05 {
			t.Errorf("%v lies outside the interval yet p is %v", outside, p)
		}
	}
}

func TestMinPairsFollowsTheError(t *testing.T) {
	for alpha, want := range map[float64]int{0.05: 6, 0.025: 7, 0.01: 8, 0.005: 9, 0.5: 2, 0: 0, 1: 1, 2: 0, -1: 0} {
		if got := MinPairs(alpha); got != want {
			t.Errorf("MinPairs(%v) is %d, want %d", alpha, got, want)
		}
	}
	if got := MinPairs(math.NaN()); got != 0 {
		t.Errorf("MinPairs(NaN) is %d, want 0", got)
	}
}

func BenchmarkHodgesLehmann(b *testing.B) {
	for _, n := range []int{6, 50, 1000} {
		b.Run(fmt.Sprintf("pairs=%d", n), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 1))
			x := make([]float64, n)
			for i := range x {
				x[i] = rng.NormFloat64()
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := HodgesLehmann(x, 0.05); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
