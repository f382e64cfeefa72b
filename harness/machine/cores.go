package machine

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Affinity lists the cores that this process may run on, ascending, numbered as
// the kernel does.
func Affinity() ([]int, error) { return system().affinity() }

// UsableCores is min(cores of the affinity mask, cgroup CPU quota rounded up), at
// least 1. It is never the machine's count. GOMAXPROCS does not replace it: the
// runtime never goes below 2 for a quota.
func UsableCores() (int, error) { return system().usableCores() }

func (h host) affinity() ([]int, error) {
	status, err := h.text("proc/self/status")
	if err != nil {
		return nil, fmt.Errorf("read the affinity mask: %w", err)
	}
	list, ok := field(status, "Cpus_allowed_list")
	if !ok {
		return nil, fmt.Errorf("read the affinity mask: proc/self/status has no Cpus_allowed_list")
	}
	cores, err := parseCoreList(list)
	if err != nil {
		return nil, fmt.Errorf("read the affinity mask: %w", err)
	}
	return cores, nil
}

func (h host) usableCores() (int, error) {
	cores, err := h.affinity()
	if err != nil {
		return 0, err
	}
	usable := len(cores)
	if quota, ok := h.limits().cpu(); ok {
		usable = min(usable, int(math.Ceil(quota)))
	}
	return max(usable, 1), nil
}

// parseCoreList reads the kernel's list format: "0-3,8,10-11".
func parseCoreList(text string) ([]int, error) {
	const most = 1 << 16 // far above any machine; keeps a wrong list from filling memory
	var cores []int
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(part), "-")
		low, err := strconv.Atoi(first)
		if err != nil {
			return nil, fmt.Errorf("list of cores %q: %w", text, err)
		}
		high := low
		if isRange {
			if high, err = strconv.Atoi(last); err != nil {
				return nil, fmt.Errorf("list of cores %q: %w", text, err)
			}
		}
		if low < 0 || high < low || high >= most {
			return nil, fmt.Errorf("list of cores %q: %q is not a range", text, part)
		}
		for core := low; core <= high; core++ {
			cores = append(cores, core)
		}
	}
	return cores, nil
}
