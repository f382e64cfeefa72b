package decide

import (
	"errors"
	"fmt"
	"slices"

	"sluice/harness/record"
	"sluice/harness/space"
)

// Model is what a search learnt of the leading objective's logarithm.
type Model interface {
	Surface
	Sampler
}

// Evidence is what a recommendation can be completed from. Whatever is missing
// leaves its part out.
type Evidence struct {
	Reference string         // the arm's name
	Search    []record.Trial // of the search
	Confirmed []record.Trial // of the confirmation, the block over all files left out
	Arm       string         // the recommended arm among Confirmed
	Scores    []Score        // of the search, for what is missed where nothing serves
	Model     Model          // nil: no plateau and no effects
	Space     space.Space
	Seed      uint64
}

// Complete adds to a recommendation how surely its requirements hold, what is
// missed where nothing keeps them, the front of several objectives, and how far
// each knob may move and which matter. It changes neither verdict nor choice. What
// could not be computed is left out and named in the error; the rest stands.
func Complete(rec *record.Recommendation, goal Goal, e Evidence) error {
	var errs []error
	if len(goal.Require) > 0 {
		rec.Misses = Misses(e.Scores, goal)
		if len(e.Confirmed) > 0 {
			rec.Requirements = goal.Keeps(e.Confirmed, e.Arm, nil)
		}
	}
	if len(goal.Objectives) > 1 && len(e.Search)+len(e.Confirmed) > 0 {
		front, err := goal.front(e)
		errs, rec.Front = append(errs, err), front
	}
	if e.Model != nil && len(e.Space) > 0 {
		rec.Plateau = Landscape{Surface: e.Model, Space: e.Space, Barred: goal.Barred(slices.Concat(e.Search, e.Confirmed), e.Scores)}.Plateaus(rec.Recommended.Config)
		effects, err := Effects(e.Space, e.Model, EffectOptions{Around: rec.Recommended.Config, Seed: e.Seed})
		errs, rec.Effects = append(errs, err), effects
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("complete the recommendation: %w", err)
	}
	return nil
}

// Barred tells configurations of which a trial failed, or whose scores break a
// requirement.
func (g Goal) Barred(trials []record.Trial, scores []Score) func(record.Flat) bool {
	out := map[string]bool{}
	for _, t := range trials {
		if t.Status != record.OK && t.SetAside == "" {
			out[t.Config.ID()] = true
		}
	}
	for _, s := range scores {
		if len(s.Metrics) > 0 && len(g.Meets(s.Metrics)) > 0 {
			out[s.Config.ID()] = true
		}
	}
	return func(c record.Flat) bool { return out[c.ID()] }
}

// front is the front over all that was measured and, by its medians, keeps what is
// required: what does not is no trade to choose, nor a reason to leave another out.
func (g Goal) front(e Evidence) ([]record.FrontPoint, error) {
	trials := United(e.Search, e.Confirmed, e.Reference)
	margins := map[string]float64{}
	for _, metric := range g.Objectives {
		margins[metric] = g.MarginOf(metric)
	}
	points := slices.DeleteFunc(Points(trials, e.Reference, g, g.Objectives...), func(p Point) bool {
		return len(g.Meets(Arms(trials, []string{p.Arm})[0].Metrics)) > 0
	})
	front, err := ParetoFront(points, g.Objectives, FrontOptions{Margins: margins})
	if err != nil {
		return nil, err
	}
	var arms []string
	for _, p := range front.Points {
		arms = append(arms, p.Arm)
	}
	return front.Record(Arms(trials, arms)), nil
}

// United joins the trials of two phases as if they were one: the blocks of the
// second are counted on from those of the first, and a configuration that both
// measured goes by the first one's name. A placebo, which is the reference under
// another name, joins nothing and is left out.
func United(first, second []record.Trial, reference string) []record.Trial {
	next, names := 0, map[string]string{}
	for _, t := range first {
		next = max(next, t.Block+1)
		if _, known := names[t.Config.ID()]; !known && t.Arm != reference {
			names[t.Config.ID()] = t.Arm
		}
	}
	own := ""
	for _, t := range slices.Concat(first, second) {
		if t.Arm == reference {
			own = t.Config.ID()
		}
	}
	all := slices.Clone(first)
	for _, t := range second {
		t.Block += next
		if t.Arm != reference {
			if t.Config.ID() == own {
				continue
			}
			if name, known := names[t.Config.ID()]; known {
				t.Arm = name
			}
		}
		all = append(all, t)
	}
	return all
}
