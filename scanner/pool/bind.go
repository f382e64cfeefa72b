package pool

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Bind locks the calling goroutine to its thread and, if cores is not empty, the
// thread to these cores. If it fails the goroutine is not locked and the thread
// unchanged. A core outside [Affinity] is an error that names it: the kernel
// would pass over it in silence as long as another one fits.
//
// The goroutine is to end locked, as one does that never calls
// runtime.UnlockOSThread: then Go ends its thread, and the mask goes with it.
// Threads that Go starts meanwhile do not inherit it. It costs three system calls.
func Bind(cores []int) error {
	if len(cores) == 0 {
		runtime.LockOSThread()
		return nil
	}
	allowed, err := Affinity()
	if err != nil {
		return err
	}
	if out := slices.DeleteFunc(slices.Clone(cores), func(core int) bool { return slices.Contains(allowed, core) }); len(out) > 0 {
		return fmt.Errorf("bind to %s: core %s is not among those this process may use (%s); take cores from these", list(cores), list(out), list(allowed))
	}
	set := unix.NewCPUSet(slices.Max(cores) + 1)
	for _, core := range cores {
		set.Set(core)
	}
	runtime.LockOSThread()
	if err := unix.SchedSetaffinityDynamic(0, set); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("bind to cores %s: %w", list(cores), err)
	}
	return nil
}

// Affinity lists the cores that the process may use, in ascending order, as the
// kernel's mask has it; a quota of CPU time is not looked at. It is asked on a
// goroutine of its own, since the caller's thread may be bound.
func Affinity() ([]int, error) {
	type answer struct {
		cores []int
		err   error
	}
	asked := make(chan answer, 1)
	go func() {
		cores, err := threadCores()
		asked <- answer{cores, err}
	}()
	a := <-asked
	return a.cores, a.err
}

// mostCores is where threadCores gives up; no kernel is built for as many.
const mostCores = 1 << 20

// threadCores lists the cores of the calling thread.
func threadCores() ([]int, error) {
	for most := 1024; most <= mostCores; most *= 2 {
		set := unix.NewCPUSet(most)
		err := unix.SchedGetaffinityDynamic(0, set)
		if errors.Is(err, unix.EINVAL) { // the kernel's mask is longer
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the thread's cores: %w", err)
		}
		cores := make([]int, 0, set.Count())
		for core := range most {
			if set.IsSet(core) {
				cores = append(cores, core)
			}
		}
		return cores, nil
	}
	return nil, fmt.Errorf("read the thread's cores: the kernel's mask is longer than %d", mostCores)
}

// Partition divides the cores of mask, in its order, among a pool for I/O and one
// of cpu workers (≥ 1): clamp(cpu, 1, C−1) of the C cores for cpu, the last ones,
// and the rest for I/O, whose workers wait most of the time and may be many. With
// C = 1 both get the one core; of none both get none. The warning, if not empty,
// names who has to share cores. Pure.
func Partition(mask []int, cpu int) (ioCores, cpuCores []int, warning string) {
	switch len(mask) {
	case 0:
		return nil, nil, "no core to divide; pools are not kept apart"
	case 1:
		return slices.Clone(mask), slices.Clone(mask), fmt.Sprintf(
			"readers and analysers share the one core %d: there is nothing to part", mask[0])
	}
	at := len(mask) - max(1, min(cpu, len(mask)-1))
	ioCores, cpuCores = slices.Clone(mask[:at]), slices.Clone(mask[at:])
	if cpu > len(cpuCores) {
		warning = fmt.Sprintf("%s share %s, since one core or more is left to the readers", count(cpu, "analyser"), count(len(cpuCores), "core"))
	}
	return ioCores, cpuCores, warning
}

// count writes a number with its noun.
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// list writes cores as 0,1,5.
func list(cores []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(cores), " ", ","), "[]")
}
