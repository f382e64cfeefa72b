package space

import "math"

// FromUnit is the configuration at a point of the unit cube, one coordinate from
// 0 to below 1 for each knob in the space's order: what turns an even spread of
// points into an even spread of configurations. The coordinate runs along the
// knob's scale as [Space.Random] draws on it: every value of a list, and of
// levels, has a stretch of equal length, every doubling under log2 too, and a rare
// knob keeps its first value over the three quarters that start at 0. Coordinates
// beyond the ends are moved to them; missing ones, and NaN, count as 0.5.
func (s Space) FromUnit(u []float64) map[string]any {
	config := make(map[string]any, len(s))
	for i, p := range s {
		at := 0.5
		if i < len(u) && !math.IsNaN(u[i]) {
			at = min(max(u[i], 0), belowOne)
		}
		config[p.Name] = p.fromUnit(at)
	}
	return config
}

// ToUnit is the inverse of [Space.FromUnit]: for each knob the middle of the
// stretch that leads to its value in config. Values outside the space count as the
// nearest inside, and a knob that config lacks stands at 0.5.
func (s Space) ToUnit(config map[string]any) []float64 {
	u := make([]float64, len(s))
	for i, p := range s {
		u[i] = 0.5
		if value, ok := config[p.Name]; ok {
			u[i] = p.toUnit(p.clamp(value))
		}
	}
	return u
}

// Unordered is how likely a random draw takes each value of a knob whose values
// have no order, words and bools, at the places where [Space.FromUnit] puts them;
// nil for a knob that has one, along which one can step.
func (p Param) Unordered() []float64 {
	if len(p.Values) == 0 && p.Type != Bool || p.inOrder() {
		return nil
	}
	n, _ := p.count()
	weights := make([]float64, n)
	for i := range weights {
		low, high := p.stretch(i, n)
		weights[i] = high - low
	}
	return weights
}

const belowOne = 1 - 1.0/(1<<53)

func (p Param) listed() bool { return len(p.Values) > 0 || p.Type == Bool || p.Levels > 0 }

func (p Param) fromUnit(u float64) any {
	if p.Rare {
		if u < 1-rareDraw {
			return p.list()[0]
		}
		u = (u - (1 - rareDraw)) / rareDraw
	}
	if p.listed() {
		values := p.list()
		return values[min(int(u*float64(len(values))), len(values)-1)]
	}
	return p.along(u)
}

// along is the value of a range at a share of its scale.
func (p Param) along(u float64) any {
	low, high := p.ends()
	v := p.fromScale(low + (high-low)*u)
	if p.whole() {
		v = math.Floor(v)
	}
	return p.typed(min(max(v, p.Min), p.Max)) // the logarithm may stray by a last digit
}

// ends are those of a range on its scale. A whole number x stands for the stretch
// from x to x + 1.
func (p Param) ends() (low, high float64) {
	top := p.Max
	if p.whole() {
		top++
	}
	return p.toScale(p.Min), p.toScale(top)
}

// stretch is where the unit interval leads to the i-th of n values of a list.
func (p Param) stretch(i, n int) (low, high float64) {
	low, high = float64(i)/float64(n), float64(i+1)/float64(n)
	if !p.Rare {
		return low, high
	}
	low, high = 1-rareDraw+rareDraw*low, 1-rareDraw+rareDraw*high
	if i == 0 {
		low = 0
	}
	return low, high
}

// toUnit takes a value that the knob may have.
func (p Param) toUnit(value any) float64 {
	if p.listed() {
		values := p.list()
		for i, other := range values {
			if equal(value, other) {
				low, high := p.stretch(i, len(values))
				return (low + high) / 2
			}
		}
		return 0.5
	}
	v, _ := number(value)
	low, high := p.ends()
	if !(high > low) {
		return 0.5
	}
	at := p.toScale(v)
	if p.whole() {
		at = (at + p.toScale(v+1)) / 2
	}
	return (at - low) / (high - low)
}
