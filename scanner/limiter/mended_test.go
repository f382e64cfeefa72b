package limiter_test

import (
	"math"
	"math/rand/v2"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"sluice/scanner/limiter"
)

// hand is a clock that is set by hand.
type hand struct{ at time.Duration }

func (h *hand) limiter(t *testing.T, o limiter.Options) *limiter.Limiter {
	t.Helper()
	o.Clock = func() time.Duration { return h.at }
	l, err := limiter.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// round takes all the permits there are and settles them after a while.
func (h *hand) round(l *limiter.Limiter, took time.Duration, o limiter.Outcome) {
	var permits []*limiter.Permit
	for {
		p, ok := l.TryAcquire()
		if !ok {
			break
		}
		permits = append(permits, &p)
	}
	h.at += took
	for _, p := range permits {
		_ = p.Settle(o) // settled once
	}
}

// loaded are signals of a machine that is as busy as the pointer says.
func loaded(cpu *float64) func() limiter.Signals {
	return func() limiter.Signals { return limiter.Signals{Known: limiter.KnowsLoad, CPU: *cpu} }
}

// TestAPauseEndsWithItsWindow: only a permit that comes back closes a window, so
// that a pause longer than everybody's patience would never end.
func TestAPauseEndsWithItsWindow(t *testing.T) {
	h, cpu := &hand{}, 1.0
	l := h.limiter(t, limiter.Options{Algorithm: "load", Signals: loaded(&cpu)})
	for range 20 {
		h.round(l, 100*time.Millisecond, limiter.Success)
	}
	if l.Pause() == 0 {
		t.Fatal("no pause at load 1")
	}
	h.at += time.Minute // and nobody had the patience
	if got := l.Pause(); got != 0 {
		t.Errorf("the pause is still %v", got)
	}
}

func TestLoadIsSeenWhateverBecomesOfTheWork(t *testing.T) {
	h, cpu := &hand{}, 1.0
	l := h.limiter(t, limiter.Options{Algorithm: "load", Signals: loaded(&cpu)})
	for range 1000 {
		h.round(l, 10*time.Millisecond, limiter.Ignored)
	}
	if s := l.Stats(); s.Limit > 4 {
		t.Errorf("the limit is %d after 10 s at load 1", s.Limit)
	}
}

func TestLoadComesBackWhileThereIsSomeLoad(t *testing.T) {
	h, cpu := &hand{}, 1.0
	l := h.limiter(t, limiter.Options{Algorithm: "load", Initial: 36, Signals: loaded(&cpu)})
	for range 100 {
		h.round(l, 100*time.Millisecond, limiter.Success)
	}
	low := l.Limit()
	cpu = 0.78
	for range 1000 {
		h.round(l, 100*time.Millisecond, limiter.Success)
	}
	if got := l.Limit(); low > 2 || got < 16 {
		t.Errorf("the limit went to %d at load 1, and then to %d at load 0.78, want half of 36 or so", low, got)
	}
}

// TestBDPIsNotDeafAfterQuietTime: a window as long as quiet traffic suggests would
// sleep through what comes.
func TestBDPIsNotDeafAfterQuietTime(t *testing.T) {
	h := &hand{}
	l := h.limiter(t, limiter.Options{Algorithm: "bdp"})
	draw := rand.New(rand.NewPCG(1, 1))
	for i := range 200 {
		p, _ := l.TryAcquire()
		h.at += time.Duration(20e6 * math.Exp(0.25*draw.NormFloat64()))
		outcome := limiter.Success
		if i == 199 {
			outcome = limiter.Dropped
		}
		_ = p.Settle(outcome) // settled once
		h.at += 5 * time.Second
	}
	before := l.Limit()
	for range 100 { // 2 s in which everything is dropped
		h.round(l, 20*time.Millisecond, limiter.Dropped)
	}
	if got := l.Limit(); got >= before {
		t.Errorf("the limit was %d and is %d after 2 s of drops", before, got)
	}
}

func TestAClockTooCoarseForTheWorkFreezesNoLimit(t *testing.T) {
	for _, name := range []string{"vegas", "gradient2", "window", "bdp"} {
		t.Run(name, func(t *testing.T) {
			h := &hand{}
			l := h.limiter(t, limiter.Options{Algorithm: name, Initial: 4})
			for range 10_000 {
				h.round(l, 0, limiter.Success)
				h.at += time.Millisecond
			}
			if got := l.Limit(); got == 4 {
				t.Error("the limit never moved")
			}
		})
	}
}

// TestBDPBearsWhatIsLostWhateverTheLimit: forty slots, and a share of the work fails
// for reasons of its own.
func TestBDPBearsWhatIsLostWhateverTheLimit(t *testing.T) {
	for _, share := range []float64{0.01, 0.06, 0.1, 0.3} {
		draw := rand.New(rand.NewPCG(1, 2))
		rule, limit, sum := limiter.NewBDP(limiter.Bounds{Initial: 20, Min: 1, Max: 1000}), 20, 0
		const windows, slots = 2000, 40
		for i := range windows {
			w := limiter.Window{Start: time.Duration(i) * 100 * milli, Limit: limit, InFlight: limit, InFlightMean: float64(limit), Full: true}
			w.End = w.Start + 100*milli
			for range 10 * min(limit, slots) {
				if draw.Float64() < share {
					w.Dropped++
				} else {
					w.Completed++
				}
			}
			took := time.Duration(float64(10*milli) * max(1, float64(limit)/slots) * math.Exp(0.02*draw.NormFloat64()))
			w.Latency = limiter.Latency{Min: took, Mean: took, P50: took, P90: took * 9 / 8, P95: took * 5 / 4, P99: took * 4 / 3}
			limit = min(max(rule.Next(w).Limit, 1), 1000)
			if i >= windows/2 {
				sum += limit
			}
		}
		if mean := float64(sum) / (windows / 2); mean < 30 || mean > 50 {
			t.Errorf("with %v of the work lost the limit is %.1f on average, want about 40", share, mean)
		}
	}
}

func TestDropsAreSeenWhileLatencyIsMeasured(t *testing.T) {
	for _, name := range []string{"aimd", "vegas", "gradient2", "window", "arc"} {
		t.Run(name, func(t *testing.T) {
			rule := named(t, name)
			limit := 64
			for i := range 12 {
				w := full(limit, 10*milli)
				if i > 0 { // from the first drain on
					w.Completed, w.Dropped = 1, 99
				}
				limit = rule.Next(w).Limit
			}
			if limit > 16 {
				t.Errorf("the limit is %d after 11 windows of which 99 in 100 were dropped", limit)
			}
		})
	}
}

func TestTimeOutsOfTheNetworkAreDropped(t *testing.T) {
	for _, err := range []error{
		&net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ETIMEDOUT)},
		&net.DNSError{Err: "i/o timeout", IsTimeout: true},
	} {
		if got := limiter.OutcomeOf(err); got != limiter.Dropped {
			t.Errorf("%v is %v, want dropped", err, got)
		}
	}
}
