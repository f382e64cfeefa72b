package trial

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"

	"sluice/harness/machine"
)

// oomKills is how many processes the kernel has killed for want of memory since
// it started, on the whole machine, control groups' limits included. False where
// it does not tell (before Linux 4.13). It costs about 60 µs.
func oomKills() (int64, bool) {
	file, err := os.Open("/proc/vmstat")
	if err != nil {
		return 0, false
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if count, ok := strings.CutPrefix(lines.Text(), "oom_kill "); ok {
			kills, err := strconv.ParseInt(count, 10, 64)
			return kills, err == nil
		}
	}
	return 0, false
}

// outOfMemory tells whether the kernel killed for want of memory, somewhere on
// this machine, since the trial began.
func (t *trial) outOfMemory() bool {
	now, ok := oomKills()
	return ok && t.oomKnown && now > t.oomBefore
}

// memoryLimit says in words how much memory this process and its children may
// use.
func memoryLimit() string {
	limit := machine.Read(".").MemoryBytes
	if limit <= 0 {
		return "limit unknown"
	}
	return fmt.Sprintf("limit %d MiB", limit>>20)
}
