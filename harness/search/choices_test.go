package search

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"sluice/harness/record"
	"sluice/harness/space"
)

// hall is the surface with the choices of a built scanner beside its numbers.
// Most choices matter little, and most of what differs is worse than what a
// careful person starts with; so it was measured of scanners.
type hall struct {
	surface
	worth map[string]map[string]float64 // of a word, as a factor of speed
}

func newHall(t *testing.T, choices int) hall {
	t.Helper()
	h := hall{surface: newSurface(t), worth: map[string]map[string]float64{}}
	for _, c := range []struct {
		name  string
		words []any
		worth []float64
	}{
		{"cpu.scheduler", []any{"queue", "per-file", "steal"}, []float64{1, 0.93, 1.01}},
		{"source.order", []any{"walk", "largest-first", "smallest-first"}, []float64{1, 1.02, 0.94}},
		{"cpu.pin", []any{"none", "locked", "partition"}, []float64{1, 0.99, 0.85}},
		{"io.reader", []any{"read", "mmap"}, []float64{1, 0.98}},
	}[:choices] {
		h.space = append(h.space, space.Param{Name: c.name, Type: space.Choice, Values: c.words, Rare: c.name == "cpu.pin" || c.name == "io.reader"})
		h.reference[c.name] = c.words[0]
		h.worth[c.name] = map[string]float64{}
		for i, word := range c.words {
			h.worth[c.name][word.(string)] = c.worth[i]
		}
	}
	return h
}

func (h hall) speedOf(c record.Flat) float64 {
	speed := h.surface.speed(c)
	for name, worth := range h.worth {
		speed *= worth[c[name].(string)]
	}
	return speed
}

// starters are three guesses, all with the reference's words but one.
func (h hall) starters() []Candidate {
	var list []Candidate
	for _, s := range []struct {
		id     string
		change record.Flat
	}{
		{"deep", record.Flat{"io.workers": 64, "channel.buffer": 1000}},
		{"lean", record.Flat{"io.workers": 8, "cpu.scheduler": "per-file"}},
		{"prompt", record.Flat{"io.workers": 64, "channel.buffer": 1}},
	} {
		config := maps.Clone(h.reference)
		for name, value := range s.change {
			if _, known := config[name]; known {
				config[name] = value
			}
		}
		list = append(list, Candidate{ID: s.id, Config: config})
	}
	return list
}

func (h hall) run(t *testing.T, seed uint64, p Plan, noise float64) float64 {
	t.Helper()
	s, err := NewLadder(Options{Space: h.space, Reference: h.reference, Starters: h.starters(), Seed: seed}, p)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(seed, 99))
	sums, counts := map[string]float64{}, map[string]float64{}
	for blocks := s.Ask(); blocks != nil; blocks = s.Ask() {
		for _, block := range blocks {
			measure := func(c record.Flat) float64 { return math.Log(h.speedOf(c)) + noise*rng.NormFloat64() }
			reference := measure(h.reference)
			for _, arm := range block {
				sums[arm.ID] += measure(arm.Config) - reference
				counts[arm.ID]++
			}
		}
		s.Tell(func(c Candidate) float64 { return sums[c.ID] / counts[c.ID] })
	}
	return h.speedOf(s.Survivors()[0].Config)
}

// mean is the mean worth of what searches with as many trials find, over seeds, as
// a share of the best there is.
func (h hall) mean(t *testing.T, trials int) float64 {
	t.Helper()
	p, err := MakeStarterPlan(trials)
	if trials >= refineLeast {
		p, err = MakeRefiningPlan(trials, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	best := h.optimum
	for _, worth := range h.worth {
		best *= slices.Max(slices.Collect(maps.Values(worth)))
	}
	const seeds, noise = 200, 0.03
	sum := 0.0
	for seed := range uint64(seeds) {
		sum += math.Log(h.run(t, seed, p, noise) / best)
	}
	return math.Exp(sum / seeds)
}

// TestChoicesThatSeldomPayCostLittle holds four choices, two of them rare, against
// the two alone that always were. What a search finds on average, as a share of the
// best, at 3 % noise, as counted when this was written (200 seeds):
//
//	                                        40     59     60    120 trials
//	two choices                            0.805  0.853  0.869  0.926
//	four, drawn like any other             0.783  0.824  0.847  0.905
//	four, two of them rare                 0.797  0.840  0.866  0.913
//	the same, where the rare pay 10 %      0.736  0.783  0.811  0.873
//	the same, with the rare left alone     0.730  0.774  0.788  0.840
//
// So the tuner leaves rare choices alone below 60 trials, and loses nothing there;
// from 60 trials on it draws them, and loses little.
func TestChoicesThatSeldomPayCostLittle(t *testing.T) {
	for _, trials := range []int{40, 59, 60, 120} {
		today := newHall(t, 2).mean(t, trials)
		all := newHall(t, 4)
		for i := range all.space {
			all.space[i].Rare = false
		}
		rare := newHall(t, 4)
		plain, got := all.mean(t, trials), rare.mean(t, trials)
		rare.space = rare.space.Common()
		common := rare.mean(t, trials)
		paying := newHall(t, 4)
		paying.worth["cpu.pin"]["locked"], paying.worth["io.reader"]["mmap"] = 1.05, 1.05
		pays := paying.mean(t, trials)
		paying.space = paying.space.Common()
		without := paying.mean(t, trials)
		t.Logf("%d trials: two choices %.3f; four: alike %.3f, rare %.3f, common %.3f; where they pay: rare %.3f, common %.3f", trials, today, plain, got, common, pays, without)
		if common < 0.995*today {
			t.Errorf("%d trials: %.3f with rare choices left alone, %.3f without them; want no loss", trials, common, today)
		}
		if trials >= refineLeast && (got < 0.985*today || got < plain || pays < 1.01*without) {
			t.Errorf("%d trials: rare choices find %.3f (alike %.3f, today %.3f), and %.3f where they pay (%.3f without); want little lost and more gained", trials, got, plain, today, pays, without)
		}
	}
}

// Some knobs exclude each other: a trial of both would fail and teach nothing.
func TestWhatCannotRunIsNotDrawn(t *testing.T) {
	h := newHall(t, 4)
	contradicts := func(c record.Flat) bool { return c["cpu.scheduler"] == "per-file" && c["cpu.pin"] == "partition" }
	o := Options{Space: h.space, Reference: h.reference, Seed: 5}
	count := func() (n int) {
		all, err := Design(o, 300)
		if err != nil || len(all) != 300 {
			t.Fatalf("%d candidates, error %v; want 300", len(all), err)
		}
		for _, c := range all {
			if contradicts(c.Config) {
				n++
			}
		}
		return n
	}
	if count() == 0 {
		t.Fatal("no draw contradicts itself, and the test says nothing")
	}
	o.Valid = func(c record.Flat) bool { return !contradicts(c) }
	if n := count(); n > 0 {
		t.Errorf("seed %d: %d of 300 candidates cannot run", o.Seed, n)
	}
}
