package plant

import "math"

// never is later than every moment of a simulation, in nanoseconds.
const never = math.MaxInt64

// station serves requests. It tells the simulation when it is due again, how much
// of it is busy and what waits, and hands finished requests back by sim.finish.
type station interface {
	arrive(r int32)
	step() // what is due now
	set(c conditions)
}

// newStation is the station of a plant.
func newStation(s *sim) station {
	switch l := &s.spec.station; l.kind {
	case sharing, scalability:
		return &shared{sim: s, alpha: l.alpha, beta: l.beta, law: l.kind == scalability}
	case twoStations:
		return &tandem{sim: s, io: lane{slots: l.io.slots}, cpu: lane{slots: l.cpu.slots}}
	case knee:
		return &bend{sim: s}
	case batch:
		return newShipping(s)
	case fifo:
	}
	return &queue{sim: s}
}

// lane is slots with a queue before them. What is served may be requests or what is
// made of them; a number stands for it.
type lane struct {
	slots   int
	busy    int
	waiting ring[int32]
	ends    heap[int64]
}

func (l *lane) due() int64 {
	if l.ends.len() == 0 {
		return never
	}
	return l.ends.top().key
}

// fill starts what waits while slots are free; takes says how long.
func (l *lane) fill(now int64, takes func(id int32) int64) {
	for l.busy < l.slots && l.waiting.size > 0 {
		id := l.waiting.pop()
		l.busy++
		l.ends.push(entry[int64]{key: now + takes(id), id: id})
	}
}

func (l *lane) pop() int32 {
	l.busy--
	return l.ends.pop().id
}

// queue is the FIFO station: a lower number of slots takes effect as services end.
type queue struct {
	sim *sim
	lane
}

func (q *queue) arrive(r int32) {
	q.waiting.push(r)
	q.fill()
}

func (q *queue) step() {
	r := q.pop()
	q.fill()
	q.sim.finish(r)
}

func (q *queue) set(c conditions) {
	q.slots = max(1, int(math.Round(c.slots)))
	q.fill()
}

func (q *queue) fill() {
	q.lane.fill(q.sim.now, func(r int32) int64 { return q.sim.requests[r].demand })
	q.sim.due = q.due()
	q.sim.occupy(float64(q.busy), float64(q.waiting.size))
}

// tandem is two FIFO stations one after the other: I/O, then CPU.
type tandem struct {
	sim     *sim
	io, cpu lane
}

func (t *tandem) arrive(r int32) {
	t.io.waiting.push(r)
	t.fill()
}

func (t *tandem) step() {
	if t.io.due() <= t.cpu.due() {
		t.cpu.waiting.push(t.io.pop())
		t.fill()
		return
	}
	r := t.cpu.pop()
	t.fill()
	t.sim.finish(r)
}

func (t *tandem) set(conditions) { t.fill() }

func (t *tandem) fill() {
	t.io.fill(t.sim.now, func(r int32) int64 { return t.sim.requests[r].demand })
	t.cpu.fill(t.sim.now, func(r int32) int64 { return t.sim.requests[r].second })
	t.sim.due = min(t.io.due(), t.cpu.due())
	t.sim.occupy(float64(t.cpu.busy), float64(t.cpu.waiting.size))
}
