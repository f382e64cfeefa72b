package main

import (
	"math"

	"sluice/harness/record"
	"sluice/harness/search"
)

// strategySearch runs one of our strategies as the tuner does: a block is the
// reference and up to search.BlockArms candidates, and each of them is a launch; a
// block that the launches left do not cover is cut. What is recommended is the first
// of the standings, or the reference while nothing is held better.
func strategySearch(c *course, open func(search.Options) (search.Strategy, error)) error {
	strategy, err := open(search.Options{Space: c.problem.Space(), Reference: c.problem.Reference(), Seed: c.seed, Valid: c.problem.Holds})
	if err != nil {
		return err
	}
	recommendStanding(c, nil) // what a tuner that is stopped at once falls back on
	for next := 0; c.left() > 1; {
		var results []search.Result
		for _, block := range strategy.Ask(c.left()) {
			block = block[:max(0, min(len(block), c.left()-1))]
			if len(block) == 0 {
				break
			}
			told, err := measureBlock(c, block, next)
			if err != nil {
				return err
			}
			results = append(results, told...)
			next++
		}
		if len(results) == 0 {
			return nil
		}
		strategy.Tell(results)
		recommendStanding(c, strategy.Standings())
	}
	return nil
}

func measureBlock(c *course, block []search.Candidate, number int) ([]search.Result, error) {
	results := []search.Result{{ID: search.ReferenceID, Config: c.problem.Reference(), Block: number}}
	configs := []record.Flat{c.problem.Reference()}
	for _, candidate := range block {
		results = append(results, search.Result{ID: candidate.ID, Config: candidate.Config, Block: number})
		configs = append(configs, candidate.Config)
	}
	shown, err := c.measure(configs...)
	if err != nil {
		return nil, err
	}
	for i := range results {
		results[i].Value, results[i].Failed = shown[i], math.IsInf(shown[i], -1)
	}
	return results, nil
}

// recommendStanding: ours claim a gain over the reference, hence the claim is that
// gain on the reference's truth.
func recommendStanding(c *course, standings []search.Standing) {
	reference := c.problem.Truth(c.problem.Reference())
	if len(standings) == 0 || standings[0].Gain <= 0 || standings[0].Feasible < doubtful {
		c.recommend(c.problem.Reference(), reference)
		c.current.kept = true
		return
	}
	c.recommend(standings[0].Config, reference+standings[0].Gain)
}

// doubtful is the probability of ending well below which a candidate is not
// recommended, as in harness/search/replay.
const doubtful = 0.5
