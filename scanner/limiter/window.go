package limiter

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// A window gathers what permits say until a rule is asked. Permits add to it with
// no lock; what it read or wrote by each of them stands apart from what the others
// seldom change.
type window struct {
	// Read by each permit, written as windows turn.
	start  atomic.Int64 // time since the limiter was made
	length atomic.Int64 // least length
	pause  atomic.Int64 // that admissions wait beside
	peak   atomic.Uint64
	full   atomic.Bool
	_      line

	wanted  atomic.Int64  // settlements to come before it is worth while to count again
	dropped atomic.Uint64 // weight
	ignored atomic.Uint64
	invalid atomic.Uint64
	twice   atomic.Uint64
	beside  permitTime // how long permits were out, as far as latencies do not tell it

	turning   sync.Mutex // held while a window is closed; only ever tried
	scratch   [buckets]uint64
	changes   int
	totals    totals
	latencies histogram
}

// totals are of all windows that are closed.
type totals struct {
	sync.Mutex
	completed, dropped, windows uint64
}

// permitTime is a sum of weights by nanoseconds. Floating, so that it cannot overflow.
type permitTime struct{ bits atomic.Uint64 }

func (t *permitTime) add(ns float64) {
	for {
		old := t.bits.Load()
		if t.bits.CompareAndSwap(old, math.Float64bits(math.Float64frombits(old)+ns)) {
			return
		}
	}
}

func (t *permitTime) drain() float64 { return math.Float64frombits(t.bits.Swap(0)) }

// odd adds a sample that is not a plain success, and returns what it counts as.
func (w *window) odd(s Sample, held time.Duration, weight uint64) (Outcome, error) {
	err := s.check()
	if err != nil || held < 0 { // below 0: the clock was put back
		w.invalid.Add(1)
		s.Outcome = Ignored
	}
	held = max(held, 0)
	inside := 0.0
	switch s.Outcome {
	case Success:
		latency := s.latency(held)
		w.latencies.add(latency, weight)
		inside = middle(bucket(uint64(latency)))
	case Dropped:
		w.dropped.Add(weight)
	case Ignored:
		w.ignored.Add(weight)
	}
	w.beside.add(float64(weight) * (float64(held) - inside))
	return s.Outcome, err
}

// peaks tells whether a state just before a permit came back is to be noted. What is
// in flight never peaks but there, so that taking a permit need note nothing.
func (w *window) peaks(state uint64) bool {
	return inFlight(state) > w.peak.Load() || full(state) && !w.full.Load()
}

// full tells of a state whether somebody found no room, or would have.
func full(state uint64) bool {
	return inFlight(state) >= limitOf(state) || state&queued != 0
}

// note notes a state.
func (w *window) note(state uint64) {
	for peak := w.peak.Load(); inFlight(state) > peak; peak = w.peak.Load() {
		if w.peak.CompareAndSwap(peak, inFlight(state)) {
			break
		}
	}
	if full(state) {
		w.refused()
	}
}

// refused notes that somebody found no room.
func (w *window) refused() {
	if !w.full.Load() {
		w.full.Store(true)
	}
}

// over tells whether the window has lasted long enough, or the clock was put back to
// long before its start. (A little before is whoever read the clock just before the
// window before this one was closed.)
func (w *window) over(now time.Duration) bool {
	length := w.length.Load()
	return uint64(int64(now)-w.start.Load()+length) >= 2*uint64(length)
}

// turn closes the window if there is enough in it, and tells the listener. Called
// past its end, by a goroutine whose permit is back.
func (l *Limiter) turn(r settlement) {
	w := &l.window
	if w.wanted.Add(-int64(r.tells)) > 0 && !w.late(r.at) {
		return
	}
	if !w.turning.TryLock() {
		return // somebody else is at it
	}
	l.close(r)
	l.teller.tell()
}

// late tells of a window that is over whether it is to wait for samples no longer.
func (w *window) late(now time.Duration) bool {
	return uint64(int64(now)-w.start.Load()) >= LongestWindow*uint64(w.length.Load())
}

// close closes the window if there is enough in it, and unlocks turning.
func (l *Limiter) close(r settlement) {
	w := &l.window
	defer w.turning.Unlock()
	if !w.over(r.at) {
		return // it was closed in the meantime
	}
	start := time.Duration(w.start.Load())
	n := w.latencies.total() + w.dropped.Load()
	switch {
	case n == 0 && l.signals == nil || r.at < start: // nothing to learn from, or the clock was put back
		l.open(r.at, r.before)
	case n > 0 && n <= r.tells && r.granted > start: // nothing before this one: idle time teaches nothing
		l.open(r.granted, r.before)
	case n < l.samples && !w.late(r.at):
		w.wanted.Store(int64(l.samples - n))
	default:
		defer func() { l.open(r.at, l.semaphore.state.Load()) }() // also where Signals or a rule panics: once is enough
		l.decide(l.collect(r.at))
	}
}

// collect empties the window.
func (l *Limiter) collect(now time.Duration) Window {
	w := &l.window
	w.totals.Lock()
	completed, inside := w.latencies.drain(&w.scratch)
	dropped := w.dropped.Swap(0)
	w.totals.completed += completed
	w.totals.dropped += dropped
	w.totals.windows++
	w.totals.Unlock()
	seen := Window{
		Start:     time.Duration(w.start.Load()),
		End:       now,
		Limit:     l.Limit(),
		InFlight:  int(w.peak.Load()),
		Full:      w.full.Load(),
		Completed: int(completed),
		Dropped:   int(dropped),
		Latency:   describe(&w.scratch, completed, inside),
	}
	held := max(0, inside+w.beside.drain())
	if seen.Length() > 0 {
		seen.InFlightMean = held / float64(seen.Length())
	}
	if l.signals != nil {
		signals, sound := l.signals().sane()
		if seen.Signals = signals; !sound {
			w.invalid.Add(1)
		}
	}
	return seen
}

// open begins a window in which the semaphore was in some state.
func (l *Limiter) open(start time.Duration, state uint64) {
	w := &l.window
	w.peak.Store(0)
	w.full.Store(false)
	w.note(state)
	w.wanted.Store(0)
	w.start.Store(int64(start))
}

// decide asks the rule and does what it says, within bounds.
func (l *Limiter) decide(seen Window) {
	w := &l.window
	d := l.rule.Next(seen)
	w.pause.Store(int64(min(max(d.Pause, 0), longestPause)))
	w.length.Store(int64(l.own))
	if d.Window > 0 {
		w.length.Store(int64(min(max(d.Window, shortestWindow), longestWindow)))
	}
	to := min(max(d.Limit, l.bounds.Min), l.bounds.Max)
	if to == seen.Limit {
		return
	}
	if err := l.semaphore.SetLimit(to); err != nil {
		panic(err) // bounds are within what a semaphore takes
	}
	w.changes++
	l.teller.queue(Change{Seq: w.changes, At: seen.End, From: seen.Limit, To: to, Reason: d.Reason})
}

// What a rule may ask for.
const (
	longestPause   = 10 * time.Second
	shortestWindow = 100 * time.Microsecond
	longestWindow  = time.Minute
)
