package trial

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"sluice/harness/machine"
	"sluice/harness/record"
)

// Run starts the child that spec describes, waits for its end and returns what
// it cost. A child that fails, dies or is too slow is a Result with a Status;
// an error means that nothing was measured: the spec is wrong, the program is
// not there, or ctx ended first (then the error is its cause, and the child and
// all its group are gone).
//
// Run may be called from several goroutines, but trials that share cores
// disturb each other. Its own cost is one or two milliseconds for each trial,
// most of it the kernel's fork and exec; a launcher adds its own start.
func Run(ctx context.Context, spec Spec) (Result, error) {
	if err := spec.validate(); err != nil {
		return Result{}, err
	}
	if ctx.Err() != nil {
		return Result{}, context.Cause(ctx)
	}
	t := &trial{spec: spec, measured: map[string]bool{}}
	kin.enter()
	ended := make(chan error)
	go func() {
		// The kernel ties three things to the thread that forks: the affinity that
		// the child inherits, the right to trace it, and the signal that kills it if
		// its parent dies. So the thread is ours until the child has gone.
		runtime.LockOSThread()
		err := t.run(ctx)
		if !t.spoiled {
			runtime.UnlockOSThread() // else it ends with this goroutine
		}
		ended <- err
	}()
	err := <-ended
	t.result.Strays = kin.leave()
	return t.result, err
}

// trial is one call of Run. It belongs to one locked thread.
type trial struct {
	spec     Spec
	result   Result
	measured map[string]bool // names of metrics that the result truly holds
	spoiled  bool            // the thread's affinity could not be restored

	process        *os.Process
	pid            int
	pidfd          int
	stdin          *os.File
	marks          *markReader // nil for a foreign command
	hold           *os.File    // nil for a foreign command
	stdout, stderr *capture
	traced         bool
	watch          *watchdog
	looks          *timeline // nil without one
	stage          stage
	fault          string // how the child broke the protocol
	begin          instant
	kinEnd         time.Duration // CPU of other trials' children when this one's had ended
	over           bool          // what stands beside the window has been read
	oomBefore      int64
	oomKnown       bool
}

// stage is how far a child that speaks the protocol has come.
type stage int

const (
	beforeReady stage = iota
	working
	finished
)

func (s stage) String() string {
	return [...]string{"before its ready mark", "between its ready and done marks", "after its done mark"}[s]
}

func (t *trial) run(ctx context.Context) error {
	defer t.close()
	if err := t.launch(); err != nil {
		return fmt.Errorf("start trial %q: %w", t.spec.Argv[0], err)
	}
	t.watch = t.startWatch(ctx)
	if t.spec.Foreign {
		t.looks = startTimeline(t.pid, t.spec.TimelineEvery, t.result.Started)
	}
	err := t.accompany()
	if err != nil {
		t.watch.kill(harnessFault)
	}
	err = errors.Join(err, awaitExit(t.pidfd))
	t.result.ProcessWallS = time.Since(t.result.Started).Seconds()
	return errors.Join(err, t.settle(ctx))
}

// accompany is with the child as long as it needs us.
func (t *trial) accompany() error {
	switch {
	case t.traced:
		return t.follow()
	case t.spec.Foreign:
		return nil
	default:
		return t.protocol()
	}
}

// protocol leads the child from mark to mark. It returns early when the child
// leaves the road; what became of it is read from its exit.
func (t *trial) protocol() error {
	defer t.hold.Close() // a child that still waits for us ends
	if ok, err := t.expect(readyMark); !ok {
		return err
	}
	t.stage = working
	t.readBegin(t.pid)
	start := time.Now()
	if _, err := t.hold.Write([]byte{'\n'}); err != nil {
		return nil // the child died at its mark; its exit tells how
	}
	t.looks = startTimeline(t.pid, t.spec.TimelineEvery, start)
	ok, err := t.expect(doneMark)
	if !ok {
		return err
	}
	t.set(record.Wall, &t.result.WallS, time.Since(start).Seconds())
	t.stage = finished
	t.readEnd()
	return nil
}

// expect waits for the named mark. False without an error is the child's own
// doing.
func (t *trial) expect(want string) (bool, error) {
	mark, ok, err := t.marks.next(t.pidfd)
	if err != nil || !ok {
		return false, err
	}
	if mark != want {
		t.fault = fmt.Sprintf("wrote the mark %q where %q was due", mark, want)
		t.watch.kill(childFault)
		return false, nil
	}
	return true, nil
}

// readEnd takes the clocks and the memory of the child that holds at its end.
func (t *trial) readEnd() {
	if cpu, err := cpuClock(t.pid); err == nil && t.begin.cpuErr == nil {
		used := cpu - t.begin.cpu
		t.set(record.CPU, &t.result.CPUS, used.Seconds())
		t.readOthers(used, kin.cpu(t.pid))
	}
	if delay, err := runDelay(t.pid); err == nil && t.begin.delayErr == nil {
		t.set(RunDelay, &t.result.RunDelayS, (delay - t.begin.delay).Seconds())
	}
	t.readMemory()
	t.readBeside()
}

// readOthers compares what the machine did since the window began with what this
// trial's child and those of other trials used.
func (t *trial) readOthers(used, kinNow time.Duration) {
	if t.begin.meterErr != nil {
		return
	}
	used += max(0, kinNow-t.begin.kin)
	if share, err := t.begin.meter.Others(used); err == nil {
		t.set(OthersShare, &t.result.OthersCPUShare, share)
	}
}

// readBeside ends what stood beside the child while it worked, as soon as it has
// worked.
func (t *trial) readBeside() {
	if t.over {
		return
	}
	t.over = true
	t.result.Series = t.looks.end()
	if t.begin.noted {
		t.result.Conditions = t.begin.watch.End()
	}
}

func (t *trial) readMemory() {
	m, err := readMemory(t.pid)
	if err != nil {
		return
	}
	t.result.RSSPeakBytes, t.result.RSSAnonBytes, t.result.RSSFileBytes = m.peak, m.anon, m.file
	t.measured[record.RSS], t.measured[RSSAnon], t.measured[RSSFile] = true, true, true
}

// close releases descriptors. Those already closed do not mind.
func (t *trial) close() {
	if t.marks != nil {
		t.marks.file.Close()
		t.hold.Close()
	}
	if t.stdin != nil {
		t.stdin.Close()
	}
	t.stdout.finish()
	t.stderr.finish()
	if t.pidfd > 0 {
		unix.Close(t.pidfd)
	}
}

// instant is what is read when the clocks start.
type instant struct {
	noted            bool
	meter            machine.Meter
	watch            machine.Watch
	cpu, delay, kin  time.Duration
	meterErr         error
	cpuErr, delayErr error
}

// readBegin notes the machine's and, unless pid is 0, the child's clocks.
func (t *trial) readBegin(pid int) {
	now := instant{noted: true, watch: machine.StartConditions(t.spec.Cores), kin: kin.cpu(pid)}
	now.meter, now.meterErr = machine.StartMeter()
	if pid != 0 {
		now.delay, now.delayErr = runDelay(pid)
		now.cpu, now.cpuErr = cpuClock(pid)
	}
	t.begin = now
}
