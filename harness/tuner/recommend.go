package tuner

import (
	"fmt"
	"slices"

	"sluice/harness/decide"
	"sluice/harness/lab"
	"sluice/harness/record"
)

// kept recommends the reference since nothing that was tried could be.
func (r *run) kept(why *lab.DeadEnd) record.Recommendation {
	reference := r.reference()
	return record.Recommendation{
		Schema: RecommendationSchema, Run: r.Bench.Run, Verdict: record.Undecided, Goal: r.Goal.Record(), Scenario: r.Scenario,
		Measurements: r.Bench.Launches(), Fidelity: r.design.Fidelity, Reference: reference, Recommended: reference,
		Gain: map[string]record.Ratio{}, Indistinguishable: []record.Arm{}, Warnings: append(r.warnings, "the reference is kept: "+why.Why),
	}
}

// judged is a candidate with its verdict.
type judged struct {
	arm     record.Arm
	verdict record.Verdict
	step    string
	broken  []string // requirements that confirmation saw broken
}

// recommend decides among the finalists and writes the recommendation. With two
// that are better the goal's choice is kept, unless it gave up more throughput
// than the goal allows.
func (r *run) recommend(f finalists, trials, full []record.Trial, scores []decide.Score) record.Recommendation {
	reference := decide.Arms(trials, []string{lab.Reference})[0]
	candidates := make([]judged, len(f.arms))
	for i, arm := range f.arms {
		candidates[i] = r.judge(arm.Name, trials, full, f.alpha)
	}
	rec := record.Recommendation{
		Schema: RecommendationSchema, Run: r.Bench.Run, Goal: r.Goal.Record(), Scenario: r.Scenario,
		Measurements: r.Bench.Launches(), ConfirmedBlocks: r.confirmed(trials), Fidelity: r.design.Fidelity,
		Reference: reference, Recommended: reference, Gain: map[string]record.Ratio{}, Indistinguishable: []record.Arm{},
	}
	best := candidates[0]
	for _, other := range candidates[1:] {
		if preferred(other, best, r.Goal) {
			best = other
		}
	}
	rec.Verdict, rec.Step = best.verdict, best.step
	if best.verdict == record.Better && len(best.broken) == 0 {
		rec.Recommended, rec.Gain = best.arm, best.arm.Ratios
		rec.Indistinguishable = alike(scores, best.arm, r.Goal)
	} else {
		rec.Candidate = &best.arm
		if best.verdict == record.Better {
			rec.Verdict = record.Undecided
		}
	}
	for _, other := range candidates {
		if other.arm.Name != best.arm.Name {
			rec.Also = append(rec.Also, other.arm)
		}
	}
	for _, also := range r.Also {
		arm := decide.Arms(trials, []string{also.Name})[0]
		arm.Ratios = decide.Rule{Alpha: Alpha}.Ratios(trials, also.Name, lab.Reference, r.Goal)
		rec.Also = append(rec.Also, arm)
	}
	if err := r.complete(&rec, trials, scores, best.arm.Name); err != nil {
		r.warnings = append(r.warnings, err.Error())
	}
	rec.Warnings = slices.Concat(r.warnings, r.doubts(trials, full, best))
	if rec.Candidate != nil {
		for _, broken := range r.Goal.Meets(reference.Metrics) {
			rec.Warnings = append(rec.Warnings, "the reference, which is kept, does not hold "+broken)
		}
	}
	return rec
}

// complete adds what the search learnt around the recommendation.
func (r *run) complete(rec *record.Recommendation, trials []record.Trial, scores []decide.Score, candidate string) error {
	if r.Bare {
		return nil
	}
	e := decide.Evidence{
		Reference: lab.Reference, Search: r.searchTrials, Confirmed: trials, Arm: candidate, Scores: scores, Space: r.searchedSpace, Seed: r.Seed,
	}
	if rec.Candidate != nil {
		e.Arm = lab.Reference
	}
	if r.surface != nil {
		e.Model = r.surface
	}
	return decide.Complete(rec, r.Goal, e)
}

func (r *run) judge(name string, trials, full []record.Trial, alpha float64) judged {
	j := judged{arm: decide.Arms(trials, []string{name})[0]}
	rule := decide.Rule{Alpha: alpha}
	j.arm.Ratios = rule.Ratios(trials, name, lab.Reference, r.Goal)
	j.verdict, j.step = r.Goal.Verdict(trials, name, lab.Reference, j.arm.Ratios, rule)
	for _, kept := range r.Goal.Keeps(trials, name, nil) {
		if kept.State != record.Holds {
			j.broken = append(j.broken, decide.KeptWords(kept, r.Goal.Own...))
		}
	}
	if len(full) > 0 {
		j.broken = append(j.broken, r.Goal.Meets(decide.Arms(full, []string{name})[0].Metrics)...)
	}
	for _, t := range slices.Concat(trials, full) {
		if t.Arm != name || t.Status == record.OK {
			continue
		}
		if why := fmt.Sprintf("a trial of the %s phase: %s: %s", t.Phase, t.Status, t.Reason); !slices.Contains(j.broken, why) {
			j.broken = append(j.broken, why)
		}
	}
	if r.Timed && len(Disturbed(trials)) > 0 { // on a busy machine a difference is not shown, never excluded
		decide.NotShown(j.arm.Ratios)
		if j.verdict == record.NoDifference {
			j.verdict = record.Undecided
		}
	}
	return j
}

// preferred says whether other, the fastest, should replace the goal's choice: if
// it alone can be recommended or, under balanced, if the choice gave up more
// throughput than the goal allows.
func preferred(other, chosen judged, goal decide.Goal) bool {
	usable := func(j judged) bool { return j.verdict == record.Better && len(j.broken) == 0 }
	if usable(other) != usable(chosen) {
		return usable(other)
	}
	given := chosen.arm.Metrics[record.Throughput] / other.arm.Metrics[record.Throughput]
	return usable(other) && goal.Objective == decide.Balanced && given < 1-decide.NotWorseMargin
}

// confirmed counts the blocks in which reference and candidate both stand.
func (r *run) confirmed(trials []record.Trial) int {
	return len(r.Goal.LogRatios(trials, chosenArm, lab.Reference, r.Goal.Leading()))
}

// alike lists what the search could not tell from the recommended configuration, and
// what could be recommended in its place: it never failed and keeps what is required.
func alike(scores []decide.Score, recommended record.Arm, goal decide.Goal) []record.Arm {
	arms := []record.Arm{}
	at := slices.IndexFunc(scores, func(s decide.Score) bool { return s.Config.ID() == recommended.Config.ID() })
	if at < 0 {
		return arms
	}
	for _, s := range decide.Alike(scores, scores[at], goal) {
		if s.Feasible(goal) {
			arms = append(arms, record.Arm{Name: s.Arm, Config: s.Config, Metrics: s.Metrics})
		}
	}
	return arms
}
