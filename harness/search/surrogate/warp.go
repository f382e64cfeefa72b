package surrogate

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// warp leaves what is near the best as it is and takes the logarithm of how far
// the rest lies below. Its slope is continuous. The zero value changes nothing.
type warp struct {
	from  float64 // values below are compressed
	width float64 // 0: none are
}

// compressBelow is how far below the best compression begins, and its width: at
// a width below, its slope is 1/2. 0.1 of a logarithm is a tenth of the speed. At 0.2
// the model held what it had not seen for worse than it is, and searches explored
// too little.
//
// With more observations it begins nearer, as 1/√n but not within the noise: what
// is left to be told apart is small, and what lies below is known to be bad.
const (
	compressBelow = 0.1
	compressFull  = 60 // observations
	leastBelow    = 0.08
	mostBelow     = 0.4
)

// newWarp takes the mean of the best tenth for the best, which noise inflates less
// than their maximum.
func newWarp(values []float64, noise float64) warp {
	sorted := slices.Sorted(slices.Values(values))
	top := sorted[len(sorted)-1-len(sorted)/10:]
	width := compressBelow * math.Sqrt(compressFull/max(compressFull, float64(len(values))))
	width = max(width, leastBelow, min(3*noise, mostBelow))
	return warp{from: floats.Sum(top)/float64(len(top)) - width, width: width}
}

// levelled estimates how far each observation's block lies from the others, by the
// configurations measured in several blocks, and 0 where a block has none. A value
// is compressed without its offset and gets it back: compressed with it, the offset
// of the best and of the worst in a block would differ. To scale noise and offset
// by what compression leaves of them was tried and did worse: where noise is as
// wide as the compression, what was measured too low counts as the more exact.
func levelled(obs []Observation) []float64 {
	values, keys := map[string][]float64{}, make([]string, len(obs))
	blocks := map[string]int{}
	for i, o := range obs {
		keys[i] = o.Config.String()
		if known, ok := blocks[keys[i]]; ok && known != o.Block {
			blocks[keys[i]] = several
		} else if !ok {
			blocks[keys[i]] = o.Block
		}
		values[keys[i]] = append(values[keys[i]], o.Value)
	}
	sums, counts := map[int]float64{}, map[int]float64{}
	for i, o := range obs {
		if o.Block >= 0 && blocks[keys[i]] == several {
			sums[o.Block] += o.Value - median(values[keys[i]])
			counts[o.Block]++
		}
	}
	offsets := make([]float64, len(obs))
	for i, o := range obs {
		offsets[i] = sums[o.Block] / max(1, counts[o.Block])
	}
	return offsets
}

// several marks a configuration that more than one block holds.
const several = math.MinInt

func (w warp) compress(v float64) float64 {
	if w.width == 0 || v >= w.from {
		return v
	}
	return w.from - w.width*math.Log1p((w.from-v)/w.width)
}

// deepest bounds the exponent of what is stretched: e¹² widths are beyond all
// values that a logarithm of a speed takes.
const deepest = 12

// stretch undoes compress.
func (w warp) stretch(v float64) float64 {
	if w.width == 0 || v >= w.from {
		return v
	}
	return w.from - w.width*math.Expm1(min((w.from-v)/w.width, deepest))
}

// slope is the derivative of stretch.
func (w warp) slope(v float64) float64 {
	if w.width == 0 || v >= w.from {
		return 1
	}
	return math.Exp(min((w.from-v)/w.width, deepest))
}

// doubt is by how much the variance of an observation's noise is taken to exceed that
// of one near the best: as many times as compression flattens it. A curve through
// what is bad need not be exact, and one that must be bends where it matters: with
// equal noise a search of 300 launches ended within 2 % of the best of surface E in 44
// of 60 seeds, so in 55, and in 176 of 200 fresh ones. Powers of it from 0.6 to 2 did
// about as well, the fourth much worse (34).
func (w warp) doubt(v float64) float64 {
	if w.width == 0 || v >= w.from {
		return 1
	}
	return 1 + (w.from-v)/w.width
}
