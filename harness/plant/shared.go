package plant

import "math"

// shared serves all requests at once. Each has done work at the same rate, which
// depends on how many there are: virtual time is the work that one present from the
// start would have had.
type shared struct {
	sim         *sim
	slots       float64
	alpha, beta float64
	law         bool // the scalability law in place of shared slots
	virtual     float64
	rate        float64 // of virtual time
	since       int64
	ends        heap[float64]
}

// speed is the rate at which each of n requests is served.
func (p *shared) speed(n float64) float64 {
	if p.law {
		return 1 / (1 + p.alpha*(n-1) + p.beta*n*(n-1))
	}
	return min(1, p.slots/n)
}

func (p *shared) advance() {
	p.virtual += float64(p.sim.now-p.since) * p.rate
	p.since = p.sim.now
}

func (p *shared) arrive(r int32) {
	p.advance()
	p.ends.push(entry[float64]{key: p.virtual + float64(p.sim.requests[r].demand), id: r})
	p.reckon()
}

func (p *shared) step() {
	p.advance()
	e := p.ends.pop()
	p.virtual = max(p.virtual, e.key) // what rounding to nanoseconds has left over
	p.reckon()
	p.sim.finish(e.id)
}

func (p *shared) set(c conditions) {
	p.advance()
	p.slots = c.slots
	p.reckon()
}

// reckon finds the rate and when the next request ends.
func (p *shared) reckon() {
	n := p.ends.len()
	if n == 0 {
		p.rate, p.sim.due = 0, never
		p.sim.occupy(0, 0)
		return
	}
	p.rate = p.speed(float64(n))
	p.sim.due = p.sim.now + int64(math.Ceil(max(0, p.ends.top().key-p.virtual)/p.rate))
	busy := float64(n)
	if !p.law {
		busy = min(busy, p.slots)
	}
	p.sim.occupy(busy, float64(n)-busy)
}

// bend is Vector's formula: a request takes longer the more are inside when it
// comes, and much longer beyond the knee.
type bend struct {
	sim  *sim
	knee float64
	ends heap[int64]
}

func (b *bend) arrive(r int32) {
	n := float64(b.ends.len() + 1)
	more := b.sim.spec.bent(n, b.knee) * b.sim.spec.service.median * b.sim.cond.service
	b.ends.push(entry[int64]{key: b.sim.now + b.sim.requests[r].demand + int64(more), id: r})
	b.reckon()
}

func (b *bend) step() {
	r := b.ends.pop().id
	b.reckon()
	b.sim.finish(r)
}

func (b *bend) set(c conditions) { b.knee = c.slots }

func (b *bend) reckon() {
	b.sim.due = never
	n := float64(b.ends.len())
	if n > 0 {
		b.sim.due = b.ends.top().key
	}
	busy := min(n, b.knee)
	b.sim.occupy(busy, n-busy)
}
