package search

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"sluice/harness/record"
	"sluice/harness/search/surrogate"
)

// guidedStream is the random numbers of a guided search, see designStream.
const guidedStream = 0x677569646564 // "guided"

// Guided is a search led by a model of what was measured. It measures the starters
// and a few spread configurations, then block after block those of which the model
// expects the most improvement, and at last the contenders alone, so that none is
// recommended for its luck.
//
// The model is a Gaussian process ([surrogate]); the order of a block follows
// expected improvement with fantasies (Ginsbourger, Le Riche and Carraro,
// "Kriging is well-suited to parallelize optimization", 2010), lessened where
// noise would hide it (Huang et al., "Global optimization of stochastic black-box
// systems via sequential kriging meta-models", 2006) and times the probability to
// run and to keep every requirement (Gardner et al., "Bayesian Optimization with
// Inequality Constraints", 2014).
//
// An Ask costs some 20 ms after 150 launches and grows with their square.
type Guided struct {
	options Options
	outside outside
	results []Result
	arms    []*arm          // in the order in which they were first told, the reference left out
	byID    map[string]*arm // the reference among them
	beliefs beliefs

	named     map[string]string // every name that was given to a drawn configuration, by the configuration in words
	asked     [][]Candidate     // the answer to askedLeft, until the next Tell
	askedLeft int
}

// arm is a candidate that was measured.
type arm struct {
	Candidate

	trials int // all of them
	ran    int // those that ended well
}

// sound tells whether it never failed: what did is not recommended however good the
// rest of its trials, so that to measure it again would tell nothing.
func (a *arm) sound() bool { return a.ran == a.trials }

// NewGuided returns a search that has measured nothing. It fails where the space
// or the starters are malformed, and where there is nothing but the reference.
func NewGuided(o Options) (*Guided, error) {
	if _, err := newDesigner(o, nil); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(o.Starters, func(s Candidate) bool { return s.ID == ReferenceID }) {
		return nil, errors.New(`starter "reference": that name is the reference's; call it otherwise`)
	}
	g := &Guided{options: o, outside: newOutside(o), byID: map[string]*arm{}, named: map[string]string{}, askedLeft: -1}
	g.beliefs = newBeliefs(g)
	return g, nil
}

// Tell takes the results in. Those without a name or of a non-finite value teach
// what they can: a failure counts, a value that is no number does not.
func (g *Guided) Tell(results []Result) {
	for _, r := range results {
		g.beliefs.before(r)
		g.results = append(g.results, r)
		a := g.byID[r.ID]
		if a == nil {
			a = &arm{Candidate: Candidate{ID: r.ID, Config: r.Config}}
			g.byID[r.ID] = a
			if r.ID != ReferenceID {
				g.arms = append(g.arms, a)
			}
		}
		a.trials++
		if !r.Failed && !math.IsNaN(r.Value) && !math.IsInf(r.Value, 0) {
			a.ran++
		}
	}
	for _, block := range g.asked {
		for _, c := range block {
			g.named[c.Config.String()] = c.ID
		}
	}
	g.asked, g.askedLeft = nil, -1
}

// Ask returns one block, or nil where fewer than two launches are left or nothing
// is to be learned.
func (g *Guided) Ask(left int) [][]Candidate {
	if left != g.askedLeft {
		g.asked, g.askedLeft = nil, left
		if block := g.block(left); len(block) > 0 {
			g.asked = [][]Candidate{block}
		}
	}
	answer := make([][]Candidate, len(g.asked))
	for i, block := range g.asked {
		answer[i] = slices.Clone(block)
	}
	if len(answer) == 0 {
		return nil
	}
	return answer
}

// The shape of a search, chosen by replays (guided_test.go). A race of 12, 15 or 20
// in 100 launches made no difference that a dozen seeds show. A design of 15 or 20
// came later to within 5 % of the best, and so did less curiosity towards the end.
const (
	starterShare     = 6    // one launch in so many, at most, goes to starters
	raceShare        = 0.15 // of all launches go to contenders alone, at the end
	modelledStarters = 2    // starters of a block beside a model's picks
	designPoints     = 10   // spread configurations and starters measured before the model leads
)

// block is the next block.
func (g *Guided) block(left int) []Candidate {
	if left < 2 {
		return nil
	}
	b := g.newBuilder(min(BlockArms, left-1))
	total := len(g.results) + left
	switch {
	case len(g.arms) < min(designPoints, max(BlockArms, total/4)):
		b.starters(total)
		b.design()
		if len(b.block) == 0 { // a space of a few configurations, all measured
			b.race()
		}
	case float64(left) <= raceShare*float64(total):
		b.race()
	default:
		b.starters(total)
		b.improve()
	}
	return b.block
}

// builder puts one block together.
type builder struct {
	*Guided

	rng   *rand.Rand
	size  int
	taken map[string]bool // configurations that are in the block, were measured or are the reference
	names map[string]bool
	drawn int
	block []Candidate
}

func (g *Guided) newBuilder(size int) *builder {
	b := &builder{
		Guided: g, size: size, taken: map[string]bool{g.options.Reference.String(): true}, names: map[string]bool{},
		rng: rand.New(rand.NewPCG(g.options.Seed, guidedStream+uint64(len(g.results)))),
	}
	for _, s := range g.options.Starters {
		b.names[s.ID] = true
	}
	for _, a := range g.arms {
		b.names[a.ID], b.taken[a.Config.String()] = true, true
	}
	for _, id := range g.named {
		b.names[id] = true
	}
	return b
}

func (b *builder) full() bool { return len(b.block) >= b.size }

// add takes a new configuration into the block.
func (b *builder) add(id string, config record.Flat) {
	if key := config.String(); !b.full() && !b.taken[key] {
		b.taken[key] = true
		b.block = append(b.block, Candidate{ID: id, Config: config})
	}
}

// addDrawn names a configuration by the first of c01, c02 … that is free, or as it
// was called when it was asked for and not measured.
func (b *builder) addDrawn(config record.Flat) {
	key := config.String()
	if b.full() || b.taken[key] {
		return
	}
	if id, ok := b.named[key]; ok {
		b.add(id, config)
		return
	}
	for b.drawn++; ; b.drawn++ {
		if id := fmt.Sprintf("c%02d", b.drawn); !b.names[id] {
			b.add(id, config)
			return
		}
	}
}

// starters adds those not yet measured, in their order and within their share of
// the launches, but a first block of them in any case. Beside a model they are two a
// block, those first of which it expects most: what it has to offer comes at once.
func (b *builder) starters(total int) {
	most, room, list := max(BlockArms, total/starterShare), b.size, b.options.Starters
	if b.options.Prior != nil {
		room = min(room, modelledStarters)
		list = slices.Clone(list)
		slices.SortStableFunc(list, func(x, y Candidate) int { return downwards(b.expects(x.Config), b.expects(y.Config)) })
	}
	for i, s := range list {
		if i < most && len(b.block) < room && b.byID[s.ID] == nil {
			b.add(s.ID, s.Config)
		}
	}
}

// expects is the prior model's gain of a configuration; of what it does not know, the
// least.
func (b *builder) expects(c record.Flat) float64 {
	gain, _, ok := b.options.Prior(c)
	if !ok || math.IsNaN(gain) {
		return math.Inf(-1)
	}
	return gain
}

// whole completes a configuration of the space from the reference; ok is false
// where it cannot run.
func (g *Guided) whole(knobs map[string]any) (config record.Flat, ok bool) {
	config = make(record.Flat, len(g.options.Reference)+len(knobs))
	maps.Copy(config, g.options.Reference)
	maps.Copy(config, knobs)
	return config, g.options.Valid == nil || g.options.Valid(config)
}

// outside tells configurations apart that differ beyond the space: starters may,
// and the model would take them for the same.
type outside struct {
	space []string // knobs of the space
	parts []any    // what is beyond, in words; the reference's first
}

// outsideKnob is what the model calls it; no knob's name begins with a space.
const outsideKnob = " outside"

func newOutside(o Options) outside {
	var out outside
	for _, p := range o.Space {
		out.space = append(out.space, p.Name)
	}
	out.parts = []any{out.words(o.Reference)}
	for _, s := range o.Starters {
		if words := out.words(s.Config); !slices.Contains(out.parts, any(words)) {
			out.parts = append(out.parts, words)
		}
	}
	return out
}

func (o outside) words(c record.Flat) string {
	rest := maps.Clone(c)
	maps.DeleteFunc(rest, func(name string, _ any) bool { return slices.Contains(o.space, name) || name == outsideKnob })
	return rest.String()
}

// view is the configuration as the model sees it.
func (o outside) view(c record.Flat) record.Flat {
	if len(o.parts) < 2 {
		return c
	}
	seen := maps.Clone(c)
	seen[outsideKnob] = o.words(c)
	return seen
}

// blind undoes view.
func (o outside) blind(c record.Flat) record.Flat {
	if len(o.parts) < 2 {
		return c
	}
	plain := maps.Clone(c)
	delete(plain, outsideKnob)
	return plain
}

var _ Strategy = (*Guided)(nil)

// observation is a result as the model takes it.
func (o outside) observation(r Result, value float64) surrogate.Observation {
	return surrogate.Observation{Config: o.view(r.Config), Block: r.Block, Value: value}
}
