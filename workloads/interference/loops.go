package interference

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"sluice/workloads/internal/seeded"
)

const (
	steps = 1024 // of a generator in one loop, each waiting for the one before: about 2 µs
	chunk = 64   // loops between two looks at the clock and the context
)

// loop is the unit of computing: steps of xorshift64 (Marsaglia, Xorshift RNGs,
// JSS 2003) from a state made of n. It touches no memory, and its result depends
// on every step, so that no compiler can leave one out.
func loop(n int64) uint64 {
	x := seeded.Mix(uint64(n)) | 1 // the generator never leaves 0
	for range steps {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}

// loops does those from up to to and returns the sum of their results, or false
// if ctx ended first.
func loops(ctx context.Context, from, to int64) (sum uint64, done bool) {
	for from < to {
		if ctx.Err() != nil {
			return sum, false
		}
		for end := min(from+chunk, to); from < end; from++ {
			sum += loop(from)
		}
	}
	return sum, true
}

// Calibrate returns how many loops one core of this machine does in d of its own
// processor time, at the fastest of five looks of 20 ms each, so that neighbours
// on the machine hardly matter. It takes about 0.1 s of processor time.
func Calibrate(ctx context.Context, d time.Duration) (int64, error) {
	if d <= 0 {
		return 0, fmt.Errorf("calibrate for %v: nothing takes so long; use a positive duration such as 500ms", d)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	perS := 0.0
	for range 5 {
		count, took := int64(0), time.Duration(0)
		for start := threadTime(); took < 20*time.Millisecond; took = threadTime() - start {
			if _, done := loops(ctx, count, count+chunk); !done {
				return 0, context.Cause(ctx)
			}
			count += chunk
		}
		perS = max(perS, float64(count)/took.Seconds())
	}
	return max(1, int64(math.Round(perS*d.Seconds()))), nil
}

// threadTime is the processor time, user and system, that the calling thread has
// used.
func threadTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic(fmt.Sprintf("read the thread's clock: %v", err)) // every Linux since 2.6.12 has it
	}
	return time.Duration(t.Nano())
}
