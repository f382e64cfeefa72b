package httplimit_test

import (
	"io"
	"log"
	"net/http"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sluice/scanner/limiter"
	"sluice/scanner/limiter/httplimit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// static is a limiter whose limit stays.
func static(t testing.TB, limit int) *limiter.Limiter {
	t.Helper()
	l, err := limiter.New(limiter.Options{Algorithm: "static", Initial: limit})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// watched is a limiter of 10 that closes a window with each success or drop that ends
// a millisecond or more after the one before, and
// what was in the last of them.
func watched(t testing.TB) (*limiter.Limiter, *watcher) {
	t.Helper()
	w := &watcher{}
	l, err := limiter.New(limiter.Options{
		Rule: w, Initial: 10, Min: 1, Max: 10, Window: time.Millisecond, Samples: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return l, w
}

// A watcher is a rule that remembers.
type watcher struct {
	mu   sync.Mutex
	seen limiter.Window
}

func (w *watcher) Next(seen limiter.Window) limiter.Decision {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = seen
	return limiter.Decision{Limit: seen.Limit}
}

// latency is that of the last success, in whole seconds: a limiter knows it to a
// few percent.
func (w *watcher) latency() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen.Latency.Mean.Round(time.Second)
}

// gate puts a Handler in front of next.
func gate(t testing.TB, next http.HandlerFunc, o httplimit.Options) *httplimit.Handler {
	t.Helper()
	h, err := httplimit.New(next, o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// settled is the outcome of the only permit that was ever settled.
func settled(t testing.TB, l *limiter.Limiter) limiter.Outcome {
	t.Helper()
	s := l.Stats()
	if s.InFlight != 0 || s.SettledTwice != 0 || s.Invalid != 0 {
		t.Errorf("in flight %d, settled twice %d, invalid %d; want none of either", s.InFlight, s.SettledTwice, s.Invalid)
	}
	outcomes := map[[3]uint64]limiter.Outcome{
		{1, 0, 0}: limiter.Success, {0, 1, 0}: limiter.Dropped, {0, 0, 1}: limiter.Ignored,
	}
	o, one := outcomes[[3]uint64{s.Completed, s.Dropped, s.Ignored}]
	if !one {
		t.Fatalf("settled: %d successes, %d drops, %d ignored; want one in all", s.Completed, s.Dropped, s.Ignored)
	}
	return o
}

// silent is for servers whose handlers panic on purpose.
func silent() *log.Logger { return log.New(io.Discard, "", 0) }
