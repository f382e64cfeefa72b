package stats

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// ErrTooFew says that no interval of the asked confidence exists for so few
// pairs. It is always wrapped in a [TooFewError].
var ErrTooFew = errors.New("too few pairs")

// TooFewError names the least number of pairs that would do.
type TooFewError struct {
	N     int     // pairs given
	Least int     // pairs that would do
	Alpha float64 // error asked for
}

// Error says how many pairs there are and how many it takes.
func (e *TooFewError) Error() string {
	return fmt.Sprintf("%d pairs are too few for an error of %g; use %d or more", e.N, e.Alpha, e.Least)
}

// Unwrap returns ErrTooFew.
func (e *TooFewError) Unwrap() error { return ErrTooFew }

// Interval is an estimate with its confidence interval, ends included.
type Interval struct {
	Estimate, Low, High float64
	Confidence          float64 // achieved, at least what was asked: 0.96875 for 6 pairs at alpha 0.05
	N                   int     // pairs
}

// HodgesLehmann estimates the centre of the pair differences x: the median of
// the Walsh averages (xᵢ + xⱼ)/2 over i ≤ j, with the interval that the
// signed-rank test at level alpha would not reject (two-sided, alpha/2 at each
// end). The k smallest and k largest of the averages are cut off, k the largest
// with P(T < k) ≤ alpha/2, so the achieved confidence is at least 1 − alpha; it
// is exact for continuous symmetric differences up to 50 pairs, conservative
// with ties, and normal beyond.
//
// Too few pairs give a [TooFewError] and, beside it, the widest interval there
// is with the confidence that it does have: 93.75 % for 5 pairs. Without any
// pair the interval is empty. It costs n² log n.
func HodgesLehmann(x []float64, alpha float64) (Interval, error) {
	if err := check(x, alpha); err != nil {
		return Interval{}, err
	}
	if len(x) == 0 {
		return Interval{}, &TooFewError{N: 0, Least: MinPairs(alpha), Alpha: alpha}
	}
	walsh := walshAverages(x)
	cut, tail := SignedRankCritical(len(x), alpha/2)
	if cut < 0 {
		return interval(walsh, len(x), 0, math.Ldexp(1, -len(x))),
			&TooFewError{N: len(x), Least: MinPairs(alpha), Alpha: alpha}
	}
	return interval(walsh, len(x), cut, tail), nil
}

// interval cuts off `cut` averages at each end, each end wrong with probability tail.
func interval(walsh []float64, n, cut int, tail float64) Interval {
	cut = min(cut, (len(walsh)-1)/2) // a large alpha leaves at least the median
	return Interval{
		Estimate:   medianSorted(walsh),
		Low:        walsh[cut],
		High:       walsh[len(walsh)-1-cut],
		Confidence: max(0, 1-2*tail),
		N:          n,
	}
}

// LowerBound is the one-sided partner of [HodgesLehmann]: the true centre of
// the differences x lies at or above bound with the confidence returned, at
// least 1 − alpha. At alpha 0.05 it takes 5 pairs; fewer give a [TooFewError].
func LowerBound(x []float64, alpha float64) (bound, confidence float64, err error) {
	if err := check(x, alpha); err != nil {
		return 0, 0, err
	}
	cut, tail := SignedRankCritical(len(x), alpha)
	if len(x) == 0 || cut < 0 {
		return 0, 0, &TooFewError{N: len(x), Least: leastPairs(alpha), Alpha: alpha}
	}
	walsh := walshAverages(x)
	return walsh[min(cut, len(walsh)-1)], 1 - tail, nil
}

// MinPairs is the least number of pairs whose widest interval reaches a
// two-sided error of alpha, 2·2⁻ⁿ ≤ alpha: 6 at 0.05, 7 at 0.025 (two
// candidates sharing 0.05), 9 at 0.005 (the first of ten rows under Holm).
// It is 0 for an alpha that is not between 0 and 1.
func MinPairs(alpha float64) int { return leastPairs(alpha / 2) }

func leastPairs(tail float64) int {
	if !(tail > 0 && tail < 1) {
		return 0
	}
	return max(1, int(math.Ceil(-math.Log2(tail))))
}

// walshAverages returns the n(n+1)/2 pairwise means of x, ascending.
func walshAverages(x []float64) []float64 {
	averages := make([]float64, 0, len(x)*(len(x)+1)/2)
	for i, a := range x {
		for _, b := range x[i:] {
			averages = append(averages, a/2+b/2) // halved first: no overflow
		}
	}
	slices.Sort(averages)
	return averages
}

func check(x []float64, alpha float64) error {
	if !(alpha > 0 && alpha < 1) {
		return fmt.Errorf("alpha is %v; use an error between 0 and 1 such as 0.05", alpha)
	}
	for i, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("difference of pair %d is %v; only finite numbers can be ranked", i+1, v)
		}
	}
	return nil
}
