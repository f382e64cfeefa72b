package lab

import (
	"context"
	"fmt"
	"time"

	"sluice/harness/record"
)

// Block measures a block, or what is missing of it, and returns the trials that
// count, in the order of b.Arms. A disturbed block is measured again as Quiet
// says; the attempts that do not count stay in the journal, set aside. A trial
// whose findings differ from the reference's (or, without one, from the first
// arm's) on the same sample is marked as wrong.
func (l *Bench) Block(ctx context.Context, b Block) ([]record.Trial, error) {
	if l.began.IsZero() {
		l.began = time.Now()
	}
	walk := l.oneByOne
	if b.Duet {
		if err := l.checkDuet(b); err != nil {
			return nil, err
		}
		walk = l.duet
	}
	var attempts [][]record.Trial
	for again := true; again; again = l.again(b.Phase, attempts) {
		done, err := walk(ctx, b, len(attempts))
		if err != nil {
			return nil, err
		}
		if err := l.checkDigests(b, done); err != nil {
			return nil, err
		}
		attempts = append(attempts, done)
	}
	return l.choose(attempts)
}

// choose returns the attempt that counts and sets the others aside.
func (l *Bench) choose(attempts [][]record.Trial) ([]record.Trial, error) {
	counts := counting(attempts)
	for i, done := range attempts {
		if i != counts {
			l.tally.aside += len(done)
			if err := l.setAside(done, reason(done, l.Quiet.Share, counts)); err != nil {
				return nil, err
			}
		}
		l.trials = append(l.trials, done...)
	}
	return attempts[counts], nil
}

// setAside marks trials that do not count and says why. A resumed run finds them
// marked already.
func (l *Bench) setAside(done []record.Trial, why string) error {
	for i := range done {
		if done[i].SetAside == why {
			continue
		}
		done[i].SetAside = why
		if err := l.Journal.PutTrial(done[i]); err != nil {
			return err
		}
	}
	return nil
}

// place is where in the design a trial stands.
type place struct {
	Block
	attempt, slot int
	arm           Arm
}

// oneByOne measures the arms of one attempt in the order drawn for it.
func (l *Bench) oneByOne(ctx context.Context, b Block, attempt int) ([]record.Trial, error) {
	done := make([]record.Trial, len(b.Arms))
	ready := false
	for slot, arm := range l.order(b, attempt) {
		p := place{b, attempt, slot, b.Arms[arm]}
		trial, found, err := l.find(p)
		if err != nil {
			return nil, err
		}
		if !found {
			var waited wait
			if !ready {
				if waited, err = l.ready(ctx, b); err != nil {
					return nil, err
				}
				ready = true
			}
			if trial, err = l.measure(ctx, p, waited); err != nil {
				return nil, err
			}
		}
		done[arm] = trial
		l.count(trial, found)
	}
	return done, nil
}

// order draws an attempt's seeded random order: order[slot] is the index of an arm.
func (l *Bench) order(b Block, attempt int) []int {
	purpose := "order"
	if attempt > 0 {
		purpose = fmt.Sprintf("order %d", attempt)
	}
	return l.random(purpose, b.Phase, b.Index).Perm(len(b.Arms))
}

// find looks a trial up in the journal.
func (l *Bench) find(p place) (record.Trial, bool, error) {
	trial, found, err := l.Journal.FindTrial(l.Run, l.Scenario, p.Phase, p.Index, p.slot, p.attempt)
	if err != nil || !found {
		return trial, false, err
	}
	if trial.Arm != p.arm.Name || trial.Config.ID() != p.arm.Config.ID() {
		return trial, false, fmt.Errorf("run %s holds a trial of %s (%s) where this design has %s; measure anew with --fresh", l.Run, trial.Arm, trial.Config, p.arm.Name)
	}
	return trial, true, nil
}

// ready warms the page cache and waits for quiet before the first trial of an
// attempt that is to be measured now.
func (l *Bench) ready(ctx context.Context, b Block) (wait, error) {
	if l.Prepare != nil {
		if err := l.Prepare(ctx, b.Draw); err != nil {
			return wait{}, err
		}
	}
	return l.await(ctx, b.Phase)
}

// measure measures one trial and commits it.
func (l *Bench) measure(ctx context.Context, p place, waited wait) (record.Trial, error) {
	trial, err := l.launch(ctx, p, nil, l.Earlier+l.tally.launches)
	if err != nil {
		return trial, err
	}
	if err := context.Cause(ctx); err != nil {
		return trial, err // the trial in flight is not data: it was cut short by us
	}
	if cost, told := trial.Metrics[CostS]; told { // a trial in virtual time brings its own
		trial.Metrics[CostS] = cost + waited.S
	} else {
		trial.Metrics[CostS] = l.lap()
	}
	waited.note(&trial)
	return trial, l.Journal.PutTrial(trial)
}

// launch measures one trial and writes its place into the record.
func (l *Bench) launch(ctx context.Context, p place, cores []int, number int) (record.Trial, error) {
	start := time.Now()
	trial, err := l.Measure(ctx, Job{Arm: p.arm, Draw: p.Draw, Latency: p.Latency, Limit: l.Limit, Cores: cores, Trial: number, Attempt: p.attempt})
	if err != nil {
		return trial, fmt.Errorf("measure %s in block %d of %s: %w", p.arm.Name, p.Index, p.Phase, err)
	}
	trial.Run, trial.Scenario = l.Run, l.Scenario
	trial.Phase, trial.Block, trial.Slot, trial.Attempt = p.Phase, p.Index, p.slot, p.attempt
	trial.Arm, trial.Config, trial.Storage = p.arm.Name, p.arm.Config, p.arm.Storage
	trial.Started, trial.Cores = start.UTC(), len(cores)
	if trial.Metrics == nil {
		trial.Metrics = map[string]float64{}
	}
	return trial, nil
}

// lap is the time since the last trial's end, in seconds, and begins the next.
func (l *Bench) lap() float64 {
	now := time.Now()
	lap := now.Sub(l.began).Seconds()
	l.began = now
	return lap
}

// count adds a trial to what the bench has spent, and tells the listener.
func (l *Bench) count(trial record.Trial, found bool) {
	if found {
		l.began = time.Now() // looking it up is not charged to the next
	}
	l.tally.launches++
	l.tally.spentS += trial.Metrics[CostS]
	l.tally.waitedS += trial.Metrics[QuietWaitS]
	if l.Listen != nil {
		l.Listen(Event{Trial: trial, Resumed: found})
	}
}

// checkDigests holds every trial against the reference's findings. The arms may
// have run before the reference did, so a wrong one is marked afterwards. Where
// nothing is found by nature, every digest is empty and nothing differs.
func (l *Bench) checkDigests(b Block, done []record.Trial) error {
	of := -1
	for i, trial := range done {
		if trial.Status == record.OK && (of < 0 || b.Arms[i].Name == Reference) {
			of = i
		}
	}
	for i := range done {
		if done[i].Status != record.OK || done[i].FindingsDigest == done[of].FindingsDigest {
			continue
		}
		done[i].Status = record.WrongDigest
		done[i].Reason = fmt.Sprintf("findings_digest %s, %s has %s on the same sample", short(done[i].FindingsDigest), b.Arms[of].Name, short(done[of].FindingsDigest))
		if err := l.Journal.PutTrial(done[i]); err != nil {
			return err
		}
	}
	return nil
}

// short is the beginning of a digest, or the word none.
func short(digest string) string {
	if digest == "" {
		return "none"
	}
	return fmt.Sprintf("%.18s…", digest)
}
