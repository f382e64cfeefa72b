package search

import (
	"cmp"
	"math"
	"slices"
)

// Ladder is a search by rungs, successive halving or with newcomers a climb, by a
// score that the caller makes. [Halving] is the strategy on top of it. It is not
// safe for concurrent use.
type Ladder struct {
	plan     Plan
	designer *designer
	rung     int         // the rung that is asked for; len(plan.Rungs) when done
	arms     []Candidate // of this rung: those kept, best first, then newcomers
}

// NewLadder draws the candidates of the plan's first rung. A space that holds
// fewer makes every rung as small as it must be.
func NewLadder(o Options, p Plan) (*Ladder, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	d, err := newDesigner(o, nil)
	if err != nil {
		return nil, err
	}
	return newLadder(d, p), nil
}

func newLadder(d *designer, p Plan) *Ladder {
	return &Ladder{plan: Plan{Rungs: slices.Clone(p.Rungs)}, designer: d, arms: d.take(p.Rungs[0].Fresh)}
}

// Ask returns the blocks to measure next, at most [BlockArms] candidates each,
// the reference not among them. It returns the same until Tell is called, and nil
// when the search is over.
func (h *Ladder) Ask() [][]Candidate {
	if h.Done() {
		return nil
	}
	return Blocks(h.arms, h.designer.options.Seed, h.rung)
}

// Tell ranks the candidates of the rung that was asked for, keeps as many as the
// plan says, adds the newcomers and moves on to the next rung. The score is best made of all that was
// measured of a candidate so far; more is better, NaN (it never ended well) is
// worst, and of equals the one ahead so far stays ahead. After the end it does
// nothing.
func (h *Ladder) Tell(score func(Candidate) float64) {
	if h.Done() {
		return
	}
	scores := make(map[string]float64, len(h.arms))
	for _, c := range h.arms {
		scores[c.ID] = score(c)
	}
	slices.SortStableFunc(h.arms, func(a, b Candidate) int { return descending(scores[a.ID], scores[b.ID]) })
	h.rung++
	if h.Done() {
		return
	}
	next := h.plan.Rungs[h.rung]
	h.arms = slices.Clip(h.arms[:min(len(h.arms), next.Keep)])
	if next.Fresh > 0 {
		h.arms = append(h.arms, h.designer.near(h.arms, next.Fresh, h.rung)...)
	}
}

// descending puts the larger first and NaN last.
func descending(a, b float64) int {
	switch {
	case math.IsNaN(a) && math.IsNaN(b):
		return 0
	case math.IsNaN(a):
		return 1
	case math.IsNaN(b):
		return -1
	default:
		return cmp.Compare(b, a)
	}
}

// Done tells whether every rung has been told.
func (h *Ladder) Done() bool { return h.rung >= len(h.plan.Rungs) }

// Rung is the number of the rung that Ask hands out, from 0.
func (h *Ladder) Rung() int { return h.rung }

// Survivors are the candidates still in the race: those of the last rung told,
// best first, and newcomers not yet measured behind them.
func (h *Ladder) Survivors() []Candidate { return slices.Clone(h.arms) }
