package limiter_test

import (
	"context"
	"math"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"sluice/scanner/limiter"
)

// A script is a rule that writes down what it sees and says what it was told to;
// when that is used up, that all stays.
type script struct {
	says []limiter.Decision
	saw  []limiter.Window
}

func (s *script) Next(w limiter.Window) limiter.Decision {
	s.saw = append(s.saw, w)
	if len(s.says) == 0 {
		return limiter.Decision{Limit: w.Limit}
	}
	d := s.says[0]
	s.says = s.says[1:]
	return d
}

// A bench is a limiter on a clock that a test moves.
type bench struct {
	*limiter.Limiter
	t   *testing.T
	now time.Duration
}

// newBench makes one with windows of 100 ms and two samples, where the options do
// not say otherwise.
func newBench(t *testing.T, rule limiter.Rule, o limiter.Options) *bench {
	t.Helper()
	b := &bench{t: t}
	o.Rule, o.Clock = rule, func() time.Duration { return b.now }
	if o.Samples == 0 {
		o.Samples = 2
	}
	b.Limiter = newLimiter(t, o)
	return b
}

// take acquires a permit of some weight, which must be free.
func (b *bench) take(weight int) *limiter.Permit {
	b.t.Helper()
	p, ok := b.TryAcquireWeight(weight)
	if !ok {
		b.t.Fatalf("no room for %d: %d in flight of %d", weight, b.InFlight(), b.Limit())
	}
	return &p
}

// work holds a permit of some weight from now on for so long.
func (b *bench) work(weight int, latency time.Duration, o limiter.Outcome) {
	b.t.Helper()
	p := b.take(weight)
	b.now += latency
	if err := p.Settle(o); err != nil {
		b.t.Error(err)
	}
}

// near tells whether a figure is within the coarseness of latencies.
func near(got, want float64) bool { return math.Abs(got-want) <= 0.017*math.Abs(want) }

const ms = time.Millisecond

func TestAWindowTellsWhatHappened(t *testing.T) {
	rule := new(script)
	b := newBench(t, rule, limiter.Options{Initial: 5})
	light, heavy := b.take(1), b.take(3) // at 0
	b.now = 40 * ms
	_ = light.Settle(limiter.Success)
	b.now = 80 * ms
	_ = heavy.Settle(limiter.Success)
	b.work(2, 10*ms, limiter.Dropped)
	b.work(1, 5*ms, limiter.Ignored)
	b.work(1, 25*ms, limiter.Success) // until 120

	if len(rule.saw) != 1 {
		t.Fatalf("%d windows were closed, want 1", len(rule.saw))
	}
	w := rule.saw[0]
	if w.Start != 0 || w.End != 120*ms || w.Limit != 5 || w.InFlight != 4 || w.Full || w.Completed != 5 || w.Dropped != 2 {
		t.Errorf("the window is %+v", w)
	}
	for _, figure := range []struct {
		name      string
		got, want float64
	}{
		{"in flight on average", w.InFlightMean, (1*40 + 3*80 + 2*10 + 1*5 + 1*25) / 120.0},
		{"least latency", w.Latency.Min.Seconds(), 0.025},
		{"mean latency", w.Latency.Mean.Seconds(), (0.025 + 0.040 + 3*0.080) / 5},
		{"median latency", w.Latency.P50.Seconds(), 0.080},
		{"p99 of latency", w.Latency.P99.Seconds(), 0.080},
		{"rate", w.Rate(), 5 / 0.120},
	} {
		if !near(figure.got, figure.want) {
			t.Errorf("%s is %v, want %v", figure.name, figure.got, figure.want)
		}
	}
}

func TestAWindowLastsAsLongAsItMust(t *testing.T) {
	// Each row's permits are held for 1 ms and settled at the times given, in ms. Windows last
	// 100 ms and three samples, no longer than 1 s.
	for _, row := range []struct {
		name    string
		outcome limiter.Outcome
		weight  int
		settled []int
		want    [][2]time.Duration // starts and ends of windows
	}{
		{"its length, with enough in it", limiter.Success, 1, []int{10, 20, 30, 99, 100, 101}, [][2]time.Duration{{0, 100 * ms}}},
		{"until there is enough in it", limiter.Success, 1, []int{10, 150, 320, 330}, [][2]time.Duration{{0, 320 * ms}}},
		{"drops are something in it", limiter.Dropped, 1, []int{10, 150, 320}, [][2]time.Duration{{0, 320 * ms}}},
		{"weights count", limiter.Success, 2, []int{10, 150, 320}, [][2]time.Duration{{0, 150 * ms}}},
		{"ten times its length at most", limiter.Success, 1, []int{10, 1000}, [][2]time.Duration{{0, 1000 * ms}}},
		{"what is ignored never fills it", limiter.Ignored, 1, []int{10, 150, 320, 1100, 2300, 5000}, nil},
		{"idle time goes before it", limiter.Success, 1, []int{60_000, 60_010, 60_098, 60_099}, [][2]time.Duration{{59_999 * ms, 60_099 * ms}}},
		{"one follows another", limiter.Success, 1, []int{10, 20, 100, 110, 120, 200}, [][2]time.Duration{{0, 100 * ms}, {100 * ms, 200 * ms}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			rule := new(script)
			b := newBench(t, rule, limiter.Options{Samples: 3})
			for _, at := range row.settled {
				b.now = time.Duration(at)*ms - ms
				b.work(row.weight, ms, row.outcome)
			}
			var got [][2]time.Duration
			for _, w := range rule.saw {
				got = append(got, [2]time.Duration{w.Start, w.End})
			}
			if !slices.Equal(got, row.want) {
				t.Errorf("the windows are %v, want %v", got, row.want)
			}
		})
	}
}

func TestAWindowIsFullIfAHigherLimitHadTakers(t *testing.T) {
	for _, row := range []struct {
		name string
		work func(*bench)
		want bool
	}{
		{"not below the limit", func(b *bench) { b.work(3, ms, limiter.Success) }, false},
		{"at the limit", func(b *bench) { b.work(4, ms, limiter.Success) }, true},
		{"when somebody heavy finds no room", func(b *bench) {
			p := b.take(1)
			if _, ok := b.TryAcquireWeight(4); ok {
				b.t.Error("the bound was passed")
			}
			_ = p.Settle(limiter.Success)
		}, true},
		{"when somebody heavy waited in vain", func(b *bench) {
			p := b.take(1)
			ctx, cancel := context.WithCancel(b.t.Context())
			var all sync.WaitGroup
			all.Go(func() {
				if _, err := b.AcquireWeight(ctx, 4); err == nil {
					b.t.Error("the bound was passed")
				}
			})
			for b.Waiting() == 0 {
				runtime.Gosched()
			}
			cancel()
			all.Wait()
			_ = p.Settle(limiter.Success)
		}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			rule := new(script)
			b := newBench(t, rule, limiter.Options{Initial: 4, Samples: 1})
			row.work(b)
			b.work(1, 100*ms, limiter.Success)
			b.work(1, 100*ms, limiter.Success)
			if len(rule.saw) != 2 || rule.saw[0].Full != row.want || rule.saw[1].Full {
				t.Errorf("the windows are %+v; want the first full %v, the second never", rule.saw, row.want)
			}
		})
	}
}

func TestAFullWindowIsFollowedByOneThatBeginsFull(t *testing.T) {
	rule := new(script)
	b := newBench(t, rule, limiter.Options{Initial: 2, Samples: 1})
	stays := b.take(1)
	b.work(1, 100*ms, limiter.Success)
	stays2 := b.take(1)
	b.now += 100 * ms
	_ = stays.Settle(limiter.Success)
	_ = stays2.Settle(limiter.Success)
	if len(rule.saw) != 2 || !rule.saw[1].Full || rule.saw[1].InFlight != 2 {
		t.Errorf("the windows are %+v", rule.saw)
	}
}

func TestAWindowAfterIdleTimeHoldsWhoeverEndedIt(t *testing.T) {
	rule := new(script)
	b := newBench(t, rule, limiter.Options{Initial: 4, Samples: 1})
	b.now = time.Hour
	b.work(4, ms, limiter.Success)
	b.work(1, 99*ms, limiter.Success)
	if len(rule.saw) != 1 || rule.saw[0].Start != time.Hour || !rule.saw[0].Full || rule.saw[0].InFlight != 4 || rule.saw[0].Completed != 5 {
		t.Errorf("the windows are %+v", rule.saw)
	}
}

func TestAnIgnoredPermitMovesNoWindow(t *testing.T) {
	rule := new(script)
	b := newBench(t, rule, limiter.Options{})
	b.work(1, 10*ms, limiter.Success)
	b.now = 140 * ms
	b.work(2, 10*ms, limiter.Ignored)
	b.work(1, 50*ms, limiter.Success)
	if len(rule.saw) != 1 || rule.saw[0].Start != 0 || rule.saw[0].End != 200*ms {
		t.Errorf("the windows are %+v", rule.saw)
	}
}

// Whoever reads the clock just before a window is closed may settle after it.
func TestASettlingJustBeforeTheWindowBelongsToIt(t *testing.T) {
	rule := new(script)
	b := newBench(t, rule, limiter.Options{Initial: 4, Samples: 1})
	b.work(1, 100*ms, limiter.Success)
	b.now = 98 * ms
	b.work(4, ms/2, limiter.Success)
	b.work(1, ms/2, limiter.Success)
	b.now = 199 * ms
	b.work(1, ms, limiter.Success)
	if len(rule.saw) != 2 || rule.saw[1].Start != 100*ms || !rule.saw[1].Full || rule.saw[1].InFlight != 4 || rule.saw[1].Completed != 6 {
		t.Errorf("the windows are %+v", rule.saw)
	}
}

func TestLatencyMayBeToldAndSized(t *testing.T) {
	for _, row := range []struct {
		name   string
		sample limiter.Sample
		want   time.Duration
	}{
		{"as held", limiter.Sample{}, 120 * ms},
		{"as told", limiter.Sample{Latency: 7 * ms}, 7 * ms},
		{"for a typical number of units", limiter.Sample{Units: 10 * limiter.TypicalUnits}, 12 * ms},
		{"as told for a typical number of units", limiter.Sample{Latency: 7 * ms, Units: limiter.TypicalUnits / 2}, 14 * ms},
		{"no longer than an hour and a bit", limiter.Sample{Latency: math.MaxInt64, Units: 1}, 1 << 42},
	} {
		t.Run(row.name, func(t *testing.T) {
			rule := new(script)
			b := newBench(t, rule, limiter.Options{Samples: 1})
			p := b.take(1)
			b.now += 120 * ms
			row.sample.Outcome = limiter.Success
			if err := p.SettleSample(row.sample); err != nil {
				t.Fatal(err)
			}
			if len(rule.saw) != 1 {
				t.Fatalf("%d windows", len(rule.saw))
			}
			w := rule.saw[0]
			if !near(float64(w.Latency.Mean), float64(row.want)) {
				t.Errorf("the latency is %v, want %v", w.Latency.Mean, row.want)
			}
			if row.want < time.Hour && !near(w.InFlightMean, 1) {
				t.Errorf("%v were in flight on average, want 1, however long it is said to have been", w.InFlightMean)
			}
		})
	}
}

func TestARuleIsHeldWithinBounds(t *testing.T) {
	for _, row := range []struct {
		name string
		says int
		want int
	}{
		{"what it says", 7, 7},
		{"0", 0, 2},
		{"less than nothing", math.MinInt, 2},
		{"more than there is", math.MaxInt, 9},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := newBench(t, &script{says: []limiter.Decision{{Limit: row.says}}}, limiter.Options{Initial: 4, Min: 2, Max: 9, Samples: 1})
			b.work(1, 100*ms, limiter.Success)
			if b.Limit() != row.want {
				t.Errorf("the limit is %d, want %d", b.Limit(), row.want)
			}
		})
	}
}

func TestARuleChoosesTheLengthOfTheNextWindow(t *testing.T) {
	for _, row := range []struct {
		name string
		asks time.Duration
		want time.Duration
	}{
		{"nothing is the limiter's own", 0, 100 * ms},
		{"negative is the limiter's own", -ms, 100 * ms},
		{"longer", 300 * ms, 300 * ms},
		{"shorter", 10 * ms, 10 * ms},
		{"a minute at most", time.Hour, time.Minute},
		{"no less than 100µs", 1, 100 * time.Microsecond},
	} {
		t.Run(row.name, func(t *testing.T) {
			rule := &script{says: []limiter.Decision{{Limit: 4, Window: row.asks}}}
			b := newBench(t, rule, limiter.Options{Initial: 4, Samples: 1})
			b.work(1, 100*ms, limiter.Success)
			b.work(1, row.want-1, limiter.Success)
			if len(rule.saw) != 1 {
				t.Fatalf("%d windows a moment before the end of the second", len(rule.saw))
			}
			b.work(1, 1, limiter.Success)
			b.work(1, 100*ms, limiter.Success) // the one after has its usual length
			if len(rule.saw) != 3 || rule.saw[1].Length() != row.want || rule.saw[2].Length() != 100*ms {
				t.Errorf("the windows are %+v", rule.saw)
			}
		})
	}
}

func TestAClockThatJumpsDoesNoHarm(t *testing.T) {
	for _, row := range []struct {
		name string
		jump time.Duration
		held bool // by somebody over the jump
		lost uint64
	}{
		{"forward while nobody works", time.Hour, false, 0},
		{"forward while somebody works", time.Hour, true, 0},
		{"far forward", math.MaxInt64 / 4, true, 0},
		{"back while nobody works", -time.Hour, false, 0},
		{"back while somebody works", -time.Hour, true, 1},
		{"far back", -math.MaxInt64 / 4, true, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			rule := new(script)
			b := newBench(t, rule, limiter.Options{})
			b.now = 2 * time.Hour
			b.work(1, ms, limiter.Success)
			if row.held {
				p := b.take(1)
				b.now += row.jump
				_ = p.Settle(limiter.Success) // an error if the clock went back
			} else {
				b.now += row.jump
			}
			for range 50 {
				b.work(1, 10*ms, limiter.Success)
			}
			if s := b.Stats(); s.InFlight != 0 || s.Invalid != row.lost || s.Windows < 3 {
				t.Errorf("after the jump the figures are %+v", s)
			}
			last := rule.saw[len(rule.saw)-1]
			if last.Length() != 100*ms || last.Completed != 10 || !near(last.InFlightMean, 1) {
				t.Errorf("after the jump the last window is %+v", last)
			}
			for _, w := range rule.saw {
				if w.Length() < 0 || math.IsNaN(w.InFlightMean) || w.InFlightMean < 0 {
					t.Errorf("the window %+v makes no sense", w)
				}
			}
		})
	}
}

func TestSignalsReachTheRuleIfTheyMakeSense(t *testing.T) {
	nan := math.NaN()
	for _, row := range []struct {
		name      string
		got, want limiter.Signals
		invalid   uint64
	}{
		{"all known", limiter.Signals{3, 0.5, 0.6, 0.7, 8, 9}, limiter.Signals{3, 0.5, 0.6, 0.7, 8, 9}, 0},
		{"what is not known is 0", limiter.Signals{limiter.KnowsLoad, 0.5, 0.6, 0.7, 8, 9}, limiter.Signals{Known: limiter.KnowsLoad, CPU: 0.5, Memory: 0.6}, 0},
		{"what is not known may be anything", limiter.Signals{limiter.KnowsLoad, 0.5, 0.6, nan, 8, 9}, limiter.Signals{Known: limiter.KnowsLoad, CPU: 0.5, Memory: 0.6}, 0},
		{"no number", limiter.Signals{3, 0.5, nan, 0.7, 8, 9}, limiter.Signals{Known: limiter.KnowsConsumer, Busy: 0.7, Backlog: 8, Room: 9}, 1},
		{"negative", limiter.Signals{3, 0.5, 0.6, 0.7, -8, 9}, limiter.Signals{Known: limiter.KnowsLoad, CPU: 0.5, Memory: 0.6}, 1},
		{"infinite", limiter.Signals{3, math.Inf(1), 0.6, 0.7, 8, math.Inf(1)}, limiter.Signals{}, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			rule := new(script)
			b := newBench(t, rule, limiter.Options{Samples: 1, Signals: func() limiter.Signals { return row.got }})
			b.work(1, 100*ms, limiter.Success)
			if rule.saw[0].Signals != row.want || b.Stats().Invalid != row.invalid {
				t.Errorf("the rule saw %+v, want %+v; %d invalid, want %d", rule.saw[0].Signals, row.want, b.Stats().Invalid, row.invalid)
			}
		})
	}
}

func TestSignalsAreAskedWithoutALockThatAPermitWaitsFor(t *testing.T) {
	var b *bench
	asked := 0
	b = newBench(t, new(script), limiter.Options{Initial: 1, Samples: 1, Signals: func() limiter.Signals {
		asked++
		b.work(1, 200*ms, limiter.Success) // past another end
		b.Stats()
		return limiter.Signals{}
	}})
	b.work(1, 100*ms, limiter.Success)
	if s := b.Stats(); asked != 1 || s.Windows != 1 || s.Completed != 2 {
		t.Errorf("asked %d times, the figures are %+v", asked, s)
	}
}

// broken is a rule with a bug.
type broken struct{}

func (broken) Next(limiter.Window) limiter.Decision { panic("a bug") }

func TestARulesPanicComesAfterThePermitIsBack(t *testing.T) {
	b := newBench(t, broken{}, limiter.Options{Initial: 1, Samples: 1})
	panics := 0
	for range 4 {
		func() {
			defer func() {
				if recover() != nil {
					panics++
				}
			}()
			b.work(1, 100*ms, limiter.Success)
		}()
		if b.InFlight() != 0 {
			t.Errorf("%d in flight after the panic", b.InFlight())
		}
	}
	if panics < 2 {
		t.Errorf("the rule panicked %d times in 4 windows: swallowed, or not asked again", panics)
	}
}

func TestStatsCountWhatIsInTheOpenWindowToo(t *testing.T) {
	b := newBench(t, new(script), limiter.Options{Initial: 8})
	for i := range 25 {
		b.work(1, 10*ms, limiter.Success)
		b.work(2, 10*ms, limiter.Dropped)
		b.work(3, 10*ms, limiter.Ignored)
		n := uint64(i + 1)
		if s := b.Stats(); s.Completed != n || s.Dropped != 2*n || s.Ignored != 3*n {
			t.Fatalf("after %d of each the figures are %+v", n, s)
		}
	}
	b.take(3)
	if s := b.Stats(); s.Limit != 8 || s.InFlight != 3 || s.Available != 5 || s.Waiting != 0 || s.Windows < 6 || b.Available() != 5 {
		t.Errorf("the figures are %+v", s)
	}
}
