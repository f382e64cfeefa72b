package observe

import (
	"math"
	"runtime/metrics"
)

// Latencies says how long goroutines that could run waited for a processor, over
// all goroutines of the process. The runtime's histogram is coarse: a value is the upper
// bound of its bucket, above the true one by a quarter at most in most of its range. It
// does not see threads that wait for the kernel's scheduler, C code's least of all.
type Latencies struct {
	N   int64   `json:"n"` // times that a goroutine began or went on
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

// schedulingLatencies reads the histogram of the process since it began; nil if
// the runtime has none.
func schedulingLatencies() *metrics.Float64Histogram {
	sample := []metrics.Sample{{Name: "/sched/latencies:seconds"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindFloat64Histogram {
		return nil
	}
	return sample[0].Value.Float64Histogram()
}

// between describes what was added to a histogram: all is 0 where nothing was, or
// where either is nil.
func between(before, after *metrics.Float64Histogram) Latencies {
	if before == nil || after == nil || len(before.Counts) != len(after.Counts) {
		return Latencies{}
	}
	added := make([]uint64, len(after.Counts))
	var n uint64
	for i := range added {
		added[i] = after.Counts[i] - before.Counts[i]
		n += added[i]
	}
	return Latencies{N: int64(n), P50: bound(added, n, after.Buckets, 0.50), P99: bound(added, n, after.Buckets, 0.99)}
}

// bound returns the upper bound of the bucket that holds the quantile q of n
// values; the lower one of the last bucket, which has no end.
func bound(counts []uint64, n uint64, buckets []float64, q float64) float64 {
	rank := uint64(math.Ceil(q * float64(n)))
	if rank == 0 {
		return 0
	}
	var sum uint64
	for i, c := range counts {
		if sum += c; sum < rank {
			continue
		}
		if upper := buckets[i+1]; !math.IsInf(upper, 1) {
			return upper
		}
		return buckets[i]
	}
	return 0
}
