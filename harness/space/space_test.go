package space

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func scannerSpace() Space {
	return Space{
		{Name: "io.workers", Type: Int, Scale: Log2, Min: 1, Max: 64},
		{Name: "channel.buffer", Type: Int, Scale: Log2, Min: 0, Max: 1000},
		{Name: "io.reader", Type: Choice, Values: []any{"read", "mmap"}},
		{Name: "memory.gogc", Type: Int, Values: []any{50, 100, 400}},
	}
}

func TestLevelsAreDistinctSpreadOnTheScaleAndHoldBothEnds(t *testing.T) {
	for _, row := range []struct {
		name string
		p    Param
		want []any
	}{
		{"powers", Param{Type: Int, Scale: Log2, Min: 1, Max: 64, Levels: 4}, []any{1, 4, 16, 64}},
		{"linear", Param{Type: Int, Min: 0, Max: 10, Levels: 3}, []any{0, 5, 10}},
		{"crowded at the low end", Param{Type: Int, Scale: Log2, Min: 1, Max: 64, Levels: 12}, []any{1, 2, 3, 4, 5, 7, 10, 14, 21, 30, 44, 64}},
		{"crowded at the high end", Param{Type: Int, Scale: Log2, Min: 1, Max: 5, Levels: 4}, []any{1, 2, 3, 5}},
		{"from zero", Param{Type: Int, Scale: Log2, Min: 0, Max: 1000, Levels: 5}, []any{0, 5, 31, 177, 1000}},
		{"more than there are", Param{Type: Int, Scale: Log2, Min: 1, Max: 4, Levels: 9}, []any{1, 2, 3, 4}},
		{"every integer", Param{Type: Int, Scale: Log2, Min: 2, Max: 6}, []any{2, 3, 4, 5, 6}},
		{"one value", Param{Type: Int, Scale: Log2, Min: 7, Max: 7, Levels: 3}, []any{7}},
		{"negative", Param{Type: Int, Min: -1, Max: 1}, []any{-1, 0, 1}},
		{"up to zero", Param{Type: Int, Min: -4, Max: 0, Levels: 3}, []any{-4, -2, 0}},
		{"floats", Param{Type: Float, Scale: Log2, Min: 0.25, Max: 4, Levels: 3}, []any{0.25, 1.0, 4.0}},
		{"sizes", Param{Type: Size, Scale: Log2, Min: 1 << 20, Max: 1 << 30, Levels: 3}, []any{int64(1 << 20), int64(1 << 25), int64(1 << 30)}},
		{"bools", Param{Type: Bool}, []any{false, true}},
		{"a list keeps its order", Param{Type: Int, Values: []any{4, int64(1), 2.0}}, []any{4, 1, 2}},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.p.Name = "knob"
			if err := (Space{row.p}).Validate(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, row.p.list()); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLevelsStayDistinctWhateverTheRange(t *testing.T) {
	for low := range 6 {
		for high := low + 1; high < 70; high++ {
			for levels := 2; levels < 15; levels++ {
				p := Param{Name: "k", Type: Int, Scale: Log2, Min: float64(low), Max: float64(high), Levels: levels}
				values := p.list()
				if values[0] != low || values[len(values)-1] != high || len(values) != min(levels, high-low+1) {
					t.Fatalf("%d … %d at %d levels: %v", low, high, levels, values)
				}
				for i := 1; i < len(values); i++ {
					if values[i].(int) <= values[i-1].(int) {
						t.Fatalf("%d … %d at %d levels: %v", low, high, levels, values)
					}
				}
			}
		}
	}
}

func TestGridsRunThroughTheLastKnobFastest(t *testing.T) {
	s := Space{{Name: "a", Type: Int, Values: []any{1, 2}}, {Name: "b", Type: Choice, Values: []any{"x", "y"}}}
	got, err := s.Grid(4)
	if err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{{"a": 1, "b": "x"}, {"a": 1, "b": "y"}, {"a": 2, "b": "x"}, {"a": 2, "b": "y"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("grid (-want +got):\n%s", diff)
	}
	if _, err := s.Grid(3); err == nil || !strings.Contains(err.Error(), "4 configurations") {
		t.Errorf("a grid over the limit: %v", err)
	}
	if got, err := (Space{}).Grid(0); err != nil || len(got) != 1 {
		t.Errorf("the empty space has %v (%v), want the one empty configuration", got, err)
	}
}

func TestContinuousRangesHaveNoGrid(t *testing.T) {
	s := Space{{Name: "x", Type: Float, Min: 0, Max: 1}}
	if _, err := s.Grid(0); err == nil {
		t.Error("a continuous range was listed")
	}
	if _, finite := s.Size(); finite {
		t.Error("a continuous range was counted")
	}
	s[0].Levels = 5
	if n, finite := s.Size(); n != 5 || !finite {
		t.Errorf("size is %d, %v; want 5", n, finite)
	}
}

func TestSizesStopAtTheLargestInt(t *testing.T) {
	var s Space
	for i := range 3 {
		s = append(s, Param{Name: fmt.Sprint(i), Type: Int, Min: 0, Max: 1 << 40})
	}
	if n, finite := s.Size(); n != math.MaxInt || !finite {
		t.Errorf("size is %d, %v; want the largest int", n, finite)
	}
}

func TestAllFaultsAreReportedAtOnce(t *testing.T) {
	s := Space{
		{Name: "a", Type: Int, Min: 5, Max: 1},
		{Name: "a", Type: "integer", Scale: "log10", Min: 0, Max: 1},
		{Name: "b", Type: Float, Scale: Log2, Min: 0, Max: 1},
		{Name: "c", Type: Choice},
		{Name: "d", Type: Int, Values: []any{1, 1.0, 2.5, "three", []any{1}, []any{1}}},
		{Name: "e", Type: Int, Min: 1, Max: 9, Levels: 1},
		{Name: "f", Type: Int, Values: []any{1}, Levels: 2},
		{Type: Float, Min: math.NaN(), Max: math.Inf(1)},
	}
	err := s.Validate()
	if err == nil {
		t.Fatal("nothing was found")
	}
	for _, want := range []string{
		`knob "a" is given twice`, "min 5 is above max 1", `type is "integer"`, `scale is "log10"`, "log2 needs a positive one",
		"a choice needs a list", "value 1 is given twice", "2.5 is not a whole number", "three is not of type int", "[1] is not of type int",
		"levels is 1", "levels goes with a range", "has no name", "min is NaN", "max is +Inf",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing %q in:\n%v", want, err)
		}
	}
	if err := scannerSpace().Validate(); err != nil {
		t.Errorf("a sound space is refused: %v", err)
	}
}

func TestDrawsAreUniformOnTheScale(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	p := Param{Name: "k", Type: Int, Scale: Log2, Min: 1, Max: 63}
	const draws = 12000
	octaves := make([]int, 6)
	for range draws {
		v := p.random(rng).(int)
		if v < 1 || v > 63 {
			t.Fatalf("drew %d from 1 … 63", v)
		}
		octaves[int(math.Log2(float64(v)))]++
	}
	for i, n := range octaves {
		if math.Abs(float64(n)-draws/6) > 4*math.Sqrt(draws/6.0) {
			t.Errorf("%d … %d drawn %d times, want about %d", 1<<i, 2<<i-1, n, draws/6)
		}
	}
	linear := Param{Name: "k", Type: Int, Min: 0, Max: 3}
	counts := map[any]int{}
	for range draws {
		counts[linear.random(rng)]++
	}
	for v := range 4 {
		if math.Abs(float64(counts[v])-draws/4) > 4*math.Sqrt(draws/4.0) {
			t.Errorf("%d drawn %d times, want about %d", v, counts[v], draws/4)
		}
	}
}

func TestDrawsBelongToTheSpaceAndRepeatBySeed(t *testing.T) {
	s := append(scannerSpace(),
		Param{Name: "share", Type: Float, Scale: Log2, Min: 0.1, Max: 0.7},
		Param{Name: "linger", Type: Duration, Min: 0, Max: 0.01, Levels: 3},
		Param{Name: "pin", Type: Bool},
		Param{Name: "one", Type: Int, Scale: Log2, Min: 3, Max: 3})
	first, second := rand.New(rand.NewPCG(3, 4)), rand.New(rand.NewPCG(3, 4))
	for range 500 {
		a, b := s.Random(first), s.Random(second)
		if !s.Contains(a) {
			t.Fatalf("%v is not in the space", a)
		}
		if diff := cmp.Diff(a, b); diff != "" {
			t.Fatalf("equal seeds differ:\n%s", diff)
		}
		if diff := cmp.Diff(a, s.Clamp(a)); diff != "" {
			t.Fatalf("clamping moves what is allowed:\n%s", diff)
		}
	}
}

func TestWhatIsOutsideIsNotContained(t *testing.T) {
	inside := map[string]any{"io.workers": 8.0, "channel.buffer": int64(0), "io.reader": "mmap", "memory.gogc": 100, "else": "ignored"}
	s := scannerSpace()
	if !s.Contains(inside) {
		t.Errorf("%v is not contained", inside)
	}
	for name, change := range map[string]func(map[string]any){
		"missing":     func(c map[string]any) { delete(c, "io.workers") },
		"too many":    func(c map[string]any) { c["io.workers"] = 65 },
		"a fraction":  func(c map[string]any) { c["io.workers"] = 2.5 },
		"not listed":  func(c map[string]any) { c["memory.gogc"] = 200 },
		"other words": func(c map[string]any) { c["io.reader"] = "pread" },
		"a word":      func(c map[string]any) { c["io.workers"] = "8" },
		"NaN":         func(c map[string]any) { c["io.workers"] = math.NaN() },
	} {
		config := map[string]any{}
		for k, v := range inside {
			config[k] = v
		}
		change(config)
		if s.Contains(config) {
			t.Errorf("%s: %v is contained", name, config)
		}
	}
}

func TestClampMovesToTheNearestOnTheScale(t *testing.T) {
	s := append(scannerSpace(), Param{Name: "levels", Type: Int, Scale: Log2, Min: 1, Max: 64, Levels: 4})
	config := map[string]any{"io.workers": 900, "channel.buffer": -3, "io.reader": "pread", "memory.gogc": 190, "levels": 9, "else": 1}
	want := map[string]any{"io.workers": 64, "channel.buffer": 0, "io.reader": "read", "memory.gogc": 100, "levels": 16, "else": 1}
	if diff := cmp.Diff(want, s.Clamp(config)); diff != "" {
		t.Errorf("clamped (-want +got):\n%s", diff)
	}
	if config["io.workers"] != 900 {
		t.Error("the input was changed")
	}
	if got := s.Clamp(map[string]any{"io.workers": "many"}); got["io.workers"] != 1 {
		t.Errorf("a word becomes %v, want the minimum", got["io.workers"])
	}
}

func TestEdgesAreNamedWhereThereIsAnOrder(t *testing.T) {
	s := Space{
		{Name: "range", Type: Int, Scale: Log2, Min: 1, Max: 64},
		{Name: "list", Type: Int, Values: []any{4, 1, 2}},
		{Name: "words", Type: Choice, Values: []any{"a", "b"}},
		{Name: "steps", Type: Choice, Values: []any{"low", "mid", "high"}, Ordered: true},
		{Name: "gogc", Type: Choice, Values: []any{25, 100, 400}, Ordered: true},
		{Name: "bool", Type: Bool},
		{Name: "fixed", Type: Int, Min: 3, Max: 3},
		{Name: "float", Type: Float, Min: 0, Max: 1},
	}
	for _, row := range []struct {
		config map[string]any
		want   []string
	}{
		{map[string]any{"range": 64, "list": 4, "words": "a", "steps": "high", "gogc": 25, "bool": true, "fixed": 3, "float": 1}, []string{"range", "list", "steps", "gogc", "float"}},
		{map[string]any{"range": int64(1), "list": 1.0, "steps": "low", "gogc": 400}, []string{"range", "list", "steps", "gogc"}},
		{map[string]any{"range": 8, "list": 2, "words": "b", "steps": "mid", "gogc": 100, "float": 0.5}, nil},
		{map[string]any{}, nil},
	} {
		if diff := cmp.Diff(row.want, s.Edge(row.config)); diff != "" {
			t.Errorf("edges of %v (-want +got):\n%s", row.config, diff)
		}
	}
}

func ExampleSpace_Grid() {
	s := Space{
		{Name: "io.workers", Type: Int, Scale: Log2, Min: 1, Max: 64, Levels: 4},
		{Name: "cpu.workers", Type: Int, Values: []any{1, 2, 4}},
	}
	grid, err := s.Grid(0)
	fmt.Println(len(grid), grid[0], grid[11], err)
	// Output: 12 map[cpu.workers:1 io.workers:1] map[cpu.workers:4 io.workers:64] <nil>
}
