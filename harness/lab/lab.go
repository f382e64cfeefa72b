// Package lab runs seeded blocks of trials and keeps every one of them.
//
// A block holds one trial of each of its arms, in random order. All of a
// block's trials scan the same sample with the same simulated latencies, so
// that they can be compared in pairs. Each trial is committed to the journal
// before the next begins, under the place that the design gave it (run,
// scenario, phase, block, slot, attempt). That is the whole of resuming: a run
// that was killed walks through the same design again, finds the trials that are
// there and measures only the others. Whatever the lab decides on the way (is a
// block measured again, which attempt counts, is there another round, is the
// reference warm) it decides from the journal alone, so that the resumed run
// decides the same.
//
//   - [Bench.Block] measures a block; with [Quiet] it waits for a quiet machine
//     and measures a disturbed block again.
//   - [Bench.Calibrate] warms up and sizes the sample ([SizeFor], [Sizing]).
//   - [Bench.MeasureRounds] runs a fixed design, to its end or until a
//     sequential rule has enough, with a placebo arm or as a duet ([Rounds]).
//   - [Order] tests the reference's trials for drift and autocorrelation.
//
// Times are differences of the monotonic clock; a wall clock that is set while a
// run measures changes nothing but the moments written beside the trials.
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

// Placebo is the name of the arm that is the reference over again, to show what
// this machine shows where there is nothing to show.
const Placebo = "placebo"

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
	// Duet measures its two arms at the same moment, each on half of Bench.Cores.
	Duet bool
}

// Job is one trial to be measured.
type Job struct {
	Arm     Arm
	Draw    corpus.Draw
	Latency int
	Limit   time.Duration // the trial is stopped after this long
	Cores   []int         // that the trial is bound to; nil: the scenario's
	Trial   int           // launches of this run before this one: the same number when a resumed run repeats it
	Attempt int           // which measuring of its block this is, from 0
}

// Measure launches one trial. Whatever happens to the trial is told in the
// record; an error means that the harness itself could not do its work. It is
// called by one goroutine at a time, but in a duet by two.
type Measure func(ctx context.Context, job Job) (record.Trial, error)

// Journal keeps trials. It is declared here because the lab is its consumer;
// harness/store implements it. FindTrial returns the last trial put at a place;
// PutTrial replaces a trial of the same place and Started, except that a trial
// put without a series keeps the series it has.
type Journal interface {
	FindTrial(run, scenario string, phase record.Phase, block, slot, attempt int) (record.Trial, bool, error)
	PutTrial(record.Trial) error
}

// DeadEnd is a run that cannot go on, now or later: its own trials say so, and
// replaying them would end here again.
type DeadEnd struct{ Why string }

func (e *DeadEnd) Error() string { return e.Why }

// Event tells a listener that a trial ended. Whether the trial counts is not
// known yet: its block may be measured again.
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
	Quiet    Quiet                                    // what happens on a busy machine; the zero value: nothing
	Cores    []int                                    // of the scenario; only a duet needs them
	Earlier  int                                      // launches of the run's earlier scenarios, so that Job.Trial counts on
	Warmest  int                                      // launches of Calibrate, at most; 0: as many as its rule asks for

	trials []record.Trial
	tally  tally
	began  time.Time // when the trial before ended; zero before the first
}

// tally is what the trials so far amount to, computed from the journal alone, so
// that a resumed run decides as the first one did.
type tally struct {
	launches int
	aside    int     // trials whose block was measured again because it was disturbed
	spentS   float64 // sum of CostS
	waitedS  float64 // sum of QuietWaitS, part of spentS
}

// CostS is the name of the metric that holds what a trial cost the budget:
// seconds from the end of the trial before it until its own. Preparing, waiting
// for quiet and whatever the strategy did in between is charged to the trial
// that follows. Of a duet the trial that ends first is charged in full, the
// other with what it took longer.
const CostS = "trial_cost_s"

// Trials returns every trial so far, block by block, those set aside included.
func (l *Bench) Trials() []record.Trial { return l.trials }

// Launches is the number of trials so far, those set aside included.
func (l *Bench) Launches() int { return l.tally.launches }

// SpentS is what the trials so far cost the budget, in seconds: those set aside,
// waiting and preparing included. It is computed from the journal alone, so that
// a resumed run decides as the first one did.
func (l *Bench) SpentS() float64 { return l.tally.spentS }

// Spent is SpentS as a duration.
func (l *Bench) Spent() time.Duration {
	return time.Duration(l.tally.spentS * float64(time.Second))
}

// random is a seeded source for one purpose in one place of the design.
func (l *Bench) random(purpose string, phase record.Phase, index int) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s/%s/%s/%d", purpose, l.Scenario, phase, index)
	return rand.New(rand.NewPCG(l.Seed, h.Sum64()))
}
