package limiters

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/failsafe-go/failsafe-go/adaptivelimiter"
	marusama "github.com/marusama/semaphore/v2"
	"github.com/slok/goresilience/concurrencylimit"
	"github.com/slok/goresilience/concurrencylimit/execute"
	"github.com/slok/goresilience/concurrencylimit/limit"
	xsync "golang.org/x/sync/semaphore"

	"sluice/scanner/limiter"
)

// A subject bounds what happens at once.
type subject struct {
	name  string
	waits bool // for room, instead of refusing
	// make returns the subject's whole round: get a permit under the limit, hold it
	// for as many turns of a loop, settle it as a success.
	make func(tb testing.TB, limit int) func(ctx context.Context, turns int) error
}

// subjects are everybody, the two measures first.
func subjects() []subject {
	all := []subject{
		{"floor", false, floor},
		{"x-sync", true, weighted},
		{"channel", true, channel},
		{"marusama", true, resizable},
		{"failsafe", true, failsafe},
		{"goresilience", true, goresilience},
		{"semaphore", true, semaphore},
	}
	for _, a := range limiter.Algorithms() {
		all = append(all, subject{a.Name, true, algorithm(a.Name)})
	}
	return all
}

// turn the wheel: time that no timer could measure out.
func turn(turns int) {
	for range turns {
	}
}

var errFull = errors.New("full")

// floor is the least that a limiter can do which looks at latency: an atomic gate
// and two readings of the cheapest clock.
func floor(_ testing.TB, limit int) func(context.Context, int) error {
	var inFlight, worst atomic.Int64
	epoch := time.Now()
	return func(_ context.Context, turns int) error {
		for {
			n := inFlight.Load()
			if n >= int64(limit) {
				return errFull
			}
			if inFlight.CompareAndSwap(n, n+1) {
				break
			}
		}
		start := time.Since(epoch)
		turn(turns)
		if latency := time.Since(epoch) - start; latency < 0 {
			worst.Store(int64(latency)) // never: it keeps the second reading
		}
		inFlight.Add(-1)
		return nil
	}
}

func weighted(_ testing.TB, limit int) func(context.Context, int) error {
	s := xsync.NewWeighted(int64(limit))
	return func(ctx context.Context, turns int) error {
		if err := s.Acquire(ctx, 1); err != nil {
			return err
		}
		turn(turns)
		s.Release(1)
		return nil
	}
}

func channel(_ testing.TB, limit int) func(context.Context, int) error {
	slots := make(chan struct{}, limit)
	return func(ctx context.Context, turns int) error {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		turn(turns)
		<-slots
		return nil
	}
}

func resizable(_ testing.TB, limit int) func(context.Context, int) error {
	s := marusama.New(limit)
	return func(ctx context.Context, turns int) error {
		if err := s.Acquire(ctx, 1); err != nil {
			return err
		}
		turn(turns)
		s.Release(1)
		return nil
	}
}

// failsafe is its adaptive limiter, which learns but finds its limit pinned.
func failsafe(_ testing.TB, limit int) func(context.Context, int) error {
	pinned := uint(limit)
	l := adaptivelimiter.NewBuilder[any]().WithLimits(pinned, pinned, pinned).Build()
	return func(ctx context.Context, turns int) error {
		permit, err := l.AcquirePermit(ctx)
		if err != nil {
			return err
		}
		turn(turns)
		permit.Record()
		return nil
	}
}

// goresilience is its runner with the FIFO executor and a static limit: its AIMD
// has no highest limit to pin it with.
func goresilience(tb testing.TB, size int) func(context.Context, int) error {
	workers := execute.NewFIFO(execute.FIFOConfig{})
	tb.Cleanup(func() { workers.SetWorkerQuantity(0) })
	runner := concurrencylimit.New(concurrencylimit.Config{Limiter: limit.NewStatic(size), Executor: workers})
	return func(ctx context.Context, turns int) error {
		return runner.Run(ctx, func(context.Context) error {
			turn(turns)
			return nil
		})
	}
}

// semaphore is ours, without a rule.
func semaphore(tb testing.TB, limit int) func(context.Context, int) error {
	s, err := limiter.NewSemaphore(limit)
	if err != nil {
		tb.Fatal(err)
	}
	return func(ctx context.Context, turns int) error {
		if err := s.Acquire(ctx, 1); err != nil {
			return err
		}
		turn(turns)
		s.Release(1)
		return nil
	}
}

// algorithm is a limiter of ours, which decides on every window but finds its
// limit pinned.
func algorithm(name string) func(testing.TB, int) func(context.Context, int) error {
	return func(tb testing.TB, limit int) func(context.Context, int) error {
		l, err := limiter.New(limiter.Options{Algorithm: name, Initial: limit, Min: limit, Max: limit})
		if err != nil {
			tb.Fatal(err)
		}
		return func(ctx context.Context, turns int) error {
			permit, err := l.Acquire(ctx)
			if err != nil {
				return err
			}
			turn(turns)
			return permit.Settle(limiter.Success)
		}
	}
}
