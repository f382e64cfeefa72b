package plant

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"sluice/scanner/limiter"
)

// sample is one completion as the models see it.
type sample struct {
	now, latency time.Duration
	inside       int // when it was let in, itself included
	dropped      bool
}

// model is somebody's published rule, stated in our words: no line of it is theirs.
type model interface {
	// next is the limit after a sample.
	next(s sample) int
}

// model contestants, with the defaults of their sources at the snapshots that
// research/limiters.md names.
func models() []Contestant {
	return []Contestant{
		{
			Name: "flowguard", Kind: Model, Doc: "FlowGuard 0.2.1, strategy/vegas.rs as written: each completion, unbounded all-time minimum, no rule for idle time",
			New: modelled(func(uint64) model { return &flowguard{limit: 10, most: 100, least: time.Second} }, 10),
		},
		{
			Name: "window-as-written", Kind: Model, Doc: "the document's window: × 0.9 above its own p95, + 1 below; no floor, no ceiling",
			New: modelled(func(uint64) model { return &windowed{limit: 10} }, 10),
		},
		{
			Name: "netflix-vegas", Kind: Model, Doc: "Netflix concurrency-limits, VegasLimit.java: initial 20, most 1000, a probe each 30 × limit samples",
			New: modelled(func(seed uint64) model { return newVegas(seed) }, 20),
		},
		{
			Name: "netflix-gradient2", Kind: Model, Doc: "Netflix concurrency-limits, Gradient2Limit.java: 20 to 200, tolerance 1.5, long average of 600",
			New: modelled(func(uint64) model { return &gradient2{limit: 20} }, 20),
		},
		{
			Name: "netflix-aimd", Kind: Model, Doc: "Netflix concurrency-limits, AIMDLimit.java: 20 to 200, × 0.9, time-out 5 s",
			New: modelled(func(uint64) model { return &aimd{limit: 20} }, 20),
		},
		{
			Name: "envoy-gradient", Kind: Model, Doc: "Envoy, gradient_controller.cc: each 0.1 s, least latency from 50 requests at a limit of 3 each minute",
			New: func(seed uint64, _ Clock, _ func() limiter.Signals) (Gate, error) { return newEnvoy(seed), nil },
		},
	}
}

// modelled wraps a rule that is asked at each completion.
func modelled(fresh func(seed uint64) model, initial int) func(uint64, Clock, func() limiter.Signals) (Gate, error) {
	return func(seed uint64, _ Clock, _ func() limiter.Signals) (Gate, error) {
		return &perSample{counter: counter{limit: initial}, model: fresh(seed)}, nil
	}
}

// perSample is the gate of a rule that is asked at each completion.
type perSample struct {
	counter
	model model
	free  []*entrance
}

// entrance remembers how many were inside.
type entrance struct {
	gate   *perSample
	inside int
}

// Admit lets a request in while there is room.
func (g *perSample) Admit(now time.Duration) (Ticket, bool) {
	if _, ok := g.counter.Admit(now); !ok {
		return nil, false
	}
	if len(g.free) == 0 {
		g.free = append(g.free, &entrance{gate: g})
	}
	e := g.free[len(g.free)-1]
	g.free = g.free[:len(g.free)-1]
	e.inside = g.inside
	return e, true
}

// Settle asks the rule.
func (e *entrance) Settle(now, latency time.Duration, o limiter.Outcome) {
	g := e.gate
	g.inside--
	g.free = append(g.free, e)
	if o != limiter.Ignored {
		g.limit = g.model.next(sample{now, latency, e.inside, o == limiter.Dropped})
	}
}

// flowguard: queue = L (1 − R0/R); above 4 the limit goes down by one, below 2 up.
type flowguard struct {
	limit, most int
	least       time.Duration
}

func (f *flowguard) next(s sample) int {
	if s.dropped {
		f.limit = max(1, f.limit*3/4)
		return f.limit
	}
	f.least = min(f.least, s.latency)
	switch queue := float64(f.limit) * (1 - float64(f.least)/float64(max(1, s.latency))); {
	case queue > 4:
		f.limit = max(1, f.limit-1)
	case queue < 2:
		f.limit = min(f.most, f.limit+1)
	}
	return f.limit
}

// windowed: the p95 of the last 100 latencies, the newest among them; a completion
// above it takes a tenth of the limit, rounded down, and any other adds one. At 1 a
// tenth less is 0, from which nothing leads back.
type windowed struct {
	limit  int
	recent [100]time.Duration
	n      int
	sorted []time.Duration
}

func (w *windowed) next(s sample) int {
	if w.n > 0 && (s.dropped || s.latency > w.p95()) {
		w.limit = int(float64(w.limit) * 0.9)
	} else {
		w.limit++
	}
	w.push(s.latency)
	return w.limit
}

// push keeps the newest latencies, and beside them the same in order.
func (w *windowed) push(d time.Duration) {
	place := w.n % len(w.recent)
	if w.n >= len(w.recent) {
		i, _ := slices.BinarySearch(w.sorted, w.recent[place])
		w.sorted = slices.Delete(w.sorted, i, i+1)
	}
	i, _ := slices.BinarySearch(w.sorted, d)
	w.sorted = slices.Insert(w.sorted, i, d)
	w.recent[place] = d
	w.n++
}

func (w *windowed) p95() time.Duration { return w.sorted[(len(w.sorted)-1)*95/100] }

// vegas: queue = ⌈L (1 − R0/R)⌉ against 1, 3 and 6 steps of log10 L.
type vegas struct {
	rng    *rand.Rand
	limit  float64
	least  time.Duration // 0: none yet
	probe  float64       // samples between probes, in limits
	beside int           // samples since the last
}

func newVegas(seed uint64) *vegas {
	v := &vegas{rng: rand.New(rand.NewPCG(seed, 20)), limit: 20}
	v.again()
	return v
}

func (v *vegas) again() { v.beside, v.probe = 0, 30*(0.5+v.rng.Float64()/2) }

func (v *vegas) next(s sample) int {
	if v.beside++; float64(v.beside) >= v.probe*v.limit {
		v.again()
		v.least = s.latency
		return int(v.limit)
	}
	if v.least == 0 || s.latency < v.least {
		v.least = s.latency
		return int(v.limit)
	}
	v.move(s)
	v.limit = min(max(v.limit, 1), 1000)
	return int(v.limit)
}

func (v *vegas) move(s sample) {
	step := max(1, math.Floor(math.Log10(v.limit)))
	queue := math.Ceil(v.limit * (1 - float64(v.least)/float64(s.latency)))
	switch {
	case s.dropped:
		v.limit -= step
	case float64(s.inside)*2 < v.limit:
	case queue <= step:
		v.limit += 6 * step
	case queue < 3*step:
		v.limit += step
	case queue > 6*step:
		v.limit -= step
	}
}

// gradient2: the long average against the newest latency; drops are not heard.
type gradient2 struct {
	limit float64
	long  float64
	n     int
}

func (g *gradient2) next(s sample) int {
	short := float64(max(1, s.latency))
	if g.n++; g.n <= 10 { // warming up: a plain mean
		g.long += (short - g.long) / float64(g.n)
	} else {
		g.long += (short - g.long) * 2 / 601
	}
	if g.long/short > 2 {
		g.long *= 0.95
	}
	if float64(s.inside) < g.limit/2 {
		return int(g.limit)
	}
	gradient := min(max(1.5*g.long/short, 0.5), 1)
	g.limit = min(max(0.8*g.limit+0.2*(gradient*g.limit+4), 20), 200)
	return int(g.limit)
}

// aimd: one more while at least half is used, a tenth less for a drop or 5 s.
type aimd struct{ limit int }

func (a *aimd) next(s sample) int {
	switch {
	case s.dropped || s.latency > 5*time.Second:
		a.limit = int(float64(a.limit) * 0.9)
	case 2*s.inside >= a.limit:
		a.limit++
	}
	a.limit = min(max(a.limit, 20), 200)
	return a.limit
}
