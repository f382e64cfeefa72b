package plant

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// alone is a plant of one phase of another, without what would come before.
func alone(s Spec, at int) Spec {
	p := s.phases[at]
	p.length, p.to, p.limiters = 10*time.Second, p.slots, 1
	s.phases = []phase{p}
	s.retry, s.timeout = retry{}, 0
	return s
}

func TestNoStaticLimitBeatsTheOptimum(t *testing.T) {
	for _, whole := range Builtin() {
		for i := range whole.phases {
			spec := alone(whole, i)
			best := spec.best(spec.phases[0].at(0)).limit
			if spec.load.rate*spec.phases[0].load < 1 && spec.load.open() {
				continue // any limit that lets all in does
			}
			if i > 0 && best == whole.best(whole.phases[i-1].at(0)).limit {
				continue
			}
			t.Run(fmt.Sprintf("%s, phase %d", spec.Name, i), func(t *testing.T) {
				power := func(limit float64) float64 {
					return ran(t, spec, StaticLimit(int(limit))).score(&spec).Power
				}
				top := power(best)
				for _, share := range []float64{0.25, 0.5, 0.75, 0.9, 1.1, 1.25, 1.5, 2, 4} {
					limit := math.Round(best * share)
					// 3 %: medians are not means, and time is short.
					if got := power(max(1, limit)); got > top*1.03 {
						t.Errorf("power is %.3f at %g, the optimum, and %.3f at %g", top, best, got, limit)
					}
				}
			})
		}
	}
}

// meanValues is the throughput by exact mean value analysis for stations of several
// servers (Reiser and Lavenberg, Journal of the ACM 27, 1980): a second opinion, good
// as long as the stations are not saturated.
func meanValues(stations []demand, most int) []float64 {
	x := make([]float64, most+1)
	p, queue := make([][]float64, len(stations)), make([]float64, len(stations))
	for i, st := range stations {
		p[i] = make([]float64, st.slots)
		p[i][0] = 1
	}
	times := make([]float64, len(stations))
	for n := 1; n <= most; n++ {
		sum := 0.0
		for i, st := range stations {
			idle := 0.0
			for j := range st.slots - 1 {
				idle += float64(st.slots-1-j) * p[i][j]
			}
			times[i] = st.time / float64(st.slots) * (1 + queue[i] + idle)
			sum += times[i]
		}
		x[n] = float64(n) / sum
		for i, st := range stations {
			queue[i] = x[n] * times[i]
			left := x[n] * st.time
			for j := st.slots - 1; j >= 1; j-- {
				p[i][j] = x[n] * st.time / float64(j) * p[i][j-1]
				left += float64(st.slots-j) * p[i][j]
			}
			p[i][0] = 1 - left/float64(st.slots)
		}
	}
	return x
}

func TestTwoStationsAgreeWithMeanValueAnalysis(t *testing.T) {
	for _, row := range [][2]demand{
		{{16, 8e6}, {4, 4e6}},
		{{1, 1e6}, {1, 1e6}},
		{{4, 10e6}, {8, 2e6}},
	} {
		want := meanValues(row[:], 12)
		for n := 1; n <= 12; n++ {
			t.Run(fmt.Sprintf("%v with %d inside", row, n), func(t *testing.T) {
				if got := tandemRate(row[0], row[1], n); far(got, want[n], 1e-6) {
					t.Errorf("throughput is %.9g, expected %.9g", got, want[n])
				}
			})
		}
	}
}

func TestTwoStationsCannotPassTheirBottleneck(t *testing.T) {
	if got := tandemRate(demand{16, 8}, demand{4, 4}, mostInside); far(got, 1, 1e-6) {
		t.Errorf("throughput is %v with %d inside, expected 1", got, mostInside)
	}
}

func TestTheOptimumFollowsWhatHolds(t *testing.T) {
	for _, row := range []struct {
		name, station, phase string
		want                 float64
	}{
		{"as many as slots", "{kind: fifo}", "slots: 17", 17},
		{"slots less the thief's", "{kind: fifo}", "slots: 30, thief: 0.5", 15},
		{"shared slots, in part", "{kind: sharing}", "slots: 10.9", 11},
		{"slower work moves nothing", "{kind: fifo}", "slots: 17, service: 3", 17},
		// Kleinrock's optimum of the law: 3 β n² + (α − β) n = 1 − α.
		{"the scalability law", "{kind: scalability, alpha: 0.02, beta: 0.0005}", "service: 1", 20},
		{"full batches for each shipper", "{kind: batch, size: 8, linger: 20ms}", "slots: 4", 32},
		{"the knee, where nothing else slows", "{kind: knee, scale: 0, base: 3}", "slots: 12", 12},
	} {
		t.Run(row.name, func(t *testing.T) {
			spec := parsed(t, row.station, "{clients: 100}", "[{for: 10s, "+row.phase+"}]", even)
			if got := spec.best(spec.phases[0].at(0)).limit; got != row.want {
				t.Errorf("the optimum is %v, expected %v", got, row.want)
			}
		})
	}
}
