package replay

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"sluice/harness/decide"
	"sluice/harness/record"
	"sluice/harness/search"
)

// step is a true gain that holds from a launch on.
type step struct {
	launch int
	gain   float64
}

// path is one replayed search.
type path struct {
	recommended []step // what would be recommended; before the first is told, the reference
	hits        []step // the best tried so far, each better than the one before
	launches    int
	chosen      record.Flat // recommended at the end; nil: the reference
	claimed     float64     // gain that the strategy claims of it
	confirmed   *confirmed
}

// confirmed is the end of a path whose choice met the reference again.
type confirmed struct {
	ratio   record.Ratio
	verdict record.Verdict
	kept    bool // the reference
	failed  bool // a trial did not end well
	gain    float64
}

// open makes the strategy of one search.
func open(g Ground, e search.Spec, o Options, seed uint64) (search.Strategy, error) {
	opts := search.Options{Space: g.Space(), Reference: g.Reference(), Seed: seed, Valid: g.Holds, Prior: o.prior(g)}
	if o.Start {
		opts.Starters = g.Starters()
	}
	s, err := e.New(opts)
	if err != nil {
		return nil, fmt.Errorf("%s on %s: %w", e.Name, g.About().Name, err)
	}
	return s, nil
}

// play replays one search and the confirmation of what it chose.
func play(g Ground, e search.Spec, o Options, seed uint64) (path, error) {
	s, err := open(g, e, o, seed)
	if err != nil {
		return path{}, err
	}
	p := path{recommended: []step{{0, 0}}, hits: []step{{1, 0}}} // the reference is the first that is tried
	m := measurer{ground: g, rng: rand.New(rand.NewPCG(seed, measureStream)), all: o.Launches, left: o.Launches - o.calibrated(g)}
	for m.left > 1 {
		blocks := s.Ask(m.left)
		if len(blocks) == 0 {
			break
		}
		results, err := m.measure(blocks, &p)
		if err != nil {
			return path{}, fmt.Errorf("%s, seed %d: %w", e.Name, seed, err)
		}
		s.Tell(results)
		p.launches = o.Launches - m.left
		p.recommend(g, s.Standings())
	}
	if o.Confirm > 0 {
		p.confirm(g, o, seed)
	}
	return p, nil
}

// measurer draws blocks while launches are left.
type measurer struct {
	ground Ground
	rng    *rand.Rand
	all    int // launches at the start
	left   int
	blocks int
}

// measure draws the blocks asked for as far as launches go; what a cut block lacks
// is not told.
func (m *measurer) measure(blocks [][]search.Candidate, p *path) ([]search.Result, error) {
	var results []search.Result
	for _, block := range blocks {
		block = block[:min(len(block), m.left-1)]
		if len(block) == 0 {
			break
		}
		configs := make([]record.Flat, len(block))
		for i, c := range block {
			if configs[i] = c.Config; !m.ground.Holds(c.Config) {
				return nil, fmt.Errorf("it asks for %s, which %s does not hold", c.Config, m.ground.About().Name)
			}
		}
		for i, drawn := range m.ground.Block(m.rng, Drawing, configs) {
			r := search.Result{ID: search.ReferenceID, Config: m.ground.Reference(), Block: m.blocks, Value: drawn.Value, Failed: drawn.Failed}
			if i > 0 {
				r.ID, r.Config = block[i-1].ID, block[i-1].Config
			}
			results = append(results, r)
		}
		m.try(p, configs)
		m.left -= 1 + len(block)
		m.blocks++
	}
	if len(results) == 0 {
		return nil, fmt.Errorf("it asks for blocks without candidates")
	}
	return results, nil
}

// try notes what a block's configurations are truly worth, in the random order in
// which the block is measured.
func (m *measurer) try(p *path, configs []record.Flat) {
	before := m.all - m.left
	for i, at := range m.rng.Perm(1 + len(configs)) {
		if at == 0 {
			continue
		}
		if gain := m.ground.Gain(configs[at-1]); gain > p.hits[len(p.hits)-1].gain {
			p.hits = append(p.hits, step{before + i + 1, gain})
		}
	}
}

// doubtful is the probability of running and keeping the requirements below which
// a candidate is not recommended.
const doubtful = 0.5

// recommend notes what would be recommended now: the first of the standings if it is
// thought to be better than the reference, else the reference.
func (p *path) recommend(g Ground, standings []search.Standing) {
	p.chosen, p.claimed = nil, 0
	gain := 0.0
	if len(standings) > 0 && standings[0].Gain > 0 && standings[0].Feasible >= doubtful {
		p.chosen, p.claimed = standings[0].Config, standings[0].Gain
		gain = g.Gain(p.chosen)
	}
	p.recommended = append(p.recommended, step{p.launches, gain})
}

// at is the true gain of what is recommended after so many launches.
func (p path) at(launch int) float64 {
	i, _ := slices.BinarySearchFunc(p.recommended, launch+1, func(s step, l int) int { return s.launch - l })
	return p.recommended[max(0, i-1)].gain
}

// end is the true gain of what is recommended at the end.
func (p path) end() float64 { return p.recommended[len(p.recommended)-1].gain }

// reached is the first launch from which all that is recommended lies within eps of
// the best; ok is false where it does not at the end.
func (p path) reached(best, eps float64) (launch int, ok bool) {
	for i := len(p.recommended) - 1; i >= 0; i-- {
		if !within(p.recommended[i].gain, best, eps) {
			break
		}
		launch, ok = p.recommended[i].launch, true
	}
	return launch, ok
}

// hit is the first launch that tried something within eps of the best.
func (p path) hit(best, eps float64) (launch int, ok bool) {
	i := slices.IndexFunc(p.hits, func(s step) bool { return within(s.gain, best, eps) })
	if i < 0 {
		return 0, false
	}
	return p.hits[i].launch, true
}

// confirm lets the choice meet the reference in fresh blocks and judges them as the
// tuner does, by the verdict on the objective.
func (p *path) confirm(g Ground, o Options, seed uint64) {
	if p.chosen == nil {
		return // the reference is kept without a trial
	}
	objective := g.About().Objective
	goal := decide.Goal{Objective: objective}
	rng := rand.New(rand.NewPCG(seed, confirmStream))
	var trials []record.Trial
	c := &confirmed{}
	for block := range o.Confirm {
		for i, drawn := range g.Block(rng, HeldOut, []record.Flat{p.chosen}) {
			t := record.Trial{Phase: record.Confirmation, Block: block, Arm: []string{referenceArm, chosenArm}[i], Status: record.OK}
			if drawn.Failed {
				t.Status = record.Failed
				c.failed = c.failed || i > 0
			}
			t.Metrics = map[string]float64{objective: original(goal, drawn.Value)}
			trials = append(trials, t)
		}
	}
	rule := decide.Rule{Alpha: alpha}
	ratios := rule.Ratios(trials, chosenArm, referenceArm, goal)
	c.ratio = ratios[objective]
	c.verdict, _ = goal.Verdict(trials, chosenArm, referenceArm, ratios, rule)
	c.kept = c.verdict != record.Better || c.failed
	c.gain = p.end()
	p.confirmed = c
}

// original turns a logarithm of which more is better into the metric.
func original(goal decide.Goal, value float64) float64 {
	if !goal.Metric(goal.Objective).HigherBetter {
		value = -value
	}
	return math.Exp(value)
}

// chosenArm is what the choice is called, and alpha the error allowed to its
// verdict, as in harness/tuner.
const (
	chosenArm = "chosen"
	alpha     = 0.05
)
