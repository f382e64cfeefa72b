package interference

import (
	"math"
	"time"

	"sluice/workloads/internal/seeded"
)

// jitter is how far a boundary between two cycles is moved at most, as a share of
// the period: cycles last 0.1 … 1.9 periods, one on average.
const jitter = 0.45

// Schedule says when a neighbour is busy: once in each cycle, for Duty of it. It
// is a pure function of the seed and the time since the start. The lengths of
// the cycles and the place of the pulse within each are drawn from the seed.
type Schedule struct {
	Seed   uint64
	Period time.Duration // of a cycle on average, > 0
	Duty   float64       // share of each cycle that is busy, 0 … 1; at 1 there are no gaps
}

// At says whether it is busy at elapsed (≥ 0) and until when that holds at
// least; the answer there may be the same. It costs about 50 ns.
func (s Schedule) At(elapsed time.Duration) (busy bool, until time.Duration) {
	on, off, end := s.pulse(s.cycle(elapsed))
	switch {
	case elapsed < on:
		return false, on
	case elapsed < off:
		return true, off
	default:
		return false, end
	}
}

// Pulses is how many pulses have begun by elapsed. Without gaps there is one.
func (s Schedule) Pulses(elapsed time.Duration) int {
	switch {
	case s.Duty <= 0:
		return 0
	case s.Duty >= 1:
		return 1
	}
	k := s.cycle(elapsed)
	if on, _, _ := s.pulse(k); elapsed < on {
		return k
	}
	return k + 1
}

// pulse is where the pulse of cycle k begins and ends, and where the cycle ends.
func (s Schedule) pulse(k int) (on, off, end time.Duration) {
	start := s.boundary(k)
	end = s.boundary(k + 1)
	busy := time.Duration(math.Round(min(max(s.Duty, 0), 1) * float64(end-start)))
	on = start + time.Duration(seeded.Unit(seeded.Hash(s.Seed, k, "pulse"))*float64(end-start-busy))
	return on, on + busy, end
}

// boundary is where cycle k begins: at k periods, moved by up to jitter.
func (s Schedule) boundary(k int) time.Duration {
	if k == 0 {
		return 0
	}
	moved := jitter * (2*seeded.Unit(seeded.Hash(s.Seed, k, "cycle")) - 1)
	return time.Duration(k)*s.Period + time.Duration(moved*float64(s.Period))
}

// cycle is the number of the cycle that holds elapsed.
func (s Schedule) cycle(elapsed time.Duration) int {
	k := int(max(elapsed, 0) / s.Period)
	switch {
	case elapsed < s.boundary(k):
		return k - 1
	case elapsed >= s.boundary(k+1):
		return k + 1
	}
	return k
}
