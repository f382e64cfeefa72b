package plant

import (
	"time"

	"sluice/scanner/limiter"
)

// crowd brings clients, or the rate of arrivals, to what the conditions say.
func (s *sim) crowd() {
	l := &s.spec.load
	if !l.open() {
		want := int(float64(l.clients)*s.cond.load + 0.5)
		for i := range s.cond.limiters {
			s.ready[i] += want - s.clients[i]
			s.clients[i] = want
		}
		return
	}
	rate := l.perSec / 1e9
	if l.perSec == 0 {
		rate = l.rate * s.best.capacity
	}
	if rate *= s.cond.load; rate != s.rate {
		s.rate = rate
		s.draw() // times between arrivals have no memory, so a new draw is as good as the old one
	}
}

// draw finds when the next request comes in open load.
func (s *sim) draw() {
	s.arrival = never
	if s.rate > 0 {
		s.arrival = s.now + int64(s.arrivals.ExpFloat64()/s.rate)
	}
}

// offer brings a request to the gate in open load: in, or to the queue, or refused.
func (s *sim) offer(source int, attempts uint8) {
	if attempts == 0 {
		s.tally.offered++
	}
	if s.waiting.size == 0 && s.admit(source, attempts) {
		return
	}
	if s.waiting.size < s.spec.load.queue {
		s.waiting.push(attempts)
		return
	}
	s.lose(source, attempts)
}

// lose sends a request away: it comes back, or is given up.
func (s *sim) lose(source int, attempts uint8) {
	r := &s.spec.retry
	if s.spec.load.open() && int(attempts) < r.most {
		pause := int64(float64(r.after) * s.others.ExpFloat64())
		s.events.push(entry[int64]{key: s.now + pause, what: returns, id: int32(source), aux: uint32(attempts) + 1})
		return
	}
	s.tally.lost++
}

// pump lets in who waits at a gate.
func (s *sim) pump(source int) {
	if s.spec.load.open() {
		for s.waiting.size > 0 && s.admit(source, s.waiting.items[s.waiting.head]) {
			s.waiting.pop()
		}
		return
	}
	for s.ready[source] > 0 && s.admit(source, 0) {
		s.ready[source]--
		s.tally.offered++
	}
}

// admit asks the gate to let one request in.
func (s *sim) admit(source int, attempts uint8) bool {
	ticket, ok := s.gates[source].Admit(s.clock.now)
	if !ok {
		return false
	}
	id := s.take()
	r := &s.requests[id]
	r.admitted, r.ticket, r.source, r.attempts = s.now, ticket, int8(source), attempts
	s.demand(r)
	s.tally.crowd(s.now, s.inside)
	s.inside++
	if s.spec.timeout > 0 {
		s.events.push(entry[int64]{key: s.now + int64(s.spec.timeout), what: leaves, id: id, aux: r.uses})
	}
	s.station.arrive(id)
	return true
}

func (s *sim) take() int32 {
	if n := len(s.free); n > 0 {
		id := s.free[n-1]
		s.free = s.free[:n-1]
		return id
	}
	s.requests = append(s.requests, request{})
	return int32(len(s.requests) - 1)
}

// demand draws what a request asks of the plant.
func (s *sim) demand(r *request) {
	drawn := s.spec.service.draw(s.services)
	r.work = drawn / s.mean
	r.demand = int64(drawn * s.scale * s.cond.service)
	if s.second > 0 {
		other := s.spec.service.draw(s.services)
		r.second = int64(other * s.second * s.cond.service)
		r.work = float64(r.demand+r.second) / (s.mean * (s.scale + s.second) * s.cond.service)
	}
	r.gone = false
	r.hung = s.spec.hang.share > 0 && s.others.Float64() < s.spec.hang.share
	if r.hung {
		r.demand = int64(s.spec.hang.time)
	}
}

// finish is called by the station when a request is done.
func (s *sim) finish(id int32) {
	r := &s.requests[id]
	r.uses++
	s.free = append(s.free, id)
	if r.gone {
		return // the work was for nobody
	}
	if r.hung {
		s.settle(r, limiter.Dropped)
		return
	}
	s.tally.done(time.Duration(s.now-r.admitted), r.work, int(r.source))
	s.settle(r, limiter.Success)
}

// happen does what was planned.
func (s *sim) happen(e entry[int64]) {
	if e.what == returns {
		if !s.spec.load.open() {
			s.come(int(e.id))
			return
		}
		s.offer(int(e.id), uint8(e.aux))
		return
	}
	r := &s.requests[e.id]
	if r.uses == e.aux && !r.gone {
		r.gone = true // the station knows nothing of it and works on
		s.settle(r, limiter.Dropped)
	}
}

// settle ends a request for its gate and its client.
func (s *sim) settle(r *request, o limiter.Outcome) {
	ticket, source, attempts := r.ticket, int(r.source), r.attempts
	r.ticket = nil
	s.tally.crowd(s.now, s.inside)
	s.inside--
	ticket.Settle(s.clock.now, time.Duration(s.now-r.admitted), o)
	if l := s.gates[source].Limit(); l != s.limits[source] {
		s.look()
	}
	switch {
	case !s.spec.load.open():
		if o == limiter.Dropped {
			s.tally.lost++
		}
		s.think(source)
	case o == limiter.Dropped:
		s.lose(source, attempts)
	}
	s.pump(source)
}

// think lets a client of closed load pause before it comes back. One too many goes
// home.
func (s *sim) think(source int) {
	if pause := s.spec.load.think; pause > 0 {
		wait := int64(float64(pause) * s.others.ExpFloat64())
		s.events.push(entry[int64]{key: s.now + wait, what: returns, id: int32(source)})
		return
	}
	s.ready[source]++
}

func (s *sim) come(source int) {
	s.ready[source]++
	s.pump(source)
}
