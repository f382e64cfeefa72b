package space

import (
	"math"
	"slices"
)

// beyond is how far outside its range a value may be placed: a share of the range.
const beyond = 0.5

// Place is where a value stands among its knob's, for models that compare
// configurations. Of an ordered knob it is 0 at the least and 1 at the greatest,
// by distance on the scale; choices said to be ordered, and lists of numbers
// without a scale, are spread evenly, for whoever wrote such a list chose its
// steps. What lies outside is placed outside, by half a range at most, and what
// cannot be placed stands in the middle. Of an unordered knob it is the position
// in the list, −1 of a value not listed.
func (p Param) Place(value any) (at float64, ordered bool) {
	if !p.ranked() {
		return float64(slices.IndexFunc(p.list(), func(v any) bool { return equal(v, value) })), false
	}
	if len(p.Values) > 0 && (p.Type == Choice || p.Scale == "") {
		return p.placeByRank(value), true
	}
	v, isNumber := number(value)
	if !isNumber {
		return 0.5, true
	}
	low, high := p.Min, p.Max
	if len(p.Values) > 0 {
		low, high, _ = p.extremes()
	}
	return p.share(v, low, high), true
}

// share is how far along low … high v stands on the scale.
func (p Param) share(v, low, high float64) float64 {
	if low == high {
		return 0
	}
	onScale := func(v float64) float64 { return v }
	switch {
	case p.Scale == Log2 && low > 0:
		onScale = math.Log2
	case p.Scale == Log2 && low == 0:
		onScale = func(v float64) float64 { return math.Log2(v + 1) }
	}
	at := (onScale(v) - onScale(low)) / (onScale(high) - onScale(low))
	if math.IsNaN(at) { // below the logarithm's reach
		return -beyond
	}
	return min(max(at, -beyond), 1+beyond)
}

// placeByRank spreads a list evenly, numbers by what they are worth. A number
// between two of a list stands between them.
func (p Param) placeByRank(value any) float64 {
	last := float64(max(1, len(p.Values)-1))
	if p.Type == Choice {
		if at := slices.IndexFunc(p.Values, func(v any) bool { return equal(v, value) }); at >= 0 {
			return float64(at) / last
		}
		return 0.5
	}
	v, isNumber := number(value)
	if !isNumber {
		return 0.5
	}
	below, equals := 0.0, 0.0
	for _, listed := range p.Values {
		switch w, _ := number(listed); {
		case w < v:
			below++
		case w == v:
			equals = 1
		}
	}
	if equals == 0 {
		below -= 0.5
	}
	return below / last
}

// ranked tells whether the knob's values have an order at all, however written.
func (p Param) ranked() bool {
	switch p.Type {
	case Bool:
		return false
	case Choice:
		return p.Ordered
	default:
		return true
	}
}

// Steps lists the configurations that differ from the given one in one knob: each
// ordered knob moved up and down by the least step and by each reach (a share of
// its scale), and each unordered knob at all its other values. Config is clamped
// first; none is listed twice.
func (s Space) Steps(config map[string]any, reaches ...float64) []map[string]any {
	clamped := s.Clamp(config)
	var steps []map[string]any
	for _, p := range s {
		value, ok := clamped[p.Name]
		if !ok {
			continue
		}
		for _, moved := range p.moves(value, reaches) {
			next := make(map[string]any, len(s))
			for _, q := range s {
				if v, ok := clamped[q.Name]; ok {
					next[q.Name] = v
				}
			}
			next[p.Name] = moved
			steps = append(steps, next)
		}
	}
	return steps
}

// moves are the other values of one knob that Steps looks at.
func (p Param) moves(value any, reaches []float64) []any {
	if n, finite := p.count(); finite && n < 2 {
		return nil
	}
	listed := len(p.Values) > 0 || p.Type == Bool || p.Levels > 0
	if listed && !p.inOrder() {
		return slices.DeleteFunc(p.list(), func(v any) bool { return equal(v, value) })
	}
	var moved []any
	for _, reach := range append([]float64{1e-9}, reaches...) {
		for _, share := range []float64{reach, -reach} {
			next := p.moveBy(value, share, listed)
			if !equal(next, value) && !slices.ContainsFunc(moved, func(v any) bool { return equal(v, next) }) {
				moved = append(moved, next)
			}
		}
	}
	return moved
}

func (p Param) moveBy(value any, share float64, listed bool) any {
	if !listed {
		v, _ := number(value)
		return p.typed(p.push(v, share))
	}
	values := p.list()
	at := slices.IndexFunc(values, func(v any) bool { return equal(v, value) })
	move := int(math.Round(share * float64(len(values)-1)))
	if move == 0 {
		move = int(math.Copysign(1, share))
	}
	return values[min(max(at+move, 0), len(values)-1)]
}
