package search

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"sluice/harness/record"
	known "sluice/harness/search/surface"
)

// score is how searches of a surface end.
type score struct {
	truth     []float64 // of each seed: the recommended configuration's throughput, as a share of the best
	bias      float64   // mean of claimed less true gain
	deviation float64   // mean claimed deviation
	covered   float64   // share of the claims within two deviations of the truth
}

func (s score) within(share float64) float64 {
	n := 0
	for _, v := range s.truth {
		if v >= 1-share {
			n++
		}
	}
	return float64(n) / float64(len(s.truth))
}

func (s score) median() float64 { return slices.Sorted(slices.Values(s.truth))[len(s.truth)/2] }

// scored runs a strategy on a surface: blocks with a shared drift, the reference
// and the noise counted like any launch.
func scored(t *testing.T, name string, on known.Surface, noise float64, launches, seeds int) score {
	t.Helper()
	best := on.Throughput(on.Optimum)
	var sc score
	for seed := range uint64(seeds) {
		s, err := New(name, Options{Space: on.Space(), Reference: on.Reference, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(seed, 77))
		for left, block := launches, 0; ; {
			asked := s.Ask(left)
			if asked == nil {
				break
			}
			var results []Result
			for _, arms := range asked {
				block++
				left -= len(arms) + 1
				drift := 0.1 * rng.NormFloat64()
				measure := func(id string, c record.Flat) {
					results = append(results, Result{ID: id, Config: c, Block: block, Value: math.Log(on.Throughput(c)) + drift + noise*rng.NormFloat64()})
				}
				measure(ReferenceID, on.Reference)
				for _, c := range arms {
					measure(c.ID, c.Config)
				}
			}
			s.Tell(results)
		}
		first := s.Standings()[0]
		truth := on.Throughput(first.Config)
		gain := math.Log(truth / on.Throughput(on.Reference))
		sc.truth = append(sc.truth, truth/best)
		sc.bias += (first.Gain - gain) / float64(seeds)
		sc.deviation += first.Deviation / float64(seeds)
		if math.Abs(first.Gain-gain) <= 2*first.Deviation {
			sc.covered += 1 / float64(seeds)
		}
	}
	return sc
}

// TestScores prints what the strategies find and claim. It judges nothing: a table to
// read.
func TestScores(t *testing.T) {
	seeds, _ := strconv.Atoi(os.Getenv("SLUICE_SEARCH_SEEDS"))
	if seeds == 0 {
		t.Skip("a table of minutes; set SLUICE_SEARCH_SEEDS=50")
	}
	for _, on := range known.All() {
		for _, noise := range []float64{.03, .1, .5} {
			for _, launches := range []int{60, 120, 300} {
				for _, spec := range Strategies() {
					if spec.Name == "grid" {
						continue
					}
					s := scored(t, spec.Name, on, noise, launches, seeds)
					t.Logf("%s noise %.2f, %3d launches, %-8s median %.3f, within 5 %%: %.2f, bias %+.3f, deviation %.3f, covered %.2f", on.Name, noise, launches, spec.Name, s.median(), s.within(.05), s.bias, s.deviation, s.covered)
				}
			}
		}
	}
}

// What is as plain as this needs few seeds. The rest of the table is printed by
// TestScores.
func TestWhatLearnsFindsMoreThanChance(t *testing.T) {
	const seeds = 12
	halving, random := scored(t, "halving", known.E(), .03, 300, seeds), scored(t, "random", known.E(), .03, 300, seeds)
	if halving.within(.05) < random.within(.05)+.2 || halving.median() < random.median() {
		t.Errorf("of %d searches %.2f end within 5 %% by halving, %.2f at random", seeds, halving.within(.05), random.within(.05))
	}
}

// The best of many measured once is lucky, and its claim shows it; what was
// measured often claims what is true.
func TestClaimsOfWhatWasMeasuredAgainAreTrue(t *testing.T) {
	const seeds, noise = 12, .1
	for _, name := range []string{"halving", "race"} {
		s := scored(t, name, known.E(), noise, 300, seeds)
		if math.Abs(s.bias) > noise/3 || s.covered < .7 {
			t.Errorf("%s claims %+.3f too much on average; %.2f of its claims hold the truth", name, s.bias, s.covered)
		}
	}
}
