package limiter_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/scanner/limiter"
)

func TestErrorsStandForOutcomes(t *testing.T) {
	for _, row := range []struct {
		name string
		err  error
		want limiter.Outcome
	}{
		{"no error is success", nil, limiter.Success},
		{"a time-out is a drop", fmt.Errorf("query: %w", context.DeadlineExceeded), limiter.Dropped},
		{"a time-out of the network is a drop", fmt.Errorf("read: %w", os.ErrDeadlineExceeded), limiter.Dropped},
		{"what says so is a drop", fmt.Errorf("queue full: %w", limiter.ErrDropped), limiter.Dropped},
		{"a cancellation says nothing", context.Canceled, limiter.Ignored},
		{"a mistake says nothing", errors.New("no such table"), limiter.Ignored},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := limiter.OutcomeOf(row.err); got != row.want {
				t.Errorf("%v is %v, want %v", row.err, got, row.want)
			}
		})
	}
}

func TestAGuardSettlesWhateverHappens(t *testing.T) {
	own := errors.New("a fault of its own")
	for _, row := range []struct {
		name                        string
		classify                    func(error) limiter.Outcome
		fn                          func(context.Context) error
		err                         error
		panics, exits               bool
		completed, dropped, ignored uint64
	}{
		{name: "success", fn: func(context.Context) error { return nil }, completed: 1},
		{name: "an error comes back as it is", fn: func(context.Context) error { return own }, err: own, ignored: 1},
		{name: "overload", fn: func(context.Context) error { return limiter.ErrDropped }, err: limiter.ErrDropped, dropped: 1},
		{
			name: "a classification of the caller's", classify: func(error) limiter.Outcome { return limiter.Dropped },
			fn: func(context.Context) error { return own }, err: own, dropped: 1,
		},
		{
			name: "a classification that is none", classify: func(error) limiter.Outcome { return 0 },
			fn: func(context.Context) error { return nil }, ignored: 1,
		},
		{name: "a panic goes on", fn: func(context.Context) error { panic("at the disco") }, panics: true, ignored: 1},
		{name: "the end of the goroutine goes on", fn: func(context.Context) error { runtime.Goexit(); return nil }, exits: true, ignored: 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			l := newLimiter(t, limiter.Options{Algorithm: "static"})
			g := limiter.Guard{Limiter: l, Classify: row.classify}
			var all sync.WaitGroup
			panicked, returned := any(nil), false
			all.Go(func() {
				defer func() { panicked = recover() }()
				if err := g.Do(t.Context(), row.fn); !errors.Is(err, row.err) {
					t.Errorf("the error is %v, want %v", err, row.err)
				}
				returned = true
			})
			all.Wait()
			if (panicked != nil) != row.panics || returned == (row.panics || row.exits) {
				t.Errorf("panicked with %v, returned %v", panicked, returned)
			}
			s := l.Stats()
			if s.InFlight != 0 || s.Completed != row.completed || s.Dropped != row.dropped || s.Ignored != row.ignored {
				t.Errorf("the figures are %+v", s)
			}
		})
	}
}

func TestAGuardWaitsNoLongerThanItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, limiter.Options{Algorithm: "static", Initial: 1})
		p := permit(t, l)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		since := time.Now()
		err := limiter.Guard{Limiter: l}.Do(ctx, func(context.Context) error {
			t.Error("it ran without a permit")
			return nil
		})
		if waited := time.Since(since); waited != time.Second || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after %v: %v", waited, err)
		}
		_ = p.Settle(limiter.Success)
	})
}
