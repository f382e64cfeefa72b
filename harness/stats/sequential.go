package stats

import (
	_ "embed" // the table of boundaries
	"fmt"
	"sync"

	"sluice/harness/stats/internal/boundary"
)

//go:generate go run ./internal/boundaries

//go:embed boundaries.txt
var boundaryTable string

// MostPairs is the most pairs that a [Sequential] can be asked to look at.
const MostPairs = boundary.MaxPairs

// The simulation of a rule that is not in the table: its standard error at a
// spent error of 0.05 is 0.0005, and falls on the safe side.
const (
	sequentialPaths = 200_000 // of each order of sizes
	sequentialSeed  = 1987
)

// Sequential is the signed-rank test with a look after every pair: a
// group-sequential rule whose error holds however often one looks and whatever
// one stops for. Of its two-sided error alpha it spends alpha·(n ÷ most)³ within
// the first n pairs (the power family of Kim and DeMets, Biometrika 74, 1987,
// after Lan and DeMets, Biometrika 70, 1983), whether the noise keeps its size or
// grows from pair to pair. It never changes, and may be used by many goroutines.
type Sequential struct {
	alpha    float64
	most     int
	critical []int // after n pairs, as boundary.Calibrate returns them

	stricter func() []level // for PBeyond; simulated when first asked for
}

// NewSequential returns the rule for a two-sided error alpha and at most `most`
// pairs, a number fixed before the first trial. Alphas of 0.05 and 0.025 are
// read from a table; for others the boundaries are simulated here, which costs
// 0.2 s of a core at 20 pairs, 1 s at 100, and 12 MB. Above 60 the boundaries are
// those of the next ten, which keep a little more of the error unspent. Fewer
// pairs than MinPairs(alpha) give a [TooFewError].
func NewSequential(alpha float64, most int) (*Sequential, error) {
	if err := check(nil, alpha); err != nil {
		return nil, err
	}
	if least := MinPairs(alpha); most < least {
		return nil, &TooFewError{N: most, Least: least, Alpha: alpha}
	}
	if most > MostPairs {
		return nil, fmt.Errorf("most pairs is %d; a sequential rule is calibrated up to %d", most, MostPairs)
	}
	critical, err := boundaries(alpha, boundary.Rounded(most))
	if err != nil {
		return nil, err
	}
	return &Sequential{
		alpha: alpha, most: most, critical: critical[:most+1],
		stricter: sync.OnceValue(func() []level { return levels(alpha, most, critical) }),
	}, nil
}

// tabled parses the table once.
var tabled = sync.OnceValues(func() (map[boundary.Plan][]int, error) { //nolint:gochecknoglobals // a table that never changes
	rows, err := boundary.Parse(boundaryTable)
	table := make(map[boundary.Plan][]int, len(rows))
	for _, row := range rows {
		table[row.Plan] = row.Critical
	}
	return table, err
})

func boundaries(alpha float64, most int) ([]int, error) {
	table, err := tabled()
	if err != nil {
		return nil, err
	}
	plan := boundary.Plan{Alpha: alpha, Most: most, Power: boundary.Power}
	if critical, ok := table[plan]; ok {
		return critical, nil
	}
	return boundary.Calibrate([]boundary.Plan{plan}, sequentialPaths, sequentialSeed)[0], nil
}

// Alpha is the two-sided error of the rule over all its looks.
func (s *Sequential) Alpha() float64 { return s.alpha }

// Most is the number of pairs at the last look.
func (s *Sequential) Most() int { return s.most }

// First is the number of pairs after which anything can be rejected, hence the
// least for an interval. It grows with Most: 8 pairs of at most 12 at alpha
// 0.05, 9 of at most 20. It is more than Most when no look can reject.
func (s *Sequential) First() int { return boundary.First(s.critical) }

// Critical is the critical value after n pairs: a centre is rejected when the
// smaller of the two rank sums about it is at most this. It is −1 where nothing
// can be rejected: before First, and beyond Most.
func (s *Sequential) Critical(n int) int {
	if n < 0 || n >= len(s.critical) {
		return boundary.None
	}
	return s.critical[n]
}

// Interval is the repeated confidence interval of the centre of the pair
// differences x after len(x) pairs: what the rule has not rejected at this look
// (Jennison and Turnbull, Journal of the Royal Statistical Society B 51, 1989).
// All the intervals of a run hold the truth together with probability 1 − alpha
// at least, so the last one holds it whatever one stopped for: a difference,
// no difference, or impatience. The estimate is that of [HodgesLehmann]; where
// one stopped because of it, it leans away from 0 a little.
//
// It is false before First, beyond Most, and when a difference is not finite.
// The differences must stand in the order in which they were measured, the
// whole series from the first on. It costs n² log n.
func (s *Sequential) Interval(x []float64) (Interval, bool) {
	cut := s.Critical(len(x))
	if cut == boundary.None || check(x, s.alpha) != nil {
		return Interval{}, false
	}
	return interval(walshAverages(x), len(x), cut, s.alpha/2), true
}

// Judge is the repeated interval of the log ratios x and its verdict against a
// margin (see [Verdict]). The first verdict other than [Undecided] may end the
// run. Without an interval it is Undecided and the interval is empty.
func (s *Sequential) Judge(x []float64, margin float64) (Interval, string) {
	in, ok := s.Interval(x)
	if !ok || checkMargin(margin) != nil {
		return in, Undecided
	}
	return in, logVerdict(in, margin)
}
