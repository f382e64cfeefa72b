package scanner

import (
	"bytes"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"sluice/scanner/analyze"
	"sluice/scanner/config"
)

// Apply sets the knobs that belong to the whole process: the collector's pace,
// the soft limit of the Go heap, the number of processors. It overrides what the
// environment asked for, since the configuration says what is measured. The
// returned function restores what was set before. GOMAXPROCS 0 is left as it is.
// Arenas above 0 bound those of the C library; see EngineOptions.
func Apply(memory config.Memory, rt config.Runtime) (restore func(), err error) {
	if memory.Arenas > 0 {
		if err := analyze.LimitArenas(memory.Arenas); err != nil {
			return func() {}, err
		}
	}
	limit := memory.GOMemLimit
	if limit == 0 {
		limit = math.MaxInt64
	}
	oldPercent := debug.SetGCPercent(memory.GOGC)
	oldLimit := debug.SetMemoryLimit(limit)
	oldProcs := runtime.GOMAXPROCS(rt.GOMAXPROCS) // of 0 asks without setting
	return func() {
		if rt.GOMAXPROCS > 0 {
			runtime.GOMAXPROCS(oldProcs)
		}
		debug.SetMemoryLimit(oldLimit)
		debug.SetGCPercent(oldPercent)
		if memory.Arenas > 0 {
			_ = analyze.LimitArenas(0) // it was possible a moment ago
		}
	}, nil
}

// EngineOptions are what the memory knobs ask of an engine: where parse trees
// come from. With arenas auto each analyser has an arena of its own, emptied after
// each file; with a number they come from so many of the C library's.
func EngineOptions(memory config.Memory) []analyze.Option {
	if memory.Arenas > 0 {
		return []analyze.Option{analyze.WithMalloc()}
	}
	return nil
}

// cpuSeconds is the user and system time of this process so far.
func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0 // the call cannot fail for these arguments
	}
	return (time.Duration(usage.Utime.Nano()) + time.Duration(usage.Stime.Nano())).Seconds()
}

// rssPeakBytes is the most memory that this process ever had resident, 0 where
// the kernel does not tell. The kernel's ru_maxrss will not do: a child inherits
// that of the parent which started it.
func rssPeakBytes() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	return highWater(status)
}

// highWater reads VmHWM, which the kernel gives in units of 1024 bytes.
func highWater(status []byte) int64 {
	for line := range bytes.Lines(status) {
		if value, ok := bytes.CutPrefix(line, []byte("VmHWM:")); ok {
			kib, err := strconv.ParseInt(string(bytes.TrimSpace(bytes.TrimSuffix(bytes.TrimSpace(value), []byte("kB")))), 10, 64)
			if err != nil {
				return 0
			}
			return kib << 10
		}
	}
	return 0
}
