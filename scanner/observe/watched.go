package observe

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Kind is what a worker is there for.
type Kind uint8

// The kinds of workers. One that does both in turn, a goroutine for each file,
// is a CPU worker: computing is its job. Analysis on the I/O workers is what
// watching IO workers is to bring to light, so those stay IO.
const (
	IO  Kind = iota // it waits for storage and hands over; it is not to compute
	CPU             // it computes
)

// String returns io or cpu.
func (k Kind) String() string {
	if k == CPU {
		return "cpu"
	}
	return "io"
}

// MarshalText returns io or cpu, for JSON.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads io or cpu; anything else is an error.
func (k *Kind) UnmarshalText(text []byte) error {
	switch string(text) {
	case "io":
		*k = IO
	case "cpu":
		*k = CPU
	default:
		return fmt.Errorf("kind of pool is %q; it is io or cpu", text)
	}
	return nil
}

// State is what a worker is doing. The package comment says which to declare.
type State uint8

// The states. All but Computing are declared waits.
const (
	Idle      State = iota // waits for work; also before the first Set and after Leave
	Waiting                // waits for another worker: channel, permit, budget, seat
	Reading                // waits for storage, or for anything else outside the scan
	Computing              // runs
)

const states = 4 // of them; they fit the two lowest bits of a word

// String returns the state in lower case.
func (s State) String() string {
	return [states]string{"idle", "waiting", "reading", "computing"}[s%states]
}

// A word is a state and the moment since which it holds, in one number so that
// both are stored and loaded at once. The zero word is Idle since the start.
type word int64

func newWord(s State, since time.Duration) word { return word(int64(since)<<2 | int64(s)) }
func (w word) state() State                     { return State(w & 3) }
func (w word) since() time.Duration             { return time.Duration(w >> 2) }

// A Watched is one worker in the eyes of its Monitor, which makes it. Its methods
// are for the worker, one goroutine at a time; what they store is read by
// the monitor's goroutine alone, and each Watched has cache lines of its own. A
// nil Watched does nothing.
type Watched struct {
	pool  *group
	slot  int
	hold  *Recorder // nil drops
	stack [64]byte  // what Enter reads the header into; here, since it would escape from there

	now       atomic.Int64 // a word
	goroutine atomic.Int64 // that runs in the slot; 0 if none, or unknown

	mu   sync.Mutex
	path string // guarded by mu

	_ [128]byte // a line of its own, and its neighbour, which is fetched with it
}

// Enter says that the calling goroutine is the worker from now on. It reads the
// goroutine's number off the head of its stack, the only place where it is to be
// had, which takes about a microsecond where the stack is short: call it near the
// goroutine's root. Without it nothing is reported but an IO worker's computing,
// without a stack.
func (w *Watched) Enter() {
	if w == nil {
		return
	}
	n := runtime.Stack(w.stack[:], false)
	id, _, _ := parseHeader(w.stack[:n])
	w.goroutine.Store(id)
}

// Leave says that the goroutine is the worker no more: the slot is Idle.
func (w *Watched) Leave(at time.Duration) {
	if w == nil {
		return
	}
	w.Set(Idle, at)
	w.goroutine.Store(0)
	w.Task("")
}

// HoldInto has Set record how long an IO worker computed between two declared
// waits. The recorder is the worker's own: see Probe.Hold.
func (w *Watched) HoldInto(r *Recorder) {
	if w != nil {
		w.hold = r
	}
}

// Set says what the worker does from at on, counted from the scan's start. It
// costs an atomic store. A CPU worker's Set(Computing) begins a new episode each
// time, one for each file; an IO worker's computing is one episode until it
// waits.
func (w *Watched) Set(s State, at time.Duration) {
	if w == nil {
		return
	}
	if w.pool.kind == IO {
		if before := word(w.now.Load()); before.state() == Computing {
			if s == Computing {
				return
			}
			w.hold.Record(at - before.since())
		}
	}
	w.now.Store(int64(newWord(s, at)))
}

// Task names the file that the worker is busy with; "" is none. It costs a lock
// that nobody else takes but to write a report, and allocates nothing.
func (w *Watched) Task(path string) {
	if w == nil {
		return
	}
	w.mu.Lock()
	w.path = path
	w.mu.Unlock()
}

func (w *Watched) load() word { return word(w.now.Load()) }

func (w *Watched) task() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.path
}
