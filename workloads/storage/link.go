package storage

import (
	"container/heap"
	"sync"
	"time"
)

// link is one server with a queue: it transfers one file at a time, in the
// order in which their latencies end. It reckons in the simulation's instants,
// not in those at which goroutines happen to wake, so that a late waker delays
// itself and nobody else. Safe for concurrent use.
type link struct {
	bytesPerSec float64 // 0 or less: infinitely fast

	mu    sync.Mutex
	free  time.Duration // guarded by mu; when the last settled transfer ends
	queue arrivals      // guarded by mu; announced, not yet settled
}

// transfer is one file's use of the link.
type transfer struct {
	arrives time.Duration // when its latency is over
	takes   time.Duration
	ends    time.Duration // set once settled
	settled bool
}

// announce tells the link of a transfer before it arrives.
func (l *link) announce(arrives time.Duration, bytes int64) *transfer {
	t := &transfer{arrives: arrives}
	if l.bytesPerSec > 0 {
		t.takes = time.Duration(float64(bytes) / l.bytesPerSec * float64(time.Second))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	heap.Push(&l.queue, t)
	return t
}

// soonest is when t ends if it finds the link free.
func (t *transfer) soonest() time.Duration { return t.arrives + t.takes }

// settle says when t ends. It is called once t has arrived: from then on no
// earlier arrival can be announced, so those that are known can be served.
func (l *link) settle(t *transfer) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	for !t.settled {
		next := heap.Pop(&l.queue).(*transfer)
		next.settled = true
		next.ends = max(next.arrives, l.free) + next.takes
		l.free = next.ends
	}
	return t.ends
}

// arrivals is a heap of transfers, the earliest arrival first.
type arrivals []*transfer

func (a arrivals) Len() int           { return len(a) }
func (a arrivals) Less(i, j int) bool { return a[i].arrives < a[j].arrives }
func (a arrivals) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }

// Push adds a transfer; it is called by container/heap alone.
func (a *arrivals) Push(x any) { *a = append(*a, x.(*transfer)) }

// Pop removes the last transfer; it is called by container/heap alone.
func (a *arrivals) Pop() any {
	last := len(*a) - 1
	t := (*a)[last]
	(*a)[last] = nil
	*a = (*a)[:last]
	return t
}
