package pool

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// op is one operation of a recorded history: what it was, what it gave, and
// between which two moments it took effect.
type op struct {
	kind       byte // 'u'sh, p'o'p, 's'teal
	value      int  // pushed or taken; 0: nothing
	start, end int64
}

func (o op) String() string {
	return fmt.Sprintf("%s(%d)@%d–%d", map[byte]string{'u': "push", 'o': "pop", 's': "steal"}[o.kind], o.value, o.start, o.end)
}

// A recorder lets one owner and some thieves work on a deque at once. Moments are
// drawn from one counter, so that an operation that ended before another began
// has the smaller ones. Steals that lost to somebody did nothing and are left out.
type recorder struct {
	deque   deque[int]
	clock   atomic.Int64
	mu      sync.Mutex
	history []op // guarded by mu
	pushed  int  // by the owner
}

func (r *recorder) own(rng *rand.Rand) (op, bool) {
	if rng.IntN(2) == 0 {
		r.pushed++
		v := r.pushed
		r.deque.push(&v)
		return op{kind: 'u', value: v}, true
	}
	return op{kind: 'o', value: number(r.deque.pop())}, true
}

func (r *recorder) steal(*rand.Rand) (op, bool) {
	v, again := r.deque.steal()
	return op{kind: 's', value: number(v)}, !again
}

// work does and records steps operations.
func (r *recorder) work(act func(*rand.Rand) (op, bool), rng *rand.Rand, steps int) {
	var mine []op
	for range steps {
		start := r.clock.Add(1)
		o, did := act(rng)
		o.start, o.end = start, r.clock.Add(1)
		if did {
			mine = append(mine, o)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.history = append(r.history, mine...)
}

// record lets person 0 own the deque and the others steal, in the way of start.
func record(seed uint64, thieves, steps int, start func(*recorder, []func())) []op {
	r := &recorder{}
	r.deque.ring.Store(&ring[int]{slots: make([]atomic.Pointer[int], 2)}) // so that it grows and wraps around
	persons := []func(){func() { r.work(r.own, rand.New(rand.NewPCG(seed, 0)), steps) }}
	for range thieves {
		persons = append(persons, func() { r.work(r.steal, nil, steps/2) })
	}
	start(r, persons)
	slices.SortFunc(r.history, func(a, b op) int { return int(a.start - b.start) })
	return r.history
}

// free lets everybody run as they can.
func free(_ *recorder, persons []func()) {
	var all sync.WaitGroup
	var ready atomic.Int32
	for _, act := range persons {
		all.Go(func() {
			ready.Add(1)
			for spins := 1; int(ready.Load()) < len(persons); spins++ { // a channel would let them off one by one
				if spins%1000 == 0 {
					runtime.Gosched() // where there are more people than cores
				}
			}
			act()
		})
	}
	all.Wait()
}

// inTurn lets one run at a time and changes to another at random between the
// steps of the operations: an interleaving that the seed repeats. As Go's atomics
// are sequentially consistent, there are no others.
func inTurn(seed uint64) func(*recorder, []func()) {
	return func(r *recorder, persons []func()) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var current int
		turns, stopped, left := make([]chan struct{}, len(persons)), make(chan bool), make([]int, len(persons))
		r.deque.pause = func() {
			me := current
			stopped <- false
			<-turns[me]
		}
		for i, act := range persons {
			turns[i], left[i] = make(chan struct{}), i
			go func() {
				<-turns[i]
				act()
				stopped <- true
			}()
		}
		for len(left) > 0 {
			at := rng.IntN(len(left))
			current = left[at]
			turns[current] <- struct{}{}
			if <-stopped {
				left = slices.Delete(left, at, at+1)
			}
		}
	}
}

func number(v *int) int {
	if v == nil {
		return 0
	}
	return *v
}

// linearizable looks for an order of the operations in which each could have
// taken effect at one moment between its start and its end, one after the other,
// on a plain slice: the search of Wing and Gong (1993) with Lowe's memory of
// states seen (2017). Histories are of at most 64 operations.
func linearizable(history []op) bool {
	if len(history) > 64 {
		panic("too long a history")
	}
	type state struct {
		done  uint64
		deque string
	}
	seen := map[state]bool{}
	var search func(done uint64, deque []int) bool
	search = func(done uint64, deque []int) bool {
		if done == 1<<len(history)-1 {
			return true
		}
		s := state{done, fmt.Sprint(deque)}
		if seen[s] {
			return false
		}
		seen[s] = true
		first := int64(1 << 62) // the earliest end of what is left: nothing later may go first
		for i, o := range history {
			if done&(1<<i) == 0 {
				first = min(first, o.end)
			}
		}
		for i, o := range history {
			if done&(1<<i) != 0 || o.start > first {
				continue
			}
			if after, ok := o.on(deque); ok && search(done|1<<i, after) {
				return true
			}
		}
		return false
	}
	return search(0, nil)
}

// on returns the deque after the operation, if it could have given what it gave.
func (o op) on(deque []int) (after []int, ok bool) {
	if o.kind == 'u' {
		return append(slices.Clone(deque), o.value), true
	}
	n := len(deque)
	switch {
	case o.value == 0:
		return deque, n == 0
	case n == 0:
		return nil, false
	case o.kind == 'o':
		return deque[:n-1], deque[n-1] == o.value
	default:
		return deque[1:], deque[0] == o.value
	}
}

func TestTheCheckerTellsHistoriesApart(t *testing.T) {
	for _, row := range []struct {
		name    string
		history []op
		want    bool
	}{
		{"nothing", nil, true},
		{"last in, first out", []op{{'u', 1, 1, 2}, {'u', 2, 3, 4}, {'o', 2, 5, 6}, {'o', 1, 7, 8}}, true},
		{"the owner takes the oldest", []op{{'u', 1, 1, 2}, {'u', 2, 3, 4}, {'o', 1, 5, 6}}, false},
		{"a thief takes the newest", []op{{'u', 1, 1, 2}, {'u', 2, 3, 4}, {'s', 2, 5, 6}}, false},
		{"a thief beside the second push may take the first", []op{{'u', 1, 1, 2}, {'u', 2, 3, 6}, {'s', 1, 4, 5}}, true},
		{"a thief beside the first push may find nothing", []op{{'u', 1, 1, 4}, {'s', 0, 2, 3}, {'o', 1, 5, 6}}, true},
		{"one element taken twice", []op{{'u', 1, 1, 2}, {'o', 1, 3, 6}, {'s', 1, 4, 5}}, false},
		{"an element lost", []op{{'u', 1, 1, 2}, {'o', 0, 3, 4}}, false},
		{"an element before it came", []op{{'s', 1, 1, 2}, {'u', 1, 3, 4}}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := linearizable(row.history); got != row.want {
				t.Errorf("got %v, want %v", got, row.want)
			}
		})
	}
}

func TestInterleavedHistoriesOfADequeAreLinearizable(t *testing.T) {
	overlapping := 0
	for seed := range uint64(2000) {
		overlapping += explained(t, seed, record(seed, 1+int(seed%3), 24, inTurn(seed)))
	}
	if overlapping < 10_000 {
		t.Errorf("only %d operations overlapped; the interleavings show nothing", overlapping)
	}
}

// Each run has other interleavings: go test -run ConcurrentHistories -count=100.
func TestConcurrentHistoriesOfADequeAreLinearizable(t *testing.T) {
	overlapping := 0
	for seed := range uint64(500) {
		overlapping += explained(t, seed, record(seed, 1+int(seed%2), 28, free))
	}
	t.Logf("%d operations began before the one before them had ended", overlapping)
}

// explained counts the operations that began before the one before had ended.
func explained(t *testing.T, seed uint64, history []op) (overlapping int) {
	t.Helper()
	if !linearizable(history) {
		t.Fatalf("seed %d: no order explains %v", seed, history)
	}
	for i := 1; i < len(history); i++ {
		if history[i].start < history[i-1].end {
			overlapping++
		}
	}
	return overlapping
}
