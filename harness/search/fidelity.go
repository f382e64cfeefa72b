package search

import "sluice/harness/stats"

// What two ways to measure must show before the cheaper one may stand for the
// dearer: a rank correlation whose lower limit is at least this, of at least so
// many configurations. With fewer an order repeated by luck would do.
const (
	agreement      = 0.9
	agreementPairs = 10
	agreementSure  = 0.95 // one-sided
)

// RanksAgree tells whether configurations measured on a short sample (low) and on
// a long one (high), pair by pair, rank so much alike that a search may use the
// short one: Spearman's correlation rho has a lower 95 % limit of 0.9 or more. It
// is false below 10 pairs, where the lists differ in length, hold what is no
// number, or have no order; rho is 0 where there is none.
func RanksAgree(low, high []float64) (rho float64, agree bool) {
	rho, limit, err := stats.Spearman(low, high, agreementSure)
	if err != nil || rho != rho {
		return 0, false
	}
	return rho, len(low) >= agreementPairs && limit >= agreement
}
