package limiter

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// MaxLimit is the highest limit that a Semaphore or a Limiter can have.
const MaxLimit = 1<<limitBits - 1

// The state of a semaphore is one word, so that whoever takes permits compares
// and swaps against the very limit that holds: no interleaving passes it.
//
//	bit 62: somebody waits; bits 31–61: limit; bits 0–30: in flight
const (
	limitBits = 31
	queued    = 1 << (2 * limitBits)
)

func inFlight(state uint64) uint64 { return state & MaxLimit }
func limitOf(state uint64) uint64  { return state >> limitBits & MaxLimit }

// A Semaphore bounds the weight of what is in flight by a limit that may be moved
// at any time. Whoever waits is served in order of arrival, and nobody takes a
// permit past a waiter. It is safe for concurrent use; taking a free permit costs
// one compare-and-swap, giving one back as much. Make it with NewSemaphore.
type Semaphore struct {
	state atomic.Uint64
	mu    sync.Mutex // guards what follows, and the clearing of queued
	queue queue
	spare sync.Pool // of *waiter
}

// NewSemaphore makes a semaphore with a limit of 1 to MaxLimit.
func NewSemaphore(limit int) (*Semaphore, error) {
	s := new(Semaphore)
	if err := s.SetLimit(limit); err != nil {
		return nil, err
	}
	return s, nil
}

// Limit is how much may be in flight now.
func (s *Semaphore) Limit() int { return int(limitOf(s.state.Load())) }

// InFlight is how much is out now. It is above the limit only after this was
// lowered, until enough has come back.
func (s *Semaphore) InFlight() int { return int(inFlight(s.state.Load())) }

// Waiting is how many wait.
func (s *Semaphore) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queue.length
}

// Acquire waits until n permits are free and nobody waits before, and takes them.
// It returns context.Cause(ctx) if ctx ends first or has ended. More than the limit
// has to wait until this is raised, and holds up whoever comes after. An n below 1
// or above MaxLimit is an error.
func (s *Semaphore) Acquire(ctx context.Context, n int) error {
	if err := checkWeight(n, MaxLimit); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if s.take(uint64(n), false) > 0 {
		return nil
	}
	_, err := s.wait(ctx, uint64(n), false)
	return err
}

// TryAcquire takes n permits if they are free and nobody waits for any.
func (s *Semaphore) TryAcquire(n int) bool {
	return n > 0 && n <= MaxLimit && s.take(uint64(n), false) > 0
}

// Release gives n permits back. It panics, and changes nothing, if fewer are out: a
// permit came back twice, and the bound would be void.
func (s *Semaphore) Release(n int) {
	for {
		old := s.state.Load()
		if n < 0 || inFlight(old) < uint64(n) {
			panic(fmt.Sprintf("limiter: %d permits came back that were not out", n))
		}
		if s.state.CompareAndSwap(old, old-uint64(n)) {
			if old&queued != 0 {
				s.admit()
			}
			return
		}
	}
}

// SetLimit moves the limit. Waiters who fit under a higher one are let in before it
// returns; a lower one takes effect as permits come back. A limit below 1 or above
// MaxLimit is an error, and nothing moves.
func (s *Semaphore) SetLimit(limit int) error {
	if limit < 1 || limit > MaxLimit {
		return fmt.Errorf("limit is %d; use 1 to %d", limit, MaxLimit)
	}
	for {
		old := s.state.Load()
		moved := old&^(MaxLimit<<limitBits) | uint64(limit)<<limitBits
		if s.state.CompareAndSwap(old, moved) {
			if old&queued != 0 {
				s.admit()
			}
			return nil
		}
	}
}

// checkWeight refuses what cannot be a weight.
func checkWeight(n, most int) error {
	if n < 1 || n > most {
		return fmt.Errorf("weight is %d; use 1 to %d, the highest limit", n, most)
	}
	return nil
}

// take takes n permits, or the whole limit if that is less and whole is set, if they
// are free and nobody waits. It returns how many it took.
func (s *Semaphore) take(n uint64, whole bool) uint64 {
	for {
		old := s.state.Load()
		taken := charge(old, n, whole)
		if old&queued != 0 || inFlight(old)+taken > limitOf(old) {
			return 0
		}
		if s.state.CompareAndSwap(old, old+taken) {
			return taken
		}
	}
}

// charge is what n permits cost under the limit of the moment.
func charge(state, n uint64, whole bool) uint64 {
	if whole {
		return min(n, limitOf(state))
	}
	return n
}

// give gives back n permits that are known to be out, lets waiters in, and returns
// the state between the two.
func (s *Semaphore) give(n uint64) uint64 {
	state := s.state.Add(-n)
	if inFlight(state)+n > MaxLimit { // it borrowed from the limit: a copy of a permit was settled
		s.state.Add(n)
		panic(fmt.Sprintf("limiter: %d permits came back that were not out", n))
	}
	if state&queued != 0 {
		s.admit()
	}
	return state
}

// wait queues for what take did not get.
func (s *Semaphore) wait(ctx context.Context, n uint64, whole bool) (uint64, error) {
	w := s.enqueue(n, whole)
	select {
	case <-w.ready:
		taken := w.taken
		s.spare.Put(w)
		return taken, nil
	case <-ctx.Done():
		s.abandon(w)
		s.spare.Put(w)
		return 0, context.Cause(ctx)
	}
}

// enqueue puts a waiter at the end of the queue. The flag is raised before the
// state is looked at once more: a permit that came back before is seen by
// admitLocked, and whoever brings one after sees the flag.
func (s *Semaphore) enqueue(n uint64, whole bool) *waiter {
	w, ok := s.spare.Get().(*waiter)
	if !ok {
		w = &waiter{ready: make(chan struct{}, 1)}
	}
	w.n, w.whole, w.taken = n, whole, 0
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue.push(w)
	s.state.Or(queued)
	s.admitLocked()
	return w
}

// abandon takes a waiter out of the queue, or gives back what it was granted in
// the same moment.
func (s *Semaphore) abandon(w *waiter) {
	s.mu.Lock()
	if w.taken == 0 {
		s.queue.remove(w)
		s.admitLocked() // it may have been heavier than those behind it
		s.mu.Unlock()
		return
	}
	s.mu.Unlock()
	<-w.ready
	s.give(w.taken)
}

// admit lets in whoever fits.
func (s *Semaphore) admit() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.admitLocked()
}

// admitLocked lets waiters in, in order, until one does not fit. Called under mu.
func (s *Semaphore) admitLocked() {
	for w := s.queue.first; w != nil; w = s.queue.first {
		if w.taken = s.grant(w); w.taken == 0 {
			return
		}
		s.queue.remove(w)
		w.ready <- struct{}{}
	}
	s.state.And(^uint64(queued))
}

// grant takes permits for the first waiter.
func (s *Semaphore) grant(w *waiter) uint64 {
	for {
		old := s.state.Load()
		taken := charge(old, w.n, w.whole)
		if inFlight(old)+taken > limitOf(old) {
			return 0
		}
		if s.state.CompareAndSwap(old, old+taken) {
			return taken
		}
	}
}

// A waiter waits in a queue. Its fields are guarded by the semaphore's mu, taken
// also by a receipt from ready.
type waiter struct {
	n     uint64 // wanted
	whole bool   // the whole limit will do
	taken uint64 // granted; 0 as long as it waits
	ready chan struct{}

	previous, next *waiter
}

// A queue is a list of waiters in order of arrival.
type queue struct {
	first, last *waiter
	length      int
}

func (q *queue) push(w *waiter) {
	w.previous, w.next = q.last, nil
	if q.last == nil {
		q.first = w
	} else {
		q.last.next = w
	}
	q.last = w
	q.length++
}

func (q *queue) remove(w *waiter) {
	if w.previous == nil {
		q.first = w.next
	} else {
		w.previous.next = w.next
	}
	if w.next == nil {
		q.last = w.previous
	} else {
		w.next.previous = w.previous
	}
	w.previous, w.next = nil, nil
	q.length--
}
