package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"

	"sluice/harness/record"
	"sluice/harness/search/replay"
)

// recorded is a table: what a search measures is drawn from one half of its rounds,
// what is true is told by the other (package replay says how). A block of launches
// shares the level of a recorded block; a peer's launch is a block of its own, since
// it asks for no more than one at a time.
type recorded struct {
	*replay.Recorded
	level float64 // of the reference: a typical logarithm of the objective
}

// levelDraws make the level's own error a hundredth of a block's.
const levelDraws = 10_000

// readTable reads a table and makes a problem of it.
func readTable(path string) (recorded, error) {
	f, err := os.Open(path)
	if err != nil {
		return recorded{}, err
	}
	defer f.Close()
	table, err := replay.ReadTable(path, f)
	if err != nil {
		return recorded{}, err
	}
	ground, err := replay.Record(table)
	if err != nil {
		return recorded{}, fmt.Errorf("%s: %w", path, err)
	}
	rng := rand.New(rand.NewPCG(0, levelDraws))
	sum, n := 0.0, 0.0
	for range levelDraws {
		if m := ground.Block(rng, replay.Drawing, nil)[0]; !m.Failed {
			sum, n = sum+m.Value, n+1
		}
	}
	if n == 0 {
		return recorded{}, fmt.Errorf("%s: no trial of the reference ended well", path)
	}
	return recorded{ground, sum / n}, nil
}

func (r recorded) Name() string  { return r.About().Name }
func (r recorded) Best() float64 { return r.level + r.Recorded.Best() }

// Truth is −Inf where the table holds no trial that ended well. The reference need
// not be in the grid.
func (r recorded) Truth(c record.Flat) float64 {
	if !r.Holds(c) && r.isReference(c) {
		return r.level
	}
	return r.level + r.Gain(c)
}

func (r recorded) isReference(c record.Flat) bool { return c.String() == r.Reference().String() }

// Measure shows −Inf for a trial that failed. The reference is measured where it
// heads the block, as ours do.
func (r recorded) Measure(seed uint64, launch int, block []record.Flat) []float64 {
	rest := block
	if r.isReference(block[0]) {
		rest = block[1:]
	}
	drawn := r.Block(rand.New(rand.NewPCG(seed, uint64(launch))), replay.Drawing, rest)
	if len(rest) == len(block) {
		drawn = drawn[1:]
	}
	shown := make([]float64, len(drawn))
	for i, m := range drawn {
		if shown[i] = m.Value; m.Failed {
			shown[i] = math.Inf(-1)
		}
	}
	return shown
}
