package limiter

import (
	"math"
	"time"
)

// Vegas keeps a short queue (Brakmo and Peterson 1995). Of a limit L with latency R,
// which is R0 at rest, L (1 − R0/R) wait. The thresholds are Netflix's: with
// g = log10 L, whole and at least 1, it grows by g below 3 g, shrinks above 6 g, and
// grows by 6 g while next to nothing waits.
//
// Netflix steps after each sample, so that within the samples of one window the
// limit goes down until the estimate is within its threshold. This goes there in
// one step, or a tenth of the limit if that is less, because the estimate is of a
// limit that was in force and not of those in between. For the same reason what was
// dropped comes off the limit in proportion, whatever else the window says, and a
// request in fifty that fails on its own account starves nobody. R is the median of a window
// and R0 that of a window at rest (see calm) in place of the least of all samples: of 40
// servers with jitter of a quarter the least of all samples leaves 30 idle.
type Vegas struct {
	Low   float64       // grows while fewer than this many times g wait; 3 (Netflix)
	High  float64       // shrinks while more do; 6 (Netflix)
	Probe time.Duration // of full windows between measurements of R0; 10 s (BBR)

	calm calm
}

// NewVegas returns the rule with its defaults.
func NewVegas(b Bounds) *Vegas {
	return &Vegas{Low: 3, High: 6, Probe: probeInterval, calm: calm{patience: 5, slack: 1.25, samples: rightSamples, least: b.Min}}
}

// Next returns the limit after a window.
func (v *Vegas) Next(w Window) Decision {
	if !credible(w) {
		return hold(w, "window not credible")
	}
	now := w.Latency.P50.Seconds()
	v.calm.every = v.Probe
	if d, measuring := v.calm.next(w, now); measuring {
		return d
	}
	g := math.Max(1, math.Floor(math.Log10(float64(w.Limit))))
	d := v.queued(w, now, g)
	if lost := int(math.Ceil(math.Min(0.5, refused(w)) * float64(w.Limit))); lost > 0 {
		return move(w, d.Limit-lost, Reason{"share dropped", refused(w), ">", 0})
	}
	return d
}

// queued decides by the queue estimate.
func (v *Vegas) queued(w Window, now, g float64) Decision {
	if v.calm.latency == 0 || w.Completed == 0 || idle(w) {
		return hold(w, "limit not reached")
	}
	queue := float64(min(w.Limit, w.InFlight)) * (1 - v.calm.latency/now)
	low, high := v.Low*g, v.High*g
	v.calm.saw(queue > high)
	switch {
	case queue > high:
		step := math.Max(g, math.Min(queue-high, float64(w.Limit)/10))
		return move(w, w.Limit-int(step), Reason{"queue estimate", queue, ">", high})
	case !w.Full:
		return hold(w, "limit not reached")
	case queue <= g:
		return move(w, w.Limit+min(int(high), w.Limit), Reason{"queue estimate", queue, compared(queue, g), g})
	case queue < low:
		return move(w, w.Limit+int(g), Reason{"queue estimate", queue, "<", low})
	}
	return holdFor(w, Reason{"queue estimate", queue, "<", high})
}
