package plant

import (
	"math/bits"
	"time"
)

// tally is what is written down while a plant runs.
type tally struct {
	offered, lost int
	phases        []stretch
	bins          []bin
	served        []float64 // work by source, since fairFrom
	fairFrom      int64

	open    bin
	limits  int // in force
	limitAt int64
	crowdAt int64
	last    int // phase
}

// stretch is one phase.
type stretch struct {
	latencies histogram
	work      float64 // done in time, in mean requests
	possible  float64 // what the plant could have done of what was asked
}

// bin is one tick. Limits are summed over the limiters of a plant.
type bin struct {
	limit, inside float64 // means
	most          int     // highest limit
	best          float64 // limit that is optimal
	phase         int
	light         bool // less is asked than the plant can do
}

func newTally(spec *Spec, sources int) *tally {
	starts := spec.Phases()
	end := spec.Length()
	return &tally{
		phases:   make([]stretch, len(spec.phases)),
		bins:     make([]bin, 0, int64(end)/tick+1),
		served:   make([]float64, sources),
		fairFrom: int64(starts[len(starts)-1]+end) / 2,
		last:     -1,
	}
}

// done counts a request that ended well.
func (t *tally) done(latency time.Duration, work float64, source int) {
	p := &t.phases[t.last]
	p.latencies.add(latency)
	p.work += work
	if t.crowdAt >= t.fairFrom {
		t.served[source] += work
	}
}

// limit notes what the limit is from now on.
func (t *tally) limit(now int64, l int) {
	t.open.limit += float64(t.limits) * float64(now-t.limitAt)
	t.open.most = max(t.open.most, l)
	t.limits, t.limitAt = l, now
}

// crowd notes how many have been inside until now.
func (t *tally) crowd(now int64, inside int) {
	t.open.inside += float64(inside) * float64(now-t.crowdAt)
	t.crowdAt = now
}

// turn ends one bin and begins the next, under the conditions of now.
func (t *tally) turn(s *sim) {
	t.limit(s.now, t.limits)
	t.crowd(s.now, s.inside)
	if t.last >= 0 {
		t.keep()
	}
	t.last = s.phase
	asked := s.rate
	light := s.spec.load.open() && asked < s.best.capacity*(1-1e-9)
	t.open = bin{best: s.best.limit, phase: s.phase, light: light}
	t.phases[s.phase].possible += s.possible() * float64(tick)
}

// possible is the rate at which the plant could do what is asked of it.
func (s *sim) possible() float64 {
	if s.spec.load.open() {
		return min(s.rate, s.best.capacity)
	}
	if s.clients[0] == 0 {
		return 0
	}
	return s.best.capacity
}

func (t *tally) keep() {
	t.open.limit /= float64(tick)
	t.open.inside /= float64(tick)
	t.bins = append(t.bins, t.open)
}

// close ends the last bin.
func (t *tally) close(s *sim) {
	t.limit(s.now, t.limits)
	t.crowd(s.now, s.inside)
	t.keep()
}

// fine is the bits of a latency that a histogram keeps: 128 buckets to the octave,
// half a per cent apart.
const fine = 7

// histogram counts latencies.
type histogram struct {
	counts [(64 - fine) << fine]uint32
	total  uint64
}

func (h *histogram) add(d time.Duration) {
	v := uint64(max(d, 0))
	h.counts[bucket(v)]++
	h.total++
}

// bucket is the place of a value: exact below 1 << fine, then by its first bits.
func bucket(v uint64) int {
	shift := bits.Len64(v|1<<fine) - fine - 1
	return shift<<fine + int(v>>shift)
}

// edge is the least value of a bucket.
func edge(i int) float64 {
	if i < 2<<fine {
		return float64(i)
	}
	shift := i>>fine - 1
	return float64(uint64(i-shift<<fine) << shift)
}

// quantile is the q-quantile in nanoseconds, linear within a bucket; 0 of nothing.
func (h *histogram) quantile(q float64) float64 {
	want, seen := q*float64(h.total), 0.0
	for i, n := range h.counts {
		if n == 0 {
			continue
		}
		if seen+float64(n) >= want {
			return edge(i) + (edge(i+1)-edge(i))*(want-seen)/float64(n)
		}
		seen += float64(n)
	}
	return 0
}
