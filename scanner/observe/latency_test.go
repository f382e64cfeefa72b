package observe

import (
	"math"
	"runtime/metrics"
	"testing"
)

func TestLatenciesAreThoseAddedMeanwhile(t *testing.T) {
	buckets := []float64{0, 1, 2, 4, math.Inf(1)}
	of := func(counts ...uint64) *metrics.Float64Histogram {
		return &metrics.Float64Histogram{Counts: counts, Buckets: buckets}
	}
	for _, row := range []struct {
		name          string
		before, after *metrics.Float64Histogram
		want          Latencies
	}{
		{"nothing was added", of(5, 5, 5, 5), of(5, 5, 5, 5), Latencies{}},
		{"the past does not count", of(1000, 0, 0, 0), of(1000, 0, 3, 0), Latencies{N: 3, P50: 4, P99: 4}},
		{"half below, half above", of(0, 0, 0, 0), of(50, 0, 50, 0), Latencies{N: 100, P50: 1, P99: 4}},
		{"one in a hundred is beyond the 99th", of(0, 0, 0, 0), of(99, 0, 0, 1), Latencies{N: 100, P50: 1, P99: 1}},
		{"what has no end is named by its beginning", of(0, 0, 0, 0), of(0, 0, 0, 2), Latencies{N: 2, P50: 4, P99: 4}},
		{"a runtime without the metric", nil, nil, Latencies{}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := between(row.before, row.after); got != row.want {
				t.Errorf("got %+v, want %+v", got, row.want)
			}
		})
	}
}

func TestTheRuntimeTellsItsLatencies(t *testing.T) {
	if h := schedulingLatencies(); h == nil || len(h.Buckets) != len(h.Counts)+1 {
		t.Errorf("the runtime's histogram is %+v", h)
	}
}
