package tuner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"sluice/harness/decide"
	"sluice/harness/lab"
	"sluice/harness/record"
	"sluice/harness/stats"
	"sluice/harness/unit"
)

// RecommendationSchema names the JSON object that tune prints.
const RecommendationSchema = "sluice.recommendation/v1"

// Names of the confirmation arms.
const (
	chosenArm  = "chosen"
	fastestArm = "fastest"
)

// finalists are the candidates that meet the reference again.
type finalists struct {
	arms  []lab.Arm // chosen first
	alpha float64   // two-sided, for each
	least int       // blocks that alpha needs
}

// finalists picks the configuration that the goal prefers and, if it is another
// one, the fastest. Two candidates share the error.
func (r *run) finalists(scores []decide.Score) (finalists, error) {
	ranked := decide.Rank(scores, r.Goal, r.noise)
	if len(ranked) == 0 {
		return finalists{}, &lab.DeadEnd{Why: "no trial of the search ended well; run it again with --fresh --verbose"}
	}
	if best := ranked[0]; !best.Feasible(r.Goal) {
		return finalists{}, &lab.DeadEnd{Why: r.nothingServes(scores, best)}
	}
	ranked[0] = r.cheapest(r.assured(ranked), scores)
	f := finalists{arms: []lab.Arm{{Name: chosenArm, Config: ranked[0].Config}}, alpha: Alpha, least: blocksForOne}
	fastest, ok := decide.BestByThroughput(scores, r.Goal)
	if prompt, found := r.prompt(scores, ranked[0]); found {
		f.arms[0].Config = prompt.Config
		ranked[0] = prompt
	}
	if ok && fastest.Arm != ranked[0].Arm && !r.Goal.Foreign {
		f.arms = append(f.arms, lab.Arm{Name: fastestArm, Config: fastest.Config})
		f.alpha, f.least = Alpha/2, blocksForTwo
	}
	return f, nil
}

// nothingServes says why no configuration can be recommended: which requirement
// binds, and how near to it one comes.
func (r *run) nothingServes(scores []decide.Score, best decide.Score) string {
	why := strings.Join(decide.MissWords(decide.Misses(scores, r.Goal), r.Goal.Own...), "; ")
	switch {
	case why != "":
	case len(r.reference().Metrics) == 0:
		why = "the reference failed in every block of the search (see sluice runs show), so that nothing can be compared with it"
	default:
		why = fmt.Sprintf("the nearest was %s, and %d of its trials failed (see sluice runs show)", best.Config, best.Failed)
	}
	if r.Goal.Foreign { // its knobs stand in its own definition
		return fmt.Sprintf("no configuration that was measured can be recommended: %s; loosen --require, or widen the knobs", why)
	}
	return fmt.Sprintf("no configuration that was measured can be recommended: %s; loosen --require, or name the knobs with --space", why)
}

// assured is the first of the ranking of which the search shows that it keeps what is
// required; beyond the first only one that leads the reference by what matters. The
// first by its medians often lies on the limit, and what confirmation does not show to
// keep it is not recommended. Where there is none it is the first.
func (r *run) assured(ranked []decide.Score) decide.Score {
	least := math.Log1p(r.Goal.MarginOf(r.Goal.Leading()))
	for i, s := range ranked {
		lead := s.Throughput
		if r.Goal.Objective != decide.Balanced {
			lead = s.Objective
		}
		if s.Feasible(r.Goal) && (i == 0 || lead > least) && r.keeps(s.Arm) {
			return s
		}
	}
	return ranked[0]
}

// keeps says whether the search shows that an arm keeps all that is required.
func (r *run) keeps(arm string) bool {
	kept := r.Goal.Keeps(r.searchTrials, arm, nil)
	return !slices.ContainsFunc(kept, func(k record.Kept) bool { return k.State != record.Holds })
}

// cheapest is, of what cannot be told from the first of the ranking, the one that
// costs the least and stands away from a cliff.
func (r *run) cheapest(first decide.Score, scores []decide.Score) decide.Score {
	var away func(record.Flat) bool
	if l := r.landscape(); l.Surface != nil {
		away = l.Away
	}
	return decide.Cheapest(first, decide.Alike(scores, first, r.Goal), r.Goal, away)
}

// doubtful is the lead over the reference, in log ratio, below which the best of many
// noisy throughputs may well be luck.
const doubtful = 0.1

// prompt is the configuration to put beside the fastest where that leads the goal's
// order by a doubtful margin: the one of lowest p99 among those that are not seen to
// be slower than the reference, which is the other way to be better under balanced.
func (r *run) prompt(scores []decide.Score, first decide.Score) (best decide.Score, found bool) {
	if r.Goal.Objective != decide.Balanced || first.Throughput > doubtful {
		return best, false
	}
	best = first
	for _, s := range scores {
		slack := decide.NotWorseMargin + s.Spread(r.noise)
		if s.Feasible(r.Goal) && s.Throughput > -slack && s.P99 > best.P99+doubtful {
			best, found = s, true
		}
	}
	return best, found
}

// confirm measures the finalists on fresh files and decides.
func (r *run) confirm(ctx context.Context, scores []decide.Score) (record.Recommendation, error) {
	f, err := r.finalists(scores)
	if dead, ok := errors.AsType[*lab.DeadEnd](err); ok && r.referenceServes() {
		return r.kept(dead), nil
	}
	if err != nil {
		return record.Recommendation{}, err
	}
	perBlock := r.confirmS(f)
	blocks := r.confirmBlocks(f, perBlock)
	arms := slices.Concat([]lab.Arm{{Name: lab.Reference, Config: r.Reference.Config}}, f.arms, r.Also)
	r.begin(record.Confirmation, blocks*len(arms)+r.rates.placebos(blocks), float64(blocks)*perBlock)
	var trials []record.Trial
	for block := range blocks {
		left := float64(blocks-block+r.quietRepeats) * perBlock
		if block >= f.least && r.late(perBlock) {
			r.warnings = append(r.warnings, fmt.Sprintf("the budget ended after %d of %d confirmation blocks: they took longer than calibration and search foretold", block, blocks))
			break
		}
		r.Bench.Quiet.Repeats = r.repeats(left)
		draw := r.draw(1 + block)
		r.overlap = r.overlap || draw.Overlap
		done, err := r.Bench.Block(ctx, lab.Block{Phase: record.Confirmation, Index: block, Arms: r.withPlacebo(arms, block), Draw: draw, Latency: confirmLatency + block})
		if err != nil {
			return record.Recommendation{}, err
		}
		trials = append(trials, done...)
	}
	full, err := r.full(ctx, arms[:1+len(f.arms)])
	if err != nil {
		return record.Recommendation{}, err
	}
	return r.recommend(f, trials, full, scores), nil
}

// referenceServes says whether the reference keeps what is required, as the search
// measured it.
func (r *run) referenceServes() bool {
	reference := r.reference()
	return len(reference.Metrics) > 0 && len(r.Goal.Meets(reference.Metrics)) == 0
}

// reference is what the search measured of it; without metrics where it always failed.
func (r *run) reference() record.Arm {
	return decide.Arms(r.searchTrials, []string{lab.Reference})[0]
}

// kept recommends the reference since nothing that was tried could be.
func (r *run) kept(why *lab.DeadEnd) record.Recommendation {
	reference := r.reference()
	return record.Recommendation{
		Schema: RecommendationSchema, Run: r.Bench.Run, Verdict: record.Undecided, Goal: r.Goal.Record(), Scenario: r.Scenario,
		Measurements: r.Bench.Launches(), Fidelity: r.design.Fidelity, Reference: reference, Recommended: reference,
		Gain: map[string]record.Ratio{}, Indistinguishable: []record.Arm{}, Warnings: append(r.warnings, "the reference is kept: "+why.Why),
	}
}

// withPlacebo adds the reference under another name to every third block.
func (r *run) withPlacebo(arms []lab.Arm, block int) []lab.Arm {
	if r.rates.PlaceboEvery == 0 || block%r.rates.PlaceboEvery != 0 {
		return arms
	}
	return append(slices.Clone(arms), lab.Arm{Name: lab.Placebo, Config: r.Reference.Config})
}

// budgetSlack is the share of the budget by which a run may pass it.
const budgetSlack = 0.03

// late says whether another confirmation block would pass the budget. The time
// that trials take is all that it reads, never which arm they favour.
func (r *run) late(perBlock float64) bool {
	reserve := 0.0
	if r.design.Full {
		reserve = r.fullS()
	}
	return r.Limits.BudgetS > 0 && r.Bench.SpentS()+perBlock+reserve > (1+budgetSlack)*r.Limits.BudgetS
}

// repeats is how often a disturbed block may be measured again: as often as asked
// while the budget has room for it beside the blocks that are left.
func (r *run) repeats(leftS float64) int {
	if r.design.Full {
		leftS += r.fullS()
	}
	if r.Limits.BudgetS > 0 && r.Bench.SpentS()+leftS > r.Limits.BudgetS {
		return 0
	}
	return r.quietRepeats
}

// confirmS is how long a confirmation block takes, from what the search saw of the
// reference and the finalists.
func (r *run) confirmS(f finalists) float64 {
	cost := func(config record.Flat) (s float64, n int) {
		for _, t := range r.searchTrials {
			if t.Config.ID() == config.ID() && t.Metrics[lab.CostS] > 0 {
				s, n = s+t.Metrics[lab.CostS], n+1
			}
		}
		return s, n
	}
	perBlock := r.rates.blockS(r.design.bytes()) - r.rates.trialS(r.rates.ReferenceSPerByte, r.design.bytes()) - float64(r.rates.candidates())*r.rates.trialS(r.rates.BestSPerByte, r.design.bytes())
	for i, arm := range append([]lab.Arm{r.Reference}, f.arms...) {
		s, n := cost(arm.Config)
		switch {
		case n > 0:
			perBlock += s / float64(n)
		case i == 0:
			perBlock += r.rates.trialS(r.rates.ReferenceSPerByte, r.design.bytes())
		default:
			perBlock += r.rates.trialS(r.rates.BestSPerByte, r.design.bytes())
		}
	}
	return perBlock
}

// confirmBlocks fixes the number of blocks before the first of them: what the
// search left pays for, in time and in launches, never fewer than alpha needs. It is
// more than the design says where the search ended early, or one candidate is to be
// confirmed where room was kept for two.
func (r *run) confirmBlocks(f finalists, perBlock float64) int {
	affordable := mostBlocks
	if r.Limits.BudgetS > 0 {
		left := r.Limits.BudgetS - r.Bench.SpentS()
		if r.design.Full {
			left -= r.fullS()
		}
		affordable = int(math.Floor(left / perBlock))
	}
	if r.Limits.Trials > 0 {
		arms := 1 + len(f.arms) + len(r.Also)
		trials := r.Limits.Trials - r.Bench.Launches()
		if r.design.Full {
			trials -= 1 + len(f.arms)
		}
		for affordable > 0 && affordable*arms+r.rates.placebos(affordable) > trials {
			affordable--
		}
	}
	return max(f.least, min(affordable, mostBlocks))
}

// full measures the finalists once over the whole corpus: the only trials that
// always hold its largest files. Requirements are checked there too.
func (r *run) full(ctx context.Context, arms []lab.Arm) ([]record.Trial, error) {
	if !r.design.Full {
		return nil, nil
	}
	if r.Limits.BudgetS > 0 && r.Bench.SpentS()+r.fullS() > (1+budgetSlack)*r.Limits.BudgetS {
		r.warnings = append(r.warnings, "the budget left no time for the block over all files")
		return nil, nil
	}
	r.begin(record.Full, len(arms), r.fullS())
	r.Bench.Limit, r.Bench.Quiet.Repeats = r.limit(float64(r.Corpus.Bytes)), 0
	whole := r.Corpus.Sample(r.Seed, 0, r.Corpus.Bytes)
	return r.Bench.Block(ctx, lab.Block{Phase: record.Full, Arms: arms, Draw: whole, Latency: fullLatency})
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
		if t.Arm == name && t.Status != record.OK {
			j.broken = append(j.broken, fmt.Sprintf("a trial of the %s phase: %s: %s", t.Phase, t.Status, t.Reason))
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

// BusyShare is the share of the machine used by others above which a
// measurement is called disturbed.
const BusyShare = 0.05

// doubts are the warnings that travel with the result.
func (r *run) doubts(trials, full []record.Trial, best judged) []string {
	var warnings []string
	switch {
	case r.Goal.Foreign: // the same work in every trial is what a command does
	case r.design.Size.Repeats > 1:
		warnings = append(warnings, fmt.Sprintf("the corpus is small: each trial scans it %d times over, and every block the same files", r.design.Size.Repeats))
	case r.overlap:
		warnings = append(warnings, "the corpus is too small for disjoint samples: some confirmation blocks share files")
	}
	if r.Timed {
		warnings = append(warnings, Disturbed(trials)...)
	}
	warnings = append(warnings, lab.Order(trials, r.Goal.Leading()).Words()...)
	warnings = append(warnings, failures(r.searchTrials, r.Reference.Config)...)
	for _, broken := range best.broken {
		warnings = append(warnings, fmt.Sprintf("the candidate failed confirmation: %s", broken))
	}
	if len(full) == 0 && len(r.Goal.Require) > 0 && r.design.Fidelity < 1 {
		warnings = append(warnings, "requirements were checked on samples only; the largest files of the corpus may not have been among them (a longer --budget adds a block over all files)")
	}
	for _, t := range slices.Concat(trials, full) {
		if t.Status != record.OK {
			warnings = append(warnings, fmt.Sprintf("%s, block %d, %s: %s: %s", t.Phase, t.Block, t.Arm, t.Status, t.Reason))
		}
	}
	if r.surface != nil && !r.Bare {
		return warnings // the plateaus tell of edges
	}
	if !r.Bare {
		warnings = append(warnings, fmt.Sprintf("the search's %d trials are too few to say how far each knob may move, and which matter; a longer --budget would", len(r.searchTrials)))
	}
	for _, edge := range r.Space.Edge(best.arm.Config) {
		if value, isNumber := best.arm.Config.Float(edge); isNumber && value <= 1 {
			continue // there is nothing below one worker, one file, no buffer
		}
		warnings = append(warnings, fmt.Sprintf("%s=%v lies at the edge of its range; the optimum may lie beyond it (widen it with --space)", edge, best.arm.Config[edge]))
	}
	return warnings
}

// mostFailures is how many configurations that failed are named.
const mostFailures = 4

// failures says how many configurations failed in the search, and which: a cliff of
// which no figure tells.
func failures(trials []record.Trial, reference record.Flat) []string {
	tried, names, reasons := map[string]bool{}, []string{}, []string{}
	for _, t := range trials {
		tried[t.Config.ID()] = true
		if t.Status == record.OK || t.SetAside != "" {
			continue
		}
		if name := beside(t.Config, reference); !slices.Contains(names, name) {
			names = append(names, name)
		}
		if reason := cmp.Or(t.Reason, string(t.Status)); !slices.Contains(reasons, reason) {
			reasons = append(reasons, reason)
		}
	}
	if len(names) == 0 {
		return nil
	}
	words := fmt.Sprintf("%d of %d configurations failed in the search: ", len(names), len(tried))
	if more := len(names) - mostFailures; more > 0 {
		names = append(names[:mostFailures], fmt.Sprintf("%d more", more))
	}
	if more := len(reasons) - mostFailures; more > 0 {
		reasons = append(reasons[:mostFailures], fmt.Sprintf("%d other reasons", more))
	}
	return []string{words + strings.Join(names, ", ") + " (" + strings.Join(reasons, "; ") + ")"}
}

// beside is what a configuration has otherwise than the reference.
func beside(config, reference record.Flat) string {
	other := record.Flat{}
	for knob, value := range config {
		if fmt.Sprint(value) != fmt.Sprint(reference[knob]) {
			other[knob] = value
		}
	}
	return cmp.Or(other.String(), "the reference")
}

// Disturbed warns when others used more of the machine than a measurement bears.
func Disturbed(trials []record.Trial) []string {
	var shares []float64
	for _, t := range trials {
		shares = append(shares, t.OthersCPUShare)
	}
	if len(shares) == 0 {
		return nil
	}
	if median := stats.Median(shares); median > BusyShare {
		return []string{fmt.Sprintf("the machine was busy: others used %s of it in the median trial (up to %s); differences that are not shown here may show on a quiet machine",
			unit.Percent(median), unit.Percent(slices.Max(shares)))}
	}
	return nil
}
