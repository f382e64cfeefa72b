package doctor

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Lap is the computation done once.
type Lap struct {
	WallS float64 // from the start of the first thread to the end of the last
	CPUS  float64 // of all threads
}

// Pair is the computation done twice, one right after the other: A and B are the
// same, and in random order.
type Pair struct{ A, B Lap }

// Work is a fixed computation on so many threads that touches no memory and makes
// no system call while it runs.
type Work struct {
	threads int
	rounds  int // of each thread
}

// spinSeed fixes the order within pairs.
const spinSeed = 1

// Calibrate finds the work that keeps each of threads busy for about d of CPU time.
// It takes a few times d.
func Calibrate(threads int, d time.Duration) (Work, error) {
	w := Work{threads: 1, rounds: 1 << 16}
	for {
		lap, err := w.Do()
		if err != nil {
			return Work{}, err
		}
		if enough := d.Seconds() / 4; lap.CPUS >= enough {
			w.rounds = max(1, int(float64(w.rounds)*d.Seconds()/lap.CPUS))
			w.threads = threads
			return w, nil
		}
		w.rounds *= 2
	}
}

// Do does the work once. CPU time is taken from the clock of each thread, so that
// nothing else in this process counts.
func (w Work) Do() (Lap, error) {
	var (
		group sync.WaitGroup
		start = make(chan struct{})
		cpus  = make([]time.Duration, w.threads)
		errs  = make([]error, w.threads)
	)
	for i := range w.threads {
		group.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			<-start
			cpus[i], errs[i] = timed(func() { runtime.KeepAlive(burn(w.rounds)) })
		})
	}
	began := time.Now()
	close(start)
	group.Wait()
	lap := Lap{WallS: time.Since(began).Seconds()}
	for i, cpu := range cpus {
		if errs[i] != nil {
			return Lap{}, errs[i]
		}
		lap.CPUS += cpu.Seconds()
	}
	return lap, nil
}

// timed is the CPU time that f takes on this thread.
func timed(f func()) (time.Duration, error) {
	var from, until unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &from); err != nil {
		return 0, fmt.Errorf("read this thread's CPU clock: %w", err)
	}
	f()
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &until); err != nil {
		return 0, fmt.Errorf("read this thread's CPU clock: %w", err)
	}
	return time.Duration(until.Nano() - from.Nano()), nil
}

// burn is Marsaglia's xorshift, each step of which needs the one before: no
// machine does two at once. It is kept from being inlined, and its result used, so
// that no compiler leaves it out.
//
//go:noinline
func burn(rounds int) uint64 {
	x := uint64(88172645463325252)
	for range rounds {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}

// Spin does the work in so many pairs, after one lap that is thrown away. It looks
// at ctx before each lap, and calls done, which may be nil, after each pair.
func Spin(ctx context.Context, pairs int, do func() (Lap, error), done func()) ([]Pair, error) {
	order := rand.New(rand.NewPCG(spinSeed, spinSeed))
	if _, err := do(); err != nil {
		return nil, err
	}
	all := make([]Pair, pairs)
	for i := range all {
		laps := []*Lap{&all[i].A, &all[i].B}
		order.Shuffle(len(laps), func(a, b int) { laps[a], laps[b] = laps[b], laps[a] })
		for _, lap := range laps {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			var err error
			if *lap, err = do(); err != nil {
				return nil, err
			}
		}
		if done != nil {
			done()
		}
	}
	return all, nil
}
