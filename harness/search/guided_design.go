package search

import (
	"math"
	"slices"

	"sluice/harness/record"
)

// spreadTries is how many designs are drawn to choose the most spread of.
const spreadTries = 30

// design fills the block with what lies far apart; with a model of old, with what
// it holds to be best.
func (b *builder) design() {
	if b.full() {
		return
	}
	if b.options.Prior != nil {
		b.expected()
	}
	var best []record.Flat
	widest := -1.0
	for range spreadTries {
		drawn := b.drawSet(b.size - len(b.block))
		if width := b.spread(drawn); len(drawn) > len(best) || len(drawn) == len(best) && width > widest {
			best, widest = drawn, width
		}
	}
	for _, config := range best {
		b.addDrawn(config)
	}
	b.list()
}

// nearReference is how far from the reference the near part of a design stands.
const nearReference = 0.3

// drawSet draws up to n configurations that are not taken, every other one in the
// wide neighbourhood of the reference: a person chose it, so most of what is good
// lies nearer to it than chance does.
func (b *builder) drawSet(n int) []record.Flat {
	var set []record.Flat
	for try := 0; try < 20*n && len(set) < n; try++ {
		knobs := b.options.Space.Random(b.rng)
		if len(set)%2 == 0 {
			knobs = b.options.Space.Near(b.rng, b.options.Reference, nearReference)
		}
		if config, ok := b.whole(knobs); ok && !b.taken[config.String()] {
			set = append(set, config)
		}
	}
	return set
}

// spread is the least distance within the set and to what is in the block.
func (b *builder) spread(set []record.Flat) float64 {
	all := slices.Clone(set)
	for _, c := range b.block {
		all = append(all, c.Config)
	}
	for _, a := range b.arms {
		all = append(all, a.Config)
	}
	least := math.Inf(1)
	for i := range set {
		for j := i + 1; j < len(all); j++ {
			least = min(least, b.apart(set[i], all[j]))
		}
	}
	return least
}

// apart is the squared distance of two configurations, knobs placed on their
// scales; another word is half a scale away.
func (g *Guided) apart(a, c record.Flat) float64 {
	sum := 0.0
	for _, p := range g.options.Space {
		x, ordered := p.Place(a[p.Name])
		y, _ := p.Place(c[p.Name])
		switch {
		case ordered:
			sum += (x - y) * (x - y)
		case x != y:
			sum += 0.25
		}
	}
	return sum
}

// list fills the block from the list of a small space, in random order, where
// draws only found what is taken.
func (b *builder) list() {
	if b.full() {
		return
	}
	grid, err := b.options.Space.Grid(gridLimit)
	if err != nil {
		return
	}
	b.rng.Shuffle(len(grid), func(i, j int) { grid[i], grid[j] = grid[j], grid[i] })
	for _, knobs := range grid {
		if b.full() {
			return
		}
		if config, ok := b.whole(knobs); ok {
			b.addDrawn(config)
		}
	}
}

// expected adds the best that the prior model knows of, each apart from those
// before, and leaves one place for chance.
func (b *builder) expected() {
	type guess struct {
		config record.Flat
		gain   float64
	}
	var guesses []guess
	for range 2000 {
		if config, ok := b.whole(b.options.Space.Random(b.rng)); ok && !b.taken[config.String()] {
			if gain, _, ok := b.options.Prior(config); ok && !math.IsNaN(gain) {
				guesses = append(guesses, guess{config, gain})
			}
		}
	}
	for range b.size - len(b.block) - 1 {
		best, most := -1, math.Inf(-1)
		for i, candidate := range guesses {
			nearest := 1.0
			for _, c := range b.block {
				nearest = min(nearest, b.apart(candidate.config, c.Config)/0.1)
			}
			if score := candidate.gain - 0.3*(1-nearest); score > most && nearest > 0 {
				best, most = i, score
			}
		}
		if best < 0 {
			return
		}
		b.addDrawn(b.climbPrior(guesses[best].config))
	}
}

// climbPrior walks uphill on the prior model, one knob at a time.
func (b *builder) climbPrior(from record.Flat) record.Flat {
	at, _, _ := b.options.Prior(from)
	for range 20 {
		moved := false
		for _, knobs := range b.options.Space.Steps(from, stepReaches()...) {
			if next, ok := b.whole(knobs); ok && !b.taken[next.String()] {
				if gain, _, known := b.options.Prior(next); known && gain > at {
					from, at, moved = next, gain, true
				}
			}
		}
		if !moved {
			break
		}
	}
	return from
}
