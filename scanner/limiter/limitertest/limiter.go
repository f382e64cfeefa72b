package limitertest

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/scanner/limiter"
)

// Limiter checks limiters. Build makes one from the options, of which it sets
// Algorithm or Rule and no more.
func Limiter(t *testing.T, build func(limiter.Options) (*limiter.Limiter, error)) {
	t.Helper()
	fresh := func(t *testing.T, o limiter.Options) *limiter.Limiter {
		t.Helper()
		l, err := build(o)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	still := limiter.Options{Initial: room, Min: room, Max: room}
	check(t, func(t *testing.T) gate { return with(fresh(t, still), limiter.Success) })
	for _, row := range []struct {
		name    string
		options limiter.Options
		test    func(*testing.T, *limiter.Limiter)
	}{
		{"a permit is settled once", still, settledOnce},
		{"a permit that was never granted cannot be settled", still, zeroPermit},
		{"a weight above the limit of the moment runs alone", limiter.Options{Initial: 2, Min: 1, Max: room, Window: time.Minute}, alone},
		{"the limit stays within its bounds whatever happens", limiter.Options{Initial: 4, Min: 2, Max: 16, Window: 5 * time.Millisecond, Samples: 5}, withinBounds},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := fresh(t, row.options)
				row.test(t, l)
				empty(t, with(l, limiter.Ignored))
			})
		})
	}
	t.Run("changes are told in order and without gaps", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { told(t, fresh) })
	})
}

// with is a limiter as a gate whose permits are settled with some outcome.
func with(l *limiter.Limiter, o limiter.Outcome) gate {
	settle := func(p *limiter.Permit) func() {
		return func() { _ = p.Settle(o) } // the suite settles each once
	}
	return gate{
		acquire: func(ctx context.Context, n int) (func(), error) {
			p, err := l.AcquireWeight(ctx, n)
			return settle(&p), err
		},
		try: func(n int) (func(), bool) {
			p, ok := l.TryAcquireWeight(n)
			return settle(&p), ok
		},
		limit: l.Limit, inFlight: l.InFlight, waiting: l.Waiting,
	}
}

func settledOnce(t *testing.T, l *limiter.Limiter) {
	p, err := l.AcquireWeight(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	other := must(t, with(l, limiter.Success), 2)
	if err := p.Settle(limiter.Success); err != nil {
		t.Errorf("settling once: %v", err)
	}
	for _, again := range []error{p.Settle(limiter.Success), p.SettleSample(limiter.Sample{Outcome: limiter.Dropped})} {
		if !errors.Is(again, limiter.ErrSettled) {
			t.Errorf("settling again: %v", again)
		}
	}
	s := l.Stats()
	if s.InFlight != 2 || s.Available != room-2 || s.Completed != 3 || s.Dropped != 0 || s.SettledTwice != 2 {
		t.Errorf("after that the figures are %+v", s)
	}
	other()
}

func zeroPermit(t *testing.T, l *limiter.Limiter) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	refused, err := l.Acquire(ctx)
	if err == nil {
		t.Fatal("a context that has ended got a permit")
	}
	if err := refused.Settle(limiter.Success); !errors.Is(err, limiter.ErrSettled) {
		t.Errorf("settling what was never granted: %v", err)
	}
}

func alone(t *testing.T, l *limiter.Limiter) {
	g := with(l, limiter.Ignored)
	back := must(t, g, 1)
	var all sync.WaitGroup
	var heavy func()
	join(&all, func() { heavy = must(t, g, room) })
	if heavy != nil {
		t.Error("it was let in beside another")
	}
	back()
	synctest.Wait()
	if heavy == nil {
		t.Fatal("it was not let in alone")
	}
	if _, ok := g.try(1); ok || l.InFlight() != l.Limit() {
		t.Errorf("beside it there is room: %d in flight of %d", l.InFlight(), l.Limit())
	}
	heavy()
	all.Wait()
}

func withinBounds(t *testing.T, l *limiter.Limiter) {
	disturb(t, l)
	b, s := l.Bounds(), l.Stats()
	if s.Limit < b.Min || s.Limit > b.Max || s.Windows == 0 || s.SettledTwice != 0 {
		t.Errorf("bounds are %+v, figures %+v", b, s)
	}
	if sum := s.Completed + s.Dropped + s.Ignored; sum != disturbances {
		t.Errorf("%d permits were granted, %d settled", disturbances, sum)
	}
}

// disturbances is how many permits disturb takes.
const disturbances = 20 * 300

// disturb settles permits with all sorts of samples.
func disturb(t *testing.T, l *limiter.Limiter) {
	t.Helper()
	var all sync.WaitGroup
	bounds := l.Bounds()
	for worker := range 20 {
		all.Go(func() {
			draw := rand.New(rand.NewPCG(11, uint64(worker)))
			for range 300 {
				p, err := l.Acquire(t.Context())
				if err != nil {
					t.Errorf("acquire: %v", err)
					return
				}
				if out := l.InFlight(); out > bounds.Max {
					t.Errorf("%d are in flight, above the highest limit %d", out, bounds.Max)
				}
				<-time.After(time.Duration(draw.ExpFloat64() * float64(2*time.Millisecond)))
				sample := limiter.Sample{Outcome: limiter.Success}
				switch draw.IntN(10) {
				case 0:
					sample.Outcome = limiter.Dropped
				case 1:
					sample.Outcome = limiter.Ignored
				case 2:
					sample.Units = 1 + draw.Int64N(1<<30)
				case 3:
					sample.Latency = time.Duration(draw.Int64N(int64(time.Hour)))
				case 4:
					sample.Latency = -1 // counts as ignored
				}
				_ = p.SettleSample(sample)
			}
		})
	}
	all.Wait()
}

func told(t *testing.T, fresh func(*testing.T, limiter.Options) *limiter.Limiter) {
	t.Helper()
	var changes []limiter.Change // one at a time: no lock
	l := fresh(t, limiter.Options{
		Initial: 4, Min: 2, Max: 16, Window: 5 * time.Millisecond, Samples: 5,
		Listener: func(c limiter.Change) { changes = append(changes, c) },
	})
	disturb(t, l)
	limit := 4
	for i, c := range changes {
		if c.Seq != i+1 || c.From != limit || c.To == limit || c.Reason.What == "" || i > 0 && c.At < changes[i-1].At {
			t.Fatalf("change %d is %+v, the limit was %d", i, c, limit)
		}
		limit = c.To
	}
	if limit != l.Limit() {
		t.Errorf("by what was told the limit is %d, it is %d", limit, l.Limit())
	}
}
