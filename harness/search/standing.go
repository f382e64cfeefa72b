package search

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// ledger keeps what a search was told, and ranks it.
type ledger struct {
	reference []reading
	arms      []entry        // in the order of their first results
	places    map[string]int // of an arm, by its name
	blocks    map[int]int    // place of a block, by its number; only of those that hold a value
	fitted    *estimate      // of all this; nil after new results
}

// entry is what was measured of one candidate.
type entry struct {
	Candidate

	readings []reading
	trials   int
	slack    [][]float64 // of each trial that ended well: of each requirement
}

func (a entry) failures() int { return a.trials - len(a.readings) }

type reading struct {
	block int // its place in the ledger
	value float64
}

func newLedger() ledger {
	return ledger{places: map[string]int{}, blocks: map[int]int{}}
}

// failed counts a value that is no number as a failure.
func (r Result) failed() bool { return r.Failed || math.IsNaN(r.Value) || math.IsInf(r.Value, 0) }

// add enters results.
func (l *ledger) add(results []Result) {
	l.fitted = nil
	for _, r := range results {
		if r.ID == ReferenceID {
			if !r.failed() {
				l.reference = append(l.reference, reading{l.block(r.Block), r.Value})
			}
			continue
		}
		place, known := l.places[r.ID]
		if !known {
			place = len(l.arms)
			l.places[r.ID] = place
			l.arms = append(l.arms, entry{Candidate: Candidate{ID: r.ID, Config: r.Config}})
		}
		a := &l.arms[place]
		a.trials++
		if !r.failed() {
			a.readings = append(a.readings, reading{l.block(r.Block), r.Value})
			a.slack = append(a.slack, slices.Clone(r.Slack))
		}
	}
}

func (l *ledger) block(number int) int {
	place, known := l.blocks[number]
	if !known {
		place = len(l.blocks)
		l.blocks[number] = place
	}
	return place
}

// failed tells whether the candidate ever failed.
func (l *ledger) failed(id string) bool {
	place, known := l.places[id]
	return known && l.arms[place].failures() > 0
}

// Standings lists every candidate that was measured: by assured gain, which is the
// gain less its deviation, those that always ran and probably keep every
// requirement, behind them the others by that probability, and at last what never
// ran. So one measured often stands before one that was as good only once: the best
// of many that were measured once is mostly lucky. Of equals the one measured first
// leads. Gains are estimates of a mixed model (see fit). Cost: ten times the cube of
// the blocks told.
func (l *ledger) Standings() []Standing {
	return l.standings(func(s Standing) float64 {
		if math.IsInf(s.Deviation, 1) { // the reference never ran
			return s.Gain
		}
		return s.Gain - s.Deviation
	})
}

// standings sorts what ran and is feasible by worth.
func (l *ledger) standings(worth func(Standing) float64) []Standing {
	list, e := make([]Standing, len(l.arms)), l.fit()
	spread := l.slackSpread()
	for i, a := range l.arms {
		list[i] = Standing{Candidate: a.Candidate, Trials: a.trials, Gain: e.gains[i], Deviation: e.deviations[i], Feasible: a.feasible(spread)}
	}
	slices.SortStableFunc(list, func(a, b Standing) int {
		if c := cmp.Compare(l.class(a), l.class(b)); c != 0 {
			return c
		}
		if l.class(a) > 0 && a.Feasible != b.Feasible {
			return cmp.Compare(b.Feasible, a.Feasible)
		}
		return cmp.Compare(worth(b), worth(a))
	})
	return list
}

// class is 0 for what may be recommended, 1 for what failed or breaks a
// requirement more likely than not, 2 for what never ran.
func (l *ledger) class(s Standing) int {
	switch a := l.arms[l.places[s.ID]]; {
	case len(a.readings) == 0:
		return 2
	case a.failures() > 0 || s.Feasible < 0.5:
		return 1
	default:
		return 0
	}
}

// ranking is each candidate's place by gain alone, counted down from 0: a search
// that measures again anyway must not hold it against newcomers that they are new.
func (l *ledger) ranking() map[string]float64 {
	places := map[string]float64{}
	for i, s := range l.standings(func(s Standing) float64 { return s.Gain }) {
		places[s.ID] = -float64(i)
	}
	return places
}

// hopeless is how probably feasible a candidate must be to be measured again.
const hopeless = 0.05

// best are the first of the standings that ran and may be feasible.
func (l *ledger) best(n int) []Candidate {
	var best []Candidate
	for _, s := range l.Standings() {
		if len(best) < n && !l.failed(s.ID) && s.Feasible >= hopeless {
			best = append(best, s.Candidate)
		}
	}
	return best
}

// What is assumed before there are data: noise of 5 %, with the weight of one
// degree of freedom, so that a few lucky equals do not look exact; and candidates
// that differ four times as much as noise, give or take two doublings.
const (
	usualNoise   = 0.05
	usualRatio   = -2.0 // log2 of noise ÷ spread of the candidates
	usualDoubt   = 2.0
	contenders   = 5    // candidates that are drawn from one distribution, at least
	loose        = 1e-6 // precision of the contenders' mean, and of each other gain, in units of a reading's: enough to solve by
	leastRatio   = -6
	largestRatio = 3
)

// estimate is what the mixed model makes of a ledger.
type estimate struct {
	gains, deviations []float64 // of each arm
	offsets           []float64 // of each block: what a reading of the reference in it would be
}

// fit solves the model: value = offset of the block + gain of the candidate +
// noise. Offsets are free and the reference's gain is 0. The better half of the
// candidates, the contenders, have gains drawn from a normal distribution around
// their own mean: so they are drawn to it the more, the less was measured and the
// more noise there is, and every one of them tells something about its block, so
// that the reference's noise does not pass in full to all its neighbours. The gains
// of the rest are free: some configurations are many times as slow as the
// reference, and one normal distribution of all would take luck for skill. The
// ratio of noise to spread is the most probable of a few, by restricted likelihood
// (Patterson and Thompson, Biometrika 58, 1971; Henderson, Biometrics 31, 1975, for
// the equations).
func (l *ledger) fit() *estimate {
	if l.fitted != nil {
		return l.fitted
	}
	centre := l.centre()
	free, _ := l.equations(math.Exp2(2*leastRatio), centre, nil)
	contends := l.contending(l.estimate(free, centre).gains)
	best, likelihood := free, math.Inf(-1)
	for ratio := leastRatio; ratio <= largestRatio; ratio++ {
		if e, ok := l.equations(math.Exp2(2*float64(ratio)), centre, contends); ok {
			off := (float64(ratio) - usualRatio) / usualDoubt
			if at := e.likelihood() - off*off/2; at > likelihood {
				best, likelihood = e, at
			}
		}
	}
	l.fitted = l.estimate(best, centre)
	return l.fitted
}

// contending tells which candidates are among the better half of those that ran.
func (l *ledger) contending(gains []float64) []bool {
	var ran []float64
	for i, a := range l.arms {
		if len(a.readings) > 0 {
			ran = append(ran, gains[i])
		}
	}
	contends := make([]bool, len(l.arms))
	if len(ran) == 0 {
		return contends
	}
	slices.Sort(ran)
	least := ran[max(0, min(len(ran)/2, len(ran)-contenders))]
	for i := range contends {
		contends[i] = gains[i] >= least
	}
	return contends
}

// centre is the mean of all readings: taken off for the sake of digits.
func (l *ledger) centre() float64 {
	sum, n := 0.0, 0
	l.each(func(_ int, r reading) { sum += r.value; n++ })
	return sum / float64(max(1, n))
}

// each calls f with every reading and the place of its arm, −1 for the reference.
func (l *ledger) each(f func(arm int, r reading)) {
	for _, r := range l.reference {
		f(-1, r)
	}
	for i, a := range l.arms {
		for _, r := range a.readings {
			f(i, r)
		}
	}
}

// equations are those of the mean of the candidates (unknown 0) and the blocks'
// offsets (from 1), the candidates' own gains eliminated.
type equations struct {
	shrink   []float64 // of each arm: variance of noise ÷ variance of its gain
	solution []float64
	inverse  mat.SymDense
	noise    float64 // variance
	freedom  float64
	rest     float64 // sum of squares, prior included
	volume   float64 // logarithms of the determinants
}

func (e equations) likelihood() float64 { return -(e.freedom*math.Log(e.rest) + e.volume) / 2 }

// equations sets up and solves them for one ratio of variances, that of the arms
// that contend; nil for all.
func (l *ledger) equations(shrink, centre float64, contends []bool) (equations, bool) {
	size := 1 + len(l.blocks)
	left, right, squares, n := mat.NewSymDense(size, nil), make([]float64, size), 0.0, 0
	add := func(i, j int, v float64) { left.SetSym(i, j, left.At(i, j)+v) }
	l.each(func(arm int, r reading) {
		b, y := r.block+1, r.value-centre
		add(b, b, 1)
		right[b] += y
		squares += y * y
		n++
		if arm >= 0 {
			add(0, 0, 1)
			add(0, b, 1)
			right[0] += y
		}
	})
	e := equations{shrink: make([]float64, len(l.arms))}
	for i, a := range l.arms {
		if e.shrink[i] = shrink; contends != nil && !contends[i] {
			e.shrink[i] = loose
			n -= min(1, len(a.readings)) // a free gain takes a degree of freedom
		}
		e.volume += a.eliminate(e.shrink[i], centre, add, right, &squares)
	}
	add(0, 0, loose)
	var factor mat.Cholesky
	if !factor.Factorize(left) || factor.InverseTo(&e.inverse) != nil {
		return equations{}, false
	}
	solution := mat.NewVecDense(size, nil)
	solution.MulVec(&e.inverse, mat.NewVecDense(size, right))
	e.solution = solution.RawVector().Data
	for i, v := range e.solution {
		squares -= v * right[i]
	}
	e.freedom = float64(max(0, n-size)) + 1
	e.rest = max(0, squares) + usualNoise*usualNoise
	e.noise = e.rest / e.freedom
	e.volume += factor.LogDet()
	return e, true
}

// eliminate takes the candidate's own gain out of the equations, and returns what
// that adds to the volume.
func (a entry) eliminate(shrink, centre float64, add func(i, j int, v float64), right []float64, squares *float64) float64 {
	n := float64(len(a.readings))
	if n == 0 {
		return 0
	}
	weight, sum := 1/(n+shrink), 0.0
	for _, r := range a.readings {
		sum += r.value - centre
	}
	add(0, 0, -weight*n*n)
	right[0] -= weight * n * sum
	for i, r := range a.readings {
		add(0, r.block+1, -weight*n)
		right[r.block+1] -= weight * sum
		add(r.block+1, r.block+1, -weight)
		for _, s := range a.readings[i+1:] {
			v := -weight
			if s.block == r.block {
				v *= 2 // both halves of the square fall on the diagonal
			}
			add(r.block+1, s.block+1, v)
		}
	}
	*squares -= weight * sum * sum
	return math.Log((n + shrink) / shrink)
}

// estimate reads the gains and how sure they are out of the solved equations.
func (l *ledger) estimate(e equations, centre float64) *estimate {
	est := &estimate{gains: make([]float64, len(l.arms)), deviations: make([]float64, len(l.arms)), offsets: make([]float64, len(l.blocks))}
	for i := range est.deviations {
		est.deviations[i] = math.Inf(1)
	}
	if e.solution == nil {
		return est // the equations defied the digits of a float64
	}
	for b := range est.offsets {
		est.offsets[b] = centre + e.solution[b+1]
	}
	for i, a := range l.arms {
		if n := float64(len(a.readings)); n > 0 {
			weight := 1 / (n + e.shrink[i])
			gain := e.shrink[i] * e.solution[0]
			for _, r := range a.readings {
				gain += r.value - centre - e.solution[r.block+1]
			}
			est.gains[i] = weight * gain
			if len(l.reference) > 0 {
				est.deviations[i] = math.Sqrt(e.noise * (weight + a.carried(e, e.shrink[i], weight)))
			}
		}
	}
	return est
}

// carried is the variance that the unknowns pass on to the candidate's gain.
func (a entry) carried(e equations, shrink, weight float64) float64 {
	own := shrink * weight // of the mean in the gain
	sum := own * own * e.inverse.At(0, 0)
	for _, r := range a.readings {
		sum -= 2 * own * weight * e.inverse.At(0, r.block+1)
		for _, s := range a.readings {
			sum += weight * weight * e.inverse.At(r.block+1, s.block+1)
		}
	}
	return max(0, sum)
}

// slackSpread is the standard deviation of one trial's slack, for each requirement:
// from repeats of the same candidate, with the usual noise as one more.
func (l *ledger) slackSpread() []float64 {
	var squares, freedom []float64
	for _, a := range l.arms {
		for k := range a.requirements() {
			if k == len(squares) {
				squares, freedom = append(squares, usualNoise*usualNoise), append(freedom, 1)
			}
			mean := a.meanSlack(k)
			if math.IsInf(mean, 0) || math.IsNaN(mean) {
				continue
			}
			for _, s := range a.slack {
				squares[k] += (s[k] - mean) * (s[k] - mean)
			}
			freedom[k] += float64(len(a.slack) - 1)
		}
	}
	for k := range squares {
		squares[k] = math.Sqrt(squares[k] / freedom[k])
	}
	return squares
}

// requirements is how many all trials of the candidate report.
func (a entry) requirements() int {
	least := math.MaxInt
	for _, s := range a.slack {
		least = min(least, len(s))
	}
	if len(a.slack) == 0 {
		return 0
	}
	return least
}

func (a entry) meanSlack(k int) float64 {
	sum := 0.0
	for _, s := range a.slack {
		sum += s[k] / float64(len(a.slack))
	}
	return sum
}

// feasible is the probability that the candidate runs, the share of its trials
// that did, times that of each mean slack to be above 0 in truth. A slack that is
// no number is a requirement not kept.
func (a entry) feasible(spread []float64) float64 {
	p := float64(len(a.readings)) / float64(max(1, a.trials))
	for k := range a.requirements() {
		mean := a.meanSlack(k)
		if math.IsNaN(mean) {
			return 0
		}
		p *= math.Erfc(-mean/spread[k]*math.Sqrt(float64(len(a.slack))/2)) / 2
	}
	return p
}
