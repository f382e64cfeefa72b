package load

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// ticks reads the processors' time from /proc/stat: the ticks that somebody used,
// the hypervisor's other guests among them, and all there were.
func ticks(root fs.FS) (busy, total float64, err error) {
	const file = "proc/stat"
	data, err := fs.ReadFile(root, file)
	if err != nil {
		return 0, 0, err
	}
	line, _, _ := strings.Cut(string(data), "\n")
	fields := strings.Fields(line)
	// cpu user nice system idle iowait irq softirq steal guest guest_nice, where the
	// last two are part of the first two
	const idle, iowait, steal = 4, 5, 8
	if len(fields) <= steal || fields[0] != "cpu" {
		return 0, 0, fmt.Errorf("%s: line 1 is %q, not the processors' times", file, line)
	}
	for i, field := range fields[:steal+1] {
		if i == 0 {
			continue
		}
		n, err := strconv.ParseUint(field, 10, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("%s: %w", file, err)
		}
		total += float64(n)
		if i != idle && i != iowait {
			busy += float64(n)
		}
	}
	return busy, total, nil
}

// machineMemory reads the share of the memory that is not available from
// /proc/meminfo.
func machineMemory(root fs.FS) (float64, error) {
	const file = "proc/meminfo"
	data, err := fs.ReadFile(root, file)
	if err != nil {
		return 0, err
	}
	total, hasTotal := entry(data, "MemTotal:")
	available, hasAvailable := entry(data, "MemAvailable:")
	if !hasTotal || !hasAvailable || total <= 0 {
		return 0, fmt.Errorf("%s has no MemTotal and MemAvailable", file)
	}
	return min(max(1-available/total, 0), 1), nil
}

// count is a number as the kernel writes it.
func count(text string) (float64, bool) {
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 64)
	return float64(n), err == nil
}

// entry is the number after a name at the beginning of a line.
func entry(data []byte, name string) (float64, bool) {
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != name {
			continue
		}
		return count(fields[1])
	}
	return 0, false
}
