package stats

import (
	"math"
	"slices"
)

// Median is the middle value of x, or the mean of the middle two; NaN when x is
// empty.
func Median(x []float64) float64 { return Quantile(x, 0.5) }

// Quantile is the q-quantile of x, 0 ≤ q ≤ 1, interpolated linearly between
// order statistics (type 7 of Hyndman and Fan, The American Statistician 50,
// 1996; the default of R and NumPy). It is NaN when x is empty or q outside.
func Quantile(x []float64, q float64) float64 {
	if len(x) == 0 || !(q >= 0 && q <= 1) {
		return math.NaN()
	}
	sorted := slices.Clone(x)
	slices.Sort(sorted)
	at := q * float64(len(sorted)-1)
	below := int(at)
	if below == len(sorted)-1 {
		return sorted[below]
	}
	share := at - float64(below)
	return sorted[below]*(1-share) + sorted[below+1]*share
}

// MAD is the median absolute deviation from the median, unscaled: multiply by
// 1.4826 to compare it with a normal standard deviation. NaN when x is empty.
func MAD(x []float64) float64 {
	centre := Median(x)
	deviations := make([]float64, len(x))
	for i, v := range x {
		deviations[i] = math.Abs(v - centre)
	}
	return Median(deviations)
}

func medianSorted(sorted []float64) float64 {
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return sorted[half-1]/2 + sorted[half]/2
}
