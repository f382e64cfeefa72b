package target

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/lab"
	"sluice/harness/record"
	"sluice/harness/space"
)

func TestOneLineIsACommandWithItsKnobs(t *testing.T) {
	const cores = 4
	for _, test := range []struct {
		name     string
		word     string
		want     space.Param
		def      any
		rendered string
		notes    int
	}{
		{"a range that holds the number of cores", "{n=1..8}", space.Param{Name: "n", Type: space.Int, Min: 1, Max: 8, Scale: space.Linear}, 4, "4", 1},
		{"a wide range", "{n=1..64}", space.Param{Name: "n", Type: space.Int, Min: 1, Max: 64, Scale: space.Log2}, 4, "4", 2},
		{"a wide range by steps", "{n=1..64:linear}", space.Param{Name: "n", Type: space.Int, Min: 1, Max: 64, Scale: space.Linear}, 4, "4", 1},
		{"a narrow range by doublings", "{n=1..8:log2@2}", space.Param{Name: "n", Type: space.Int, Min: 1, Max: 8, Scale: space.Log2}, 2, "2", 0},
		{"a range above the number of cores", "{n=5..8}", space.Param{Name: "n", Type: space.Int, Min: 5, Max: 8, Scale: space.Linear}, 5, "5", 1},
		{"a range from 0", "{n=0..100@0}", space.Param{Name: "n", Type: space.Int, Max: 100, Scale: space.Linear}, 0, "0", 0},
		{"a range below 0", "{n=-3..3@-1}", space.Param{Name: "n", Type: space.Int, Min: -3, Max: 3, Scale: space.Linear}, -1, "-1", 0},
		{"a range of fractions", "{n=0.5..2.0}", space.Param{Name: "n", Type: space.Float, Min: 0.5, Max: 2, Scale: space.Linear}, 0.5, "0.5", 1},
		{"numbers", "{n=25,50,100}", space.Param{Name: "n", Type: space.Choice, Values: []any{int64(25), int64(50), int64(100)}, Ordered: true}, int64(25), "25", 0},
		{"numbers with a default", "{n=25,50,100@100}", space.Param{Name: "n", Type: space.Choice, Values: []any{int64(25), int64(50), int64(100)}, Ordered: true}, int64(100), "100", 0},
		{"numbers with zeros at their end", "{n=1.10,1.20}", space.Param{Name: "n", Type: space.Choice, Values: []any{"1.10", "1.20"}, Ordered: true}, "1.10", "1.10", 0},
		{"words", "{n=fast,small@small}", space.Param{Name: "n", Type: space.Choice, Values: []any{"fast", "small"}}, "small", "small", 0},
		{"words with an @", "{n=a@x,b@y}", space.Param{Name: "n", Type: space.Choice, Values: []any{"a@x", "b@y"}}, "a@x", "a@x", 0},
		{"an empty word", "{n=,-v}", space.Param{Name: "n", Type: space.Choice, Values: []any{"", "-v"}}, "", "", 0},
		{"paths", "{n=../a,../b}", space.Param{Name: "n", Type: space.Choice, Values: []any{"../a", "../b"}}, "../a", "../a", 0},
		{"numbers that are names", "{n=007,008}", space.Param{Name: "n", Type: space.Choice, Values: []any{"007", "008"}}, "007", "007", 0},
		{"truth values", "{n=false,true}", space.Param{Name: "n", Type: space.Bool}, false, "false", 0},
		{"truth values, the other first", "{n=true,false}", space.Param{Name: "n", Type: space.Bool}, true, "true", 0},
		{"truth values with a default", "{n=true,false@false}", space.Param{Name: "n", Type: space.Bool}, false, "false", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, err := ParseLine([]string{"prog", "--x=" + test.word + ";", "{n}"}, cores)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(space.Space{test.want}, d.Space); diff != "" {
				t.Errorf("knob (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(record.Flat{"n": test.def}, d.Defaults); diff != "" {
				t.Errorf("default (-want +got):\n%s", diff)
			}
			if len(d.Notes) != test.notes {
				t.Errorf("notes %q, want %d", d.Notes, test.notes)
			}
			if d.Goal.Objective != "wall_s" || !d.Timed() || d.Name != "prog" {
				t.Errorf("name %s, objective %s, timed %v", d.Name, d.Goal.Objective, d.Timed())
			}
			l := (&Command{def: d, options: Options{Cores: []int{0}}}).render(lab.Job{Arm: lab.Arm{Config: d.Defaults}})
			if want := []string{"prog", "--x=" + test.rendered + ";", test.rendered}; !cmp.Equal(l.argv, want) {
				t.Errorf("command %q, want %q", l.argv, want)
			}
		})
	}
}

func TestAWrongLineSaysWhichWordAndWhatToDo(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
		want string
	}{
		{"nothing", nil, "no command; give one with its knobs, as in"},
		{"no program", []string{"", "{n=1..2}"}, "no command"},
		{"no knob", []string{"rg", "TODO"}, "the command has no knob"},
		{"a name without values", []string{"rg", "{n}"}, "word 2 of the command: unknown placeholder {n}; give its values where it first stands, as in {n=1..64}"},
		{"a misspelt name", []string{"rg", "{threads=1..2}", "{thread}"}, "word 3 of the command: unknown placeholder {thread}; did you mean {threads}?"},
		{"values given twice", []string{"rg", "{n=1..2}", "{n=1..3}"}, "word 3 of the command: {n=1..3}: knob n has its values already; write {n} here"},
		{"one value", []string{"rg", "{n=1}"}, `found the single value "1"`},
		{"an upside-down range", []string{"rg", "{n=8..1}"}, "the minimum 8 is above the maximum 1; write 1..8"},
		{"a range of words", []string{"rg", "{n=a..b}"}, `found "a..b", expected a range of numbers`},
		{"an unknown scale", []string{"rg", "{n=1..8:log10}"}, `scale "log10"; use :linear or :log2`},
		{"log2 from below 0", []string{"rg", "{n=-1..8:log2}"}, "log2 needs a positive one"},
		{"a default outside", []string{"rg", "{n=1..8@9}"}, "default 9 is outside its range; use 1 … 8"},
		{"a default of nothing", []string{"rg", "{n=1..8@}"}, "nothing follows @"},
		{"a value given twice", []string{"rg", "{n=a,b,a}"}, "value a is given twice"},
		{"a placeholder's name", []string{"rg", "{seed=1..8}"}, "{seed} is a placeholder already"},
		{"an open brace", []string{"rg", "{n=1..8"}, "{n=1..8 is never closed; write {n=1..8}"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := ParseLine(test.args, 2)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got:  %v\nwant: %s", err, test.want)
			}
		})
	}
	_, err := ParseLine([]string{"rg", "{n=8..1}", "{m=a..b}"}, 2)
	if err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("two faults at once are told as %v", err)
	}
}

func TestValuesAreRenderedExactly(t *testing.T) {
	for _, test := range []struct {
		value any
		want  string
	}{
		{1, "1"},
		{int64(1) << 53, "9007199254740992"},
		{1e21, "1000000000000000000000"},
		{1e-7, "0.0000001"},
		{0.1, "0.1"},
		{2.0, "2"},
		{math.MaxFloat64, ""},
		{true, "true"},
		{false, "false"},
		{"a b", "a b"},
		{"", ""},
	} {
		got := Render(test.value)
		if test.want != "" && got != test.want {
			t.Errorf("%v is rendered %q, want %q", test.value, got, test.want)
		}
		if strings.ContainsAny(got, "eE") && got != "true" && got != "false" {
			t.Errorf("%v is rendered with an exponent: %q", test.value, got)
		}
		if f, ok := test.value.(float64); ok {
			if back, ok := numeric(scalar(got)); !ok || back != f {
				t.Errorf("%v is rendered %q, which is %v", f, got, back)
			}
		}
	}
}

func TestBracesAreLiteralWhereTheyHoldNoName(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"{{print $1}", "{print $1}"},
		{"{{{n}}", "{7}"},
		{"{}", "{}"},
		{"a}b", "a}b"},
		{"{n}{n}-{n}", "77-7"},
		{"{{n}", "{n}"},
		{`{"x": {n}, "y": {"z": 1}}`, `{"x": 7, "y": {"z": 1}}`},
		{"{ echo {n}; }", "{ echo 7; }"},
		{"${n} ${HOME}", "${n} ${HOME}"},
		{"{{{{.Dir}}", "{{.Dir}}"},
		{"{n", "{n"},
		{"", ""},
	} {
		if got := split(test.text).render(map[string]string{"n": "7"}); got != test.want {
			t.Errorf("%q is rendered %q, want %q", test.text, got, test.want)
		}
	}
}

// FuzzParseLine holds that a line is refused or has a reference within its space.
func FuzzParseLine(f *testing.F) {
	for _, word := range []string{"{n=1..64}", "{n=1..64:log2@4}", "{n=a,b@b}", "{{x}{n=0.5..2}", "{n=true,false}", "{n=..,..}", "{n=1e3..1e6}", "{n=,@}"} {
		f.Add(word, "{n}")
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		d, err := ParseLine([]string{"prog", first, second}, 2)
		if err != nil {
			return
		}
		if err := d.Space.Validate(); err != nil {
			t.Errorf("a space that is not valid was accepted: %v", err)
		}
		if _, err := d.Configuration(d.Defaults); err != nil {
			t.Errorf("the defaults are no configuration: %v", err)
		}
		for _, p := range d.Space {
			value, err := parseValue(p, Render(d.Defaults[p.Name]))
			if err != nil || !sameValue(value, d.Defaults[p.Name]) {
				t.Errorf("the default %v is rendered and read back as %v, %v", d.Defaults[p.Name], value, err)
			}
		}
	})
}

// FuzzTemplate holds that a template without placeholders, its braces doubled, is
// rendered as it was.
func FuzzTemplate(f *testing.F) {
	for _, text := range []string{"", "{", "{}", "{{", "{n}", "a{n}b}", "{{{n}}}"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		literal := 0
		for _, p := range split(text).pieces {
			literal += len(p.literal) + len(p.inside)
		}
		if literal > len(text) {
			t.Errorf("%q is taken apart to more than it holds", text)
		}
		if got := split(strings.ReplaceAll(text, "{", "{{")).render(nil); got != text {
			t.Errorf("%q is rendered %q", text, got)
		}
	})
}
