package pool

import "sync/atomic"

// deque is the work-stealing deque of Chase and Lev ("Dynamic circular
// work-stealing deque", SPAA 2005). Its owner pushes and pops at the bottom,
// newest first; any number of thieves steal from the top, oldest first. Where Lê
// et al. ("Correct and efficient work-stealing for weak memory models", PPoPP
// 2013) need fences, Go's atomics are sequentially consistent already.
//
// Positions only ever grow; a position's element lies in the ring at the position
// modulo its length. The element at top is taken by whoever moves top from it, so
// that a thief who read the slot and came late learns it and drops what it read.
// Slots are atomic pointers for that read. The zero value is empty.
type deque[T any] struct {
	top    atomic.Int64 // the oldest; moved by compare-and-swap, by thieves and by the owner for the last one
	_      [56]byte     // thieves' cache line apart from the owner's
	bottom atomic.Int64 // one past the newest; written by the owner alone
	ring   atomic.Pointer[ring[T]]
	pause  func() // nil but in tests, which change to another goroutine there
	_      [40]byte
}

// between stands between the steps of an operation that others may see.
func (d *deque[T]) between() {
	if d.pause != nil {
		d.pause()
	}
}

// ring is replaced when it is full and never shrinks; a thief may go on reading
// an old one, whose elements between top and bottom stay as they are.
type ring[T any] struct{ slots []atomic.Pointer[T] }

// firstRing is the length of the first ring, a power of two.
const firstRing = 64

func (r *ring[T]) at(position int64) *atomic.Pointer[T] {
	return &r.slots[position&int64(len(r.slots)-1)]
}

// push adds the newest. Owner only.
func (d *deque[T]) push(v *T) {
	bottom, top, r := d.bottom.Load(), d.top.Load(), d.ring.Load()
	if r == nil || bottom-top >= int64(len(r.slots)) {
		r = d.grow(r, top, bottom)
	}
	r.at(bottom).Store(v)
	d.between()
	d.bottom.Store(bottom + 1)
}

func (d *deque[T]) grow(old *ring[T], top, bottom int64) *ring[T] {
	size := firstRing
	if old != nil {
		size = 2 * len(old.slots)
	}
	r := &ring[T]{slots: make([]atomic.Pointer[T], size)}
	for i := top; i < bottom; i++ {
		r.at(i).Store(old.at(i).Load())
	}
	d.between()
	d.ring.Store(r)
	return r
}

// pop takes the newest, or nil. Owner only.
func (d *deque[T]) pop() *T {
	bottom := d.bottom.Load() - 1
	if d.top.Load() > bottom {
		return nil // empty; it can only become emptier, for pushing is the owner's
	}
	r := d.ring.Load()
	d.between()
	d.bottom.Store(bottom) // first claim the place, then look whether thieves have come to it
	d.between()
	top := d.top.Load()
	d.between()
	if top > bottom {
		d.bottom.Store(bottom + 1)
		return nil
	}
	v := r.at(bottom).Load()
	if top < bottom {
		return v
	}
	won := d.top.CompareAndSwap(top, top+1) // the last one: a thief may be at it
	d.between()
	d.bottom.Store(bottom + 1)
	if !won {
		return nil
	}
	return v
}

// steal takes the oldest. It returns nil if there is none, and again if somebody
// else took the one it was after, so that there may be another.
func (d *deque[T]) steal() (v *T, again bool) {
	top := d.top.Load() // before bottom: the owner moves bottom first and looks at top then
	d.between()
	if top >= d.bottom.Load() {
		return nil, false
	}
	d.between()
	r := d.ring.Load()
	d.between()
	v = r.at(top).Load()
	d.between()
	if !d.top.CompareAndSwap(top, top+1) {
		return nil, true
	}
	return v, false
}
