package search

import (
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"sluice/harness/decide"
	"sluice/harness/record"
	closed "sluice/harness/search/surface"
	"sluice/harness/search/surrogate"
)

// truth draws what is known: every draw is it.
type truth func(record.Flat) float64

func (f truth) Sample(_ *rand.Rand, cs []record.Flat, n int) [][]float64 {
	draws := make([][]float64, n)
	for _, c := range cs {
		for i := range draws {
			draws[i] = append(draws[i], math.Log(f(c)))
		}
	}
	return draws
}

// TestHowOftenIntervalsOfEffectsHoldTheTruth measures, with SLUICE_LONG=1, how many of
// the knobs' shares after a search of 120 launches lie in the intervals that its model
// gives, which promise 90 %: what docs/deciding.md says of them.
func TestHowOftenIntervalsOfEffectsHoldTheTruth(t *testing.T) {
	if os.Getenv("SLUICE_LONG") == "" {
		t.Skip("a measurement of a minute; SLUICE_LONG=1 runs it")
	}
	for _, s := range closed.All() {
		for _, noise := range []float64{0.03, 0.10} {
			held, near, all := 0, 0, 0
			for seed, g := range series(t, 10, func(seed uint64) plant { return onSurface(s, seed, noise, 120) }) {
				effects, real := effectsOf(t, s, g, uint64(seed))
				for i, e := range effects {
					if e.With != "" {
						continue
					}
					want := real[i].Share
					all++
					if e.Low-1e-9 <= want && want <= e.High+1e-9 {
						held++
					}
					if e.Low-0.005 <= want && want <= e.High+0.005 {
						near++
					}
				}
			}
			t.Logf("%s, noise %.0f %%: %d of %d intervals hold the truth, %d to within half a percent", s.Name, 100*noise, held, all, near)
			if float64(held) < 0.6*float64(all) {
				t.Errorf("%s, noise %.0f %%: %d of %d intervals hold the truth", s.Name, 100*noise, held, all)
			}
		}
	}
}

// effectsOf are the effects that a search's model tells, and the true ones in the same
// order; a pair's truth is left empty.
func effectsOf(t *testing.T, s closed.Surface, g played, seed uint64) (effects, real []record.Effect) {
	t.Helper()
	var seen []surrogate.Observation
	for _, r := range g.results {
		seen = append(seen, surrogate.Observation{Config: r.Config, Block: r.Block, Value: r.Value})
	}
	m, err := surrogate.Fit(s.Space(), seen, surrogate.Options{Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	around := g.search.Standings()[0].Config
	effects, err = decide.Effects(s.Space(), m, decide.EffectOptions{Around: around, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	known, err := decide.Effects(s.Space(), truth(s.Throughput), decide.EffectOptions{Around: around, Draws: 2, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	real = make([]record.Effect, len(effects))
	for i, e := range effects {
		for _, k := range known {
			if k.With == "" && e.With == "" && k.Knob == e.Knob && k.Region == e.Region {
				real[i] = k
			}
		}
	}
	return effects, real
}
