// Package sampler looks at the files in flight from a thread that Go's scheduler
// knows nothing of.
//
// A goroutine that sleeps wakes up where the scheduler looks at its timers: when
// another goroutine has just ended what it did. With two workers whose files take
// 30 µs such looks were measured to find a third less in flight than there was.
// A thread that sleeps in C is woken by the kernel, which does not care where in
// its work a worker is.
package sampler

/*
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

typedef struct { int64_t in_files, in_bytes, out_files, out_bytes; } counts;

// look adds up the tallies: what left before what entered, so that a sum is never
// negative.
static void look(const counts *const *tallies, size_t n, int64_t *files, int64_t *bytes) {
	int64_t f = 0, b = 0;
	for (size_t i = 0; i < n; i++) {
		f -= __atomic_load_n(&tallies[i]->out_files, __ATOMIC_ACQUIRE);
		b -= __atomic_load_n(&tallies[i]->out_bytes, __ATOMIC_ACQUIRE);
	}
	for (size_t i = 0; i < n; i++) {
		f += __atomic_load_n(&tallies[i]->in_files, __ATOMIC_ACQUIRE);
		b += __atomic_load_n(&tallies[i]->in_bytes, __ATOMIC_ACQUIRE);
	}
	*files = f;
	*bytes = b;
}

// sample looks after each of the intervals, in nanoseconds, and returns how often
// it did: fewer times than asked once stop can be read.
static int sample(int stop, const counts *const *tallies, size_t n, const int64_t *intervals, int most, int64_t *files, int64_t *bytes) {
	struct pollfd end = {stop, POLLIN, 0};
	for (int i = 0; i < most; i++) {
		struct timespec wait = {intervals[i] / 1000000000, intervals[i] % 1000000000};
		int answer;
		do answer = ppoll(&end, 1, &wait, NULL); // a signal begins the interval anew
		while (answer < 0 && errno == EINTR);
		if (answer != 0) return i;
		look(tallies, n, &files[i], &bytes[i]);
	}
	return most;
}
*/
import "C"

import (
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"sluice/scanner/observe"
)

// round is how many looks are taken in one call of C.
const round = 256

// New returns a sampler of these tallies for observe.MonitorOptions. It holds one
// thread while it runs, and a look takes some 100 ns and as many more as there are
// tens of tallies. Where the system gives it no descriptor to be stopped by, it
// does not look.
func New(tallies []*observe.Tally) func(*observe.Gauge, <-chan struct{}) {
	return func(g *observe.Gauge, quit <-chan struct{}) {
		stop, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
		if err != nil || len(tallies) == 0 {
			<-quit
			return
		}
		told := make(chan struct{})
		go func() {
			defer close(told)
			<-quit
			_, _ = unix.Write(stop, []byte{1, 0, 0, 0, 0, 0, 0, 0}) // to a descriptor of ours with room for it
		}()
		look(g, tallies, stop)
		<-told
		_ = unix.Close(stop) // nothing was written that could be lost
	}
}

// A looker is what look needs of a gauge.
type looker interface {
	Next() time.Duration
	Look(files, bytes int64)
}

// look samples until stop can be read. The tallies are pinned meanwhile: their
// addresses stand in a table of C's.
func look(g looker, tallies []*observe.Tally, stop int) {
	var pins runtime.Pinner
	defer pins.Unpin()
	table := (**C.counts)(C.calloc(C.size_t(len(tallies)), C.size_t(unsafe.Sizeof(uintptr(0)))))
	defer C.free(unsafe.Pointer(table))
	for i, t := range tallies {
		pins.Pin(t)
		unsafe.Slice(table, len(tallies))[i] = (*C.counts)(unsafe.Pointer(t.Counts()))
	}
	var intervals, files, bytes [round]C.int64_t
	for n := round; n == round; {
		for i := range intervals {
			intervals[i] = C.int64_t(g.Next())
		}
		n = int(C.sample(C.int(stop), table, C.size_t(len(tallies)), &intervals[0], round, &files[0], &bytes[0]))
		for i := range n {
			g.Look(int64(files[i]), int64(bytes[i]))
		}
	}
}
