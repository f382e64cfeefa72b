package tuner_test

import (
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"sluice/harness/decide"
	"sluice/harness/lab"
	"sluice/harness/lab/labtest"
	"sluice/harness/record"
	"sluice/harness/search/surface"
	"sluice/harness/target"
	"sluice/harness/tuner"
)

// claim is what one run of the main job said of its candidate, and what is true.
type claim struct {
	kept            bool // the reference was recommended
	claimed, actual float64
	covered         bool    // the interval holds the true gain
	worth           float64 // true throughput of what was recommended, of the best there is
	reference       float64 // the same of the reference
}

// onSurface runs the main job on a surface whose every figure is known, with noise and
// with a drift that a block's trials share.
func onSurface(t *testing.T, s surface.Surface, trials int, noise float64, seed uint64, bare bool) record.Recommendation {
	t.Helper()
	f := target.Function{Seed: seed, CostS: 1, F: func(config record.Flat, draw, seed uint64) (map[string]float64, error) {
		shared := 0.2 * rand.New(rand.NewPCG(draw, 7)).NormFloat64()
		own := noise * rand.New(rand.NewPCG(seed, 0)).NormFloat64()
		return map[string]float64{record.Throughput: s.Throughput(config) * math.Exp(shared+own)}, nil
	}}
	goal, err := decide.ParseGoal("throughput", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	goal.Foreign = true
	rec, err := tuner.Tune(t.Context(), tuner.Options{
		Bench:    &lab.Bench{Run: "r", Scenario: s.Name, Seed: seed, Journal: &labtest.Journal{}, Measure: f.Measure},
		Scenario: record.Scenario{Name: s.Name}, Reference: lab.Arm{Name: lab.Reference, Config: s.Reference},
		Space: s.Space(), Goal: goal, Prior: tuner.Rates{ReferenceSPerByte: 1, BestSPerByte: 1, Alone: true}, Limits: tuner.Limits{Trials: trials}, Seed: seed, Bare: bare,
	})
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	return rec
}

// tune is what one run says and what is true.
func tune(t *testing.T, s surface.Surface, trials int, noise float64, seed uint64) claim {
	t.Helper()
	rec, best := onSurface(t, s, trials, noise, seed, true), s.Throughput(s.Optimum)
	candidate := rec.Recommended
	if rec.Candidate != nil {
		candidate = *rec.Candidate
	}
	ratio := candidate.Ratios[record.Throughput]
	actual := s.Throughput(candidate.Config) / s.Throughput(s.Reference)
	return claim{
		kept: rec.Candidate != nil, claimed: ratio.Ratio, actual: actual, covered: ratio.Low <= actual && actual <= ratio.High,
		worth: s.Throughput(rec.Recommended.Config) / best, reference: s.Throughput(s.Reference) / best,
	}
}

// claims runs it for many seeds, on every core.
func claims(t *testing.T, s surface.Surface, trials int, noise float64, seeds int) []claim {
	t.Helper()
	all := make([]claim, seeds)
	next, wait := make(chan int), sync.WaitGroup{}
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for seed := range next {
				all[seed] = tune(t, s, trials, noise, uint64(seed))
			}
		})
	}
	for seed := range seeds {
		next <- seed
	}
	close(next)
	wait.Wait()
	return all
}

// seedsOr is how many seeds SLUICE_SEEDS asks for, else so many.
func seedsOr(fallback int) int {
	if n, err := strconv.Atoi(os.Getenv("SLUICE_SEEDS")); err == nil && n > 0 {
		return n
	}
	return fallback
}

// TestClaimsAreTrueOnSurfacesThatAreKnown holds what the main job claims against
// what is true, calibration, search and confirmation included. With SLUICE_SEEDS=2000
// (some minutes) it asks as many as the kept answer was asked for.
func TestClaimsAreTrueOnSurfacesThatAreKnown(t *testing.T) {
	seeds := seedsOr(24)
	for _, row := range []struct {
		surface surface.Surface
		trials  int
		noise   float64
	}{{surface.E(), 150, .03}, {surface.M(), 150, .03}, {surface.E(), 150, .10}} {
		covered, worse, kept, bias, within := 0, 0, 0, 0.0, 0
		for seed, c := range claims(t, row.surface, row.trials, row.noise, seeds) {
			bias += (c.claimed/c.actual - 1) / float64(seeds)
			for _, count := range []struct {
				n  *int
				is bool
			}{{&covered, c.covered}, {&kept, c.kept}, {&within, c.worth >= .95}, {&worse, c.worth < c.reference}} {
				if count.is {
					*count.n++
				}
			}
			if c.worth < c.reference {
				t.Errorf("%s, noise %g, seed %d: the recommended reaches %.3f of the best, the reference %.3f", row.surface.Name, row.noise, seed, c.worth, c.reference)
			}
		}
		t.Logf("%s, %d trials, noise %g: claimed − true %+.2f %% on average, interval covers in %d of %d, reference kept in %d, within 5 %% in %d, worse than the reference in %d",
			row.surface.Name, row.trials, row.noise, 100*bias, covered, seeds, kept, within, worse)
		// Of seeds that cover with 95 % so many fewer do but once in a thousand runs.
		if least := 0.95*float64(seeds) - 3.1*math.Sqrt(.05*.95*float64(seeds)); float64(covered) < least {
			t.Errorf("%s, noise %g: the interval covers the true gain in %d of %d, want %.0f", row.surface.Name, row.noise, covered, seeds, least)
		}
		if most := .005 + 3.3*row.noise/math.Sqrt(float64(20*seeds)); math.Abs(bias) > most {
			t.Errorf("%s, noise %g: claims are off by %+.2f %% on average, want less than %.2f", row.surface.Name, row.noise, 100*bias, 100*most)
		}
	}
}
