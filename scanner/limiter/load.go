package limiter

import (
	"math"
	"time"
)

// Load goes by the processors' and the memory's load, whichever is higher, and by
// nothing that passes the limiter (row B5). Below Delay the limit grows; above it
// each admission is delayed, the longer the higher; above Queue the limit shrinks,
// from what is in flight, so that admissions truly wait. Between the two it rests:
// having shrunk it goes on until the load is Hysteresis below Queue, and grows again
// only Hysteresis below Delay, so that a load near either does not flap.
//
// Where the load is not known (see package load) the limit stays.
type Load struct {
	Delay      float64       // load from which admissions are delayed; 0.8 (row B5)
	Queue      float64       // load from which they queue; 0.9 (row B5)
	Hysteresis float64       // how far back the load must be; 0.05
	Pause      time.Duration // delay at Queue, from nothing at Delay; 50 ms
	Smoothing  float64       // share of a new reading in the load; 0.5: a window's reading counts twenty ticks or so
	Backoff    float64       // the limit is multiplied by this in a window above Queue; 0.9
	Increase   int           // … and raised by this in a full one below Delay; 1

	load      float64
	known     bool
	shrinking bool
	before    int  // the limit from which it shrank
	shrunk    bool // and has not been far enough below Delay since
}

// NewLoad returns the rule with its defaults.
func NewLoad(Bounds) *Load {
	return &Load{Delay: 0.8, Queue: 0.9, Hysteresis: 0.05, Pause: 50 * time.Millisecond, Smoothing: 0.5, Backoff: 0.9, Increase: 1}
}

// Next returns the limit after a window.
func (l *Load) Next(w Window) Decision {
	s := w.Signals
	now := math.Max(s.CPU, s.Memory)
	if s.Known&KnowsLoad == 0 || math.IsNaN(now) || now < 0 || w.Limit < 1 {
		return hold(w, "load unknown")
	}
	l.learn(math.Min(1, now))
	if l.shrinking {
		l.before = max(w.Limit, l.before)
	}
	d := l.decide(w)
	d.Pause = l.pause()
	return d
}

// learn smooths the load and notes on which side of the bounds it is.
func (l *Load) learn(now float64) {
	if l.known {
		now = l.load + l.Smoothing*(now-l.load)
	}
	l.load, l.known = now, true
	switch {
	case now > l.Queue:
		l.shrinking, l.shrunk = true, true
	case now < l.Queue-l.Hysteresis:
		l.shrinking = false
	}
	if now < l.Delay-l.Hysteresis {
		l.shrunk, l.before = false, 0
	}
}

func (l *Load) decide(w Window) Decision {
	switch {
	case l.shrinking:
		inside := min(w.Limit, max(1, w.InFlight))
		return move(w, lower(inside, l.Backoff), l.against(l.Queue))
	case w.Limit < l.before/2 && w.Full && l.load < l.Queue-l.Hysteresis: // a peak is over: what queues is worse off than what is delayed
		return move(w, w.Limit+min(l.Increase, w.Limit), l.against(l.Queue-l.Hysteresis))
	case l.load > l.Delay:
		return holdFor(w, l.against(l.Delay))
	case l.shrunk:
		return holdFor(w, l.against(l.Delay-l.Hysteresis))
	case !w.Full:
		return hold(w, "limit not reached")
	}
	return move(w, w.Limit+min(l.Increase, w.Limit), l.against(l.Delay))
}

// pause is the delay of an admission: none at Delay, Pause at Queue and above.
func (l *Load) pause() time.Duration {
	share := (l.load - l.Delay) / (l.Queue - l.Delay)
	if !(share > 0) {
		return 0
	}
	return time.Duration(math.Min(1, share) * float64(l.Pause))
}

func (l *Load) against(bound float64) Reason {
	return Reason{"load", l.load, compared(l.load, bound), bound}
}
