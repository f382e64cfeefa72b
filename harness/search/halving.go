package search

// Halving measures many candidates once and fewer again: from 60 launches on it
// looks around the best besides ([MakeRefiningPlan]), with fewer it lives of its
// starters and leaves rare knobs alone ([MakeStarterPlan]). The plan is made when
// it is first asked, and a rung is asked for at a time. What the plan leaves, where
// it does not come out even or the space is small, measures the best again.
type Halving struct {
	ledger

	options Options
	design  *designer
	ladder  *Ladder // nil until the first Ask
	further int     // rungs after the ladder's last
	asked   [][]Candidate
}

// NewHalving prepares the search. It is an error when the options are wrong or the
// space holds nothing but the reference.
func NewHalving(o Options) (*Halving, error) {
	d, err := newDesigner(o, nil)
	if err != nil {
		return nil, err
	}
	return &Halving{ledger: newLedger(), options: o, design: d}, nil
}

// Ask returns the blocks of the next rung, as far as what is left pays for them.
func (h *Halving) Ask(left int) [][]Candidate {
	if h.asked != nil || left < 2 {
		return h.asked
	}
	if h.ladder == nil {
		h.ladder = newLadder(h.within(left), h.plan(left))
	}
	h.asked = afford(h.ladder.Ask(), left)
	if h.ladder.Done() && left >= leastTrials {
		h.asked = afford(Blocks(h.best(BlockArms), h.options.Seed, h.ladder.Rung()+h.further), left)
		h.further++
	}
	return h.asked
}

// within is the designer for so many launches.
func (h *Halving) within(left int) *designer {
	if left >= refineLeast {
		return h.design
	}
	common := h.options
	common.Space = common.Space.Common()
	if d, err := newDesigner(common, nil); err == nil {
		return d
	}
	return h.design // rare knobs are all that varies
}

// plan fits the rungs into so many launches, two or more.
func (h *Halving) plan(left int) Plan {
	p, err := MakeStarterPlan(left)
	if left >= refineLeast {
		p, err = MakeRefiningPlan(left, h.most())
	}
	if err != nil { // less than a block is left
		return Once(left - 1)
	}
	return p
}

// most is how many candidates there can be, 0 for no end of them.
func (h *Halving) most() int {
	size, finite := h.options.Space.Size()
	if !finite || size > gridLimit {
		return 0
	}
	return size + len(h.options.Starters)
}

// Tell ranks the rung by all that was told so far, and moves on.
func (h *Halving) Tell(results []Result) {
	if h.asked == nil {
		return
	}
	h.add(results)
	h.asked = nil
	ranking := h.ranking()
	h.ladder.Tell(func(c Candidate) float64 {
		if place, measured := ranking[c.ID]; measured {
			return place
		}
		return -float64(len(ranking)) // behind all that was
	})
}
