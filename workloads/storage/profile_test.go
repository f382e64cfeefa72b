package storage

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

// latencies draws n latencies as a trial over n files would.
func latencies(p Profile, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(p.Latency(7, 3, fmt.Sprintf("pkg%d/file%d.go", i%13, i)))
	}
	return x
}

func TestLatenciesAreLognormal(t *testing.T) {
	for _, p := range Profiles(2)[1:] {
		t.Run(p.Name, func(t *testing.T) {
			const n = 20_000
			x := latencies(p, n)
			slices.Sort(x)
			want := distuv.LogNormal{Mu: math.Log(float64(p.Median)), Sigma: p.Sigma}
			distance := 0.0 // Kolmogorov's
			for i, v := range x {
				cdf := want.CDF(v)
				distance = max(distance, math.Abs(cdf-float64(i)/n), math.Abs(cdf-float64(i+1)/n))
			}
			if limit := 1.95 / math.Sqrt(n); distance > limit { // passed one time in a thousand
				t.Errorf("Kolmogorov distance %.4f, want at most %.4f", distance, limit)
			}
			mean := 0.0
			for _, v := range x {
				mean += v / n
			}
			if ratio := mean / float64(p.Mean()); math.Abs(ratio-1) > 0.02 {
				t.Errorf("mean of %d latencies is %.3f of Mean", n, ratio)
			}
		})
	}
}

func TestLatencyIsThatOfSeedBlockAndPath(t *testing.T) {
	p := Profiles(2)[2]
	first := p.Latency(1, 2, "a.go")
	if again := p.Latency(1, 2, "a.go"); again != first {
		t.Errorf("asked twice: %v and %v", first, again)
	}
	for name, other := range map[string]time.Duration{
		"seed":  p.Latency(2, 2, "a.go"),
		"block": p.Latency(1, 3, "a.go"),
		"path":  p.Latency(1, 2, "b.go"),
	} {
		if other == first {
			t.Errorf("another %s gave the same latency %v", name, first)
		}
	}
	p.Sigma = 0
	if got := p.Latency(1, 2, "a.go"); got != p.Median {
		t.Errorf("without spread the latency is %v, want the median %v", got, p.Median)
	}
}

func TestTheLinkGrowsWithTheCores(t *testing.T) {
	for cores, want := range map[int]float64{1: 200e6, 2: 200e6, 3: 300e6, 16: 1600e6} {
		p, err := Lookup("nfs", cores)
		if err != nil {
			t.Fatal(err)
		}
		if p.LinkBytesPerSec != want {
			t.Errorf("%d cores: link of %.0f bytes/s, want %.0f", cores, p.LinkBytesPerSec, want)
		}
	}
}

func TestMeanIsThatOfALognormal(t *testing.T) {
	for _, row := range []struct {
		profile Profile
		want    time.Duration
	}{
		{Profile{}, 0},
		{Profile{Median: time.Second}, time.Second},
		{Profile{Median: time.Millisecond, Sigma: 0.5}, 1133148 * time.Nanosecond}, // e^0.125 ms
	} {
		if got := row.profile.Mean(); got != row.want {
			t.Errorf("mean of %+v is %v, want %v", row.profile, got, row.want)
		}
	}
}

func TestLookupSaysWhatToDo(t *testing.T) {
	for name, want := range map[string]string{
		"nsf":         `did you mean "nfs"?`,
		"objectstore": `did you mean "object-store"?`,
		"tape":        "known: local, network-disk, nfs, object-store",
		"cold":        "not built yet",
		"nvme":        "not built yet",
	} {
		if _, err := Lookup(name, 2); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Lookup(%q) = %v, want an error that says %q", name, err, want)
		}
	}
}
