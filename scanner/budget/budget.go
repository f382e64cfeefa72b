// Package budget bounds the bytes that files in flight hold, where a count of
// files would let a hundred giants in as readily as a hundred dwarfs.
//
// A [Budget] hands bytes out, first come, first served: a file takes its cost
// before it is read and gives it back when its source and its tree are gone. An
// [Estimator] says beforehand what that cost will be, and learns from the
// parses that came before.
//
// The package measures no memory and knows neither files nor parsers. A budget
// bounds what was estimated; the estimator errs on the dear side so that the
// bound holds for what is resident too.
package budget

import (
	"container/list"
	"context"
	"fmt"
	"sync"
)

// A Budget is a number of bytes to be shared, first come, first served: a dear
// file at the head of the line is not overtaken by cheap ones that would fit
// beside what is in use, so it waits no longer than those before it work.
//
// A cost above the whole budget counts as the whole: it is served when nothing
// else is in use, and alone. Whoever holds bytes must not wait for more of the
// same budget: two that do so wait for each other.
//
// A nil *Budget has no bound and never waits. Every method is safe for
// concurrent use. An Acquire that need not wait takes one lock and allocates
// nothing, some 30 ns; one that waits allocates its place in the line.
type Budget struct {
	size int64 // bytes, ≥ 1; never changes

	mu    sync.Mutex
	inUse int64     // bytes taken, 0 … size; guarded by mu
	line  list.List // of *waiter, the oldest in front; guarded by mu
}

// A waiter stands in line for bytes.
type waiter struct {
	bytes  int64
	served chan struct{} // closed, with mu held, once the bytes are taken
}

// New returns a budget of so many bytes, of which nothing is in use. Fewer than
// 1 counts as 1, with which every file is alone.
func New(bytes int64) *Budget { return &Budget{size: max(bytes, 1)} }

// Acquire takes cost bytes and waits for them if need be. If ctx has ended, or
// ends before they are there, it takes nothing and returns context.Cause(ctx).
// A cost of 0 or less, such as an empty file might be given, takes nothing and
// waits for nobody.
func (b *Budget) Acquire(ctx context.Context, cost int64) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	bytes := b.share(cost)
	if bytes == 0 {
		return nil
	}
	b.mu.Lock()
	if b.line.Len() == 0 && bytes <= b.size-b.inUse {
		b.inUse += bytes
		b.mu.Unlock()
		return nil
	}
	w := &waiter{bytes: bytes, served: make(chan struct{})}
	place := b.line.PushBack(w)
	b.mu.Unlock()

	select {
	case <-w.served:
		return nil
	case <-ctx.Done():
		b.leave(place)
		return context.Cause(ctx)
	}
}

// Release gives back what Acquire took for the same cost, to those who wait. To
// give back more than is in use is a bug of the caller and panics.
func (b *Budget) Release(cost int64) {
	bytes := b.share(cost)
	if bytes == 0 {
		return
	}
	b.mu.Lock()
	inUse := b.inUse
	if bytes <= inUse {
		b.inUse -= bytes
		b.serve()
	}
	b.mu.Unlock()
	if bytes > inUse {
		panic(fmt.Sprintf("budget: %d bytes released, of which only %d were in use", bytes, inUse))
	}
}

// share returns the bytes that a cost takes. It depends on nothing but the cost
// and the size, neither of which changes between Acquire and Release: so what
// was clamped need not be remembered.
func (b *Budget) share(cost int64) int64 {
	if b == nil {
		return 0
	}
	return min(max(cost, 0), b.size)
}

// serve lets in as many from the head of the line as fit. mu is held.
func (b *Budget) serve() {
	for place := b.line.Front(); place != nil; place = b.line.Front() {
		w := place.Value.(*waiter)
		if w.bytes > b.size-b.inUse {
			return
		}
		b.inUse += w.bytes
		b.line.Remove(place)
		close(w.served)
	}
}

// leave takes a waiter whose context ended out of the line, or gives back what
// it was served at the same moment. Either way the line may move: the waiter may
// have been the dear one that held up those behind it.
func (b *Budget) leave(place *list.Element) {
	w := place.Value.(*waiter)
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-w.served:
		b.inUse -= w.bytes
	default:
		b.line.Remove(place)
	}
	b.serve()
}

// Size is the bytes of the whole budget; 0 for nil, which has no bound.
func (b *Budget) Size() int64 {
	if b == nil {
		return 0
	}
	return b.size
}

// InUse is the bytes taken at this moment, never more than Size: a file that is
// dearer than the whole counts as the whole.
func (b *Budget) InUse() int64 {
	if b == nil {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.inUse
}

// Waiting is the number of Acquires that stand in line at this moment.
func (b *Budget) Waiting() int {
	if b == nil {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.line.Len()
}
