package main

import (
	"cmp"
	"slices"
)

// raceShare is the part of the launches that an end race takes: a fifth, 60 of 300.
const raceShare = 5

// finalists is how many enter a race of so many launches: each of its three rungs
// takes a third of them. Of 60: 20 once, the better 10 twice more, the best 5
// four times more.
func finalists(launches int) int { return launches / 3 }

// runner is one finalist, and what the race showed of it.
type runner struct {
	trial
	sum float64
	n   int
}

func (r runner) mean() float64 { return r.sum / float64(r.n) }

// race measures the best of the trials anew, in sequential halving, and recommends
// by fresh measurements alone: those of the search were selected for their luck.
// After each rung the one with the highest mean of its own is recommended.
func race(c *course, trials []trial) error {
	field := startingField(trials, finalists(c.left()))
	for repeats := 1; repeats <= 4 && len(field) > 0; repeats *= 2 {
		for i := range field {
			if err := field[i].run(c, repeats); err != nil {
				return err
			}
		}
		slices.SortStableFunc(field, func(a, b runner) int { return cmp.Compare(b.mean(), a.mean()) })
		c.recommend(field[0].config, field[0].mean())
		field = field[:len(field)/2]
	}
	return nil
}

// startingField is the n best observed, different ones: a configuration that was
// drawn twice starts once.
func startingField(trials []trial, n int) []runner {
	ranked := slices.Clone(trials)
	slices.SortStableFunc(ranked, func(a, b trial) int { return cmp.Compare(b.shown, a.shown) })
	var field []runner
	for _, t := range ranked {
		again := slices.ContainsFunc(field, func(r runner) bool { return r.config.String() == t.config.String() })
		if len(field) < n && !again {
			field = append(field, runner{trial: t})
		}
	}
	return field
}

func (r *runner) run(c *course, repeats int) error {
	for range repeats {
		shown, err := c.measure(r.config)
		if err != nil {
			return err
		}
		r.sum, r.n = r.sum+shown[0], r.n+1
	}
	return nil
}
