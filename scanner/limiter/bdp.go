package limiter

import (
	"math"
	"time"
)

// BDP is bandwidth × delay with probing: the limit is the rate of completion times
// the latency without queueing, which is how much is inside when nothing waits and
// nothing idles (Kleinrock 1979; for networks Cardwell et al., BBR, 2016).
//
// Both factors are known only by looking. A queue is what gets shorter when less is
// let in, so latency is compared between two limits, and the comparison has three
// uses:
//
//   - above: a limit a step higher is tried. If latency answers by less than half of
//     the step, rate grew by more than half of it: power, rate over latency, is
//     higher there, and the limit stays. The next step is twice as large.
//   - below: now and then a limit a step lower is tried. If latency does not fall,
//     nobody waited, and this is the baseline, the latency without queueing. If it
//     falls, the baseline lies there or lower.
//   - cut: latency above the baseline by more than half a step, at a limit that did not
//     move, is either a queue or slower work. The limit goes to what rate × baseline
//     says. If latency falls, it was a queue; if not, the work is slower: the limit
//     goes back, the baseline is raised, and looked for below before it is trusted.
//     A baseline half as high again as the last that was proved is believed only if
//     half the limit does not lower latency either: of what a small cut does, others
//     who share the plant hide all but our own part, and without that proof three and
//     more limiters drive each other up without end. Four are held by it; of eight that
//     begin together in front of one plant each hides too much of the others, and the
//     limits still creep up: there a limit belongs in front of the plant, not in each client.
//
// Drops lower the limit by their share. Where half the limit loses as much, they are
// none of its doing: it comes back, and they are borne.
//
// So a queue that the limiter itself lets grow never becomes the baseline, and no
// average or minimum over time stands between the rule and a plant that has changed.
// How long a look takes is decided by noise, as measured between windows under one
// limit: until the error of latency is a quarter of a step, and where that would take
// more than Samples completions, steps are larger. Windows in which work from before a
// change of the limit ended are left out. One in which the limit was not reached may
// lower it and never raises it.
//
// Tried, on steps of the slots as in the laboratory (power there: 0.97) and on other
// plants: gains in a cycle around highest rate × least latency, as BBR has it (0.92;
// a tenth of that once work takes twice as long, which the least latency of ten
// seconds makes a queue of); two limits in turn with a step along the difference in
// power, without a baseline (0.90; 0.6 before one slot, and it hardly comes down from
// 400); limit × baseline over latency, the baseline a minimum over 100 windows (0.1 to
// 0.6: the minimum of a noisy figure is too low, and the limit with it). Medians and
// not means, for the sake of outliers. Where half of the work takes ten times as long
// as the rest, the median jumps between the two, and the limit comes out far too low
// (power 0.3); means reach 0.5 there.
type BDP struct {
	Step    float64 // of the limit between two looks, as a share of it; more where noise asks for it
	Doubt   float64 // standard errors by which a difference counts; twice as many before a look is over
	Calm    float64 // windows at rest between two probes, at most: each probe above that fails doubles them
	Samples float64 // completions that a look takes at most
	Loss    float64 // share of dropped work that is borne: up to it drops are none of the limit's doing

	bounds Bounds
	limit  int

	stance  stance
	here    pool    // latencies of this look
	rest    pool    // latencies since the limit came to rest
	from    int     // the limit that this one is compared with
	there   pool    // and its latencies
	old     int     // completions to come of work that was let in under another limit
	base    float64 // logarithm of the latency without queueing, in seconds
	known   bool    // whether there is a base
	suspect float64 // by how much base may be too high
	proving bool    // whether there is a proved
	proved  float64 // a base that half the limit did not lower, or the least since
	noise   float64 // variance of log latency that one completion has, as windows differ
	before  pool    // the window before, if under the same limit
	reach   float64 // share by which the next limit above is higher; 0: a step
	calm    float64 // looks at rest after the next probe
	wait    int     // looks at rest to come
	above   int     // probes above since the last below
	borne   float64 // share dropped, on average, since no lower limit mended it
	proven  float64 // and when that was seen; 0: it was not
	lost    float64 // share dropped when it began to be too much; 0: it is not
	top     int     // limit then
}

// What a BDP is about.
type stance int

const (
	atRest stance = iota
	lookingAbove
	lookingBelow
	cutting
)

// The fixed figures of BDP. Half is where power is highest: there a little more
// concurrency buys as much rate as it costs latency. Half or twice of the others
// moves power over all plants of the laboratory by 2 hundredths at most (3 seeds).
const (
	bdpAnswer = 0.5  // of a change of the limit, as latency answers it, is a queue's doing
	bdpBlend  = 0.25 // weight of a new baseline against the old
	bdpBelow  = 2    // probes above for one below
	bdpLearn  = 0.05 // weight of a window in the noise
	bdpCreep  = 0.4  // logarithm by which latency may rise before half the limit must prove it to be the work's
)

const unreached = "limit not reached: in flight"

// A pool is the mean of log latency over completions.
type pool struct{ sum, n float64 }

func (p *pool) add(q pool)   { p.sum, p.n = p.sum+q.sum, p.n+q.n }
func (p pool) mean() float64 { return p.sum / p.n }

// NewBDP returns the rule at the initial limit of its bounds. Half or twice of any of
// its parameters costs 2 hundredths of power over all plants of the laboratory at most.
func NewBDP(b Bounds) *BDP {
	b.Min = max(b.Min, 1)
	b.Max = max(b.Max, b.Min)
	b.Initial = min(max(b.Initial, b.Min), b.Max)
	return &BDP{Step: 0.1, Doubt: 2, Calm: 9, Samples: 1000, Loss: 0.05, bounds: b, limit: b.Initial, suspect: math.Ln2, reach: 1}
}

// Next decides on a window.
func (r *BDP) Next(w Window) Decision {
	if w.Limit > 0 && w.Limit != r.limit {
		r.move(w.Limit, w, atRest) // somebody else set it
	}
	n := w.Completed + w.Dropped
	if w.Length() <= 0 || w.Completed < 0 || w.Dropped < 0 || n == 0 || w.Completed > 0 && (w.Latency.P50 <= 0 || w.Latency.Mean <= 0) {
		return r.stay(w, "nothing to learn", 0, "", 0)
	}
	if r.old > 0 {
		r.old -= n
		return r.stay(w, "work from before the change", float64(r.old+n), ">", 0)
	}
	if d, lost := r.lose(w, float64(n)); lost {
		return d
	}
	if w.Completed == 0 || !w.Full && r.stance != atRest {
		return r.unused(w)
	}
	r.see(w)
	switch r.stance {
	case lookingAbove:
		return r.lookAbove(w)
	case lookingBelow:
		return r.lookBelow(w)
	case cutting:
		return r.cut(w)
	}
	return r.rested(w)
}

// lose lowers the limit by the share of work that was dropped, if that is more than
// chance makes of what is borne. If half the limit loses as much, the limit is not
// what it is lost for: it comes back, and as much and half again is borne.
func (r *BDP) lose(w Window, n float64) (Decision, bool) {
	lost := float64(w.Dropped) / n
	if lost <= max(r.Loss+r.Doubt*math.Sqrt(r.Loss/n), 1.5*r.borne) {
		r.lost = 0
		r.borne = min(r.proven, r.borne+bdpLearn*(lost-r.borne))
		return Decision{}, false
	}
	r.reach, r.wait = 0, 1
	if r.lost == 0 {
		r.lost, r.top = lost, r.limit
	}
	if w.Full && lost < 0.4 && lost > 0.7*r.lost && 2*r.limit <= r.top {
		r.borne, r.proven, r.lost = lost, lost, 0
		return r.to(float64(r.top), w, atRest, "share dropped whatever the limit", lost, ">", r.Loss), true
	}
	return r.to(min(float64(r.limit)-1, float64(r.limit)*max(0.5, 1-lost)), w, atRest, "share dropped", lost, ">", r.Loss), true
}

// see takes the latencies of a window in, and learns from how it differs from the
// one before how noisy they are.
func (r *BDP) see(w Window) {
	n := float64(w.Completed)
	now := pool{math.Log(w.Latency.P50.Seconds()) * n, n}
	if r.noise == 0 { // of a median, from how far the latencies are spread
		spread := math.Log(float64(max(w.Latency.P90, w.Latency.P50))/float64(w.Latency.P50)) / 1.28
		r.noise = max(1.57*spread*spread, 1e-4)
	}
	if r.before.n > 0 {
		d := now.mean() - r.before.mean()
		v := d * d / (1/n + 1/r.before.n)
		r.noise += bdpLearn * (min(max(v, 1e-4), 25*r.noise) - r.noise) // a jump is not noise
	}
	r.before = now
	r.here.add(now)
	if !r.known {
		r.base, r.known = now.mean(), true
	}
}

// unused is for a window that tells nothing of a probe. A limit above that is not
// reached is not needed.
func (r *BDP) unused(w Window) Decision {
	if r.stance == lookingAbove {
		r.reach, r.wait = 0, 1
		return r.to(float64(r.from), w, atRest, unreached, float64(w.InFlight), "<", float64(r.limit))
	}
	return r.stay(w, unreached, float64(w.InFlight), "<", float64(r.limit))
}

// err is the standard error of a pool's mean: no less than what a histogram rounds.
func (r *BDP) err(p pool) float64 { return max(math.Sqrt(r.noise/p.n), 0.005) }

// step is the share by which limits differ that are compared: one at least, and as
// much as Samples completions can tell.
func (r *BDP) step() float64 {
	return max(r.Step, min(0.5, 4*math.Sqrt(r.noise/r.Samples)), 1/float64(r.limit))
}

// latest is latency under this limit as it is now: of all looks at it, or of this
// one if it differs from those before by more than chance.
func (r *BDP) latest() pool {
	if r.rest.n == 0 || math.Abs(r.here.mean()-r.rest.mean()) > r.Doubt*math.Hypot(r.err(r.here), r.err(r.rest)) {
		return r.here
	}
	all := r.rest
	all.add(r.here)
	return all
}

// excess is the logarithm of latency over the baseline.
func (r *BDP) excess() float64 { return r.here.mean() - r.base }

// rested looks at latency under a limit that stays, and sets out for a probe when it
// is time.
func (r *BDP) rested(w Window) Decision {
	limit := float64(r.limit)
	band := bdpAnswer * math.Log1p(r.step())
	over := r.err(r.here) <= band/2 || r.here.n >= r.Samples
	now := r.latest()
	e := r.err(now)
	doubt := r.Doubt * e
	if !over {
		doubt *= 2 // every window is a chance to be wrong
	}
	in := limit
	if !w.Full {
		in = min(in, float64(w.InFlight))
	}
	excess := now.mean() - r.base
	if excess > max(band, doubt) && r.limit > r.bounds.Min {
		return r.to(min(limit-1, max(limit/2, in*math.Exp(-excess))), w, cutting, "latency over its baseline", math.Exp(excess), ">", math.Exp(band))
	}
	if -excess > max(band, doubt) {
		r.base = now.mean()
	}
	r.wait--
	if !over {
		return r.stay(w, "error of latency", r.err(r.here), ">", band/2)
	}
	here := r.here
	r.here = pool{}
	if !w.Full { // nobody would take more
		return r.stay(w, unreached, float64(w.InFlight), "<", limit)
	}
	r.rest.add(here)
	if r.wait > 0 {
		return r.stay(w, "windows before the next probe", float64(r.wait), ">", 0)
	}
	if (r.above >= bdpBelow || r.suspect > band && r.calm > 0) && r.limit > r.bounds.Min {
		r.above = 0
		deep := max(r.step(), min(0.5, -math.Expm1(-r.suspect)))
		return r.to(min(limit-1, limit*(1-deep)), w, lookingBelow, "looks at rest", r.rest.n, ">", 0)
	}
	if r.limit >= r.bounds.Max {
		r.above, r.wait = r.above+1, r.pause()
		return r.stay(w, "limit at its bound", limit, "=", float64(r.bounds.Max))
	}
	r.above++
	return r.raise(w, "looks at rest", r.rest.n, ">", 0)
}

// raise sets out for a limit above.
func (r *BDP) raise(w Window, what string, got float64, sign string, bound float64) Decision {
	limit := float64(r.limit)
	return r.to(limit*(1+max(r.reach, r.step())), w, lookingAbove, what, got, sign, bound)
}

// pause is for how many looks the limit rests after a probe; longer where one more is much.
func (r *BDP) pause() int {
	return int(r.calm * math.Sqrt(r.step()/max(r.Step, 0.01)))
}

// answer is how latency answered a change of the limit by a span of its logarithm,
// whether that is more than a queue's share, and whether it can be told by now.
func (r *BDP) answer() (got, bound, span float64, told bool) {
	span = math.Log(float64(r.limit) / float64(r.from))
	got = r.here.mean() - r.there.mean()
	if span < 0 {
		span, got = -span, -got
	}
	bound = bdpAnswer * span
	e, of := r.err(r.here), r.err(r.there)
	told = e <= max(bound/2, of) || r.here.n >= r.Samples || math.Abs(got-bound) >= r.Doubt*math.Hypot(e, of)
	return got, bound, span, told
}

// lookAbove keeps the higher limit, and goes on, if latency hardly rose.
func (r *BDP) lookAbove(w Window) Decision {
	rise, bound, _, told := r.answer()
	if !told {
		return r.stay(w, "error of latency", r.err(r.here), ">", bound/2)
	}
	excess := r.excess()
	if rise >= bound {
		r.reach = 0
		r.calm = min(r.Calm, max(1, 2*r.calm))
		r.wait = r.pause()
		return r.to(max(float64(r.from), float64(r.limit)*math.Exp(-max(excess, 0))), w, atRest, "rise of latency", rise, ">", bound)
	}
	r.calm = 1
	if e := r.err(r.here); excess > max(bdpAnswer*math.Log1p(r.step()), r.Doubt*e) && rise > r.Doubt*math.Hypot(e, r.err(r.there)) {
		r.reach, r.wait = 0, 1
		return r.to(max(float64(r.from), float64(r.limit)*math.Exp(-excess)), w, atRest, "latency over its baseline", math.Exp(excess), ">", 1)
	}
	r.base = min(r.base, r.here.mean())
	r.reach = min(1, 2*max(r.reach, r.step()))
	r.rest = r.here
	if r.limit >= r.bounds.Max {
		r.reach = 0
		return r.to(float64(r.limit), w, atRest, "rise of latency", rise, "<", bound)
	}
	return r.raise(w, "rise of latency", rise, "<", bound)
}

// lookBelow takes the baseline from the lower limit, and stays there if latency fell.
func (r *BDP) lookBelow(w Window) Decision {
	fall, bound, span, told := r.answer()
	switch {
	case !told:
		return r.stay(w, "error of latency", r.err(r.here), ">", bound/2)
	case fall < -bound: // neither waiting nor its absence does that: the plant changed
		return r.to(float64(r.from), w, atRest, "fall of latency", fall, "≠", bound)
	case fall <= bound:
		if r.excess() < 0 || fall <= max(r.Doubt*math.Hypot(r.err(r.here), r.err(r.there)), bound/5) {
			r.base += r.trust() * r.excess()
		}
		r.suspect, r.wait = 0, r.pause()
		return r.to(float64(r.from), w, atRest, "fall of latency", fall, "<", bound)
	}
	r.base = min(r.base, r.here.mean())
	if limit := float64(r.limit); fall >= 0.8*span && r.limit > r.bounds.Min { // still queueing: lower
		deep := min(0.5, 2*-math.Expm1(-span))
		r.rest = r.here
		return r.to(min(limit-1, limit*(1-deep)), w, lookingBelow, "fall of latency", fall, ">", bound)
	}
	r.suspect, r.wait = 0, 1
	return r.to(float64(r.from)*math.Exp(-fall), w, atRest, "fall of latency", fall, ">", bound)
}

// trust is the weight of a baseline just found.
func (r *BDP) trust() float64 {
	if r.suspect > bdpAnswer*math.Log1p(r.step()) {
		return 1
	}
	return bdpBlend
}

// cut tells a queue, which the lower limit made shorter, from slower work.
func (r *BDP) cut(w Window) Decision {
	fall, bound, span, told := r.answer()
	if !told {
		return r.stay(w, "error of latency", r.err(r.here), ">", bound/2)
	}
	r.wait = 1
	switch {
	case fall < -bound: // the plant changed meanwhile, or works better in a crowd
		return r.to(float64(r.from), w, atRest, "fall of latency", fall, "<", -bound)
	case fall > bound || fall > max(r.Doubt*math.Hypot(r.err(r.here), r.err(r.there)), bound/5):
		r.rest, r.stance = r.here, atRest
		return r.stay(w, "fall of latency", fall, ">", bound)
	}
	if half := r.from / 2; r.here.mean()-r.proved > bdpCreep && half < r.limit && half >= max(r.bounds.Min, 1) && span < math.Ln2 {
		return r.deepen(half, w, fall, bound)
	}
	if r.here.mean()-r.proved > bdpCreep {
		r.proved = r.here.mean()
	}
	r.suspect = r.excess()
	r.base = r.here.mean()
	return r.to(float64(r.from), w, atRest, "fall of latency", fall, "<", bound)
}

// deepen makes a cut a half before work is believed to be slower by much: of what a
// small cut does, others who share the plant hide all but our own part.
func (r *BDP) deepen(half int, w Window, fall, bound float64) Decision {
	from, there := r.from, r.there
	d := r.to(float64(half), w, cutting, "fall of latency", fall, "<", bound)
	r.from, r.there = from, there
	return d
}

// move goes to a limit, for some purpose.
func (r *BDP) move(limit int, w Window, s stance) {
	if r.proved = min(r.proved, r.base); !r.proving {
		r.proved, r.proving = r.base, r.known
	}
	r.from, r.there = r.limit, r.rest
	if s == cutting {
		r.there = r.latest()
	}
	r.old = max(r.limit, w.InFlight)
	r.limit, r.stance = limit, s
	r.here, r.rest, r.before = pool{}, pool{}, pool{}
}

// to decides for a limit, within the bounds.
func (r *BDP) to(limit float64, w Window, s stance, what string, got float64, sign string, bound float64) Decision {
	r.move(int(math.Round(min(max(limit, float64(r.bounds.Min), 1), float64(r.bounds.Max)))), w, s)
	d := r.stay(w, what, got, sign, bound)
	if rate := w.Rate(); rate > 0 { // a short window for the work that is inside
		d.Window = time.Duration(min(float64(r.old)/rate, 1, 2*max(w.Latency.P90, DefaultWindow).Seconds()) * float64(time.Second))
	}
	return d
}

// stay leaves the limit where it is. Windows are longer than most latencies.
func (r *BDP) stay(w Window, what string, got float64, sign string, bound float64) Decision {
	d := Decision{Limit: r.limit, Reason: Reason{what, got, sign, bound}}
	if long := min(w.Latency.P90, 4*w.Latency.P50, time.Second); long > DefaultWindow { // few and heavy-tailed: not as long as the slowest
		d.Window = long
	}
	return d
}
