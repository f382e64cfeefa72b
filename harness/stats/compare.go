package stats

import (
	"fmt"
	"math"
)

// The verdicts of a ratio's interval against a margin.
const (
	Better       = "better"        // wholly beyond 1 + margin
	Worse        = "worse"         // wholly beyond 1 − margin
	NoDifference = "no difference" // wholly inside
	Undecided    = "undecided"
)

// Comparison is a paired comparison on one metric. Ratio, Low and High are new ÷
// reference where higher is better and reference ÷ new where lower is, so that
// above 1 is always better.
type Comparison struct {
	Ratio, Low, High float64
	Confidence       float64 // achieved
	N                int     // pairs
	Margin           float64
	Verdict          string  // Better, Worse, NoDifference or Undecided
	P                float64 // of the hypothesis that the true ratio lies within the margin; for Holm
	Needed           int     // pairs that would decide, when undecided; 0 when none would
}

// LogRatios returns ln(num ÷ den), pair by pair. Values must be positive and
// finite, and the series equally long.
func LogRatios(num, den []float64) ([]float64, error) {
	if len(num) != len(den) {
		return nil, fmt.Errorf("%d values cannot be paired with %d; use as many of both", len(num), len(den))
	}
	logs := make([]float64, len(num))
	for i := range num {
		if !positive(num[i]) || !positive(den[i]) {
			return nil, fmt.Errorf("pair %d is %v and %v; a ratio needs two positive finite values", i+1, num[i], den[i])
		}
		logs[i] = math.Log(num[i]) - math.Log(den[i]) // not of the quotient, which may overflow
	}
	return logs, nil
}

func positive(v float64) bool { return v > 0 && !math.IsInf(v, 1) }

// Compare compares the series a with ref, whose i-th values come from the same
// block. Margin is a share such as 0.02; alpha is the two-sided error of the
// interval: with two candidates give each half of it.
//
// Pairs too few for alpha are a doubt, not an error: the verdict is Undecided
// and Confidence says how little the interval is worth. An error means that the
// data cannot be compared at all: lengths that differ, a value that is not
// positive, no pair, a margin outside 0 … 1.
func Compare(higherBetter bool, a, ref []float64, margin, alpha float64) (Comparison, error) {
	if err := checkMargin(margin); err != nil {
		return Comparison{}, err
	}
	if !higherBetter {
		a, ref = ref, a
	}
	logs, err := LogRatios(a, ref)
	if err != nil {
		return Comparison{}, err
	}
	in, err := HodgesLehmann(logs, alpha)
	if err != nil && in.N == 0 {
		return Comparison{}, err
	}
	c := Comparison{
		Ratio: math.Exp(in.Estimate), Low: math.Exp(in.Low), High: math.Exp(in.High),
		Confidence: in.Confidence, N: in.N, Margin: margin, Verdict: Undecided, P: PBeyond(logs, margin),
	}
	if err == nil {
		c.Verdict = Verdict(c.Low, c.High, margin)
	}
	if c.Verdict == Undecided {
		c.Needed = Needed(logs, margin, alpha)
		if c.Needed > 0 { // these pairs did not decide: it takes at least one more
			c.Needed = max(c.Needed, c.N+1)
		}
	}
	return c, nil
}

// Verdict judges the interval low … high of a ratio against a margin: Better
// wholly beyond 1 + margin, Worse wholly beyond 1 − margin, NoDifference wholly
// inside (touching the margin is inside), else Undecided.
func Verdict(low, high, margin float64) string {
	switch {
	case low > 1+margin:
		return Better
	case high < 1-margin:
		return Worse
	case low >= 1-margin && high <= 1+margin:
		return NoDifference
	default:
		return Undecided
	}
}

// logVerdict is Verdict of an interval of log ratios.
func logVerdict(in Interval, margin float64) string {
	return Verdict(math.Exp(in.Low), math.Exp(in.High), margin)
}

// PBeyond is the p-value of the hypothesis that the true ratio behind the log
// ratios x lies within the margin: at most alpha just when the interval at
// level alpha lies wholly beyond it, on either side (up to ties).
func PBeyond(x []float64, margin float64) float64 {
	_, above := signedRankTails(x, math.Log1p(margin))
	below, _ := signedRankTails(x, math.Log1p(-margin))
	return min(1, 2*min(above, below))
}

// NotWorse tells whether the log ratios x show a true ratio above 1 − margin,
// with a one-sided error of at most alpha (non-inferiority: the lower bound of
// [LowerBound] clears the margin). Too few pairs show nothing: false.
func NotWorse(x []float64, margin, alpha float64) bool {
	if checkMargin(margin) != nil {
		return false
	}
	bound, _, err := LowerBound(x, alpha)
	return err == nil && bound > math.Log1p(-margin)
}

func checkMargin(margin float64) error {
	if !(margin >= 0 && margin < 1) {
		return fmt.Errorf("margin is %v; use a share between 0 and 1 such as 0.02", margin)
	}
	return nil
}
