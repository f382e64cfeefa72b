package surrogate

import (
	"math"

	"gonum.org/v1/gonum/floats"

	"sluice/harness/record"
)

// What is asked of the observations before they take the model's place.
const (
	deep       = 0.25 // the base lies so far below the best
	nearBest   = 0.1  // observations of configurations that lie so near the best tell
	leastPairs = 3
)

// Gains are the log ratios of configurations to a base that the observations hold
// beside others in their blocks, and their standard deviations.
//
// Near the best they are [Model.Differences]. Where the base lies far below it,
// compression hides how far: a small error of the model there is a large one in what
// it is stretched to. But the base was measured in block after block. So there each
// configuration is compared with the best one by the model, and the best one with the
// base by the pairs of both: the mean, over all observations near the best, of how
// much more than the model's difference they lie above their block's base.
func (m *Model) Gains(cs []record.Flat, base record.Flat, obs []Observation) (gains, deviations []float64) {
	gains, deviations = m.Differences(cs, base)
	if len(cs) == 0 {
		return gains, deviations
	}
	best := floats.MaxIdx(gains)
	if !(gains[best] > deep) {
		return gains, deviations
	}
	lift, deviation, ok := m.lift(cs[best], base, obs)
	if !ok {
		return gains, deviations
	}
	gains, deviations = m.Differences(cs, cs[best])
	for i := range gains {
		gains[i] += lift
		deviations[i] = math.Hypot(deviations[i], deviation)
	}
	return gains, deviations
}

// lift is how far the best lies above the base, by the pairs of observations, with its
// standard error; false where too few tell.
func (m *Model) lift(best, base record.Flat, obs []Observation) (mean, deviation float64, ok bool) {
	key := base.String()
	floors, counts := map[int]float64{}, map[int]float64{}
	for _, o := range obs {
		if o.Config.String() == key {
			floors[o.Block] += o.Value
			counts[o.Block]++
		}
	}
	var seen []float64
	for _, o := range obs {
		if counts[o.Block] == 0 || o.Config.String() == key {
			continue
		}
		if below, _ := m.Difference(o.Config, best); below > -nearBest {
			seen = append(seen, o.Value-floors[o.Block]/counts[o.Block]-below)
		}
	}
	if len(seen) < leastPairs {
		return 0, 0, false
	}
	mean = floats.Sum(seen) / float64(len(seen))
	squares := 0.0
	for _, v := range seen {
		squares += (v - mean) * (v - mean)
	}
	n := float64(len(seen))
	return mean, math.Sqrt(squares / (n - 1) / n), true
}
