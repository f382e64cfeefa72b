package limitertest

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"sluice/scanner/limiter"
)

// A Semaphorer is what hands out permits under a limit that moves in use, as
// limiter.Semaphore does.
type Semaphorer interface {
	Acquire(ctx context.Context, n int) error
	TryAcquire(n int) bool
	Release(n int)
	SetLimit(n int) error
	Limit() int
	InFlight() int
	Waiting() int
}

var _ Semaphorer = (*limiter.Semaphore)(nil)

// Semaphore checks a semaphore; build makes one with some limit.
func Semaphore(t *testing.T, build func(limit int) (Semaphorer, error)) {
	t.Helper()
	fresh := func(t *testing.T) Semaphorer {
		t.Helper()
		s, err := build(room)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	check(t, func(t *testing.T) gate { return around(fresh(t)) })
	for _, row := range []struct {
		name string
		test func(*testing.T, Semaphorer)
	}{
		{"a higher limit lets waiters in at once", raised},
		{"a lower limit takes effect as permits come back", lowered},
		{"a limit that cannot be is refused and nothing moves", badLimits},
		{"more than the limit waits until it is raised", aboveLimit},
		{"a permit that was not out cannot come back", neverOut},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := fresh(t)
				row.test(t, s)
				empty(t, around(s))
			})
		})
	}
	t.Run("a first limit that cannot be is refused", func(t *testing.T) {
		for _, limit := range []int{0, -3, 1 << 40} {
			if _, err := build(limit); err == nil {
				t.Errorf("a limit of %d was taken", limit)
			}
		}
	})
}

// around is a semaphore as a gate.
func around(s Semaphorer) gate {
	return gate{
		acquire: func(ctx context.Context, n int) (func(), error) {
			return func() { s.Release(n) }, s.Acquire(ctx, n)
		},
		try:   func(n int) (func(), bool) { return func() { s.Release(n) }, s.TryAcquire(n) },
		limit: s.Limit, inFlight: s.InFlight, waiting: s.Waiting,
	}
}

// contains tells whether an error's text has a part.
func contains(err error, part string) bool { return err != nil && strings.Contains(err.Error(), part) }

// set moves a limit.
func set(t *testing.T, s Semaphorer, limit int) {
	t.Helper()
	if err := s.SetLimit(limit); err != nil {
		t.Fatal(err)
	}
	if s.Limit() != limit {
		t.Errorf("the limit is %d, want %d", s.Limit(), limit)
	}
}

func raised(t *testing.T, s Semaphorer) {
	var all sync.WaitGroup
	g := around(s)
	back := must(t, g, room)
	backs := make(chan func(), 3)
	for range 3 {
		join(&all, func() { backs <- must(t, g, 2) })
	}
	set(t, s, room+5) // room for two of them
	synctest.Wait()
	if len(backs) != 2 || s.InFlight() != room+4 || s.Waiting() != 1 {
		t.Errorf("%d were let in, %d are in flight, %d wait; want 2, %d, 1", len(backs), s.InFlight(), s.Waiting(), room+4)
	}
	back()
	for range 3 {
		(<-backs)()
	}
	all.Wait()
}

func lowered(t *testing.T, s Semaphorer) {
	for range room {
		must(t, around(s), 1)
	}
	set(t, s, 2)
	var all sync.WaitGroup
	var served atomic.Bool
	join(&all, func() { must(t, around(s), 1); served.Store(true) })
	for out := room; out > 2; out-- {
		if s.TryAcquire(1) || served.Load() {
			t.Fatalf("one more was let in with %d out and a limit of 2", out)
		}
		s.Release(1)
		synctest.Wait()
	}
	if served.Load() {
		t.Error("one was let in with 2 out and a limit of 2")
	}
	s.Release(1)
	all.Wait()
	s.Release(2)
}

func badLimits(t *testing.T, s Semaphorer) {
	for _, limit := range []int{0, -1, -1 << 40, 1 << 40} {
		if err := s.SetLimit(limit); !contains(err, "use 1 to") {
			t.Errorf("a limit of %d: %v, want an error with the remedy", limit, err)
		}
	}
	if s.Limit() != room {
		t.Errorf("the limit is %d, want %d", s.Limit(), room)
	}
}

func aboveLimit(t *testing.T, s Semaphorer) {
	if s.TryAcquire(room + 1) {
		t.Error("more than the limit was granted")
	}
	var all sync.WaitGroup
	join(&all, func() { must(t, around(s), room+1)() })
	if s.Waiting() != 1 {
		t.Errorf("%d wait, want 1", s.Waiting())
	}
	set(t, s, room+1)
	all.Wait()
}

func neverOut(t *testing.T, s Semaphorer) {
	must(t, around(s), 2)
	for _, n := range []int{3, -1, 1 << 40} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%d came back of 2", n)
				}
			}()
			s.Release(n)
		}()
	}
	if s.InFlight() != 2 || s.Limit() != room {
		t.Errorf("in flight %d, limit %d; want 2 and %d as before", s.InFlight(), s.Limit(), room)
	}
	s.Release(2)
}
