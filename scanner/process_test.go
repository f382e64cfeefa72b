package scanner

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"

	"sluice/scanner/config"
)

func TestApplySetsTheProcessAndPutsItBack(t *testing.T) {
	percent := debug.SetGCPercent(100)
	defer debug.SetGCPercent(percent)
	procs, limit := runtime.GOMAXPROCS(0), debug.SetMemoryLimit(-1)

	restore, err := Apply(config.Memory{GOGC: -1, GOMemLimit: 1 << 30, Arenas: 2}, config.Runtime{GOMAXPROCS: procs + 1})
	if err != nil {
		t.Fatal(err)
	}
	if got := runtime.GOMAXPROCS(0); got != procs+1 {
		t.Errorf("GOMAXPROCS is %d, want %d", got, procs+1)
	}
	if got := debug.SetMemoryLimit(-1); got != 1<<30 {
		t.Errorf("the memory limit is %d, want %d", got, 1<<30)
	}
	restore()

	restore, err = Apply(config.Memory{GOGC: 50}, config.Runtime{})
	if err != nil {
		t.Fatal(err)
	}
	if got := debug.SetMemoryLimit(-1); got != math.MaxInt64 {
		t.Errorf("the memory limit is %d, want none", got)
	}
	if got := runtime.GOMAXPROCS(0); got != procs {
		t.Errorf("GOMAXPROCS is %d, want %d untouched", got, procs)
	}
	restore()
	if got := debug.SetGCPercent(100); got != 100 {
		t.Errorf("GOGC is %d, want 100 again", got)
	}
	if got := debug.SetMemoryLimit(-1); got != limit {
		t.Errorf("the memory limit is %d, want %d again", got, limit)
	}
}

func TestTheHighWaterMarkIsReadInBytes(t *testing.T) {
	for text, want := range map[string]int64{
		"Name:\tsluice\nVmPeak:\t  9 kB\nVmHWM:\t   2048 kB\nVmRSS:\t 1 kB\n": 2 << 20,
		"Name:\tsluice\n":    0,
		"VmHWM:\tnonsense\n": 0,
	} {
		if got := highWater([]byte(text)); got != want {
			t.Errorf("%q gives %d, want %d", text, got, want)
		}
	}
	if got := rssPeakBytes(); got < 1<<20 {
		t.Errorf("this process has a peak of %d bytes", got)
	}
}
