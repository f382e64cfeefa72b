package interference

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// MostRSS is the most memory that Work may ask for: 64 GiB.
const MostRSS = 64 << 30

// MostThreads is the most threads that Work or a Tenant may ask for.
const MostThreads = 1024

// Work is work of known size, done once: memory is touched, then a wait, then
// computing. The zero value does nothing.
type Work struct {
	Loops    int64         // of computing in all, ≥ 0, about 2 µs each; Calibrate knows
	Threads  int           // the loops are shared among, ≥ 1; 0 is 1. No more than GOMAXPROCS of them run at once
	Wait     time.Duration // through a timer of the kernel, ≥ 0, at no cost in processor time
	RSSBytes int64         // of anonymous memory touched and kept to the end, ≥ 0, rounded up to pages
}

// Done says what Work did.
type Done struct {
	Loops    int64   `json:"loops"`
	Checksum string  `json:"checksum"` // of all loops, in hex: equal for equal Loops, whatever Threads
	ElapsedS float64 `json:"elapsed_s"`
}

// Validate reports every fault at once.
func (w Work) Validate() error {
	var faults []error
	if w.Loops < 0 {
		faults = append(faults, fmt.Errorf("loops is %d; use 0 or more", w.Loops))
	}
	if w.Threads < 0 || w.Threads > MostThreads {
		faults = append(faults, fmt.Errorf("threads is %d; use 1 … %d", w.Threads, MostThreads))
	}
	if w.Wait < 0 {
		faults = append(faults, fmt.Errorf("wait is %v; use 0 or more", w.Wait))
	}
	if w.RSSBytes < 0 || w.RSSBytes > MostRSS {
		faults = append(faults, fmt.Errorf("rss is %d bytes; use 0 … 64GiB", w.RSSBytes))
	}
	return errors.Join(faults...)
}

// Run does the work. At its end, with the memory still there, it calls hold,
// which may be nil and is not part of the time that Done tells. It returns
// context.Cause(ctx) if ctx ends first, within about 0.2 ms.
func (w Work) Run(ctx context.Context, hold func() error) (Done, error) {
	if err := w.Validate(); err != nil {
		return Done{}, err
	}
	start := time.Now()
	memory, err := touch(w.RSSBytes)
	if err != nil {
		return Done{}, err
	}
	defer func() { _ = unix.Munmap(memory) }() // of nothing it is an error that means nothing
	if err := wait(ctx, w.Wait); err != nil {
		return Done{}, err
	}
	sum, err := w.compute(ctx)
	if err != nil {
		return Done{}, err
	}
	done := Done{Loops: w.Loops, Checksum: fmt.Sprintf("%016x", sum), ElapsedS: time.Since(start).Seconds()}
	if hold != nil {
		err = hold()
	}
	return done, err
}

// compute shares the loops among threads, to within one.
func (w Work) compute(ctx context.Context) (uint64, error) {
	threads := int64(max(w.Threads, 1))
	sums := make([]uint64, threads)
	var all sync.WaitGroup
	for i := range threads {
		from, to := share(w.Loops, threads, i), share(w.Loops, threads, i+1)
		all.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			sums[i], _ = loops(ctx, from, to)
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	var sum uint64
	for _, s := range sums {
		sum += s
	}
	return sum, nil
}

// share is where part i of total cut into parts begins; total × i may be beyond
// an int64.
func share(total, parts, i int64) int64 { return total/parts*i + total%parts*i/parts }

// touch maps so many bytes of anonymous memory, in small pages so that not one
// more becomes resident, and writes to each page.
func touch(bytes int64) ([]byte, error) {
	if bytes == 0 {
		return nil, nil
	}
	memory, err := unix.Mmap(-1, 0, int(bytes), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, fmt.Errorf("map %d bytes of memory: %w (use less)", bytes, err)
	}
	_ = unix.Madvise(memory, unix.MADV_NOHUGEPAGE) // refused by a kernel without huge pages, which is as good
	for at := 0; at < len(memory); at += os.Getpagesize() {
		memory[at] = 1
	}
	return memory, nil
}

// wait waits for d through a timer descriptor, which the runtime's poller
// watches: a timer of Go's own is rounded up to a millisecond on an idle machine.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return fmt.Errorf("wait %v: create a timer: %w", d, err)
	}
	timer := os.NewFile(uintptr(fd), "timer")
	defer timer.Close()
	if err := unix.TimerfdSettime(fd, 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}, nil); err != nil {
		return fmt.Errorf("wait %v: set the timer: %w", d, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = timer.SetReadDeadline(time.Unix(0, 0)) })
	defer stop()
	var rang [8]byte
	if _, err := timer.Read(rang[:]); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("wait %v: %w", d, err)
	}
	return nil
}
