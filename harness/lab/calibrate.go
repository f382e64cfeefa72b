package lab

import (
	"context"
	"fmt"
	"slices"

	"sluice/harness/record"
	"sluice/harness/unit"
	"sluice/workloads/corpus"
)

// calibrationSeed keeps the calibration's sample apart from those that are compared.
const calibrationSeed = 0xca1b

// calibrationLatency numbers the simulated latencies of the calibration and of
// the warm-up before it, so that both have the same work.
const calibrationLatency = 10

// The rule of the warm-up. A reference that is faster than the one before it by
// more than stillWarming was not the first warm one, so the one before it is
// thrown away too. At most mostWarmups are thrown away: the first always, then
// whole calibrations. One that failed counts as thrown away too.
const (
	stillWarming = 0.05
	mostWarmups  = 4
)

// Calibrate runs a warm-up of the first arm, which is thrown away, and one trial
// of each arm on a small sample. The calibration's own trial of the first arm
// tells whether the warm-up was enough, so that a machine that is warm costs one
// warm-up and no more; if it was not, the calibration is set aside as a warm-up
// and measured again; so it is, once, if a trial of it failed though the warm-up
// ended well. Neither happens where it would take more launches than Warmest.
// Calibrate returns the trials of the last in the order of arms. An arm that cannot
// be measured is an error: nothing can be compared with it.
func (l *Bench) Calibrate(ctx context.Context, c corpus.Corpus, small Sizing, arms []Arm) ([]record.Trial, error) {
	draw := small.Draw(c, l.Seed^calibrationSeed, 0)
	before, err := l.Block(ctx, Block{Phase: record.Warmup, Arms: arms[:1], Draw: draw, Latency: calibrationLatency})
	if err != nil {
		return nil, err
	}
	for index, repeated := 0, false; ; index++ {
		trials, err := l.Block(ctx, Block{Phase: record.Calibration, Index: index, Arms: arms, Draw: draw, Latency: calibrationLatency})
		if err != nil {
			return nil, err
		}
		if err := measurable(trials); err != nil {
			if repeated || before[0].Status != record.OK || !fleeting(trials) {
				return nil, err
			}
			if !l.roomFor(len(arms)) {
				return nil, fmt.Errorf("%w; --trials leaves no room to measure it again, a larger one would", err)
			}
			repeated = true
			if err := l.throwAway(index, "a trial of it failed, though the warm-up had not; a later calibration counts"); err != nil {
				return nil, err
			}
			continue
		}
		faster := 1 - trials[0].Metrics[record.Wall]/before[0].Metrics[record.Wall]
		if before[0].Status != record.OK || !(faster > stillWarming) || index+1 >= mostWarmups || !l.roomFor(len(arms)) {
			return trials, nil
		}
		why := fmt.Sprintf("a warm-up: its %s was still %s faster than the one before it; a later calibration counts", Reference, unit.Percent(faster))
		if err := l.throwAway(index, why); err != nil {
			return nil, err
		}
		before = trials
	}
}

// roomFor says whether a calibration of so many trials may be repeated.
func (l *Bench) roomFor(trials int) bool { return l.Warmest == 0 || l.Launches()+trials <= l.Warmest }

// measurable refuses a calibration with a trial that did not end well.
func measurable(trials []record.Trial) error {
	for _, t := range trials {
		if t.Status != record.OK {
			return &DeadEnd{Why: fmt.Sprintf("the configuration %s cannot be measured here: %s: %s (run it again with --verbose, which prints the command of each trial)", t.Arm, t.Status, t.Reason)}
		}
	}
	return nil
}

// fleeting says whether what failed may end well another time: a trial that ran out of
// time, or found other things, says something that must not be repeated away.
func fleeting(trials []record.Trial) bool {
	return !slices.ContainsFunc(trials, func(t record.Trial) bool {
		return t.Status == record.TimedOut || t.Status == record.WrongDigest
	})
}

// throwAway sets a calibration aside.
func (l *Bench) throwAway(index int, why string) error {
	for i := range l.trials {
		t := l.trials[i : i+1]
		if t[0].Phase == record.Calibration && t[0].Block == index && (t[0].SetAside == "" || t[0].SetAside == why) {
			if err := l.setAside(t, why); err != nil {
				return err
			}
		}
	}
	return nil
}
