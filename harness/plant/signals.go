package plant

import (
	"math"

	"sluice/scanner/limiter"
)

// memory is how many requests fill it.
const memory = 1000

// levels are how busy a plant is, with their integrals over time.
type levels struct {
	at                    int64
	busy, waiting         float64
	busyTime, waitingTime float64 // since the start, in ns
}

// add brings the integrals up to now.
func (l *levels) add(now int64) {
	if dt := float64(now - l.at); dt > 0 {
		l.busyTime += l.busy * dt
		l.waitingTime += l.waiting * dt
		l.at = now
	}
}

// sight is what one contestant sees inside a plant: rules that go by load or by
// occupancy have no other way to know. It remembers when it was last asked.
type sight struct {
	sim  *sim
	last levels
}

// signals are averages since they were last asked for. The plant's slots, or its
// CPU's where it has two stations, are both the processors and the consumer of what
// the limited work delivers; what waits for them is the backlog, for which there is
// room of two for each slot. Each request inside holds a thousandth of the memory.
func (v *sight) signals() limiter.Signals {
	s := v.sim
	s.levels.add(s.now)
	slots := s.places()
	busy, waiting := s.levels.busy, s.levels.waiting
	if dt := float64(s.levels.at - v.last.at); dt > 0 {
		busy = (s.levels.busyTime - v.last.busyTime) / dt
		waiting = (s.levels.waitingTime - v.last.waitingTime) / dt
	}
	v.last = s.levels
	share := min(1, busy/slots)
	return limiter.Signals{
		Known: limiter.KnowsLoad | limiter.KnowsConsumer,
		CPU:   share, Memory: min(1, float64(s.inside)/memory),
		Busy: share, Backlog: waiting, Room: 2 * slots,
	}
}

// places is how many requests the plant serves at once without harm.
func (s *sim) places() float64 {
	switch s.spec.station.kind {
	case fifo, batch:
		return max(1, math.Round(s.cond.slots))
	case sharing:
		return s.cond.slots
	case twoStations:
		return float64(s.spec.station.cpu.slots)
	case scalability, knee:
	}
	return s.best.limit
}
