package machine

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Meter remembers how busy the machine was at one instant. It is a value: it
// owns nothing, needs no closing, and may be asked more than once.
type Meter struct {
	host  host
	usage string // where exact times stand, "" where nowhere
	start snapshot
}

// snapshot is the state of the machine's clocks at one instant.
type snapshot struct {
	at    time.Time
	own   time.Duration         // CPU time of this process since its start
	ticks map[int]time.Duration // busy time of each CPU online since boot, steal included, in ticks
	exact map[int]time.Duration // the same without the grain of ticks; none where it is not known
}

// StartMeter notes how busy the machine is now. It costs 20 to 40 µs on a small
// machine.
func StartMeter() (Meter, error) {
	p := systemPlaces()
	m := Meter{host: p.host, usage: p.usage}
	start, err := m.snapshot()
	if err != nil {
		return Meter{}, err
	}
	m.start = start
	return m, nil
}

// Others is the share of the whole machine, 0 … 1, that somebody else used since
// the meter was started: other processes, interrupts and the hypervisor's other
// guests (steal). Excluded are this process and child, the CPU time that the
// measured process used in the same interval.
//
// Where the kernel tells exact times ([Meter.Exact]) the error is some thousandths
// over half a second; elsewhere it looks who runs in ticks of 4 to 10 ms, and errs
// by some hundredths. In a container it is the share of the machine, not of the
// container.
func (m Meter) Others(child time.Duration) (float64, error) {
	end, err := m.snapshot()
	if err != nil {
		return 0, err
	}
	return others(m.start, end, child), nil
}

// OthersOn is the share of some cores, 0 … 1, that somebody else used since the
// meter was started. Child is the CPU time of the measured process, which was
// held to these cores. This process counts as somebody else: where it ran is not
// known, and what it took there it took from the child.
//
// For a child on part of the machine this is what it competed with. What others do
// on the other cores it feels through caches, memory and clock rate alone.
func (m Meter) OthersOn(cores []int, child time.Duration) (float64, error) {
	end, err := m.snapshot()
	if err != nil {
		return 0, err
	}
	return othersOn(m.start, end, cores, child)
}

// Exact tells whether the kernel tells exact times of tasks here: it does where
// the root of cpuacct, a controller of version 1, is mounted.
func (m Meter) Exact() bool { return m.start.exact != nil }

// Busy watches the machine for window and returns the share of it that others
// used: the answer to "is it quiet enough to measure?".
func Busy(ctx context.Context, window time.Duration) (float64, error) {
	m, err := StartMeter()
	if err != nil {
		return 0, err
	}
	if err := sleep(ctx, window); err != nil {
		return 0, err
	}
	return m.Others(0)
}

// sleep waits, or returns why the context ended.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// others is the rule behind [Meter.Others], free of any clock.
func others(start, end snapshot, child time.Duration) float64 {
	var used time.Duration
	from, until := start.busy(end)
	for core, busy := range until {
		used += busy - from[core]
	}
	return shareOf(used-(end.own-start.own)-child, end.at.Sub(start.at), len(until))
}

// othersOn is the rule behind [Meter.OthersOn].
func othersOn(start, end snapshot, cores []int, child time.Duration) (float64, error) {
	var used time.Duration
	from, until := start.busy(end)
	for _, core := range cores {
		a, first := from[core]
		b, second := until[core]
		if !first || !second {
			return 0, fmt.Errorf("read how busy core %d is: it was not online all the time", core)
		}
		used += b - a
	}
	return shareOf(used-child, end.at.Sub(start.at), len(cores)), nil
}

func shareOf(used, elapsed time.Duration, cores int) float64 {
	capacity := float64(elapsed) * float64(cores)
	if capacity <= 0 {
		return 0
	}
	return min(max(float64(used)/capacity, 0), 1)
}

// busy is what to compare of two snapshots: exact times where both have them.
func (s snapshot) busy(end snapshot) (from, until map[int]time.Duration) {
	if s.exact != nil && end.exact != nil {
		return s.exact, end.exact
	}
	return s.ticks, end.ticks
}

func (m Meter) snapshot() (snapshot, error) {
	var own unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &own); err != nil {
		return snapshot{}, fmt.Errorf("read this process's CPU clock: %w", err)
	}
	now := snapshot{own: time.Duration(own.Nano())}
	text, err := m.host.text("proc/stat")
	if err != nil {
		return snapshot{}, fmt.Errorf("read how busy the machine is: %w", err)
	}
	var usage string
	if m.usage != "" {
		usage, _ = m.host.text(m.usage) // ticks will do
	}
	now.at = time.Now()
	st, err := parseStat(text)
	if err != nil {
		return snapshot{}, err
	}
	now.ticks, now.exact = st.ticks(), st.exact(usage)
	return now, nil
}
