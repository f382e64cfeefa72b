package space

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Near draws a configuration close to the given one: one knob chosen by chance,
// and each other with probability 1/4 (rare ones less often), moves by a normal step whose standard
// deviation is `reach` of its scale's whole length (0 < reach ≤ 1), at least to the
// next value and never beyond the ends. Words and bools without an order change to
// any other of their values. Knobs outside the space are left out; config itself
// need not lie within.
func (s Space) Near(rng *rand.Rand, config map[string]any, reach float64) map[string]any {
	clamped := s.Clamp(config)
	near := make(map[string]any, len(s))
	if len(s) == 0 {
		return near
	}
	chosen := s.choose(rng)
	for i, p := range s {
		value, ok := clamped[p.Name]
		switch moves := i == chosen || rng.Float64() < p.restless(); {
		case !ok:
			near[p.Name] = p.random(rng)
		case moves:
			near[p.Name] = p.step(rng, value, reach)
		default:
			near[p.Name] = value
		}
	}
	return near
}

// choose is the knob that a neighbour surely moves. The last of a few draws
// stands, for a space may hold nothing but rare knobs.
func (s Space) choose(rng *rand.Rand) int {
	chosen := rng.IntN(len(s))
	for try := 0; try < 8 && s[chosen].Rare && rng.Float64() >= rareChosen; try++ {
		chosen = rng.IntN(len(s))
	}
	return chosen
}

// restless is how often a neighbour moves a knob that was not chosen.
func (p Param) restless() float64 {
	if p.Rare {
		return rareMove
	}
	return move
}

// step moves a value of the knob; a knob of one value stays.
func (p Param) step(rng *rand.Rand, value any, reach float64) any {
	if n, finite := p.count(); finite && n < 2 {
		return value
	}
	push := reach * rng.NormFloat64()
	if len(p.Values) > 0 || p.Type == Bool || p.Levels > 0 {
		return p.stepList(rng, value, push)
	}
	v, _ := number(value)
	moved := p.push(v, push)
	if moved == v { // at an end, pushed outwards
		moved = p.push(v, -push)
	}
	return p.typed(moved)
}

// push moves v by a share of the scale, whole numbers by at least one, and stops
// at the ends.
func (p Param) push(v, share float64) float64 {
	low, high := p.toScale(p.Min), p.toScale(p.Max)
	moved := p.fromScale(p.toScale(v) + share*(high-low))
	if p.whole() {
		if moved = math.Round(moved); moved == v {
			moved += math.Copysign(1, share)
		}
	}
	return min(max(moved, p.Min), p.Max)
}

// stepList moves along an ordered list by its positions, and to any other place
// in an unordered one.
func (p Param) stepList(rng *rand.Rand, value any, push float64) any {
	values := p.list()
	at := slices.IndexFunc(values, func(other any) bool { return equal(value, other) })
	last := len(values) - 1
	if !p.inOrder() {
		return values[(at+1+rng.IntN(last))%len(values)]
	}
	move := int(math.Round(push * float64(last)))
	if move == 0 {
		move = int(math.Copysign(1, push))
	}
	to := min(max(at+move, 0), last)
	if to == at { // at an end, pushed outwards
		to -= int(math.Copysign(1, push))
	}
	return values[to]
}

// inOrder tells whether the listed values run from less to more or from more to
// less as they are written.
func (p Param) inOrder() bool {
	switch {
	case len(p.Values) == 0:
		return p.Type != Bool
	case p.Type == Choice || p.Type == Bool:
		return p.Ordered
	default:
		return slices.IsSortedFunc(p.Values, func(a, b any) int {
			x, _ := number(a)
			y, _ := number(b)
			return int(math.Copysign(1, x-y))
		})
	}
}
