// Package lab runs seeded blocks of trials and keeps every one of them.
//
// A block holds one trial of each of its arms, in random order. All of a
// block's trials scan the same sample with the same simulated latencies, so
// that they can be compared in pairs. Each trial is committed to the journal
// before the next begins, under the place that the design gave it (run,
// scenario, phase, block, slot). That is the whole of resuming: a run that was
// killed walks through the same design again, finds the trials that are there
// and measures only the others.
//
// The lab knows nothing of knobs or goals. What measures is a function; the
// strategies and decisions stand above (harness/tuner).
package lab

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"sluice/harness/record"
	"sluice/workloads/corpus"
)

// Reference is the name of the arm that the others of a block are compared with.
const Reference = "reference"

// Arm is a configuration under the name it has in this run.
type Arm struct {
	Name    string
	Config  record.Flat
	Storage string // profile, where it differs from the scenario's
}

// Block is a planned block: its place in the design, its arms and what they scan.
type Block struct {
	Phase record.Phase
	Index int // within the phase, from 0
	Arms  []Arm
	Draw  corpus.Draw
	// Latency numbers the simulated latencies; blocks of equal number have the
	// same latency for the same file (common random numbers).
	Latency int
}

// Job is one trial to be measured.
type Job struct {
	Arm     Arm
	Draw    corpus.Draw
	Latency int
	Limit   time.Duration // the trial is stopped after this long
}

// Measure launches one trial. Whatever happens to the trial is told in the
// record; an error means that the harness itself could not do its work.
type Measure func(ctx context.Context, job Job) (record.Trial, error)

// Journal keeps trials. It is declared here because the lab is its consumer;
// harness/store implements it.
type Journal interface {
	FindTrial(run, scenario string, phase record.Phase, block, slot, attempt int) (record.Trial, bool, error)
	PutTrial(record.Trial) error
}

// DeadEnd is a run that cannot go on, now or later: its own trials say so, and
// replaying them would end here again.
type DeadEnd struct{ Why string }

func (e *DeadEnd) Error() string { return e.Why }

// Event tells a listener that a trial ended.
type Event struct {
	Trial   record.Trial
	Resumed bool // found in the journal, not measured now
}

// Bench measures the blocks of one scenario of one run. It is used by one
// goroutine at a time.
type Bench struct {
	Run      string
	Scenario string
	Seed     uint64
	Journal  Journal
	Measure  Measure
	Prepare  func(context.Context, corpus.Draw) error // warms the page cache before a block; may be nil
	Listen   func(Event)                              // may be nil; never called while a trial runs
	Limit    time.Duration                            // of one trial

	trials []record.Trial
	spentS float64
}

// CostS is the name of the metric that holds what a trial cost the budget:
// seconds from the end of the trial before it until its own.
const CostS = "trial_cost_s"

// Block measures a block, or what is missing of it, and returns its trials in
// the order of b.Arms. A trial whose findings differ from the reference's (or,
// without one, from the first arm's) on the same sample is marked as wrong.
func (l *Bench) Block(ctx context.Context, b Block) ([]record.Trial, error) {
	order := l.order(b)
	done := make([]record.Trial, len(b.Arms))
	warm, began := false, time.Now()
	for slot, arm := range order {
		trial, found, err := l.Journal.FindTrial(l.Run, l.Scenario, b.Phase, b.Index, slot, 0)
		if err != nil {
			return nil, err
		}
		if !found {
			if !warm && l.Prepare != nil {
				if err := l.Prepare(ctx, b.Draw); err != nil {
					return nil, err
				}
				warm = true
			}
			if trial, err = l.measure(ctx, b, slot, b.Arms[arm], began); err != nil {
				return nil, err
			}
		} else if trial.Arm != b.Arms[arm].Name || trial.Config.ID() != b.Arms[arm].Config.ID() {
			return nil, fmt.Errorf("run %s holds a trial of %s (%s) where this design has %s; measure anew with --fresh", l.Run, trial.Arm, trial.Config, b.Arms[arm].Name)
		}
		began = time.Now()
		done[arm] = trial
		l.spentS += trial.Metrics[CostS]
		if l.Listen != nil {
			l.Listen(Event{Trial: trial, Resumed: found})
		}
	}
	if err := l.checkDigests(b, done); err != nil {
		return nil, err
	}
	l.trials = append(l.trials, done...)
	return done, nil
}

// Trials returns every trial of the blocks so far.
func (l *Bench) Trials() []record.Trial { return l.trials }

// SpentS is what the trials so far cost the budget, in seconds. It is computed
// from the journal alone, so that a resumed run decides as the first one did.
func (l *Bench) SpentS() float64 { return l.spentS }

// order draws the block's seeded random order: order[slot] is the index of an arm.
func (l *Bench) order(b Block) []int {
	return l.random("order", b.Phase, b.Index).Perm(len(b.Arms))
}

// random is a seeded source for one purpose in one place of the design.
func (l *Bench) random(purpose string, phase record.Phase, index int) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s/%s/%s/%d", purpose, l.Scenario, phase, index)
	return rand.New(rand.NewPCG(l.Seed, h.Sum64()))
}

// measure measures one trial and commits it. What it cost is counted from began,
// so that preparing a block is charged to its first trial.
func (l *Bench) measure(ctx context.Context, b Block, slot int, arm Arm, began time.Time) (record.Trial, error) {
	start := time.Now()
	trial, err := l.Measure(ctx, Job{Arm: arm, Draw: b.Draw, Latency: b.Latency, Limit: l.Limit})
	if err != nil {
		return trial, fmt.Errorf("measure %s in block %d of %s: %w", arm.Name, b.Index, b.Phase, err)
	}
	if err := context.Cause(ctx); err != nil {
		return trial, err // the trial in flight is not data: it was cut short by us
	}
	trial.Run, trial.Scenario = l.Run, l.Scenario
	trial.Phase, trial.Block, trial.Slot = b.Phase, b.Index, slot
	trial.Arm, trial.Config, trial.Storage = arm.Name, arm.Config, arm.Storage
	trial.Started = start.UTC()
	if trial.Metrics == nil {
		trial.Metrics = map[string]float64{}
	}
	if _, told := trial.Metrics[CostS]; !told { // a trial in virtual time brings its own
		trial.Metrics[CostS] = time.Since(began).Seconds()
	}
	return trial, l.Journal.PutTrial(trial)
}

// checkDigests holds every trial against the reference's findings. The arms may
// have run before the reference did, so a wrong one is marked afterwards.
func (l *Bench) checkDigests(b Block, done []record.Trial) error {
	want, of := "", 0
	for i, trial := range done {
		if trial.Status == record.OK && (want == "" || b.Arms[i].Name == Reference) {
			want, of = trial.FindingsDigest, i
		}
	}
	for i := range done {
		if done[i].Status != record.OK || done[i].FindingsDigest == want {
			continue
		}
		done[i].Status = record.WrongDigest
		done[i].Reason = fmt.Sprintf("findings_digest %.18s…, %s has %.18s… on the same sample", done[i].FindingsDigest, b.Arms[of].Name, want)
		if err := l.Journal.PutTrial(done[i]); err != nil {
			return err
		}
	}
	return nil
}
