package decide

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"sluice/harness/record"
	"sluice/harness/space"
	"sluice/harness/stats"
)

// Sampler draws from what a model believes: n joint draws of the objective's
// logarithm at configurations, [draw][configuration].
type Sampler interface {
	Sample(rng *rand.Rand, cs []record.Flat, n int) [][]float64
}

// EffectOptions says how effects are computed. The zero value will do.
type EffectOptions struct {
	Around     record.Flat // the recommended configuration; without it there are no effects near it
	Seed       uint64
	Points     int // of the design over a region: 512 where 0
	Draws      int // from the posterior: 64 where 0
	Degree     int // highest degree of a knob by itself: 6 where 0
	PairDegree int // highest sum of degrees of two knobs: 4 where 0
}

func (o EffectOptions) withDefaults() EffectOptions {
	o.Points, o.Draws = cmp.Or(o.Points, 512), cmp.Or(o.Draws, 64)
	o.Degree, o.PairDegree = cmp.Or(o.Degree, 6), cmp.Or(o.PairDegree, 4)
	return o
}

// idleShare and idleSwing are below which a knob does not matter.
const (
	idleShare = 0.01
	idleSwing = 0.01
)

// Effects says which knobs matter: functional analysis of variance over draws from
// a posterior (for tuning: Hutter, Hoos and Leyton-Brown 2014), over the whole space
// and, where Around is given, near it.
//
// Each knob is uniform over its ladder and independent of the others. A balanced
// random design is drawn, each draw of the posterior is expanded in orthonormal
// polynomials of the ladders' positions (contrasts, where a choice has no order) and
// in their products for pairs, by least squares (Li, Rosenthal and Rabitz 2001;
// Sudret 2008), and the squares of the coefficients, less what the residuals add to
// them, are the shares. It takes one design for all shares; pick-freeze estimators
// (Saltelli et al. 2010) take one more for each knob and each pair, which a joint
// draw, whose cost grows with the cube of the points, cannot pay.
//
// Near is the box of those values of each knob that, the others as in Around, are
// expected to stay in the better half of the space, and what is worse than that half
// counts as its lower end (the cut-off of Hutter et al.): disasters do not matter to
// one who tunes, and dominate the shares everywhere. (PED-ANOVA, Watanabe et al. 2023,
// compares densities within the better half instead, which gives no interactions.)
//
// Knobs by themselves are listed all, pairs where they may reach 1 %; the largest
// share first, everywhere before near. Intervals hold 90 % of the posterior. The
// cost, the sampler's aside, is some 25 ms a region for eight knobs (BenchmarkEffects).
func Effects(s space.Space, sampler Sampler, o EffectOptions) ([]record.Effect, error) {
	o = o.withDefaults()
	knobs := make([]knob, 0, len(s))
	for _, p := range s {
		values, ordered := ladder(p, o.Around[p.Name])
		if len(values) == 0 {
			return nil, fmt.Errorf("effects: knob %q has no values", p.Name)
		}
		knobs = append(knobs, knob{name: p.Name, values: values, ordered: ordered})
	}
	rng := rand.New(rand.NewPCG(o.Seed, 0xeffec7))
	whole := design(rng, knobs, o.Around, o.Points)
	configs := whole.configs
	if o.Around != nil {
		configs = slices.Concat(configs, singles(knobs, o.Around), []record.Flat{o.Around})
	}
	draws := sampler.Sample(rng, configs, o.Draws)
	if err := check(draws, len(configs)); err != nil {
		return nil, err
	}
	effects, err := whole.effects(draws, record.Everywhere, o)
	if err != nil || o.Around == nil {
		return effects, err
	}
	half := lowerEnd(draws, o.Points)
	near := design(rng, better(knobs, draws, o), o.Around, o.Points)
	draws = sampler.Sample(rng, append(near.configs, o.Around), o.Draws)
	if err := check(draws, o.Points+1); err != nil {
		return nil, err
	}
	local, err := near.effects(cutOff(draws, half), record.Near, o)
	return append(effects, local...), err
}

// lowerEnd is how far the median of a design of n lies above Around, the last value
// of each draw. A level that two draws can share is one relative to something: a
// model may know differences only.
func lowerEnd(draws [][]float64, n int) (level float64) {
	for _, draw := range draws {
		level += (stats.Median(draw[:n]) - draw[len(draw)-1]) / float64(len(draws))
	}
	return level
}

// cutOff raises what lies below a level, relative to the last value of a draw, to
// that level.
func cutOff(draws [][]float64, level float64) [][]float64 {
	cut := make([][]float64, len(draws))
	for i, draw := range draws {
		last := len(draw) - 1
		for _, v := range draw[:last] {
			cut[i] = append(cut[i], max(v, draw[last]+level))
		}
	}
	return cut
}

// knob is a ladder of values.
type knob struct {
	name    string
	values  []any
	ordered bool
}

// singles are the configurations that differ from around in one knob, knob by knob.
func singles(knobs []knob, around record.Flat) (list []record.Flat) {
	for _, k := range knobs {
		for _, value := range k.values {
			list = append(list, moved(around, k.name, value))
		}
	}
	return list
}

// better keeps the values that, the other knobs as in Around, are expected to lie
// above the median of the design, and Around's own.
func better(knobs []knob, draws [][]float64, o EffectOptions) []knob {
	median := 0.0
	for _, draw := range draws {
		median += stats.Median(draw[:o.Points]) / float64(len(draws))
	}
	kept, at := make([]knob, len(knobs)), o.Points
	for i, k := range knobs {
		kept[i] = knob{name: k.name, ordered: k.ordered}
		for _, value := range k.values {
			mean := 0.0
			for _, draw := range draws {
				mean += draw[at] / float64(len(draws))
			}
			at++
			if mean >= median || sameValue(value, o.Around[k.name]) {
				kept[i].values = append(kept[i].values, value)
			}
		}
		if len(kept[i].values) == 0 {
			kept[i].values = k.values
		}
	}
	return kept
}

// points is a design: for each configuration the positions of its knobs.
type points struct {
	knobs   []knob
	at      [][]int // [configuration][knob]
	configs []record.Flat
}

// design draws n configurations, each value of a knob as often as the next.
func design(rng *rand.Rand, knobs []knob, around record.Flat, n int) points {
	d := points{knobs: knobs, at: make([][]int, n), configs: make([]record.Flat, n)}
	for i := range d.at {
		d.at[i] = make([]int, len(knobs))
		d.configs[i] = make(record.Flat, len(around)+len(knobs))
		maps.Copy(d.configs[i], around)
	}
	for k, knob := range knobs {
		for i, place := range rng.Perm(n) {
			d.at[i][k] = place % len(knob.values)
			d.configs[i][knob.name] = knob.values[d.at[i][k]]
		}
	}
	return d
}

func check(draws [][]float64, n int) error {
	if len(draws) == 0 {
		return errors.New("effects: the model gave no draws")
	}
	for _, draw := range draws {
		if len(draw) != n {
			return fmt.Errorf("effects: the model gave %d values for %d configurations", len(draw), n)
		}
		if slices.ContainsFunc(draw, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }) {
			return errors.New("effects: the model gave a value that is no number")
		}
	}
	return nil
}
