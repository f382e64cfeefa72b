package space

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Random draws one configuration, each knob by itself and uniform on its scale:
// under log2 every doubling of a range is equally likely (1, 2 … 3, 4 … 7, …), and
// every value of a list, or of the levels, is as likely as the next. A rare knob
// has its first value but for one draw in four.
func (s Space) Random(rng *rand.Rand) map[string]any {
	config := make(map[string]any, len(s))
	for _, p := range s {
		config[p.Name] = p.random(rng)
	}
	return config
}

func (p Param) random(rng *rand.Rand) any {
	if p.Rare && rng.Float64() >= rareDraw {
		return p.list()[0]
	}
	if p.listed() {
		values := p.list()
		return values[rng.IntN(len(values))]
	}
	return p.along(rng.Float64())
}

func (p Param) contains(value any) bool {
	v, isNumber := number(value)
	switch {
	case len(p.Values) > 0 || p.Type == Bool || isNumber && p.Levels > 0:
		return slices.ContainsFunc(p.list(), func(other any) bool { return equal(value, other) })
	case !isNumber || !(v >= p.Min && v <= p.Max):
		return false
	default:
		return !p.whole() || v == math.Trunc(v)
	}
}

func (p Param) clamp(value any) any {
	if p.contains(value) {
		return p.typed(value)
	}
	v, isNumber := number(value)
	if len(p.Values) > 0 || p.Type == Bool || p.Levels > 0 {
		return p.nearest(v, isNumber)
	}
	if !isNumber {
		return p.typed(p.Min)
	}
	v = min(max(v, p.Min), p.Max)
	if p.whole() {
		v = math.Round(v)
	}
	return p.typed(v)
}

// nearest is the listed number closest to v on the scale, the earlier of two;
// the first value when v or the list is of words.
func (p Param) nearest(v float64, isNumber bool) any {
	values := p.list()
	best, distance := values[0], math.Inf(1)
	for _, value := range values {
		listed, ok := number(value)
		if !ok || !isNumber {
			continue
		}
		if d := math.Abs(p.apart(v, listed)); d < distance {
			best, distance = value, d
		}
	}
	return best
}

// apart is the distance from a to b on the scale; below the logarithm's reach it
// is plain.
func (p Param) apart(a, b float64) float64 {
	if p.Scale == Log2 && a > 0 && b > 0 {
		return math.Log2(a) - math.Log2(b)
	}
	return a - b
}

// atEdge looks for value at either end of what is ordered: a range, numbers, or
// words said to be in order.
func (p Param) atEdge(value any) bool {
	n, finite := p.count()
	if finite && n < 2 {
		return false
	}
	if len(p.Values) == 0 {
		v, isNumber := number(value)
		return isNumber && (v == p.Min || v == p.Max)
	}
	if low, high, ok := p.extremes(); ok {
		v, isNumber := number(value)
		return isNumber && (v == low || v == high)
	}
	return p.Ordered && (equal(value, p.Values[0]) || equal(value, p.Values[n-1]))
}

// extremes are the least and greatest of a list of numbers that are in order: of
// any knob that counts or measures, or of a choice said to be ordered.
func (p Param) extremes() (low, high float64, ok bool) {
	if p.Type == Bool || p.Type == Choice && !p.Ordered {
		return 0, 0, false
	}
	low, high = math.Inf(1), math.Inf(-1)
	for _, value := range p.Values {
		v, isNumber := number(value)
		if !isNumber {
			return 0, 0, false
		}
		low, high = min(low, v), max(high, v)
	}
	return low, high, true
}
