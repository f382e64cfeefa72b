package limiter

import (
	"math"
	"time"
)

// A calm is the latency of work that waits for nothing: what a rule that goes by
// latency holds each window against. It is a figure of whole windows, such as their
// median, so that one lucky sample starves nobody; and it is measured where there is
// no queue, so that an overload does not pass for the new normal. For that the
// limit is halved for a moment, and halved again for as long as the median falls
// with it. Of each halving the first window still belongs to the limit before, and
// teaches nothing. The way back is by doubling, to what the measurement says would
// leave no queue to speak of.
//
// It is measured when it is unknown, when it is old (as often as BBR does), and in
// doubt: when patience windows in a row looked crowded though the limit was falling,
// which is what work that has become slower looks like. A median that falls is
// followed at once.
type calm struct {
	every    time.Duration // of full windows between measurements, and at least rarely of them; 0: in doubt alone
	patience int           // crowded windows in a row that raise a doubt, ≥ 2
	slack    float64       // limit to come back to, as a multiple of what a queueless one would be
	samples  int           // of a measurement, at least
	least    int           // the limit goes no lower than this

	latency float64 // s, the rule's figure at rest; 0: unknown
	rest    float64 // s, the median there
	queued  bool    // the last measurement found a queue that our own limit had made
	upward  bool    // … or that fewer at once take longer, as where batches fill
	windows int     // full ones since it was measured
	age     time.Duration
	limit   int     // of this window
	median  float64 // s, of its latencies

	crowded int     // crowded windows in a row
	from    int     // limit of the second of them, or before it was halved if it stayed
	crowd   float64 // s, the median at from

	phase   phase
	to      int     // limit to come back to
	before  float64 // s, the median at the limit above this one
	again   bool    // it has risen since, once
	taken   int     // samples put together so far
	figures float64 // s, the sum of their figures
	medians float64 // s, and of their medians
}

const (
	probeInterval = 10 * time.Second // of BBR (Cardwell and others 2016)
	rarely        = 100              // windows, where these are long
	doubtInterval = 2 * time.Second
	rightSamples  = 64 // a figure of so many is right to a few percent
)

type phase uint8

const (
	resting   phase = iota // the rule decides
	draining               // what was let in before is leaving
	measuring              // nothing else is in
	filling                // on the way back
)

const (
	falls    = 0.9  // a latency below this share of another is lower than it
	collapse = 0.9  // of a window's work dropped ends a measurement
	leaps    = 0.75 // … and is so at once
	alone    = 2    // a limit of so few at the start makes no queue to speak of: halving it would halve the work
	recovery = 4    // doubts are this many times patience windows apart
)

// next is called with each window and its figure in seconds. While it measures it
// decides in the rule's place, and says so.
func (c *calm) next(w Window, now float64) (Decision, bool) {
	if now <= 0 {
		return Decision{}, false
	}
	c.limit, c.median = w.Limit, w.Latency.P50.Seconds()
	if c.phase != resting && refused(w) > collapse { // what is refused tells more than a measurement
		c.phase, c.taken, c.figures, c.medians = resting, 0, 0, 0
		return Decision{}, false
	}
	switch c.phase {
	case draining:
		c.phase, c.taken, c.figures, c.medians = measuring, 0, 0, 0
		return holdFor(w, Reason{What: "draining"}), true
	case measuring:
		return c.measure(w, now), true
	case filling:
		return c.fill(w), true
	case resting:
	}
	c.sink(w)
	if !w.Full {
		return Decision{}, false
	}
	c.windows++
	c.age += w.Length()
	why, due := c.due()
	switch {
	case !due:
		return Decision{}, false
	case w.Limit <= c.floor(), c.latency == 0 && w.Limit <= alone:
		c.learn(now, c.median)
		return Decision{}, false
	case c.crowded < 2 || c.from == w.Limit:
		c.from, c.crowd = w.Limit, c.median
	}
	return c.drain(w, c.median, why), true
}

// saw tells whether the window looked crowded to the rule. The first that does may
// hold some of what was before; the second shows a limit and its latency.
func (c *calm) saw(crowded bool) {
	if !crowded {
		c.crowded = 0
		return
	}
	c.crowded++
	if c.crowded <= 2 {
		c.from, c.crowd = c.limit, c.median
	}
}

// due says whether, and why, it is time to measure.
func (c *calm) due() (Reason, bool) {
	switch {
	case c.latency == 0:
		return Reason{What: "latency at rest unknown"}, true
	case c.every > 0 && c.age >= c.every && c.windows >= rarely:
		return Reason{"s since latency at rest was measured", c.age.Seconds(), ">", c.every.Seconds()}, true
	case c.crowded >= c.patience && c.windows >= recovery*c.patience && c.age >= doubtInterval:
		return Reason{"crowded windows in a row", float64(c.crowded), "=", float64(c.patience)}, true
	}
	return Reason{}, false
}

// drain halves the limit. The window that follows lasts until what is inside has
// left: a queue and the work before it, two latencies at most.
func (c *calm) drain(w Window, median float64, why Reason) Decision {
	c.phase, c.before, c.again = draining, median, false
	return Decision{Limit: max(c.floor(), w.Limit/2), Window: 2 * w.Latency.P50, Reason: why}
}

// measure gathers samples, halves the limit again if that last helped, and else has
// found what it looked for. Whether it helped is seen by the median, which chance
// moves least, whatever figure the rule goes by.
func (c *calm) measure(w Window, now float64) Decision {
	c.taken += w.Completed
	c.figures += now * float64(w.Completed)
	c.medians += c.median * float64(w.Completed)
	if c.taken < c.samples && w.Full {
		return holdFor(w, Reason{"samples at rest", float64(c.taken), "<", float64(c.samples)})
	}
	median := c.medians / float64(c.taken)
	why := Reason{"latency at rest in ms", 1000 * median, compared(median, c.before), 1000 * c.before}
	known := c.every == 0 && falls*median < c.rest // in doubt alone, and it was as low before
	switch {
	case median < falls*c.before && w.Limit > c.floor() && !known:
		return c.drain(w, median, why)
	case c.before < falls*median && !c.again: // a queue was still growing, or fewer do take longer
		c.again, c.before = true, median
		c.taken, c.figures, c.medians = 0, 0, 0
		return holdFor(w, why)
	}
	c.learn(c.figures/float64(c.taken), median)
	share := math.Min(1, c.slack*median/c.crowd)
	c.queued, c.upward = share < 1, c.crowd < falls*median
	c.to = max(w.Limit, int(math.Ceil(float64(c.from)*share)))
	c.phase = filling
	return c.climb(w, why)
}

// fill goes on climbing, and gives the limit that was reached a window to show
// itself.
func (c *calm) fill(w Window) Decision {
	if w.Limit >= c.to || !w.Full {
		c.phase = resting
		return holdFor(w, Reason{What: "filling"})
	}
	return c.climb(w, Reason{What: "filling"})
}

// climb doubles the limit at most, and only if there are takers.
func (c *calm) climb(w Window, why Reason) Decision {
	limit := w.Limit
	if w.Full {
		limit = min(c.to, 2*w.Limit)
	}
	return Decision{Limit: limit, Window: 2 * w.Latency.P50, Reason: why}
}

// learn takes what was measured: half of it if it is much the same as before, for
// then what differs is chance.
func (c *calm) learn(figure, median float64) {
	if c.latency > 0 && math.Abs(figure-c.latency) < (1-leaps)*c.latency {
		figure, median = (figure+c.latency)/2, (median+c.rest)/2
	}
	c.latency, c.rest = figure, median
	c.age, c.windows, c.crowded = 0, 0, 0
	c.taken, c.figures, c.medians = 0, 0, 0
}

// sink follows a median that is clearly lower, for none can be lower than that of
// work that waits for nothing. A leap leaves a doubt where there is a time for
// measuring: there may be a queue in it.
func (c *calm) sink(w Window) {
	c.taken += w.Completed
	c.medians += c.median * float64(w.Completed)
	if c.taken < rightSamples {
		return
	}
	share := c.medians / float64(c.taken) / c.rest
	c.taken, c.medians = 0, 0
	switch {
	case c.upward || c.latency == 0 || share >= falls: // or it waits for company
	case share >= leaps:
		c.scale((1 + share) / 2)
	case c.every == 0:
		c.scale(share)
	default:
		c.scale(share)
		c.age, c.windows = max(c.age, doubtInterval), max(c.windows, recovery*c.patience)
		c.crowded, c.from, c.crowd = c.patience, c.limit, c.median
	}
}

func (c *calm) scale(by float64) { c.latency, c.rest = c.latency*by, c.rest*by }

func (c *calm) floor() int { return max(1, c.least) }

// compared is the sign between two figures.
func compared(a, b float64) string {
	switch {
	case a < b:
		return "<"
	case a > b:
		return ">"
	}
	return "="
}

// credible says whether the figures of a window can be what was seen. A rule holds
// its limit after one that is not.
func credible(w Window) bool {
	l := w.Latency
	return w.Limit >= 1 && w.Completed >= 0 && w.Dropped >= 0 && w.Completed+w.Dropped > 0 &&
		w.Length() > 0 && w.InFlight >= 0 && w.InFlightMean >= 0 && !math.IsInf(w.InFlightMean, 1) &&
		min(l.Min, l.Mean, l.P50, l.P90, l.P95, l.P99) >= 0 &&
		(w.Completed == 0 || l.Mean > 0 && l.P50 > 0 && l.P95 > 0)
}

// refused is the share of a window's work that was dropped.
func refused(w Window) float64 {
	return float64(w.Dropped) / float64(w.Completed+w.Dropped)
}

// hold leaves the limit where it is.
func hold(w Window, what string) Decision {
	return holdFor(w, Reason{What: what})
}

func holdFor(w Window, why Reason) Decision {
	return Decision{Limit: max(1, w.Limit), Window: roundTrip(w), Reason: why}
}

// move sets the limit.
func move(w Window, limit int, why Reason) Decision {
	return Decision{Limit: max(1, limit), Window: roundTrip(w), Reason: why}
}

// lower is a share of a limit, but lower by 1 at least.
func lower(limit int, by float64) int {
	return min(limit-1, int(float64(limit)*math.Max(0, by)))
}

// roundTrip is the length of the next window of a rule that steps once in a
// round-trip: a latency, where that is longer than windows usually are, so that a
// step shows before the next is made.
func roundTrip(w Window) time.Duration {
	if w.Latency.P50 > DefaultWindow {
		return w.Latency.P50
	}
	return 0
}

// idle says whether less than half of the limit was in use, and is why a limit that
// nobody reaches is left alone.
func idle(w Window) bool { return 2*w.InFlight < w.Limit }

// stepped is a fractional limit, brought back to the one in force where somebody
// else, a bound or a measurement, has moved that.
func stepped(estimate float64, w Window) float64 {
	if int(estimate) != w.Limit {
		return float64(w.Limit)
	}
	return estimate
}
