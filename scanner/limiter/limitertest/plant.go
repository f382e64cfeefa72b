package limitertest

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"sluice/scanner/limiter"
)

// service is how long a plant takes for one piece of work, and patience after how
// many times that a caller gives up: the piece counts as dropped.
const (
	service  = 10 * time.Millisecond
	patience = 6
)

// A plant serves so many at once, in order of arrival; in windows, by its balance
// alone. The limiter before it always has takers.
type plant struct {
	slots   int
	sigma   float64 // of the logarithm of service times
	load    float64 // arrivals over capacity; 0: whoever is let in is followed by another
	patient bool    // nobody gives up
	seen    int     // windows so far
	draw    *rand.Rand
}

func newPlant(slots int, sigma float64) *plant {
	return &plant{slots: slots, sigma: sigma, draw: rand.New(rand.NewPCG(uint64(slots), math.Float64bits(sigma)))}
}

// run gives a rule so many windows, and returns the limit after them.
func (p *plant) run(r limiter.Rule, limit, n int) int {
	for range n {
		limit = next(r, p.saturated(limit))
	}
	return limit
}

// mean is the limit on average in the last quarter of a long run.
func (p *plant) mean(r limiter.Rule, limit int) float64 {
	limit = p.run(r, limit, windows*3/4)
	sum := 0
	for range windows / 4 {
		limit = next(r, p.saturated(limit))
		sum += limit
	}
	return float64(sum) / (windows / 4)
}

// saturated is the window that follows under a limit with takers for all of it.
func (p *plant) saturated(limit int) limiter.Window {
	crowd := max(1, float64(limit)/float64(p.slots)) // how many times its service each piece is inside
	rate := min(float64(limit), float64(p.slots)) / service.Seconds()
	full := true
	if p.load > 0 { // arrivals scatter: sometimes too few
		arrivals := p.load * float64(p.slots) / service.Seconds() * (1 + 0.1*p.draw.NormFloat64())
		full = arrivals >= rate || limit < p.slots
		rate = min(rate, arrivals)
	}
	w := limiter.Window{
		Start: time.Duration(p.seen) * window, End: time.Duration(p.seen+1) * window,
		Limit: limit, InFlight: limit, InFlightMean: rate * service.Seconds() * crowd, Full: full,
	}
	if !full {
		w.InFlight = max(limit-1, 0)
	}
	p.seen++
	p.fill(&w, int(rate*window.Seconds()), crowd)
	return w
}

// fill draws n latencies.
func (p *plant) fill(w *limiter.Window, n int, crowd float64) {
	var done []time.Duration
	for range n {
		took := time.Duration(float64(service) * (math.Exp(p.sigma*p.draw.NormFloat64()) + crowd - 1))
		if !p.patient && took > patience*service {
			w.Dropped++
			continue
		}
		done = append(done, took)
	}
	w.Completed = len(done)
	w.Latency = latency(done)
}

// latency describes latencies.
func latency(all []time.Duration) limiter.Latency {
	if len(all) == 0 {
		return limiter.Latency{}
	}
	slices.Sort(all)
	sum := time.Duration(0)
	for _, d := range all {
		sum += d
	}
	at := func(share float64) time.Duration { return all[int(share*float64(len(all)-1))] }
	return limiter.Latency{Min: all[0], Mean: sum / time.Duration(len(all)), P50: at(0.5), P90: at(0.9), P95: at(0.95), P99: at(0.99)}
}
