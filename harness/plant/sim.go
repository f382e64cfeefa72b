package plant

import (
	"context"
	"math/rand/v2"
	"time"

	"sluice/scanner/limiter"
)

// what is to happen to a request.
type what uint8

const (
	leaves  what = iota // its client gives it up
	returns             // its client comes back
)

// tick is how often conditions are looked at, and the grain of scores, in
// nanoseconds.
const tick = int64(100 * time.Millisecond)

// request is one request inside the plant. They are kept in a slab and used again.
type request struct {
	admitted int64
	demand   int64   // of service, in ns; two stations: of I/O
	second   int64   // two stations: of CPU
	work     float64 // demand in units of the mean
	ticket   Ticket
	uses     uint32 // tells it from later users of its place
	source   int8
	attempts uint8
	hung     bool // never ends well
	gone     bool // nobody waits for it any longer
}

// sim is one plant with one contestant in virtual time.
type sim struct {
	spec  *Spec
	now   int64 // ns
	clock virtual
	sleep func(time.Duration)

	gates   []Gate
	limits  []int
	inside  int
	ready   []int       // closed: clients at the gate, by source
	clients []int       // closed: clients there are, by source
	waiting ring[uint8] // open: what waits at the gate, with how often each came before
	arrival int64       // of the next request

	station  station
	due      int64 // when the station wants to step
	requests []request
	free     []int32
	events   heap[int64]

	arrivals, services, others *rand.Rand

	phase  int
	cond   conditions
	best   best
	rate   float64 // of arrivals per ns
	scale  float64 // makes a draw the first station's demand
	second float64 // and the second's
	mean   float64 // of a draw
	levels levels
	tally  *tally
}

// virtual is the clock that contestants see.
type virtual struct{ now time.Duration }

// Now is the virtual time since the start.
func (v *virtual) Now() time.Duration { return v.now }

// setting is what a simulation is made of.
type setting struct {
	spec       *Spec
	contestant Contestant
	seed       uint64
	sleep      func(time.Duration)
}

// simulate runs a contestant through a plant.
func simulate(ctx context.Context, o setting) (*tally, error) {
	s, err := newSim(o)
	if err != nil {
		return nil, err
	}
	end := int64(o.spec.Length())
	for next := int64(0); next < end; next += tick {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		s.until(next)
		s.turn()
	}
	s.until(end)
	s.tally.close(s)
	s.leave()
	return s.tally, nil
}

// leave settles what is still inside when the plant closes, as no gate should be
// left with permits that are out.
func (s *sim) leave() {
	for i := range s.requests {
		if r := &s.requests[i]; r.ticket != nil {
			r.ticket.Settle(s.clock.now, time.Duration(s.now-r.admitted), limiter.Ignored)
		}
	}
}

func newSim(o setting) (*sim, error) {
	stream := func(n uint64) *rand.Rand { return rand.New(rand.NewPCG(o.seed, n)) }
	s := &sim{
		spec: o.spec, sleep: o.sleep, due: never, arrival: never, phase: -1,
		arrivals: stream(1), services: stream(2), others: stream(3),
		mean: o.spec.service.mean(), scale: 1,
	}
	if st := o.spec.station; st.kind == twoStations {
		s.scale, s.second = float64(st.io.demand)/s.mean, float64(st.cpu.demand)/s.mean
	}
	most := 1
	for _, p := range o.spec.phases {
		most = max(most, p.limiters)
	}
	for i := range most {
		seen := &sight{sim: s}
		gate, err := o.contestant.New(o.seed+uint64(i)<<32, &s.clock, seen.signals)
		if err != nil {
			return nil, err
		}
		if knowing, ok := gate.(*oracle); ok {
			knowing.sim, knowing.index = s, i
		}
		s.gates = append(s.gates, gate)
	}
	s.limits = make([]int, most)
	s.ready, s.clients = make([]int, most), make([]int, most)
	s.station = newStation(s)
	s.tally = newTally(o.spec, most)
	return s, nil
}

// until brings the simulation to a moment; what is due at that moment is done.
func (s *sim) until(end int64) {
	for {
		at, which := s.due, 0
		if s.arrival < at {
			at, which = s.arrival, 1
		}
		if s.events.len() > 0 && s.events.top().key < at {
			at, which = s.events.top().key, 2
		}
		if at > end {
			s.move(end)
			return
		}
		s.move(at)
		switch which {
		case 0:
			s.station.step()
		case 1:
			s.draw()
			s.offer(0, 0)
		case 2:
			s.happen(s.events.pop())
		}
	}
}

func (s *sim) move(to int64) {
	if s.sleep != nil && to > s.now {
		s.sleep(time.Duration(to - s.now))
	}
	s.now, s.clock.now = to, time.Duration(to)
}

// turn brings conditions up to date, tells the tally and lets in who waits: a gate
// that lets in nobody is asked again this often.
func (s *sim) turn() {
	phase, began := s.phaseAt()
	p := &s.spec.phases[phase]
	cond := p.at(time.Duration(s.now - began))
	if phase != s.phase || cond != s.cond {
		s.phase, s.cond = phase, cond
		s.best = s.spec.best(cond)
		s.station.set(cond)
		s.crowd()
	}
	s.tally.turn(s)
	s.look()
	for i := range cond.limiters {
		s.pump(i)
	}
	s.look()
}

func (s *sim) phaseAt() (index int, began int64) {
	at := int64(0)
	for i, p := range s.spec.phases {
		if s.now < at+int64(p.length) || i == len(s.spec.phases)-1 {
			return i, at
		}
		at += int64(p.length)
	}
	return 0, 0
}

// look reads the limits.
func (s *sim) look() {
	sum := 0
	for i := range s.cond.limiters {
		s.limits[i] = s.gates[i].Limit()
		sum += s.limits[i]
	}
	s.tally.limit(s.now, sum)
}

// occupy is told by the station how much of it is busy and what waits in it.
func (s *sim) occupy(busy, waiting float64) {
	s.levels.add(s.now)
	s.levels.busy, s.levels.waiting = busy, waiting
}
