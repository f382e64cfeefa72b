package limiter

import (
	"slices"
	"sync"
)

// backlog is how many changes wait at most for a listener that is busy.
const backlog = 64

// A teller tells a listener of changes: in order, one at a time, with no lock held.
type teller struct {
	listener func(Change) // may be nil

	telling sync.Mutex // held by whoever is telling; only ever tried

	mu      sync.Mutex // guards what follows
	waiting []Change
	lost    uint64
	panics  uint64
}

// queue keeps a change to be told. If there are too many, the oldest is lost.
func (t *teller) queue(c Change) {
	if t.listener == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting == nil {
		t.waiting = make([]Change, 0, backlog)
	}
	if len(t.waiting) == backlog {
		t.waiting = slices.Delete(t.waiting, 0, 1)
		t.lost++
	}
	t.waiting = append(t.waiting, c)
}

// tell tells all that waits, unless some goroutine is telling: that one looks again
// when it is through.
func (t *teller) tell() {
	for t.pending() && t.telling.TryLock() {
		t.tellAll()
	}
}

func (t *teller) tellAll() {
	defer t.telling.Unlock() // though the listener end its goroutine
	for c, ok := t.next(); ok; c, ok = t.next() {
		t.call(c)
	}
}

func (t *teller) pending() bool {
	if t.listener == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.waiting) > 0
}

// next is the oldest change that is not told.
func (t *teller) next() (Change, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.waiting) == 0 {
		return Change{}, false
	}
	c := t.waiting[0]
	t.waiting = slices.Delete(t.waiting, 0, 1)
	return c, true
}

// call tells one change. A panic of the listener is counted and goes no further.
func (t *teller) call(c Change) {
	defer func() {
		if recover() != nil {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.panics++
		}
	}()
	t.listener(c)
}
