package limiter

import (
	"math"
	"time"
)

// ARC is Vector's adaptive request concurrency. Once in a round-trip it compares the
// mean latency with its own moving mean m and variance v: one more if the limit was
// reached, nothing was dropped and latency is not above m; × Backoff if something
// was dropped or it is Deviations √v above m; else neither. Windows are made one mean
// latency long, which is how often Vector decides.
//
// Vector's mean follows whatever happens, and where chance moves latency by more than
// one request does the limit follows the mean: to forty times the capacity of a
// single server. So a latency of Slow times that at rest (see calm) counts as an
// overload here whatever the mean says.
type ARC struct {
	Alpha      float64 // share of a new latency in the moving mean; 0.4 (Vector)
	Deviations float64 // above the mean that are a sign of overload; 2.5 (Vector)
	Backoff    float64 // the limit is multiplied by this then; 0.9 (Vector)

	Slow  float64       // latency over that at rest that is an overload; 2, as of AIMD; 0 is off
	Probe time.Duration // of full windows between measurements at rest, with Slow; 10 s (BBR)

	calm           calm
	mean, variance float64 // s, s²
}

// same is how far above the mean a latency may be and count as no higher, so that
// one that never changes does not stay a hair above a mean that never gets there.
const same = 1.001

// NewARC returns the rule with its defaults.
func NewARC(b Bounds) *ARC {
	return &ARC{
		Alpha: 0.4, Deviations: 2.5, Backoff: 0.9, Slow: 2, Probe: probeInterval,
		calm: calm{patience: 5, slack: 1.5, samples: rightSamples, least: b.Min},
	}
}

// Next returns the limit after a window.
func (a *ARC) Next(w Window) Decision {
	if !credible(w) {
		return hold(w, "window not credible")
	}
	d, measuring := a.measure(w)
	if !measuring {
		d = a.decide(w)
	}
	d.Window = max(d.Window, w.Latency.Mean, briefest)
	return d
}

// measure lets calm have the window first, where Slow asks for it.
func (a *ARC) measure(w Window) (Decision, bool) {
	if a.Slow <= 0 {
		return Decision{}, false
	}
	a.calm.every = a.Probe
	return a.calm.next(w, w.Latency.Mean.Seconds())
}

func (a *ARC) decide(w Window) Decision {
	now, mean, variance := w.Latency.Mean.Seconds(), a.mean, a.variance
	if w.Completed > 0 {
		a.learn(now)
	}
	high, slow := mean+a.Deviations*math.Sqrt(variance), a.Slow*a.calm.latency
	a.calm.saw(slow > 0 && now > slow)
	switch {
	case w.Dropped > 0:
		return move(w, lower(w.Limit, a.Backoff), Reason{"dropped", float64(w.Dropped), ">", 0})
	case slow > 0 && now > slow:
		return move(w, lower(w.Limit, a.Backoff), Reason{"latency in ms", 1000 * now, ">", 1000 * slow})
	case mean == 0:
		return hold(w, "first latency")
	case now > same*mean && now >= high:
		return move(w, lower(w.Limit, a.Backoff), Reason{"latency in ms", 1000 * now, ">", 1000 * high})
	case now > same*mean:
		return holdFor(w, Reason{"latency in ms", 1000 * now, "<", 1000 * high})
	case !w.Full:
		return hold(w, "limit not reached")
	}
	return move(w, w.Limit+1, Reason{"latency in ms", 1000 * now, compared(now, mean), 1000 * mean})
}

// learn moves mean and variance towards a latency.
func (a *ARC) learn(now float64) {
	if a.mean == 0 {
		a.mean = now
		return
	}
	diff := now - a.mean
	a.mean += a.Alpha * diff
	a.variance = (1 - a.Alpha) * (a.variance + a.Alpha*diff*diff)
}
