package search

import (
	"errors"
	"fmt"
	"math"
)

// Rung is one round of a search: everything in it is measured once.
type Rung struct {
	Keep  int // the best of the rung before
	Fresh int // newcomers: drawn from the whole space on the first rung, near those kept on later ones
}

// Arms is the number of candidates that the rung measures.
func (r Rung) Arms() int { return r.Keep + r.Fresh }

// trials is what the rung costs: its arms, and the reference in every block.
func (r Rung) trials() int { return r.Arms() + blockCount(r.Arms()) }

// Plan says how many candidates each rung of a search measures.
type Plan struct {
	Rungs []Rung // the first keeps none; no rung keeps more than the one before has
}

// Once is the plan of a plain random search: n candidates, measured once.
func Once(n int) Plan { return Plan{Rungs: []Rung{{Fresh: n}}} }

// Candidates is the number of configurations that the plan draws in all.
func (p Plan) Candidates() int {
	total := 0
	for _, r := range p.Rungs {
		total += r.Fresh
	}
	return total
}

// Trials is what the plan costs: every candidate of every rung, and one trial of
// the reference in every block.
func (p Plan) Trials() int {
	total := 0
	for _, r := range p.Rungs {
		total += r.trials()
	}
	return total
}

// Validate tells why the plan cannot be followed.
func (p Plan) Validate() error {
	before := 0
	for i, r := range p.Rungs {
		if r.Keep < 0 || r.Fresh < 0 || r.Arms() < 1 || r.Keep > before || i > 0 && r.Keep < 1 {
			return fmt.Errorf("rung %d keeps %d of %d and adds %d; the first keeps none, a later one at least 1 and at most what there is", i, r.Keep, before, r.Fresh)
		}
		before = r.Arms()
	}
	if before == 0 {
		return errors.New("the plan has no rungs")
	}
	return nil
}

// leastTrials is the smallest search: two candidates and the reference, once.
const leastTrials = 3

// MakePlan returns the plan of successive halving that costs at most `trials`
// and wastes at most two: the most candidates for which a rung can keep the best
// 1/eta (rounded up) of the one before until at most eta are left; what remains
// measures the finalists again. Most is the number of candidates there are, 0 for
// no end of them. Eta is 2 or more; 3 is usual.
func MakePlan(trials int, eta float64, most int) (Plan, error) {
	switch {
	case !(eta >= 2) || math.IsInf(eta, 1):
		return Plan{}, fmt.Errorf("eta is %v; use 2 or more, such as 3", eta)
	case trials < leastTrials:
		return Plan{}, fmt.Errorf("%d trials are too few to search with; use %d or more", trials, leastTrials)
	case most < 0:
		return Plan{}, fmt.Errorf("%d candidates is not a number of them", most)
	}
	if most == 0 {
		most = trials
	}
	best := rungs(min(2, most), eta)
	for n := 3; n <= most; n++ {
		next := rungs(n, eta)
		if next.Trials() > trials {
			break
		}
		best = next
	}
	return best.filled(trials), nil
}

// rungs divides n by eta until at most eta candidates are left, or two.
func rungs(n int, eta float64) Plan {
	p := Once(n)
	for n > int(max(2, eta)) {
		n = max(2, int(math.Ceil(float64(n)/eta)))
		p.Rungs = append(p.Rungs, Rung{Keep: n})
	}
	return p
}

// The shape of a refining plan, chosen by replays (see the package's tests): a
// smaller first share misses the right region, a larger one leaves no time to
// climb; more arms on a rung make fewer steps of it.
const (
	refineLeast  = 60  // trials below which there is no time to climb
	refineFirst  = 0.4 // share of the trials for the first, random rung
	refineKeep   = 2
	refineFresh  = 3
	refineFinals = 2 // rungs of the finalists alone, at least
	finalists    = 3
)

// MakeRefiningPlan returns a plan that costs at most `trials` and wastes at most
// two, and looks near what did well: a random rung, then rungs that measure the
// best two again beside three newcomers near them, and at last the best three
// alone, so that a newcomer's luck is found out. Below 60 trials, or where there
// are too few candidates for it (most; 0 for no end of them), it is [MakePlan]'s
// with an eta of 4.
func MakeRefiningPlan(trials, most int) (Plan, error) {
	step, final := Rung{Keep: refineKeep, Fresh: refineFresh}, Rung{Keep: finalists}
	first := BlockArms * int(math.Round(refineFirst*float64(trials)/(BlockArms+1)))
	if trials < refineLeast || most > 0 && most < 2*first {
		return MakePlan(trials, 4, most)
	}
	p := Once(first)
	for p.Trials()+step.trials()+refineFinals*final.trials() <= trials && (most == 0 || p.Candidates()+refineFresh <= most) {
		p.Rungs = append(p.Rungs, step)
	}
	for range refineFinals {
		p.Rungs = append(p.Rungs, final)
	}
	return p.filled(trials), nil
}

// filled spends what is left of the trials on further rungs of the finalists, at
// last on as many of them as there is room for.
func (p Plan) filled(trials int) Plan {
	last := Rung{Keep: p.Rungs[len(p.Rungs)-1].Arms()}
	if last.Keep < 2 {
		return p // nothing to tell apart
	}
	for left := trials - p.Trials(); left >= leastTrials; left = trials - p.Trials() {
		for last.trials() > left {
			last.Keep--
		}
		p.Rungs = append(p.Rungs, last)
	}
	return p
}

// MakeStarterPlan returns a plan for few trials, where known starters are most of
// what can be looked at: two blocks of starters and newcomers (one, below 24
// trials), then blocks of the best three with two neighbours as long as they fit,
// then the best five once more, so that a finalist is chosen on three pairs and
// not on the luck of one. It costs at most `trials`, which must be 6 or more.
func MakeStarterPlan(trials int) (Plan, error) {
	const block = BlockArms + 1 // with the reference
	if trials < block {
		return Plan{}, fmt.Errorf("%d trials are too few for a search: one block takes %d", trials, block)
	}
	first := Rung{Fresh: BlockArms}
	if trials >= 4*block {
		first.Fresh = 2 * BlockArms
	}
	plan := Plan{Rungs: []Rung{first}}
	for trials-plan.Trials() >= 2*block {
		plan.Rungs = append(plan.Rungs, Rung{Keep: 3, Fresh: 2})
	}
	if left := trials - plan.Trials(); left > 1 {
		plan.Rungs = append(plan.Rungs, Rung{Keep: min(BlockArms, left-1)})
	}
	return plan, nil
}
