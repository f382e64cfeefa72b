package limiter

import "time"

// Percentile lowers the limit when the p95 of a window is too high and raises it
// by one when it is not: the window rule of row A10, mended. As written it compares
// a p95 with itself and has no floor, so that it locks at 0. Here it is compared
// with a baseline, which is the p95 of a window at rest (see calm) and stays what it
// was until it is measured again; and the limit stops at the least. A p95 of a few
// is little but the slowest of them, so that windows are put together until they
// hold a hundred. What was dropped took longer than any p95: it counts once it is a
// twentieth.
type Percentile struct {
	Tolerance float64       // p95 over the baseline that is no sign of overload; 1.25 (Envoy's gradient buffer)
	Backoff   float64       // the limit is multiplied by this above it; 0.9 (row A10)
	Increase  int           // … and raised by this below it; 1 (row A10)
	Probe     time.Duration // of full windows between measurements of the baseline; 10 s (BBR)

	calm    calm
	least   int
	seen    int     // completions since the last decision
	windows int     // … and windows
	sum     float64 // s: their p95, each times its completions
}

// What a p95 needs.
const (
	seenEnough    = 100
	windowsEnough = 10 // at which it makes do with fewer
	slowest       = 0.05
)

// NewPercentile returns the rule with its defaults.
func NewPercentile(b Bounds) *Percentile {
	return &Percentile{
		Tolerance: 1.25, Backoff: 0.9, Increase: 1, Probe: probeInterval,
		calm: calm{patience: 5, slack: 1.25, samples: 2 * seenEnough, least: b.Min}, least: max(1, b.Min),
	}
}

// Next returns the limit after a window.
func (p *Percentile) Next(w Window) Decision {
	if !credible(w) {
		return hold(w, "window not credible")
	}
	now := w.Latency.P95.Seconds()
	p.calm.every = p.Probe
	if d, measuring := p.calm.next(w, now); measuring {
		return d
	}
	if refused(w) > slowest {
		p.seen, p.windows, p.sum = 0, 0, 0
		return move(w, max(p.least, lower(w.Limit, p.Backoff)), Reason{"share dropped", refused(w), ">", slowest})
	}
	p.seen += w.Completed
	p.sum += now * float64(w.Completed)
	if p.windows++; p.seen < seenEnough && p.windows < windowsEnough || p.seen == 0 {
		return holdFor(w, Reason{"samples", float64(p.seen), "<", seenEnough})
	}
	mean := p.sum / float64(p.seen)
	p.seen, p.windows, p.sum = 0, 0, 0
	return p.decide(w, mean)
}

// decide decides by a p95.
func (p *Percentile) decide(w Window, now float64) Decision {
	bound := p.Tolerance * p.calm.latency
	high := bound > 0 && now > bound
	p.calm.saw(high)
	why := Reason{"p95 in ms", 1000 * now, compared(now, bound), 1000 * bound}
	switch {
	case high:
		return move(w, max(p.least, lower(w.Limit, p.Backoff)), why)
	case !w.Full || bound == 0:
		return hold(w, "limit not reached")
	}
	return move(w, w.Limit+min(p.Increase, w.Limit), why)
}
