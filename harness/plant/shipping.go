package plant

import "math"

// shipping gathers requests into batches. A batch leaves when it is full, or when
// its first request has waited long enough, and takes one slot; what it takes does
// not depend on how full it is.
type shipping struct {
	sim     *sim
	open    int32 // batch that is being gathered; −1 is none
	closes  int64 // when it leaves as it is
	batches [][]int32
	free    []int32
	lane
}

func newShipping(s *sim) *shipping { return &shipping{sim: s, open: -1, closes: never} }

func (p *shipping) arrive(r int32) {
	if p.open < 0 {
		p.open = p.fresh()
		p.closes = p.sim.now + int64(p.sim.spec.station.linger)
	}
	p.batches[p.open] = append(p.batches[p.open], r)
	if len(p.batches[p.open]) >= p.sim.spec.station.size {
		p.ship()
	}
	p.fill()
}

// fresh is an empty batch.
func (p *shipping) fresh() int32 {
	if n := len(p.free); n > 0 {
		b := p.free[n-1]
		p.free = p.free[:n-1]
		return b
	}
	p.batches = append(p.batches, nil)
	return int32(len(p.batches) - 1)
}

func (p *shipping) ship() {
	p.waiting.push(p.open)
	p.open, p.closes = -1, never
}

func (p *shipping) step() {
	if p.closes <= p.due() {
		p.ship()
		p.fill()
		return
	}
	b := p.pop()
	p.fill()
	for _, r := range p.batches[b] {
		p.sim.finish(r)
	}
	p.batches[b] = p.batches[b][:0]
	p.free = append(p.free, b)
}

func (p *shipping) set(c conditions) {
	p.slots = max(1, int(math.Round(c.slots)))
	p.fill()
}

func (p *shipping) fill() {
	p.lane.fill(p.sim.now, func(b int32) int64 { return p.sim.requests[p.batches[b][0]].demand })
	p.sim.due = min(p.due(), p.closes)
	p.sim.occupy(float64(p.busy), float64(p.waiting.size*p.sim.spec.station.size))
}
