package search

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"sluice/harness/record"
	"sluice/harness/search/surrogate"
)

// The pool of candidates that a block is chosen from.
const (
	poolRandom  = 60 // draws from the whole space
	poolNear    = 15 // of each reach around each of the best
	poolBest    = 6
	poolListed  = 1000 // a space of at most so many is listed whole
	climbRounds = 5
)

// nearReaches are the distances at which the neighbourhoods of the best are drawn.
func nearReaches() []float64 { return []float64{0.04, 0.1, 0.25} }

// stepReaches are the steps of one knob, beside the least.
func stepReaches() []float64 { return []float64{0.04, 0.12, 0.3} }

// improve fills the block with the candidates of greatest expected improvement.
func (b *builder) improve() {
	s := b.beliefs.now()
	if s.models[objective] == nil && !s.constrained() {
		b.design()
		return
	}
	p := newPool(b, s)
	p.fill()
	for !b.full() {
		best, score := p.best()
		if best < 0 || !(score > 0) {
			break
		}
		p.choose(p.climb(best, score))
	}
	b.design()
}

// pool is what a block is chosen from, with what each model predicts of it.
type pool struct {
	*builder
	state

	configs   []record.Flat
	ids       []string // of those measured before, empty of new ones
	predicted []*surrogate.Pool
	present   map[string]bool
	incumbent int // the one to improve upon; −1: nothing is feasible yet
	reference int // its index
	used      []bool
	noise     float64
}

func newPool(b *builder, s state) *pool {
	p := &pool{builder: b, state: s, predicted: make([]*surrogate.Pool, len(s.models)), present: map[string]bool{}, incumbent: -1}
	for i, m := range s.models {
		if m != nil {
			p.predicted[i] = m.Pool(nil)
		}
	}
	if m := s.models[objective]; m != nil {
		p.noise = m.Noise()
	}
	return p
}

// add takes a configuration in and returns its index.
func (p *pool) add(id string, config record.Flat) int {
	p.configs, p.ids, p.used = append(p.configs, config), append(p.ids, id), append(p.used, false)
	seen := p.builder.outside.view(config)
	for _, predicted := range p.predicted {
		if predicted != nil {
			predicted.Add(seen)
		}
	}
	return len(p.configs) - 1
}

// addNew takes a configuration of the space in, unless it is there or taken.
func (p *pool) addNew(knobs map[string]any) int {
	config, ok := p.whole(knobs)
	if !ok {
		return -1
	}
	key := config.String()
	if p.present[key] || p.taken[key] {
		return -1
	}
	p.present[key] = true
	return p.add("", config)
}

// fill takes in what was measured, draws from the whole space, the neighbours of
// the best and every step of the best.
func (p *pool) fill() {
	p.reference = p.add(ReferenceID, p.options.Reference)
	p.used[p.reference] = true
	for _, a := range p.arms {
		p.used[p.add(a.ID, a.Config)] = !a.sound()
	}
	p.incumbent = p.leader()
	if n, finite := p.options.Space.Size(); finite && n <= poolListed {
		grid, _ := p.options.Space.Grid(poolListed)
		for _, knobs := range grid {
			p.addNew(knobs)
		}
		return
	}
	parents := p.parents()
	for range poolRandom {
		p.addNew(p.options.Space.Random(p.rng))
	}
	for i, parent := range parents {
		for _, reach := range nearReaches() {
			for range poolNear {
				p.addNew(p.options.Space.Near(p.rng, p.configs[parent], reach))
			}
		}
		if i == 0 {
			p.addSteps(parent)
		}
	}
}

func (p *pool) addSteps(from int) (added []int) {
	for _, knobs := range p.options.Space.Steps(p.configs[from], stepReaches()...) {
		if p.seldom(p.configs[from], knobs) {
			continue
		}
		if i := p.addNew(knobs); i >= 0 {
			added = append(added, i)
		}
	}
	return added
}

// seldom leaves most steps of a rare knob out.
func (p *pool) seldom(from record.Flat, knobs map[string]any) bool {
	for _, param := range p.options.Space {
		if param.Rare && knobs[param.Name] != from[param.Name] {
			return p.rng.Float64() > 0.1
		}
	}
	return false
}

// feasibleAt is the probability that i runs and keeps every requirement.
func (p *pool) feasibleAt(i int) float64 {
	probability := 1.0
	for series, predicted := range p.predicted {
		if series != objective && predicted != nil {
			probability *= chance(series, predicted.Mean(i), predicted.Deviation(i))
		}
	}
	return probability
}

// leader is the measured candidate to rely on, the reference among them; −1 where
// none is believed feasible.
func (p *pool) leader() int {
	best, most := -1, math.Inf(-1)
	objective := p.predicted[objective]
	if objective == nil {
		return -1
	}
	for i := range p.configs {
		worth := objective.Mean(i) - caution*objective.DifferenceDeviation(i, p.reference)
		if p.measured(i) && worth > most && p.feasibleAt(i) >= believed {
			best, most = i, worth
		}
	}
	return best
}

// measured tells whether i has a value.
func (p *pool) measured(i int) bool {
	a := p.byID[p.ids[i]]
	return a != nil && a.ran > 0
}

// parents are the best few measured, the incumbent first.
func (p *pool) parents() []int {
	var order []int
	for i := range p.configs {
		order = append(order, i)
	}
	value := func(i int) float64 {
		v := p.feasibleAt(i)
		if p.predicted[objective] != nil && p.incumbent >= 0 {
			return p.predicted[objective].Mean(i) + math.Log(v+1e-3)
		}
		return v
	}
	values := make([]float64, len(order))
	for i := range order {
		values[i] = value(i)
		if i == p.incumbent {
			values[i] = math.Inf(1)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return downwards(values[a], values[b]) })
	return order[:min(poolBest, len(order))]
}

// score is the expected improvement of measuring i, lessened by noise, times the
// probability that i is feasible; where nothing is, that probability alone. New
// candidates are lessened too: without, searches came later to what is good. The
// root of Huang's factor did better than the factor, and that better than its
// square, which drives a search under wide noise away from what is known to be good.
func (p *pool) score(i int) float64 {
	feasible := p.feasibleAt(i)
	if p.incumbent < 0 {
		if p.ids[i] != "" { // tried, and not feasible
			return 0
		}
		return feasible
	}
	o := p.predicted[objective]
	deviation := o.DifferenceDeviation(i, p.incumbent)
	if deviation < 1e-9 {
		return 0
	}
	expected := feasible * improvement(o.Mean(i)-o.Mean(p.incumbent), deviation)
	return expected * math.Sqrt(1-p.noise/math.Hypot(o.Deviation(i), p.noise))
}

// improvement is E max(0, x) of a normal x.
func improvement(mean, deviation float64) float64 {
	z := mean / deviation
	return mean*distuv.UnitNormal.CDF(z) + deviation*math.Exp(-z*z/2)/math.Sqrt(2*math.Pi)
}

func (p *pool) best() (index int, score float64) {
	index = -1
	for i := range p.configs {
		if p.used[i] {
			continue
		}
		if s := p.score(i); s > score {
			index, score = i, s
		}
	}
	return index, score
}

// climb walks from i to ever better neighbours.
func (p *pool) climb(i int, score float64) int {
	if n, finite := p.options.Space.Size(); finite && n <= poolListed {
		return i
	}
	for range climbRounds {
		from := i
		for _, next := range p.addSteps(from) {
			if s := p.score(next); s > score {
				i, score = next, s
			}
		}
		if i == from {
			break
		}
	}
	return i
}

// choose puts i into the block, as if what is expected of it had been measured.
func (p *pool) choose(i int) {
	p.used[i] = true
	if p.ids[i] == "" {
		p.addDrawn(p.configs[i])
	} else {
		p.block = append(p.block, Candidate{ID: p.ids[i], Config: p.configs[i]})
	}
	for _, predicted := range p.predicted {
		if predicted != nil {
			predicted.Fantasise(i)
		}
	}
}
