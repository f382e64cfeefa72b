package observe

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestQuantilesAreExactToATenthOfAPercent(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	series := NewSeries()
	recorder := series.Recorder()
	values := make([]float64, 20_001)
	for i := range values {
		d := time.Duration(math.Exp(rng.NormFloat64()*3+14)) + time.Microsecond // 1 µs to minutes
		values[i] = d.Seconds()
		recorder.Record(d)
	}
	recorder.Flush()
	slices.Sort(values)
	got := series.Quantiles()
	for _, row := range []struct {
		name string
		got  float64
		q    float64
	}{{"p50", got.P50, 0.50}, {"p90", got.P90, 0.90}, {"p99", got.P99, 0.99}, {"max", got.Max, 1}} {
		want := values[int(math.Ceil(row.q*float64(len(values))))-1]
		if math.Abs(row.got-want) > want*0.001 {
			t.Errorf("%s is %v, want %v within 0.1 %%", row.name, row.got, want)
		}
	}
	if got.N != int64(len(values)) {
		t.Errorf("n is %d, want %d", got.N, len(values))
	}
}

func TestAnEmptySeriesIsAllZero(t *testing.T) {
	if got := NewSeries().Quantiles(); got != (Quantiles{}) {
		t.Errorf("quantiles of nothing are %+v", got)
	}
}

func TestDurationsOutOfRangeAreCountedAndSummedExactly(t *testing.T) {
	series := NewSeries()
	recorder := series.Recorder()
	for _, d := range []time.Duration{0, 3 * time.Hour} {
		recorder.Record(d)
	}
	recorder.Flush()
	got := series.Quantiles()
	if got.N != 2 || got.Max != 10800 || got.Mean != 5400 {
		t.Errorf("got %+v, want 2 values with a mean of 5400 s and a maximum of 10800 s", got)
	}
}

func TestRecordersOfOneSeriesAddUp(t *testing.T) {
	const workers, each = 8, 1000
	meter := NewMeter("read", workers)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			probe := meter.Probe()
			for range each {
				probe.Service.Record(time.Millisecond)
				probe.Wait.Record(2 * time.Millisecond)
			}
			probe.Flush()
		})
	}
	wg.Wait()
	got := meter.Station(2 * time.Second)
	if got.ServiceS.N != workers*each || got.WaitS.N != workers*each {
		t.Errorf("recorded %d services and %d waits, want %d", got.ServiceS.N, got.WaitS.N, workers*each)
	}
	if want := 0.5; math.Abs(got.Utilisation-want) > 1e-9 { // 8 s of work by 8 workers in 2 s
		t.Errorf("utilisation is %v, want %v", got.Utilisation, want)
	}
	if got.ServiceS.P50 > 0.001 {
		t.Errorf("the median %v exceeds the longest value, 0.001", got.ServiceS.P50)
	}
}

func BenchmarkRecord(b *testing.B) {
	recorder := NewSeries().Recorder()
	d := time.Microsecond
	b.ReportAllocs()
	for b.Loop() {
		recorder.Record(d)
		d = (d*7 + 13) % time.Second
	}
}
