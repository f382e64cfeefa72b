package search

import (
	"math"
	"math/rand/v2"
	"slices"

	"sluice/harness/space"
)

// model is what a race draws around an elite with.
type model struct {
	deviation float64     // of steps along a knob's scale, whose length is 1
	weights   [][]float64 // of each knob's values, where they have no order; else nil
}

func newModel(s space.Space) model {
	m := model{deviation: raceReach, weights: make([][]float64, len(s))}
	for i, p := range s {
		m.weights[i] = p.Unordered()
	}
	return m
}

// sharpened draws closer to its candidate: n newcomers shrink the volume of the
// steps to an n-th, and weights move to the candidate's words by so large a share.
func (m model) sharpened(s space.Space, c Candidate, share float64, n int) model {
	next := model{deviation: m.deviation * math.Pow(1/float64(n), 1/float64(max(1, len(s)))), weights: make([][]float64, len(s))}
	for i, at := range s.ToUnit(c.Config) {
		if m.weights[i] == nil {
			continue
		}
		next.weights[i] = slices.Clone(m.weights[i])
		for j := range next.weights[i] {
			next.weights[i][j] *= 1 - share
		}
		next.weights[i][place(s[i].Unordered(), at)] += share
	}
	return next
}

// place is the value whose stretch of the unit interval holds the point.
func place(stretches []float64, at float64) int {
	for i, length := range stretches {
		if at -= length; at < 0 {
			return i
		}
	}
	return len(stretches) - 1
}

// draw is a newcomer around the parent.
func (m model) draw(rng *rand.Rand, s space.Space, parent Candidate) map[string]any {
	u := s.ToUnit(parent.Config)
	for i := range u {
		if m.weights[i] == nil {
			u[i] = truncated(rng, u[i], m.deviation)
			continue
		}
		chosen, stretches := place(m.weights[i], rng.Float64()), s[i].Unordered()
		u[i] = stretches[chosen] / 2
		for _, before := range stretches[:chosen] {
			u[i] += before
		}
	}
	return s.FromUnit(u)
}

// truncated draws from a normal distribution cut off at the ends of the unit
// interval. The mean lies within, so that one draw in four or more is kept.
func truncated(rng *rand.Rand, mean, deviation float64) float64 {
	for range 100 {
		if u := mean + deviation*rng.NormFloat64(); u >= 0 && u < 1 {
			return u
		}
	}
	return mean
}
