package config

import (
	"math"
	"slices"
	"strings"

	"sluice/scanner/config/strict"
)

// isLimiter tells the knobs that may also be given as a block.
func (k knob) isLimiter() bool { return strings.HasSuffix(k.Name, ".limiter") }

// read takes the knob's value from a file. Whatever is wrong is recorded at its
// place, and ok is false.
func (k knob) read(node *strict.Node) (value any, ok bool) {
	if k.isLimiter() && node.IsMapping() {
		node = k.readBlock(node)
		if node == nil {
			return nil, false
		}
	}
	scalar, _ := node.Scalar()
	value, ok = k.parse(scalar)
	if !ok {
		node.Mismatch(k.expected())
		return nil, false
	}
	if message := k.check(value); message != "" {
		node.Fault("%s", message)
		return nil, false
	}
	return value, true
}

// bounds are the keys of a limiter's block that hold numbers.
var bounds = []string{"initial", "min", "max"} //nolint:gochecknoglobals // an immutable table

// readBlock reads {algorithm: …, initial: …, min: …, max: …} and returns the node
// of the algorithm's name. The numbers are checked though none is built
// that uses them: a file that contradicts itself is wrong today as well.
func (k knob) readBlock(node *strict.Node) *strict.Node {
	fields := node.Fields(append([]string{"algorithm"}, bounds...)...)
	limits := make(map[string]int, len(bounds))
	for _, key := range bounds {
		if value, ok := fields[key].IntIn(1, mostWorkers); ok {
			limits[key] = value
		}
	}
	k.contradictions(fields, limits)
	if fields["algorithm"] == nil {
		node.Fault("%s: the block has no algorithm; add algorithm: none", k.Name)
	}
	return fields["algorithm"]
}

// contradictions records bounds that no limit can satisfy.
func (k knob) contradictions(fields map[string]*strict.Node, limits map[string]int) {
	low, high := 1, math.MaxInt
	if value, ok := limits["min"]; ok {
		low = value
	}
	if value, ok := limits["max"]; ok {
		high = value
	}
	if low > high {
		fields["min"].Fault("%s.min is %d, above %s.max, which is %d; use a min of at most max", k.Name, low, k.Name, high)
		return
	}
	initial, ok := limits["initial"]
	if ok && initial < low {
		fields["initial"].Fault("%s.initial is %d, below %s.min, which is %d; use an initial of at least min", k.Name, initial, k.Name, low)
	}
	if ok && initial > high {
		fields["initial"].Fault("%s.initial is %d, above %s.max, which is %d; use an initial of at most max", k.Name, initial, k.Name, high)
	}
}

// given lists the names that a file gives under this knob: its own and, in a
// block, those of the bounds.
func (k knob) given(node *strict.Node) []string {
	given := []string{k.Name}
	if !k.isLimiter() || !node.IsMapping() {
		return given
	}
	for key := range node.Each() {
		if slices.Contains(bounds, key) {
			given = append(given, k.Name+"."+key)
		}
	}
	return given
}
