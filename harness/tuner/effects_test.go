package tuner_test

import (
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"sluice/harness/decide"
	"sluice/harness/record"
	"sluice/harness/search/surface"
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
// the knobs' shares that the main job tells after 150 launches lie in the intervals beside
// them, which promise 90 %: what docs/deciding.md says of them.
func TestHowOftenIntervalsOfEffectsHoldTheTruth(t *testing.T) {
	if os.Getenv("SLUICE_LONG") == "" {
		t.Skip("a measurement of a minute; SLUICE_LONG=1 runs it")
	}
	for _, s := range surface.All() {
		for _, noise := range []float64{0.03, 0.10} {
			held, near, all := 0, 0, 0
			for seed := range uint64(10) {
				h, n, a := effectsHeld(t, s, noise, seed)
				held, near, all = held+h, near+n, all+a
			}
			t.Logf("%s, noise %.0f %%: %d of %d intervals hold the truth, %d to within half a percent", s.Name, 100*noise, held, all, near)
			if all != 10*2*len(s.Space()) {
				t.Errorf("%d intervals, want one of each knob in two regions and ten runs", all)
			}
			if float64(held) < 0.6*float64(all) {
				t.Errorf("%s, noise %.0f %%: %d of %d intervals hold the truth", s.Name, 100*noise, held, all)
			}
		}
	}
}

// effectsHeld counts the knobs' intervals of one run that hold the truth, exactly and to
// within half a percent.
func effectsHeld(t *testing.T, s surface.Surface, noise float64, seed uint64) (held, near, all int) {
	t.Helper()
	rec := onSurface(t, s, 150, noise, seed, false)
	known, err := decide.Effects(s.Space(), truth(s.Throughput), decide.EffectOptions{Around: rec.Recommended.Config, Draws: 2, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	type place struct{ knob, region string }
	shares := map[place]float64{}
	for _, k := range known {
		if k.With == "" {
			shares[place{k.Knob, string(k.Region)}] = k.Share
		}
	}
	within := func(e record.Effect, slack float64) int {
		want, ok := shares[place{e.Knob, string(e.Region)}]
		if !ok {
			t.Fatalf("the truth has no share of %s %s", e.Knob, e.Region)
		}
		if e.Low-slack <= want && want <= e.High+slack {
			return 1
		}
		return 0
	}
	for _, e := range rec.Effects {
		if e.With == "" {
			held, near, all = held+within(e, 1e-9), near+within(e, 0.005), all+1
		}
	}
	return held, near, all
}
