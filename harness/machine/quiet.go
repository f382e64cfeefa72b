package machine

import (
	"context"
	"fmt"
	"time"
)

// AwaitQuiet watches the machine in windows, one after the other, until others use
// at most share of it (0 … 1) in one of them, or until no further window fits into
// most. It returns how long that took and the share of the last window: above
// share when the machine did not become quiet, which is no error. A context that
// ends is one. The first window is always watched, cut to most where it is longer.
//
// The kernel may count in ticks of 10 ms: a window below 0.5 s says little (see
// [Meter.Others]).
func AwaitQuiet(ctx context.Context, share float64, window, most time.Duration) (waited time.Duration, last float64, err error) {
	return awaitQuiet(ctx, share, window, most, Busy)
}

// awaitQuiet is AwaitQuiet with another way to look.
func awaitQuiet(ctx context.Context, share float64, window, most time.Duration,
	busy func(context.Context, time.Duration) (float64, error),
) (waited time.Duration, last float64, err error) {
	if window <= 0 || most <= 0 {
		return 0, 0, fmt.Errorf("await a quiet machine: windows of %v for at most %v; both must be positive, such as 500ms and 10s", window, most)
	}
	window = min(window, most)
	began := time.Now()
	for {
		last, err = busy(ctx, window)
		waited = time.Since(began)
		if err != nil {
			return waited, 0, fmt.Errorf("await a quiet machine: %w", err)
		}
		if last <= share || waited+window > most {
			return waited, last, nil
		}
	}
}
