package search

import (
	"math"
	"testing"

	"sluice/harness/record"
	"sluice/harness/space"
)

// ledByReaders is a search whose model knows the readers alone to matter, and 16 of
// them to be best.
func ledByReaders(t *testing.T) *Guided {
	t.Helper()
	return mustGuide(t, Options{
		Space: space.Space{
			{Name: "readers", Type: space.Int, Min: 1, Max: 64, Scale: space.Log2},
			{Name: "gogc", Type: space.Int, Min: 50, Max: 400, Scale: space.Log2},
			{Name: "order", Type: space.Choice, Values: []any{"walk", "largest"}},
		},
		Reference: record.Flat{"readers": 2, "gogc": 100, "order": "walk"},
		Prior: func(c record.Flat) (float64, float64, bool) {
			readers, _ := c.Float("readers")
			return -0.2 * math.Abs(math.Log2(readers/16)), 0.05, true
		},
	})
}

func TestAModelsFirstPickMovesNothingThatItHoldsForIdle(t *testing.T) {
	got := ledByReaders(t).Ask(60)[0][0].Config
	if got["readers"] != 16 || got["gogc"] != 100 || got["order"] != "walk" {
		t.Errorf("the first pick is %s; only readers=16 gains anything", got)
	}
}

func TestAModelsPicksStandApart(t *testing.T) {
	g := ledByReaders(t)
	picks := g.Ask(60)[0]
	picks = picks[:len(picks)-1] // the last is chance's
	for i, a := range picks {
		if readers, _ := a.Config.Float("readers"); readers < 12 || readers > 24 {
			t.Errorf("pick %s; the model holds other readers than about 16 for worse", a.Config)
		}
		for _, b := range picks[:i] {
			if apart := g.apart(a.Config, b.Config); apart < expectedApart/2 {
				t.Errorf("%s and %s tell the same: %.3f apart", b.Config, a.Config, apart)
			}
		}
	}
}
