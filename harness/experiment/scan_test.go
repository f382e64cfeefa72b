package experiment

import (
	"strings"
	"testing"

	"sluice/harness/record"
)

const rest = "name: x\nscenarios: {corpus: [planted]}\nspace: {io.workers: [1]}\n"

func TestScanBlockSaysWhatDiffersFromTheDefault(t *testing.T) {
	for _, test := range []struct {
		name, block string
		want        record.Scan
	}{
		{"no block", "", record.Scan{}},
		{"an empty block", "scan: {}\n", record.Scan{}},
		{"the defaults by name are no difference", "scan: {prefilter: true, rules: builtin, analyser: tree-sitter}\n", record.Scan{}},
		{"prefilter and rules", "scan: {prefilter: false, rules: go-12}\n", record.Scan{NoPrefilter: true, Rules: "go-12"}},
		{"an analyser", "scan: {analyser: go-ast}\n", record.Scan{Analyser: "go-ast"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			e, err := Parse("x.yaml", []byte(rest+test.block), 2)
			if err != nil {
				t.Fatal(err)
			}
			if e.Scan != test.want {
				t.Errorf("%+v, want %+v", e.Scan, test.want)
			}
		})
	}
}

func TestScanBlockIsReadStrictly(t *testing.T) {
	for _, test := range []struct{ name, block, want string }{
		{"a word where a truth value belongs", "scan: {prefilter: off}\n", "x.yaml:4:19: "},
		{"rules that nobody froze", "scan: {rules: go12}\n", `did you mean "go-12"`},
		{"an unknown analyser", "scan: {analyser: line}\n", `did you mean "lines"`},
		{"an unknown field", "scan: {analyzer: lines}\n", `did you mean "scan.analyser"`},
		{"rules that would have no effect", "scan: {analyser: lines, rules: go-12}\n", "x.yaml:4:7: analyser lines has neither rules nor a prefilter"},
		{"a prefilter that would have no effect", "scan: {analyser: go-ast, prefilter: false}\n", "analyser go-ast has neither"},
		{"no mapping", "scan: go-12\n", "expected a mapping"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse("x.yaml", []byte(rest+test.block), 2)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestProfilesAreCollectedByName(t *testing.T) {
	const text = "name: n\nscenarios: {corpus: [goroot]}\nspace: {io.workers: [1]}\ncollect: "
	e, err := Parse("e.yaml", []byte(text+"[cpu, heap, cpu]\n"), 2)
	if err != nil || len(e.Collect) != 2 || e.Collect[0] != "cpu" || e.Collect[1] != "heap" {
		t.Errorf("collected are %v, %v; want cpu and heap", e.Collect, err)
	}
	if e, err := Parse("e.yaml", []byte(text+"[]\n"), 2); err != nil || len(e.Collect) != 0 {
		t.Errorf("collected are %v, %v; want nothing", e.Collect, err)
	}
	_, err = Parse("e.yaml", []byte(text+"[mutexes]\n"), 2)
	if err == nil || !strings.Contains(err.Error(), `e.yaml:4:11: collect: unknown kind of profile "mutexes"; did you mean "mutex"?`) {
		t.Errorf("error is %v, want the place and the nearest kind", err)
	}
}
