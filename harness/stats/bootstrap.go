package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// MinBootstrap is the least number of pairs worth resampling: with fewer the
// bootstrap's intervals are too short, and the exact one of [HodgesLehmann] is
// at hand.
const MinBootstrap = 25

// BootstrapInterval is the bias-corrected and accelerated bootstrap interval of
// the Hodges–Lehmann estimate (Efron, Journal of the American Statistical
// Association 82, 1987). It assumes independent pairs, but not that they are
// symmetric about the truth: a second opinion on [HodgesLehmann], from 25 pairs
// on; fewer give a [TooFewError]. The Confidence is 1 − alpha, as asked, and
// approximate.
//
// Of `resamples`, at least 1000, all are drawn from a generator of its own, so
// that one seed gives one answer. Each costs n² log n: 2000 of 25 pairs 20 ms,
// of 100 pairs 0.7 s.
func BootstrapInterval(x []float64, alpha float64, seed uint64, resamples int) (Interval, error) {
	if err := check(x, alpha); err != nil {
		return Interval{}, err
	}
	if len(x) < MinBootstrap {
		return Interval{}, &TooFewError{N: len(x), Least: MinBootstrap, Alpha: alpha}
	}
	if resamples < 1000 {
		return Interval{}, fmt.Errorf("%d resamples are too few for the tails; use 1000 or more", resamples)
	}
	low, high := bca(x, hodgesLehmannEstimate, alpha, rand.New(rand.NewPCG(seed, 0)), resamples)
	return Interval{Estimate: hodgesLehmannEstimate(x), Low: low, High: high, Confidence: 1 - alpha, N: len(x)}, nil
}

func hodgesLehmannEstimate(x []float64) float64 { return medianSorted(walshAverages(x)) }

// bca returns the ends of the interval: the quantiles of the resampled
// statistics at levels moved by the bias z0, in normal deviates, and by the
// acceleration a (Efron and Tibshirani, "An Introduction to the Bootstrap",
// 1993, chapter 14).
func bca(x []float64, statistic func([]float64) float64, alpha float64, rng *rand.Rand, resamples int) (low, high float64) {
	drawn := resample(x, statistic, rng, resamples)
	z0 := bias(drawn, statistic(x))
	if math.IsInf(z0, 0) || drawn[0] == drawn[len(drawn)-1] {
		return drawn[0], drawn[len(drawn)-1]
	}
	a := acceleration(x, statistic)
	level := func(tail float64) float64 {
		z := z0 + distuv.UnitNormal.Quantile(tail)
		return distuv.UnitNormal.CDF(z0 + z/(1-a*z))
	}
	return Quantile(drawn, level(alpha/2)), Quantile(drawn, level(1-alpha/2))
}

// resample returns the statistic of resamples drawn with replacement, ascending.
func resample(x []float64, statistic func([]float64) float64, rng *rand.Rand, resamples int) []float64 {
	drawn := make([]float64, resamples)
	again := make([]float64, len(x))
	for i := range drawn {
		for j := range again {
			again[j] = x[rng.IntN(len(x))]
		}
		drawn[i] = statistic(again)
	}
	slices.Sort(drawn)
	return drawn
}

// bias is the normal deviate of the share of resamples below the estimate,
// half of those equal to it counted.
func bias(drawn []float64, estimate float64) float64 {
	below, equal := 0, 0
	for _, v := range drawn {
		switch {
		case v < estimate:
			below++
		case v == estimate:
			equal++
		}
	}
	return distuv.UnitNormal.Quantile((float64(below) + float64(equal)/2) / float64(len(drawn)))
}

// acceleration is a sixth of the skewness of the jackknife values; 0 when they
// are all the same.
func acceleration(x []float64, statistic func([]float64) float64) float64 {
	left := make([]float64, len(x))
	mean := 0.0
	for i := range x {
		left[i] = statistic(slices.Concat(x[:i], x[i+1:]))
		mean += left[i] / float64(len(x))
	}
	squares, cubes := 0.0, 0.0
	for _, v := range left {
		d := mean - v
		squares += d * d
		cubes += d * d * d
	}
	if squares == 0 {
		return 0
	}
	return cubes / (6 * math.Pow(squares, 1.5))
}
