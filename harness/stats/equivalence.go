package stats

import "math"

// Equivalent tells whether the log ratios x show a true ratio within the
// margin, with an error of at most alpha, and the p-value of that: the greater
// of the two one-sided signed-rank tests against 1 − margin and 1 + margin
// (TOST; Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15, 1987).
// Each side may spend all of alpha, since the truth lies beyond one at most; so
// this is what an interval at 1 − 2·alpha wholly inside the margin says. A
// verdict of [NoDifference], by an interval at 1 − alpha, asks for more.
//
// It is for a number of pairs fixed beforehand. Nothing shown is false and a p
// of 1: no pair, a margin of 0 or a nonsensical one, a value not finite.
func Equivalent(x []float64, margin, alpha float64) (shown bool, p float64) {
	if checkMargin(margin) != nil || check(x, alpha) != nil {
		return false, 1
	}
	_, low := signedRankTails(x, math.Log1p(-margin))
	high, _ := signedRankTails(x, math.Log1p(margin))
	p = max(low, high)
	return p <= alpha, p
}
