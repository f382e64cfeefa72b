package plant

import (
	"time"

	"sluice/scanner/limiter"
)

// A Gate stands in front of a plant and lets requests in. It is called by one
// goroutine, in virtual time.
type Gate interface {
	// Admit lets one request in, or refuses it; it never waits.
	Admit(now time.Duration) (Ticket, bool)
	// Limit is how many may be inside at once just now.
	Limit() int
}

// A Ticket is one request inside.
type Ticket interface {
	// Settle is called once, when the request has ended.
	Settle(now, latency time.Duration, o limiter.Outcome)
}

// A Clock is the virtual time of a plant. It moves only between calls to a Gate.
type Clock interface{ Now() time.Duration }

// A Contestant is a limiter that is put in front of plants.
type Contestant struct {
	Name string // "bdp"
	Doc  string // one line: what it is, and its source
	Kind string // one of the kinds below
	// New makes a fresh gate for one plant. What of the plant it is told, beside what
	// passes the gate, is signals, which those contestants read that say so in their Doc.
	New func(seed uint64, clock Clock, signals func() limiter.Signals) (Gate, error)
}

// The kinds of contestants.
const (
	Own    = "ours"   // a rule of package limiter in its machinery
	Static = "static" // a limit that stays
	Oracle = "oracle" // is told the optimum
	Peer   = "peer"   // somebody else's library
	Model  = "model"  // our statement of somebody else's published rule
)
