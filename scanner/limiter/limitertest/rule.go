package limitertest

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"sluice/scanner/limiter"
)

// Promises of a rule that some rule may not keep, as Exception names them.
const (
	StepsAreSane     = "a window at most doubles the limit"
	UnusedStays      = "windows that did not fill the limit never raise it"
	JitterStarvesNot = "jitter does not starve the limit"
	OpenLoadIsHeld   = "an open load above capacity does not drive the limit away"
	OverloadIsHeld   = "the baseline does not follow an overload"
)

// An Exception is a promise that a rule does not keep, and why.
type Exception struct {
	Promise string // one of those above
	Why     string // "the document's own: it has no floor"
	// Step is how many times the limit a window may make of it, in place of 2; for
	// StepsAreSane.
	Step float64
}

// Rule checks that a rule is fit to stand in a limiter. Each call of fresh returns
// one that was never asked.
func Rule(t *testing.T, fresh func() limiter.Rule, but ...Exception) {
	t.Helper()
	s := suite{fresh: fresh, but: but, step: 2}
	for _, e := range but {
		if e.Promise == StepsAreSane {
			s.step = e.Step
		}
	}
	s.first = min(max(fresh().Next(quiet(16)).Limit, 1), most)

	t.Run("the same windows lead to the same decisions", s.deterministic)
	t.Run("the limit stays 1 or more", s.stays)
	t.Run(StepsAreSane, s.steps)
	t.Run(UnusedStays, s.unused)
	t.Run("figures that make no sense hold the limit", s.senseless)
	t.Run("figures that make no sense leave no mark", s.unharmed)
	t.Run(JitterStarvesNot, s.jitter)
	t.Run(OpenLoadIsHeld, s.openLoad)
	t.Run(OverloadIsHeld, s.overload)
}

// most is the highest limit in the suite.
const most = 1000

// A suite checks one kind of rule.
type suite struct {
	fresh func() limiter.Rule
	but   []Exception
	step  float64 // a window may make so many times the limit of it
	first int     // where the rule stands by itself
}

// skip passes over a promise that the rule is known not to keep.
func (s suite) skip(t *testing.T, promise string) {
	t.Helper()
	for _, e := range s.but {
		if e.Promise == promise {
			t.Skip(e.Why)
		}
	}
}

// next asks the rule and clamps what it says, as the machinery does.
func next(r limiter.Rule, w limiter.Window) int {
	return min(max(r.Next(w).Limit, 1), most)
}

func (s suite) deterministic(t *testing.T) {
	one, other := s.fresh(), s.fresh()
	draw := rand.New(rand.NewPCG(1, 1))
	limit := s.first
	for i := range 2000 {
		w := anything(draw, i, limit)
		first, second := one.Next(w), other.Next(w)
		if first != second {
			t.Fatalf("window %d: two of a kind decide %+v and %+v", i, first, second)
		}
		limit = min(max(first.Limit, 1), most)
	}
}

func (s suite) stays(t *testing.T) {
	r := s.fresh()
	draw := rand.New(rand.NewPCG(2, 2))
	for i := range 2000 {
		w := anything(draw, i, 1+draw.IntN(4))
		w.Dropped = draw.IntN(100)
		if d := r.Next(w); d.Limit < 1 || d.Pause < 0 || d.Window < 0 {
			t.Fatalf("window %d %+v: decided %+v", i, w, d)
		}
	}
}

func (s suite) steps(t *testing.T) {
	r := s.fresh()
	draw := rand.New(rand.NewPCG(3, 3))
	limit := s.first
	for i := range 5000 {
		w := anything(draw, i, limit)
		got := next(r, w)
		if high := max(s.step*float64(limit), float64(limit+1)); float64(got) > high {
			t.Fatalf("window %d %+v: limit %d became %d, above %.0f × as much", i, w, limit, got, s.step)
		}
		limit = got
	}
}

func (s suite) unused(t *testing.T) {
	s.skip(t, UnusedStays)
	r := s.fresh()
	draw := rand.New(rand.NewPCG(4, 4))
	limit := s.first
	for i := range 5000 {
		w := anything(draw, i, limit)
		if i%3 > 0 {
			w.Full, w.InFlight = false, min(w.InFlight, limit-1)
		}
		got := next(r, w)
		if !w.Full && got > limit {
			t.Fatalf("window %d %+v: limit %d became %d, though nobody used it", i, w, limit, got)
		}
		limit = got
	}
}

// senseless are windows that no clock and no counter would make.
func senseless(limit int) map[string]limiter.Window {
	nan := math.NaN()
	negative := limiter.Latency{Min: -1, Mean: -1, P50: -1, P90: -1, P95: -1, P99: -1}
	known := limiter.KnowsLoad | limiter.KnowsConsumer
	return map[string]limiter.Window{
		"nothing": {Start: 0, End: window, Limit: limit},
		"negative figures": {
			Start: 0, End: window, Limit: limit, Full: true, InFlight: -1, InFlightMean: -1, Completed: -1, Dropped: -1, Latency: negative,
			Signals: limiter.Signals{Known: known, CPU: -1, Memory: -1, Busy: -1, Backlog: -1, Room: -1},
		},
		"no numbers": {
			Start: 0, End: window, Limit: limit, Full: true, InFlight: limit, InFlightMean: nan, Completed: 20, Latency: negative,
			Signals: limiter.Signals{Known: known, CPU: nan, Memory: nan, Busy: nan, Backlog: nan, Room: nan},
		},
		"time going back": {Start: window, End: 0, Limit: limit, Full: true, InFlight: limit, InFlightMean: -1, Latency: negative},
	}
}

func (s suite) senseless(t *testing.T) {
	for name, w := range senseless(s.first) {
		if got := next(s.fresh(), w); got != s.first {
			t.Errorf("%s: limit %d became %d", name, s.first, got)
		}
	}
}

// unharmed puts a senseless window between any two hundred that make sense.
func (s suite) unharmed(t *testing.T) {
	s.skip(t, JitterStarvesNot)
	p := newPlant(s.first, 0.05)
	r := s.fresh()
	limit, sum := s.first, 0
	for i := range windows {
		if i%200 == 0 {
			for _, name := range []string{"nothing", "negative figures", "no numbers", "time going back"} {
				limit = next(r, senseless(limit)[name])
			}
		}
		limit = next(r, p.saturated(limit))
		if i >= windows*3/4 {
			sum += limit
		}
	}
	s.within(t, float64(sum)/(windows/4), p.slots)
}

func (s suite) jitter(t *testing.T) {
	s.skip(t, JitterStarvesNot)
	for _, sigma := range []float64{0.05, 0.25, 0.5} {
		p := newPlant(s.first, sigma)
		s.within(t, p.mean(s.fresh(), s.first), p.slots)
	}
}

func (s suite) openLoad(t *testing.T) {
	s.skip(t, OpenLoadIsHeld)
	p := newPlant(s.first, 0.25)
	p.load = 1.2
	s.within(t, p.mean(s.fresh(), s.first), p.slots)
}

func (s suite) overload(t *testing.T) {
	s.skip(t, OverloadIsHeld)
	p := newPlant(s.first, 0.25)
	p.patient = true // nothing tells of the overload but latency
	r := s.fresh()
	limit := p.run(r, s.first, 300)
	p.slots = max(p.slots/4, 1)
	limit = p.run(r, limit, 3*windows)
	if mean := p.mean(r, limit); mean > far*float64(p.slots) {
		t.Errorf("long after the plant lost three quarters of its %d slots the limit is %.1f on average", s.first, mean)
	}
}

// near and far are how far the limit may stand from a plant's slots in the long run:
// so far that a rule need not be a good one, only none that starves or runs away.
const near, far = 0.5, 8

func (s suite) within(t *testing.T, mean float64, slots int) {
	t.Helper()
	if mean < near*float64(slots) || mean > far*float64(slots) {
		t.Errorf("on %d slots the limit is %.1f on average, outside %v to %v times as much", slots, mean, near, far)
	}
}

// window is the length of all windows here, and windows how many a plant runs for.
const (
	window  = 100 * time.Millisecond
	windows = 2000
)

// quiet is a window in which a little was done.
func quiet(limit int) limiter.Window {
	return limiter.Window{
		End: window, Limit: limit, InFlight: 1, InFlightMean: 1, Completed: 10,
		Latency: limiter.Latency{Min: service, Mean: service, P50: service, P90: service, P95: service, P99: service},
	}
}

// anything is a window that could be, however unlikely.
func anything(draw *rand.Rand, i, limit int) limiter.Window {
	inFlight := draw.IntN(limit + 1)
	low := time.Duration(math.Exp(draw.Float64()*20)) * time.Nanosecond
	longer := func(d time.Duration) time.Duration { return d + time.Duration(draw.ExpFloat64()*float64(d)/4) }
	l := limiter.Latency{Min: low}
	l.P50 = longer(l.Min)
	l.P90 = longer(l.P50)
	l.P95 = longer(l.P90)
	l.P99 = longer(l.P95)
	l.Mean = (l.P50 + l.P90) / 2
	w := limiter.Window{
		Start: time.Duration(i) * window, End: time.Duration(i+1) * window, Limit: limit,
		InFlight: inFlight, InFlightMean: float64(inFlight) * draw.Float64(), Full: inFlight == limit || draw.IntN(2) == 0,
		Completed: 1 + draw.IntN(1000), Latency: l,
	}
	if w.Full {
		w.InFlight = limit
	}
	if draw.IntN(4) == 0 {
		w.Dropped = draw.IntN(50)
	}
	if draw.IntN(2) == 0 {
		w.Signals = limiter.Signals{Known: limiter.KnowsLoad | limiter.KnowsConsumer, CPU: draw.Float64(), Memory: draw.Float64(), Busy: draw.Float64(), Backlog: 10 * draw.Float64(), Room: 10}
	}
	return w
}
