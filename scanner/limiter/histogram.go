package limiter

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// A histogram counts latencies in buckets that are logarithmic in the large and
// linear in the small: 32 for each doubling, so that the middle of a bucket is
// within 1.6 % of whatever fell into it. A latency costs one atomic addition.
type histogram struct {
	counts [buckets]atomic.Uint64
}

const (
	perOctave  = 5  // bits: 32 buckets for each doubling
	topOctave  = 42 // bits: from 2⁴² ns on, 73 minutes, all is the same
	longest    = 1<<topOctave - 1
	buckets    = (topOctave-perOctave-1)<<perOctave + 2<<perOctave
	linearMost = 1 << perOctave
)

// bucket is where a latency in nanoseconds belongs.
func bucket(ns uint64) int {
	ns = min(ns, longest)
	shift := bits.Len64(ns|linearMost) - perOctave - 1
	return shift<<perOctave + int(ns>>shift)
}

// middle is the latency in nanoseconds that stands for a bucket's.
func middle(b int) float64 {
	shift := max(b>>perOctave-1, 0)
	low := uint64(b-shift<<perOctave) << shift
	return float64(low) + float64(uint64(1)<<shift-1)/2
}

// add counts weight permits that took so many nanoseconds, ≥ 0.
func (h *histogram) add(latency time.Duration, weight uint64) {
	h.counts[bucket(uint64(latency))].Add(weight)
}

// total is how much is counted.
func (h *histogram) total() (n uint64) {
	for i := range h.counts {
		n += h.counts[i].Load()
	}
	return n
}

// drain moves what is counted into a, and returns how much there is and its sum in
// nanoseconds.
func (h *histogram) drain(a *[buckets]uint64) (n uint64, sum float64) {
	for i := range h.counts {
		a[i] = 0
		if h.counts[i].Load() != 0 {
			a[i] = h.counts[i].Swap(0)
			n += a[i]
			sum += float64(a[i]) * middle(i)
		}
	}
	return n, sum
}

// describe puts n drained latencies with that sum into figures.
func describe(a *[buckets]uint64, n uint64, sum float64) Latency {
	if n == 0 {
		return Latency{}
	}
	l := Latency{Mean: time.Duration(sum / float64(n))}
	quantiles := [...]struct {
		share float64
		to    *time.Duration
	}{{0, &l.Min}, {0.5, &l.P50}, {0.9, &l.P90}, {0.95, &l.P95}, {0.99, &l.P99}}
	next, seen := 0, uint64(0)
	for b := range a {
		seen += a[b]
		for next < len(quantiles) && seen > 0 && float64(seen) >= math.Ceil(quantiles[next].share*float64(n)) {
			*quantiles[next].to = time.Duration(middle(b))
			next++
		}
	}
	return l
}
