package machine

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of /proc/stat: USER_HZ, which is 100 on every architecture
// that Go runs Linux on.
const tick = 10 * time.Millisecond

// cpuTime is what one CPU, or all together, have done since boot.
type cpuTime struct {
	busy       time.Duration // all but idle, and waiting for I/O
	interrupts time.Duration // of it, serving them
	steal      time.Duration // of it, taken by the hypervisor for others
}

// stat is what /proc/stat says of the CPUs.
type stat struct {
	all   cpuTime
	cores map[int]cpuTime // those online
}

// The columns of a cpu line in /proc/stat, proc(5). Guest time is already part
// of user time, and a CPU that waits for I/O is free for others.
const (
	userColumn    = 1
	niceColumn    = 2
	systemColumn  = 3
	irqColumn     = 6
	softirqColumn = 7
	stealColumn   = 8
)

// parseStat reads the cpu lines.
func parseStat(text string) (stat, error) {
	st := stat{cores: map[int]cpuTime{}}
	total := false
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "cpu") {
			break // the cpu lines come first; the rest can be long
		}
		columns := strings.Fields(line)
		used, err := parseCPUTime(columns)
		if err != nil {
			return stat{}, err
		}
		if columns[0] == "cpu" {
			st.all, total = used, true
			continue
		}
		core, err := strconv.Atoi(columns[0][len("cpu"):])
		if err != nil {
			return stat{}, fmt.Errorf("read proc/stat: %q is not a cpu with its number", columns[0])
		}
		st.cores[core] = used
	}
	if !total || len(st.cores) == 0 {
		return stat{}, fmt.Errorf("read proc/stat: no cpu lines at its beginning")
	}
	return st, nil
}

func parseCPUTime(columns []string) (cpuTime, error) {
	var used cpuTime
	for _, i := range [...]int{userColumn, niceColumn, systemColumn, irqColumn, softirqColumn, stealColumn} {
		if i >= len(columns) {
			continue // kernels before 2.6.11 have no steal
		}
		n, err := strconv.ParseInt(columns[i], 10, 64)
		if err != nil {
			return cpuTime{}, fmt.Errorf("read proc/stat: column %d of the line of %s: %w", i, columns[0], err)
		}
		ticks := time.Duration(n) * tick
		used.busy += ticks
		switch i {
		case irqColumn, softirqColumn:
			used.interrupts += ticks
		case stealColumn:
			used.steal = ticks
		}
	}
	return used, nil
}

// ticks is the busy time of each CPU as the kernel's ticks saw it.
func (s stat) ticks() map[int]time.Duration {
	busy := make(map[int]time.Duration, len(s.cores))
	for core, used := range s.cores {
		busy[core] = used.busy
	}
	return busy
}

// exact is the busy time of each CPU with the tasks' part of it taken from usage,
// the nanoseconds of each possible CPU in a row. Interrupts and steal are no
// task's and come in ticks all the same. None where a CPU is missing.
func (s stat) exact(usage string) map[int]time.Duration {
	columns := strings.Fields(usage)
	busy := make(map[int]time.Duration, len(s.cores))
	for core, used := range s.cores {
		if core >= len(columns) {
			return nil
		}
		ns, err := strconv.ParseInt(columns[core], 10, 64)
		if err != nil {
			return nil
		}
		busy[core] = time.Duration(ns) + used.interrupts + used.steal
	}
	return busy
}

// exactUsage finds the file in which the kernel counts the tasks' CPU time in
// nanoseconds: the root group of cpuacct, known by what only a root has. A group
// further down counts itself alone. /proc/schedstat will not do, since it counts a
// task when it leaves the CPU, which may be long after.
func (l limits) exactUsage() string {
	if possible, err := l.host.text("sys/devices/system/cpu/possible"); err == nil && strings.ContainsRune(possible, ',') {
		return "" // the file has a column for each possible CPU, and no numbers to tell which
	}
	for _, m := range l.mounts {
		dir := strings.TrimPrefix(m.point, "/")
		if m.carries("cpuacct") && l.host.exists(path.Join(dir, "release_agent")) {
			return path.Join(dir, "cpuacct.usage_percpu")
		}
	}
	return ""
}
