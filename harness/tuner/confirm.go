package tuner

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"sluice/harness/decide"
	"sluice/harness/lab"
	"sluice/harness/record"
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
	return decide.Cheapest(first, decide.Alike(scores, first, r.Goal), r.Goal, r.landscape(scores).Away)
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
