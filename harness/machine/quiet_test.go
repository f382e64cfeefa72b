package machine

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// script is a machine that is as busy in each window as the list says, and stays
// so at its end.
func script(shares ...float64) func(context.Context, time.Duration) (float64, error) {
	return func(ctx context.Context, window time.Duration) (float64, error) {
		select {
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		case <-time.After(window):
		}
		share := shares[0]
		if len(shares) > 1 {
			shares = shares[1:]
		}
		return share, nil
	}
}

func TestQuietIsAwaitedUpToABound(t *testing.T) {
	const window = 500 * time.Millisecond
	for name, row := range map[string]struct {
		shares []float64
		most   time.Duration
		waited time.Duration
		last   float64
	}{
		"a quiet machine costs one window":             {[]float64{0.01}, 10 * time.Second, window, 0.01},
		"at the bound is quiet enough":                 {[]float64{0.05}, 10 * time.Second, window, 0.05},
		"it becomes quiet in the third":                {[]float64{0.9, 0.3, 0.02}, 10 * time.Second, 3 * window, 0.02},
		"it never becomes quiet":                       {[]float64{0.9}, 2 * time.Second, 2 * time.Second, 0.9},
		"no window is begun that would pass the bound": {[]float64{0.9}, 1700 * time.Millisecond, 3 * window, 0.9},
		"a bound shorter than a window cuts it":        {[]float64{0.9}, 100 * time.Millisecond, 100 * time.Millisecond, 0.9},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				waited, last, err := awaitQuiet(t.Context(), 0.05, window, row.most, script(row.shares...))
				if waited != row.waited || last != row.last || err != nil {
					t.Errorf("got %v, %v, %v; want %v, %v", waited, last, err, row.waited, row.last)
				}
				if took := time.Since(began); took != waited {
					t.Errorf("took %v and said %v", took, waited)
				}
			})
		})
	}
}

func TestWaitingForQuietEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		enough := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 1200*time.Millisecond, enough)
		defer cancel()
		waited, _, err := awaitQuiet(ctx, 0.05, 500*time.Millisecond, time.Minute, script(0.9))
		if !errors.Is(err, enough) || waited != 1200*time.Millisecond {
			t.Errorf("got %v after %v, want the cause after 1.2s", err, waited)
		}
	})
}

func TestWaitingForQuietNeedsTimeToLook(t *testing.T) {
	for _, row := range [][2]time.Duration{{0, time.Second}, {time.Second, 0}, {-1, -1}} {
		if _, _, err := AwaitQuiet(t.Context(), 0.05, row[0], row[1]); err == nil {
			t.Errorf("windows of %v for %v: no error", row[0], row[1])
		}
	}
}
