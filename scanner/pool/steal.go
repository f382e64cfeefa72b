package pool

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
)

// Steal works off tasks with o.Size workers, worker i in slot i. A task from the
// channel is done by the worker that received it. Nested tasks go onto that
// worker's own deque: it takes the newest, whose data are in its cache, and
// workers that have none steal the oldest, which in a tree is the largest part.
// A worker takes its own tasks first, then others', then one from the channel.
//
// A nested task costs a handful of atomic operations on cache lines of the
// worker's own, no lock, and no allocation once its box has been used before; one
// that is stolen costs a few shared cache lines more. Idle workers sleep: an idle
// pool uses no CPU.
func Steal[T any](ctx context.Context, o Options, tasks <-chan T, work Work[T]) {
	s := newThieves(ctx, o, tasks, work)
	s.staff(o.Size, feed[T]{s, s.next, s.finish})
}

func newThieves[T any](ctx context.Context, o Options, tasks <-chan T, work Work[T]) *thieves[T] {
	s := &thieves[T]{
		crew:    crew[T]{ctx: ctx, enter: o.Enter, work: work},
		tasks:   tasks,
		hands:   make([]hand[T], o.Size),
		strides: coprimes(o.Size),
		wake:    make(chan struct{}, 1),
		done:    make(chan struct{}),
	}
	for slot := range s.hands {
		s.hands[slot].open = true
		s.hands[slot].order = rand.New(rand.NewPCG(uint64(o.Size), uint64(slot)))
	}
	s.open.Store(int64(o.Size))
	return s
}

// hand is what one worker has to itself, apart from others' cache lines.
type hand[T any] struct {
	deque    deque[T]
	spawned  atomic.Int64 // nested tasks, in all; written by this worker alone
	finished atomic.Int64 // nested tasks it settled, in all; written by this worker alone
	open     bool         // it still receives from the channel
	order    *rand.Rand   // of victims
	boxes    []*T         // empty ones for the deque, so that spawning need not allocate
	_        [64]byte
}

// mostBoxes bounds what a worker keeps that settles more than it spawns.
const mostBoxes = 256

type thieves[T any] struct {
	crew[T]
	tasks   <-chan T
	hands   []hand[T]
	strides []int        // coprime to the number of hands
	open    atomic.Int64 // workers that still receive
	nesting atomic.Bool  // some task spawned one; until then there is nothing to look for

	// sleeping counts the workers that have announced that they go to sleep, and
	// wake holds at most one token to wake one of them.
	//
	// No wake-up is lost. A spawner pushes, then loads sleeping; a worker adds to
	// sleeping, then looks into every deque once more, then sleeps. All four are
	// sequentially consistent, so at least one of them sees the other: either the
	// worker finds the task, or the spawner sees the sleeper and sends a token. If
	// a token is in the channel already, whoever takes it looks into the deques
	// later than this push. One token wakes one worker; whoever steals while others
	// sleep sends the next, so that k tasks wake k workers one after the other. And
	// a task can never be stranded: its owner comes back to it.
	sleeping atomic.Int64
	wake     chan struct{}

	end  sync.Once
	done chan struct{} // closed when nothing is left and nothing can come
}

func (s *thieves[T]) spawn(slot int, task T) {
	h := &s.hands[slot]
	h.spawned.Add(1) // before anybody can finish it
	if !s.nesting.Load() {
		s.nesting.Store(true) // before the push
	}
	h.deque.push(h.box(task))
	s.notify()
}

// notify wakes a worker if one sleeps.
func (s *thieves[T]) notify() {
	if s.sleeping.Load() == 0 {
		return
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *thieves[T]) finish(w *Worker[T]) { s.hands[w.Slot].finished.Add(1) }

func (s *thieves[T]) next(w *Worker[T]) (task T, ok bool) {
	h := &s.hands[w.Slot]
	for {
		box := h.deque.pop()
		if box == nil {
			box = s.raid(w.Slot)
		}
		if box != nil {
			w.nested = true
			return h.unbox(box), true
		}
		if h.open {
			select {
			case task, ok = <-s.tasks:
				if ok {
					return task, true
				}
				s.shut(h)
			default:
			}
		}
		if task, ok = s.sleep(w.Slot); ok {
			return task, true
		}
		select {
		case <-s.done:
			return task, false
		default:
		}
	}
}

// shut notes that the channel is closed.
func (s *thieves[T]) shut(h *hand[T]) {
	h.open = false
	s.open.Add(-1)
}

// raid steals from the others, in random order, until it has found each of them
// empty.
func (s *thieves[T]) raid(slot int) *T {
	n := len(s.hands)
	if n == 1 || !s.nesting.Load() {
		return nil
	}
	order := s.hands[slot].order
	victim, stride := order.IntN(n), s.strides[order.IntN(len(s.strides))]
	for range n {
		if victim != slot {
			if box := s.rob(&s.hands[victim].deque); box != nil {
				s.notify()
				return box
			}
		}
		if victim += stride; victim >= n {
			victim -= n
		}
	}
	return nil
}

func (s *thieves[T]) rob(d *deque[T]) *T {
	for {
		if box, again := d.steal(); !again { // again: somebody else got on
			return box
		}
	}
}

// sleep waits for a task from the channel, for a token or for the end. It returns
// without a task if the caller should look again.
func (s *thieves[T]) sleep(slot int) (task T, ok bool) {
	s.sleeping.Add(1)
	defer s.sleeping.Add(-1)
	if s.anything(slot) {
		return task, false
	}
	if s.quiet() {
		s.end.Do(func() { close(s.done) })
	}
	h := &s.hands[slot]
	if !h.open {
		select {
		case <-s.wake:
		case <-s.done:
		}
		return task, false
	}
	select {
	case task, ok = <-s.tasks:
		if !ok {
			s.shut(h)
		}
		return task, ok
	case <-s.wake:
		return task, false
	}
}

// anything reports whether there is something to steal.
func (s *thieves[T]) anything(slot int) bool {
	for i := range s.hands {
		if d := &s.hands[i].deque; i != slot && d.top.Load() < d.bottom.Load() {
			return true
		}
	}
	return false
}

// quiet reports whether no task is left and none can come. Once no worker
// receives, tasks come from nested tasks alone, and every one of those is counted
// as spawned before the one that spawned it is counted as finished. Both counts
// only grow, so if all that was finished, read first, equals all that was
// spawned, read afterwards, the two were equal at the moment between
// (Mattern 1987). The worker that finishes the last task asks after that.
func (s *thieves[T]) quiet() bool {
	if s.open.Load() != 0 {
		return false
	}
	var finished, spawned int64
	for i := range s.hands {
		finished += s.hands[i].finished.Load()
	}
	for i := range s.hands {
		spawned += s.hands[i].spawned.Load()
	}
	return finished == spawned
}

// box puts a task into a used box, or a new one.
func (h *hand[T]) box(task T) *T {
	last := len(h.boxes) - 1
	if last < 0 {
		b := new(T) // not &task, which would put every task on the heap
		*b = task
		return b
	}
	b := h.boxes[last]
	h.boxes = h.boxes[:last]
	*b = task
	return b
}

// unbox empties a box that this worker alone holds, and keeps it. A thief that
// came late may hold the pointer still, but never looks behind it.
func (h *hand[T]) unbox(b *T) (task T) {
	var zero T
	task, *b = *b, zero
	if len(h.boxes) < mostBoxes {
		h.boxes = append(h.boxes, b)
	}
	return task
}

// coprimes lists the numbers up to n that share no factor with it: a walk around
// n places in steps of one of them comes to each place once.
func coprimes(n int) (all []int) {
	for i := 1; i <= n; i++ {
		a, b := i, n
		for b != 0 {
			a, b = b, a%b
		}
		if a == 1 {
			all = append(all, i)
		}
	}
	return all
}
