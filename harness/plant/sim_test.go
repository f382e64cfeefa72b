package plant

import (
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"sluice/scanner/limiter"
)

// parsed is a plant made of the lines that differ from a plain one.
func parsed(t testing.TB, station, load, phases, more string) Spec {
	t.Helper()
	spec, err := Parse("test.yaml", fmt.Appendf(nil, "name: test\ndoc: a test\nstation: %s\nload: %s\nphases: %s\n%s\n", station, load, phases, more))
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

const (
	even  = "service: {distribution: constant, median: 10ms}"
	spun  = "service: {distribution: exponential, median: 10ms}"
	rough = "service: {distribution: lognormal, median: 10ms, sigma: 0.25}"
)

// ran runs one contestant through a plant.
func ran(t testing.TB, spec Spec, c Contestant) *tally {
	t.Helper()
	tally, err := simulate(t.Context(), setting{spec: &spec, contestant: c, seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return tally
}

// rate is what was done in a second, in mean requests.
func rate(t *tally, spec Spec) float64 { return t.phases[0].work / spec.Length().Seconds() }

// far tells whether a figure is not within a share of what it should be.
func far(got, want, share float64) bool { return !(math.Abs(got-want) <= share*math.Abs(want)) }

func TestClosedFormsHoldUnderEachStaticLimit(t *testing.T) {
	perSec := func(x float64) float64 { return x * 1e9 }
	for _, row := range []struct{ name, station, slots, service string }{
		{"slots serve in the order of arrival", "{kind: fifo}", ", slots: 8", rough},
		{"slots are shared", "{kind: sharing}", ", slots: 8", rough},
		{"slots are shared by work of any shape", "{kind: sharing}", ", slots: 8", spun},
		{"the scalability law", "{kind: scalability, alpha: 0.05, beta: 0.002}", "", rough},
		{"two stations", "{kind: two-stations, io: {slots: 6, demand: 8ms}, cpu: {slots: 2, demand: 3ms}}", "", "service: {distribution: exponential}"},
		{"Vector's knee", "{kind: knee, scale: 0.01, base: 1.3}", ", slots: 8", rough},
	} {
		spec := parsed(t, row.station, "{clients: 100}", "[{for: 60s"+row.slots+"}]", row.service)
		x := spec.throughput(spec.phases[0].at(0))
		for _, limit := range []int{1, 4, 8, 12, 30} {
			t.Run(fmt.Sprintf("%s, limit %d", row.name, limit), func(t *testing.T) {
				ran := ran(t, spec, StaticLimit(limit))
				if got, want := rate(ran, spec), perSec(x(limit)); far(got, want, 0.02) {
					t.Errorf("throughput is %.1f a second, expected %.1f", got, want)
				}
				if inside := mean(ran.bins, insideOf); far(inside, float64(limit), 0.001) {
					t.Errorf("%.2f are inside on average, expected %d", inside, limit)
				}
			})
		}
	}
}

func TestOpenLoadLosesWhatErlangSays(t *testing.T) {
	for _, row := range []struct {
		slots int
		load  float64 // in slots
	}{{10, 12}, {40, 48}, {5, 2.5}} {
		t.Run(fmt.Sprintf("%d slots, load %g", row.slots, row.load), func(t *testing.T) {
			spec := parsed(t, "{kind: fifo}", fmt.Sprintf("{rate: %g}", row.load/float64(row.slots)),
				fmt.Sprintf("[{for: 200s, slots: %d}]", row.slots), spun)
			ran := ran(t, spec, StaticLimit(row.slots))
			loss := 1.0 // Erlang's B by its recursion
			for n := 1; n <= row.slots; n++ {
				loss = row.load * loss / (float64(n) + row.load*loss)
			}
			if got := float64(ran.lost) / float64(ran.offered); far(got, loss, 0.04) {
				t.Errorf("refused %.4f of the requests, expected %.4f", got, loss)
			}
		})
	}
}

func TestAQueueInFrontOfTheGateHoldsWhatFits(t *testing.T) {
	spec := parsed(t, "{kind: fifo}", "{rate: 2, queue: 3}", "[{for: 20s, slots: 1}, {for: 5s, load: 0}]", even)
	ran := ran(t, spec, StaticLimit(1))
	done := ran.phases[0].work + ran.phases[1].work
	if got := float64(ran.lost) + done; got != float64(ran.offered) {
		t.Errorf("%v done and %d lost, of %d", done, ran.lost, ran.offered)
	}
	if after := ran.phases[1].latencies.total; after < 3 || after > 4 {
		t.Errorf("%d were served after the last arrival, expected the one inside and the three in the queue", after)
	}
}

func TestClientsComeGoAndThink(t *testing.T) {
	spec := parsed(t, "{kind: fifo}", "{clients: 40, think: 10ms}", "[{for: 20s, slots: 50}, {for: 20s, load: 0.1}, {for: 20s, load: 1}]", even)
	ran := ran(t, spec, StaticLimit(100))
	for i, want := range []float64{2000, 200, 2000} { // a client makes one request each 20 ms
		if got := ran.phases[i].work / 20; far(got, want, 0.03) {
			t.Errorf("phase %d: %.0f a second, expected %.0f", i, got, want)
		}
	}
}

func TestLimitersOfOnePlantShareItAsTheirLimitsSay(t *testing.T) {
	spec := parsed(t, "{kind: fifo}", "{clients: 100}", "[{for: 10s, slots: 20}, {for: 20s, limiters: 2}]", rough)
	next := 30
	uneven := Contestant{Name: "30 and 10", New: func(uint64, Clock, func() limiter.Signals) (Gate, error) {
		next -= 20
		return &counter{limit: 20 - next}, nil // 10, then 30
	}}
	s := ran(t, spec, uneven).score(&spec)
	if want := 0.8; far(s.Fairness, want, 0.01) { // (1 + 3)² / 2 (1 + 9)
		t.Errorf("fairness is %.3f, expected %.2f", s.Fairness, want)
	}
	if s.Overshoot[0] != 0.5 || s.Overshoot[1] != 2 {
		t.Errorf("overshoot is %v, expected the limits' sum over the optimum, 0.5 and 2", s.Overshoot)
	}
}

func TestTimeOutsComeBackAndAreServedForNobody(t *testing.T) {
	// With many inside before one slot of 10 ms each waits for longer than 15 ms. The
	// slot is busy all the time, and next to nothing is done in time.
	spec := parsed(t, "{kind: fifo}", "{rate: 20}", "[{for: 10s, slots: 1}]", even+"\ntimeout: 15ms\nretry: {after: 10ms, most: 3}")
	wide, narrow := ran(t, spec, StaticLimit(50)), ran(t, spec, StaticLimit(1))
	if got := narrow.score(&spec).Utilisation; far(got, 1, 0.05) {
		t.Errorf("with one inside utilisation is %.2f, expected 1", got)
	}
	if got := wide.score(&spec).Utilisation; got > 0.05 {
		t.Errorf("with too many inside utilisation is %.2f, expected next to nothing", got)
	}
}

func TestHungRequestsHoldTheirSlotAndAreDropped(t *testing.T) {
	spec := parsed(t, "{kind: fifo}", "{clients: 50}", "[{for: 100s, slots: 10}]", even+"\nhang: {share: 0.1, time: 200ms}")
	ran := ran(t, spec, StaticLimit(10))
	// 0.9 × 10 ms + 0.1 × 200 ms is 29 ms a request; 9 of 10 end well.
	if got, want := rate(ran, spec), 10/0.029*0.9; far(got, want, 0.03) {
		t.Errorf("%.1f a second end well, expected %.1f", got, want)
	}
	if got := float64(ran.lost) / float64(ran.offered); far(got, 0.1, 0.05) {
		t.Errorf("%.3f are lost, expected 0.1", got)
	}
}

func TestBatchesLeaveWhenFullOrAfterTheirTime(t *testing.T) {
	for limit, want := range map[int]time.Duration{3: 30 * time.Millisecond, 8: 10 * time.Millisecond, 16: 10 * time.Millisecond} {
		t.Run(fmt.Sprintf("limit %d", limit), func(t *testing.T) {
			spec := parsed(t, "{kind: batch, size: 8, linger: 20ms}", "{clients: 50}", "[{for: 10s, slots: 2}]", even)
			got := time.Duration(ran(t, spec, StaticLimit(limit)).phases[0].latencies.quantile(0.5))
			if far(got.Seconds(), want.Seconds(), 0.01) {
				t.Errorf("latency is %v, expected %v", got, want)
			}
		})
	}
}

func TestFewerSlotsTakeEffectAsServicesEnd(t *testing.T) {
	spec := parsed(t, "{kind: fifo}", "{clients: 50}", "[{for: 10s, slots: 10}, {for: 10s, slots: 4}, {for: 10s, slots: 4, to: 8}, {for: 10s, thief: 0.5}]", even)
	ran := ran(t, spec, StaticLimit(20))
	for i, want := range []float64{1000, 400, 600, 400} {
		if got := ran.phases[i].work / 10; far(got, want, 0.03) {
			t.Errorf("phase %d: %.0f a second, expected %.0f", i, got, want)
		}
	}
}

func TestTheOracleReachesWhatIsPossible(t *testing.T) {
	for _, row := range []struct {
		name, station, load string
		want                float64
	}{
		{"closed, in the order of arrival", "{kind: fifo}", "{clients: 100}", 1},
		{"closed, shared", "{kind: sharing}", "{clients: 100}", 1},
		{"open, in the order of arrival: Poisson arrivals leave slots idle", "{kind: fifo}", "{rate: 1.2}", 0.87},
		{"open, shared", "{kind: sharing}", "{rate: 1.2}", 0.87},
	} {
		t.Run(row.name, func(t *testing.T) {
			spec := parsed(t, row.station, row.load, "[{for: 40s, slots: 10}, {for: 40s, slots: 40}, {for: 40s, slots: 10}]", rough)
			s := ran(t, spec, oracleContestant()).score(&spec)
			if far(s.Power, row.want, 0.015) {
				t.Errorf("power is %.3f, expected %.2f", s.Power, row.want)
			}
			if s.Error != 0 || far(s.P99Ratio, 1, 0.03) {
				t.Errorf("error %.3f, p99 ratio %.3f; expected 0 and 1", s.Error, s.P99Ratio)
			}
			for i := range spec.phases {
				if s.SettleS[i] != 0 || s.ReachS[i] != 0 || s.Overshoot[i] != 1 || s.Steady[i] != 1 {
					t.Errorf("phase %d: settled %v, reached %v, overshoot %v, steady %v; expected 0, 0, 1, 1", i, s.SettleS[i], s.ReachS[i], s.Overshoot[i], s.Steady[i])
				}
			}
		})
	}
}

func TestSignalsSayWhatIsBusyAndWhatWaits(t *testing.T) {
	spec := parsed(t, "{kind: fifo}", "{clients: 50}", "[{for: 10s, slots: 10}]", even)
	for limit, want := range map[int]limiter.Signals{
		5:  {CPU: 0.5, Memory: 0.005, Busy: 0.5, Backlog: 0, Room: 20},
		10: {CPU: 1, Memory: 0.01, Busy: 1, Backlog: 0, Room: 20},
		30: {CPU: 1, Memory: 0.03, Busy: 1, Backlog: 20, Room: 20},
	} {
		t.Run(fmt.Sprintf("limit %d", limit), func(t *testing.T) {
			var signals func() limiter.Signals
			c := StaticLimit(limit)
			fresh := c.New
			c.New = func(seed uint64, clock Clock, s func() limiter.Signals) (Gate, error) {
				signals = s
				return fresh(seed, clock, s)
			}
			ran(t, spec, c)
			want.Known = limiter.KnowsLoad | limiter.KnowsConsumer
			got := signals()
			got.Memory = math.Round(got.Memory*1000) / 1000
			if got != want {
				t.Errorf("signals are %+v, expected %+v", got, want)
			}
		})
	}
}

// watch is a gate that compares the real clock with the plant's.
type watch struct {
	counter
	t     *testing.T
	start time.Time
}

func (w *watch) Admit(now time.Duration) (Ticket, bool) {
	if real := time.Since(w.start); real != now {
		w.t.Errorf("the real clock says %v, the plant's %v", real, now)
	}
	_, ok := w.counter.Admit(now)
	return w, ok
}

func TestLibrariesThatReadTheRealClockRunInABubble(t *testing.T) {
	spec := parsed(t, "{kind: fifo}", "{clients: 5}", "[{for: 10s, slots: 2}]", rough)
	c := Contestant{Name: "watch", Kind: Peer, New: func(uint64, Clock, func() limiter.Signals) (Gate, error) {
		return &watch{counter{limit: 2}, t, time.Now()}, nil
	}}
	wrapped := 0
	_, err := Run(t.Context(), []Spec{spec}, []Contestant{c}, Options{
		Seeds: []uint64{1, 2}, Workers: 1,
		Around: func(simulate func()) {
			wrapped++
			synctest.Test(t, func(*testing.T) { simulate() })
		},
		Sleep: func(d time.Duration) { <-time.After(d) },
	})
	if err != nil || wrapped != 2 {
		t.Errorf("wrapped %d simulations (%v), expected 2", wrapped, err)
	}
}
