package surrogate

import (
	"math"

	"sluice/harness/record"
	"sluice/harness/space"
)

// What f's linear part varies by: the constant, in logarithms about the mean of
// what was measured, and the factor of a prior.
const (
	constantDeviation = 0.5
	trustDeviation    = 0.3
)

// kernel is the covariance of f. Its hyperparameters are logarithms: a length
// scale of each ordered knob, a weight of each unordered one, and the standard
// deviations of residual, block offset and noise.
type kernel struct {
	ordered, unordered []space.Param
	hyper              []float64

	// What follows of the hyperparameters, see set.
	inverse, weight                []float64 // of the length scales, times the root of 5; of words
	residual, trend, offset, noise float64   // variances
}

// set takes hyperparameters.
func (k *kernel) set(hyper []float64) {
	k.hyper = hyper
	k.inverse, k.weight = make([]float64, len(k.ordered)), make([]float64, len(k.unordered))
	for i := range k.inverse {
		k.inverse[i] = math.Sqrt(5) * math.Exp(-hyper[i])
	}
	for i := range k.weight {
		k.weight[i] = math.Exp(hyper[len(k.ordered)+i])
	}
	variances := hyper[k.knobs():]
	k.residual, k.trend = math.Exp(2*variances[0]), math.Exp(2*variances[1])
	k.offset, k.noise = math.Exp(2*variances[2]), math.Exp(2*variances[3])
}

// newKernel leaves knobs of one value out.
func newKernel(s space.Space) kernel {
	var k kernel
	for _, p := range s {
		if n, finite := (space.Space{p}).Size(); finite && n < 2 {
			continue
		}
		if _, ordered := p.Place(nil); ordered {
			k.ordered = append(k.ordered, p)
		} else {
			k.unordered = append(k.unordered, p)
		}
	}
	return k
}

// knobs is the number of knobs that vary; size that of hyperparameters.
func (k kernel) knobs() int { return len(k.ordered) + len(k.unordered) }
func (k kernel) size() int  { return k.knobs() + 4 }

// place puts a configuration where the kernel can compare it. A knob that it
// lacks stands in the middle.
func (k kernel) place(c record.Flat) point {
	both := make([]float64, k.knobs())
	p := point{at: both[:len(k.ordered)], words: both[len(k.ordered):]}
	for i, knob := range k.ordered {
		p.at[i], _ = knob.Place(c[knob.Name])
	}
	for i, knob := range k.unordered {
		p.words[i], _ = knob.Place(c[knob.Name])
	}
	return p
}

// covariance is that of f at two points: residual, constant and prior.
func (k kernel) covariance(a, b point) float64 {
	distance, differ := 0.0, 0.0
	for i, at := range a.at {
		d := (at - b.at[i]) * k.inverse[i]
		distance += d * d
	}
	for i, word := range a.words {
		if word != b.words[i] {
			differ += k.weight[i]
		}
	}
	r := math.Sqrt(distance)
	return k.residual*(1+r+distance/3)*math.Exp(-r-differ) + k.trend*trend(a, b) + linear(a, b)
}

// linear is the part of the covariance that has no hyperparameters.
func linear(a, b point) float64 {
	return constantDeviation*constantDeviation + trustDeviation*trustDeviation*a.prior*b.prior
}

// trend is the covariance of a sum of one smooth curve for each ordered knob, a
// parabola and a spline, and one level for each word, in units of its variance.
func trend(a, b point) float64 {
	sum := 0.0
	for i, at := range a.at {
		product := (2*at - 1) * (2*b.at[i] - 1)
		sum += product + product*product + spline(at-b.at[i])
	}
	for i, word := range a.words {
		if word == b.words[i] {
			sum++
		}
	}
	return sum / float64(max(1, len(a.at)+len(a.words)))
}

// spline is the covariance of what a cubic smoothing spline on 0 … 1 has beyond a
// parabola, 1 at no distance (Wahba, "Spline Models for Observational Data", 1990,
// by the Bernoulli polynomial of degree 4). Where a knob saturates, its curve bends
// once, which a parabola cannot and a product of all knobs learns late.
func spline(distance float64) float64 {
	square := (math.Abs(distance) - 0.5) * (math.Abs(distance) - 0.5)
	return 15*square - 30*square*square - 0.875
}
