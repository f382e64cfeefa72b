package cli

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"sluice/harness/decide"
	"sluice/harness/lab"
	"sluice/harness/record"
	"sluice/harness/stats"
	"sluice/harness/tuner"
	"sluice/harness/unit"
	"sluice/workloads/corpus"
)

// roundTargetS is how long the fastest trial of a fixed design should take.
const roundTargetS = 1.0

// rounds is a design of paired blocks in one scenario.
type rounds struct {
	scenario record.Scenario
	corpus   corpus.Corpus
	arms     []lab.Arm // the reference first
	most     int       // pairs of each arm
	parsed   parsed
	placebo  bool
	duet     bool
	collect  []string // profiles, in extra trials after the others

	// decided stops a comparison of two arms before its last pair; nil: never.
	decided func(trials []record.Trial) bool
	// size is that of an earlier calibration; the zero value calibrates.
	size  lab.Sizing
	limit time.Duration // of a trial, known with size
}

// measure calibrates, sizes the sample and measures the design.
func (ses *session) measure(ctx context.Context, r *rounds) ([]record.Trial, error) {
	if err := ses.store.PutScenario(ses.run.ID, r.scenario, nil); err != nil {
		return nil, err
	}
	bench, err := ses.bench(r.scenario, r.corpus, r.parsed)
	if err != nil {
		return nil, err
	}
	eachS := 0.0
	if r.size.Bytes == 0 {
		if eachS, err = ses.calibrate(ctx, bench, r); err != nil {
			return nil, err
		}
	}
	bench.Limit = r.limit
	design := lab.Rounds{Phase: phaseOf(ses.run.Kind), Rounds: r.most, Arms: r.arms, Corpus: r.corpus, Size: r.size, Placebo: r.placebo, Duet: r.duet}
	if r.decided != nil {
		design.Enough = func(trials []record.Trial, _ int) bool { return r.decided(trials) }
	}
	ses.bar.phase(phaseLabel(r.scenario, design.Phase), design.Trials(), eachS*float64(design.Trials()))
	trials, err := bench.MeasureRounds(ctx, design)
	ses.launches += bench.Launches()
	if err != nil {
		return nil, err
	}
	return trials, ses.profiles(ctx, bench, r, r.size.Draw(r.corpus, ses.f.seed, 0))
}

// phaseLabel is what the progress calls a phase.
func phaseLabel(sc record.Scenario, phase record.Phase) string {
	return fmt.Sprintf("%s %s", cmpOr(sc.Storage, sc.Name), phase)
}

// calibrate sizes the trials and returns about how long each takes, in seconds.
func (ses *session) calibrate(ctx context.Context, bench *lab.Bench, r *rounds) (eachS float64, err error) {
	small, probes, expectS := lab.Sizing{Bytes: 1, Repeats: 1}, r.arms[:1], 2*priorCommandS
	if ses.def == nil {
		if small, probes, expectS, err = r.probes(); err != nil {
			return 0, err
		}
	}
	ses.bar.phase(phaseLabel(r.scenario, record.Calibration), 1+len(probes), expectS)
	done, err := bench.Calibrate(ctx, r.corpus, small, probes)
	if err != nil {
		return 0, err
	}
	first, last := lab.SPerByte(done[0]), lab.SPerByte(done[len(done)-1])
	slow, fast := max(first, last), min(first, last)
	if r.size = small; ses.def == nil {
		r.size = r.parsed.sizeFor(slow, fast, r.corpus)
	}
	r.limit = max(time.Minute, time.Duration(20*slow*r.size.Scanned()*float64(time.Second)))
	eachS = (slow+fast)/2*r.size.Scanned() + lab.LaunchS(done[0])
	trials := lab.Rounds{Rounds: r.most, Arms: r.arms, Placebo: r.placebo}.Trials()
	if expect := eachS * float64(trials); ses.f.budget > 0 && expect > ses.f.budget.Seconds() && !ses.f.quiet {
		ses.s.warn("%s takes about %s as calibrated, more than the whole budget of %v", r.scenario.Name, unit.Time(expect), ses.f.budget)
	}
	return eachS, nil
}

// probes are the arms that calibration times, over how much: the reference and
// the one that the prior holds for the fastest.
func (r *rounds) probes() (lab.Sizing, []lab.Arm, float64, error) {
	rates, err := prior(r.corpus, r.scenario.Storage, len(r.parsed.cores), r.arms[0], r.arms[1:])
	if err != nil {
		return lab.Sizing{}, nil, 0, err
	}
	guess := append(rates.AlsoSPerByte, rates.ReferenceSPerByte)
	small := lab.SizeFor(slices.Max(guess), slices.Min(guess), lab.ShortestS, r.corpus.Bytes)
	fastest := slices.Index(rates.AlsoSPerByte, slices.Min(rates.AlsoSPerByte))
	return small, []lab.Arm{r.arms[0], r.arms[fastest+1]}, 3 * slices.Max(guess) * small.Scanned(), nil
}

// sizeFor sizes the trials of a fixed design, unless it asks for a share of the
// corpus. The rates are seconds per byte.
func (p parsed) sizeFor(slowest, fastest float64, c corpus.Corpus) lab.Sizing {
	if p.fidelity > 0 {
		return lab.Sizing{Bytes: int64(math.Ceil(p.fidelity * float64(c.Bytes))), Repeats: 1}
	}
	return lab.SizeFor(slowest, fastest, roundTargetS, c.Bytes)
}

func phaseOf(kind string) record.Phase {
	if kind == "compare" {
		return record.Comparison
	}
	return record.Grid
}

// placebo is what the store knows of this class of machine where there is nothing
// to be found, for a result of so many pairs. Nil without a pair.
func (ses *session) placebo(goal decide.Goal, pairs int) *record.Placebo {
	found, err := ses.store.PlaceboPairs(ses.machine.Class, goal.Leading(), goal.Metric(goal.Leading()).HigherBetter)
	if err != nil || len(found) == 0 {
		return nil
	}
	logs := make([]float64, len(found))
	for i, pair := range found {
		logs[i] = pair.LogRatio
	}
	return decide.Placebo(ses.machine.Class, goal.Leading(), logs, max(pairs, stats.MinPairs(tuner.Alpha)), tuner.Alpha)
}

// doubts are what travels with every result of paired blocks: a busy machine, a
// drift over the run, trials that failed.
func (ses *session) doubts(trials []record.Trial, goal decide.Goal) []string {
	warnings := []string{}
	if ses.timed {
		warnings = append(warnings, tuner.Disturbed(trials)...)
	}
	warnings = append(warnings, lab.Order(trials, goal.Leading()).Words()...)
	return append(warnings, failures(trials)...)
}
