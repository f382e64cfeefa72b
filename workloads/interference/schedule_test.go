package interference

import (
	"math"
	"testing"
	"time"
)

func TestAScheduleIsBusyForItsDutyOfEachCycle(t *testing.T) {
	const period = time.Second
	for _, duty := range []float64{0, 0.1, 0.5, 0.9, 1} {
		for seed := range uint64(20) {
			s := Schedule{Seed: seed, Period: period, Duty: duty}
			end := s.boundary(200)
			busy := busyUntil(s, end)
			if share := float64(busy) / float64(end); math.Abs(share-duty) > 1e-6 {
				t.Errorf("duty %v seed %d: busy %.6f of %v", duty, seed, share, end)
			}
		}
	}
}

func TestAScheduleAtKnownTimes(t *testing.T) {
	s := Schedule{Seed: 1, Period: time.Second, Duty: 0.5}
	on, off, end := s.pulse(3)
	for _, c := range []struct {
		what  string
		at    time.Duration
		busy  bool
		until time.Duration
	}{
		{"as the cycle begins", s.boundary(3), on == s.boundary(3), on},
		{"just before the pulse", on - 1, false, on},
		{"as the pulse begins", on, true, off},
		{"just before the pulse ends", off - 1, true, off},
		{"as the pulse ends", off, false, end},
		{"just before the cycle ends", end - 1, false, end},
	} {
		if busy, until := s.At(c.at); busy != c.busy || until != c.until {
			t.Errorf("%s, %v: busy %v until %v, want %v until %v", c.what, c.at, busy, until, c.busy, c.until)
		}
	}
}

func TestASchedulesPulsesAreCountedAsTheyBegin(t *testing.T) {
	s := Schedule{Seed: 7, Period: 100 * time.Millisecond, Duty: 0.3}
	began, was := 0, false
	for at := time.Duration(0); at < 10*time.Second; at += 50 * time.Microsecond {
		busy, until := s.At(at)
		if until <= at {
			t.Fatalf("at %v it holds until %v", at, until)
		}
		if busy && !was {
			began++
		}
		was = busy
		if got := s.Pulses(at); got != began {
			t.Fatalf("at %v: %d pulses, %d have begun", at, got, began)
		}
	}
	if got := (Schedule{Period: time.Second, Duty: 1}).Pulses(time.Hour); got != 1 {
		t.Errorf("without gaps: %d pulses, want 1", got)
	}
	if got := (Schedule{Period: time.Second}).Pulses(time.Hour); got != 0 {
		t.Errorf("never busy: %d pulses, want 0", got)
	}
}

// Gaps between pulses that were all alike could keep step with trials.
func TestASchedulesPulsesAreIrregular(t *testing.T) {
	s := Schedule{Seed: 3, Period: time.Second, Duty: 0.5}
	var sum, squares float64
	const n = 2000
	last, _, _ := s.pulse(0)
	for k := 1; k <= n; k++ {
		on, _, _ := s.pulse(k)
		gap := (on - last).Seconds()
		sum, squares, last = sum+gap, squares+gap*gap, on
	}
	mean := sum / n
	spread := math.Sqrt(squares/n - mean*mean)
	if math.Abs(mean-1) > 0.01 || spread < 0.2 || spread > 0.6 {
		t.Errorf("from pulse to pulse %.3f ± %.3f s; want 1 ± some 0.2 to 0.6", mean, spread)
	}
}

func TestASchedulesSeedsDiffer(t *testing.T) {
	a, b := Schedule{Seed: 1, Period: time.Second, Duty: 0.5}, Schedule{Seed: 2, Period: time.Second, Duty: 0.5}
	same, n := 0, 0
	for at := time.Duration(0); at < 500*time.Second; at += 10 * time.Millisecond {
		x, _ := a.At(at)
		y, _ := b.At(at)
		if x == y {
			same++
		}
		n++
	}
	if share := float64(same) / float64(n); share < 0.4 || share > 0.6 {
		t.Errorf("two seeds agree in %.2f of the time; independent ones do in 0.5", share)
	}
}
