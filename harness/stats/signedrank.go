package stats

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// exactPairs is the largest number of pairs for which the signed-rank
// distribution is counted out. All 2^50 signs still count exactly in a float64;
// there the normal approximation is off by 1.7e-3 at most, and by less than 5e-4
// in tails below 0.03, where intervals end.
const exactPairs = 50

// SignedRankCDF is the probability that the signed-rank statistic of n pairs
// without ties is t or less when the true difference is zero: exact up to 50
// pairs, a normal approximation with continuity correction beyond. It costs
// n³ additions at most.
func SignedRankCDF(n, t int) float64 {
	top := n * (n + 1) / 2
	switch {
	case n < 0 || t < 0:
		return 0
	case t >= top:
		return 1
	case n > exactPairs:
		return normalCDF(float64(t), float64(top)/2, rankVariance(n))
	}
	ranks := make([]int, n)
	for i := range ranks {
		ranks[i] = i + 1
	}
	return cumulative(countSums(ranks), t)
}

// SignedRankCritical is the largest t for which SignedRankCDF(n, t) ≤ tail, and
// that probability. It is −1 and 0 when no t is that rare (n is too small) or
// tail is not between 0 and 1.
func SignedRankCritical(n int, tail float64) (t int, p float64) {
	if n < 1 || !(tail > 0 && tail < 1) {
		return -1, 0
	}
	if n > exactPairs {
		return normalCritical(n, tail)
	}
	ranks := make([]int, n)
	for i := range ranks {
		ranks[i] = i + 1
	}
	counts := countSums(ranks)
	total := math.Ldexp(1, n)
	t, sum := -1, 0.0
	for next, count := range counts {
		if (sum+count)/total > tail {
			break
		}
		t, sum = next, sum+count
	}
	return t, sum / total
}

func normalCritical(n int, tail float64) (t int, p float64) {
	mean, variance := float64(n*(n+1))/4, rankVariance(n)
	guess := mean - 0.5 + distuv.UnitNormal.Quantile(tail)*math.Sqrt(variance)
	if guess < 0 {
		return -1, 0
	}
	t = int(min(guess, 2*mean))
	return t, normalCDF(float64(t), mean, variance)
}

// SignedRankP is the two-sided p-value of the hypothesis that the pair
// differences x are symmetric about mu. Differences equal to mu say nothing and
// are dropped, as Wilcoxon did; equal sizes share the mean of their ranks. Up to
// 50 remaining pairs the p-value is exact, ties included (the distribution is
// counted over the ranks that occurred); beyond, normal with the variance
// corrected for ties. Without a remaining pair it is 1.
func SignedRankP(x []float64, mu float64) float64 {
	below, above := signedRankTails(x, mu)
	return min(1, 2*min(below, above))
}

// signedRankTails returns the probabilities, were mu true, of a statistic as
// small as the one seen and of one as large.
func signedRankTails(x []float64, mu float64) (below, above float64) {
	ranks, sum := doubledRanks(x, mu)
	if len(ranks) == 0 {
		return 1, 1
	}
	total := 0
	for _, rank := range ranks {
		total += rank
	}
	if len(ranks) > exactPairs {
		variance := 0.0
		for _, rank := range ranks {
			variance += float64(rank*rank) / 16 // rank/2 squared, over 4
		}
		mean := float64(total) / 4
		return normalCDF(float64(sum)/2, mean, variance), normalCDF(float64(total-sum)/2, mean, variance)
	}
	counts := countSums(ranks)
	// The distribution is symmetric: as large as sum is as small as total − sum.
	return cumulative(counts, sum), cumulative(counts, total-sum)
}

// doubledRanks ranks the distances from mu. Ranks are doubled so that the mean
// rank of a tie is a whole number; sum adds those of the positive differences.
func doubledRanks(x []float64, mu float64) (ranks []int, sum int) {
	diffs := make([]float64, 0, len(x))
	for _, v := range x {
		if d := v - mu; d != 0 {
			diffs = append(diffs, d)
		}
	}
	slices.SortFunc(diffs, func(a, b float64) int { return cmp.Compare(math.Abs(a), math.Abs(b)) })
	ranks = make([]int, len(diffs))
	for from := 0; from < len(diffs); {
		to := from + 1
		for to < len(diffs) && math.Abs(diffs[to]) == math.Abs(diffs[from]) {
			to++
		}
		for i := from; i < to; i++ {
			ranks[i] = from + 1 + to // twice the mean of ranks from+1 … to
			if diffs[i] > 0 {
				sum += ranks[i]
			}
		}
		from = to
	}
	return ranks, sum
}

// countSums counts, for every possible sum, the subsets of ranks that have it.
// The counts add up to 2^len(ranks), which a float64 holds exactly up to 2^53.
func countSums(ranks []int) []float64 {
	counts := []float64{1}
	for _, rank := range ranks {
		next := make([]float64, len(counts)+rank)
		copy(next, counts)
		for sum, count := range counts {
			next[sum+rank] += count
		}
		counts = next
	}
	return counts
}

func cumulative(counts []float64, t int) float64 {
	if t < 0 {
		return 0
	}
	below, total := 0.0, 0.0
	for sum, count := range counts {
		total += count
		if sum <= t {
			below += count
		}
	}
	return below / total
}

// rankVariance is the variance of the statistic of n pairs without ties.
func rankVariance(n int) float64 {
	return float64(n) * float64(n+1) * float64(2*n+1) / 24
}

// normalCDF approximates P(T ≤ t), half a step added for continuity.
func normalCDF(t, mean, variance float64) float64 {
	return distuv.UnitNormal.CDF((t + 0.5 - mean) / math.Sqrt(variance))
}
