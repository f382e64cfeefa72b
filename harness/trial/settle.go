package trial

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"sluice/harness/record"
)

// settle buries the child: it kills what is left of the group, reaps, and reads
// the exit. The child is a zombie here, which keeps its number, and so the
// number of its group, from being given to somebody else.
func (t *trial) settle(ctx context.Context) error {
	why := t.watch.end()
	t.readBeside()
	killGroup(t.pid)
	if err := t.spec.Guard.end(t.pid); err != nil {
		kin.bury(t.pid)
		return errors.Join(err, reap(t.process))
	}
	t.kinEnd = kin.cpu(t.pid)
	kin.bury(t.pid)
	state, err := t.process.Wait()
	if err != nil {
		return fmt.Errorf("wait for trial %q: %w", t.spec.Argv[0], err)
	}
	status := state.Sys().(syscall.WaitStatus)
	if why == cancelled && status.Signaled() && status.Signal() == unix.SIGKILL {
		return context.Cause(ctx)
	}
	t.readUsage(state.SysUsage().(*syscall.Rusage))
	t.readOutput()
	t.classify(why, status)
	t.listAbsent()
	return nil
}

// readUsage takes what the kernel kept of the child's whole life.
func (t *trial) readUsage(u *syscall.Rusage) {
	r := &t.result
	t.measured[record.ProcessWall] = true
	t.set(UserCPU, &r.UserS, seconds(u.Utime))
	t.set(SystemCPU, &r.SysS, seconds(u.Stime))
	r.VoluntarySwitches, r.InvoluntarySwitches = u.Nvcsw, u.Nivcsw
	r.MinorFaults, r.MajorFaults = u.Minflt, u.Majflt
	for _, name := range []string{VoluntarySwitches, InvoluntarySwitches, MinorFaults, MajorFaults} {
		t.measured[name] = true
	}
	if !t.spec.Foreign {
		return
	}
	t.set(record.Wall, &r.WallS, r.ProcessWallS)
	t.set(record.CPU, &r.CPUS, r.UserS+r.SysS)
	t.readOthers(time.Duration(r.CPUS*float64(time.Second)), t.kinEnd)
	t.readTreePeak(u.Maxrss << 10)
}

// readTreePeak considers ru_maxrss, which covers the processes that a foreign
// command waited for, but starts at the size of the launcher, or else of this
// process. Only what stands clearly above that floor is the command's own.
func (t *trial) readTreePeak(maxrss int64) {
	const slack = 1 << 20 // the kernel's counters are approximate by some pages for each CPU
	if t.result.RSSFloorBytes == 0 {
		self, err := readMemory(os.Getpid())
		if err != nil {
			return
		}
		t.result.RSSFloorBytes = self.peak
	}
	if maxrss > t.result.RSSFloorBytes+slack && maxrss > t.result.RSSPeakBytes {
		t.result.RSSPeakBytes = maxrss
		t.measured[record.RSS] = true
	}
}

func (t *trial) readOutput() {
	t.stdout.finish()
	t.stderr.finish()
	tail := t.stderr.end()
	t.result.StderrTail = wholeLines(tail, len(tail) == stderrTail)
	t.result.Stdout = t.stdout.end()
	t.result.Stacks = t.stderr.stacks()
}

// set stores a figure and remembers that it is there.
func (t *trial) set(name string, field *float64, value float64) {
	*field = value
	t.measured[name] = true
}

func (t *trial) listAbsent() {
	for _, name := range slices.Sorted(maps.Keys(t.result.metrics())) {
		if !t.measured[name] {
			t.result.Absent = append(t.result.Absent, name)
		}
	}
}
