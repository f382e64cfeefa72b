package tuner

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"sluice/harness/decide"
	"sluice/harness/lab"
	"sluice/harness/record"
	"sluice/harness/search"
	"sluice/harness/search/surrogate"
	"sluice/harness/space"
)

// fewTrials is the number of search trials below which rare knobs stay as the
// reference and the starters have them (go test ./harness/search).
const fewTrials = 60

// seeker pursues one aspect of the goal.
type seeker struct {
	search.Strategy

	goal   decide.Goal
	prefix string            // of the names that it gives, so that no two seekers give one
	arms   map[string]string // of each configuration, by its ID, under which it was first asked for; all seekers share it
	own    map[string]string // of an arm: what this seeker's strategy calls it
}

// seekers open a search for each aspect of the goal. The first has the goal's own
// order and the starters; the others look for the rest of a front. Only guided hears
// what others measured, so that another strategy seeks the first alone.
func (r *run) seekers(params space.Space) ([]seeker, error) {
	expect, err := r.expectation()
	if err != nil {
		return nil, err
	}
	name, aspects := cmp.Or(r.Strategy, search.Default), r.Goal.Aspects()
	if name != search.Default {
		aspects = aspects[:1]
	}
	var all []seeker
	arms := map[string]string{}
	for _, starter := range r.Starters {
		arms[starter.Config.ID()] = starter.ID
	}
	for i, aspect := range aspects {
		o := search.Options{Space: params, Reference: r.Reference.Config, Seed: r.Seed + uint64(i), Valid: r.Valid}
		prefix := aspectNames[i]
		if i == 0 {
			o.Starters, o.Prior = r.Starters, expect
		}
		strategy, err := search.New(name, o)
		if err != nil {
			return nil, fmt.Errorf("open the search: %w", err)
		}
		all = append(all, seeker{strategy, aspect, prefix, arms, map[string]string{}})
	}
	return all, nil
}

// aspectNames go before the names of candidates: "c07", "second-c03".
var aspectNames = []string{"", "second-", "third-", "fourth-"} //nolint:gochecknoglobals // never changes

// ask returns the seeker's blocks. A configuration that any seeker asked for before
// keeps its arm: under two names its trials would count apart.
func (s seeker) ask(left int) [][]search.Candidate {
	groups := s.Ask(left)
	for _, group := range groups {
		for i, c := range group {
			id := c.Config.ID()
			if s.arms[id] == "" {
				s.arms[id] = s.prefix + c.ID
			}
			group[i].ID = s.arms[id]
			s.own[group[i].ID] = c.ID
		}
	}
	return groups
}

// tell tells trials in the strategy's words, its own candidates by their own names.
// What was set aside is left out: its block was measured again.
func (s seeker) tell(trials []record.Trial) {
	results := make([]search.Result, 0, len(trials))
	for _, t := range trials {
		if t.SetAside != "" {
			continue
		}
		value, known := s.goal.Utility(t.Metrics)
		result := search.Result{ID: t.Arm, Config: t.Config, Block: t.Block, Value: value, Failed: t.Status != record.OK || !known}
		switch own, asked := s.own[t.Arm]; {
		case t.Arm == lab.Reference:
			result.ID = search.ReferenceID
		case asked:
			result.ID = own
		case s.prefix != "": // so that it is none of the names that the strategy will give
			result.ID = "first-" + t.Arm
		}
		if !result.Failed {
			result.Slack = s.goal.Slacks(t.Metrics)
		}
		results = append(results, result)
	}
	s.Tell(results)
}

// search asks the strategy for blocks and measures them until the strategy, the
// trials or the search's share of the budget end. It returns the scores of all that
// was tried, as a surrogate sees them.
func (r *run) search(ctx context.Context) ([]decide.Score, error) {
	r.searchedSpace = r.Space
	if r.design.SearchTrials < fewTrials {
		r.searchedSpace = r.Space.Common()
	}
	seekers, err := r.seekers(r.searchedSpace)
	if err != nil {
		return nil, err
	}
	r.begin(record.Search, r.design.SearchTrials, float64(r.design.SearchTrials)*r.rates.searchS(r.design.bytes()))
	var trials []record.Trial
	for turn := 0; len(trials) == 0 || !r.overBudget(trials); turn++ {
		groups := seekers[turn%len(seekers)].ask(r.left(trials))
		if groups == nil {
			break
		}
		done, err := r.rung(ctx, groups, trials)
		if err != nil {
			return nil, err
		}
		trials = append(trials, done...)
		for _, s := range seekers {
			s.tell(done)
		}
	}
	r.searchTrials, r.noise = trials, r.Goal.Noise(trials, lab.Reference)
	return r.smooth(decide.Scores(trials, lab.Reference, r.Goal), trials), nil
}

// expectation is the model's, calibrated by the first trials; nil without a model.
func (r *run) expectation() (func(record.Flat) (float64, float64, bool), error) {
	if r.Model == nil {
		return nil, nil
	}
	expect, err := r.Model(r.calibration, r.sampled)
	if err != nil {
		r.warnings = append(r.warnings, fmt.Sprintf("the search went without the model: %v", err))
		return nil, nil //nolint:nilerr // a search needs no model
	}
	return expect, nil
}

// left is how many launches the search may still spend. It reads only what the
// journal's trials cost, so that a resumed run asks the same.
func (r *run) left(trials []record.Trial) int {
	left := r.design.SearchTrials - len(trials)
	if r.Limits.BudgetS > 0 && len(trials) > 0 {
		perTrial := r.rates.searchS(r.design.bytes()) * r.slowness(trials)
		left = min(left, int((r.Limits.BudgetS-r.Bench.SpentS()-r.ahead(trials))/perTrial))
	}
	return max(0, left)
}

// rung measures blocks, as far as the budget goes.
func (r *run) rung(ctx context.Context, groups [][]search.Candidate, before []record.Trial) ([]record.Trial, error) {
	var trials []record.Trial
	for _, group := range groups {
		if len(before)+len(trials) > 0 && r.overBudget(slices.Concat(before, trials)) {
			break
		}
		block := lab.Block{Phase: record.Search, Index: r.searched, Draw: r.sampled, Latency: searchLatency + r.searched, Arms: []lab.Arm{r.Reference}}
		for _, c := range group {
			block.Arms = append(block.Arms, lab.Arm{Name: c.ID, Config: c.Config})
		}
		done, err := r.Bench.Block(ctx, block)
		if err != nil {
			return nil, err
		}
		trials = append(trials, done...)
		r.searched++
	}
	return trials, nil
}

// smooth replaces the scores' raw medians by a surrogate's estimates, which take
// what neighbours and other blocks tell into account. What lies outside the space
// keeps its own. So does, inside it too, what its own pairs tell more of than the
// surrogate, which compresses what is far below the best: over a reference that is,
// few pairs leave it unsure of everything alike. Raw it carries the luck of its
// pairs, so that nothing else is left so.
func (r *run) smooth(scores []decide.Score, trials []record.Trial) []decide.Score {
	for _, metric := range r.Goal.Judged() {
		seen := r.seen(trials, metric)
		model, ok := r.fit(seen)
		if !ok {
			continue
		}
		if metric == r.Goal.Leading() && len(seen) >= toldPerKnob*len(r.searchedSpace) {
			r.surface = model
		}
		var configs []record.Flat
		var at []int
		for i, s := range scores {
			if s.Pairs > 0 && r.within(s.Config) {
				configs, at = append(configs, s.Config), append(at, i)
			}
		}
		gains, deviations := model.Gains(configs, r.Reference.Config, seen)
		for k, i := range at {
			if own := math.Sqrt2 * model.Noise() / math.Sqrt(float64(scores[i].Pairs)); deviations[k] > own {
				scores[i].Doubt(r.Goal, metric, own)
				continue
			}
			scores[i].Estimate(r.Goal, metric, gains[k], deviations[k])
		}
	}
	return scores
}

// within says whether a configuration differs from the reference in searched knobs
// alone, and has them in their ranges.
func (r *run) within(c record.Flat) bool {
	outside, same := maps.Clone(c), maps.Clone(r.Reference.Config)
	for _, p := range r.searchedSpace {
		delete(outside, p.Name)
		delete(same, p.Name)
	}
	return outside.String() == same.String() && r.searchedSpace.Contains(c)
}

// seen is the logarithm of one metric, more always better, of all good trials of the
// search that lie within its space.
func (r *run) seen(trials []record.Trial, metric string) (seen []surrogate.Observation) {
	sign := -1.0
	if r.Goal.Metric(metric).HigherBetter {
		sign = 1
	}
	for _, t := range trials {
		if v := t.Metrics[metric]; t.Status == record.OK && t.SetAside == "" && v > 0 && (t.Arm == lab.Reference || r.within(t.Config)) {
			seen = append(seen, surrogate.Observation{Config: t.Config, Block: t.Block, Value: sign * math.Log(v)})
		}
	}
	return seen
}

// fit is a surrogate of what was seen; false where too few tell of it.
func (r *run) fit(seen []surrogate.Observation) (*surrogate.Model, bool) {
	if len(seen) < leastSeen {
		return nil, false
	}
	model, err := surrogate.Fit(r.searchedSpace, seen, surrogate.Options{Seed: r.Seed})
	return model, err == nil
}

// landscape is what the search learnt of the leading metric; without a surface where
// too little is known.
func (r *run) landscape(scores []decide.Score) decide.Landscape {
	l := decide.Landscape{Space: r.searchedSpace, Barred: r.Goal.Barred(r.searchTrials, scores)}
	if r.surface != nil {
		l.Surface = r.surface
	}
	return l
}

// leastSeen is one block: enough to draw medians together. To say of each knob how far
// it may move and how much it matters takes toldPerKnob trials for each: with fewer,
// intervals of its effect reach over factors of ten.
const (
	leastSeen   = 6
	toldPerKnob = 2
)

// overBudget says whether the search has used its share. It reads only what the
// journal's trials cost, so that a resumed run stops at the same block.
func (r *run) overBudget(trials []record.Trial) bool {
	return r.Limits.BudgetS > 0 && r.Bench.SpentS()+r.ahead(trials) > r.Limits.BudgetS
}

// ahead is how long confirmation will take, and one more block of the search.
func (r *run) ahead(trials []record.Trial) float64 {
	ahead := float64(r.design.ConfirmBlocks)*r.rates.blockS(r.design.bytes()) + searchFloor*r.rates.searchS(r.design.bytes())
	if r.design.Full {
		ahead += r.fullS()
	}
	return ahead * r.slowness(trials)
}

// slowness is how many times as long as calibration foretold the search's trials
// take, 1 at least: a small sample may be kinder than the one it foretells.
func (r *run) slowness(trials []record.Trial) float64 {
	expected, cost := float64(len(trials))*r.rates.searchS(r.design.bytes()), 0.0
	for _, t := range trials {
		cost += t.Metrics[lab.CostS]
	}
	if expected <= 0 {
		return 1
	}
	return max(1, cost/expected)
}

func (r *run) fullS() float64 { return r.rates.fullS(float64(r.Corpus.Bytes)) }
