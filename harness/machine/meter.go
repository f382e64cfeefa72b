package machine

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// tick is the unit of /proc/stat: USER_HZ, which is 100 on every architecture
// that Go runs Linux on.
const tick = 10 * time.Millisecond

// Meter remembers how busy the machine was at one instant. It is a value: it
// owns nothing, needs no closing, and may be asked more than once.
type Meter struct {
	host  host
	start snapshot
}

// snapshot is the state of the machine's clocks at one instant.
type snapshot struct {
	at    time.Time
	busy  time.Duration // of all CPUs together since boot, steal included
	own   time.Duration // CPU time of this process since its start
	cores int           // CPUs online
}

// StartMeter notes how busy the machine is now. It costs one read of /proc/stat,
// some 20 µs on a small machine.
func StartMeter() (Meter, error) {
	h := system()
	start, err := h.snapshot()
	if err != nil {
		return Meter{}, err
	}
	return Meter{host: h, start: start}, nil
}

// Others is the share of the whole machine, 0 … 1, that somebody else used since
// the meter was started: other processes, interrupts and the hypervisor's other
// guests (steal). Excluded are this process and child, the CPU time that the
// measured process used in the same interval.
//
// The kernel counts in ticks of 10 ms for each CPU: over one second the error
// is about 0.01, and below 0.1 s the figure means little. In a container it is
// the share of the machine, not of the container.
func (m Meter) Others(child time.Duration) (float64, error) {
	end, err := m.host.snapshot()
	if err != nil {
		return 0, err
	}
	return others(m.start, end, child), nil
}

// Busy watches the machine for window and returns the share of it that others
// used: the answer to "is it quiet enough to measure?".
func Busy(ctx context.Context, window time.Duration) (float64, error) {
	m, err := StartMeter()
	if err != nil {
		return 0, err
	}
	timer := time.NewTimer(window)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	case <-timer.C:
	}
	return m.Others(0)
}

// others is the rule behind [Meter.Others], free of any clock.
func others(start, end snapshot, child time.Duration) float64 {
	capacity := float64(end.at.Sub(start.at)) * float64(end.cores)
	if capacity <= 0 {
		return 0
	}
	used := (end.busy - start.busy) - (end.own - start.own) - child
	return min(max(float64(used)/capacity, 0), 1)
}

func (h host) snapshot() (snapshot, error) {
	var own unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &own); err != nil {
		return snapshot{}, fmt.Errorf("read this process's CPU clock: %w", err)
	}
	text, err := h.text("proc/stat")
	if err != nil {
		return snapshot{}, fmt.Errorf("read how busy the machine is: %w", err)
	}
	at := time.Now()
	busy, cores, err := parseStat(text)
	if err != nil {
		return snapshot{}, err
	}
	return snapshot{at: at, busy: busy, own: time.Duration(own.Nano()), cores: cores}, nil
}

// The columns of a cpu line in /proc/stat, proc(5). Guest time is already part
// of user time, and a CPU that waits for I/O is free for others.
var busyColumns = [...]int{1, 2, 3, 6, 7, 8} // user, nice, system, irq, softirq, steal

// parseStat sums the busy time of all CPUs and counts the CPUs online.
func parseStat(text string) (busy time.Duration, cores int, err error) {
	total := false
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "cpu") {
			break // the cpu lines come first; the rest can be long
		}
		columns := strings.Fields(line)
		if columns[0] != "cpu" {
			cores++
			continue
		}
		total = true
		for _, i := range busyColumns {
			if i >= len(columns) {
				continue // kernels before 2.6.11 have no steal
			}
			ticks, err := strconv.ParseInt(columns[i], 10, 64)
			if err != nil {
				return 0, 0, fmt.Errorf("read proc/stat: column %d of the cpu line: %w", i, err)
			}
			busy += time.Duration(ticks) * tick
		}
	}
	if !total || cores == 0 {
		return 0, 0, fmt.Errorf("read proc/stat: no cpu lines at its beginning")
	}
	return busy, cores, nil
}
