package cli

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"sluice/harness/decide"
	"sluice/harness/lab"
	"sluice/harness/record"
	"sluice/harness/stats"
	"sluice/harness/store"
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
	eachS float64       // that a trial takes, about; known with size
	rates paces         // of the calibration; known with size

	repeat  uint64  // of the whole design, from 0: seeds differ by it
	budgetS float64 // of this scenario; 0: none
	least   int     // rounds that the budget does not cut
	cut     int     // rounds after which the budget ended; 0: it did not

	// fit fixes the number of rounds once calibration has shown how long trials are,
	// before the first of them; nil: it is as it was.
	fit func(*rounds)

	bench *lab.Bench // that measured
}

// paces are how long the slower and the faster probe of a calibration took for each
// byte, and what a launch costs beside, in seconds.
type paces struct{ slow, fast, launchS float64 }

// resize gives trials another size and expects them to take as long as their bytes.
func (r *rounds) resize(size lab.Sizing) {
	r.size = size
	r.limit = max(time.Minute, time.Duration(20*r.rates.slow*size.Scanned()*float64(time.Second)))
	r.eachS = (r.rates.slow+r.rates.fast)/2*size.Scanned() + r.rates.launchS
}

// measure calibrates, sizes the sample and measures the design.
func (ses *session) measure(ctx context.Context, r *rounds) ([]record.Trial, error) {
	if err := ses.store.PutScenario(ses.run.ID, r.scenario, nil); err != nil {
		return nil, err
	}
	bench, err := ses.bench(r.scenario, r.corpus, r.parsed, r.repeat)
	if err != nil {
		return nil, err
	}
	r.bench = bench
	if r.size.Bytes == 0 {
		if err := ses.calibrate(ctx, bench, r); err != nil {
			return nil, err
		}
	}
	if r.fit != nil {
		r.fit(r)
	}
	bench.Limit = r.limit
	design := lab.Rounds{Phase: phaseOf(ses.run.Kind), Rounds: r.most, Arms: r.arms, Corpus: r.corpus, Size: r.size, OneSample: r.parsed.oneSample, Placebo: r.placebo, Duet: r.duet}
	design.Enough = func(trials []record.Trial, rounds int) bool {
		return r.decided != nil && r.decided(trials) || r.over(rounds)
	}
	ses.bar.phase(phaseLabel(r.scenario, design.Phase), design.Trials(), r.eachS*float64(design.Trials()))
	trials, err := bench.MeasureRounds(ctx, design)
	ses.launches += bench.Launches()
	return trials, err
}

// over says whether another round would pass the budget by more than a little. It
// reads only what the journal's trials cost.
func (r *rounds) over(done int) bool {
	if r.budgetS == 0 || done >= r.most || done < r.least {
		return false
	}
	spent := r.bench.SpentS()
	if spent+spent/float64(done) <= 1.03*r.budgetS {
		return false
	}
	r.cut = done
	return true
}

// phaseLabel is what the progress calls a phase.
func phaseLabel(sc record.Scenario, phase record.Phase) string {
	return fmt.Sprintf("%s %s", cmpOr(sc.Storage, sc.Name), phase)
}

// calibrate sizes the trials and finds out about how long each takes.
func (ses *session) calibrate(ctx context.Context, bench *lab.Bench, r *rounds) (err error) {
	small, probes, expectS := lab.Sizing{Bytes: 1, Repeats: 1}, r.arms[:1], 2*priorCommandS
	if ses.def == nil {
		if small, probes, expectS, err = r.probes(); err != nil {
			return err
		}
	}
	ses.bar.phase(phaseLabel(r.scenario, record.Calibration), 1+len(probes), expectS)
	done, err := bench.Calibrate(ctx, r.corpus, small, probes)
	if err != nil {
		return err
	}
	first, last := lab.SPerByte(done[0]), lab.SPerByte(done[len(done)-1])
	slow, fast := max(first, last), min(first, last)
	size := small
	if ses.def == nil {
		size = r.parsed.sizeFor(slow, fast, r.corpus)
	}
	r.rates = paces{slow: slow, fast: fast, launchS: lab.LaunchS(done[0])}
	r.resize(size)
	trials := lab.Rounds{Rounds: r.most, Arms: r.arms, Placebo: r.placebo}.Trials()
	if expect := r.eachS * float64(trials); ses.f.budget > 0 && expect > ses.f.budget.Seconds() && !ses.f.quiet && r.fit == nil {
		ses.s.warn("%s takes about %s as calibrated, more than the whole budget of %v", r.scenario.Name, unit.Time(expect), ses.f.budget)
	}
	return nil
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
	if kind == "compare" || kind == checkKind {
		return record.Comparison
	}
	return record.Grid
}

// placebo is what the store knows of this class of machine where there is nothing
// to be found, for a result of so many pairs. Nil without a pair.
func (ses *session) placebo(goal decide.Goal, scenario string, pairs int) *record.Placebo {
	return placeboIn(ses.store, ses.machine.Class, scenario, goal.Metric(goal.Leading()), goal.MarginOf(goal.Leading()), pairs)
}

// placeboIn takes the pairs of one scenario, whichever run they are from: another
// command, or another storage, has another noise. An empty scenario takes all.
func placeboIn(st *store.Store, class, scenario string, metric unit.Metric, margin float64, pairs int) *record.Placebo {
	found, err := st.PlaceboPairs(class, metric.Name, metric.HigherBetter)
	if err != nil {
		return nil // the result stands without it
	}
	var logs []float64
	for _, pair := range found {
		if scenario == "" || unrepeated(pair.Scenario) == unrepeated(scenario) {
			logs = append(logs, pair.LogRatio)
		}
	}
	return decide.Placebo(class, metric.Name, logs, max(pairs, stats.MinPairs(tuner.Alpha)), margin, tuner.Alpha)
}

// unrepeated is a scenario's name without the number of its repetition.
func unrepeated(scenario string) string {
	name, _, _ := strings.Cut(scenario, "#")
	return name
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
