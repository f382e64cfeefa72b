package stats

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// MaxNeeded is the most that [Needed] answers: 1000 stands for 1000 or more.
const MaxNeeded = 1000

// power is the chance of a decision that Needed and Detectable plan for.
const power = 0.8

// oneSigma is the error of an interval of ± one standard error.
const oneSigma = 0.3173

// rankPenalty is what ranks cost where the noise happens to be normal: the
// signed-rank test needs π/3 ≈ 1.047 times the pairs of a t-test.
const rankPenalty = math.Pi / 3

// Needed is about how many pairs in all would decide with probability 0.8, if
// the truth lay at the estimate and the spread stayed as seen in the log ratios x:
//
//	n = ((z(1 − alpha/2) + z(0.8)) · s ÷ d)²
//
// where s is the [Spread] and d the distance from the estimate to the nearer
// edge of the margin, both in log ratio: an interval that reaches less far than
// d lies wholly inside or wholly beyond. It is an order of magnitude, not a
// promise, since both s and d are estimates. At least [MinPairs], at most
// [MaxNeeded]; 0 when no number would do because the estimate lies on the edge.
// Fewer than three pairs show no spread: the answer is MinPairs.
func Needed(x []float64, margin, alpha float64) int {
	in, err := HodgesLehmann(x, alpha)
	least := MinPairs(alpha)
	if least == 0 || checkMargin(margin) != nil || (err != nil && !errors.Is(err, ErrTooFew)) {
		return 0
	}
	spread := Spread(x)
	if math.IsNaN(spread) {
		return least
	}
	distance := edgeDistance(in.Estimate, margin)
	if distance < 1e-12 { // rounding apart, the estimate lies on the edge
		return 0
	}
	n := math.Ceil(math.Pow(plan(alpha)*spread/distance, 2))
	return int(min(max(n, float64(least)), MaxNeeded))
}

// SequentialNeeded is [Needed] for the rule of [Sequential]: about how many pairs
// in all, of at most `most`, would decide at the repeated interval with
// probability 0.8. It is the first n after those seen with
//
//	(z(n) + z(0.8)) · s ÷ √n ≤ d
//
// where z(n) is the normal deviate of the critical value after n pairs, s the
// [Spread] and d the distance to the nearer edge of the margin. More than most,
// at most [MaxNeeded], means that a run with so many as its most would do; 0
// that none would, the estimate lying on the edge, or that there is no such rule.
func SequentialNeeded(x []float64, margin, alpha float64, most int) int {
	rule, err := NewSequential(alpha, most)
	if err != nil {
		return 0
	}
	fixed := Needed(x, margin, alpha)
	spread := Spread(x)
	if fixed == 0 {
		return 0
	}
	if math.IsNaN(spread) {
		return min(max(rule.First(), len(x)+1), most)
	}
	distance := edgeDistance(hodgesLehmannEstimate(x), margin)
	enough := distuv.UnitNormal.Quantile(power)
	for n := max(rule.First(), len(x)+1); n <= most; n++ {
		if (rule.deviate(n)+enough)*spread <= distance*math.Sqrt(float64(n)) {
			return n
		}
	}
	// Beyond: the fixed plan, stretched by what the last look gives up.
	stretch := (rule.deviate(most) + enough) / plan(alpha)
	return int(min(max(math.Ceil(float64(fixed)*stretch*stretch), float64(most+1), float64(len(x)+1)), MaxNeeded))
}

// deviate is the standard normal deviate of the critical value after n pairs.
func (s *Sequential) deviate(n int) float64 {
	return -distuv.UnitNormal.Quantile(SignedRankCDF(n, s.Critical(n)))
}

// Detectable is about the smallest log ratio that n pairs tell from an edge of
// the margin with probability 0.8, when the log ratios of pairs have the given
// standard deviation: the converse of [Needed], with the small price of ranks.
// It is infinite when n pairs cannot decide anything at this alpha.
func Detectable(deviation float64, n int, alpha float64) float64 {
	least := MinPairs(alpha)
	if least == 0 || n < least {
		return math.Inf(1)
	}
	return plan(alpha) * deviation * math.Sqrt(rankPenalty/float64(n))
}

// edgeDistance is how far, in log ratio, the nearer edge of the margin is.
func edgeDistance(estimate, margin float64) float64 {
	return min(math.Abs(estimate-math.Log1p(margin)), math.Abs(estimate-math.Log1p(-margin)))
}

func plan(alpha float64) float64 {
	return distuv.UnitNormal.Quantile(1-alpha/2) + distuv.UnitNormal.Quantile(power)
}

// Spread is the standard error of the Hodges–Lehmann estimate of x times √n: the
// robust counterpart of a standard deviation, about 1.02 of it for normal noise.
// It is read off the length of the one-sigma interval (Lehmann 1963), so one
// outlier hardly moves it. NaN for fewer than three values.
func Spread(x []float64) float64 {
	in, err := HodgesLehmann(x, oneSigma)
	if err != nil {
		return math.NaN()
	}
	// The achieved confidence is more than one sigma when n is small.
	sigmas := distuv.UnitNormal.Quantile((1 + in.Confidence) / 2)
	return (in.High - in.Low) / (2 * sigmas) * math.Sqrt(float64(in.N))
}
