package limiter_test

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"sluice/scanner/limiter"
)

// bdpWindow is a window with so many completions that nothing is in doubt.
func bdpWindow(i, limit int, latency time.Duration) limiter.Window {
	const length = time.Second
	return limiter.Window{
		Start: time.Duration(i) * length, End: time.Duration(i+1) * length, Limit: limit,
		InFlight: limit, InFlightMean: float64(limit), Full: true, Completed: 5000,
		Latency: limiter.Latency{Min: latency / 2, Mean: latency, P50: latency, P90: latency * 11 / 10, P95: latency * 12 / 10, P99: latency * 2},
	}
}

func TestBDPSaysWhyItMoves(t *testing.T) {
	type said struct {
		limit int
		why   string
	}
	slow := func(d time.Duration) func(*limiter.Window) {
		return func(w *limiter.Window) { w.Latency.P50, w.Latency.P90 = d, d*11/10 }
	}
	asItIs := func(*limiter.Window) {}
	lost := func(n int) func(*limiter.Window) { return func(w *limiter.Window) { w.Dropped = n } }
	unused := func(w *limiter.Window) { w.Full, w.InFlight = false, 7 }
	for _, row := range []struct {
		name string
		seen []func(*limiter.Window)
		want said
	}{
		{"it starts by doubling", []func(*limiter.Window){asItIs}, said{40, "looks at rest 5e3 > 0"}},
		{"work from before a change teaches nothing", []func(*limiter.Window){asItIs, slow(time.Hour)}, said{40, "work from before the change 20 > 0"}},
		{"latency that does not answer a higher limit lets it go on", []func(*limiter.Window){asItIs, asItIs, asItIs}, said{80, "rise of latency 0 < 0.347"}},
		{"latency that follows a higher limit sends it back", []func(*limiter.Window){asItIs, asItIs, slow(20 * time.Millisecond)}, said{20, "rise of latency 0.693 > 0.347"}},
		{"between the two it stands at rate times baseline", []func(*limiter.Window){asItIs, asItIs, slow(15 * time.Millisecond)}, said{27, "rise of latency 0.405 > 0.347"}},
		{"a limit above that is not reached goes back", []func(*limiter.Window){asItIs, asItIs, unused}, said{20, "limit not reached: in flight 7 < 40"}},
		{"a limit at rest that is not reached stays", []func(*limiter.Window){unused}, said{20, "limit not reached: in flight 7 < 20"}},
		{"drops lower it by their share", []func(*limiter.Window){lost(1250)}, said{16, "share dropped 0.2 > 0.05"}},
		{"drops alone halve it", []func(*limiter.Window){func(w *limiter.Window) { w.Completed, w.Dropped = 0, 100 }}, said{10, "share dropped 1 > 0.05"}},
		{"a few drops say nothing of the limit", []func(*limiter.Window){lost(50)}, said{40, "looks at rest 5e3 > 0"}},
		{"an empty window holds it", []func(*limiter.Window){func(w *limiter.Window) { *w = limiter.Window{Limit: w.Limit} }}, said{20, "nothing to learn"}},
		{"a window without length holds it", []func(*limiter.Window){func(w *limiter.Window) { w.End = w.Start }}, said{20, "nothing to learn"}},
		{"negative latencies hold it", []func(*limiter.Window){slow(-1)}, said{20, "nothing to learn"}},
		{"negative counts hold it", []func(*limiter.Window){lost(-3)}, said{20, "nothing to learn"}},
		{"a limit that somebody else set is taken on", []func(*limiter.Window){func(w *limiter.Window) { w.Limit = 50 }}, said{50, "work from before the change 20 > 0"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := limiter.NewBDP(limiter.Bounds{Initial: 20, Min: 1, Max: 1000})
			limit := 20
			var d limiter.Decision
			for i, change := range row.seen {
				w := bdpWindow(i, limit, 10*time.Millisecond)
				change(&w)
				d = r.Next(w)
				limit = d.Limit
			}
			if got := (said{d.Limit, d.Reason.String()}); got != row.want {
				t.Errorf("got %v, want %v", got, row.want)
			}
		})
	}
}

// TestBDPFindsTheSlots puts the rule on plants in balance: latency is service × the
// crowd, without noise.
func TestBDPFindsTheSlots(t *testing.T) {
	for _, slots := range []int{1, 2, 4, 10, 40, 200} {
		for _, initial := range []int{1, 8, 20, 100, 400} {
			t.Run(fmt.Sprintf("%d slots are found from a limit of %d", slots, initial), func(t *testing.T) {
				r := limiter.NewBDP(limiter.Bounds{Initial: initial, Min: 1, Max: 1000})
				limit, sum := initial, 0
				for i := range 300 {
					limit = r.Next(bdpWindow(i, limit, time.Duration(float64(time.Millisecond)*max(1, float64(limit)/float64(slots))))).Limit
					if i >= 100 {
						sum += limit
					}
				}
				if mean := float64(sum) / 200; mean < 0.9*float64(slots) || mean > 1.1*float64(slots)+0.3 {
					t.Errorf("the limit is %.2f on average", mean)
				}
			})
		}
	}
}

func TestBDPTellsSlowerWorkFromAQueue(t *testing.T) {
	for _, row := range []struct {
		name    string
		latency func(limit int) float64 // in units of before; 20 slots then
		want    float64
	}{
		{"half of the slots are gone: half the limit", func(limit int) float64 { return max(1, float64(limit)/10) }, 10},
		{"work takes twice as long: the same limit", func(limit int) float64 { return 2 * max(1, float64(limit)/20) }, 20},
		{"work takes half as long: the same limit", func(limit int) float64 { return max(1, float64(limit)/20) / 2 }, 20},
		{"both at once", func(limit int) float64 { return 3 * max(1, float64(limit)/5) }, 5},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := limiter.NewBDP(limiter.Bounds{Initial: 20, Min: 1, Max: 1000})
			limit, sum := 20, 0
			for i := range 400 {
				latency := max(1, float64(limit)/20)
				if i >= 100 {
					latency = row.latency(limit)
				}
				limit = r.Next(bdpWindow(i, limit, time.Duration(latency*float64(10*time.Millisecond)))).Limit
				if i >= 200 {
					sum += limit
				}
			}
			if mean := float64(sum) / 200; math.Abs(mean-row.want) > 0.1*row.want {
				t.Errorf("the limit is %.2f on average, want %v", mean, row.want)
			}
		})
	}
}

// A bdpPlant serves work in order of arrival, or shares its slots, in virtual time;
// the windows before it are made as the machinery makes them.
type bdpPlant struct {
	shared  bool
	phase   []bdpPhase
	load    float64 // arrivals over capacity; 0: there is always more, up to 400 at once
	sigma   float64 // of the logarithm of service times
	initial int
}

// A bdpPhase lasts bdpLength.
type bdpPhase struct {
	slots   int
	service float64 // median, in seconds
}

const bdpLength = 40.0 // seconds

// bdpScore is one phase's.
type bdpScore struct {
	power  float64
	settle int // seconds; −1 is never
}

// bdpWork is the work inside, by when it ends: in seconds, or in units of service
// where slots are shared.
type bdpWork []struct{ came, ends float64 }

func (h bdpWork) Len() int           { return len(h) }
func (h bdpWork) Less(i, j int) bool { return h[i].ends < h[j].ends }
func (h bdpWork) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *bdpWork) Push(x any)        { *h = append(*h, x.(struct{ came, ends float64 })) }
func (h *bdpWork) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// bdpRun is a plant at work.
type bdpRun struct {
	bdpPlant
	draw    *rand.Rand
	rule    limiter.Rule
	limit   int
	now     float64
	arrival float64 // the next
	served  float64 // how much service each piece has had, where slots are shared
	busy    bdpWork
	queue   []float64 // when they came

	start, length float64 // of the window
	most          int
	full          bool
	window, all   []float64 // latencies in the window, and by phase
	limits        []float64 // mean by second
	scores        []bdpScore
}

func (p bdpPlant) run(seed uint64) []bdpScore {
	r := &bdpRun{bdpPlant: p, draw: rand.New(rand.NewPCG(seed, 5)), limit: p.initial, length: limiter.DefaultWindow.Seconds()}
	r.rule = limiter.NewBDP(limiter.Bounds{Initial: p.initial, Min: 1, Max: 1000})
	r.limits = make([]float64, int(bdpLength)*len(p.phase))
	for at := range p.phase {
		r.all = r.all[:0]
		for r.now < bdpLength*float64(at+1) {
			r.step(p.phase[at])
		}
		r.score(at)
	}
	return r.scores
}

// step goes to the next arrival or end.
func (r *bdpRun) step(at bdpPhase) {
	r.fill(at)
	speed, next := r.speed(at), math.Inf(1)
	if len(r.busy) > 0 && r.shared {
		next = r.now + (r.busy[0].ends-r.served)/speed
	} else if len(r.busy) > 0 {
		next = r.busy[0].ends
	}
	if r.load > 0 && r.arrival < next {
		r.pass(r.arrival, speed)
		r.arrival += r.draw.ExpFloat64() * at.service * math.Exp(r.sigma*r.sigma/2) / float64(at.slots) / r.load
		r.admit()
		return
	}
	r.pass(next, speed)
	done := heap.Pop(&r.busy).(struct{ came, ends float64 })
	r.settle(r.now - done.came)
}

// speed is that of each piece of work.
func (r *bdpRun) speed(at bdpPhase) float64 {
	if !r.shared || len(r.busy) <= at.slots {
		return 1
	}
	return float64(at.slots) / float64(len(r.busy))
}

// pass lets time pass.
func (r *bdpRun) pass(until, speed float64) {
	r.served += (until - r.now) * speed
	for second := int(r.now); second < len(r.limits) && float64(second) < until; second++ {
		r.limits[second] += float64(r.limit) * (min(until, float64(second+1)) - max(r.now, float64(second)))
	}
	r.now = until
}

func (r *bdpRun) inside() int { return len(r.busy) + len(r.queue) }

// fill lets in what is there, and starts what has a slot.
func (r *bdpRun) fill(at bdpPhase) {
	for r.load == 0 && r.inside() < min(r.limit, 400) {
		r.admit()
	}
	for len(r.queue) > 0 && (r.shared || len(r.busy) < at.slots) {
		work := struct{ came, ends float64 }{r.queue[0], at.service * math.Exp(r.sigma*r.draw.NormFloat64())}
		r.queue = r.queue[1:]
		if work.ends += r.now; r.shared {
			work.ends += r.served - r.now
		}
		heap.Push(&r.busy, work)
	}
}

// admit lets one in if there is room.
func (r *bdpRun) admit() {
	if r.inside() < r.limit {
		r.queue = append(r.queue, r.now)
	}
	r.most = max(r.most, r.inside())
	r.full = r.full || r.inside() >= r.limit
}

// settle takes a latency in, and closes the window if it is time.
func (r *bdpRun) settle(latency float64) {
	r.all = append(r.all, latency)
	r.window = append(r.window, latency)
	long := r.now - r.start
	if long < r.length || len(r.window) < limiter.DefaultSamples && long < limiter.LongestWindow*r.length {
		return
	}
	sum := 0.0
	for _, l := range r.window {
		sum += l
	}
	slices.Sort(r.window)
	at := func(share float64) time.Duration { // as a histogram of 32 buckets an octave rounds
		l := r.window[int(share*float64(len(r.window)-1))]
		return bdpSeconds(math.Exp2((math.Floor(math.Log2(l)*32) + 0.5) / 32))
	}
	d := r.rule.Next(limiter.Window{
		Start: bdpSeconds(r.start), End: bdpSeconds(r.now), Limit: r.limit, InFlight: r.most, InFlightMean: sum / long, Full: r.full,
		Completed: len(r.window),
		Latency:   limiter.Latency{Min: at(0), Mean: bdpSeconds(sum / float64(len(r.window))), P50: at(0.5), P90: at(0.9), P95: at(0.95), P99: at(0.99)},
	})
	r.limit = min(max(d.Limit, 1), 1000)
	if r.length = limiter.DefaultWindow.Seconds(); d.Window > 0 {
		r.length = d.Window.Seconds()
	}
	r.start, r.window, r.most, r.full = r.now, r.window[:0], r.inside(), r.inside() >= r.limit
}

func bdpSeconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// score is how the phase went: power is utilisation over the median latency in units
// of that without queueing; the limit has settled with the first of five seconds
// within a tenth of the slots.
func (r *bdpRun) score(at int) {
	p, s := r.phase[at], bdpScore{settle: -1}
	slices.Sort(r.all)
	used := float64(len(r.all)) * p.service * math.Exp(r.sigma*r.sigma/2) / float64(p.slots) / bdpLength
	s.power = used / (r.all[len(r.all)/2] / p.service)
	near := 0
	for second, limit := range r.limits[at*int(bdpLength) : (at+1)*int(bdpLength)] {
		if near++; math.Abs(limit-float64(p.slots)) > 0.1*float64(p.slots) {
			near = 0
		}
		if near == 5 {
			s.settle = second - 4
			break
		}
	}
	r.scores = append(r.scores, s)
}

func TestBDPOnPlantsWithNoise(t *testing.T) {
	steps := []bdpPhase{{10, 0.01}, {40, 0.01}, {10, 0.01}}
	for _, row := range []struct {
		name   string
		plant  bdpPlant
		power  float64 // least, on average over the phases
		settle int     // seconds at most, in each phase, as the median of seeds; 0: any
	}{
		{"steps of the slots, in order", bdpPlant{phase: steps, sigma: 0.25, initial: 20}, 0.92, 5},
		{"steps of the slots, shared", bdpPlant{phase: steps, shared: true, sigma: 0.25, initial: 20}, 0.92, 5},
		{"steps of the slots, nearly no noise", bdpPlant{phase: steps, sigma: 0.05, initial: 20}, 0.92, 5},
		{"steps of the slots, open load", bdpPlant{phase: steps, load: 1.2, sigma: 0.25, initial: 20}, 0.80, 0},
		{"service twice as long and back", bdpPlant{phase: []bdpPhase{{20, 0.01}, {20, 0.02}, {20, 0.01}}, sigma: 0.25, initial: 8}, 0.92, 15},
		{"one slot", bdpPlant{phase: []bdpPhase{{1, 0.01}}, sigma: 0.25, initial: 1}, 0.85, 0},
		{"a limit far too high at first", bdpPlant{phase: []bdpPhase{{20, 0.01}}, sigma: 0.25, initial: 400}, 0.85, 10},
		{"wide spread", bdpPlant{phase: []bdpPhase{{20, 0.01}, {40, 0.01}}, sigma: 1, initial: 20}, 0.75, 0},
		{"long work, over 160 of its latencies", bdpPlant{phase: []bdpPhase{{40, 0.5}, {40, 0.5}}, sigma: 0.25, initial: 20}, 0.75, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			settled := make([][]int, len(row.plant.phase))
			for seed := range uint64(5) {
				power := 0.0
				scores := row.plant.run(201 + seed)
				for i, s := range scores {
					power += s.power / float64(len(scores))
					settled[i] = append(settled[i], s.settle)
				}
				if power < row.power {
					t.Errorf("seed %d: power %.3f in phases %+v, want %v at least", 201+seed, power, scores, row.power)
				}
			}
			for i, seconds := range settled {
				slices.Sort(seconds)
				if row.settle > 0 && (seconds[0] < 0 || seconds[2] > row.settle) {
					t.Errorf("phase %d: settled after %d s, want a median of %d at most", i, seconds, row.settle)
				}
			}
		})
	}
}
