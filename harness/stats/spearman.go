package stats

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Spearman is the rank correlation of pairs, −1 … 1, ties sharing their ranks, and
// its lower limit with the given one-sided confidence: by Fisher's z, with the
// variance 1.06 ÷ (n − 3) that Fieller, Hartley and Pearson found for ranks ("Tests
// for rank correlation coefficients", Biometrika 44, 1957). It needs 4 pairs or
// more. Where all values of a side are equal there is no order, and both are NaN.
func Spearman(x, y []float64, confidence float64) (rho, low float64, err error) {
	if len(x) != len(y) || len(x) < 4 {
		return 0, 0, fmt.Errorf("a rank correlation of %d and %d values; use 4 pairs or more", len(x), len(y))
	}
	for _, side := range [][]float64{x, y} {
		if err := check(side, 1-confidence); err != nil {
			return 0, 0, err
		}
	}
	xs, ys := midranks(x), midranks(y)
	n := float64(len(x))
	mean := (n + 1) / 2
	xy, xx, yy := 0.0, 0.0, 0.0
	for i := range xs {
		xy += (xs[i] - mean) * (ys[i] - mean)
		xx += (xs[i] - mean) * (xs[i] - mean)
		yy += (ys[i] - mean) * (ys[i] - mean)
	}
	rho = min(max(xy/math.Sqrt(xx*yy), -1), 1)
	low = math.Tanh(math.Atanh(rho) - distuv.UnitNormal.Quantile(confidence)*math.Sqrt(1.06/(n-3)))
	return rho, low, nil
}
