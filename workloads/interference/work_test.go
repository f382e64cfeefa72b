package interference

import (
	"context"
	"errors"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestTheChecksumOfWorkDependsOnItsLoopsAlone(t *testing.T) {
	sums := map[string]int64{}
	for _, n := range []int64{0, 1, 63, 64, 65, 1000, 1001} {
		for threads := range 5 {
			done, err := Work{Loops: n, Threads: threads}.Run(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if other, seen := sums[done.Checksum]; seen && other != n {
				t.Errorf("%d and %d loops have one checksum, %s", n, other, done.Checksum)
			} else if !seen && threads > 0 {
				t.Errorf("%d loops on %d threads have a checksum of their own", n, threads)
			}
			sums[done.Checksum] = n
			if done.Loops != n {
				t.Errorf("did %d loops of %d", done.Loops, n)
			}
		}
	}
}

func TestWorkIsSharedWithoutLossBeyondSmallNumbers(t *testing.T) {
	const huge = int64(1)<<62 + 12345
	for _, parts := range []int64{1, 2, 3, 7, 1024} {
		if got := share(huge, parts, parts); got != huge {
			t.Errorf("%d parts end at %d, want %d", parts, got, huge)
		}
		for i := range parts {
			if size := share(huge, parts, i+1) - share(huge, parts, i); size < huge/parts || size > huge/parts+1 {
				t.Errorf("part %d of %d has %d loops", i, parts, size)
			}
		}
	}
}

func TestWorkWaitsAsLongAsItSays(t *testing.T) {
	done, err := Work{Wait: 20 * time.Millisecond}.Run(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if done.ElapsedS < 0.020 {
		t.Errorf("waited %v s, want 0.020 or more", done.ElapsedS)
	}
}

// A neighbour cannot make memory resident that was not touched, so this holds on
// any machine.
func TestWorkTouchesAsMuchMemoryAsItSays(t *testing.T) {
	const asked = 32 << 20
	before := anonymous(t)
	var during int64
	if _, err := (Work{RSSBytes: asked}).Run(t.Context(), func() error { during = anonymous(t); return nil }); err != nil {
		t.Fatal(err)
	}
	if grew := during - before; grew < asked-512<<10 || grew > asked+512<<10 {
		t.Errorf("grew by %d bytes, want %d within 512 KiB", grew, asked)
	}
	if left := anonymous(t) - before; left > 512<<10 {
		t.Errorf("%d bytes are left behind", left)
	}
}

// anonymous is this process's resident memory that no file backs, in bytes.
func anonymous(t *testing.T) int64 {
	t.Helper()
	debug.FreeOSMemory() // what tests before this one left would be given back in between
	status, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		t.Skip("no account of this process's memory:", err)
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "Anonymous:"); ok {
			var kib int64
			for _, digit := range strings.Fields(value)[0] {
				kib = kib*10 + int64(digit-'0')
			}
			return kib << 10
		}
	}
	t.Skip("the kernel does not tell anonymous memory apart")
	return 0
}

func TestWorkEndsWithItsContext(t *testing.T) {
	stopped := errors.New("enough")
	for what, w := range map[string]Work{
		"computing": {Loops: 1 << 60, Threads: 2},
		"waiting":   {Wait: 1000 * time.Hour},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		timer := time.AfterFunc(5*time.Millisecond, func() { cancel(stopped) })
		if _, err := w.Run(ctx, func() error { t.Error(what, "was said to be done"); return nil }); !errors.Is(err, stopped) {
			t.Errorf("%s: %v, want %v", what, err, stopped)
		}
		timer.Stop()
	}
}

func TestWorkThatHoldsReturnsItsError(t *testing.T) {
	broken := errors.New("broken")
	if _, err := (Work{}).Run(t.Context(), func() error { return broken }); !errors.Is(err, broken) {
		t.Errorf("%v, want %v", err, broken)
	}
}

func TestWorkRefusesWhatIsNoWork(t *testing.T) {
	_, err := Work{Loops: -1, Threads: 2000, Wait: -1, RSSBytes: 1 << 62}.Run(t.Context(), nil)
	for _, word := range []string{"loops is -1", "threads is 2000", "wait is -1ns", "64GiB"} {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%v; want a word on %q", err, word)
		}
	}
}

// Twice the loops take twice the processor time: 2 % apart is what frequency
// changes leave, and only a large fault goes beyond 20 %.
func TestCalibrationPredictsProcessorTime(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a second of processor time")
	}
	best := 0.0
	for range 5 { // a neighbour can only make it slower
		n, err := Calibrate(t.Context(), 30*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		runtime.LockOSThread()
		start := threadTime()
		loops(t.Context(), 0, n)
		took := (threadTime() - start).Seconds()
		runtime.UnlockOSThread()
		if ratio := 0.030 / took; ratio > 0.8 && ratio < 1.25 {
			return
		} else if best = max(best, ratio); best > 1.25 {
			break
		}
	}
	t.Errorf("what was calibrated as 30 ms takes %.1f ms at best", 30/best)
}

func TestCalibrationRefusesNoTimeAtAll(t *testing.T) {
	if _, err := Calibrate(t.Context(), 0); err == nil {
		t.Error("0 is accepted")
	}
}

func BenchmarkLoop(b *testing.B) {
	var sum uint64
	n := int64(0)
	for b.Loop() {
		sum += loop(n)
		n++
	}
	_ = sum
}

// BenchmarkWait tells how late the kernel's timer is here.
func BenchmarkWait(b *testing.B) {
	const asked = 5 * time.Millisecond
	var late time.Duration
	for b.Loop() {
		start := time.Now()
		if err := wait(b.Context(), asked); err != nil {
			b.Fatal(err)
		}
		late += time.Since(start) - asked
	}
	b.ReportMetric(float64(late.Microseconds())/float64(b.N), "µs-late/op")
}

func BenchmarkTouch(b *testing.B) {
	b.SetBytes(64 << 20)
	for b.Loop() {
		memory, err := touch(64 << 20)
		if err != nil {
			b.Fatal(err)
		}
		if err := unix.Munmap(memory); err != nil {
			b.Fatal(err)
		}
	}
}
