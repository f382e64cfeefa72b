package limiter_test

import (
	"fmt"
	"testing"

	"sluice/scanner/limiter"
)

// A trace is what became of a shop.
type trace struct {
	limits []int     // after each window
	work   []float64 // share of the servers at work in each
}

func (tr trace) meanLimit(from int) float64 {
	sum := 0.0
	for _, l := range tr.limits[from:] {
		sum += float64(l)
	}
	return sum / float64(len(tr.limits)-from)
}

// meanWork over windows from a to b.
func (tr trace) meanWork(a, b int) float64 {
	sum := 0.0
	for _, w := range tr.work[a:b] {
		sum += w
	}
	return sum / float64(b-a)
}

// watch opens a shop with a rule of that name.
func (s shop) watch(t *testing.T, name string) trace {
	t.Helper()
	s.rule, s.most, s.sigma = named(t, name), 1000, 0.25
	if s.initial == 0 {
		s.initial = 20
	}
	var tr trace
	s.tail = func(at float64, seen *Tail) {
		could := float64(s.servers(at)) * seen.Window.Length().Seconds() / s.service(at)
		tr.limits = append(tr.limits, seen.Decision.Limit)
		tr.work = append(tr.work, float64(seen.Window.Completed)/could/1.03) // the mean of what is drawn is above its median
	}
	s.open()
	return tr
}

var seeds = []uint64{1, 2} //nolint:gochecknoglobals // an immutable table

func TestJitterStarvesNoRule(t *testing.T) {
	for _, c := range []int{1, 10, 40} {
		for _, name := range []string{"aimd", "vegas", "gradient2", "window", "arc"} {
			t.Run(fmt.Sprintf("%s before %d servers", name, c), func(t *testing.T) {
				for _, seed := range seeds {
					tr := shop{seed: seed, length: 30, servers: always(c), service: always(0.01)}.watch(t, name)
					n := len(tr.work)
					if work := tr.meanWork(n/3, n); work < 0.85 {
						t.Errorf("seed %d: %.2f of the servers at work, want 0.85", seed, work)
					}
				}
			})
		}
	}
}

func TestNothingRunsAwayInOpenLoad(t *testing.T) {
	for _, c := range []int{10, 40} {
		for _, name := range []string{"aimd", "vegas", "gradient2", "window", "arc"} {
			t.Run(fmt.Sprintf("%s before %d servers", name, c), func(t *testing.T) {
				for _, seed := range seeds {
					s := shop{seed: seed, length: 25, servers: always(c), service: always(0.01), arrive: always(1.2 * float64(c) / 0.01)}
					tr := s.watch(t, name)
					for i, l := range tr.limits[len(tr.limits)/2:] {
						if l >= 3*c {
							t.Fatalf("seed %d: limit %d in window %d, want below %d", seed, l, i+len(tr.limits)/2, 3*c)
						}
					}
				}
			})
		}
	}
}

func TestRulesRecoverWhenWorkTakesTwiceAsLong(t *testing.T) {
	for name, within := range map[string]int{"vegas": 30, "gradient2": 30, "window": 60, "aimd": 60} {
		t.Run(fmt.Sprintf("%s within %d windows", name, within), func(t *testing.T) {
			for _, seed := range seeds {
				s := shop{seed: seed, length: 30, servers: always(40), service: until(15, 0.01, 0.02)}
				tr := s.watch(t, name)
				after := len(tr.work)/2 + within
				if work := tr.meanWork(after, after+30); work < 0.9 {
					t.Errorf("seed %d: %.2f of the servers at work, want 0.9", seed, work)
				}
				if mean := tr.meanLimit(after); mean < 36 || mean > 72 {
					t.Errorf("seed %d: limit %.1f on average before 40 servers, want 36 to 72", seed, mean)
				}
			}
		})
	}
}

func TestRulesFollowSlotsThatComeAndGo(t *testing.T) {
	for _, name := range []string{"vegas", "gradient2", "window", "aimd", "arc"} {
		t.Run(name, func(t *testing.T) {
			for _, seed := range seeds {
				up := shop{seed: seed, length: 24, servers: until(12, 10, 40), service: always(0.01)}.watch(t, name)
				if n := len(up.work); up.meanWork(n*3/4, n) < 0.86 {
					t.Errorf("seed %d: %.2f of 40 servers at work, want 0.86", seed, up.meanWork(n*3/4, n))
				}
				down := shop{seed: seed, length: 24, servers: until(12, 40, 10), service: always(0.01)}.watch(t, name)
				if mean := down.meanLimit(len(down.limits) * 3 / 4); mean > 22 {
					t.Errorf("seed %d: limit %.1f on average before 10 servers, want 22 or less", seed, mean)
				}
			}
		})
	}
}

func TestLoadHoldsTheProcessorsBelowNineTenths(t *testing.T) {
	const cores = 16
	s := shop{seed: 1, length: 30, initial: 64, servers: always(cores), service: always(0.01)}
	s.signals = func(w limiter.Window) limiter.Signals {
		return limiter.Signals{Known: limiter.KnowsLoad, CPU: min(1, float64(w.Completed)*0.0103/w.Length().Seconds()/cores)}
	}
	tr := s.watch(t, "load")
	n := len(tr.work)
	if work := tr.meanWork(n/2, n); work < 0.72 || work > 0.92 {
		t.Errorf("%.2f of the processors in use, want 0.72 to 0.92", work)
	}
	moves := 0
	for i := n / 2; i < n; i++ {
		if tr.limits[i] != tr.limits[i-1] {
			moves++
		}
	}
	if moves > (n-n/2)/5 {
		t.Errorf("the limit moved %d times in %d windows: it flaps", moves, n-n/2)
	}
}
