package reportstest

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"sluice/harness/record"
)

// rival is an invented contestant: how fast it follows the optimum, where it ends
// up beside it, and how much it shakes.
type rival struct {
	name, kind, doc    string
	pace, aim, tremble float64 // share of the way a second, steady limit over optimum, its noise
	stays              float64 // a static limit; 0 for one that moves
}

func rivals() []rival {
	return []rival{
		{name: "oracle", kind: "oracle", doc: "is told the best limit of each moment", pace: 10, aim: 1},
		{name: "bdp", kind: "ours", doc: "bandwidth × delay with probing", pace: 0.9, aim: 0.99, tremble: 0.05},
		{name: "occupancy", kind: "ours", doc: "grows while the analysers starve", pace: 0.5, aim: 1.12, tremble: 0.03},
		{name: "gradient2", kind: "ours", doc: "long latency over short (Netflix)", pace: 0.08, aim: 2, tremble: 0.2},
		{name: "vegas", kind: "ours", doc: "estimate of the queue (Brakmo 1994, by way of Netflix)", pace: 0.2, aim: 0.6, tremble: 0.12},
		{name: "aimd", kind: "ours", doc: "+ 1, and × 0.9 after a drop", pace: 0.05, aim: 3.2, tremble: 0.35},
		{name: "window", kind: "ours", doc: "p95 of a window against its baseline", pace: 0.1, aim: 0.45, tremble: 0.1},
		{name: "static:10", kind: "static", doc: "a limit of 10", stays: 10},
		{name: "static:40", kind: "static", doc: "a limit of 40", stays: 40},
		{name: "static:200", kind: "static", doc: "a limit of 200", stays: 200},
		{name: "envoy", kind: "model", doc: "Envoy's gradient controller, restated from its source", pace: 0.3, aim: 1.5, tremble: 0.2},
		{name: "vector-arc", kind: "model", doc: "Vector's adaptive request concurrency, restated", pace: 0.15, aim: 2, tremble: 0.3},
		{name: "flowguard", kind: "model", doc: "the third document's rule as written", pace: 0.6, aim: 0.2, tremble: 0.15},
		{name: "failsafe", kind: "peer", doc: "failsafe-go's adaptive limiter", pace: 0.06, aim: 4, tremble: 0.5},
	}
}

// phase is a stretch of an invented plant with one best limit.
type phase struct{ seconds, optimum float64 }

// yard is an invented plant.
type yard struct {
	name, doc string
	phases    []phase
	slack     float64 // how little too high a limit costs there
}

func yards() []yard {
	return []yard{
		{"step-slots", "FIFO, 10 slots, then 40, then 10; saturated; service log-normal, median 10 ms, sigma 0.25", []phase{{120, 10}, {120, 40}, {120, 10}}, 0},
		{"sharing", "processor sharing among 16; saturated", []phase{{120, 16}}, 0.1},
		{"open-load", "FIFO, 10 slots, Poisson arrivals at 1.2 × what it can do", []phase{{180, 10}}, 0.3},
		{"scalability-law", "the universal scalability law: too high a limit loses throughput", []phase{{90, 34}, {90, 20}}, 0.05},
		{"square-wave", "8 slots and 32 in turn, 30 s each", []phase{{30, 8}, {30, 32}, {30, 8}, {30, 32}, {30, 8}, {30, 32}}, 0.1},
		{"service-time-doubled", "service takes twice as long from the middle on, slots unchanged", []phase{{120, 24}, {120, 24}}, 0.2},
	}
}

// Contest is a made-up contest of limiters: powers, settling times and curves that
// hang together, from a seed. One contestant took no part.
func Contest(seed uint64) record.Contest {
	c := contest(seed, rivals())
	c.Limits = append(c.Limits, record.Ranked{Name: "elsewhere", Kind: "peer", Doc: "a library that needs the real clock", Error: "cannot run in virtual time"})
	return c
}

// Study is a made-up contest of one limiter against variations of itself.
func Study(seed uint64) record.Contest {
	all := rivals()[:2]
	for _, v := range []rival{
		{name: "bdp from 1", pace: 0.7, aim: 0.99, tremble: 0.05},
		{name: "bdp from 100", pace: 0.8, aim: 0.99, tremble: 0.05},
		{name: "bdp Gain÷2", pace: 0.3, aim: 0.8, tremble: 0.02},
		{name: "bdp Gain×2", pace: 1.5, aim: 1.3, tremble: 0.2},
		{name: "bdp Window÷2", pace: 1.2, aim: 0.99, tremble: 0.09},
		{name: "bdp Window×2", pace: 0.5, aim: 1, tremble: 0.03},
	} {
		v.kind, v.doc = "ours", "bandwidth × delay with probing"
		all = append(all, v)
	}
	return contest(seed, all)
}

// contest puts rivals in front of the yards.
func contest(seed uint64, all []rival) record.Contest {
	rng := rand.New(rand.NewPCG(seed, 5))
	c := record.Contest{Schema: record.ContestSchema, Seeds: []uint64{seed, seed + 1, seed + 2}}
	sums := map[string][]record.Score{}
	for _, y := range yards() {
		p := record.Plant{Name: y.name, Doc: y.doc}
		for _, r := range all {
			curve := walk(rng, r, y, &p)
			score := judge(curve, r, y, &p)
			p.Scores = append(p.Scores, score)
			p.Curves = append(p.Curves, curve)
			sums[r.name] = append(sums[r.name], score)
		}
		c.Plants = append(c.Plants, p)
	}
	for _, r := range all {
		c.Limits = append(c.Limits, ranked(c, r, sums[r.name]))
	}
	slices.SortStableFunc(c.Limits, func(a, b record.Ranked) int { return cmp.Compare(b.Power, a.Power) })
	place := map[string]int{}
	for i, l := range c.Limits {
		place[l.Name] = i
	}
	for _, p := range c.Plants {
		slices.SortFunc(p.Scores, func(a, b record.Score) int { return cmp.Compare(place[a.Limiter], place[b.Limiter]) })
	}
	return c
}

// walk draws the limit's way over a plant, a moment each half second.
func walk(rng *rand.Rand, r rival, y yard, p *record.Plant) record.Curve {
	const step = 0.5
	curve := record.Curve{Limiter: r.name}
	at, limit := 0.0, 20.0
	p.AtS, p.Optimum = nil, nil
	for _, ph := range y.phases {
		for t := 0.0; t < ph.seconds; t += step {
			limit += (ph.optimum*r.aim - limit) * min(1, r.pace*step) * min(1, t+0.5)
			shown := max(1, math.Round(limit*(1+r.tremble*rng.NormFloat64())))
			if r.stays > 0 {
				shown = r.stays
			}
			p.AtS, p.Optimum = append(p.AtS, at), append(p.Optimum, ph.optimum)
			curve.Limit = append(curve.Limit, shown)
			curve.InFlight = append(curve.InFlight, min(shown, 400)*(1-0.05*rng.Float64()))
			at += step
		}
	}
	p.Length = at
	return curve
}

// judge gives a curve its scores.
func judge(curve record.Curve, r rival, y yard, p *record.Plant) record.Score {
	s := record.Score{Limiter: r.name, Fairness: 1, Refused: 0.2 * y.slack}
	first := 0
	for _, ph := range y.phases {
		n := int(2 * ph.seconds)
		settle, reach, most, sum := -1.0, -1.0, 0.0, 0.0
		for i, limit := range curve.Limit[first : first+n] {
			off := limit / ph.optimum
			near := math.Abs(mean(curve.Limit[first+i:min(first+n, first+i+10)])/ph.optimum-1) <= 0.1
			switch {
			case !near:
				settle = -1
			case settle < 0:
				settle = float64(i) / 2
			}
			if near && reach < 0 {
				reach = float64(i) / 2
			}
			most = max(most, off)
			if i >= 3*n/4 {
				sum += off / float64(n-3*n/4)
			}
			use := min(1, off)
			s.Utilisation += use / float64(len(curve.Limit))
			s.Power += use / max(1, math.Pow(off, 1-y.slack)) / float64(len(curve.Limit))
			s.P99Ratio += max(1, 0.9*off) / float64(len(curve.Limit))
			s.Error += math.Abs(off-1) / float64(len(curve.Limit))
		}
		s.SettleS, s.ReachS = append(s.SettleS, settle), append(s.ReachS, reach)
		s.Overshoot, s.Steady = append(s.Overshoot, most), append(s.Steady, sum)
		first += n
	}
	return s
}

func mean(of []float64) float64 {
	sum := 0.0
	for _, value := range of {
		sum += value
	}
	return sum / float64(len(of))
}

// ranked sums a contestant up.
func ranked(c record.Contest, r rival, scores []record.Score) record.Ranked {
	rank := record.Ranked{Name: r.name, Kind: r.kind, Doc: r.doc, Share: math.Inf(1)}
	power, tail := 0.0, 0.0
	for i, s := range scores {
		power += math.Log(s.Power) / float64(len(scores))
		tail += math.Log(s.P99Ratio) / float64(len(scores))
		best := 0.0
		for _, other := range c.Plants[i].Scores {
			if other.Limiter != "oracle" {
				best = max(best, other.Power)
			}
		}
		if share := s.Power / best; share < rank.Share {
			rank.Worst, rank.Share = c.Plants[i].Name, share
		}
		if s.Power < 0.9*best {
			rank.Lost = append(rank.Lost, c.Plants[i].Name)
		}
	}
	rank.Power, rank.P99 = math.Exp(power), math.Exp(tail)
	return rank
}
