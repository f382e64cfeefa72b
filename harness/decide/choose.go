package decide

import (
	"cmp"
	"math"
	"slices"

	"sluice/harness/record"
	"sluice/harness/stats"
)

// Score is what a search knows of one configuration: the median log-ratios to
// the reference over the blocks so far, above 0 better. They are inflated by
// selection and never reported as a gain.
type Score struct {
	Arm        string
	Config     record.Flat
	Pairs      int
	Throughput float64
	P99        float64
	RSS        float64
	Deviation  float64            // standard deviation of the leading metric's log ratio, where a surrogate estimated it; 0: not known
	Objective  float64            // of a goal other than balanced; the first of several
	Objectives []float64          // of a goal with several, in their order
	Metrics    map[string]float64 // medians, for the requirements
	Failed     int                // trials that are not OK
}

// Scores summarises search trials, one score for each arm other than the reference.
func Scores(trials []record.Trial, reference string, goal Goal) []Score {
	var names []string
	failed := map[string]int{}
	for _, trial := range trials {
		if trial.Arm != reference && !slices.Contains(names, trial.Arm) {
			names = append(names, trial.Arm)
		}
		if trial.Status != record.OK && trial.SetAside == "" {
			failed[trial.Arm]++
		}
	}
	scores := make([]Score, 0, len(names))
	for _, arm := range Arms(trials, names) {
		s := Score{Arm: arm.Name, Config: arm.Config, Metrics: arm.Metrics, Failed: failed[arm.Name]}
		logs := func(metric string) float64 {
			of := goal.LogRatios(trials, arm.Name, reference, metric)
			if len(of) == 0 {
				return math.Inf(-1)
			}
			s.Pairs = max(s.Pairs, len(of))
			return stats.Median(of)
		}
		s.Throughput, s.P99, s.RSS = logs(record.Throughput), logs(record.P99), logs(record.RSS)
		if goal.Objective != Balanced {
			s.Objective = logs(goal.Objective)
		}
		for _, objective := range goal.Objectives {
			s.Objectives = append(s.Objectives, logs(objective))
		}
		scores = append(scores, s)
	}
	return scores
}

// Feasible says whether the configuration never failed and keeps the goal's requirements.
func (s Score) Feasible(goal Goal) bool {
	return s.Failed == 0 && s.Pairs > 0 && len(goal.Meets(s.Metrics)) == 0
}

// Noise estimates the standard deviation of one paired log-ratio of the leading
// metric from a search: the spread of arms that were measured repeatedly, or √2 times
// that of the reference over its blocks, whichever is larger. The reference alone
// is not enough: on slow storage it waits, and does not feel what slows others.
func (g Goal) Noise(trials []record.Trial, reference string) float64 {
	var names []string
	var own []float64
	for _, t := range trials {
		if t.SetAside != "" {
			continue
		}
		if value := t.Metrics[g.Leading()]; t.Arm == reference && t.Status == record.OK && value > 0 {
			own = append(own, math.Log(value))
		} else if !slices.Contains(names, t.Arm) {
			names = append(names, t.Arm)
		}
	}
	squares, freedom := 0.0, 0
	for _, name := range names {
		s, n := deviations(g.LogRatios(trials, name, reference, g.Leading()))
		squares, freedom = squares+s, freedom+n
	}
	noise := 0.0
	if freedom > 0 {
		noise = math.Sqrt(squares / float64(freedom))
	}
	if s, n := deviations(own); n > 0 {
		noise = max(noise, math.Sqrt(2*s/float64(n)))
	}
	return noise
}

// deviations is the sum of squares about the mean and its degrees of freedom.
func deviations(x []float64) (squares float64, freedom int) {
	if len(x) < 2 {
		return 0, 0
	}
	mean := 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		squares += (v - mean) * (v - mean)
	}
	return squares, len(x) - 1
}

// Spread is the standard deviation of the leading metric's estimate: the
// surrogate's, or what noise of a pair leaves after so many pairs.
func (s Score) Spread(noise float64) float64 {
	if s.Deviation > 0 {
		return s.Deviation
	}
	return noise / math.Sqrt(float64(max(1, s.Pairs)))
}

// Doubt notes the standard deviation of a metric's log ratio that stays as it is.
func (s *Score) Doubt(goal Goal, metric string, deviation float64) {
	if metric == goal.Leading() {
		s.Deviation = deviation
	}
}

// Estimate replaces the log ratio of one metric by a better estimate of it, above 0
// better, with its standard deviation.
func (s *Score) Estimate(goal Goal, metric string, log, deviation float64) {
	s.Doubt(goal, metric, deviation)
	if goal.Objective != Balanced && metric == goal.Objective {
		s.Objective = log
	}
	if i := slices.Index(goal.Objectives, metric); i >= 0 && i < len(s.Objectives) {
		s.Objectives[i] = log
	}
	switch metric {
	case record.Throughput:
		s.Throughput = log
	case record.P99:
		s.P99 = log
	case record.RSS:
		s.RSS = log
	}
}

// Rank orders scores, the most promising first. Configurations that break a
// requirement or failed come last. Under balanced all whose throughput cannot be
// told from the best feasible one's (3 %, or one standard error of their
// difference at this noise of a pair) form the leading class, ordered by p99 in
// steps of 10 %, then by memory in steps of 10 %, then by workers; the rest follow
// by throughput. The best of many noisy figures is mostly lucky: a narrower class
// would hold it alone. Under another goal the objective orders alone; several
// objectives order in turn (objectives.go).
func Rank(scores []Score, goal Goal, noise float64) []Score {
	if len(goal.Objectives) > 0 {
		return rankInOrder(scores, goal, noise)
	}
	ranked := slices.Clone(scores)
	best, _ := BestByThroughput(scores, goal)
	leads := func(s Score) bool {
		return best.Throughput-s.Throughput <= max(NotWorseMargin, math.Hypot(s.Spread(noise), best.Spread(noise)))
	}
	slices.SortStableFunc(ranked, func(a, b Score) int {
		if fa, fb := a.Feasible(goal), b.Feasible(goal); fa != fb {
			return first(fa)
		}
		if goal.Objective != Balanced {
			return cmp.Compare(b.Objective, a.Objective)
		}
		la, lb := leads(a), leads(b)
		if la != lb {
			return first(la)
		}
		if !la {
			return cmp.Compare(b.Throughput, a.Throughput)
		}
		return cmp.Or(
			cmp.Compare(step(b.P99), step(a.P99)),
			cmp.Compare(step(b.RSS), step(a.RSS)),
			cmp.Compare(Workers(a.Config), Workers(b.Config)),
			cmp.Compare(b.Throughput, a.Throughput),
		)
	})
	return ranked
}

// BestByThroughput is the feasible configuration of highest throughput.
func BestByThroughput(scores []Score, goal Goal) (Score, bool) {
	best, found := Score{}, false
	for _, s := range scores {
		if s.Feasible(goal) && (!found || s.Throughput > best.Throughput) {
			best, found = s, true
		}
	}
	return best, found
}

// Alike lists the scores that search cannot tell from the chosen one: under
// balanced throughput within 3 %, p99 and memory within 10 %; else the objective
// within its margin, or each of several within its slack.
func Alike(scores []Score, chosen Score, goal Goal) []Score {
	var alike []Score
	for _, s := range scores {
		near := math.Abs(s.Throughput-chosen.Throughput) <= NotWorseMargin &&
			math.Abs(s.P99-chosen.P99) <= 0.1 && math.Abs(s.RSS-chosen.RSS) <= 0.1
		if goal.Objective != Balanced {
			near = math.Abs(s.Objective-chosen.Objective) <= goal.MarginOf(goal.Objective)
		}
		if len(goal.Objectives) > 0 {
			near = goal.nearInAll(s, chosen)
		}
		if s.Arm != chosen.Arm && near && s.Pairs > 1 {
			alike = append(alike, s)
		}
	}
	return alike
}

// Workers is the number of workers that a configuration keeps: the second price
// of a configuration, after its memory.
func Workers(config record.Flat) float64 {
	io, _ := config.Float("io.workers")
	cpu, _ := config.Float("cpu.workers")
	return io + cpu
}

// step puts a log-ratio on a ladder whose rungs are 10 % apart, so that noise
// within a rung does not decide.
func step(log float64) float64 { return math.Floor(log/0.1 + 0.5) }

func first(yes bool) int {
	if yes {
		return -1
	}
	return 1
}
