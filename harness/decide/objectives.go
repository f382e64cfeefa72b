package decide

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"sluice/harness/record"
	"sluice/harness/unit"
)

// mostObjectives is how many objectives a goal may have: of five, nearly every
// configuration is on the front.
const mostObjectives = 4

// parseObjectives reads one objective or several, all faults at once. It returns
// a name for each, empty where it is wrong, and at least one.
func parseObjectives(text string, own []unit.Metric) (names []string, err error) {
	var errs []error
	for word := range strings.SplitSeq(text, ",") {
		word = strings.TrimSpace(word)
		metric, err := unit.ParseMetric(word, own...)
		switch {
		case word == Balanced:
			errs = append(errs, fmt.Errorf("goal %q: %s is a goal by itself; name metrics, such as throughput,p99,rss", text, Balanced))
		case err != nil:
			errs = append(errs, fmt.Errorf("goal: %w, or %s", err, Balanced))
		case slices.Contains(names, metric.Name):
			errs = append(errs, fmt.Errorf("goal %q: %s is given twice", text, metric.Short))
		}
		names = append(names, metric.Name)
	}
	if len(names) > mostObjectives {
		errs = append(errs, fmt.Errorf("goal %q has %d objectives; use at most %d, and bound the others with --require", text, len(names), mostObjectives))
	}
	return names, errors.Join(errs...)
}

// Slack is how much of an objective may be given up before a later one counts: 3 %
// as under balanced, or the smallest change that matters where that is more.
func (g Goal) Slack(metric string) float64 { return max(NotWorseMargin, g.MarginOf(metric)) }

// verdictInOrder tests several objectives one after the other. Better in the first
// decides, as under balanced; else it must be shown not to be worse by more than
// its slack before the second counts, and so on. Each step has the whole error, as
// balanced's have; a false better needs a ratio beyond a margin at some step, which
// equals seldom show (objectives_test.go). What the order gave up is for the front
// to show, and for a reader to take.
func (g Goal) verdictInOrder(trials []record.Trial, arm, reference string, ratios map[string]record.Ratio, rule Rule) (record.Verdict, string) {
	for _, metric := range g.Objectives {
		verdict := ratios[metric].Verdict
		if verdict == record.Better {
			return record.Better, metric
		}
		if rule.notWorse(g.LogRatios(trials, arm, reference, metric), g.Slack(metric)) {
			continue
		}
		if verdict != record.Worse {
			verdict = record.Undecided
		}
		return verdict, metric
	}
	for _, verdict := range []record.Verdict{record.Worse, record.Undecided} {
		for _, metric := range g.Objectives {
			if ratios[metric].Verdict == verdict {
				return verdict, metric
			}
		}
	}
	return record.NoDifference, g.Objectives[0]
}

// rankInOrder orders scores by several objectives: those that cannot be told from
// the best in the first (its slack, or one standard error at this noise) come
// first, among them those that cannot be told from the best in the second, and so
// on; then the cheapest in workers. The rest follow by the objective in which they
// fell behind. What breaks a requirement or failed comes last.
func rankInOrder(scores []Score, goal Goal, noise float64) []Score {
	left := slices.Clone(scores)
	slices.SortStableFunc(left, func(a, b Score) int {
		if fa, fb := a.Feasible(goal), b.Feasible(goal); fa != fb {
			return first(fa)
		}
		return 0
	})
	feasible := slices.IndexFunc(left, func(s Score) bool { return !s.Feasible(goal) })
	if feasible < 0 {
		feasible = len(left)
	}
	behind := left[feasible:]
	left = left[:feasible:feasible]
	for i, metric := range goal.Objectives {
		slices.SortStableFunc(left, func(a, b Score) int { return cmp.Compare(b.Objectives[i], a.Objectives[i]) })
		near := slices.IndexFunc(left, func(s Score) bool {
			slack := goal.Slack(metric)
			if i == 0 { // the noise is known of the leading objective alone
				slack = max(slack, math.Hypot(s.Spread(noise), left[0].Spread(noise)))
			}
			return left[0].Objectives[i]-s.Objectives[i] > slack
		})
		if near > 0 {
			behind = slices.Concat(left[near:], behind)
			left = left[:near:near]
		}
	}
	slices.SortStableFunc(left, func(a, b Score) int { return cmp.Compare(Workers(a.Config), Workers(b.Config)) })
	return slices.Concat(left, behind)
}

// nearInAll says whether two scores are within the slack of every objective.
func (g Goal) nearInAll(a, b Score) bool {
	for i, metric := range g.Objectives {
		if math.Abs(a.Objectives[i]-b.Objectives[i]) > g.Slack(metric) {
			return false
		}
	}
	return true
}
