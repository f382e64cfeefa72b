package analyze

import (
	gocmp "cmp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/scanner/rules"
)

func TestEveryBuiltinPatternIsPlanned(t *testing.T) {
	e := builtin(t)
	if err := e.Warm(); err != nil {
		t.Fatal(err)
	}
	for name, l := range e.languages {
		if l.planned != len(l.patterns) {
			t.Errorf("%s: %d of %d patterns are in the plan", name, l.planned, len(l.patterns))
		}
	}
}

// Matches are compared, not findings: most rules apply to few files.
func TestThePlanFindsWhatThePlainQueryFinds(t *testing.T) {
	all := goCorpus(t)
	grammar, l := planOf(t, goTwelve(t), "go")
	_, plain := planOf(t, goTwelve(t), "go", withoutPlan)
	c, err := newCore(true)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	found := 0
	stride := 1 + len(all.files)/600 // a large corpus in part: the whole of it takes half a minute
	for i := 0; i < len(all.files); i += stride {
		got, want := heldMatches(t, c, grammar, l, all.files[i]), heldMatches(t, c, grammar, plain, all.files[i])
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(match{}, node{})); diff != "" {
			t.Errorf("%s (-plain +planned)\n%s", all.paths[i], diff)
		}
		found += len(got)
	}
	if found == 0 {
		t.Error("nothing was found")
	}
	t.Logf("%s: %d matches", all.name, found)
}

func planOf(t *testing.T, pack *rules.Pack, name string, options ...Option) (language, *lens) {
	t.Helper()
	e := engineOf(t, pack, options...)
	if err := e.Warm(); err != nil {
		t.Fatal(err)
	}
	return e.languages[name].grammar, e.languages[name]
}

// heldMatches are the matches whose every condition holds, in an order of their
// own: a plan finds them in another than the plain query.
func heldMatches(t *testing.T, c core, grammar language, l *lens, src []byte) []match {
	t.Helper()
	found, err := c.scan(grammar, l.query, src, unlimited, nil)
	if err != nil {
		t.Fatal(err)
	}
	found = slices.DeleteFunc(found, func(m match) bool { return !l.patterns[m.pattern].holds(m, src) })
	if len(found) == 0 {
		return nil
	}
	slices.SortFunc(found, func(a, b match) int {
		return gocmp.Or(gocmp.Compare(a.pattern, b.pattern), slices.CompareFunc(a.nodes, b.nodes, func(a, b node) int {
			return gocmp.Or(gocmp.Compare(a.start, b.start), gocmp.Compare(a.end, b.end), gocmp.Compare(a.capture, b.capture))
		}))
	})
	return found
}

// Patterns that no plan can express go to the plain query, and none is lost on
// the way, whatever else is in the file of rules.
func TestPatternsOfEveryFormAreFound(t *testing.T) {
	const src = "package p\n\nimport \"md5\"\n\n// one\n// two\nvar a, b = md5.New(1, \"x\"), f(g(2))\n\nfunc h(c int) (int, error) {\n\tif c > 1 { return md5.Sum(c, \"y\") }\n\tx := T{k: true, l: {m}}\n\t\u00e9 := \"\u00e9Token\"\n\ty := \n}\n\n)) z (\n"
	fits := []string{
		`(identifier) @finding`,
		`((identifier) @finding (#eq? @finding "a"))`,
		`((identifier) @finding (#any-of? @finding "a" "md5" ""))`,
		`((identifier) @finding (#match? @finding "(?i)^(md5|C)$"))`,
		`((interpreted_string_literal) @finding (#match? @finding "(?i)token"))`,
		`(call_expression function: (selector_expression operand: (identifier) @p field: (field_identifier) @f) (#eq? @p "md5") (#any-of? @f "New" "Sum")) @finding`,
		`(call_expression function: [(identifier) @f (selector_expression field: (_) @f)] (#not-eq? @f "Sum")) @finding`,
		`(call_expression arguments: (argument_list (int_literal)? @n . (interpreted_string_literal) @s .)) @finding`,
		`(argument_list ((_) . (interpreted_string_literal) @finding))`,
		`([(var_spec name: (identifier) @n) (parameter_declaration name: (identifier) @n)] @finding (#match? @n "[abc]"))`,
		`(composite_literal body: (literal_value (keyed_element (literal_element (identifier) @k) (literal_element [(true) (literal_value)]))+)) @finding`,
		`(function_declaration !type_parameters "func" name: (identifier) @finding)`,
		`(if_statement condition: (binary_expression operator: ">") consequence: (_) @finding)`,
		`(block (_) @finding .)`,
	}
	others := []string{
		`(_) @finding`,
		`_ @finding`,
		`(ERROR) @finding`,
		`"return" @finding`,
		`((comment) @finding . (comment))`,
		`((comment)+ @finding . (var_declaration))`,
		`(_ function: (identifier) @finding)`,
		`(_expression) @finding`,
		`(function_declaration name: (_) @finding) (package_clause) @finding`,
	}
	for i, query := range slices.Concat(fits, others, together(fits, others)) {
		t.Run(query[:min(len(query), 60)], func(t *testing.T) {
			pack := queryPack(t, query)
			grammar, l := planOf(t, pack, "go")
			if i < len(fits) && l.planned != 1 {
				t.Errorf("%d patterns are planned, want 1", l.planned)
			}
			_, plain := planOf(t, pack, "go", withoutPlan)
			c, err := newCore(true)
			if err != nil {
				t.Fatal(err)
			}
			defer c.close()
			got, want := heldMatches(t, c, grammar, l, []byte(src)), heldMatches(t, c, grammar, plain, []byte(src))
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(match{}, node{})); diff != "" || len(want) == 0 {
				t.Errorf("(-plain +planned)\n%s", diff)
			}
		})
	}
}

// together are queries of several patterns: all, the plain ones with each of the
// others, and pairs.
func together(fits, others []string) []string {
	all := []string{strings.Join(slices.Concat(others, fits), "\n"), strings.Join(fits, "\n")}
	for i, other := range others {
		all = append(all, other+"\n"+strings.Join(fits, "\n"), fits[i]+"\n"+other+"\n"+others[(i+1)%len(others)])
	}
	return all
}

func TestTheTextsThatARegularExpressionAsksFor(t *testing.T) {
	for form, want := range map[string][]string{
		"": nil, "abc": {"abc"}, "(?i)aBc": {"abc"}, "a|b": nil, "ab|cd": {"ab", "cd"}, "ab|c?": nil, "x(abc)?yz": {"yz"},
		"(abc)+": {"abc"}, "(abc){2,}": {"abc"}, "(abc)*": nil, "^[\"']\\S{8}$": nil, "\u00e9t\u00e9": nil, "(": nil,
		"(?i)(passw(or)?d|token)$": {"passw", "token"},
	} {
		if got := requiredTexts(form); !slices.Equal(got, want) {
			t.Errorf("%q asks for %q, want %q", form, got, want)
		}
	}
}
