package limiter_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"sluice/scanner/limiter"
)

// gate is the floor of every limiter that learns from latency: one compare-and-swap
// in, one addition out, and a reading of the clock at either end.
type gate struct {
	made     time.Time
	inFlight atomic.Int64
	limit    atomic.Int64
}

func (g *gate) acquire() (time.Duration, bool) {
	for {
		n := g.inFlight.Load()
		if n >= g.limit.Load() {
			return 0, false
		}
		if g.inFlight.CompareAndSwap(n, n+1) {
			return time.Since(g.made), true
		}
	}
}

func (g *gate) settle(granted time.Duration) time.Duration {
	latency := time.Since(g.made) - granted
	g.inFlight.Add(-1)
	return latency
}

// spare is a limit that is never reached, so that nobody waits.
const spare = 1000

// BenchmarkSettle is what a permit costs: acquire and settle, beside the floor.
// Nothing may be allocated, and limiters are to stay within 1.3 × the floor.
func BenchmarkSettle(b *testing.B) {
	b.Run("gate=floor", func(b *testing.B) {
		g := &gate{made: time.Now()}
		g.limit.Store(spare)
		both(b, func() {
			granted, ok := g.acquire()
			if !ok {
				b.Error("refused")
			}
			g.settle(granted)
		})
	})
	for _, a := range limiter.Algorithms() {
		b.Run("gate="+a.Name, func(b *testing.B) {
			l, err := limiter.New(limiter.Options{Algorithm: a.Name, Initial: spare, Min: spare, Max: spare})
			if err != nil {
				b.Fatal(err)
			}
			ctx := context.Background()
			both(b, func() {
				permit, err := l.Acquire(ctx)
				if err != nil {
					b.Error(err)
				}
				_ = permit.Settle(limiter.Success)
			})
		})
	}
}

// both runs an operation one at a time, and on all processors at once.
func both(b *testing.B, op func()) {
	b.Run("at=serial", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			op()
		}
	})
	b.Run("at=parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				op()
			}
		})
	})
}

// BenchmarkSemaphore is what a permit costs where nobody learns from it.
func BenchmarkSemaphore(b *testing.B) {
	s, err := limiter.NewSemaphore(spare)
	if err != nil {
		b.Fatal(err)
	}
	ctx := context.Background()
	both(b, func() {
		if err := s.Acquire(ctx, 1); err != nil {
			b.Error(err)
		}
		s.Release(1)
	})
}

// BenchmarkQueue is what a permit costs that everybody waits for.
func BenchmarkQueue(b *testing.B) {
	s, err := limiter.NewSemaphore(2)
	if err != nil {
		b.Fatal(err)
	}
	ctx := context.Background()
	b.ReportAllocs()
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := s.Acquire(ctx, 1); err != nil {
				b.Error(err)
			}
			runtime.Gosched() // so that others come and wait
			s.Release(1)
		}
	})
}

// BenchmarkWindow is what it costs to close a window: a permit each time.
func BenchmarkWindow(b *testing.B) {
	for _, a := range limiter.Algorithms() {
		b.Run("algorithm="+a.Name, func(b *testing.B) {
			now := time.Duration(0)
			l := newLimiter(b, limiter.Options{Algorithm: a.Name, Samples: 1, Clock: func() time.Duration {
				now += 100 * time.Millisecond
				return now
			}})
			b.ReportAllocs()
			for b.Loop() {
				p, ok := l.TryAcquire()
				if !ok {
					b.Fatal("refused")
				}
				_ = p.Settle(limiter.Success)
			}
		})
	}
}
