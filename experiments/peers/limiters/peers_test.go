package limiters

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"sluice/scanner/limiter"
)

func TestAPeerIsRefusedWhereTimeIsReal(t *testing.T) {
	for _, p := range Peers() {
		t.Run(p.Name, func(t *testing.T) {
			if _, err := p.New(1, nil, nil); !errors.Is(err, errNoBubble) {
				t.Errorf("error is %v, want %v", err, errNoBubble)
			}
		})
	}
}

// TestGatesOfOneBubbleSeeOneTime has two gates that were made at different times,
// as when a limiter joins another.
func TestGatesOfOneBubbleSeeOneTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := []time.Duration{0, 3 * time.Millisecond, 3 * time.Millisecond, time.Hour}
		for _, now := range at {
			p, err := failsafeDefault().New(1, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			ticket, ok := p.Admit(now)
			if !ok {
				t.Fatal("the first request was refused")
			}
			if got := time.Since(bubbleStart()); got != now {
				t.Errorf("the library's clock is at %v where the plant's is at %v", got, now)
			}
			ticket.Settle(now, 0, limiter.Success)
		}
	})
}

func TestGoresilienceCountsWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate, err := goresilienceAIMD().New(1, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		first, _ := gate.Admit(0)
		first.Settle(time.Millisecond, 0, limiter.Success)
		if got := gate.Limit(); got != 10 {
			t.Errorf("limit is %d with nobody waiting, want the 10 that it began with", got)
		}
		last := first
		for range 10 {
			last, _ = gate.Admit(time.Millisecond)
		}
		if _, ok := gate.Admit(time.Millisecond); ok {
			t.Error("an eleventh request was let in")
		}
		last.Settle(2*time.Millisecond, 0, limiter.Success)
		if got := gate.Limit(); got != 11 {
			t.Errorf("limit is %d after a refusal and a success, want 11", got)
		}
	})
}
