package space

import (
	"math/rand/v2"
	"testing"
)

func rareSpace() Space {
	return Space{
		{Name: "n", Type: Int, Min: 1, Max: 64, Scale: Log2},
		{Name: "m", Type: Int, Min: 1, Max: 64, Scale: Log2},
		{Name: "pin", Type: Choice, Values: []any{"none", "locked", "partition"}, Rare: true},
	}
}

// Every value is drawn, the usual one most of the time.
func TestRareKnobsSeldomLeaveTheirUsualValue(t *testing.T) {
	const draws, seed = 4000, 3
	s, rng := rareSpace(), rand.New(rand.NewPCG(seed, seed))
	random, near := map[any]int{}, map[any]int{}
	for range draws {
		random[s.Random(rng)["pin"]]++
		near[s.Near(rng, map[string]any{"n": 8, "m": 8, "pin": "none"}, 0.2)["pin"]]++
	}
	for name, drawn := range map[string]map[any]int{"random draws": random, "neighbours": near} {
		others := drawn["locked"] + drawn["partition"]
		if drawn["locked"] == 0 || drawn["partition"] == 0 || others > draws/5 {
			t.Errorf("seed %d: %s are %v; want every value, and others than none in a fifth at most", seed, name, drawn)
		}
	}
}

func TestASpaceOfRareKnobsAloneStillMoves(t *testing.T) {
	s, rng := rareSpace()[2:], rand.New(rand.NewPCG(1, 1))
	for range 20 {
		if s.Near(rng, map[string]any{"pin": "none"}, 0.2)["pin"] == "none" {
			t.Fatal("a neighbour is the same configuration")
		}
	}
	if len(s.Common()) != 1 {
		t.Error("nothing is left of a space whose knobs are all rare")
	}
}

func TestCommonLeavesRareKnobsOutAndTheSpaceAlone(t *testing.T) {
	s := rareSpace()
	if common := s.Common(); len(common) != 2 || common[1].Name != "m" || len(s) != 3 || s[2].Name != "pin" {
		t.Errorf("common is %v of %v", common, s)
	}
}
