package limiter

import (
	"math"
	"time"
)

// Gradient2 compares latency with its long-term average (Netflix): the limit L
// becomes a smoothed gradient × L + Queue, where the gradient is Tolerance times the
// average over the latency of now, but within a half and 1.
//
// It steps once in a window where Netflix steps after each sample. Two things are
// mended. Netflix's average takes in every sample and so follows an overload, and
// the limit then grows to its maximum; this one takes in windows at rest alone (see
// calm). And drops, which Netflix's rule ignores, bound the gradient to the share that
// was not dropped. In front of c servers it comes to rest
// at Tolerance × c + Queue, and at 2 × Queue where there are so few that the gradient's bound of a
// half is what holds it.
type Gradient2 struct {
	Tolerance float64       // latency over the average that is no sign of overload; 1.5 (Netflix)
	Queue     float64       // permits that may always wait; 4 (Netflix)
	Smoothing float64       // share of the new limit in the next; 0.2 (Netflix)
	Probe     time.Duration // of full windows between measurements at rest; 10 s (BBR)

	calm     calm
	estimate float64 // the limit with its fraction
}

// NewGradient2 returns the rule with its defaults.
func NewGradient2(b Bounds) *Gradient2 {
	return &Gradient2{Tolerance: 1.5, Queue: 4, Smoothing: 0.2, Probe: probeInterval, calm: calm{patience: 5, slack: 1.5, samples: rightSamples, least: b.Min}}
}

// Next returns the limit after a window.
func (g *Gradient2) Next(w Window) Decision {
	if !credible(w) {
		return hold(w, "window not credible")
	}
	now := w.Latency.P50.Seconds()
	g.calm.every = g.Probe
	if d, measuring := g.calm.next(w, now); measuring {
		return d
	}
	gradient, why := 1.0, Reason{"gradient", 1, "=", 1}
	if g.calm.latency > 0 && w.Completed > 0 && !idle(w) {
		gradient = math.Max(0.5, math.Min(1, g.Tolerance*g.calm.latency/now))
		why.Got, why.Sign = gradient, compared(gradient, 1)
	}
	if kept := math.Max(0.5, 1-refused(w)); kept < gradient {
		gradient, why = kept, Reason{"share dropped", refused(w), ">", 0}
	}
	return g.step(w, gradient, why)
}

// step moves the limit by a gradient.
func (g *Gradient2) step(w Window, gradient float64, why Reason) Decision {
	old := stepped(g.estimate, w)
	next := (1-g.Smoothing)*old + g.Smoothing*(gradient*old+g.Queue)
	if next > old && (!w.Full || g.calm.latency == 0) {
		return hold(w, "limit not reached")
	}
	g.estimate = math.Max(1, math.Min(next, 2*old))
	g.calm.saw(int(g.estimate) < w.Limit)
	return move(w, int(g.estimate), why)
}
