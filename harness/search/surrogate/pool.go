package surrogate

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"

	"sluice/harness/record"
)

// Pool is configurations that are predicted together: their rows against the
// observations are computed once, and a fantasy costs one more entry in each. Its
// means and covariances are of compressed values, which have the same order as
// the others and are the same near the best. It is not safe for concurrent use.
type Pool struct {
	model     *Model
	points    []point
	rows      [][]float64
	means     []float64
	fantasies []fantasy
}

// fantasy is one further row of the Cholesky factor.
type fantasy struct {
	point point
	row   []float64
	pivot float64
}

// Pool places the configurations. It costs n²/2 multiplications for each.
func (m *Model) Pool(cs []record.Flat) *Pool {
	p := &Pool{model: m}
	for _, c := range cs {
		p.Add(c)
	}
	return p
}

// Len is the number of configurations.
func (p *Pool) Len() int { return len(p.points) }

// Add takes one more configuration into the pool and returns its index.
func (p *Pool) Add(c record.Flat) int {
	at := p.model.point(c)
	row, mean := p.model.row(at)
	row = slices.Grow(row, 8)
	for _, f := range p.fantasies {
		row = append(row, (p.model.kernel.covariance(at, f.point)-floats.Dot(row, f.row))/f.pivot)
	}
	p.points, p.rows, p.means = append(p.points, at), append(p.rows, row), append(p.means, mean)
	return len(p.points) - 1
}

// Truncate forgets all configurations but the first n.
func (p *Pool) Truncate(n int) {
	p.points, p.rows, p.means = p.points[:n], p.rows[:n], p.means[:n]
}

// Mean is the posterior mean of f at configuration i, compressed.
func (p *Pool) Mean(i int) float64 { return p.means[i] }

// Covariance is the posterior one of f at two configurations, after the fantasies.
func (p *Pool) Covariance(i, j int) float64 {
	return p.model.kernel.covariance(p.points[i], p.points[j]) - floats.Dot(p.rows[i], p.rows[j])
}

// Deviation is the posterior standard deviation of f at configuration i.
func (p *Pool) Deviation(i int) float64 { return math.Sqrt(max(0, p.Covariance(i, i))) }

// DifferenceDeviation is the standard deviation of f(i) − f(j).
func (p *Pool) DifferenceDeviation(i, j int) float64 {
	return math.Sqrt(max(0, p.Covariance(i, i)+p.Covariance(j, j)-2*p.Covariance(i, j)))
}

// Fantasise adds a trial of configuration i that finds just what is expected:
// means stay, deviations shrink (the kriging believer of Ginsbourger, Le Riche and
// Carraro, "Kriging is well-suited to parallelize optimization", 2010). The trial's
// noise is that of one trial. It costs n multiplications for each configuration.
func (p *Pool) Fantasise(i int) {
	f := fantasy{point: p.points[i], row: slices.Clone(p.rows[i])}
	f.pivot = math.Sqrt(max(p.Covariance(i, i), 0) + p.model.kernel.noise)
	for j, row := range p.rows {
		p.rows[j] = append(row, (p.model.kernel.covariance(p.points[j], f.point)-floats.Dot(row, f.row))/f.pivot)
	}
	p.fantasies = append(p.fantasies, f)
}
