package decide

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"sluice/harness/record"
	"sluice/harness/unit"
)

// keepConfidence is the one-sided confidence with which a requirement holds or is
// broken.
const keepConfidence = 0.95

// Contradictions says which requirements no measurement can keep together: a lower
// bound at or above an upper one (only one value would do, and nothing measures one
// value), or a bound that leaves no positive value. It reads no measurement, so
// that nothing is measured in vain.
func Contradictions(requirements []unit.Requirement) error {
	var errs []error
	for _, upper := range requirements {
		if !below(upper) {
			continue
		}
		if upper.Value <= 0 && unit.Describe(upper.Metric).Kind != unit.Number {
			errs = append(errs, fmt.Errorf("requirement %q leaves no value: what is measured is above 0", upper.Words()))
		}
		for _, lower := range requirements {
			if lower.Metric == upper.Metric && !below(lower) && lower.Value >= upper.Value {
				errs = append(errs, fmt.Errorf("requirements %q and %q contradict each other; drop one, or move the bounds apart", upper.Words(), lower.Words()))
			}
		}
	}
	return errors.Join(errs...)
}

// below says whether a requirement bounds its metric from above.
func below(r unit.Requirement) bool { return r.Op == unit.Less || r.Op == unit.LessOrEqual }

// Spread is the standard deviation of the logarithm of one trial's metric, as known
// from other trials, with its degrees of freedom.
type Spread struct {
	Deviation float64
	Freedom   int
}

// Keeps says of each requirement how surely an arm keeps it: it holds where the
// one-sided 95 % bound of its metric lies within the limit, is broken where the
// bound of the other side lies beyond, and is not shown between. What is bounded is
// the typical trial, not the worst; trials beyond the limit are counted beside.
//
// The bound is Student's t on logarithms, with the spread of all arms among trials
// together (few trials of one arm know little of theirs), or with the prior's where
// none of them was repeated. Figures that have no logarithm are bounded by the
// extremes of five trials or more, which hold their median with 1 − 2⁻ⁿ.
func (g Goal) Keeps(trials []record.Trial, arm string, prior map[string]Spread) []record.Kept {
	kept := make([]record.Kept, len(g.Require))
	for i, r := range g.Require {
		values := figures(trials, r.Metric)
		spread, known := pooled(values)
		if !known {
			spread = prior[r.Metric]
		}
		kept[i] = keeps(r, values[arm], spread)
	}
	return kept
}

// figures are the values of a metric in the good trials that count, by arm.
func figures(trials []record.Trial, metric string) map[string][]float64 {
	values := map[string][]float64{}
	for _, t := range trials {
		if value, ok := t.Metrics[metric]; ok && t.Status == record.OK && t.SetAside == "" && !math.IsNaN(value) && !math.IsInf(value, 0) {
			values[t.Arm] = append(values[t.Arm], value)
		}
	}
	return values
}

// pooled is the spread of logarithms within arms.
func pooled(values map[string][]float64) (spread Spread, known bool) {
	squares := 0.0
	arms := make([]string, 0, len(values))
	for arm := range values {
		arms = append(arms, arm)
	}
	slices.Sort(arms) // sums of floats depend on their order
	for _, arm := range arms {
		if logs, ok := logarithms(values[arm]); ok {
			s, n := deviations(logs)
			squares, spread.Freedom = squares+s, spread.Freedom+n
		}
	}
	if spread.Freedom == 0 {
		return Spread{}, false
	}
	spread.Deviation = math.Sqrt(squares / float64(spread.Freedom))
	return spread, true
}

func logarithms(values []float64) (logs []float64, ok bool) {
	for _, value := range values {
		if value <= 0 {
			return nil, false
		}
		logs = append(logs, math.Log(value))
	}
	return logs, len(logs) > 0
}

func keeps(r unit.Requirement, values []float64, spread Spread) record.Kept {
	k := record.Kept{Requirement: r.String(), State: record.NotShown, Confidence: keepConfidence, N: len(values)}
	if len(values) == 0 {
		return k
	}
	for _, value := range values {
		if !r.Holds(value) {
			k.Beyond++
		}
	}
	var low, high float64
	if _, ok := logarithms(values); ok {
		k.Value, low, high = typical(values, spread)
	} else {
		k.Value, low, high = extremes(values)
	}
	worse, other := high, low // the bound on the side of the limit
	if !below(r) {
		worse, other = low, high
	}
	if k.Bounded = !math.IsInf(worse, 0); !k.Bounded {
		return k
	}
	k.Bound = worse
	switch {
	case r.Holds(worse):
		k.State = record.Holds
	case !r.Holds(other):
		k.State, k.Bound = record.Broken, other
	}
	if r.Value != 0 {
		k.Room = (r.Value - k.Bound) / math.Abs(r.Value)
		if !below(r) {
			k.Room = -k.Room
		}
	}
	return k
}

// typical is the geometric mean with its one-sided bounds. It counts from the first
// value, so that one that never changes comes back to the last digit.
func typical(values []float64, spread Spread) (value, low, high float64) {
	mean := 0.0
	for _, v := range values {
		mean += math.Log(v/values[0]) / float64(len(values))
	}
	value = values[0] * math.Exp(mean)
	if spread.Freedom <= 0 {
		return value, math.Inf(-1), math.Inf(1)
	}
	reach := deviate(spread.Freedom, 1-keepConfidence) * spread.Deviation / math.Sqrt(float64(len(values)))
	return value, value * math.Exp(-reach), value * math.Exp(reach)
}

// extremes are the median and, of enough values, the least and the greatest as its
// bounds.
func extremes(values []float64) (value, low, high float64) {
	sorted := slices.Sorted(slices.Values(values))
	value, low, high = sorted[len(sorted)/2], math.Inf(-1), math.Inf(1)
	if len(sorted)%2 == 0 {
		value = (value + sorted[len(sorted)/2-1]) / 2
	}
	if math.Exp2(-float64(len(sorted))) <= 1-keepConfidence {
		low, high = sorted[0], sorted[len(sorted)-1]
	}
	return value, low, high
}

// KeptWords says in words how surely a requirement is kept: "rss < 537 MB holds: at
// most 430 MB with 95 % (7 trials), 20 % to spare".
func KeptWords(k record.Kept, own ...unit.Metric) string {
	r, err := unit.ParseRequirement(k.Requirement, own...)
	if err != nil {
		return k.Requirement + ": " + string(k.State)
	}
	metric, _ := unit.Lookup(r.Metric, own...)
	trials := fmt.Sprintf("%d trials", k.N)
	if k.N == 1 {
		trials = "1 trial"
	}
	lead := r.Words() + " " + map[record.Keeping]string{record.Holds: "holds", record.Broken: "is broken", record.NotShown: "is not shown to hold"}[k.State]
	side := map[bool]string{true: "at most", false: "at least"}[below(r) == (k.State != record.Broken)]
	switch {
	case k.N == 0:
		return lead + ": not measured"
	case !k.Bounded:
		return fmt.Sprintf("%s: %s measured %s, too few for a bound", lead, trials, metric.Format(k.Value))
	case k.State == record.Holds:
		lead = fmt.Sprintf("%s: %s %s with %s (%s), %s to spare", lead, side, metric.Format(k.Bound), unit.Percent(k.Confidence), trials, unit.Percent(k.Room))
	default:
		lead = fmt.Sprintf("%s: %s %s with %s (%s), which misses it by %s", lead, side, metric.Format(k.Bound), unit.Percent(k.Confidence), trials, unit.Percent(-k.Room))
	}
	if k.Beyond > 0 {
		lead += fmt.Sprintf("; %d of them lay beyond", k.Beyond)
	}
	return lead
}

// Misses says of each requirement, where no configuration keeps them all, how near
// any came: the configuration that keeps it most easily, or misses it least, and
// how many keep it. One that none keeps binds by itself; where each is kept by some
// they bind together. Configurations of which a trial failed, or without the
// metric, do not count. Nil where some configuration keeps all, or none counts.
func Misses(scores []Score, goal Goal) []record.Miss {
	var misses []record.Miss
	if slices.ContainsFunc(scores, func(s Score) bool { return s.Feasible(goal) }) {
		return nil
	}
	for _, r := range goal.Require {
		m := record.Miss{Requirement: r.String(), Miss: math.Inf(1)}
		for _, s := range scores {
			value, measured := s.Metrics[r.Metric]
			if !measured || s.Failed > 0 {
				continue
			}
			m.Of++
			if r.Holds(value) {
				m.Kept++
			}
			if miss := missed(r, value); miss < m.Miss {
				m.Arm, m.Config, m.Value, m.Miss = s.Arm, s.Config, value, miss
			}
		}
		if m.Of > 0 {
			misses = append(misses, m)
		}
	}
	return misses
}

// missed is by which share of the limit a value misses it; below 0 it keeps it. A
// limit of 0 has no shares: there it is the value.
func missed(r unit.Requirement, value float64) float64 {
	miss := value - r.Value
	if !below(r) {
		miss = -miss
	}
	if r.Value == 0 {
		return miss
	}
	return miss / math.Abs(r.Value)
}

// Nearest is the configuration whose worst miss over all requirements is the least,
// and that miss as a share of its limit: how close one can get to keeping all.
func Nearest(scores []Score, goal Goal) (nearest Score, miss float64, found bool) {
	miss = math.Inf(1)
	for _, s := range scores {
		worst := math.Inf(-1)
		for _, r := range goal.Require {
			value, measured := s.Metrics[r.Metric]
			if !measured {
				worst = math.Inf(1)
				break
			}
			worst = max(worst, missed(r, value))
		}
		if s.Failed == 0 && s.Pairs > 0 && worst < miss {
			nearest, miss, found = s, worst, true
		}
	}
	return nearest, miss, found && len(goal.Require) > 0
}

// MissWords says in words which requirement binds, and how near one comes.
func MissWords(misses []record.Miss, own ...unit.Metric) []string {
	var list, names []string
	alone := slices.ContainsFunc(misses, func(m record.Miss) bool { return m.Kept == 0 })
	for _, m := range misses {
		r, err := unit.ParseRequirement(m.Requirement, own...)
		if err != nil {
			continue
		}
		metric, _ := unit.Lookup(r.Metric, own...)
		names = append(names, r.Words())
		switch {
		case m.Kept == 0:
			list = append(list, fmt.Sprintf("none of %d configurations keeps %s: the nearest, %s, has %s and misses it by %s", m.Of, r.Words(), m.Config, metric.Format(m.Value), unit.Percent(m.Miss)))
		case !alone:
			list = append(list, fmt.Sprintf("%d of %d configurations keep %s; %s keeps it most easily, with %s", m.Kept, m.Of, r.Words(), m.Config, metric.Format(m.Value)))
		}
	}
	if !alone && len(names) > 1 {
		list = append([]string{"each requirement is kept by some configuration, but none keeps " + strings.Join(names, " and ") + " together"}, list...)
	}
	return list
}
