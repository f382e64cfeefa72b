package plant

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"sluice/scanner/limiter"
)

const (
	envoyUpdate    = 100 * time.Millisecond
	envoyRemeasure = time.Minute
	envoyLeast     = 3    // limit, also while the least latency is measured
	envoyMost      = 1000 // limit
	envoyRequests  = 50   // that the least latency is measured with
	envoyHeadroom  = 1.25
	envoyStuck     = 5 // updates in a row at the least limit, after which it is measured anew
)

// envoy is Envoy's gradient controller: l = L × clamp(1.25 R0 / R50, 0.5, 2),
// L = clamp(⌊l + √l⌋, 3, 1000), where R0 is the median of 50 requests at a limit of 3.
// Its timers are looked at whenever it is called.
type envoy struct {
	counter
	rng       *rand.Rand
	least     float64 // R0
	measuring bool
	since     time.Duration // of the measuring, or of the update window
	remeasure time.Duration
	kept      float64 // limit before the measuring
	stuck     int
	samples   []float64
	free      []*visit
}

// visit remembers when it began.
type visit struct {
	gate *envoy
	at   time.Duration
}

func newEnvoy(seed uint64) *envoy {
	return &envoy{counter: counter{limit: envoyLeast}, rng: rand.New(rand.NewPCG(seed, 21)), measuring: true, kept: envoyLeast}
}

// Admit lets a request in while there is room.
func (e *envoy) Admit(now time.Duration) (Ticket, bool) {
	e.timers(now)
	if _, ok := e.counter.Admit(now); !ok {
		return nil, false
	}
	if len(e.free) == 0 {
		e.free = append(e.free, &visit{gate: e})
	}
	v := e.free[len(e.free)-1]
	e.free = e.free[:len(e.free)-1]
	v.at = now
	return v, true
}

// Settle takes a sample; those that began before the window say nothing of it.
func (v *visit) Settle(now, latency time.Duration, o limiter.Outcome) {
	e := v.gate
	e.inside--
	e.free = append(e.free, v)
	if o == limiter.Ignored || v.at < e.since && e.measuring {
		return
	}
	e.samples = append(e.samples, float64(latency))
	if e.measuring && len(e.samples) >= envoyRequests {
		e.measured(now)
	}
	e.timers(now)
}

// timers does what is due.
func (e *envoy) timers(now time.Duration) {
	if e.measuring {
		return
	}
	if now >= e.remeasure {
		e.measure(now)
		return
	}
	if now < e.since+envoyUpdate {
		return
	}
	e.since = now
	if len(e.samples) > 0 {
		e.update(now)
	}
}

func (e *envoy) update(now time.Duration) {
	gradient := min(max(envoyHeadroom*e.least/max(1, e.median()), 0.5), 2)
	l := float64(e.limit) * gradient
	e.limit = int(min(max(math.Floor(l+math.Sqrt(l)), envoyLeast), envoyMost))
	if e.stuck++; e.limit > envoyLeast {
		e.stuck = 0
	}
	if e.stuck >= envoyStuck {
		e.measure(now)
	}
}

// measure begins to look for the least latency.
func (e *envoy) measure(now time.Duration) {
	e.kept, e.measuring, e.since, e.stuck = float64(e.limit), true, now, 0
	e.limit, e.samples = envoyLeast, e.samples[:0]
}

func (e *envoy) measured(now time.Duration) {
	e.least = e.median()
	e.limit, e.measuring, e.since = int(e.kept), false, now
	e.remeasure = now + envoyRemeasure + time.Duration(0.15*e.rng.Float64()*float64(envoyRemeasure))
}

// median of the samples, which are then forgotten.
func (e *envoy) median() float64 {
	slices.Sort(e.samples)
	m := e.samples[len(e.samples)/2]
	e.samples = e.samples[:0]
	return m
}
