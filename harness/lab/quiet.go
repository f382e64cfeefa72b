package lab

import (
	"context"
	"fmt"
	"time"

	"sluice/harness/record"
	"sluice/harness/unit"
)

// Quiet says what the bench does on a busy machine. The zero value does nothing.
//
// A trial is disturbed when others used more than Share of the machine while it
// ran, or when the machine was suspended meanwhile. A block with a disturbed
// trial is measured again whole: another attempt, in an order of its own, over
// the same sample with the same latencies. The first undisturbed attempt counts;
// where there is none within the bounds, the least disturbed. The rule never
// reads what the trials measured, and it treats the arms of a block alike, so
// that it cannot prefer one. An arm that runs longer meets more of its neighbours
// and has its block repeated more often; but the pair goes as a whole. Warm-ups and trials under a profiler are not
// repeated: nothing is concluded from them.
//
// Two bounds keep a machine that is always busy from doubling the cost. One
// repeat is always allowed; beyond it no block is measured again if more than a
// quarter of the bench's trials would be set aside. The first wait may last Wait;
// beyond it, waiting gets a quarter of what the trials cost at most.
type Quiet struct {
	Share   float64       // of the machine, 0 … 1, used by others, above which a trial is disturbed; 0: never
	Wait    time.Duration // longest wait for quiet before a block; 0: none
	Repeats int           // most repeats of one block; 0: none
	Await   Await         // may be nil: no waiting
}

// Await waits until others use at most share of the machine, at most so long. It
// returns how long it waited and the last share it saw; that it waited in vain
// is no error. machine.AwaitQuiet, given a window, is one.
type Await func(ctx context.Context, share float64, most time.Duration) (waited time.Duration, last float64, err error)

// QuietWaitS is the name of the metric that says how long the bench waited for
// quiet before a trial, in seconds. It is part of the trial's CostS, and absent
// where the bench did not wait.
const QuietWaitS = "quiet_wait_s"

// mostAside is the share of a bench's trials that may be set aside, and of its
// cost that may be waiting, beyond the first of either.
const mostAside = 0.25

// again tells whether a block is measured once more, given its attempts so far.
func (l *Bench) again(phase record.Phase, attempts [][]record.Trial) bool {
	q, last := l.Quiet, attempts[len(attempts)-1]
	if q.Share <= 0 || !repeated(phase) || len(attempts) > q.Repeats || disturbance(last) <= q.Share {
		return false
	}
	aside := l.tally.aside + len(attempts)*len(last) // after one more attempt
	launches := l.tally.launches + len(last)
	return aside <= len(last) || float64(aside) <= mostAside*float64(launches)
}

// repeated tells whether a phase's blocks are measured again and waited for.
func repeated(phase record.Phase) bool {
	return phase != record.Warmup && phase != record.Profiling
}

// disturbance is the largest share of the machine that others used during any of
// the trials. A suspended machine is worse than a busy one.
func disturbance(done []record.Trial) float64 {
	worst := 0.0
	for _, t := range done {
		worst = max(worst, t.OthersCPUShare+suspended(t))
	}
	return worst
}

// suspended is 1 for a trial during which the machine slept.
func suspended(t record.Trial) float64 {
	if slept := t.Conditions.SuspendedS; slept != nil && *slept > 0 {
		return 1
	}
	return 0
}

// counting is the index of the attempt that counts: the least disturbed, the
// first of equals. An undisturbed attempt is always the last one, because none
// is made after it, and the least.
func counting(attempts [][]record.Trial) int {
	best := 0
	for i := range attempts {
		if disturbance(attempts[i]) < disturbance(attempts[best]) {
			best = i
		}
	}
	return best
}

// reason says why the trials of an attempt do not count: which of them was
// disturbed most, and which attempt counts, from 1.
func reason(done []record.Trial, share float64, counts int) string {
	worst := done[0]
	for _, t := range done {
		if t.OthersCPUShare+suspended(t) > worst.OthersCPUShare+suspended(worst) {
			worst = t
		}
	}
	what := fmt.Sprintf("others used %s of the machine during %s, more than %s", unit.Percent(worst.OthersCPUShare), worst.Arm, unit.Percent(share))
	if suspended(worst) > 0 {
		what = fmt.Sprintf("the machine was suspended for %s during %s", unit.Time(*worst.Conditions.SuspendedS), worst.Arm)
	}
	return fmt.Sprintf("%s; attempt %d counts", what, counts+1)
}

// wait is a wait for quiet that took place.
type wait struct {
	S    float64
	took bool
}

// note writes the wait into the trial that followed it.
func (w wait) note(t *record.Trial) {
	if w.took {
		t.Metrics[QuietWaitS] = w.S
	}
}

// await waits for quiet within the bounds.
func (l *Bench) await(ctx context.Context, phase record.Phase) (wait, error) {
	q := l.Quiet
	if q.Await == nil || q.Share <= 0 || q.Wait <= 0 || !repeated(phase) {
		return wait{}, nil
	}
	most := q.Wait
	if l.tally.waitedS > 0 {
		left := mostAside*l.tally.spentS - l.tally.waitedS
		most = min(most, time.Duration(left*float64(time.Second)))
	}
	if most <= 0 {
		return wait{}, nil
	}
	waited, _, err := q.Await(ctx, q.Share, most)
	if err != nil {
		return wait{}, fmt.Errorf("wait for a quiet machine: %w", err)
	}
	return wait{S: waited.Seconds(), took: true}, nil
}
