package replay

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"sluice/harness/record"
	"sluice/harness/search"
	"sluice/harness/space"
)

// grid is a table made up of known effects: io.workers helps up to a point, a batch
// costs a little, and each measurement has normal noise.
type grid struct {
	rounds int
	noise  float64
	drift  float64                  // of the level, in each round
	fails  func(c record.Flat) bool // configurations that never end well
	extra  func(round int, c record.Flat) float64
}

func (grid) truth(c record.Flat) float64 {
	io, _ := c.Float("io.workers")
	batch, _ := c.Float("batch")
	return math.Log(io/(1+io*io/100)) - 0.02*batch
}

func (g grid) make(t *testing.T) Table {
	t.Helper()
	tb := Table{
		Name: "made-up", Question: "What if?", Objective: record.Throughput, Machine: "none", Scenario: "made/up/2c", Version: "test",
		Recorded: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), Metrics: []string{record.Throughput, record.P99},
		Reference: record.Flat{"io.workers": int64(3), "batch": int64(1), "gogc": int64(100)},
		Space: space.Space{
			{Name: "io.workers", Type: space.Int, Scale: space.Log2, Values: []any{int64(1), int64(2), int64(4), int64(8), int64(16), int64(32)}},
			{Name: "batch", Type: space.Int, Values: []any{int64(1), int64(2), int64(4), int64(8)}},
		},
		Starters: []search.Candidate{{ID: "four", Config: record.Flat{"io.workers": int64(4), "batch": int64(1)}}},
	}
	rng := rand.New(rand.NewPCG(7, 7))
	var cells []record.Flat
	for _, io := range tb.Space[0].Values {
		for _, batch := range tb.Space[1].Values {
			cells = append(cells, record.Flat{"io.workers": io, "batch": batch})
		}
	}
	row := func(round, block int, c record.Flat) {
		of := c
		if c == nil {
			of = tb.Reference
		}
		value := g.truth(of) + g.drift*float64(round) + 0.1*float64(block%3) + g.noise*rng.NormFloat64()
		if g.extra != nil {
			value += g.extra(round, of)
		}
		tr := Trial{Config: c, Round: round, Block: block, Status: record.OK, Values: []float64{1e6 * math.Exp(value), 0.01}}
		if c != nil && g.fails != nil && g.fails(c) {
			tr.Status, tr.Values = record.Failed, []float64{math.NaN(), math.NaN()}
		}
		tb.Trials = append(tb.Trials, tr)
	}
	block := 0
	for round := range g.rounds {
		rng.Shuffle(len(cells), func(i, j int) { cells[i], cells[j] = cells[j], cells[i] })
		for i, c := range cells {
			if i%search.BlockArms == 0 {
				block++
				row(round, block, nil)
			}
			row(round, block, c)
		}
	}
	return tb
}

func (g grid) ground(t *testing.T) *Recorded {
	t.Helper()
	ground, err := Record(g.make(t))
	if err != nil {
		t.Fatal(err)
	}
	return ground
}

// scripted asks for what it is told to and recommends what it is told to.
type scripted struct {
	asks   [][][]search.Candidate
	says   func(told []search.Result) []search.Standing
	told   []search.Result
	lefts  []int
	asked  int
	onTell func([]search.Result)
}

func (s *scripted) Ask(left int) [][]search.Candidate {
	s.lefts = append(s.lefts, left)
	if s.asked >= len(s.asks) {
		return nil
	}
	return s.asks[s.asked]
}

func (s *scripted) Tell(results []search.Result) {
	s.asked++
	s.told = append(s.told, results...)
	if s.onTell != nil {
		s.onTell(results)
	}
}

func (s *scripted) Standings() []search.Standing {
	if s.says == nil {
		return nil
	}
	return s.says(s.told)
}

func (s *scripted) entrant() search.Spec {
	return search.Spec{Name: "scripted", New: func(search.Options) (search.Strategy, error) { copied := *s; return &copied, nil }}
}

func candidate(io, batch int) search.Candidate {
	return search.Candidate{ID: fmt.Sprintf("%d-%d", io, batch), Config: record.Flat{"io.workers": int64(io), "batch": int64(batch), "gogc": int64(100)}}
}

func standing(c search.Candidate, gain float64) search.Standing {
	return search.Standing{Candidate: c, Trials: 1, Gain: gain, Feasible: 1}
}

// naive draws at random, measures once and believes the greatest figure.
func naive() search.Spec {
	return search.Spec{Name: "naive", New: func(o search.Options) (search.Strategy, error) {
		rng := rand.New(rand.NewPCG(o.Seed, 17))
		s := &scripted{says: luckiest}
		for range 50 {
			var block []search.Candidate
			for i := range search.BlockArms {
				config := maps.Clone(o.Reference)
				maps.Copy(config, o.Space.Random(rng))
				block = append(block, search.Candidate{ID: fmt.Sprintf("%d-%d", len(s.asks), i), Config: config})
			}
			s.asks = append(s.asks, [][]search.Candidate{block})
		}
		return s, nil
	}}
}

// luckiest is the candidate of the greatest log ratio to the reference.
func luckiest(told []search.Result) []search.Standing {
	reference := map[int]float64{}
	for _, r := range told {
		if r.ID == search.ReferenceID {
			reference[r.Block] = r.Value
		}
	}
	best := search.Standing{Gain: math.Inf(-1)}
	for _, r := range told {
		if gain := r.Value - reference[r.Block]; r.ID != search.ReferenceID && gain > best.Gain {
			best = standing(search.Candidate{ID: r.ID, Config: r.Config}, gain)
		}
	}
	return []search.Standing{best}
}
