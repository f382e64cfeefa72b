package replay

import "math"

// Baseline is random search without replacement and without noise, calculated: what
// the best of so many configurations drawn by chance is truly worth.
type Baseline struct {
	sorted []float64 // true gains of the population, ascending
	best   float64   // the greatest true gain there is
}

// NewBaseline takes a ground's population.
func NewBaseline(g Ground) Baseline { return Baseline{g.Population(), g.Best()} }

// Curve is the expected worth of the best of 1, 2 … n draws, as a share of the best
// there is. Of N configurations in ascending order the k-th is the best of m draws
// with probability C(k−1, m−1) / C(N, m). Costs n × N.
func (b Baseline) Curve(n int) []float64 {
	size := len(b.sorted)
	shares := make([]float64, size)
	below := make([]float64, size) // probability that no draw lies above the k-th
	for k := range below {
		shares[k], below[k] = math.Exp(b.sorted[k]-b.best), 1
	}
	curve := make([]float64, n)
	for m := range n {
		if m >= size {
			curve[m] = shares[size-1]
			continue
		}
		before := 0.0
		for k := range below {
			below[k] *= max(0, float64(k+1-m)) / float64(size-m)
			curve[m] += (below[k] - before) * shares[k]
			before = below[k]
		}
	}
	return curve
}

// Needed is the least number of draws of which at least one lies within eps of the
// best there is with probability p, exactly (hypergeometric); 0 where none of the
// population does.
func (b Baseline) Needed(eps, p float64) int {
	good := 0
	for _, gain := range b.sorted {
		if within(gain, b.best, eps) {
			good++
		}
	}
	if good == 0 {
		return 0
	}
	size, missed := len(b.sorted), 1.0
	for n := 1; ; n++ {
		missed *= max(0, float64(size-good-n+1)) / float64(size-n+1)
		if 1-missed >= p-1e-12 {
			return n
		}
	}
}

// cutoff is how far of the way from the median configuration to the best random
// search is to come by the end of what P averages over.
const cutoff = 0.95

// horizon is the number of launches that P averages over, at most so many: until
// random search has come 95 % of the way from the median to the best. Beyond, the
// denominator of P would vanish.
func (b Baseline) horizon(curve []float64) int {
	median := math.Exp(b.sorted[len(b.sorted)/2] - b.best)
	for i, share := range curve {
		if share >= median+cutoff*(1-median) {
			return i + 1
		}
	}
	return len(curve)
}

// within says whether a true gain lies within eps of the best.
func within(gain, best, eps float64) bool { return math.Exp(gain-best) >= 1-eps-1e-12 }
