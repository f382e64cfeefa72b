package limiter_test

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"sluice/scanner/limiter"
)

// A shop is a first-come-first-served plant with a rule in front of it, in virtual
// seconds: enough to see how a rule moves. The laboratory is package plant.
type shop struct {
	rule    limiter.Rule
	initial int
	most    int
	seed    uint64
	length  float64                              // s
	servers func(at float64) int                 // at work at once
	service func(at float64) float64             // median s
	sigma   float64                              // of its logarithm
	arrive  func(at float64) float64             // a second; those beyond the limit are refused. nil: there is always one more
	tail    func(at float64, w *Tail)            // called at the end of each window
	signals func(limiter.Window) limiter.Signals // may be nil
}

// Tail is what a shop shows at the end of a window.
type Tail struct {
	Window   limiter.Window
	Decision limiter.Decision
	Used     float64 // share of the servers' time since the start
}

type event struct {
	at, since float64
	arrival   bool
}

type events []event

func (e events) Len() int           { return len(e) }
func (e events) Less(i, j int) bool { return e[i].at < e[j].at }
func (e events) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)        { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	*e = (*e)[:last]
	return x
}

// run is a shop at work.
type run struct {
	shop
	rng          *rand.Rand
	events       events
	queue        []float64 // since when those wait who were let in
	serving, in  int
	limit        int
	start        float64 // of the window
	span         float64 // s that it should last
	most         int     // inside at once in it
	latencies    []float64
	done, needed float64 // s of service given, and that could have been
	last         float64
}

// open lets a shop work until its time is up.
func (s shop) open() {
	r := &run{shop: s, rng: rand.New(rand.NewPCG(s.seed, 1)), limit: s.initial, span: limiter.DefaultWindow.Seconds()}
	if s.arrive != nil {
		heap.Push(&r.events, event{at: 0, arrival: true})
	}
	r.admit(0)
	for len(r.events) > 0 {
		e := heap.Pop(&r.events).(event)
		if e.at > s.length {
			return
		}
		r.needed += float64(s.servers(e.at)) * (e.at - r.last)
		r.done += float64(min(r.serving, s.servers(e.at))) * (e.at - r.last)
		r.last = e.at
		if e.arrival {
			heap.Push(&r.events, event{at: e.at + r.rng.ExpFloat64()/s.arrive(e.at), arrival: true})
			r.enter(e.at)
			continue
		}
		r.leave(e)
	}
}

func (r *run) enter(at float64) {
	if r.in < r.limit {
		r.in++
		r.queue = append(r.queue, at)
	}
	r.most = max(r.most, r.in)
	r.serve(at)
}

func (r *run) admit(at float64) {
	for r.arrive == nil && r.in < r.limit {
		r.in++
		r.queue = append(r.queue, at)
	}
	r.most = max(r.most, r.in)
	r.serve(at)
}

func (r *run) serve(at float64) {
	for r.serving < r.servers(at) && len(r.queue) > 0 {
		takes := r.service(at) * math.Exp(r.sigma*r.rng.NormFloat64())
		heap.Push(&r.events, event{at: at + takes, since: r.queue[0]})
		r.queue = r.queue[1:]
		r.serving++
	}
}

func (r *run) leave(e event) {
	r.serving--
	r.in--
	r.latencies = append(r.latencies, e.at-e.since)
	lasted := e.at - r.start
	if lasted >= r.span && (len(r.latencies) >= limiter.DefaultSamples || lasted >= limiter.LongestWindow*r.span) {
		r.decide(e.at)
	}
	r.admit(e.at)
}

func (r *run) decide(at float64) {
	w := limiter.Window{
		Start: seconds(r.start), End: seconds(at), Limit: r.limit, InFlight: r.most,
		Full: r.most >= r.limit, Completed: len(r.latencies), Latency: latencies(r.latencies),
	}
	w.InFlightMean = w.Latency.Mean.Seconds() * w.Rate()
	if r.signals != nil {
		w.Signals = r.signals(w)
	}
	d := r.rule.Next(w)
	r.limit = min(max(d.Limit, 1), r.shop.most)
	r.span = limiter.DefaultWindow.Seconds()
	if d.Window > 0 {
		r.span = d.Window.Seconds()
	}
	r.start, r.most, r.latencies = at, min(r.in, r.limit), r.latencies[:0]
	if r.tail != nil {
		r.tail(at, &Tail{Window: w, Decision: d, Used: r.done / r.needed})
	}
}

func latencies(all []float64) limiter.Latency {
	sorted := slices.Sorted(slices.Values(all))
	sum := 0.0
	for _, l := range sorted {
		sum += l
	}
	q := func(p float64) time.Duration { return seconds(sorted[int(p*float64(len(sorted)-1))]) }
	return limiter.Latency{
		Min: q(0), Mean: seconds(sum / float64(len(sorted))),
		P50: q(0.5), P90: q(0.9), P95: q(0.95), P99: q(0.99),
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func always[T any](v T) func(float64) T { return func(float64) T { return v } }

// until is a before a moment and b from it on.
func until[T any](moment float64, a, b T) func(float64) T {
	return func(at float64) T {
		if at < moment {
			return a
		}
		return b
	}
}
