package limiter_test

import (
	"math"
	"testing"
	"time"

	"sluice/scanner/limiter"
)

const milli = time.Millisecond

// full is a window of a limit that was reached, all of whose latencies are the same.
func full(limit int, latency time.Duration) limiter.Window {
	return limiter.Window{
		Start: 0, End: 100 * milli, Limit: limit, InFlight: limit, InFlightMean: float64(limit), Full: true, Completed: 200,
		Latency: limiter.Latency{Min: latency, Mean: latency, P50: latency, P90: latency, P95: latency, P99: latency},
	}
}

// but is a window with something changed.
func but(w limiter.Window, change func(*limiter.Window)) limiter.Window {
	change(&w)
	return w
}

func dropping(n int) func(*limiter.Window) {
	return func(w *limiter.Window) { w.Dropped, w.Completed = n, w.Completed-n }
}

func partly(w *limiter.Window) { w.Full, w.InFlight = false, w.Limit-1 }

func barely(w *limiter.Window) { w.Full, w.InFlight = false, w.Limit/3 }

// atRest is what teaches a rule that latency at rest is 10 ms: fewer than one at
// once cannot be.
func atRest() limiter.Window { return full(1, 10*milli) }

func load(cpu, memory float64) func(*limiter.Window) {
	return func(w *limiter.Window) {
		w.Signals = limiter.Signals{Known: limiter.KnowsLoad, CPU: cpu, Memory: memory}
	}
}

// consumers were so busy, with so much of the room for a hundred in use.
func consumers(busy, backlog float64) func(*limiter.Window) {
	return func(w *limiter.Window) {
		w.Signals = limiter.Signals{Known: limiter.KnowsConsumer, Busy: busy, Backlog: backlog, Room: 100}
	}
}

func times(n int, w limiter.Window) []limiter.Window {
	many := make([]limiter.Window, n)
	for i := range many {
		many[i] = w
	}
	return many
}

func windows(all ...limiter.Window) []limiter.Window { return all }

func TestWhatEachRuleMakesOfWindows(t *testing.T) {
	rows := []struct {
		name   string
		rule   string
		seen   []limiter.Window
		want   int // the decision after the last
		reason string
	}{
		{"static stays", "static", windows(full(16, 10*milli)), 16, "static"},

		{"aimd doubles at first", "aimd", windows(atRest(), full(8, 10*milli)), 16, "no drop yet: doubling"},
		{"aimd does not grow by more than was done", "aimd", windows(atRest(), but(full(8, 10*milli), func(w *limiter.Window) { w.Completed = 3 })), 11, "no drop yet: doubling"},
		{"aimd does not grow where nobody asks", "aimd", windows(atRest(), but(full(8, 10*milli), partly)), 8, "limit not reached"},
		{"aimd halves after a drop", "aimd", windows(atRest(), but(full(8, 10*milli), dropping(1))), 4, "dropped 1 > 0"},
		{"aimd halves at twice the latency at rest", "aimd", windows(atRest(), full(40, 21*milli)), 20, "latency in ms 21 > 20"},
		{"aimd lets the window after a drop pass", "aimd", windows(atRest(), but(full(8, 10*milli), dropping(1)), but(full(4, 10*milli), dropping(1))), 4, "let in before the limit was lowered"},
		{"aimd then grows by one", "aimd", windows(atRest(), but(full(8, 10*milli), dropping(1)), full(4, 10*milli), full(4, 10*milli)), 5, "no drop in a full window"},
		{"aimd stops at one", "aimd", windows(atRest(), but(full(1, 10*milli), dropping(1))), 1, "dropped 1 > 0"},

		{"vegas grows fast while nothing waits", "vegas", windows(atRest(), full(20, 10*milli)), 26, "queue estimate 0 < 1"},
		{"vegas does not grow more than twofold", "vegas", windows(atRest(), full(3, 10*milli)), 6, "queue estimate 0 < 1"},
		{"vegas grows by one below three", "vegas", windows(atRest(), full(20, 11*milli)), 21, "queue estimate 1.82 < 3"},
		{"vegas rests between three and six", "vegas", windows(atRest(), full(20, 12500*time.Microsecond)), 20, "queue estimate 4 < 6"},
		{"vegas shrinks above six", "vegas", windows(atRest(), full(20, 15625*time.Microsecond)), 19, "queue estimate 7.2 > 6"},
		{"vegas goes to its threshold at once", "vegas", windows(atRest(), full(90, 11*milli)), 88, "queue estimate 8.18 > 6"},
		{"vegas shrinks by no more than a tenth", "vegas", windows(atRest(), full(90, 40*milli)), 81, "queue estimate 67.5 > 6"},
		{"vegas counts in longer queues at higher limits", "vegas", windows(atRest(), full(200, 10500*time.Microsecond)), 200, "queue estimate 9.52 < 12"},
		{"vegas does not grow where nobody asks", "vegas", windows(atRest(), but(full(20, 10*milli), partly)), 20, "limit not reached"},
		{"vegas learns nothing where few ask", "vegas", windows(atRest(), but(full(20, 40*milli), barely)), 20, "limit not reached"},
		{"vegas shrinks where not all ask and they wait", "vegas", windows(atRest(), but(full(20, 20*milli), partly)), 18, "queue estimate 9.5 > 6"},
		{"vegas takes off what was dropped", "vegas", windows(atRest(), but(full(20, 12500*time.Microsecond), dropping(40))), 16, "share dropped 0.2 > 0"},
		{"vegas takes off no more than half", "vegas", windows(atRest(), but(full(20, 12500*time.Microsecond), dropping(190))), 10, "share dropped 0.95 > 0"},
		{"vegas grows though one in a hundred fails", "vegas", windows(atRest(), but(full(40, 10*milli), dropping(2))), 45, "share dropped 0.01 > 0"},

		{"gradient2 grows by a share of its queue", "gradient2", windows(atRest(), full(20, 10*milli), full(20, 10*milli)), 21, "gradient 1 = 1"},
		{"gradient2 bears one and a half times the latency", "gradient2", windows(atRest(), full(20, 15*milli), full(20, 15*milli)), 21, "gradient 1 = 1"},
		{"gradient2 shrinks above", "gradient2", windows(atRest(), full(40, 20*milli)), 38, "gradient 0.75 < 1"},
		{"gradient2 shrinks by no more than a tenth", "gradient2", windows(atRest(), full(40, time.Second)), 36, "gradient 0.5 < 1"},
		{"gradient2 does not grow where nobody asks", "gradient2", times(2, but(full(20, 10*milli), partly)), 20, "limit not reached"},
		{"gradient2 counts drops", "gradient2", windows(atRest(), but(full(40, 10*milli), dropping(80))), 37, "share dropped 0.4 > 0"},

		{"window grows by one", "window", windows(atRest(), full(20, 12*milli)), 21, "p95 in ms 12 < 12.5"},
		{"window takes a tenth off", "window", windows(atRest(), full(20, 13*milli)), 18, "p95 in ms 13 > 12.5"},
		{"window waits for a hundred samples", "window", windows(atRest(), but(full(20, 13*milli), func(w *limiter.Window) { w.Completed = 60 })), 20, "samples 60 < 100"},
		{"window puts windows together", "window", windows(atRest(), but(full(20, 13*milli), func(w *limiter.Window) { w.Completed = 60 }), but(full(20, 9500*time.Microsecond), func(w *limiter.Window) { w.Completed = 60 })), 21, "p95 in ms 11.2 < 12.5"},
		{"window makes do with ten windows", "window", append(windows(atRest()), times(10, but(full(20, 13*milli), func(w *limiter.Window) { w.Completed = 2 }))...), 18, "p95 in ms 13 > 12.5"},
		{"window does not grow where nobody asks", "window", windows(atRest(), but(full(20, 10*milli), partly)), 20, "limit not reached"},
		{"window bears one drop in twenty", "window", windows(atRest(), but(full(20, 10*milli), dropping(10))), 21, "p95 in ms 10 < 12.5"},
		{"window takes a tenth off for more", "window", windows(atRest(), but(full(20, 10*milli), dropping(11))), 18, "share dropped 0.055 > 0.05"},

		{"arc waits for a mean", "arc", windows(atRest()), 1, "first latency"},
		{"arc grows by one", "arc", windows(atRest(), full(8, 10*milli)), 9, "latency in ms 10 = 10"},
		{"arc does not grow where nobody asks", "arc", windows(atRest(), but(full(8, 10*milli), partly)), 8, "limit not reached"},
		{"arc takes a tenth off above its deviations", "arc", windows(atRest(), full(20, 10*milli), full(20, 11*milli)), 18, "latency in ms 11 > 10"},
		{"arc rests within them", "arc", windows(atRest(), full(20, 10*milli), full(20, 11*milli), full(20, 11*milli)), 20, "latency in ms 11 < 11.6"},
		{"arc takes a tenth off for a drop", "arc", windows(atRest(), but(full(20, 10*milli), dropping(1))), 18, "dropped 1 > 0"},
		{"arc takes a tenth off at twice the latency at rest", "arc", windows(atRest(), full(20, 21*milli)), 18, "latency in ms 21 > 20"},

		{"load stays without signals", "load", windows(full(16, 10*milli)), 16, "load unknown"},
		{"load stays at a reading that is no number", "load", windows(but(full(16, 10*milli), load(math.NaN(), 0.5))), 16, "load unknown"},
		{"load grows below four fifths", "load", windows(but(full(16, 10*milli), load(0.5, 0.7))), 17, "load 0.7 < 0.8"},
		{"load does not grow where nobody asks", "load", windows(but(but(full(16, 10*milli), load(0.5, 0.7)), partly)), 16, "limit not reached"},
		{"load rests above", "load", windows(but(full(16, 10*milli), load(0.85, 0.7))), 16, "load 0.85 > 0.8"},
		{"load shrinks above nine tenths", "load", windows(but(full(16, 10*milli), load(0.3, 0.95))), 14, "load 0.95 > 0.9"},
		{"load shrinks from what is in flight", "load", windows(but(but(full(100, 10*milli), barely), load(0.95, 0.3))), 29, "load 0.95 > 0.9"},
		{"load smooths", "load", windows(but(full(16, 10*milli), load(0.7, 0)), but(full(16, 10*milli), load(1, 0))), 16, "load 0.85 > 0.8"},
		{"load goes on shrinking just below", "load", windows(but(full(16, 10*milli), load(0.94, 0)), but(full(14, 10*milli), load(0.82, 0))), 12, "load 0.88 < 0.9"},
		{"load grows again only well below", "load", append(times(1, but(full(16, 10*milli), load(0.94, 0))), times(5, but(full(14, 10*milli), load(0.76, 0)))...), 14, "load 0.766 > 0.75"},
		{"load grows again", "load", append(times(1, but(full(16, 10*milli), load(0.94, 0))), times(5, but(full(14, 10*milli), load(0.5, 0)))...), 15, "load 0.514 < 0.8"},

		{"occupancy stays without signals", "occupancy", windows(full(8, 10*milli)), 8, "consumers unknown"},
		{"occupancy grows to what is lacking", "occupancy", windows(but(full(8, 10*milli), consumers(0.38, 0))), 27, "consumers busy 0.38 < 0.95"},
		{"occupancy grows no more than eightfold", "occupancy", windows(but(full(8, 10*milli), consumers(0.1, 0))), 64, "consumers busy 0.1 < 0.95"},
		{"occupancy grows eightfold while nothing shows", "occupancy", windows(but(full(8, 10*milli), consumers(0, 0))), 64, "consumers busy 0 < 0.95"},
		{
			"occupancy asks for the same again while a window shows the limit before", "occupancy",
			windows(but(full(8, 10*milli), consumers(0.38, 0)), but(full(27, 10*milli), func(w *limiter.Window) {
				w.InFlightMean = 8
				consumers(0.38, 0)(w)
			})), 27, "consumers busy 0.38 < 0.95",
		},
		{"occupancy does not grow where nobody asks", "occupancy", windows(but(but(full(8, 10*milli), consumers(0.1, 0)), partly)), 8, "limit not reached"},
		{"occupancy does not grow while deliveries wait", "occupancy", windows(but(full(8, 10*milli), consumers(0.5, 40))), 8, "backlog 40 > 25"},
		{"occupancy rests when all are busy", "occupancy", windows(but(full(8, 10*milli), consumers(0.97, 3))), 8, "consumers busy 0.97 > 0.95"},
		{"occupancy bears one window without room", "occupancy", windows(but(full(40, 10*milli), consumers(1, 100))), 40, "backlog 100 > 25"},
		{"occupancy shrinks after two", "occupancy", times(2, but(full(40, 10*milli), consumers(1, 100))), 36, "backlog 100 = 100"},
		{"occupancy keeps what it takes to deliver", "occupancy", windows(but(full(40, 10*milli), consumers(1, 100)), but(full(32, 10*milli), consumers(1, 100))), 30, "backlog 100 = 100"},
		{"occupancy does not make slow reads slower", "occupancy", append(times(2, but(full(8, 10*milli), consumers(0.3, 0))), but(full(26, 30*milli), consumers(0.5, 0))), 25, "reads queue: latency in ms 30 > 20"},
		{"occupancy shrinks where reads fail", "occupancy", windows(but(but(full(40, 10*milli), consumers(0.3, 0)), dropping(30))), 36, "share dropped 0.15 > 0.1"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			rule := named(t, row.rule)
			var d limiter.Decision
			for _, w := range row.seen {
				d = rule.Next(w)
			}
			if d.Limit != row.want || d.Reason.String() != row.reason {
				t.Errorf("got %d: %s; want %d: %s", d.Limit, d.Reason, row.want, row.reason)
			}
		})
	}
}

// named is a fresh rule of an algorithm.
func named(t *testing.T, name string) limiter.Rule {
	t.Helper()
	for _, a := range limiter.Algorithms() {
		if a.Name == name {
			return a.New(a.Bounds)
		}
	}
	t.Fatalf("no algorithm %q", name)
	return nil
}

func TestATimeoutCountsAsADrop(t *testing.T) {
	rule := limiter.NewAIMD(limiter.Bounds{Initial: 8, Min: 1, Max: 100})
	rule.Slow, rule.Timeout = 0, 50*milli
	d := rule.Next(full(8, 60*milli))
	if want := "latency in ms 60 > 50"; d.Limit != 4 || d.Reason.String() != want {
		t.Errorf("got %d: %s; want 4: %s", d.Limit, d.Reason, want)
	}
}

func TestLoadDelaysTheMoreTheHigherItIs(t *testing.T) {
	for _, row := range []struct {
		load float64
		want time.Duration
	}{{0.5, 0}, {0.8, 0}, {0.82, 10 * milli}, {0.85, 25 * milli}, {0.9, 50 * milli}, {1, 50 * milli}, {7, 50 * milli}} {
		d := named(t, "load").Next(but(full(16, 10*milli), load(row.load, 0)))
		if (d.Pause - row.want).Abs() > time.Microsecond {
			t.Errorf("load %v: pause %v, want %v", row.load, d.Pause, row.want)
		}
	}
}

func TestLoadForgetsItsDelayWhenNothingIsKnown(t *testing.T) {
	rule := named(t, "load")
	rule.Next(but(full(16, 10*milli), load(0.9, 0)))
	if d := rule.Next(full(16, 10*milli)); d.Pause != 0 {
		t.Errorf("pause %v without a reading, want none", d.Pause)
	}
}

func TestRulesOfRoundTripsAskForWindowsOfOne(t *testing.T) {
	rows := []struct {
		name    string
		rule    string
		latency time.Duration
		want    time.Duration
	}{
		{"vegas leaves short latencies to the limiter", "vegas", 10 * milli, 0},
		{"vegas wants a latency to pass between steps", "vegas", 300 * milli, 300 * milli},
		{"arc decides once in a latency", "arc", 30 * milli, 30 * milli},
		{"occupancy is quick", "occupancy", 30 * milli, 30 * milli},
		{"occupancy is not quicker than 5 ms", "occupancy", milli, 5 * milli},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			d := named(t, row.rule).Next(but(full(1, row.latency), consumers(0.5, 0)))
			if d.Window != row.want {
				t.Errorf("asks for %v, want %v", d.Window, row.want)
			}
		})
	}
}

func TestEachAlgorithmSaysWhatItIs(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range limiter.Algorithms() {
		b := a.Bounds
		if a.Name == "" || a.Doc == "" || seen[a.Name] || b.Min < 1 || b.Initial < b.Min || b.Max < b.Initial {
			t.Errorf("%+v: wants a name of its own, a line about it and bounds in order", a)
		}
		seen[a.Name] = true
	}
}
