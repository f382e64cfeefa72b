package limiter

import (
	"math"
	"time"
)

// Occupancy keeps those busy who take what the limited work delivers: analysers
// whose files it reads (rows A9 and A25, from the other end). As long as deliveries
// are what they lack, they are the busier the more is under way, in proportion. So
// while they starve the limit is set at once to where they would not: to what was
// under way × Spare / Busy. What was under way is that which the deliveries of the
// window come from, by Little's law, and not the limit; a window that still shows
// the limit before the last therefore asks for the same limit again, and so does a
// first one in which the consumers waited for the first delivery.
//
// It asks for short windows, of one latency. Files differ, so windows are put
// together, each counting half as much as the next. When the consumers cannot keep up, and Room
// for what they have not taken is nearly used for two windows, the limit goes
// gently down; in between it rests.
//
// If more under way makes each delivery slower, it is the storage that lacks, and a
// higher limit is no help. A latency of twice that at rest soon after a growth takes
// the growth back. Else it waits for calm to tell slow storage from a queue that it
// made itself. Once it has made one it takes small steps.
type Occupancy struct {
	Target  float64 // share of the consumers that should be busy; 0.95
	Spare   float64 // what is aimed at, over what would keep them just busy: files and latencies differ; 1.25
	Growth  float64 // the limit is multiplied by no more than this in a window; 8
	Crowd   float64 // share of Room in use that calls for a lower limit; 0.75
	Backoff float64 // the limit is multiplied by this then; 0.9
	Slow    float64 // median latency over that at rest that means that reads queue; 1.5
	Careful float64 // the limit is multiplied by no more than this once reads have queued; 1.1

	calm        calm
	under, busy float64 // s of work under way, and of consumers at work; older windows count less
	done, time  float64 // deliveries, and s; likewise
	medians     float64 // s, of deliveries; likewise
	grown       int     // windows to come in which a queue is laid to the last growth
	crowded     int     // windows in a row with no room to speak of
	first       int     // deliveries at the beginning
}

// briefest is the shortest window that a rule of round-trips asks for.
const briefest = 5 * time.Millisecond

const (
	few     = 8  // completions whose median counts by itself
	atFirst = 24 // deliveries from which the latency at rest is first known
	trial   = 8  // windows after a growth in which a queue is laid to it, and the growth undone
)

// NewOccupancy returns the rule with its defaults.
func NewOccupancy(b Bounds) *Occupancy {
	return &Occupancy{
		Target: 0.95, Spare: 1.25, Growth: 8, Crowd: 0.75, Backoff: 0.9, Slow: 1.5,
		Careful: 1.1, calm: calm{patience: 3, slack: 1.5, samples: DefaultSamples, least: b.Min},
	}
}

// Next returns the limit after a window.
func (o *Occupancy) Next(w Window) Decision {
	d := o.next(w)
	d.Window = max(d.Window, w.Latency.P50, briefest)
	return d
}

func (o *Occupancy) next(w Window) Decision {
	s := w.Signals
	switch {
	case !credible(w):
		return hold(w, "window not credible")
	case s.Known&KnowsConsumer == 0 || !(s.Busy >= 0 && s.Backlog >= 0 && s.Room >= 0):
		return hold(w, "consumers unknown")
	case refused(w) > 1-o.Backoff:
		return move(w, lower(w.Limit, o.Backoff), Reason{"share dropped", refused(w), ">", 1 - o.Backoff})
	case w.Completed == 0:
		return hold(w, "nothing delivered")
	}
	o.begin(w)
	if d, measuring := o.calm.next(w, w.Latency.P50.Seconds()); measuring {
		return d
	}
	o.learn(w)
	return o.decide(w)
}

// begin takes the first deliveries for what reads take at rest, as the limit begins
// low. Those that come back first are the fast ones, and few tell little, so it takes
// the slowest of the first windows, until enough have come back; and for the first
// window what Little's law says if that is more.
func (o *Occupancy) begin(w Window) {
	if o.first >= atFirst {
		return
	}
	now := math.Max(w.Latency.P50.Seconds(), o.calm.rest)
	if o.first == 0 {
		now = math.Max(now, float64(w.InFlight)*w.Length().Seconds()/float64(w.Completed))
	}
	o.first += w.Completed
	o.calm.learn(now, now)
}

// learn counts a window in.
func (o *Occupancy) learn(w Window) {
	const older = 0.5
	length := w.Length().Seconds()
	o.under = older*o.under + w.InFlightMean*length
	o.done = older*o.done + float64(w.Completed)
	o.time = older*o.time + length
	o.medians = older*o.medians + w.Latency.P50.Seconds()*float64(w.Completed)
	o.busy = older*o.busy + math.Min(1, w.Signals.Busy)*length
	if w.Signals.Backlog >= math.Max(1, o.Crowd*w.Signals.Room) {
		o.crowded++
	} else {
		o.crowded = 0
	}
}

func (o *Occupancy) decide(w Window) Decision {
	s, now, slow := w.Signals, o.medians/o.done, o.Slow*o.calm.latency
	spare := math.Max(1, s.Room/4)
	if w.Completed >= few {
		now = math.Max(now, w.Latency.P50.Seconds())
	}
	queueing := s.Busy < o.Target && now > slow
	o.grown = max(0, o.grown-1)
	o.calm.saw(queueing)
	switch {
	case o.crowded >= 2:
		return move(w, o.fewer(w), Reason{"backlog", s.Backlog, compared(s.Backlog, s.Room), s.Room})
	case s.Backlog >= spare:
		return holdFor(w, Reason{"backlog", s.Backlog, compared(s.Backlog, spare), spare})
	case s.Busy >= o.Target:
		return holdFor(w, Reason{"consumers busy", s.Busy, compared(s.Busy, o.Target), o.Target})
	case queueing && o.grown > 0 && now > 2*o.calm.latency && o.within(w) < w.Limit:
		o.calm.queued, o.grown = true, 0
		return move(w, o.within(w), Reason{"reads queue: latency in ms", 1000 * now, ">", 2000 * o.calm.latency})
	case queueing:
		return holdFor(w, Reason{"reads queue: latency in ms", 1000 * now, ">", 1000 * slow})
	case !w.Full:
		return hold(w, "limit not reached")
	}
	o.grown = trial
	return move(w, o.enough(w), Reason{"consumers busy", s.Busy, "<", o.Target})
}

// within is the limit at which what was delivered would not have queued, if the
// latency at rest is known.
func (o *Occupancy) within(w Window) int {
	return max(1, int(math.Ceil(o.Spare*o.calm.latency*w.Rate())))
}

// fewer is a lower limit, but none below what it takes to deliver as much as the
// consumers take: a backlog goes down long after the limit does.
func (o *Occupancy) fewer(w Window) int {
	need := int(math.Ceil(o.Slow * o.calm.latency * o.done / o.time))
	return min(w.Limit, max(need, lower(w.Limit, o.Backoff)))
}

// enough is the limit at which the consumers would be as busy as they should.
func (o *Occupancy) enough(w Window) int {
	limit := float64(w.Limit)
	most := limit * o.Growth
	if o.calm.queued {
		most = math.Max(limit+1, limit*math.Min(o.Growth, o.Careful))
	}
	need := most
	if o.busy > 0 {
		need = math.Min(most, math.Ceil(o.Spare*o.under/o.busy))
	}
	return int(math.Max(limit, need))
}
