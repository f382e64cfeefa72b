package limiter_test

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sluice/scanner/limiter"
)

func TestVetRefusesCopiesOfAPermit(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "vet", "-copylocks", "./testdata/copied").CombinedOutput()
	if _, ok := errors.AsType[*exec.ExitError](err); !ok {
		t.Fatalf("go vet: %v\n%s", err, out)
	}
	for _, want := range []string{"assignment copies lock", "passed passes lock by value", "return copies lock", "range var p copies lock"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("go vet says nothing of %q", want)
		}
	}
	if faults := strings.Count(string(out), "copied.go:"); faults != 4 {
		t.Errorf("go vet finds %d faults, want 4:\n%s", faults, out)
	}
}

// newLimiter makes a limiter that must be fine.
func newLimiter(t testing.TB, o limiter.Options) *limiter.Limiter {
	t.Helper()
	l, err := limiter.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// permit acquires one that must be granted.
func permit(t testing.TB, l *limiter.Limiter) *limiter.Permit {
	t.Helper()
	p, err := l.Acquire(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return &p
}

func TestNoAlgorithmAllocates(t *testing.T) {
	for _, a := range limiter.Algorithms() {
		t.Run(a.Name, func(t *testing.T) {
			now := time.Duration(0)
			l := newLimiter(t, limiter.Options{
				Algorithm: a.Name, Window: time.Millisecond, Samples: 1, Listener: func(limiter.Change) {},
				Clock: func() time.Duration { now += 100 * time.Microsecond; return now }, // a window each five permits
			})
			work := func() {
				p, err := l.Acquire(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if err := p.Settle(limiter.Success); err != nil {
					t.Fatal(err)
				}
				tried, ok := l.TryAcquire()
				if !ok {
					t.Fatal("refused")
				}
				if err := tried.SettleSample(limiter.Sample{Outcome: limiter.Success, Latency: time.Millisecond, Units: 100}); err != nil {
					t.Fatal(err)
				}
			}
			for range 1000 { // until what is made once is made
				work()
			}
			if got := testing.AllocsPerRun(1000, work); got != 0 {
				t.Errorf("%v allocations a permit, windows and decisions included", got)
			}
			if got := l.Stats().Windows; got < 20 { // some rules ask for long ones
				t.Errorf("only %d windows", got)
			}
		})
	}
}

func TestASampleThatMakesNoSenseIsIgnored(t *testing.T) {
	for _, row := range []struct {
		name   string
		sample limiter.Sample
		want   string // of the error
	}{
		{"no outcome", limiter.Sample{}, "outcome 0 is none; use Success, Dropped or Ignored"},
		{"an outcome out of range", limiter.Sample{Outcome: 9}, "outcome 9"},
		{"a negative latency", limiter.Sample{Outcome: limiter.Success, Latency: -1}, "latency is -1ns; use 0 or more"},
		{"negative units", limiter.Sample{Outcome: limiter.Success, Units: -5}, "units are -5; use 0 or more"},
	} {
		t.Run(row.name, func(t *testing.T) {
			l := newLimiter(t, limiter.Options{Algorithm: "static"})
			p := permit(t, l)
			if err := p.SettleSample(row.sample); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("the error is %v, want %q", err, row.want)
			}
			if s := l.Stats(); s.Ignored != 1 || s.Completed != 0 || s.Invalid != 1 || s.InFlight != 0 {
				t.Errorf("the figures are %+v, want one ignored and invalid, and all back", s)
			}
		})
	}
}

// pausing is a rule that wants every admission to wait.
type pausing time.Duration

func (p pausing) Next(w limiter.Window) limiter.Decision {
	return limiter.Decision{Limit: w.Limit, Pause: time.Duration(p)}
}

func TestAdmissionsPauseBesideTheirPermits(t *testing.T) {
	for _, row := range []struct {
		name            string
		rule, want      time.Duration
		patience, waits time.Duration // how long a caller has, and how long he waits
	}{
		{"as long as the rule says", 50 * time.Millisecond, 50 * time.Millisecond, time.Second, 50 * time.Millisecond},
		{"never longer than their context", 50 * time.Millisecond, 50 * time.Millisecond, 20 * time.Millisecond, 20 * time.Millisecond},
		{"ten seconds at most", time.Hour, 10 * time.Second, time.Minute, 10 * time.Second},
		{"not at all if the pause is negative", -time.Hour, 0, time.Second, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLimiter(t, limiter.Options{Rule: pausing(row.rule), Window: time.Millisecond, Samples: 1})
				first := permit(t, l)
				<-time.After(time.Millisecond)
				_ = first.Settle(limiter.Success) // closes the window
				if got := l.Stats().Pause; got != row.want {
					t.Errorf("the pause is %v, want %v", got, row.want)
				}
				ctx, cancel := context.WithTimeout(t.Context(), row.patience)
				defer cancel()
				since := time.Now()
				p, err := l.Acquire(ctx)
				if waited := time.Since(since); waited != row.waits {
					t.Errorf("waited for %v, want %v", waited, row.waits)
				}
				if late := row.patience < row.want; late != errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("the error is %v", err)
				}
				if err == nil {
					_ = p.Settle(limiter.Success)
				}
				since = time.Now()
				tried, ok := l.TryAcquire()
				if waited := time.Since(since); !ok || waited != 0 {
					t.Errorf("a try waited for %v", waited)
				}
				_ = tried.Settle(limiter.Success)
			})
		})
	}
}
