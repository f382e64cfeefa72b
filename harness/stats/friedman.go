package stats

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// RankTest is what Friedman's test found: rows are blocks, columns treatments.
type RankTest struct {
	RankSums  []float64 // of each column: the sum of its ranks, 1 for the least of a row, ties sharing theirs
	Statistic float64   // Friedman's, corrected for ties
	P         float64   // by chi-squared with a degree of freedom less than there are columns

	rows    int
	squares float64 // of all ranks
}

// Friedman tests whether columns measured in the same rows differ at all: each row
// is ranked by itself, so that whatever lifts a whole row says nothing. It needs
// two rows and two columns or more. Where every row is one tie P is 1. The
// approximation by chi-squared is good from about 5 rows on, and holds its level a
// little too well below.
//
// Friedman, "The use of ranks to avoid the assumption of normality implicit in the
// analysis of variance", Journal of the American Statistical Association 32 (1937);
// Conover, "Practical Nonparametric Statistics", 3rd edition (1999), section 5.8,
// for ties and [RankTest.Critical].
func Friedman(rows [][]float64) (RankTest, error) {
	if err := checkRows(rows); err != nil {
		return RankTest{}, err
	}
	k := len(rows[0])
	t := RankTest{RankSums: make([]float64, k), rows: len(rows)}
	for _, row := range rows {
		for j, rank := range midranks(row) {
			t.RankSums[j] += rank
			t.squares += rank * rank
		}
	}
	between, mean := 0.0, float64(t.rows)*float64(k+1)/2
	for _, sum := range t.RankSums {
		between += (sum - mean) * (sum - mean)
	}
	within := t.squares - float64(t.rows*k)*float64(k+1)*float64(k+1)/4
	if within <= 0 {
		t.P = 1
		return t, nil
	}
	t.Statistic = float64(k-1) * between / within
	t.P = mathext.GammaIncRegComp(float64(k-1)/2, t.Statistic/2)
	return t, nil
}

func checkRows(rows [][]float64) error {
	if len(rows) < 2 || len(rows[0]) < 2 {
		return errors.New("a test of ranks needs 2 rows and 2 columns or more")
	}
	for i, row := range rows {
		if len(row) != len(rows[0]) {
			return fmt.Errorf("row %d has %d columns, the first %d; leave incomplete rows out", i+1, len(row), len(rows[0]))
		}
		if err := check(row, 0.5); err != nil {
			return fmt.Errorf("row %d: %w", i+1, err)
		}
	}
	return nil
}

// Critical is by how much two rank sums must differ, at least, for their columns
// to be told apart at the level alpha: Conover's comparisons after Friedman's test,
// by Student's t. They are meant for after the test has rejected, and are not
// corrected for how many pairs are compared. It is 0 where all rows agree wholly:
// any difference is one then.
func (t RankTest) Critical(alpha float64) float64 {
	k := len(t.RankSums)
	if k < 2 || !(alpha > 0 && alpha < 1) {
		return math.Inf(1)
	}
	sums := 0.0
	for _, sum := range t.RankSums {
		sums += sum * sum
	}
	freedom := float64((t.rows - 1) * (k - 1))
	spread := max(0, 2*(float64(t.rows)*t.squares-sums)/freedom)
	return distuv.StudentsT{Sigma: 1, Nu: freedom}.Quantile(1-alpha/2) * math.Sqrt(spread)
}
