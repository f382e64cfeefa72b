package search

import (
	"maps"
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
// lies nearer to it than chance does. Beside a model's picks chance looks elsewhere.
func (b *builder) drawSet(n int) []record.Flat {
	var set []record.Flat
	for try := 0; try < 20*n && len(set) < n; try++ {
		knobs := b.options.Space.Random(b.rng)
		if len(set)%2 == 0 && b.options.Prior == nil {
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

// By how much the prior model's picks stand apart, and how much of its gain a pick may
// give up to differ from the reference in fewer knobs: less than the model's own error,
// so that those knobs would be moved for nothing.
const (
	expectedDraws = 2000
	expectedApart = 0.1 // squared distance within which a pick repeats another
	repeatCosts   = 0.3 // a logarithm, for a pick that is another
	idleGain      = 0.02
)

// expected adds the best that the prior model knows of, each apart from what was
// chosen or measured before, and leaves one place for chance.
func (b *builder) expected() {
	var drawn []record.Flat
	for range expectedDraws {
		if config, ok := b.whole(b.options.Space.Random(b.rng)); ok && !b.taken[config.String()] {
			drawn = append(drawn, config)
		}
	}
	for range b.size - len(b.block) - 1 {
		best, most := record.Flat(nil), math.Inf(-1)
		for _, config := range drawn {
			if hope, ok := b.hope(config); ok && hope > most {
				best, most = config, hope
			}
		}
		if best == nil {
			return
		}
		b.addDrawn(b.plain(b.climbHope(best)))
	}
}

// hope is the prior model's gain, lessened where the configuration repeats what is in
// the block or was measured; ok is false of what cannot be chosen.
func (b *builder) hope(c record.Flat) (hope float64, ok bool) {
	if b.taken[c.String()] {
		return 0, false
	}
	gain := b.expects(c)
	if math.IsInf(gain, -1) {
		return 0, false
	}
	nearest := 1.0
	for _, other := range b.block {
		nearest = min(nearest, b.apart(c, other.Config)/expectedApart)
	}
	for _, other := range b.arms {
		nearest = min(nearest, b.apart(c, other.Config)/expectedApart)
	}
	return gain - repeatCosts*(1-nearest), true
}

// climbHope walks uphill, one knob at a time.
func (b *builder) climbHope(from record.Flat) record.Flat {
	at, _ := b.hope(from)
	for range 20 {
		moved := false
		for _, knobs := range b.options.Space.Steps(from, stepReaches()...) {
			next, ok := b.whole(knobs)
			if !ok {
				continue
			}
			if hope, ok := b.hope(next); ok && hope > at {
				from, at, moved = next, hope, true
			}
		}
		if !moved {
			break
		}
	}
	return from
}

// plain puts knobs back to where the reference has them, the cheapest first, as long
// as all that together costs less hope than idleGain.
func (b *builder) plain(from record.Flat) record.Flat {
	top, _ := b.hope(from)
	for {
		best, most := record.Flat(nil), top-idleGain
		for _, p := range b.options.Space {
			if from[p.Name] == b.options.Reference[p.Name] {
				continue
			}
			knobs := maps.Clone(from)
			knobs[p.Name] = b.options.Reference[p.Name]
			next, ok := b.whole(knobs)
			if !ok || !b.options.Space.Contains(next) {
				continue
			}
			if hope, ok := b.hope(next); ok && hope >= most {
				best, most = next, hope
			}
		}
		if best == nil {
			return from
		}
		from = best
	}
}
