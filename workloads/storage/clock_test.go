package storage

import (
	"errors"
	"io/fs"
	"sync"
	"syscall"
	"testing"
	"time"
)

// clocks are the implementations that must behave alike.
func clocks() map[string]func() clock {
	return map[string]func() clock{
		"timers":  func() clock { return newTimers() },
		"timerfd": func() clock { return newTimerfds() },
		"timerfd without descriptors": func() clock {
			c := newTimerfds()
			c.open = func() (*timerfd, error) { return nil, syscall.EMFILE }
			return c
		},
	}
}

func TestClocksNeverWakeEarlyBeyondTheLead(t *testing.T) {
	for name, make := range clocks() {
		t.Run(name, func(t *testing.T) {
			c := make()
			var wg sync.WaitGroup
			for i := range 64 {
				wg.Go(func() {
					for j := range 5 {
						due := c.now() + time.Duration(i*j)*10*time.Microsecond
						if err := c.wait(due); err != nil {
							t.Error(err)
						}
						if woke := c.now(); woke < due-maxLead {
							t.Errorf("woke %v early, want at most %v", due-woke, maxLead)
						}
					}
				})
			}
			wg.Wait()
			if err := c.close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAnInstantThatIsPastIsNotWaitedFor(t *testing.T) {
	for name, make := range clocks() {
		t.Run(name, func(t *testing.T) {
			c := make()
			for _, past := range []time.Duration{-time.Hour, 0, c.now()} {
				if err := c.wait(past); err != nil {
					t.Errorf("wait(%v) = %v", past, err)
				}
			}
			if err := c.close(); err != nil {
				t.Error(err)
			}
			if err := c.wait(c.now() + time.Hour); !errors.Is(err, fs.ErrClosed) {
				t.Errorf("wait after close = %v, want %v", err, fs.ErrClosed)
			}
		})
	}
}

func TestDescriptorsAreUsedAgain(t *testing.T) {
	c := newTimerfds()
	for range 20 {
		if err := c.wait(c.now() + 300*time.Microsecond); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(c.all); got != 1 {
		t.Errorf("20 waits one after the other took %d descriptors, want 1", got)
	}
	if err := c.close(); err != nil {
		t.Error(err)
	}
}

func TestLeadFollowsTheLatenessWithinBounds(t *testing.T) {
	const µs = time.Microsecond
	for _, row := range []struct {
		name string
		lead time.Duration
		late time.Duration
		want time.Duration
	}{
		{"a late wait lengthens it", 10 * µs, 32 * µs, 12 * µs},
		{"an early wait shortens it", 10 * µs, -32 * µs, 8 * µs},
		{"it is never negative", 1 * µs, -80 * µs, 0},
		{"it is bounded", maxLead, 16 * µs, maxLead},
		{"a stall counts as no more than the bound", 0, time.Second, maxLead / 16},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := time.Duration(lead(row.lead).after(row.late)); got != row.want {
				t.Errorf("lead %v after a wait %v late is %v, want %v", row.lead, row.late, got, row.want)
			}
		})
	}
}

func TestLeadSettlesWhereTheMeanIsRight(t *testing.T) {
	const lateness = 47 * time.Microsecond // of every wait, before it is made up for
	var l lead
	for range 200 {
		l = l.after(lateness - time.Duration(l))
	}
	if got := time.Duration(l); got < lateness-time.Microsecond || got > lateness {
		t.Errorf("lead settles at %v, want %v", got, lateness)
	}
}

func TestAchievedTellsLatencyAndLinkApart(t *testing.T) {
	m := newMeter()
	m.record(1*time.Millisecond, 4*time.Millisecond, 0)
	m.record(3*time.Millisecond, 0, 200*time.Microsecond)
	m.record(2*time.Millisecond, 2*time.Millisecond, -200*time.Microsecond)
	got := m.achieved()
	for _, row := range []struct {
		name      string
		got, want float64
	}{
		{"opens", float64(got.Opens), 3},
		{"asked", got.AskedMeanS, 2e-3},
		{"mean", got.MeanS, 2e-3},
		{"excess", got.MeanExcessS, 0},
		{"link", got.MeanLinkS, 2e-3},
		{"p50", got.P50S, 1.8e-3},
		{"p99", got.P99S, 3.2e-3},
	} {
		if diff := row.got - row.want; diff > 0.002*row.want || diff < -0.002*row.want {
			t.Errorf("%s is %g, want %g", row.name, row.got, row.want)
		}
	}
}
