package space

import (
	"math"
	"math/rand/v2"
	"testing"
)

func mixed() Space {
	return Space{
		{Name: "log", Type: Int, Scale: Log2, Min: 1, Max: 64},
		{Name: "log0", Type: Int, Scale: Log2, Min: 0, Max: 1000},
		{Name: "line", Type: Int, Min: -3, Max: 12},
		{Name: "size", Type: Size, Scale: Log2, Min: 1 << 10, Max: 1 << 20},
		{Name: "wait", Type: Duration, Scale: Log2, Min: 0.001, Max: 10},
		{Name: "levels", Type: Int, Scale: Log2, Min: 1, Max: 64, Levels: 4},
		{Name: "gogc", Type: Choice, Values: []any{25, 50, "off"}, Ordered: true},
		{Name: "word", Type: Choice, Values: []any{"a", "b", "c", "d", "e"}},
		{Name: "pin", Type: Bool},
		{Name: "rare", Type: Choice, Values: []any{"none", "locked", "partition"}, Rare: true},
		{Name: "fixed", Type: Int, Min: 7, Max: 7},
		{Name: "still", Type: Float, Min: 2, Max: 2},
	}
}

// shares walks each coordinate in small even steps and counts where it leads.
func shares(s Space) []map[any]float64 {
	const steps = 70_000
	counts := make([]map[any]float64, len(s))
	for i := range counts {
		counts[i] = map[any]float64{}
	}
	for step := range steps {
		u := make([]float64, len(s))
		for i := range u {
			u[i] = (float64(step) + 0.5) / steps
		}
		for i, p := range s {
			counts[i][s.FromUnit(u)[p.Name]] += 1.0 / steps
		}
	}
	return counts
}

func TestEveryValueOfAListHasAnEqualStretch(t *testing.T) {
	s := mixed()[5:9]
	for i, counts := range shares(s) {
		n, _ := s[i].count()
		if len(counts) != n {
			t.Errorf("%s: %d values are reached, want %d", s[i].Name, len(counts), n)
		}
		for value, share := range counts {
			if math.Abs(share-1/float64(n)) > 1e-4 {
				t.Errorf("%s = %v has %.4f of the interval, want 1/%d", s[i].Name, value, share, n)
			}
		}
	}
}

func TestEveryDoublingHasAnEqualStretch(t *testing.T) {
	s := Space{{Name: "n", Type: Int, Scale: Log2, Min: 1, Max: 63}}
	doublings := map[int]float64{}
	for value, share := range shares(s)[0] {
		doublings[int(math.Log2(float64(value.(int))))] += share
	}
	for d, share := range doublings {
		if len(doublings) != 6 || math.Abs(share-1.0/6) > 1e-4 {
			t.Errorf("doubling %d of %d has %.4f of the interval, want 1/6", d, len(doublings), share)
		}
	}
}

func TestRareKnobsAreAsRareInTheUnitCubeAsByChance(t *testing.T) {
	s := rareSpace()[2:]
	counts := shares(s)[0]
	for value, want := range map[any]float64{"none": 0.75 + 0.25/3, "locked": 0.25 / 3, "partition": 0.25 / 3} {
		if math.Abs(counts[value]-want) > 1e-4 {
			t.Errorf("%v has %.4f of the interval, want %.4f", value, counts[value], want)
		}
	}
	for i, want := range []float64{0.75 + 0.25/3, 0.25 / 3, 0.25 / 3} {
		if got := s[0].Unordered(); math.Abs(got[i]-want) > 1e-12 {
			t.Errorf("weights %v, want %.4f at %d", got, want, i)
		}
	}
}

// The two ways to draw must agree, or a spread of points were no better version of chance.
func TestTheUnitCubeIsSpreadAsChanceIs(t *testing.T) {
	const draws, seed = 40_000, 11
	rng := rand.New(rand.NewPCG(seed, seed))
	s := mixed()
	s = append(s[:4:4], s[5:]...) // a continuous one never repeats
	random := make([]map[any]float64, len(s))
	for range draws {
		config := s.Random(rng)
		for i, p := range s {
			if random[i] == nil {
				random[i] = map[any]float64{}
			}
			random[i][config[p.Name]] += 1.0 / draws
		}
	}
	for i, counts := range shares(s) {
		for value, share := range counts {
			if off := math.Abs(share - random[i][value]); off > 5*math.Sqrt(share/draws)+1e-4 {
				t.Errorf("seed %d: %s = %v has %.4f of the interval and %.4f of the draws", seed, s[i].Name, value, share, random[i][value])
			}
		}
	}
}

func TestToUnitLeadsBack(t *testing.T) {
	s, rng := mixed(), rand.New(rand.NewPCG(2, 2))
	for range 2000 {
		config := s.Random(rng)
		u := s.ToUnit(config)
		back := s.FromUnit(u)
		for i, p := range s {
			v, isNumber := number(config[p.Name])
			w, _ := number(back[p.Name])
			if u[i] < 0 || u[i] >= 1+1e-12 || config[p.Name] != back[p.Name] && !(isNumber && math.Abs(v/w-1) < 1e-9) {
				t.Fatalf("%s: %v stands at %g, which is %v", p.Name, config[p.Name], u[i], back[p.Name])
			}
		}
	}
}

func TestPointsBeyondTheCubeAreTakenToItsEnds(t *testing.T) {
	s := mixed()
	low, high := make([]float64, len(s)), make([]float64, len(s))
	for i := range s {
		low[i], high[i] = math.Inf(-1), 3
	}
	if c := s.FromUnit(low); c["log"] != 1 || c["word"] != "a" || c["wait"] != 0.001 {
		t.Errorf("below the cube: %v", c)
	}
	if c := s.FromUnit(high); c["log"] != 64 || c["word"] != "e" || c["rare"] != "partition" {
		t.Errorf("above the cube: %v", c)
	}
	if c := s.FromUnit([]float64{math.NaN()}); c["log"] != 8 || c["word"] != "c" || c["rare"] != "none" || !s.Contains(c) {
		t.Errorf("no coordinates: %v", c)
	}
	if got := s.ToUnit(map[string]any{"word": "zebra", "log": 1e9, "fixed": 7}); got[7] != 0.1 || !(got[0] > 0.98 && got[0] < 1) || got[10] != 0.5 || got[1] != 0.5 {
		t.Errorf("what is outside stands at %v", got)
	}
}
