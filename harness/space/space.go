// Package space describes which configurations may be measured: for each knob a
// list of values, or a range with a scale.
//
// A [Space] answers five questions and keeps no state: is it well formed
// ([Space.Validate]), which configurations does it hold ([Space.Grid],
// [Space.Size]), give me one by chance ([Space.Random]), does it hold this one
// ([Space.Contains], [Space.Clamp]), and does this one touch the edge
// ([Space.Edge]), so that the best may lie beyond.
//
// Configurations are flat maps from knob to value: int for whole numbers (int64
// for sizes in bytes), float64 for others (seconds for durations), strings and
// bools as they are. Numbers are read whatever their Go type.
package space

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// The types of a knob.
const (
	Int      = "int"
	Float    = "float"
	Choice   = "choice"
	Bool     = "bool"
	Size     = "size"     // bytes
	Duration = "duration" // seconds
)

// The scales of a range. The empty scale is linear.
const (
	Linear = "linear"
	Log2   = "log2"
)

// Param is the values that one knob may take: those of Values if there are any,
// else the range Min … Max, both included.
//
// The whole numbers of a range are all values, on either scale: a scale says how
// chance and levels are spread, not what is allowed. Levels, when set, picks so
// many of them, both ends included, as evenly as the scale allows; under log2 1 …
// 64 with 4 levels is 1, 4, 16, 64. A range of floats is continuous unless it has
// levels. Under log2 whole numbers from 0 are spread like the logarithm of x + 1.
type Param struct {
	Name     string  // of the knob: "io.workers"
	Type     string  // Int, Float, Choice, Bool, Size or Duration
	Scale    string  // Linear or Log2
	Min, Max float64 // of a range; bytes for sizes, seconds for durations
	Values   []any   // of a list, in the order written
	Ordered  bool    // whether a list of words runs from less to more; numbers always do
	Levels   int     // values to pick from the range, 0 for all
	Rare     bool    // of a list: its first value is the usual one, another seldom pays; see Common
}

// Space is the knobs that vary, in the order in which grids run through them.
type Space []Param

// How seldom a rare knob leaves its usual value. Four choices beside five numbers
// cost a search of 60 trials a fortieth of the speed that it finds, if two of them
// never pay; drawn so, a two-hundredth (harness/search, choices_test.go).
const (
	rareDraw   = 0.25 // of the random draws take any value, the usual one among them
	rareChosen = 0.25 // as likely as another knob to be the one that a neighbour surely moves
	rareMove   = 0.05 // of the other neighbours move it too
	move       = 0.25 // the same of a knob that is not rare
)

// Common is the space without its rare knobs, for a search too short to look at
// them. Where all are rare it is the space itself.
func (s Space) Common() Space {
	common := slices.DeleteFunc(slices.Clone(s), func(p Param) bool { return p.Rare })
	if len(common) == 0 {
		return s
	}
	return common
}

// Validate reports every fault at once: unknown types and scales, empty or
// repeated knobs and values, ranges that hold nothing or that their scale cannot
// carry.
func (s Space) Validate() error {
	var errs []error
	seen := make(map[string]bool, len(s))
	for _, p := range s {
		if seen[p.Name] {
			errs = append(errs, fmt.Errorf("knob %q is given twice", p.Name))
		}
		seen[p.Name] = true
		for _, err := range p.faults() {
			errs = append(errs, fmt.Errorf("knob %q: %w", p.Name, err))
		}
	}
	return errors.Join(errs...)
}

// Size is the number of configurations, and whether they can be counted: a
// continuous range cannot. It stops at the largest int.
func (s Space) Size() (n int, finite bool) {
	n = 1
	for _, p := range s {
		values, finite := p.count()
		if !finite {
			return 0, false
		}
		if values > 0 && n > math.MaxInt/values {
			return math.MaxInt, true
		}
		n *= values
	}
	return n, true
}

// Grid lists every configuration, the last knob running fastest. More than limit
// configurations (0 for no limit), or a continuous range, are an error.
func (s Space) Grid(limit int) ([]map[string]any, error) {
	size, finite := s.Size()
	if !finite {
		return nil, errors.New("a continuous range has no grid; give it levels or a list of values")
	}
	if limit > 0 && size > limit {
		return nil, fmt.Errorf("the grid has %d configurations, more than %d; give fewer values or levels", size, limit)
	}
	grid := []map[string]any{{}}
	for _, p := range s {
		values := p.list()
		longer := make([]map[string]any, 0, len(grid)*len(values))
		for _, config := range grid {
			for _, value := range values {
				next := maps.Clone(config)
				next[p.Name] = value
				longer = append(longer, next)
			}
		}
		grid = longer
	}
	return grid, nil
}

// Contains tells whether every knob of the space has a value in config, and an
// allowed one. Further knobs of config do not matter.
func (s Space) Contains(config map[string]any) bool {
	for _, p := range s {
		value, ok := config[p.Name]
		if !ok || !p.contains(value) {
			return false
		}
	}
	return true
}

// Clamp returns config with every knob of the space moved to its nearest allowed
// value, distance taken on the knob's scale; a word that is not in the list
// becomes its first. Knobs that config lacks stay absent, others untouched.
func (s Space) Clamp(config map[string]any) map[string]any {
	clamped := maps.Clone(config)
	for _, p := range s {
		if value, ok := config[p.Name]; ok {
			clamped[p.Name] = p.clamp(value)
		}
	}
	return clamped
}

// Edge names the knobs whose value in config is the first or last of an ordered
// set of two or more: the best may lie beyond. The order is the space's.
func (s Space) Edge(config map[string]any) []string {
	var names []string
	for _, p := range s {
		if value, ok := config[p.Name]; ok && p.atEdge(value) {
			names = append(names, p.Name)
		}
	}
	return names
}
