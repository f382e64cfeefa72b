package main

import (
	"errors"
	"math"

	"sluice/harness/record"
)

// errSpent ends a search that asks for more than it was given.
var errSpent = errors.New("every launch is spent")

// course is one search as it goes: one contestant, one problem, one seed. It
// measures for the contestant and writes down, after each launch, what a user who
// stopped there would have got.
type course struct {
	problem  problem
	seed     uint64
	launches int // in all, repeats and references among them

	points  []point
	current recommendation
}

// point is the state after one launch, both as shares of the best.
type point struct {
	tried       float64 // truth of what was launched
	recommended float64 // truth of what would be recommended now; 0 while nothing is
}

// recommendation is a configuration and what its finder says of it, as shares of
// the best.
type recommendation struct {
	truth, claimed float64
	kept           bool // it is the reference, of which nothing is claimed
}

func (c *course) left() int { return c.launches - len(c.points) }

// measure spends a launch on each configuration, in one block, and returns the
// logarithms of what they show.
func (c *course) measure(block ...record.Flat) ([]float64, error) {
	if c.left() < len(block) {
		return nil, errSpent
	}
	shown := c.problem.Measure(c.seed, len(c.points), block)
	for _, config := range block {
		c.points = append(c.points, point{tried: c.share(c.problem.Truth(config)), recommended: c.current.truth})
	}
	return shown, nil
}

// recommend changes what would be recommended, from the latest launch on. Claimed
// is a logarithm as measure returns it.
func (c *course) recommend(config record.Flat, claimed float64) {
	c.current = recommendation{truth: c.share(c.problem.Truth(config)), claimed: c.share(claimed)}
	if n := len(c.points); n > 0 {
		c.points[n-1].recommended = c.current.truth
	}
}

func (c *course) share(figure float64) float64 { return math.Exp(figure - c.problem.Best()) }

// bestSeen recommends the highest measurement so far, as people do with a study's
// best trial.
type bestSeen struct {
	trials []trial
	best   int // index of the highest; the first of equals
}

// trial is a configuration and the logarithm of what one launch showed.
type trial struct {
	config record.Flat
	shown  float64
}

// try measures a configuration, recommends it if it is the best one yet, and
// returns the objective, as a study is told it: nothing is 0, which no trial that
// ends well is.
func (b *bestSeen) try(c *course, config record.Flat) (float64, error) {
	shown, err := c.measure(config)
	if err != nil {
		return 0, err
	}
	b.trials = append(b.trials, trial{config, shown[0]})
	if shown[0] > b.trials[b.best].shown {
		b.best = len(b.trials) - 1
	}
	c.recommend(b.trials[b.best].config, b.trials[b.best].shown)
	return math.Exp(shown[0]), nil
}
