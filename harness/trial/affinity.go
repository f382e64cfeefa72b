package trial

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// maxCores is as many as Linux can be built for.
const maxCores = 8192

// pin moves the calling thread, which must be locked, to the given cores, and
// returns the way back. Without cores it does nothing.
func pin(cores []int) (undo func() error, err error) {
	if len(cores) == 0 {
		return func() error { return nil }, nil
	}
	if largest := slices.Max(cores); largest >= maxCores {
		return nil, fmt.Errorf("run on core %d: this system numbers cores below %d", largest, maxCores)
	}
	before := unix.NewCPUSet(maxCores)
	if err := unix.SchedGetaffinityDynamic(0, before); err != nil {
		return nil, fmt.Errorf("read this thread's affinity: %w", err)
	}
	wanted := unix.NewCPUSet(maxCores)
	for _, core := range cores {
		// The kernel would quietly leave out a core that is not there.
		if !before.IsSet(core) {
			return nil, fmt.Errorf("run on core %d: this process may not use it (it may use %d cores)", core, before.Count())
		}
		wanted.Set(core)
	}
	if err := unix.SchedSetaffinityDynamic(0, wanted); err != nil {
		return nil, fmt.Errorf("run on cores %v: %w", cores, err)
	}
	return func() error { return unix.SchedSetaffinityDynamic(0, before) }, nil
}
