package plant

import "time"

// A Spec is a plant: what serves, who asks, and what changes while they do. It is
// made by Parse, never changes, and may be used by many simulations at once.
type Spec struct {
	Name string
	Doc  string // one line: what it asks of a limiter

	service service
	hang    hang
	station layout
	load    load
	timeout time.Duration // after which a client leaves; 0 is never
	retry   retry
	phases  []phase
}

// Length is how long the plant is watched.
func (s Spec) Length() time.Duration {
	var sum time.Duration
	for _, p := range s.phases {
		sum += p.length
	}
	return sum
}

// Phases are the moments at which the plant's phases begin.
func (s Spec) Phases() []time.Duration {
	var at time.Duration
	starts := make([]time.Duration, len(s.phases))
	for i, p := range s.phases {
		starts[i] = at
		at += p.length
	}
	return starts
}

// hang is work that never ends: it holds its slot for a constant time and is then
// given up, whatever the limit.
type hang struct {
	share float64 // of the requests
	time  time.Duration
}

// kind is how a station serves.
type kind string

const (
	fifo        kind = "fifo"         // each slot serves one request at a time, in the order of arrival
	sharing     kind = "sharing"      // all are served at once and share the slots
	scalability kind = "scalability"  // Gunther's universal scalability law
	twoStations kind = "two-stations" // first I/O, then CPU
	knee        kind = "knee"         // Vector's formula
	batch       kind = "batch"        // requests are gathered and shipped together
)

// layout is the station with what its kind needs; the rest is zero.
type layout struct {
	kind        kind
	alpha, beta float64       // scalability: contention and coherence
	io, cpu     stage         // two-stations
	scale, base float64       // knee: latency added for each request inside, in medians, and base of what comes beyond the slots
	size        int           // batch: requests of a full one
	linger      time.Duration // batch: how long the first waits for the rest
}

type stage struct {
	slots  int
	demand time.Duration // mean service time
}

// load says who asks.
type load struct {
	clients int           // closed: how many; 0 is open
	think   time.Duration // closed: mean pause of a client between two requests
	rate    float64       // open: in capacities of the moment, where perSecond is 0
	perSec  float64       // open: requests a second
	queue   int           // open: requests that wait in front of the gate
}

func (l load) open() bool { return l.clients == 0 }

// retry says how requests that were refused or timed out come back.
type retry struct {
	after time.Duration // mean pause
	most  int           // times that one comes back
}

// phase is a stretch of time with what holds in it.
type phase struct {
	length   time.Duration
	slots    float64 // at its start
	to       float64 // slots at its end
	service  float64 // factor on service times
	load     float64 // factor on clients or rate
	thief    float64 // share of the slots that others take
	limiters int     // that stand in front of the plant
}

// conditions are what holds at one moment.
type conditions struct {
	slots    float64 // left to us
	service  float64
	load     float64
	limiters int
}

// at are the conditions of a phase after so much of it.
func (p phase) at(since time.Duration) conditions {
	share := float64(since) / float64(p.length)
	slots := p.slots + (p.to-p.slots)*share
	return conditions{slots * (1 - p.thief), p.service, p.load, p.limiters}
}
