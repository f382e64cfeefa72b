package decide

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"sluice/harness/record"
	"sluice/harness/stats"
)

// component is the columns of one knob, or of a pair.
type component struct {
	a, b  int // knobs; b is -1 where a stands alone
	terms [][2]int
	from  int // its first column
}

// basis is the orthonormal functions of one knob: [function][position], of mean 0
// and variance 1 over its positions.
type basis [][]float64

// newBasis orthonormalises powers of the position, or one function a value where
// positions have no order, by Gram and Schmidt.
func newBasis(k knob, degree int) (b basis) {
	n := len(k.values)
	dot := func(x, y []float64) (sum float64) {
		for i := range x {
			sum += x[i] * y[i] / float64(n)
		}
		return sum
	}
	one := slices.Repeat([]float64{1}, n)
	for j := 1; j < n && (!k.ordered || j <= degree); j++ {
		f := make([]float64, n)
		for i := range f {
			switch {
			case !k.ordered && i == j:
				f[i] = 1
			case k.ordered && j == 1:
				f[i] = float64(i)
			case k.ordered: // position times the last function spans the same as the next power, and is better conditioned
				f[i] = float64(i) * b[j-2][i] / float64(n)
			}
		}
		for range 2 { // once more removes what rounding left
			for _, g := range append(basis{one}, b...) {
				along := dot(f, g)
				for i := range f {
					f[i] -= along * g[i]
				}
			}
		}
		length := math.Sqrt(dot(f, f))
		for i := range f {
			f[i] /= length
		}
		b = append(b, f)
	}
	return b
}

// columnsMost is the share of a design's points that its columns may take.
const columnsMost = 0.4

// leanest orders knobs by how many columns they ask for: a choice of hundreds of
// words, first, would leave none to the others.
func leanest(bases []basis) []int {
	order := make([]int, len(bases))
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(bases[a]), len(bases[b])) })
	return order
}

// plan lists the components that the design can carry: the knobs, then pairs of
// those that matter most by themselves.
func (d points) plan(bases []basis, weight []float64, o EffectOptions) []component {
	var list []component
	columns := 1
	add := func(c component) bool {
		if len(c.terms) == 0 {
			return true
		}
		if columns+len(c.terms) > int(columnsMost*float64(len(d.at))) {
			return false
		}
		c.from = columns
		columns += len(c.terms)
		list = append(list, c)
		return true
	}
	for _, k := range leanest(bases) {
		c := component{a: k, b: -1}
		for i := range bases[k] {
			c.terms = append(c.terms, [2]int{i, -1})
		}
		for !add(c) {
			c.terms = c.terms[:len(c.terms)-1]
		}
	}
	for _, pair := range pairs(weight) {
		c := component{a: pair[0], b: pair[1]}
		for i := range bases[c.a] {
			for j := range bases[c.b] {
				if d.degree(c.a, i)+d.degree(c.b, j) <= o.PairDegree {
					c.terms = append(c.terms, [2]int{i, j})
				}
			}
		}
		if !add(c) {
			break
		}
	}
	return list
}

// degree is that of a function of a knob; the contrasts of a choice count as 1.
func (d points) degree(k, function int) int {
	if !d.knobs[k].ordered {
		return 1
	}
	return function + 1
}

// pairs lists all pairs of knobs, the heaviest first; none where weight is nil.
func pairs(weight []float64) (list [][2]int) {
	for a := range weight {
		for b := a + 1; b < len(weight); b++ {
			list = append(list, [2]int{a, b})
		}
	}
	slices.SortStableFunc(list, func(x, y [2]int) int {
		return cmp.Compare(weight[y[0]]+weight[y[1]], weight[x[0]]+weight[x[1]])
	})
	return list
}

// fitted is the expansion of all draws.
type fitted struct {
	bases        []basis
	components   []component
	coefficients *mat.Dense  // [column][draw]
	shares       [][]float64 // [component][draw]
}

// effects fits twice: the knobs alone, to know whose pairs are worth columns, then
// all together.
func (d points) effects(draws [][]float64, region record.Region, o EffectOptions) ([]record.Effect, error) {
	bases := make([]basis, len(d.knobs))
	for k, knob := range d.knobs {
		bases[k] = newBasis(knob, o.Degree)
	}
	first, err := d.fit(bases, d.plan(bases, nil, o), draws)
	if err != nil {
		return nil, err
	}
	weight := make([]float64, len(d.knobs))
	for i, c := range first.components {
		weight[c.a] = stats.Median(first.shares[i])
	}
	all, err := d.fit(bases, d.plan(bases, weight, o), draws)
	if err != nil {
		return nil, err
	}
	return d.record(all, region), nil
}

// fit expands every draw by least squares.
func (d points) fit(bases []basis, components []component, draws [][]float64) (fitted, error) {
	columns := 1
	for _, c := range components {
		columns += len(c.terms)
	}
	n := len(d.at)
	x := mat.NewDense(n, columns, nil)
	for i, at := range d.at {
		row := x.RawRowView(i)
		row[0] = 1
		for _, c := range components {
			for j, term := range c.terms {
				row[c.from+j] = bases[c.a][term[0]][at[c.a]]
				if c.b >= 0 {
					row[c.from+j] *= bases[c.b][term[1]][at[c.b]]
				}
			}
		}
	}
	var gram mat.SymDense
	gram.SymOuterK(1, x.T())
	var inverse mat.SymDense
	var cholesky mat.Cholesky
	if !cholesky.Factorize(&gram) {
		return fitted{}, errors.New("effects: the design is too small for the space; give it more points")
	}
	if err := cholesky.InverseTo(&inverse); err != nil {
		return fitted{}, fmt.Errorf("effects: %w; give the design more points", err)
	}
	y := mat.NewDense(n, len(draws), nil)
	for j, draw := range draws {
		for i := range n {
			y.Set(i, j, draw[i])
		}
	}
	var moments, coefficients, fit mat.Dense
	moments.Mul(x.T(), y)
	coefficients.Mul(&inverse, &moments)
	fit.Mul(x, &coefficients)
	f := fitted{bases: bases, components: components, coefficients: &coefficients}
	f.split(&inverse, y, &fit)
	return f, nil
}

// negligible is the variance of a logarithm below which a function counts as
// constant: rounding alone makes it.
const negligible = 1e-18

// split shares out the variance of every draw.
func (f *fitted) split(inverse *mat.SymDense, y, fit *mat.Dense) {
	n, draws := y.Dims()
	columns, _ := f.coefficients.Dims()
	f.shares = make([][]float64, len(f.components))
	for draw := range draws {
		residual := 0.0
		for i := range n {
			r := y.At(i, draw) - fit.At(i, draw)
			residual += r * r / float64(n-columns)
		}
		total, explained := residual, make([]float64, len(f.components))
		for i, c := range f.components {
			for j := range c.terms {
				value := f.coefficients.At(c.from+j, draw)
				explained[i] += value*value - residual*inverse.At(c.from+j, c.from+j)
			}
			explained[i] = max(0, explained[i])
			total += explained[i]
		}
		for i := range f.components {
			share := 0.0
			if total > negligible {
				share = explained[i] / total
			}
			f.shares[i] = append(f.shares[i], share)
		}
	}
}

// swings are by how much a component moves the objective from end to end, in each
// draw.
func (d points) swings(f fitted, c component) []float64 {
	_, draws := f.coefficients.Dims()
	low, high := slices.Repeat([]float64{math.Inf(1)}, draws), slices.Repeat([]float64{math.Inf(-1)}, draws)
	others := 1
	if c.b >= 0 {
		others = len(d.knobs[c.b].values)
	}
	sums := make([]float64, draws)
	for p := range d.knobs[c.a].values {
		for q := range others {
			clear(sums)
			for j, term := range c.terms {
				factor := f.bases[c.a][term[0]][p]
				if c.b >= 0 {
					factor *= f.bases[c.b][term[1]][q]
				}
				for draw, coefficient := range f.coefficients.RawRowView(c.from + j) {
					sums[draw] += factor * coefficient
				}
			}
			for draw, sum := range sums {
				low[draw], high[draw] = min(low[draw], sum), max(high[draw], sum)
			}
		}
	}
	for draw := range high {
		high[draw] -= low[draw]
	}
	return high
}

// record summarises the draws. A knob that a region holds fixed has an effect of 0.
func (d points) record(f fitted, region record.Region) []record.Effect {
	var list []record.Effect
	seen, busy := map[int]bool{}, map[int]bool{}
	for i, c := range f.components {
		e := record.Effect{
			Knob: d.knobs[c.a].name, Region: region, Share: stats.Median(f.shares[i]),
			Low: stats.Quantile(f.shares[i], 0.05), High: stats.Quantile(f.shares[i], 0.95),
		}
		if c.b < 0 || e.High >= idleShare {
			swings := d.swings(f, c)
			e.SwingLog, e.SwingHigh = stats.Median(swings), stats.Quantile(swings, 0.95)
		}
		matters := e.High >= idleShare || e.SwingHigh >= idleSwing && c.b < 0
		busy[c.a] = busy[c.a] || matters
		switch {
		case c.b < 0:
			seen[c.a] = true
		case !matters:
			continue
		default:
			e.With, busy[c.b] = d.knobs[c.b].name, true
		}
		list = append(list, e)
	}
	for k, knob := range d.knobs {
		if !seen[k] {
			list = append(list, record.Effect{Knob: knob.name, Region: region})
		}
		at := slices.IndexFunc(list, func(e record.Effect) bool { return e.Knob == knob.name && e.With == "" })
		list[at].Idle = !busy[k]
	}
	slices.SortStableFunc(list, func(a, b record.Effect) int { return cmp.Compare(b.Share, a.Share) })
	return list
}
