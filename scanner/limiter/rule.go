package limiter

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Outcome says what became of the work that a permit was for.
type Outcome uint8

// The outcomes. The zero value is none of them, so that a forgotten one shows.
const (
	Success Outcome = iota + 1 // it was done: its latency teaches
	Dropped                    // it was refused, timed out or failed for want of capacity: a sign of overload
	Ignored                    // it says nothing of capacity: a caller's mistake, a cancellation
)

// String is the outcome's word.
func (o Outcome) String() string {
	switch o {
	case Success:
		return "success"
	case Dropped:
		return "dropped"
	case Ignored:
		return "ignored"
	}
	return fmt.Sprintf("outcome %d", uint8(o))
}

// A Rule decides on a limit. It has no clock and no lock: what it returns depends
// on the windows that it was given and on nothing else. Its zero value need not be
// valid; see New. It is called by one goroutine at a time.
type Rule interface {
	// Next returns the limit that should hold after a window. It must cope with
	// whatever a window holds, NaN and negative figures included, by holding the limit.
	Next(w Window) Decision
}

// A Window is what a limiter saw between two decisions. Times are since the
// limiter was made; everything that counts permits counts their weights.
type Window struct {
	Start, End time.Duration
	Limit      int // in force at the end

	InFlight     int     // most permits out at once
	InFlightMean float64 // permits out on average: the sum of raw latencies over the window's length (Little's law)
	Full         bool    // the limit was reached: a higher one would have had takers

	Completed int // settled as Success
	Dropped   int // settled as Dropped

	// Latency of what succeeded: from permit to settling, or as the caller measured
	// it; for work of stated size that of a unit of work (see Sample.Units).
	Latency Latency

	Signals Signals
}

// Length is the window's duration.
func (w Window) Length() time.Duration { return w.End - w.Start }

// Rate is what was completed in a second, in permits; 0 for a window without length.
func (w Window) Rate() float64 {
	if w.Length() <= 0 {
		return 0
	}
	return float64(w.Completed) / w.Length().Seconds()
}

// Latency describes the latencies of a window; all 0 where nothing was completed.
type Latency struct {
	Min, Mean, P50, P90, P95, P99 time.Duration
}

// Signals are what is known from elsewhere, averaged since they were last asked
// for. Known says which: an unknown signal is 0.
type Signals struct {
	Known Signal

	CPU    float64 // share of the processors in use, 0 to 1
	Memory float64 // share of the memory in use, 0 to 1

	// Of whoever takes what the limited work delivers:
	Busy    float64 // share of the consumers that were at work, 0 to 1
	Backlog float64 // deliveries that waited for a consumer
	Room    float64 // deliveries that may wait before the deliverers are held up
}

// Signal is a set of what Signals may hold.
type Signal uint8

// The signals.
const (
	KnowsLoad     Signal = 1 << iota // CPU and Memory
	KnowsConsumer                    // Busy, Backlog and Room
)

// A Decision is what a rule makes of a window.
type Decision struct {
	Limit  int           // clamped by the machinery to the limiter's bounds
	Pause  time.Duration // that each admission waits beside; 0 is none
	Window time.Duration // how long the next window should last; 0 is the limiter's own length
	Reason Reason
}

// A Reason says why a limit moved, or did not: "queue estimate 7.2 > 6". It is put
// into words only when somebody reads it, so that deciding costs no memory.
type Reason struct {
	What  string  // "queue estimate"
	Got   float64 // what was found
	Sign  string  // how they compare: ">", "<", "="; empty if What says it all
	Bound float64 // what it was compared with
}

// String is the reason in words.
func (r Reason) String() string {
	if r.Sign == "" {
		return r.What
	}
	return fmt.Sprintf("%s %s %s %s", r.What, short(r.Got), r.Sign, short(r.Bound))
}

// short writes a figure with three digits.
func short(f float64) string {
	if math.Abs(f) < 1e-9 { // what is left of equal figures
		f = 0
	}
	text := fmt.Sprintf("%.3g", f)
	return strings.Replace(text, "e+0", "e", 1)
}

// A Change is one decision as a listener gets it. Those that leave the limit as
// it is are not told.
type Change struct {
	Seq      int           // 1, 2, 3 …
	At       time.Duration // since the limiter was made
	From, To int           // limits
	Reason   Reason
}

// String is the change in words: "− 1: queue estimate 7.2 > 6".
func (c Change) String() string {
	sign, by := "+", c.To-c.From
	if by < 0 {
		sign, by = "−", -by
	}
	return fmt.Sprintf("%s %d: %s", sign, by, c.Reason)
}
