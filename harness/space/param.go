package space

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// wholeLimit bounds ranges of whole numbers: beyond it a float64 skips some.
const wholeLimit = 1 << 53

func (p Param) faults() []error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if p.Name == "" {
		add("has no name")
	}
	if !slices.Contains([]string{Int, Float, Choice, Bool, Size, Duration}, p.Type) {
		add("type is %q; use int, float, choice, bool, size or duration", p.Type)
	}
	if p.Scale != "" && p.Scale != Linear && p.Scale != Log2 {
		add("scale is %q; use linear or log2", p.Scale)
	}
	if p.Levels < 0 || p.Levels == 1 && p.Min != p.Max {
		add("levels is %d; use 2 or more, since both ends are among them", p.Levels)
	}
	switch {
	case len(p.Values) > 0:
		return append(errs, p.listFaults()...)
	case p.Type == Choice:
		add("a choice needs a list of values")
	case p.Type != Bool:
		errs = append(errs, p.rangeFaults()...)
	}
	return errs
}

func (p Param) listFaults() []error {
	var errs []error
	for i, value := range p.Values {
		if err := p.fits(value); err != nil {
			errs = append(errs, err)
			continue // it may be of a kind that cannot even be compared
		}
		if slices.ContainsFunc(p.Values[:i], func(other any) bool { return equal(value, other) }) {
			errs = append(errs, fmt.Errorf("value %v is given twice", value))
		}
	}
	if p.Levels != 0 {
		errs = append(errs, errors.New("levels goes with a range, not with a list of values"))
	}
	return errs
}

// fits tells why value is not of the knob's type.
func (p Param) fits(value any) error {
	v, isNumber := number(value)
	_, isBool := value.(bool)
	_, isWord := value.(string)
	switch {
	case p.Type == Choice && (isNumber || isBool || isWord), p.Type == Bool && isBool:
		return nil
	case p.Type == Choice || p.Type == Bool || !isNumber || math.IsInf(v, 0):
		return fmt.Errorf("value %v is not of type %s", value, p.Type)
	case p.whole() && v != math.Trunc(v):
		return fmt.Errorf("value %v is not a whole number", value)
	}
	return nil
}

func (p Param) rangeFaults() []error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for i, v := range []float64{p.Min, p.Max} {
		name := []string{"min", "max"}[i]
		if math.IsNaN(v) || math.Abs(v) > math.MaxFloat64 || p.whole() && math.Abs(v) > wholeLimit {
			add("%s is %v; use a smaller number", name, v)
		} else if p.whole() && v != math.Trunc(v) {
			add("%s is %v; use a whole number", name, v)
		}
	}
	if p.Min > p.Max {
		add("min %v is above max %v", p.Min, p.Max)
	}
	if p.Scale == Log2 && (p.Min < 0 || p.Min == 0 && !p.whole()) {
		add("min is %v; log2 needs a positive one", p.Min)
	}
	return errs
}

func (p Param) whole() bool { return p.Type == Int || p.Type == Size }

// count is the number of values and whether there is one.
func (p Param) count() (n int, finite bool) {
	switch {
	case len(p.Values) > 0:
		return len(p.Values), true
	case p.Type == Bool:
		return 2, true
	case p.Min == p.Max:
		return 1, true
	case p.whole():
		all := int(p.Max-p.Min) + 1
		if p.Levels > 0 {
			return min(p.Levels, all), true
		}
		return all, true
	default:
		return p.Levels, p.Levels > 0
	}
}

// list is every value of a countable knob, in order.
func (p Param) list() []any {
	switch {
	case len(p.Values) > 0:
		typed := make([]any, len(p.Values))
		for i, value := range p.Values {
			typed[i] = p.typed(value)
		}
		return typed
	case p.Type == Bool:
		return []any{false, true}
	}
	n, _ := p.count()
	values := make([]any, n)
	for i, v := range p.positions(n) {
		values[i] = p.typed(v)
	}
	return values
}

// positions spreads n numbers over the range, both ends included, evenly on the
// scale. Whole numbers that round to the same are pushed apart, which leaves them
// distinct: n is never more than the range holds.
func (p Param) positions(n int) []float64 {
	at := make([]float64, n)
	low, high := p.toScale(p.Min), p.toScale(p.Max)
	for i := range at {
		at[i] = p.fromScale(low + (high-low)*float64(i)/float64(max(1, n-1)))
	}
	at[0], at[n-1] = p.Min, p.Max // exactly, whatever the logarithm did
	if !p.whole() {
		return at
	}
	for i := range at {
		at[i] = math.Round(at[i])
		if i > 0 {
			at[i] = max(at[i], at[i-1]+1)
		}
	}
	for i := n - 1; i >= 0; i-- {
		at[i] = min(at[i], p.Max-float64(n-1-i))
	}
	return at
}

// toScale is where v stands on the knob's scale; fromScale is its inverse.
func (p Param) toScale(v float64) float64 {
	switch {
	case p.Scale != Log2:
		return v
	case p.Min == 0:
		return math.Log2(v + 1)
	default:
		return math.Log2(v)
	}
}

func (p Param) fromScale(at float64) float64 {
	switch {
	case p.Scale != Log2:
		return at
	case p.Min == 0:
		return math.Exp2(at) - 1
	default:
		return math.Exp2(at)
	}
}

// typed gives a value the Go type that flat configurations use.
func (p Param) typed(value any) any {
	v, ok := number(value)
	switch {
	case !ok || p.Type == Choice:
		return value
	case p.Type == Int:
		return int(v)
	case p.Type == Size:
		return int64(v)
	default:
		return v
	}
}

// number reads a number of any Go type that a configuration may hold.
func number(value any) (float64, bool) {
	switch v := value.(type) {
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case uint64:
		return float64(v), true
	case float64:
		return v, !math.IsNaN(v)
	default:
		return 0, false
	}
}

// equal compares two values, numbers by what they are worth.
func equal(a, b any) bool {
	x, isNumber := number(a)
	y, isOther := number(b)
	if isNumber || isOther {
		return isNumber && isOther && x == y
	}
	return a == b
}
