package limiter_test

import (
	"container/heap"
	"math"
	"math/rand/v2"

	"sluice/scanner/limiter"
)

// A pipe reads files, so many at once as a rule lets it, and hands each to the
// consumers over a channel with room for some. A read keeps its permit until it is
// handed over. Times are in virtual seconds.
type pipe struct {
	rule          limiter.Rule // nil: initial throughout
	initial, most int
	seed          uint64
	files         int
	first         float64 // s that the first window lasts
	samples       int     // least of a window
	read          float64
	lanes         int     // reads that the storage serves at once; 0: any number
	readSigma     float64 // of the logarithms
	consumers     int
	consume       func(done int) float64 // s for the file after so many
	sizes         float64                // sigma of what consuming takes
	room          int
	tail          func(at float64, w limiter.Window, d limiter.Decision)
}

type flow struct {
	pipe
	rng             *rand.Rand
	events          events
	limit, in, most int
	begun, done     int
	waiting         []float64 // for a lane, since
	reading         int
	ready           []float64 // read, and not taken: since when each was under way
	working         int
	at, start, span float64
	busy, backlog   float64 // integrals over the window
	latencies       []float64
}

// seconds is how long the pipe takes for all files.
func (p pipe) seconds() float64 {
	f := &flow{pipe: p, rng: rand.New(rand.NewPCG(p.seed, 2)), limit: p.initial, span: p.first}
	f.admit()
	for len(f.events) > 0 {
		e := heap.Pop(&f.events).(event)
		f.busy += float64(f.working) * (e.at - f.at)
		f.backlog += float64(len(f.ready)) * (e.at - f.at)
		f.at = e.at
		if e.arrival { // a consumer is free
			f.working--
			f.done++
		} else {
			f.reading--
			f.ready = append(f.ready, e.since)
			f.settle(len(f.ready) - 1)
		}
		f.take()
		f.admit()
	}
	return f.at
}

// take gives the consumers what is ready. Those beyond the room have not been
// handed over; the first of them is when a place is free.
func (f *flow) take() {
	for f.working < f.consumers && len(f.ready) > 0 {
		f.ready = f.ready[1:]
		f.working++
		takes := f.consume(f.done) * math.Exp(f.sizes*f.rng.NormFloat64())
		heap.Push(&f.events, event{at: f.at + takes, arrival: true})
		f.settle(f.room - 1)
	}
}

// settle returns the permit of the delivery at a place, if it is there and within
// the room.
func (f *flow) settle(place int) {
	if f.room == 0 {
		place = 0
	}
	if place < 0 || place >= len(f.ready) || place >= max(1, f.room) {
		return
	}
	f.in--
	f.latencies = append(f.latencies, f.at-f.ready[place])
	lasted := f.at - f.start
	if f.rule != nil && lasted >= f.span && (len(f.latencies) >= f.samples || lasted >= limiter.LongestWindow*f.span) {
		f.decide()
	}
}

func (f *flow) admit() {
	for f.in < f.limit && f.begun < f.files {
		f.in++
		f.begun++
		f.waiting = append(f.waiting, f.at)
	}
	f.most = max(f.most, f.in)
	for len(f.waiting) > 0 && (f.lanes == 0 || f.reading < f.lanes) {
		f.reading++
		takes := f.read * math.Exp(f.readSigma*f.rng.NormFloat64())
		heap.Push(&f.events, event{at: f.at + takes, since: f.waiting[0]})
		f.waiting = f.waiting[1:]
	}
}

func (f *flow) decide() {
	length := f.at - f.start
	w := limiter.Window{
		Start: seconds(f.start), End: seconds(f.at), Limit: f.limit, InFlight: f.most,
		Full: f.most >= f.limit, Completed: len(f.latencies), Latency: latencies(f.latencies),
		Signals: limiter.Signals{
			Known: limiter.KnowsConsumer, Busy: f.busy / length / float64(f.consumers),
			Backlog: f.backlog / length, Room: float64(f.room),
		},
	}
	w.InFlightMean = w.Latency.Mean.Seconds() * w.Rate()
	d := f.rule.Next(w)
	f.limit = min(max(d.Limit, 1), f.pipe.most)
	f.span = limiter.DefaultWindow.Seconds()
	if d.Window > 0 {
		f.span = d.Window.Seconds()
	}
	f.start, f.most, f.latencies, f.busy, f.backlog = f.at, min(f.in, f.limit), f.latencies[:0], 0, 0
	if f.tail != nil {
		f.tail(f.at, w, d)
	}
}
