package doctor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"sluice/harness/machine"
)

// topProcesses is how many of the busiest processes are named.
const topProcesses = 5

// Observation is a stretch of time that has begun.
type Observation struct {
	began     time.Time
	usable    []int
	cores     []int         // these, and the threads that share units with them
	own       time.Duration // CPU time of this process until then
	watch     machine.Watch
	meter     *machine.Meter     // nil where the machine does not tell
	processes *machine.Processes // nil likewise
	part      bool               // the machine has cores that we may not use
}

// Begin begins to observe the machine: its usable cores, and those that share
// units with them.
func Begin(s machine.Settings) Observation {
	o := Observation{began: time.Now(), own: ownCPU(), usable: s.Cores, cores: slices.Clone(s.Cores), part: len(s.Cores) < len(s.Online)}
	for _, others := range s.Siblings {
		o.cores = append(o.cores, others...)
	}
	if p, err := machine.StartProcesses(); err == nil {
		o.processes = &p
	}
	if m, err := machine.StartMeter(); err == nil {
		o.meter = &m
	}
	o.watch = machine.StartConditions(s.Cores)
	return o
}

// End is what happened since. What this process itself used is left out.
func (o Observation) End() Observed {
	seen := Observed{Seconds: time.Since(o.began).Seconds(), Conditions: o.watch.End(), part: o.part}
	if o.meter != nil {
		seen.Exact = o.meter.Exact()
		if share, err := o.meter.Others(0); err == nil {
			seen.OthersShare = &share
		}
		// This process is held to its usable cores, so all that it used is theirs.
		if share, err := o.meter.OthersOn(o.usable, ownCPU()-o.own); err == nil && len(o.usable) > 0 {
			seen.CoresShare = &share
		}
		seen.busy = busyCores(*o.meter, o.cores)
	}
	if o.processes != nil {
		if top, err := o.processes.Top(topProcesses); err == nil {
			seen.Top = top
		}
	}
	return seen
}

// ownCPU is the CPU time of this process. The clock is there wherever a meter is.
func ownCPU() time.Duration {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &now) != nil {
		return 0
	}
	return time.Duration(now.Nano())
}

// busyCores is the share of each core that was used, by whomever.
func busyCores(m machine.Meter, cores []int) map[int]float64 {
	busy := map[int]float64{}
	for _, core := range cores {
		if share, err := m.OthersOn([]int{core}, 0); err == nil {
			busy[core] = share
		}
	}
	return busy
}

// Observe watches the machine for window and does nothing meanwhile.
func Observe(ctx context.Context, s machine.Settings, window time.Duration) (Observed, error) {
	o := Begin(s)
	timer := time.NewTimer(window)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return Observed{}, fmt.Errorf("watch the machine: %w", context.Cause(ctx))
	case <-timer.C:
		return o.End(), nil
	}
}
