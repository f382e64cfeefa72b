package limiter_test

import (
	"context"
	"flag"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sluice/scanner/limiter"
)

// ops is raised for a long run: go test -race -run RandomOperations -timeout 20m ./scanner/limiter -ops=10000000.
var ops = flag.Int64("ops", 60_000, "random operations in all")

// crowd goroutines work on one subject whose limit leaps between 1 and highest.
const (
	crowd   = 32
	highest = 12
)

// A mob is many goroutines that do this and that at random, and a model of what
// they hold.
type mob struct {
	acquire func(context.Context, int) (back func(), err error)
	try     func(int) (back func(), ok bool)
	exact   bool // a permit costs its weight, not the limit where that is less

	left    atomic.Int64 // operations to come
	out     atomic.Int64 // weight held by the model, never more than is in flight
	granted atomic.Int64
	refused atomic.Int64
	expired atomic.Int64
}

// run works until all operations are done.
func (m *mob) run(t *testing.T) {
	var all sync.WaitGroup
	for worker := range crowd {
		all.Go(func() {
			draw := rand.New(rand.NewPCG(uint64(*ops), uint64(worker)))
			for m.left.Add(-1) >= 0 {
				m.operation(t, draw)
			}
		})
	}
	all.Wait()
}

// operation is one acquire of some kind, and the way back.
func (m *mob) operation(t *testing.T, draw *rand.Rand) {
	weight := 1
	if draw.IntN(3) == 0 {
		weight += draw.IntN(highest)
	}
	var back func()
	var err error
	switch draw.IntN(8) {
	case 0, 1:
		var ok bool
		if back, ok = m.try(weight); !ok {
			m.refused.Add(1)
			return
		}
	case 2:
		ctx, cancel := context.WithCancel(t.Context())
		var once sync.WaitGroup
		once.Go(cancel) // in the midst of it
		back, err = m.acquire(ctx, weight)
		once.Wait()
	case 3:
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(draw.IntN(200))*time.Microsecond)
		back, err = m.acquire(ctx, weight)
		cancel()
	case 4:
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err = m.acquire(ctx, weight); err == nil {
			t.Error("a context that had ended was let in")
		}
	default:
		if back, err = m.acquire(t.Context(), weight); err != nil {
			t.Errorf("acquire %d: %v", weight, err)
		}
	}
	if err != nil {
		m.expired.Add(1)
		return
	}
	m.hold(t, draw, weight)
	back()
}

// hold keeps a permit for a while.
func (m *mob) hold(t *testing.T, draw *rand.Rand, weight int) {
	cost := int64(1) // the least that it may have cost
	if m.exact {
		cost = int64(weight)
	}
	if out := m.out.Add(cost); out > highest {
		t.Errorf("%d are out under limits of at most %d", out, highest)
	}
	m.granted.Add(1)
	for range draw.IntN(4) {
		runtime.Gosched()
	}
	m.out.Add(-cost)
}

func TestRandomOperationsLoseNothing(t *testing.T) {
	t.Run("on a semaphore whose limit leaps", semaphoreInAMob)
	t.Run("on a limiter whose rule leaps", limiterInAMob)
}

func semaphoreInAMob(t *testing.T) {
	s, err := limiter.NewSemaphore(highest)
	if err != nil {
		t.Fatal(err)
	}
	m := &mob{
		exact: true,
		acquire: func(ctx context.Context, n int) (func(), error) {
			return func() { s.Release(n) }, s.Acquire(ctx, n)
		},
		try: func(n int) (func(), bool) { return func() { s.Release(n) }, s.TryAcquire(n) },
	}
	m.left.Store(*ops / 2)
	done := make(chan struct{})
	var resizer sync.WaitGroup
	resizer.Go(func() { leap(t, s, done) })
	m.run(t)
	close(done)
	resizer.Wait()
	m.nothingLeft(t, s.InFlight(), s.Waiting())
	if !s.TryAcquire(highest) {
		t.Errorf("in the end %d of %d are in flight", s.InFlight(), s.Limit())
	}
}

// leap moves the limit to and fro until done, and leaves it at the highest. Nobody
// else moves it: so what is in flight is within it, or was above it before and only
// falls.
func leap(t *testing.T, s *limiter.Semaphore, done <-chan struct{}) {
	draw := rand.New(rand.NewPCG(5, 5))
	for {
		select {
		case <-done:
			if err := s.SetLimit(highest); err != nil {
				t.Error(err)
			}
			return
		default:
		}
		limit := 1 + draw.IntN(highest)
		if err := s.SetLimit(limit); err != nil {
			t.Error(err)
		}
		bound := highest
		for range draw.IntN(30) {
			out := s.InFlight()
			if bound = max(limit, min(bound, out)); out > bound {
				t.Errorf("%d are in flight, after %d under a limit of %d", out, bound, limit)
			}
			runtime.Gosched()
		}
	}
}

func limiterInAMob(t *testing.T) {
	changes := 0 // one at a time
	l, err := limiter.New(limiter.Options{
		Rule: new(wild), Initial: 4, Min: 1, Max: highest, Window: 100 * time.Microsecond, Samples: 20,
		Listener: func(limiter.Change) { changes++ },
	})
	if err != nil {
		t.Fatal(err)
	}
	back := func(p *limiter.Permit) func() {
		return func() {
			outcomes := []limiter.Outcome{limiter.Success, limiter.Success, limiter.Dropped, limiter.Ignored}
			if err := p.Settle(outcomes[rand.IntN(len(outcomes))]); err != nil {
				t.Error(err)
			}
		}
	}
	m := &mob{
		acquire: func(ctx context.Context, n int) (func(), error) {
			p, err := l.AcquireWeight(ctx, n)
			return back(&p), err
		},
		try: func(n int) (func(), bool) {
			p, ok := l.TryAcquireWeight(n)
			return back(&p), ok
		},
	}
	m.left.Store(*ops / 2)
	m.run(t)
	m.nothingLeft(t, l.InFlight(), l.Waiting())
	s := l.Stats()
	if s.Windows == 0 || s.SettledTwice != 0 || s.Invalid != 0 || s.Completed+s.Dropped+s.Ignored < uint64(m.granted.Load()) {
		t.Errorf("%d were granted, the figures are %+v", m.granted.Load(), s)
	}
	t.Logf("%d windows, %d changes told", s.Windows, changes)
}

// nothingLeft checks that everything is back and everything happened.
func (m *mob) nothingLeft(t *testing.T, inFlight, waiting int) {
	t.Helper()
	if inFlight != 0 || waiting != 0 {
		t.Errorf("in the end %d are in flight and %d wait", inFlight, waiting)
	}
	if m.granted.Load() == 0 || m.refused.Load() == 0 || m.expired.Load() == 0 {
		t.Errorf("%d granted, %d refused, %d expired: want some of each", m.granted.Load(), m.refused.Load(), m.expired.Load())
	}
	t.Logf("%d granted, %d refused, %d expired", m.granted.Load(), m.refused.Load(), m.expired.Load())
}
