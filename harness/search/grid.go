package search

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// Grid measures every configuration of the space in seeded random order, the
// starters first, then all of them again as long as launches last. What failed is
// not measured again.
type Grid struct {
	ledger

	all   []Candidate
	queue []Candidate // of this round
	seed  uint64
	round int
	asked [][]Candidate
}

// gridStream is the stream of random numbers that order a grid.
const gridStream = 0x67726964 // "grid"

// NewGrid lists the space. It is an error when the options are wrong, or the space
// holds nothing but the reference, more than 65,536 configurations or a continuous
// range.
func NewGrid(o Options) (*Grid, error) {
	d, err := newDesigner(o, nil)
	if err != nil {
		return nil, err
	}
	cells, err := o.Space.Grid(gridLimit)
	if err != nil {
		return nil, fmt.Errorf("search the whole grid: %w", err)
	}
	rng := rand.New(rand.NewPCG(o.Seed, gridStream))
	rng.Shuffle(len(cells), func(i, j int) { cells[i], cells[j] = cells[j], cells[i] })
	all := d.waiting
	for _, cell := range cells {
		if c, ok := d.offer(cell); ok {
			all = append(all, c)
		}
	}
	return &Grid{ledger: newLedger(), all: all, queue: slices.Clone(all), seed: o.Seed}, nil
}

// Ask returns one block.
func (g *Grid) Ask(left int) [][]Candidate {
	if g.asked != nil || left < 2 {
		return g.asked
	}
	if len(g.queue) == 0 {
		g.deal()
	}
	if n := min(BlockArms, left-1, len(g.queue)); n > 0 {
		g.asked = [][]Candidate{slices.Clone(g.queue[:n])}
		g.queue = g.queue[n:]
	}
	return g.asked
}

// deal begins another round.
func (g *Grid) deal() {
	g.round++
	for _, c := range g.all {
		if !g.failed(c.ID) {
			g.queue = append(g.queue, c)
		}
	}
	rng := rand.New(rand.NewPCG(g.seed, gridStream+uint64(g.round)))
	rng.Shuffle(len(g.queue), func(i, j int) { g.queue[i], g.queue[j] = g.queue[j], g.queue[i] })
}

// Tell enters the results.
func (g *Grid) Tell(results []Result) {
	if g.asked != nil {
		g.add(results)
		g.asked = nil
	}
}
