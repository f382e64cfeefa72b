// Package surrogate is a model of an objective that was measured with noise, in
// blocks, at configurations of mixed knobs: a Gaussian process.
//
//	value = f(configuration) + offset(block) + noise
//	f     = constant + β·prior(configuration) + trend + residual
//
// [Fit] finds the hyperparameters of greatest posterior density and returns a
// [Model]; [Model.Predict], [Model.Difference] and [Model.Sample] tell what it
// holds of f, and [Pool] many configurations at once, with fantasies. It decides
// nothing: which configuration to measure is the search's.
//
// The trend is a curve of each ordered knob and a level of each word, summed: what
// can be told from few trials (Duvenaud, Nickisch and Rasmussen, "Additive Gaussian
// Processes", 2011). The residual's kernel is a Matérn 5/2 with one length scale for
// each ordered knob, times exp(−w) for each unordered knob that differs, w its weight
// (Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006). Knobs
// are placed by [space.Param.Place]. Priors of length scales grow with the root of
// the number of knobs (Hvarfner, Hellsten and Nardi, "Vanilla Bayesian Optimization
// Performs Great in High Dimensions", 2024), and all priors are in units of
// logarithms, so that six observations already behave.
//
// A configuration that appears in every block, such as the reference of a search,
// is what tells offsets from f. Values far below the best are compressed, see
// [Options.Plain].
package surrogate

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"

	"sluice/harness/record"
	"sluice/harness/space"
)

// Observation is one trial.
type Observation struct {
	Config record.Flat
	Block  int     // results of a block share an unknown offset; −1: none
	Value  float64 // a logarithm, more is better; left out where not finite
}

// Options say what is known beforehand. The zero value knows nothing.
type Options struct {
	// Prior is what another model expects of a configuration: a log ratio to some
	// fixed reference, and the standard deviation of its error. Ok is false where it
	// knows nothing. It enters as β·gain, β ~ N(1, 0.3²), and is dropped where the
	// observations are likelier without: trusted, but not blindly.
	Prior func(record.Flat) (gain, deviation float64, ok bool)
	Seed  uint64 // of the second start that a fit without Warm makes

	// Warm is a model of fewer observations of the same space: its hyperparameters
	// are where the fit starts. Nil: at the medians of their priors.
	Warm *Model
	Keep bool // take Warm's hyperparameters as they are

	// Plain leaves values as they are. Else those more than 0.1 below the best (less
	// with many observations, more where noise is wide) are compressed by a logarithm: how bad the bad ones are
	// hardly matters, and a cliff would teach a stationary process too short a length
	// scale. For the same reason their noise counts as wider, by as much as compression
	// flattens them.
	Plain bool
}

// Model is f as far as the observations tell. It is safe for concurrent use.
type Model struct {
	kernel kernel
	prior  func(record.Flat) (gain, deviation float64, ok bool)
	warp   warp
	shift  float64 // level of the values where the prior's gain is 0
	centre float64 // subtracted of the compressed values

	points  []point
	same    []int       // the first observation of the same configuration
	factor  [][]float64 // Cholesky factor of the observations' covariance, lower rows
	weights []float64   // that covariance's inverse times the observations
}

// point is a configuration as the kernel sees it.
type point struct {
	at    []float64 // ordered knobs, 0 … 1
	words []float64 // positions of unordered ones
	prior float64   // compressed gain, 0 without a prior
}

// fitLimit bounds the observations that hyperparameters are fitted on, since a
// step of the fit costs n³. Predictions use them all.
const fitLimit = 150

// Fit returns the model of the observations with the hyperparameters of greatest
// posterior density. It fails where the space is malformed or no observation has a
// finite value. It costs some 20 to 40 steps of n³/2 multiplications, n the
// observations, 150 at most, and one of all observations; with a prior twice that.
func Fit(s space.Space, obs []Observation, o Options) (*Model, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	obs = finite(obs)
	if len(obs) == 0 {
		return nil, errors.New("no observation has a finite value; a model needs one")
	}
	if o.Prior != nil && o.Keep && o.Warm != nil && o.Warm.prior == nil {
		o.Prior = nil
	}
	m, loss := fitted(s, obs, o)
	if o.Prior == nil || o.Keep && o.Warm != nil {
		return m, nil
	}
	o.Prior = nil
	if alone, without := fitted(s, obs, o); without < loss-refuted {
		return alone, nil
	}
	return m, nil
}

// refuted is by how much, in natural logarithms, the observations must be likelier
// without the prior for it to be dropped. Its factor β alone cannot say that a model
// has the wrong sign, or nothing to do with what is measured.
const refuted = 4.0

// fitted is a model with its loss; 0 where its hyperparameters were kept.
func fitted(s space.Space, obs []Observation, o Options) (m *Model, loss float64) {
	m = &Model{kernel: newKernel(s), prior: o.Prior}
	p := m.problem(obs, o)
	switch {
	case o.Warm != nil && o.Warm.kernel.size() == m.kernel.size():
		m.kernel.set(o.Warm.kernel.hyper)
	default:
		m.kernel.set(p.start)
		o.Warm = nil
	}
	if o.Warm == nil || !o.Keep {
		loss = m.fit(p, o)
	}
	m.condition(p)
	return m, loss
}

// fit moves the hyperparameters uphill from where they are and, where nothing is
// known of them yet, from a second place too. It returns the loss there.
func (m *Model) fit(p *problem, o Options) (loss float64) {
	few := p.subset(fitLimit)
	steps := 40
	if o.Warm != nil {
		steps = 15
	}
	best, loss := descend(few, m.kernel.hyper, steps)
	m.kernel.set(best)
	if o.Warm != nil || len(few.points) < 3 {
		return loss
	}
	rng := rand.New(rand.NewPCG(o.Seed, 0x737461727473)) // "starts"
	if other, lower := descend(few, few.priors.draw(rng), steps); lower < loss {
		m.kernel.set(other)
		return lower
	}
	return loss
}

// condition computes what predictions need.
func (m *Model) condition(p *problem) {
	m.points, m.same, m.centre = p.points, firsts(p.points), p.centre
	n := len(p.points)
	m.factor = triangle(n)
	for i, a := range p.points {
		for j, b := range p.points[:i+1] {
			m.factor[i][j] = m.kernel.covariance(a, b)
			if p.blocks[i] >= 0 && p.blocks[i] == p.blocks[j] {
				m.factor[i][j] += m.kernel.offset
			}
		}
		m.factor[i][i] += m.kernel.noise * p.doubts[i]
	}
	decompose(m.factor)
	m.weights = solve(m.factor, p.targets)
}

// firsts tells of each point the first that equals it: a search repeats its
// reference and its best, and what is computed of one serves for all.
func firsts(points []point) []int {
	first := make([]int, len(points))
	var unlike []int
	for i, p := range points {
		first[i] = i
		for _, j := range unlike {
			if slices.Equal(p.at, points[j].at) && slices.Equal(p.words, points[j].words) {
				first[i] = j
				break
			}
		}
		if first[i] == i {
			unlike = append(unlike, i)
		}
	}
	return first
}

// level is the value where the prior's gain is 0, as a median over observations.
func (m *Model) level(obs []Observation, values []float64) float64 {
	var apart []float64
	for i, o := range obs {
		if gain, ok := m.gain(o.Config); ok {
			apart = append(apart, values[i]-gain)
		}
	}
	return median(apart)
}

func (m *Model) gain(c record.Flat) (float64, bool) {
	if m.prior == nil {
		return 0, false
	}
	gain, _, ok := m.prior(c)
	return gain, ok && !math.IsNaN(gain) && !math.IsInf(gain, 0)
}

// point places a configuration. The prior's gain is compressed like the values.
func (m *Model) point(c record.Flat) point {
	p := m.kernel.place(c)
	if gain, ok := m.gain(c); ok {
		p.prior = m.warp.compress(m.shift+gain) - m.warp.compress(m.shift)
	}
	return p
}

// row is L⁻¹·k, k the covariances of p with the observations, and the posterior
// mean, still compressed.
func (m *Model) row(p point) (row []float64, mean float64) {
	row = make([]float64, len(m.points))
	for i, other := range m.points {
		if first := m.same[i]; first < i {
			row[i] = row[first]
		} else {
			row[i] = m.kernel.covariance(p, other)
		}
	}
	mean = m.centre + p.prior + floats.Dot(row, m.weights)
	forward(m.factor, row)
	return row, mean
}

// Predict is the posterior mean and standard deviation of f at a configuration,
// without noise and block offset, in the unit of the values. Where values were
// compressed the deviation is that of a straight line through the mean. It costs
// n²/2 multiplications.
func (m *Model) Predict(c record.Flat) (mean, deviation float64) {
	p := m.point(c)
	row, mean := m.row(p)
	variance := m.kernel.covariance(p, p) - floats.Dot(row, row)
	return m.warp.stretch(mean), m.warp.slope(mean) * math.Sqrt(max(variance, 0))
}

// Difference is the posterior mean and standard deviation of f(a) − f(b). What is
// unknown of both alike, the constant among it, drops out.
func (m *Model) Difference(a, b record.Flat) (mean, deviation float64) {
	means, deviations := m.Differences([]record.Flat{a}, b)
	return means[0], deviations[0]
}

// Differences is [Model.Difference] of several to the same one, which it places
// once.
func (m *Model) Differences(as []record.Flat, b record.Flat) (means, deviations []float64) {
	q := m.point(b)
	rowQ, meanQ := m.row(q)
	slopeQ := m.warp.slope(meanQ)
	varianceQ := slopeQ * slopeQ * (m.kernel.covariance(q, q) - floats.Dot(rowQ, rowQ))
	for _, a := range as {
		p := m.point(a)
		row, mean := m.row(p)
		slope := m.warp.slope(mean)
		variance := slope*slope*(m.kernel.covariance(p, p)-floats.Dot(row, row)) + varianceQ -
			2*slope*slopeQ*(m.kernel.covariance(p, q)-floats.Dot(row, rowQ))
		means = append(means, m.warp.stretch(mean)-m.warp.stretch(meanQ))
		deviations = append(deviations, math.Sqrt(max(variance, 0)))
	}
	return means, deviations
}

// Sample is n joint draws of f at the configurations, [draw][configuration]. It
// costs k·n²/2 + k³/6 multiplications for k configurations, and k²/2 each draw.
func (m *Model) Sample(rng *rand.Rand, cs []record.Flat, n int) [][]float64 {
	pool := m.Pool(cs)
	factor := triangle(len(cs))
	for i := range factor {
		for j := range factor[i] {
			factor[i][j] = pool.Covariance(i, j)
		}
	}
	decompose(factor)
	draws := make([][]float64, n)
	normal := make([]float64, len(cs))
	for d := range draws {
		for i := range normal {
			normal[i] = rng.NormFloat64()
		}
		draws[d] = make([]float64, len(cs))
		for i := range draws[d] {
			draws[d][i] = m.warp.stretch(pool.means[i] + floats.Dot(factor[i], normal[:i+1]))
		}
	}
	return draws
}

// Noise is the standard deviation of one trial near the best about f and its block's
// offset.
func (m *Model) Noise() float64 { return math.Sqrt(m.kernel.noise) }

func finite(obs []Observation) []Observation {
	kept := make([]Observation, 0, len(obs))
	for _, o := range obs {
		if !math.IsNaN(o.Value) && !math.IsInf(o.Value, 0) {
			kept = append(kept, o)
		}
	}
	return kept
}
