package search

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"sluice/harness/record"
	"sluice/harness/search/surrogate"
	"sluice/harness/space"
)

// beliefs are the models of one search: of the objective, of each requirement's
// slack and of whether a trial ends well.
//
// Each model's fit starts from the one before it. So that the answer depends on
// the results alone and not on how they were cut into Tells, those models are of
// prefixes that end with a block, each an eighth longer than the one before.
type beliefs struct {
	g     *Guided
	space space.Space
	links []*link // objective, runs, then each slack; grown as slacks are seen
	until int     // results in the last prefix
	block int     // of the last result told

	current *state // of all results told, once asked for
}

// link is one model and where its next fit starts.
type link struct {
	warm *surrogate.Model
	seed uint64
}

func newBeliefs(g *Guided) beliefs {
	b := beliefs{g: g, space: slices.Clone(g.options.Space)}
	if len(g.outside.parts) > 1 {
		b.space = append(b.space, space.Param{Name: outsideKnob, Type: space.Choice, Values: g.outside.parts})
	}
	return b
}

// prefixGrowth is by how much the results grow from one kept model to the next.
const prefixGrowth = 1.15

// before is called with each result before it is appended.
func (b *beliefs) before(r Result) {
	n := len(b.g.results)
	if n > 0 && r.Block != b.block && float64(n) >= prefixGrowth*float64(b.until) {
		b.until = n
		for i := range b.series() {
			b.link(i).warm = b.fit(i, false)
		}
	}
	b.block, b.current = r.Block, nil
}

// The first models; the slacks' follow.
const (
	objective = iota
	running
	firstSlack
)

// series is the number of models.
func (b *beliefs) series() int {
	most := 0
	for _, r := range b.g.results {
		most = max(most, len(r.Slack))
	}
	return firstSlack + most
}

func (b *beliefs) link(i int) *link {
	for len(b.links) <= i {
		b.links = append(b.links, &link{seed: b.g.options.Seed + uint64(len(b.links))})
	}
	return b.links[i]
}

// fit models series i on all results; nil where there is nothing to model.
func (b *beliefs) fit(i int, keep bool) *surrogate.Model {
	var obs []surrogate.Observation
	failed := false
	for _, r := range b.g.results {
		switch {
		case i == running:
			ended := 1.0
			if r.Failed {
				ended, failed = 0, true
			}
			obs = append(obs, surrogate.Observation{Config: b.g.outside.view(r.Config), Block: -1, Value: ended})
		case r.Failed:
		case i == objective:
			obs = append(obs, b.g.outside.observation(r, r.Value))
		case i-firstSlack < len(r.Slack):
			obs = append(obs, b.g.outside.observation(r, squash(r.Slack[i-firstSlack])))
		}
	}
	if i == running && !failed {
		return nil
	}
	link := b.link(i)
	o := surrogate.Options{Seed: link.seed, Warm: link.warm, Keep: keep, Plain: i != objective}
	if prior := b.g.options.Prior; prior != nil && i == objective {
		o.Prior = func(c record.Flat) (float64, float64, bool) { return prior(b.g.outside.blind(c)) }
	}
	m, err := surrogate.Fit(b.space, obs, o)
	if err != nil {
		return nil // nothing finite was told
	}
	return m
}

// squash draws far slacks nearer, either way, and keeps their sign: what counts is
// where they cross 0.
func squash(v float64) float64 {
	const width = 0.3
	return math.Copysign(width*math.Log1p(math.Abs(v)/width), v)
}

// state is what is believed once all results are in.
type state struct {
	g      *Guided
	models []*surrogate.Model
}

func (b *beliefs) now() state {
	if b.current == nil {
		b.current = &state{g: b.g}
		for i := range b.series() {
			b.current.models = append(b.current.models, b.fit(i, len(b.g.results) > fitAlways))
		}
	}
	return *b.current
}

// fitAlways is the number of results beyond which hyperparameters are those of the
// last prefix.
const fitAlways = 60

// constrained tells whether anything but the objective matters.
func (s state) constrained() bool {
	return slices.ContainsFunc(s.models[running:], func(m *surrogate.Model) bool { return m != nil })
}

// spoilt is a failure's share that a label of 0 or 1 leaves in doubt.
const spoilt = 0.2

// chance is the probability that a model's quantity is on the right side, from its
// mean and deviation.
func chance(series int, mean, deviation float64) float64 {
	if series == running {
		return distuv.UnitNormal.CDF((mean - 0.5) / math.Hypot(deviation, spoilt))
	}
	return distuv.UnitNormal.CDF(mean / max(deviation, 1e-6))
}

// feasible is the probability that a configuration runs and keeps every
// requirement.
func (s state) feasible(c record.Flat) float64 {
	p := 1.0
	for i, m := range s.models {
		if i == objective || m == nil {
			continue
		}
		mean, deviation := m.Predict(s.g.outside.view(c))
		p *= chance(i, mean, deviation)
	}
	return p
}

// believed is the probability from which a candidate counts as feasible.
const believed = 0.5

// caution is how many deviations are taken off a mean where a candidate is to be
// relied on.
const caution = 1.0

// Standings lists what was measured: first what is believed feasible, by expected
// gain less its deviation, then the rest by how likely it is.
func (g *Guided) Standings() []Standing {
	if len(g.results) == 0 {
		return nil
	}
	standings := g.beliefs.now().standings()
	slices.SortStableFunc(standings, better)
	return standings
}

// standings are those of all arms, in their order.
func (s state) standings() []Standing {
	standings := make([]Standing, len(s.g.arms))
	var ran []int
	var configs []record.Flat
	for i, a := range s.g.arms {
		st := Standing{Candidate: a.Candidate, Trials: a.trials, Deviation: math.Inf(1), Feasible: s.feasible(a.Config)}
		if a.ran < a.trials { // what ever failed is not recommended before what never did
			st.Feasible = min(st.Feasible, believed*float64(a.ran)/float64(a.trials))
		}
		if a.ran > 0 {
			ran, configs = append(ran, i), append(configs, s.g.outside.view(a.Config))
		}
		standings[i] = st
	}
	if m := s.models[objective]; m != nil {
		gains, deviations := m.Gains(configs, s.g.outside.view(s.g.options.Reference), s.seen())
		for k, i := range ran {
			standings[i].Gain, standings[i].Deviation = gains[k], deviations[k]
		}
	}
	return standings
}

// seen is what the model of the objective learned from.
func (s state) seen() []surrogate.Observation {
	var seen []surrogate.Observation
	for _, r := range s.g.results {
		if !r.Failed && !math.IsNaN(r.Value) && !math.IsInf(r.Value, 0) {
			seen = append(seen, s.g.outside.observation(r, r.Value))
		}
	}
	return seen
}

// worth is what standings are ordered by.
func (s Standing) worth() float64 { return s.Gain - caution*s.Deviation }

// better puts the one to recommend first.
func better(a, b Standing) int {
	first, second := a.Feasible >= believed, b.Feasible >= believed
	switch {
	case first && second:
		return downwards(a.worth(), b.worth())
	case first:
		return -1
	case second:
		return 1
	default:
		return downwards(a.Feasible, b.Feasible)
	}
}

func downwards(a, b float64) int {
	switch {
	case a > b:
		return -1
	case a < b:
		return 1
	default:
		return 0
	}
}
