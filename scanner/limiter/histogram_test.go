package limiter

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestABucketStandsForItsLatencies(t *testing.T) {
	last := 0
	for ns := uint64(0); ns < 1<<43; ns += 1 + ns/97 {
		b := bucket(ns)
		if b < last || b > last+2 || b >= buckets {
			t.Fatalf("%d ns fall into bucket %d after %d, of %d", ns, b, last, buckets)
		}
		last = b
		if got := middle(b); ns <= longest && math.Abs(got-float64(ns)) > 0.016*float64(ns) {
			t.Fatalf("%v stands for %d ns", got, ns)
		}
	}
	if last != buckets-1 || bucket(math.MaxUint64) != last {
		t.Errorf("the longest latencies fall into %d and %d of %d", last, bucket(math.MaxUint64), buckets)
	}
}

func TestAHistogramDescribesLatencies(t *testing.T) {
	for _, row := range []struct {
		name string
		draw func(*rand.Rand) float64 // ms
	}{
		{"all alike", func(*rand.Rand) float64 { return 10 }},
		{"spread evenly", func(r *rand.Rand) float64 { return 100 * r.Float64() }},
		{"over orders of magnitude", func(r *rand.Rand) float64 { return math.Exp(1.5 * r.NormFloat64()) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			var h histogram
			draw := rand.New(rand.NewPCG(1, 2))
			all, sum := make([]float64, 2000), 0.0
			for i := range all {
				all[i] = row.draw(draw)
				sum += all[i]
				h.add(time.Duration(all[i]*float64(time.Millisecond)), 1)
			}
			slices.Sort(all)
			var counts [buckets]uint64
			n, total := h.drain(&counts)
			l := describe(&counts, n, total)
			for _, figure := range []struct {
				name string
				got  time.Duration
				want float64
			}{
				{"min", l.Min, all[0]},
				{"mean", l.Mean, sum / 2000},
				{"p50", l.P50, all[999]},
				{"p90", l.P90, all[1799]},
				{"p95", l.P95, all[1899]},
				{"p99", l.P99, all[1979]},
			} {
				if got := figure.got.Seconds() * 1000; math.Abs(got-figure.want) > 0.016*figure.want {
					t.Errorf("%s is %v ms, want %v", figure.name, got, figure.want)
				}
			}
			if h.total() != 0 {
				t.Errorf("%d are left after draining", h.total())
			}
		})
	}
}

func TestNoLatencyIsAllZero(t *testing.T) {
	var counts [buckets]uint64
	if l := describe(&counts, 0, 0); l != (Latency{}) {
		t.Errorf("nothing is described as %+v", l)
	}
}
