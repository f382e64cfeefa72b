// Package tuner is the main job: it calibrates, searches, confirms and
// recommends, over the trials of one scenario.
//
//  1. A warm-up, the reference and a wide configuration are timed; Plan sizes
//     the sample and the design so that they fit the budget.
//  2. A strategy (harness/search) asks for blocks of configurations, the presets
//     first; a surrogate sees what they tell together.
//  3. The most promising configuration under the goal and the fastest one meet
//     the reference again, on fresh files, in a number of blocks fixed before.
//  4. The verdict decides. Undecided or worse keeps the reference.
//
// Every decision is computed from trials in the journal and from the seed, so a
// run that was killed replays to the trial it was killed in. The tuner knows
// nothing of processes or files; harness/lab measures for it.
package tuner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sluice/harness/decide"
	"sluice/harness/lab"
	"sluice/harness/record"
	"sluice/harness/search"
	"sluice/harness/search/surrogate"
	"sluice/harness/space"
	"sluice/workloads/corpus"
)

// PlaceboEvery is how often, in confirmation blocks, the reference meets itself:
// often enough that a store soon knows its machine, seldom enough to cost little.
const PlaceboEvery = 3

// hopeless is how many times the budget the smallest design may take, once trials
// have shown how long they are, for it to be measured all the same, with a warning.
const hopeless = 1.25

// placeboMost is how many times as long as the best's the reference's trials may
// take for a placebo to be worth its time: beyond, it would cost the search more
// than it tells.
const placeboMost = 2

// A trial that takes hangs times as long as the reference's, and leastLimitS at
// least, is taken to hang and is stopped: one such configuration must not eat the
// budget.
const (
	hangs       = 20
	leastLimitS = 10.0
)

// limit is after how long a trial over so many bytes is taken to hang.
func (r *run) limit(bytes float64) time.Duration {
	slowest := max(r.rates.ReferenceSPerByte, r.rates.BestSPerByte)
	return min(mostLimit, seconds(max(leastLimitS, hangs*slowest*bytes)))
}

// mostLimit bounds a trial however much it scans.
const mostLimit = time.Hour

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// Alpha is the error allowed to a verdict: intervals hold with 95 %.
const Alpha = 0.05

// Options says what to tune.
type Options struct {
	Bench     *lab.Bench
	Corpus    corpus.Corpus // without files: every trial does the same work, a command's
	Scenario  record.Scenario
	Reference lab.Arm
	Wide      lab.Arm                // a configuration that is likely fast, for calibration; none without a configuration
	Starters  []search.Candidate     // known configurations that the search begins with
	Valid     func(record.Flat) bool // whether a drawn configuration can run; nil: all can
	Also      []lab.Arm              // further confirmation arms, never chosen
	Space     space.Space
	Goal      decide.Goal
	Strategy  string // of the search; empty: guided
	Model     Model  // what foretells configurations; nil: none
	Prior     Rates
	Limits    Limits
	Bare      bool // leave out what explains and decides nothing: the front, how far knobs may move, which matter
	Timed     bool // the objective depends on time: others who use the machine matter
	Seed      uint64
	Begin     func(phase record.Phase, trials int, expectS float64) // told before each phase; may be nil
}

// Model makes, of the trials of calibration and the files that the search will
// scan, what foretells a configuration: the log ratio of its utility to the
// reference's (decide.Goal.Utility) and the standard deviation of the error.
type Model func(calibration []record.Trial, sample corpus.Draw) (func(record.Flat) (gain, deviation float64, ok bool), error)

// run is a tuning under way.
type run struct {
	Options
	rates         Rates
	design        Design
	sampled       corpus.Draw
	searched      int // blocks of the search so far
	calibration   []record.Trial
	searchTrials  []record.Trial
	searchedSpace space.Space
	surface       *surrogate.Model // of the leading metric; nil where too little is known
	quietRepeats  int              // as the bench came
	overlap       bool
	noise         float64 // of a pair, as the search saw it
	warnings      []string
}

// Tune measures and recommends. It returns what the bench or the context
// returned if it was stopped; the trials are in the journal by then.
func Tune(ctx context.Context, o Options) (record.Recommendation, error) {
	if o.Limits.Trials > 0 { // every launch counts: none is left for measuring again
		o.Bench.Quiet.Repeats = 0
	}
	if o.Limits.BudgetS > 0 {
		o.Bench.Limit = min(o.Bench.Limit, seconds(max(leastLimitS, o.Limits.BudgetS/2)))
	}
	r := &run{Options: o, quietRepeats: o.Bench.Quiet.Repeats}
	if _, err := Plan(o.Prior, o.Limits, o.Corpus.Bytes); err != nil {
		return record.Recommendation{}, err
	}
	if err := o.anything(); err != nil {
		return record.Recommendation{}, err
	}
	if err := r.calibrate(ctx); err != nil {
		return record.Recommendation{}, err
	}
	scores, err := r.search(ctx)
	if err != nil {
		return record.Recommendation{}, err
	}
	return r.confirm(ctx, scores)
}

// anything says why there is nothing to search, before a trial is spent on it.
func (o Options) anything() error {
	_, err := search.Design(search.Options{Space: o.Space, Reference: o.Reference.Config, Starters: o.Starters, Seed: o.Seed, Valid: o.Valid}, 1)
	if err != nil {
		return &lab.DeadEnd{Why: fmt.Sprintf("nothing to tune: %v", err)}
	}
	return nil
}

func (r *run) begin(phase record.Phase, trials int, expectS float64) {
	if r.Begin != nil {
		r.Begin(phase, trials, expectS)
	}
}

// Numbers of the simulated latencies' draws, so that no two phases share one.
const (
	searchLatency  = 100
	confirmLatency = 10_000
	fullLatency    = 20_000
)

// calibrate times the reference and a wide configuration on a small sample and
// fixes the design. If the true rates leave no room, the smallest design is kept
// and the overrun is a warning: trials were spent.
func (r *run) calibrate(ctx context.Context) error {
	small := r.Prior.sample(lab.ShortestS, r.Corpus.Bytes)
	r.begin(record.Calibration, r.Prior.calibrationTrials(), r.Prior.calibrationS(small))
	arms := []lab.Arm{r.Reference}
	if r.Wide.Config != nil {
		arms = append(arms, r.Wide)
	}
	if r.Limits.Trials > 0 { // warming up may take what the smallest design leaves
		least := r.Prior.least(small)
		r.Bench.Warmest = max(least.Calibration, r.Limits.Trials-least.Trials+least.Calibration)
	}
	trials, err := r.Bench.Calibrate(ctx, r.Corpus, small.Size, arms)
	if err != nil {
		return err
	}
	r.calibration = trials
	r.rates = measured(r.Prior, trials[0], trials[len(trials)-1])
	r.rates.SpentS, r.rates.Launched = r.Bench.SpentS(), r.Bench.Launches()
	r.design, err = Plan(r.rates, r.Limits, r.Corpus.Bytes)
	if tooSmall, ok := errors.AsType[*TooSmall](err); ok {
		if r.Limits.BudgetS > 0 && tooSmall.Least.TotalS > hopeless*r.Limits.BudgetS {
			return &lab.DeadEnd{Why: fmt.Sprintf("trials are slower than expected, as calibration showed: %v", tooSmall)}
		}
		r.design = tooSmall.Least
		r.warnings = append(r.warnings, fmt.Sprintf("calibration showed slower trials than expected: the smallest design takes about %.0f s", tooSmall.Least.TotalS))
		err = nil
	}
	r.sampled = r.draw(0)
	r.Bench.Limit = r.limit(r.design.bytes())
	return err
}

// measured replaces the prior's rates by what calibration saw. What was guessed
// of the further arms is kept in proportion to the best.
func measured(prior Rates, reference, wide record.Trial) Rates {
	rates := Rates{
		ReferenceSPerByte: lab.SPerByte(reference),
		BestSPerByte:      min(lab.SPerByte(wide), lab.SPerByte(reference)),
		LaunchS:           max(lab.LaunchS(reference), lab.LaunchS(wide)),
		PlaceboEvery:      prior.PlaceboEvery,
		Alone:             prior.Alone,
	}
	if rates.ReferenceSPerByte > placeboMost*rates.BestSPerByte {
		rates.PlaceboEvery = 0
	}
	for _, also := range prior.AlsoSPerByte {
		rates.AlsoSPerByte = append(rates.AlsoSPerByte, also/prior.BestSPerByte*rates.BestSPerByte)
	}
	return rates
}

// draw returns the sample of an index: 0 for the search, 1 and up for confirmation.
func (r *run) draw(index int) corpus.Draw { return r.design.Size.Draw(r.Corpus, r.Seed, index) }
