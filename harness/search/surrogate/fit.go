package surrogate

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
)

// priors are normal in the hyperparameters' logarithms.
type priors struct{ mean, deviation []float64 }

// The medians and the spreads (of the natural logarithm) of the hyperparameters'
// priors, in logarithms of the objective; chosen by replays on surfaces.
const (
	lengthMedian, lengthSpread       = 0.35, 1.0 // times the root of the number of knobs
	weightMedian, weightSpread       = 0.2, 1.0
	residualMedian, residualSpread   = 0.15, 0.7
	trendMedian, trendSpread         = 0.1, 1.0
	offsetMedian, offsetSpread       = 0.02, 1.0
	noiseMedian, noiseSpread         = 0.08, 0.8
	leastDeviation, largestDeviation = 0.01, 2.0 // believed of a prior's own word
)

// newPriors takes a prior model's own deviation, where there is one, for the
// residual's.
func newPriors(k kernel, deviation float64) priors {
	var p priors
	add := func(median, spread float64) {
		p.mean, p.deviation = append(p.mean, math.Log(median)), append(p.deviation, spread)
	}
	for range k.ordered {
		add(lengthMedian*math.Sqrt(float64(k.knobs())), lengthSpread)
	}
	for range k.unordered {
		add(weightMedian, weightSpread)
	}
	residual := residualMedian
	if deviation > 0 {
		residual = min(max(deviation, leastDeviation), largestDeviation)
	}
	add(residual, residualSpread)
	add(trendMedian, trendSpread)
	add(offsetMedian, offsetSpread)
	add(noiseMedian, noiseSpread)
	return p
}

func (p priors) medians() []float64 { return slices.Clone(p.mean) }

func (p priors) draw(rng *rand.Rand) []float64 {
	h := p.medians()
	for i := range h {
		h[i] += 0.7 * p.deviation[i] * rng.NormFloat64()
	}
	return h
}

// problem is what a fit works on: points, their blocks and compressed values less
// centre and prior.
type problem struct {
	kernel  kernel
	priors  priors
	points  []point
	blocks  []int
	targets []float64
	doubts  []float64 // of each observation's noise: its variance in units of that near the best
	centre  float64
	start   []float64 // where a fit without an earlier one begins
}

// problem compresses the values, unless plain, and centres them.
func (m *Model) problem(obs []Observation, o Options) *problem {
	p := &problem{kernel: m.kernel}
	offsets, values := levelled(obs), make([]float64, len(obs))
	for i, ob := range obs {
		values[i] = ob.Value - offsets[i]
	}
	if !o.Plain {
		noise := 0.0
		if o.Warm != nil {
			noise = o.Warm.Noise()
		}
		m.warp = newWarp(values, noise)
	}
	m.shift = m.level(obs, values)
	deviations := []float64{}
	for i, o := range obs {
		at := m.point(o.Config)
		p.points, p.blocks = append(p.points, at), append(p.blocks, o.Block)
		p.targets = append(p.targets, m.warp.compress(values[i])+offsets[i]-at.prior)
		p.doubts = append(p.doubts, m.warp.doubt(values[i]))
		if m.prior != nil {
			if _, d, ok := m.prior(o.Config); ok && d > 0 {
				deviations = append(deviations, d)
			}
		}
	}
	p.centre = floats.Sum(p.targets) / float64(len(p.targets))
	floats.AddConst(-p.centre, p.targets)
	p.priors = newPriors(m.kernel, median(deviations))
	p.start = p.priors.medians()
	if seen := stat.PopStdDev(offsets, nil); seen > 0 { // far from its prior, offsets pass for noise
		p.start[m.kernel.knobs()+2] = max(p.start[m.kernel.knobs()+2], math.Log(seen))
	}
	return p
}

// subset spreads limit over all observations, in their order: the best and the
// latest alone would show too little of what f varies by.
func (p *problem) subset(limit int) *problem {
	n := len(p.points)
	if n <= limit {
		return p
	}
	var kept []int
	for i := range limit {
		kept = append(kept, i*n/limit)
	}
	few := &problem{kernel: p.kernel, priors: p.priors, centre: p.centre, start: p.start}
	for _, i := range kept {
		few.points, few.blocks, few.targets, few.doubts = append(few.points, p.points[i]), append(few.blocks, p.blocks[i]), append(few.targets, p.targets[i]), append(few.doubts, p.doubts[i])
	}
	return few
}

// evaluator computes the negative log posterior of hyperparameters and its
// gradient, and keeps its memory from one time to the next.
type evaluator struct {
	*problem
	squares  []float64   // of each pair and ordered knob, the squared distance
	differ   []bool      // of each pair and unordered knob
	cov      [][]float64 // its Cholesky factor once computed
	residual [][]float64 // the residual's part alone
	trend    [][]float64 // the trend's part alone
	slope    [][]float64 // of a pair's covariance by the squared scaled distance, times −2
}

func newEvaluator(p *problem) *evaluator {
	n := len(p.points)
	e := &evaluator{problem: p, cov: triangle(n), residual: triangle(n), trend: triangle(n), slope: triangle(n)}
	for i, a := range p.points {
		for j, b := range p.points[:i+1] {
			e.trend[i][j] = trend(a, b)
			if j == i {
				break
			}
			for k, at := range a.at {
				d := at - b.at[k]
				e.squares = append(e.squares, d*d)
			}
			for k, word := range a.words {
				e.differ = append(e.differ, word != b.words[k])
			}
		}
	}
	return e
}

// at returns the loss at h and writes its gradient; infinite where the covariance
// is not positive definite.
func (e *evaluator) at(h, gradient []float64) float64 {
	e.fill(h)
	if !factorise(e.cov) {
		return math.Inf(1)
	}
	weights := solve(e.cov, e.targets)
	loss := floats.Dot(weights, e.targets) / 2
	for i := range e.cov {
		loss += math.Log(e.cov[i][i])
	}
	clear(gradient)
	e.slopes(h, weights, gradient)
	for i, v := range h {
		z := (v - e.priors.mean[i]) / e.priors.deviation[i]
		loss += z * z / 2
		gradient[i] += z / e.priors.deviation[i]
	}
	return loss
}

// fill computes the covariances.
func (e *evaluator) fill(h []float64) {
	ordered, unordered := len(e.kernel.ordered), len(e.kernel.unordered)
	inverse, weight := make([]float64, ordered), make([]float64, unordered)
	for i := range inverse {
		inverse[i] = 5 * math.Exp(-2*h[i])
	}
	for i := range weight {
		weight[i] = math.Exp(h[ordered+i])
	}
	variances := e.variances(h)
	squares, differ := e.squares, e.differ
	for i, a := range e.points {
		for j, b := range e.points[:i] {
			distance, apart := floats.Dot(squares[:ordered], inverse), 0.0
			for k, d := range differ[:unordered] {
				if d {
					apart += weight[k]
				}
			}
			squares, differ = squares[ordered:], differ[unordered:]
			r := math.Sqrt(distance)
			fall := variances[0] * math.Exp(-r-apart)
			e.residual[i][j] = fall * (1 + r + distance/3)
			e.slope[i][j] = fall * (1 + r) / 3
			e.cov[i][j] = e.residual[i][j] + variances[1]*e.trend[i][j] + linear(a, b)
			if e.blocks[i] >= 0 && e.blocks[i] == e.blocks[j] {
				e.cov[i][j] += variances[2]
			}
		}
		e.residual[i][i], e.slope[i][i] = variances[0], 0
		e.cov[i][i] = variances[0] + variances[1]*e.trend[i][i] + linear(a, a) + variances[3]*e.doubts[i]
		if e.blocks[i] >= 0 {
			e.cov[i][i] += variances[2]
		}
	}
}

func (e *evaluator) variances(h []float64) [4]float64 {
	k := e.kernel.knobs()
	return [4]float64{math.Exp(2 * h[k]), math.Exp(2 * h[k+1]), math.Exp(2 * h[k+2]), math.Exp(2 * h[k+3])}
}

// slopes adds the gradient of the likelihood: half the trace of (K⁻¹ − ααᵀ)·∂K.
func (e *evaluator) slopes(h, weights, gradient []float64) {
	ordered, unordered := len(e.kernel.ordered), len(e.kernel.unordered)
	variances, last := e.variances(h), e.kernel.knobs()
	columns := inverseColumns(e.cov)
	squares, differ := e.squares, e.differ
	residual, trend, offset, noise := 0.0, 0.0, 0.0, 0.0
	byLength := gradient[:ordered]
	for i := range e.points {
		for j := range i {
			a := floats.Dot(columns[i], columns[j][i-j:]) - weights[i]*weights[j]
			residual += 2 * a * e.residual[i][j]
			trend += 2 * a * e.trend[i][j]
			if e.blocks[i] >= 0 && e.blocks[i] == e.blocks[j] {
				offset += 2 * a
			}
			floats.AddScaled(byLength, a*e.slope[i][j], squares[:ordered])
			for k, d := range differ[:unordered] {
				if d {
					gradient[ordered+k] -= a * e.residual[i][j]
				}
			}
			squares, differ = squares[ordered:], differ[unordered:]
		}
		a := floats.Dot(columns[i], columns[i]) - weights[i]*weights[i]
		residual += a * variances[0]
		trend += a * e.trend[i][i]
		noise += a * e.doubts[i]
		if e.blocks[i] >= 0 {
			offset += a
		}
	}
	for k := range byLength {
		byLength[k] *= 5 * math.Exp(-2*h[k])
	}
	for k := range unordered {
		gradient[ordered+k] *= math.Exp(h[ordered+k])
	}
	gradient[last] += residual
	gradient[last+1] += trend * variances[1]
	gradient[last+2] += offset * variances[2]
	gradient[last+3] += noise * variances[3]
}

// descend minimises the loss from h by the method of Broyden, Fletcher, Goldfarb
// and Shanno, in at most so many evaluations. There are a dozen hyperparameters:
// the dense inverse of the curvature costs nothing beside one Cholesky factor.
func descend(p *problem, h []float64, evaluations int) (best []float64, loss float64) {
	e, size := newEvaluator(p), len(h)
	gradient, next := make([]float64, size), make([]float64, size)
	loss = e.at(h, gradient)
	curvature := identity(size, 1/max(1, floats.Norm(gradient, 2)))
	for used := 1; used < evaluations; {
		step := direction(curvature, gradient)
		slope := floats.Dot(step, gradient)
		if !(slope < -1e-4) {
			break
		}
		scale := min(1, 2/floats.Norm(step, math.Inf(1))) // two e-folds are far
		moved, newLoss := slices.Clone(h), math.Inf(1)
		for ; used < evaluations; used++ {
			copy(moved, h)
			floats.AddScaled(moved, scale, step)
			if newLoss = e.at(moved, next); newLoss <= loss+1e-4*scale*slope {
				used++
				break
			}
			scale *= 0.3
		}
		if !(newLoss <= loss+1e-4*scale*slope) {
			break
		}
		update(curvature, moved, h, next, gradient)
		done := loss-newLoss < 1e-3
		h, loss = moved, newLoss
		copy(gradient, next)
		if done {
			break
		}
	}
	return h, loss
}

func identity(n int, diagonal float64) [][]float64 {
	m := make([][]float64, n)
	for i := range m {
		m[i] = make([]float64, n)
		m[i][i] = diagonal
	}
	return m
}

func direction(curvature [][]float64, gradient []float64) []float64 {
	d := make([]float64, len(gradient))
	for i, row := range curvature {
		d[i] = -floats.Dot(row, gradient)
	}
	return d
}

// update is the rule of BFGS for the inverse of the curvature.
func update(curvature [][]float64, to, from, gradientTo, gradientFrom []float64) {
	n := len(to)
	s, y := make([]float64, n), make([]float64, n)
	floats.SubTo(s, to, from)
	floats.SubTo(y, gradientTo, gradientFrom)
	sy := floats.Dot(s, y)
	if !(sy > 1e-10) {
		return
	}
	hy := make([]float64, n)
	for i, row := range curvature {
		hy[i] = floats.Dot(row, y)
	}
	c := (1 + floats.Dot(y, hy)/sy) / sy
	for i := range curvature {
		for j := range curvature[i] {
			curvature[i][j] += c*s[i]*s[j] - (hy[i]*s[j]+s[i]*hy[j])/sy
		}
	}
}
