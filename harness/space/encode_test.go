package space

import (
	"math"
	"testing"
)

func TestPlacesAreSharesOfTheScale(t *testing.T) {
	for _, row := range []struct {
		name    string
		p       Param
		value   any
		want    float64
		ordered bool
	}{
		{"linear", Param{Type: Int, Min: 0, Max: 10}, 5, 0.5, true},
		{"log2", Param{Type: Int, Scale: Log2, Min: 1, Max: 64}, int64(8), 0.5, true},
		{"log2 from zero", Param{Type: Int, Scale: Log2, Min: 0, Max: 63}, 7.0, 0.5, true},
		{"a little beyond", Param{Type: Int, Min: 0, Max: 10}, 12, 1.2, true},
		{"far beyond", Param{Type: Int, Min: 0, Max: 10}, 900, 1.5, true},
		{"below the logarithm", Param{Type: Float, Scale: Log2, Min: 1, Max: 4}, -3.0, -0.5, true},
		{"a word among numbers", Param{Type: Int, Min: 0, Max: 10}, "many", 0.5, true},
		{"absent", Param{Type: Int, Min: 0, Max: 10}, nil, 0.5, true},
		{"one value", Param{Type: Int, Min: 3, Max: 3}, 3, 0, true},
		{"a list on a scale", Param{Type: Int, Scale: Log2, Values: []any{1, 2, 16}}, 2, 0.25, true},
		{"a list on a scale from zero", Param{Type: Int, Scale: Log2, Values: []any{0, 1, 3}}, 1, 0.5, true},
		{"a list without a scale", Param{Type: Int, Values: []any{1, 2, 1000}}, 2, 0.5, true},
		{"a list written downwards", Param{Type: Int, Values: []any{400, 100, 50}}, 400, 1, true},
		{"between two of a list", Param{Type: Int, Values: []any{0, 10, 20}}, 15, 0.75, true},
		{"an ordered choice", Param{Type: Choice, Ordered: true, Values: []any{25, 50, 100}}, 50, 0.5, true},
		{"a choice", Param{Type: Choice, Values: []any{"a", "b", "c"}}, "c", 2, false},
		{"an unknown word", Param{Type: Choice, Values: []any{"a", "b"}}, "z", -1, false},
		{"a bool", Param{Type: Bool}, true, 1, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got, ordered := row.p.Place(row.value); math.Abs(got-row.want) > 1e-12 || ordered != row.ordered {
				t.Errorf("%v stands at %v (%v), want %v (%v)", row.value, got, ordered, row.want, row.ordered)
			}
		})
	}
}

func TestStepsDifferInOneKnobAndStayInTheSpace(t *testing.T) {
	s := append(scannerSpace(), Param{Name: "pin", Type: Bool}, Param{Name: "fixed", Type: Int, Min: 5, Max: 5})
	config := map[string]any{"io.workers": 8, "channel.buffer": 0, "io.reader": "read", "memory.gogc": 100, "pin": false, "fixed": 5, "else": 1}
	seen := map[string]int{}
	for _, step := range s.Steps(config, 0.1, 0.3) {
		if !s.Contains(step) || len(step) != len(s) {
			t.Fatalf("%v is not in the space", step)
		}
		for _, p := range s {
			if !equal(step[p.Name], config[p.Name]) {
				seen[p.Name]++
			}
		}
	}
	// 8 → 7, 9, 5, 12, 2, 28; 0 → 1 and 7; the other word; both neighbours of 100; the other bool.
	want := map[string]int{"io.workers": 6, "channel.buffer": 2, "io.reader": 1, "memory.gogc": 2, "pin": 1}
	for name, n := range want {
		if seen[name] != n {
			t.Errorf("%d steps of %s, want %d", seen[name], name, n)
		}
	}
	if len(seen) != len(want) {
		t.Errorf("steps move %v, want one knob each", seen)
	}
}
