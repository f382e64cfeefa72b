package search

import (
	"math/rand/v2"
	"testing"

	"sluice/harness/record"
	"sluice/harness/space"
)

// follow runs a search of the peak with noise and returns it, and what each Ask
// asked for.
func follow(t *testing.T, s Strategy, left int, noise float64) (asked [][]string) {
	t.Helper()
	rng := rand.New(rand.NewPCG(5, 5))
	for block := 0; ; {
		blocks := s.Ask(left)
		if blocks == nil {
			return asked
		}
		var results []Result
		var ids []string
		for _, arms := range blocks {
			block++
			left -= len(arms) + 1
			offset := rng.NormFloat64()
			results = append(results, Result{ID: ReferenceID, Block: block, Value: offset - 2 + noise*rng.NormFloat64()})
			for _, c := range arms {
				results = append(results, Result{ID: c.ID, Config: c.Config, Block: block, Value: offset + peak(c.Config) + noise*rng.NormFloat64()})
				ids = append(ids, c.ID)
			}
		}
		s.Tell(results)
		asked = append(asked, ids)
	}
}

func hill(seed uint64) Options {
	return Options{Space: space.Space{knob("a", 1, 64), knob("b", 1, 64), knob("c", 1, 64)}, Reference: record.Flat{"a": 1, "b": 1, "c": 1}, Seed: seed}
}

func TestRacesDropNobodyBeforeTheFifthRoundAndTheWorseThen(t *testing.T) {
	s, err := NewRace(hill(1))
	if err != nil {
		t.Fatal(err)
	}
	asked := follow(t, s, 300, .02)
	first := len(asked[0])
	for i := range raceTest {
		if len(asked[i]) != first {
			t.Fatalf("round %d measures %d of %d", i+1, len(asked[i]), first)
		}
	}
	if first < raceArms || len(asked[raceTest]) >= first && asked[raceTest][0] == asked[0][0] {
		t.Errorf("round %d measures %d of %d; want fewer", raceTest+1, len(asked[raceTest]), first)
	}
	if last := asked[len(asked)-2]; len(last) > finalists {
		t.Errorf("the last rounds measure %v, want finalists alone", last)
	}
}

func TestLaterRacesDrawNearerAndFindBetter(t *testing.T) {
	const seeds = 20
	better, before, after := 0, 0.0, 0.0
	for seed := range uint64(seeds) {
		s, err := NewRace(hill(seed))
		if err != nil {
			t.Fatal(err)
		}
		asked := follow(t, s, 400, .05)
		worth := map[string]float64{}
		for _, standing := range s.Standings() {
			worth[standing.ID] = peak(standing.Config)
		}
		best, newest, seen := -100.0, 0.0, map[string]bool{}
		for _, id := range asked[0] {
			best = max(best, worth[id])
			before += worth[id] / float64(len(asked[0])) / seeds
			seen[id] = true
		}
		late, n := 0.0, 0
		for i, round := range asked {
			for _, id := range round {
				if !seen[id] && i > len(asked)/2 {
					late += worth[id]
					n++
				}
				seen[id] = true
			}
		}
		if n > 0 {
			newest = late / float64(n)
			after += newest / seeds
		}
		if peak(s.Standings()[0].Config) > best {
			better++
		}
	}
	if better < 14 || after < before/2 {
		t.Errorf("%d of %d searches beat their first race; newcomers are worth %.2f at first and %.2f at last", better, seeds, before, after)
	}
}

func TestTheTestTellsTheWorseFromTheBest(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	rows := func(n int, means ...float64) [][]float64 {
		all := make([][]float64, n)
		for i := range all {
			for _, m := range means {
				all[i] = append(all[i], m+.1*rng.NormFloat64())
			}
		}
		return all
	}
	for name, row := range map[string]struct {
		rows [][]float64
		want []bool
	}{
		"three":     {rows(8, 0, 1, .98), []bool{true, false, false}},
		"two":       {rows(8, 0, 1), []bool{true, false}},
		"the other": {rows(8, 1, 0), []bool{false, true}},
		"equal":     {[][]float64{{1, 1, 1}, {2, 2, 2}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}}, []bool{false, false, false}},
	} {
		got := worseThanBest(row.rows)
		for j := range got {
			if got[j] != row.want[j] {
				t.Errorf("%s: worse are %v, want %v", name, got, row.want)
				break
			}
		}
	}
}

func TestModelsSharpen(t *testing.T) {
	s := space.Space{knob("a", 1, 64), {Name: "word", Type: space.Choice, Values: []any{"x", "y", "z"}}, {Name: "rare", Type: space.Choice, Values: []any{"none", "some"}, Rare: true}}
	parent := Candidate{Config: record.Flat{"a": 8, "word": "y", "rare": "some"}}
	rng := rand.New(rand.NewPCG(3, 3))
	m := newModel(s)
	near := func(m model) (same, words int) {
		for range 2000 {
			c := m.draw(rng, s, parent)
			if !s.Contains(c) {
				t.Fatalf("%v is outside the space", c)
			}
			if a := c["a"].(int); a >= 4 && a < 16 {
				same++
			}
			if c["word"] == "y" && c["rare"] == "some" {
				words++
			}
		}
		return same, words
	}
	wide, free := near(m)
	sharp := m.sharpened(s, parent, .5, 5).sharpened(s, parent, .75, 5)
	narrow, bound := near(sharp)
	if narrow <= wide+300 || bound < 1200 || free > 200 {
		t.Errorf("of 2000 draws %d are near and %d have the parent's words; sharpened, %d and %d", wide, free, narrow, bound)
	}
	if m.deviation != raceReach || m.weights[1][0] != 1.0/3 {
		t.Error("sharpening changes the model it starts from")
	}
}
