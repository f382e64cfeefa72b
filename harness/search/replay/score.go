package replay

import (
	"math"
	"slices"

	"sluice/harness/record"
	"sluice/harness/search"
	"sluice/harness/stats"
)

// score sums searches up.
func score(g Ground, e search.Spec, o Options, paths []path) record.Replay {
	about := g.About()
	r := record.Replay{
		Schema: record.ReplaySchema, Ground: about.Name, Kind: about.Kind, Strategy: e.Name, About: e.About, Objective: about.Objective,
		Cells: about.Cells, Rounds: about.Rounds, PairNoise: digits(about.PairNoise), TruthError: digits(about.TruthError), Reference: digits(math.Exp(-g.Best())),
		Asked: o.Seeds, Seeds: len(paths), First: o.First, Launches: o.Launches, Started: o.Start, Model: o.Model,
	}
	if about.Kind == "table" {
		r.Ceiling = digits(math.Exp(about.Ceiling - g.Best()))
	}
	if len(paths) == 0 {
		return r
	}
	base := NewBaseline(g)
	for _, eps := range o.Eps {
		r.Targets = append(r.Targets, target(paths, base, eps))
	}
	ends := make([]float64, len(paths))
	for i, p := range paths {
		ends[i] = p.end()
	}
	r.Within = reached(ends, g.Best())
	random := base.Curve(o.Launches)
	r.Horizon = base.horizon(random)
	r.Power = power(paths, g.Best(), random[:r.Horizon])
	r.Curve = curve(paths, g.Best(), random)
	r.Bias = bias(paths, func(p path) (claimed, truth float64, ok bool) { return p.claimed, p.end(), p.chosen != nil })
	r.Worse = share(paths, func(p path) bool { return p.end() < 0 })
	r.Kept = share(paths, func(p path) bool { return p.chosen == nil })
	if o.Confirm > 0 {
		r.Confirm = confirmation(paths, g.Best(), o.Confirm)
	}
	return r
}

// digits leaves six decimals: a share has no more meaning, and files are read.
func digits(v float64) float64 { return math.Round(v*1e6) / 1e6 }

// share counts paths.
func share(paths []path, of func(path) bool) record.ReplayCount {
	k := 0
	for _, p := range paths {
		if of(p) {
			k++
		}
	}
	return counted(k, len(paths))
}

func counted(k, n int) record.ReplayCount {
	c := record.ReplayCount{K: k, N: n}
	c.Low, c.High = stats.ClopperPearson(k, n, 1-alpha)
	c.Low, c.High = digits(c.Low), digits(c.High)
	return c
}

// shares at which the ends of searches are counted.
func marks() []float64 { return []float64{0.02, 0.05, 0.10} }

func reached(ends []float64, best float64) []record.ReplayWithin {
	var all []record.ReplayWithin
	for _, eps := range marks() {
		k := 0
		for _, gain := range ends {
			if within(gain, best, eps) {
				k++
			}
		}
		all = append(all, record.ReplayWithin{Eps: eps, ReplayCount: counted(k, len(ends))})
	}
	return all
}

func target(paths []path, base Baseline, eps float64) record.ReplayTarget {
	return record.ReplayTarget{
		Eps:    eps,
		Rec:    reach(paths, func(p path) (int, bool) { return p.reached(base.best, eps) }),
		Hit:    reach(paths, func(p path) (int, bool) { return p.hit(base.best, eps) }),
		Random: record.ReplayReach{Median: base.Needed(eps, 0.5), N95: base.Needed(eps, 0.95)},
	}
}

// reach is when paths came to a target. The n-th percentile is the least number of
// launches by which n per cent of all paths had come there.
func reach(paths []path, when func(path) (int, bool)) record.ReplayReach {
	var at []int
	spent := 0
	for _, p := range paths {
		if launch, ok := when(p); ok {
			at = append(at, launch)
			spent += launch
		} else {
			spent += p.launches
		}
	}
	slices.Sort(at)
	by := func(share float64) int {
		if n := int(math.Ceil(share*float64(len(paths)) - 1e-9)); n <= len(at) {
			return max(1, at[n-1])
		}
		return 0
	}
	r := record.ReplayReach{Reached: counted(len(at), len(paths)), Median: by(0.5), N95: by(0.95)}
	if len(at) > 0 {
		r.ERT = digits(float64(spent) / float64(len(at)))
	}
	return r
}

// mean is a mean with its 95 % interval by the normal law; of fewer than two values
// the interval is the value.
func mean(x []float64) record.ReplayMean {
	m := record.ReplayMean{N: len(x)}
	for _, v := range x {
		m.Mean += v / float64(len(x))
	}
	squares := 0.0
	for _, v := range x {
		squares += (v - m.Mean) * (v - m.Mean)
	}
	half := 0.0
	if len(x) > 1 {
		half = normal95 * math.Sqrt(squares/float64(len(x)-1)/float64(len(x)))
	}
	m.Mean, m.Low, m.High = digits(m.Mean), digits(m.Mean-half), digits(m.Mean+half)
	return m
}

// normal95 is the 97.5 % point of the normal law.
const normal95 = 1.959964

// power is P of the methodology for comparing auto-tuners (Willemsen et al., Future
// Generation Computer Systems 159, 2024): how far of the way from random search to
// the best, averaged over launches.
func power(paths []path, best float64, random []float64) record.ReplayMean {
	all := make([]float64, len(paths))
	for i, p := range paths {
		n := 0
		for t, base := range random {
			if 1-base > 1e-9 {
				all[i] += (math.Exp(p.at(t+1)-best) - base) / (1 - base)
				n++
			}
		}
		all[i] /= float64(max(1, n))
	}
	return mean(all)
}

// points is how many points a curve has, at most.
const points = 100

func curve(paths []path, best float64, random []float64) record.ReplayCurve {
	var c record.ReplayCurve
	every := (len(random) + points - 1) / points
	values := make([]float64, len(paths))
	for t := every; t < len(random)+every; t += every {
		at := min(t, len(random)) // the end is always among them
		for i, p := range paths {
			values[i] = math.Exp(p.at(at) - best)
		}
		c.Launches = append(c.Launches, at)
		c.Median = append(c.Median, digits(stats.Median(values)))
		c.Worst5 = append(c.Worst5, digits(stats.Quantile(values, 0.05)))
		c.Random = append(c.Random, digits(random[at-1]))
	}
	return c
}

// bias is the mean of claimed ÷ true gain − 1; nil where nobody claims anything.
func bias(paths []path, of func(path) (claimed, truth float64, ok bool)) *record.ReplayMean {
	var all []float64
	for _, p := range paths {
		if claimed, truth, ok := of(p); ok && !math.IsInf(truth, 0) && !math.IsInf(claimed, 0) {
			all = append(all, math.Exp(claimed-truth)-1)
		}
	}
	if len(all) == 0 {
		return nil
	}
	m := mean(all)
	return &m
}

// confirmation sums up what became of the choices.
func confirmation(paths []path, best float64, blocks int) *record.ReplayConfirm {
	c := &record.ReplayConfirm{Blocks: blocks, Verdicts: map[record.Verdict]int{}}
	var ends []float64
	held, judged := 0, 0
	for _, p := range paths {
		ends = append(ends, p.final())
		if p.confirmed == nil {
			continue
		}
		c.Verdicts[p.confirmed.verdict]++
		if p.confirmed.ratio.Low > 0 { // enough pairs for an interval
			judged++
			if truth := math.Exp(p.confirmed.gain); truth >= p.confirmed.ratio.Low && truth <= p.confirmed.ratio.High {
				held++
			}
		}
	}
	claim := func(p path) (claimed, truth float64, ok bool) {
		if p.confirmed == nil || !(p.confirmed.ratio.Ratio > 0) {
			return 0, 0, false
		}
		return math.Log(p.confirmed.ratio.Ratio), p.confirmed.gain, true
	}
	c.Bias = bias(paths, claim)
	c.Released = bias(paths, func(p path) (claimed, truth float64, ok bool) {
		claimed, truth, ok = claim(p)
		return claimed, truth, ok && !p.confirmed.kept
	})
	c.Coverage = counted(held, judged)
	c.Kept = share(paths, func(p path) bool { return p.confirmed == nil || p.confirmed.kept })
	c.Worse = share(paths, func(p path) bool { return p.final() < 0 })
	c.Within = reached(ends, best)
	return c
}

// final is the true gain of what is recommended after confirmation.
func (p path) final() float64 {
	if p.confirmed == nil || p.confirmed.kept {
		return 0
	}
	return p.confirmed.gain
}
