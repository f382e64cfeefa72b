package limiter

import "time"

// AIMD increases additively and decreases multiplicatively (Chiu and Jain 1989),
// with the start of RFC 5681: doubling until something first goes wrong. One more
// for each success, from a limit of one, is just that doubling.
//
// Where TCP steps once in a round-trip this steps once in a window, which is no
// shorter than a latency; so it lowers the limit once for all that went wrong in
// one, and lets the window after pass, which shows what was let in before (RFC
// 6582). What goes wrong is a drop or slowness. Without the latter nothing bounds a
// limit in front of something that queues instead of refusing.
type AIMD struct {
	Increase int           // added in a full window; 1 (RFC 5681)
	Backoff  float64       // the limit is multiplied by this; 0.5 (RFC 5681)
	Timeout  time.Duration // a window's median latency above this counts as a drop; 0 is off
	// Slow is a median latency that counts as a drop, as a multiple of that at rest; 0
	// is off. At 2, one over Backoff, half of the limit is what leaves no queue and
	// idles nobody.
	Slow  float64
	Probe time.Duration // of full windows between measurements of the latency at rest, with Slow; 10 s (BBR)

	calm    calm
	settled bool // something went wrong before
	lowered bool // … in the window before
}

// NewAIMD returns the rule with its defaults.
func NewAIMD(b Bounds) *AIMD {
	return &AIMD{Increase: 1, Backoff: 0.5, Slow: 2, Probe: probeInterval, calm: calm{patience: 2, slack: 1, samples: rightSamples, least: b.Min}}
}

// Next returns the limit after a window.
func (a *AIMD) Next(w Window) Decision {
	if !credible(w) {
		return hold(w, "window not credible")
	}
	if a.Slow > 0 {
		a.calm.every = a.Probe
		if d, measuring := a.calm.next(w, w.Latency.P50.Seconds()); measuring {
			return d
		}
	}
	if a.lowered {
		a.lowered = false
		return hold(w, "let in before the limit was lowered")
	}
	why, bad := a.wrong(w)
	a.calm.saw(bad)
	switch {
	case bad:
		a.settled, a.lowered = true, true
		return move(w, lower(w.Limit, a.Backoff), why)
	case !w.Full:
		return hold(w, "limit not reached")
	case !a.settled:
		return move(w, w.Limit+min(w.Limit, w.Completed), Reason{What: "no drop yet: doubling"})
	}
	return move(w, w.Limit+min(a.Increase, w.Limit), Reason{What: "no drop in a full window"})
}

// wrong says whether a window asks for a lower limit.
func (a *AIMD) wrong(w Window) (Reason, bool) {
	now, slow := w.Latency.P50.Seconds(), a.Slow*a.calm.latency
	switch {
	case w.Dropped > 0:
		return Reason{"dropped", float64(w.Dropped), ">", 0}, true
	case a.Timeout > 0 && w.Latency.P50 > a.Timeout:
		return Reason{"latency in ms", 1000 * now, ">", 1000 * a.Timeout.Seconds()}, true
	case slow > 0 && now > slow:
		return Reason{"latency in ms", 1000 * now, ">", 1000 * slow}, true
	}
	return Reason{}, false
}
