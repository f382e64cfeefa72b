package plant

import (
	"math"
	"slices"
	"time"

	"sluice/harness/record"
	"sluice/harness/stats"
)

const (
	near    = 0.1 // of the optimum: what counts as there
	second  = int(int64(time.Second) / tick)
	staying = 5  // seconds' means in a row that make it settled
	unknown = -1 // what never happened
)

// score makes a record of one simulation. Latency ratios and utilisation are found
// in each phase, since phases differ in what is possible: power and utilisation are
// their means by time, the ratio of p99 is that of the worst phase.
func (t *tally) score(s *Spec) record.Score {
	r := record.Score{P99Ratio: unknown, Refused: float64(t.lost) / float64(max(1, t.offered)), Fairness: jain(t.served)}
	p50, p99 := s.unqueued(0.5), s.unqueued(0.99)
	weight := 0.0
	for i := range t.phases {
		p, phase := &t.phases[i], s.phases[i]
		t.judge(i, &r)
		if p.possible == 0 {
			continue
		}
		w, used := phase.length.Seconds(), p.work/p.possible
		weight += w
		r.Utilisation += w * used
		if p.latencies.total > 0 {
			r.Power += w * used / (p.latencies.quantile(0.5) / (p50 * phase.service))
			r.P99Ratio = max(r.P99Ratio, p.latencies.quantile(0.99)/(p99*phase.service))
		}
	}
	r.Power /= max(weight, 1e-9)
	r.Utilisation /= max(weight, 1e-9)
	r.Error = t.error()
	return r
}

// judge adds what the limit did in one phase. Where less is asked than the plant can
// do, any limit that lets all in is as good as the next: there is nothing to reach.
func (t *tally) judge(phase int, r *record.Score) {
	bins := t.of(phase)
	reach, settle := reached(bins), settled(bins)
	if bins[0].light {
		reach, settle = 0, 0
	}
	over := 0.0
	for _, b := range bins {
		over = max(over, float64(b.most)/b.best)
	}
	late := bins[len(bins)*3/4:]
	r.ReachS, r.SettleS = append(r.ReachS, reach), append(r.SettleS, settle)
	r.Overshoot = append(r.Overshoot, over)
	r.Steady = append(r.Steady, mean(late, limitOf)/mean(late, bestOf))
}

func (t *tally) of(phase int) []bin {
	from := slices.IndexFunc(t.bins, func(b bin) bool { return b.phase == phase })
	to := from
	for to < len(t.bins) && t.bins[to].phase == phase {
		to++
	}
	return t.bins[from:to]
}

func limitOf(b bin) float64  { return b.limit }
func bestOf(b bin) float64   { return b.best }
func insideOf(b bin) float64 { return b.inside }

func mean(bins []bin, of func(bin) float64) float64 {
	sum := 0.0
	for _, b := range bins {
		sum += of(b)
	}
	return sum / float64(max(1, len(bins)))
}

func off(limit, best float64) float64 { return math.Abs(limit-best) / best }

// reached is when the limit is first near the optimum, in seconds.
func reached(bins []bin) float64 {
	for i, b := range bins {
		if off(b.limit, b.best) <= near+1e-9 {
			return float64(i) / float64(second)
		}
	}
	return unknown
}

// settled is the first second from which the means of as many as staying stay near.
func settled(bins []bin) float64 {
	run := 0
	for i := 0; i+second <= len(bins); i += second {
		b := bins[i : i+second]
		if off(mean(b, limitOf), mean(b, bestOf)) > near+1e-9 {
			run = 0
			continue
		}
		if run++; run == staying {
			return float64(i/second - staying + 1)
		}
	}
	return unknown
}

// error is the mean distance from the optimum while enough is asked.
func (t *tally) error() float64 {
	sum, n := 0.0, 0
	for _, b := range t.bins {
		if !b.light {
			sum += off(b.limit, b.best)
			n++
		}
	}
	return sum / float64(max(1, n))
}

// jain is Jain's index of fairness: 1 where all have the same, 1/n where one has
// all (Jain, Chiu and Hawe, DEC technical report 301, 1984).
func jain(x []float64) float64 {
	sum, squares := 0.0, 0.0
	for _, v := range x {
		sum += v
		squares += v * v
	}
	if squares == 0 {
		return 1
	}
	return sum * sum / (float64(len(x)) * squares)
}

// middle is the median of each figure over the seeds. What never happened counts as
// later than all.
func middle(scores []record.Score) record.Score {
	one := func(of func(record.Score) float64) float64 {
		x := make([]float64, len(scores))
		for i, s := range scores {
			x[i] = of(s)
		}
		return median(x)
	}
	each := func(of func(record.Score) []float64) []float64 {
		out := make([]float64, len(of(scores[0])))
		for i := range out {
			out[i] = one(func(s record.Score) float64 { return of(s)[i] })
		}
		return out
	}
	return record.Score{
		Limiter:     scores[0].Limiter,
		Power:       one(func(s record.Score) float64 { return s.Power }),
		SettleS:     each(func(s record.Score) []float64 { return s.SettleS }),
		ReachS:      each(func(s record.Score) []float64 { return s.ReachS }),
		Overshoot:   each(func(s record.Score) []float64 { return s.Overshoot }),
		Steady:      each(func(s record.Score) []float64 { return s.Steady }),
		Error:       one(func(s record.Score) float64 { return s.Error }),
		Utilisation: one(func(s record.Score) float64 { return s.Utilisation }),
		P99Ratio:    one(func(s record.Score) float64 { return s.P99Ratio }),
		Refused:     one(func(s record.Score) float64 { return s.Refused }),
		Fairness:    one(func(s record.Score) float64 { return s.Fairness }),
	}
}

func median(x []float64) float64 {
	for i, v := range x {
		if v == unknown {
			x[i] = math.MaxFloat64
		}
	}
	if m := stats.Median(x); m < math.MaxFloat64/4 {
		return m
	}
	return unknown
}
