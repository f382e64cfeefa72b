package trial

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// cpuClock reads how much CPU time all threads of a process have used, in
// nanoseconds. The clock's number is made from the process's, as
// clock_getcpuclockid(3) does.
func cpuClock(pid int) (time.Duration, error) {
	const scheduler = 2 // CPUCLOCK_SCHED: exact, not by ticks
	var now unix.Timespec
	if err := unix.ClockGettime(int32(^pid)<<3|scheduler, &now); err != nil {
		return 0, fmt.Errorf("read the CPU clock of process %d: %w", pid, err)
	}
	return time.Duration(now.Nano()), nil
}

// runDelay sums the time that the living threads of a process could have run
// but queued for a CPU. It costs about 10 µs for each thread.
func runDelay(pid int) (time.Duration, error) {
	tasks := filepath.Join("/proc", strconv.Itoa(pid), "task")
	threads, err := os.ReadDir(tasks)
	if err != nil {
		return 0, err
	}
	var total time.Duration
	for _, thread := range threads {
		data, err := os.ReadFile(filepath.Join(tasks, thread.Name(), "schedstat"))
		if err != nil {
			return 0, err
		}
		delay, err := parseSchedstat(string(data))
		if err != nil {
			return 0, err
		}
		total += delay
	}
	return total, nil
}

// parseSchedstat reads "ran waited slices", the first two in nanoseconds.
func parseSchedstat(text string) (time.Duration, error) {
	columns := strings.Fields(text)
	if len(columns) < 2 {
		return 0, fmt.Errorf("schedstat is %q; want three numbers", text)
	}
	waited, err := strconv.ParseInt(columns[1], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("schedstat is %q: %w", text, err)
	}
	return time.Duration(waited), nil
}

// memory is the size of a process in bytes.
type memory struct {
	peak, anon, file int64
}

// readMemory reads the size of a process that has not yet let go of its memory.
func readMemory(pid int) (memory, error) {
	data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return memory{}, err
	}
	return parseMemory(string(data))
}

// parseMemory reads VmHWM, RssAnon and RssFile of /proc/PID/status. A zombie has
// none of them.
func parseMemory(status string) (memory, error) {
	var m memory
	wanted := map[string]*int64{"VmHWM": &m.peak, "RssAnon": &m.anon, "RssFile": &m.file}
	for line := range strings.Lines(status) {
		name, rest, _ := strings.Cut(line, ":")
		field, ok := wanted[name]
		if !ok {
			continue
		}
		number, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
		kb, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return memory{}, fmt.Errorf("%s of a process: %w", name, err)
		}
		*field = kb << 10
		delete(wanted, name)
	}
	if len(wanted) > 0 {
		return memory{}, fmt.Errorf("the process's status lacks %d of VmHWM, RssAnon and RssFile", len(wanted))
	}
	return m, nil
}

func seconds(t syscall.Timeval) float64 {
	return time.Duration(t.Nano()).Seconds()
}
