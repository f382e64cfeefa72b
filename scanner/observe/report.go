package observe

import (
	"fmt"
	"strings"
	"time"
)

// What a report is about.
const (
	WhatComputing = "computing" // an I/O worker computes
	WhatBlocked   = "blocked"   // a worker is blocked outside a declared wait
	WhatSandwich  = "sandwich"  // so is every worker of a CPU pool
	WhatStall     = "stall"     // no file settled while somebody computes
	WhatDeadlock  = "deadlock"  // no file settled, and all wait for each other
)

// Report is one episode of a worker that did what it should not.
type Report struct {
	What string  `json:"what"` // computing, blocked or sandwich
	Pool string  `json:"pool"`
	Kind Kind    `json:"kind"` // of the pool: io or cpu
	Slot int     `json:"slot"` // of the worker; of a sandwich the one that completed it
	AtS  float64 `json:"at_s"` // when it was noticed, from the scan's start
	// ForS is how long it had been computing, or was seen to be blocked, at least;
	// the episode went on.
	ForS  float64 `json:"for_s"`
	Path  string  `json:"path,omitempty"`  // of the file that the worker was busy with
	Wait  string  `json:"wait,omitempty"`  // what its goroutine was doing: "chan receive", "running"
	Stack string  `json:"stack,omitempty"` // of its goroutine; empty where no dump was taken
	// What the dump cost that shows this: its duration, in which no Go code ran,
	// and how many goroutines there were.
	DumpS          float64 `json:"dump_s,omitempty"`
	DumpGoroutines int     `json:"dump_goroutines,omitempty"`
}

// String is the report in a sentence, without the stack.
func (r Report) String() string {
	lasting := duration(r.ForS)
	on := ""
	if r.Path != "" {
		on = " on " + r.Path
	}
	switch r.What {
	case WhatSandwich:
		return fmt.Sprintf("every worker of pool %s is blocked in user code: a task may be waiting for another task of the same pool; use Reply.Await"+
			" (worker %d, %s for %v%s)", r.Pool, r.Slot, r.Wait, lasting, on)
	case WhatBlocked:
		return fmt.Sprintf("worker %d of pool %s is blocked outside a declared wait (%s) for %v%s", r.Slot, r.Pool, r.Wait, lasting, on)
	default:
		return fmt.Sprintf("worker %d of I/O pool %s has computed for %v%s: analysis belongs to the CPU workers", r.Slot, r.Pool, lasting, on)
	}
}

// Count says how many episodes there were, reports not kept included.
type Count struct {
	What string `json:"what"`
	Pool string `json:"pool"`
	Kind Kind   `json:"kind"`
	N    int64  `json:"n"`
}

// Stall says that no file was settled for long.
type Stall struct {
	What string  `json:"what"`  // stall or deadlock
	AtS  float64 `json:"at_s"`  // when it was noticed, from the scan's start
	ForS float64 `json:"for_s"` // since the last file was settled
	// Workers has up to 64 workers, those that compute first, then those that
	// read, wait, idle.
	Workers []WorkerState `json:"workers"`
	Others  int           `json:"others,omitempty"` // workers that did not fit
	Dump    []byte        `json:"-"`                // all goroutines' stacks, at most 8 MiB; nil in a Summary
}

// WorkerState is a worker at the moment of a stall.
type WorkerState struct {
	Pool  string  `json:"pool"`
	Kind  Kind    `json:"kind"`
	Slot  int     `json:"slot"`
	State string  `json:"state"` // idle, waiting, reading or computing
	ForS  float64 `json:"for_s"` // since when
	Path  string  `json:"path,omitempty"`
	state State
}

// named is how many workers a sentence bears.
const named = 8

// String is the stall in a sentence, with the first workers that are to blame:
// that compute, or of a deadlock that are not idle.
func (s Stall) String() string {
	head := fmt.Sprintf("no file settled for %v", duration(s.ForS))
	if s.What == WhatDeadlock {
		head += ", and the workers wait for each other"
	}
	var who []string
	for _, w := range s.Workers {
		if w.State == Computing.String() || s.What == WhatDeadlock && w.State != Idle.String() {
			who = append(who, w.String())
		}
	}
	if more := len(who) - named; more > 0 {
		who = append(who[:named], fmt.Sprintf("and %d more", more))
	}
	return head + ": " + strings.Join(who, "; ")
}

// String is the worker in a few words.
func (w WorkerState) String() string {
	text := fmt.Sprintf("%s %d %s for %v", w.Pool, w.Slot, w.State, duration(w.ForS))
	if w.Path != "" {
		text += " on " + w.Path
	}
	return text
}

// duration is s for people: to the millisecond.
func duration(s float64) time.Duration {
	return time.Duration(s * float64(time.Second)).Round(time.Millisecond)
}

// Summary is what a Monitor saw, as written to the statistics.
type Summary struct {
	InFlight      Average     `json:"in_flight"`       // files
	InFlightBytes Average     `json:"in_flight_bytes"` // their bytes
	Occupancy     []Occupancy `json:"occupancy"`       // by pool, in the order of their first workers

	Reports []Report `json:"reports,omitempty"` // the first few of each kind
	Counts  []Count  `json:"counts,omitempty"`  // of all

	Stalls     []Stall `json:"stalls,omitempty"` // the first few, without dumps
	StallCount int64   `json:"stall_count"`      // of all

	Looks     int64   `json:"looks"`       // of the monitor, at the gauge or the workers
	LateMeanS float64 `json:"late_mean_s"` // how much later than intended they were
	LateMaxS  float64 `json:"late_max_s"`

	SchedulingS Latencies `json:"scheduling_s"` // of all goroutines meanwhile

	Dumps      int64   `json:"dumps"`
	DumpTotalS float64 `json:"dump_total_s"` // in which no Go code ran
	DumpMaxS   float64 `json:"dump_max_s"`
	// Unexamined counts CPU workers' episodes of 100 ms and more that ended, or whose
	// pool ended, before a dump was due: whether they computed or were blocked is unknown.
	Unexamined int64 `json:"unexamined"`
}

// Occupancy says what the workers of a pool did: shares of all looks at all its
// workers, which add up to 1. Computing of an io pool is to be next to 0.
type Occupancy struct {
	Pool      string  `json:"pool"`
	Kind      Kind    `json:"kind"`
	Workers   int     `json:"workers"` // slots
	Looks     int64   `json:"looks"`   // at one worker each
	Idle      float64 `json:"idle"`
	Waiting   float64 `json:"waiting"`
	Reading   float64 `json:"reading"`
	Computing float64 `json:"computing"`
	Flagged   bool    `json:"flagged,omitempty"` // an io pool that computed in more than 5 % of at least 100 looks
}
