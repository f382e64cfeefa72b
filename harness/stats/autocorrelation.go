package stats

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// Serial is how much a value of a series resembles the one before it.
type Serial struct {
	Lag1  float64 // serial correlation of the ranks at lag 1, about 1 − Ratio/2
	Ratio float64 // rank von Neumann ratio: about 2 without correlation, less when neighbours are alike
	P     float64 // two-sided, of the hypothesis that every order was equally likely
	N     int     // values
}

// exactOrders is the largest number of values of which every order is tried:
// 40,320 of them, in about a millisecond.
const exactOrders = 8

// Autocorrelation tests the values x, in the order in which they were measured,
// for neighbours that are alike (or unlike) beyond chance. The ratio is the sum
// of squared differences between the ranks of neighbours over that between the
// ranks and their mean (Bartels, Journal of the American Statistical Association
// 77, 1982), so it asks nothing of the distribution. The p-value tries every
// order of up to 8 values, ties included, and beyond takes Bartels' beta
// distribution on 0 … 4 with the ratio's mean and variance.
//
// A drift is one kind of correlation: see [Drift]. Fewer than four values, one
// that is not finite, or values all equal show nothing: P is 1 and Ratio 2.
func Autocorrelation(x []float64) Serial {
	s := Serial{Ratio: 2, P: 1, N: len(x)}
	if len(x) < 4 || check(x, 0.5) != nil {
		return s
	}
	ranks := midranks(x)
	centre := float64(len(x)+1) / 2
	spread, product := 0.0, 0.0
	for i, r := range ranks {
		spread += (r - centre) * (r - centre)
		if i > 0 {
			product += (r - centre) * (ranks[i-1] - centre)
		}
	}
	if spread == 0 {
		return s
	}
	steps := stepSquares(ranks)
	s.Ratio, s.Lag1 = steps/spread, product/spread
	if len(x) <= exactOrders {
		s.P = orderP(ranks, steps)
	} else {
		s.P = betaP(len(x), s.Ratio)
	}
	return s
}

// midranks ranks x, ties sharing the mean of their ranks, in the order of x.
func midranks(x []float64) []float64 {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(x[a], x[b]) })
	ranks := make([]float64, len(x))
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && x[order[to]] == x[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			ranks[i] = float64(from+1+to) / 2
		}
		from = to
	}
	return ranks
}

func stepSquares(ranks []float64) float64 {
	sum := 0.0
	for i := range len(ranks) - 1 {
		d := ranks[i+1] - ranks[i]
		sum += d * d
	}
	return sum
}

// orderP counts the orders whose sum of squared steps is as small, and those
// where it is as large. Halves and their squares are exact in a float64.
func orderP(ranks []float64, seen float64) float64 {
	below, above, all := 0, 0, 0
	left := slices.Clone(ranks)
	var walk func(k int, sum float64)
	walk = func(k int, sum float64) {
		if k == len(left) {
			all++
			if sum <= seen {
				below++
			}
			if sum >= seen {
				above++
			}
			return
		}
		for i := k; i < len(left); i++ {
			left[k], left[i] = left[i], left[k]
			step := 0.0
			if k > 0 {
				step = (left[k] - left[k-1]) * (left[k] - left[k-1])
			}
			walk(k+1, sum+step)
			left[k], left[i] = left[i], left[k]
		}
	}
	walk(0, 0)
	return min(1, 2*float64(min(below, above))/float64(all))
}

// betaP takes ratio/4 as beta with both shapes such that the variance of the
// ratio is 4(n−2)(5n²−2n−9) ÷ (5n(n+1)(n−1)²).
func betaP(n int, ratio float64) float64 {
	m := float64(n)
	shape := 5*m*(m+1)*(m-1)*(m-1)/(2*(m-2)*(5*m*m-2*m-9)) - 0.5
	below := mathext.RegIncBeta(shape, shape, math.Min(1, math.Max(0, ratio/4)))
	return min(1, 2*math.Min(below, 1-below))
}
