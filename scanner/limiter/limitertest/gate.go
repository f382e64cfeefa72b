package limitertest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A gate is what hands out permits, by weight: what semaphores and limiters have in
// common.
type gate struct {
	acquire                  func(context.Context, int) (back func(), err error)
	try                      func(int) (back func(), ok bool)
	limit, inFlight, waiting func() int
}

// room is the limit of the gates here.
const room = 8

// check checks all that holds of any gate; each call of fresh returns one with a limit of room.
func check(t *testing.T, fresh func(*testing.T) gate) {
	t.Helper()
	for _, row := range []struct {
		name string
		test func(*testing.T, gate)
	}{
		{"the bound is never passed, and every permit comes back", bounded},
		{"whoever comes first is served first", inOrder},
		{"a heavy one is not starved by light ones", heavyIsServed},
		{"nobody takes a permit past a waiter", noBarging},
		{"a cancel wakes every waiter", cancelWakesAll},
		{"a waiter that gives up lets lighter ones through", cancelledHead},
		{"a wait ends with its context's time", expires},
		{"a context that has ended takes nothing", endedContext},
		{"a grant in the moment of a cancel is not lost", cancelAgainstGrant},
		{"weights that cannot be are refused", badWeights},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := fresh(t)
				row.test(t, g)
				empty(t, g)
			})
		})
	}
}

// empty checks that everything is back: nobody waits, and the whole limit is free.
func empty(t *testing.T, g gate) {
	t.Helper()
	synctest.Wait()
	if g.inFlight() != 0 || g.waiting() != 0 {
		t.Fatalf("in the end %d are in flight and %d wait", g.inFlight(), g.waiting())
	}
	back, ok := g.try(g.limit())
	if !ok {
		t.Fatalf("nothing is in flight, but the limit of %d cannot be taken", g.limit())
	}
	back()
}

// must acquires what is known to be granted in the end.
func must(t *testing.T, g gate, weight int) (back func()) {
	t.Helper()
	back, err := g.acquire(t.Context(), weight)
	if err != nil {
		t.Errorf("acquire %d: %v", weight, err)
		return func() {}
	}
	return back
}

func bounded(t *testing.T, g gate) {
	var out, most, waiting atomic.Int64
	var all sync.WaitGroup
	for worker := range 50 {
		all.Go(func() {
			draw := rand.New(rand.NewPCG(7, uint64(worker)))
			for range 200 {
				weight := 1 + draw.IntN(room)
				back := must(t, g, weight)
				raise(&most, out.Add(int64(weight)))
				raise(&waiting, int64(g.waiting()))
				<-time.After(time.Duration(draw.IntN(1000)) * time.Microsecond)
				out.Add(-int64(weight))
				back()
			}
		})
	}
	all.Wait()
	if most.Load() != room || waiting.Load() == 0 {
		t.Errorf("at most %d were in flight and %d waiting, want %d and some", most.Load(), waiting.Load(), room)
	}
}

// raise raises a number to another.
func raise(n *atomic.Int64, to int64) {
	for old := n.Load(); to > old && !n.CompareAndSwap(old, to); old = n.Load() {
	}
}

// join starts a goroutine that acquires, and waits until it is served or queued.
func join(all *sync.WaitGroup, do func()) {
	all.Go(do)
	synctest.Wait()
}

func inOrder(t *testing.T, g gate) {
	var all sync.WaitGroup
	var mu sync.Mutex
	var order []int
	back := must(t, g, room)
	for i := range 100 {
		join(&all, func() {
			back := must(t, g, room/2+1) // so that they go one by one
			mu.Lock()
			order = append(order, i)
			mu.Unlock()
			back()
		})
	}
	back()
	all.Wait()
	if len(order) != 100 || !slices.IsSorted(order) {
		t.Errorf("served in order %v", order)
	}
}

func heavyIsServed(t *testing.T, g gate) {
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range 2 * room { // always more than there is room for
		all.Go(func() {
			for {
				back, err := g.acquire(ctx, 1)
				if err != nil {
					return
				}
				<-time.After(time.Millisecond)
				back()
			}
		})
	}
	<-time.After(10 * time.Millisecond)
	since := time.Now()
	must(t, g, room)()
	if waited := time.Since(since); waited > 5*time.Millisecond {
		t.Errorf("the heavy one waited for %v behind pieces of 1ms", waited)
	}
	cancel()
	all.Wait()
}

func noBarging(t *testing.T, g gate) {
	var all sync.WaitGroup
	first := must(t, g, 1)
	join(&all, func() { must(t, g, room)() })
	if back, ok := g.try(1); ok {
		t.Error("there is room for one, but somebody waits who was first")
		back()
	}
	first()
	all.Wait()
}

func cancelWakesAll(t *testing.T, g gate) {
	cause := errors.New("the test is over")
	ctx, cancel := context.WithCancelCause(t.Context())
	back := must(t, g, room)
	var all sync.WaitGroup
	for range 100 { // leave whatever served waiters leave behind
		all.Go(func() { must(t, g, 1)() })
	}
	synctest.Wait()
	back()
	all.Wait()
	back = must(t, g, room)
	for i := range 1000 {
		all.Go(func() {
			if _, err := g.acquire(ctx, 1+i%room); !errors.Is(err, cause) {
				t.Errorf("a waiter got %v, want the cause of the cancellation", err)
			}
		})
	}
	synctest.Wait()
	if got := g.waiting(); got != 1000 {
		t.Errorf("%d wait, want 1000", got)
	}
	cancel(cause)
	all.Wait()
	if got := g.waiting(); got != 0 {
		t.Errorf("after the cancel %d wait", got)
	}
	back()
}

func cancelledHead(t *testing.T, g gate) {
	ctx, cancel := context.WithCancel(t.Context())
	back := must(t, g, 1)
	var all sync.WaitGroup
	join(&all, func() {
		if _, err := g.acquire(ctx, room); err == nil {
			t.Error("the heavy one was let in")
		}
	})
	var served atomic.Int64
	for range 3 {
		join(&all, func() { must(t, g, 1)(); served.Add(1) })
	}
	if served.Load() != 0 {
		t.Errorf("%d were served past one who waits", served.Load())
	}
	cancel()
	synctest.Wait()
	if served.Load() != 3 {
		t.Errorf("%d of 3 were served when the heavy one was gone", served.Load())
	}
	back()
	all.Wait()
}

func expires(t *testing.T, g gate) {
	back := must(t, g, room)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	since := time.Now()
	if _, err := g.acquire(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("acquire: %v, want that the time is over", err)
	}
	if waited := time.Since(since); waited != time.Second {
		t.Errorf("waited for %v, want 1s", waited)
	}
	back()
}

func endedContext(t *testing.T, g gate) {
	cause := errors.New("never mind")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	for range 100 {
		if _, err := g.acquire(ctx, 1); !errors.Is(err, cause) {
			t.Fatalf("acquire: %v, want the cause", err)
		}
	}
	if g.inFlight() != 0 {
		t.Errorf("%d are in flight", g.inFlight())
	}
}

func cancelAgainstGrant(t *testing.T, g gate) {
	for range 500 {
		back := must(t, g, room)
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		join(&all, func() {
			if back, err := g.acquire(ctx, room); err == nil {
				back()
			}
		})
		all.Go(cancel)
		all.Go(back)
		all.Wait()
		if g.inFlight() != 0 {
			t.Fatalf("%d are lost", g.inFlight())
		}
	}
}

func badWeights(t *testing.T, g gate) {
	for _, weight := range []int{0, -1, -1 << 40, 1 << 40} {
		if _, err := g.acquire(t.Context(), weight); err == nil {
			t.Errorf("a weight of %d was let in", weight)
		} else if want := fmt.Sprint(weight); !contains(err, want) || !contains(err, "use 1 to") {
			t.Errorf("the error %q names no %s and no remedy", err, want)
		}
		if _, ok := g.try(weight); ok {
			t.Errorf("a weight of %d was let in at once", weight)
		}
	}
}
