package search

import (
	"cmp"
	"math"
	"slices"
)

// Halving is a search by rungs: successive halving, or with newcomers a climb. It is not safe for concurrent use.
type Halving struct {
	plan     Plan
	designer *designer
	rung     int         // the rung that is asked for; len(plan.Rungs) when done
	arms     []Candidate // of this rung: those kept, best first, then newcomers
}

// NewHalving draws the candidates of the plan's first rung. A space that holds
// fewer makes every rung as small as it must be.
func NewHalving(o Options, p Plan) (*Halving, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	d, err := design(o, p.Rungs[0].Fresh)
	if err != nil {
		return nil, err
	}
	return &Halving{plan: Plan{Rungs: slices.Clone(p.Rungs)}, designer: d, arms: slices.Clone(d.candidates)}, nil
}

// Ask returns the blocks to measure next, at most [BlockArms] candidates each,
// the reference not among them. It returns the same until Tell is called, and nil
// when the search is over.
func (h *Halving) Ask() [][]Candidate {
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
func (h *Halving) Tell(score func(Candidate) float64) {
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
func (h *Halving) Done() bool { return h.rung >= len(h.plan.Rungs) }

// Rung is the number of the rung that Ask hands out, from 0.
func (h *Halving) Rung() int { return h.rung }

// Survivors are the candidates still in the race: those of the last rung told,
// best first, and newcomers not yet measured behind them.
func (h *Halving) Survivors() []Candidate { return slices.Clone(h.arms) }
