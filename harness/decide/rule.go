package decide

import (
	"errors"
	"math"
	"slices"

	"sluice/harness/record"
	"sluice/harness/stats"
)

// Rule says how sure a result is, and how its pairs were taken.
type Rule struct {
	Alpha float64 // two-sided error of an interval

	// repeated is the rule of pairs that were looked at one by one; nil where their
	// number was fixed beforehand.
	repeated *stats.Sequential
}

// Sequentially is the rule of a comparison that is looked at after every pair and
// ends as soon as it is decided, at the latest after so many pairs. Its intervals
// and p-values hold at whatever pair one stops (stats.Sequential). Where so few
// pairs leave no room to look early, their number is as good as fixed.
func Sequentially(alpha float64, most int) (Rule, error) {
	repeated, err := stats.NewSequential(alpha, most)
	if errors.Is(err, stats.ErrTooFew) {
		return Rule{Alpha: alpha}, nil
	}
	return Rule{Alpha: alpha, repeated: repeated}, err
}

// interval is the interval of the log ratios, false where so few have none.
func (r Rule) interval(logs []float64) (stats.Interval, bool) {
	if r.repeated != nil {
		return r.repeated.Interval(logs)
	}
	interval, err := stats.HodgesLehmann(logs, r.Alpha)
	return interval, err == nil
}

// beyond is the p-value of the hypothesis that the true ratio lies within the margin.
func (r Rule) beyond(logs []float64, margin float64) float64 {
	if r.repeated != nil {
		return r.repeated.PBeyond(logs, margin)
	}
	return stats.PBeyond(logs, margin)
}

// notWorse says whether the true ratio is shown to lie above 1 − margin.
func (r Rule) notWorse(logs []float64, margin float64) bool {
	if r.repeated == nil {
		return stats.NotWorse(logs, margin, r.Alpha/2)
	}
	interval, ok := r.interval(logs)
	return ok && interval.Low > math.Log1p(-margin)
}

// needed is how many pairs would decide at an error of alpha; 0 when none would.
func (r Rule) needed(logs []float64, margin, alpha float64) int {
	needed := stats.Needed(logs, margin, alpha)
	if r.repeated != nil && alpha == r.Alpha {
		needed = stats.SequentialNeeded(logs, margin, alpha, r.repeated.Most())
	}
	if needed == 0 {
		return 0
	}
	return max(needed, len(logs)+1) // it is a guess by the spread; so many did not decide
}

// Ratio estimates one ratio with its interval and verdict. With too few pairs for
// an interval the interval is everything and the verdict undecided.
func (r Rule) Ratio(logs []float64, margin float64) record.Ratio {
	ratio := record.Ratio{N: len(logs), Margin: margin, Confidence: 1 - r.Alpha, Verdict: record.Undecided, High: math.MaxFloat64, Repeated: r.repeated != nil}
	if len(logs) == 0 {
		return ratio
	}
	ratio.P = r.beyond(logs, margin)
	interval, ok := r.interval(logs)
	if !ok {
		ratio.Ratio = math.Exp(stats.Median(logs))
		ratio.Needed = max(stats.MinPairs(r.Alpha), r.needed(logs, margin, r.Alpha))
		return ratio
	}
	ratio.Ratio, ratio.Low, ratio.High = math.Exp(interval.Estimate), math.Exp(interval.Low), math.Exp(interval.High)
	ratio.Confidence = interval.Confidence
	ratio.Verdict = record.Verdict(stats.Verdict(ratio.Low, ratio.High, margin))
	if ratio.Verdict == record.Undecided {
		ratio.Needed = r.needed(logs, margin, r.Alpha)
	}
	return ratio
}

// Ratios compares an arm with the reference on every metric of the goal. The
// metrics that the goal tests in order are each judged with the whole error; the
// verdicts of the rest are those that stand when all of them share it (Holm).
func (r Rule) Ratios(trials []record.Trial, arm, reference string, goal Goal) map[string]record.Ratio {
	ratios := map[string]record.Ratio{}
	rest, pairS := family{}, PairS(trials, arm, reference)
	for _, metric := range goal.Metrics() {
		logs := goal.LogRatios(trials, arm, reference, metric)
		if len(logs) == 0 {
			continue
		}
		ratios[metric] = r.Ratio(logs, goal.MarginOf(metric))
		if !slices.Contains(goal.inOrder(), metric) {
			rest = append(rest, member{key: metric, logs: logs, ratio: ratios[metric]})
		}
	}
	for _, m := range rest.judge(r) {
		ratios[m.key] = m.ratio
	}
	for metric, ratio := range ratios {
		ratio.NeededS = float64(max(0, ratio.Needed-ratio.N)) * pairS
		ratios[metric] = ratio
	}
	return ratios
}

// Families judges the ratios of many arms against one reference as the families of
// comparisons that they are: each metric that the goal tests in order over all
// arms, and the rest of the metrics over all arms together. A difference is shown
// where it stands after Holm's correction over its family. Each ratio also gets its
// false discovery rate, for exploring. The ratios stand in arms.
func (r Rule) Families(trials []record.Trial, arms []record.Arm, reference string, goal Goal) {
	var rest []string
	for _, metric := range goal.Metrics() {
		if slices.Contains(goal.inOrder(), metric) {
			r.family(trials, arms, reference, goal, metric)
		} else {
			rest = append(rest, metric)
		}
	}
	r.family(trials, arms, reference, goal, rest...)
}

// family judges some metrics of all arms together.
func (r Rule) family(trials []record.Trial, arms []record.Arm, reference string, goal Goal, metrics ...string) {
	all := family{}
	for _, arm := range arms {
		for _, metric := range metrics {
			if ratio, ok := arm.Ratios[metric]; ok {
				logs := goal.LogRatios(trials, arm.Name, reference, metric)
				ratio.Verdict = r.Ratio(logs, ratio.Margin).Verdict // by itself
				all = append(all, member{key: arm.Name + "\x00" + metric, logs: logs, ratio: ratio})
			}
		}
	}
	judged := map[string]record.Ratio{}
	for _, m := range all.judge(r) {
		judged[m.key] = m.ratio
	}
	for _, arm := range arms {
		for _, metric := range metrics {
			ratio, ok := judged[arm.Name+"\x00"+metric]
			if !ok {
				continue
			}
			ratio.NeededS = float64(max(0, ratio.Needed-ratio.N)) * PairS(trials, arm.Name, reference)
			arm.Ratios[metric] = ratio
		}
	}
}

// NotShown takes back that there is no difference, of every metric that depends on
// time: on a busy machine a difference may not show, and is never excluded.
func NotShown(ratios map[string]record.Ratio) {
	for metric, ratio := range ratios {
		if ratio.Verdict == record.NoDifference && metric != record.RSS {
			ratio.Verdict = record.Undecided
			ratios[metric] = ratio
		}
	}
}

// member is one comparison of a family.
type member struct {
	key   string
	logs  []float64
	ratio record.Ratio
}

type family []member

// judge takes back the differences that do not stand when all members share the
// error.
func (f family) judge(r Rule) family {
	p := make([]float64, len(f))
	for i := range f {
		p[i] = f[i].ratio.P
	}
	holm, q := stats.HolmAdjusted(p), stats.FDR(p)
	for i := range f {
		ratio := &f[i].ratio
		ratio.PHolm, ratio.Q = holm[i], q[i]
		if differs := ratio.Verdict == record.Better || ratio.Verdict == record.Worse; differs && ratio.PHolm > r.Alpha {
			ratio.Verdict = record.Undecided
			ratio.Needed = r.needed(f[i].logs, ratio.Margin, r.Alpha/float64(len(f)))
		}
	}
	return f
}
