package search

import (
	"math"
	"math/rand/v2"
	"testing"

	"sluice/harness/record"
	"sluice/harness/space"
)

// A space of four configurations is measured over and over: its only block, once,
// would let luck choose.
func TestAFewConfigurationsAreMeasuredAgain(t *testing.T) {
	truth := func(c record.Flat) float64 {
		gain := 1.0
		if c["a"] == true {
			gain *= 1.2
		}
		if c["b"] == true {
			gain *= 1.1
		}
		return gain
	}
	found := 0
	const searches = 20
	for seed := range uint64(searches) {
		p := plant{
			options: Options{
				Space:     space.Space{{Name: "a", Type: space.Bool}, {Name: "b", Type: space.Bool}},
				Reference: record.Flat{"a": false, "b": false}, Seed: seed,
			},
			truth: truth, best: 1.32, noise: 0.1, launches: 60,
		}
		game := p.play(t)
		if n := len(game.results); n < p.launches-1 {
			t.Errorf("seed %d: %d launches of %d are used", seed, n, p.launches)
		}
		if game.last() > 0.99 {
			found++
		}
	}
	if found < 17 {
		t.Errorf("%d of %d searches find the best of four", found, searches)
	}
}

// What failed is not recommended, so that nothing is learnt by failing again.
func TestWhatFailedIsNotMeasuredAgain(t *testing.T) {
	s := space.Space{
		{Name: "a", Type: space.Int, Min: 1, Max: 64, Scale: space.Log2},
		{Name: "b", Type: space.Choice, Values: []any{"x", "y", "z"}},
	}
	a := func(c record.Flat) float64 { v, _ := c.Float("a"); return v }
	for _, row := range []struct {
		name   string
		failed func(record.Flat) bool
	}{
		{"half of the space", func(c record.Flat) bool { return a(c) > 16 }},
		{"all but the reference", func(c record.Flat) bool { return a(c) != 8 || c["b"] != "x" }},
		{"all", func(record.Flat) bool { return true }},
		{"one in four by chance", func() func(record.Flat) bool {
			rng := rand.New(rand.NewPCG(5, 5))
			return func(record.Flat) bool { return rng.IntN(4) == 0 }
		}()},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := plant{
				options: Options{Space: s, Reference: record.Flat{"a": 8, "b": "x"}, Seed: 3},
				truth:   func(c record.Flat) float64 { return math.Exp(-math.Pow(math.Log(a(c)/20), 2) / 4) },
				best:    1, noise: 0.03, launches: 150, failed: row.failed,
			}
			broken := map[string]bool{ReferenceID: false}
			for _, r := range p.play(t).results {
				if broken[r.ID] {
					t.Errorf("%s (%s) is measured again", r.ID, r.Config)
				}
				broken[r.ID] = r.Failed && r.ID != ReferenceID
			}
		})
	}
}
