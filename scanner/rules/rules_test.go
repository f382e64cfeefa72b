package rules

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestBuiltinPackHoldsWhatIsPromised(t *testing.T) {
	pack, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for language, want := range map[string]int{"go": 12, "python": 4, "javascript": 4, Secrets: 10} {
		if got := len(pack.For(language)); got != want {
			t.Errorf("%d rules for %s, want %d", got, language, want)
		}
	}
	for _, r := range pack.Rules() {
		if found, ok := pack.Rule(r.ID); !ok || found.Line != r.Line {
			t.Errorf("rule %s is not found by its ID", r.ID)
		}
		if (r.Secret != nil) != (r.Language == Secrets) {
			t.Errorf("rule %s: secret is %v in language %s", r.ID, r.Secret, r.Language)
		}
		if r.Line == 0 || r.File == "" {
			t.Errorf("rule %s has no place: %s:%d", r.ID, r.File, r.Line)
		}
	}
	if _, ok := pack.Rule("no-such-rule"); ok {
		t.Error("a rule that is not there was found")
	}
	if pack.For("cobol") != nil {
		t.Error("there are rules for a language that has none")
	}
}

func TestRulesComeInTheOrderOfLanguages(t *testing.T) {
	pack, err := Load(fstest.MapFS{
		"b.yaml": {Data: []byte(valid("javascript", "js-one"))},
		"a.yaml": {Data: []byte(valid("python", "python-one"))},
		"c.yaml": {Data: []byte(valid("go", "go-one"))},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range pack.Rules() {
		got = append(got, r.ID)
	}
	if want := "go-one python-one js-one"; strings.Join(got, " ") != want {
		t.Errorf("order is %v, want %s", got, want)
	}
}

func valid(language, id string) string {
	return "language: " + language + "\nrules:\n  - id: " + id + `
    message: Do not.
    severity: error
    cwe: CWE-1
    query: '(identifier) @finding'
    match: [x]
    no-match: ['1']
`
}

const validSecret = `language: secrets
rules:
  - id: secret-one
    message: Do not.
    severity: error
    cwe: CWE-798
    keywords: [key_]
    regexp: 'key_(?P<secret>[a-z]+)'
    match: ['key_¦abc']
    no-match: ['key']
`

func TestBreaksAreGoneFromTheSnippetsOfSecrets(t *testing.T) {
	rules, faults := Parse("s.yaml", []byte(validSecret))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if got := rules[0].Match[0]; got != "key_abc" {
		t.Errorf("snippet is %q, want %q", got, "key_abc")
	}
}

func TestFaultsAreNamedWithPlaceAndRemedy(t *testing.T) {
	for _, test := range []struct {
		name, file string
		want       []string
	}{
		{"an empty file", "", []string{"go.yaml: the file is empty"}},
		{"no YAML", "a: [", []string{"go.yaml: read as YAML"}},
		{"two documents", valid("go", "a") + "---\nlanguage: go\n", []string{"more than one YAML document"}},
		{"an unknown key", strings.Replace(valid("go", "a"), "cwe:", "cve:", 1), []string{"line 6", "field cve not found"}},
		{"a repeated key", valid("go", "a") + "    cwe: CWE-2\n", []string{`line 10: mapping key "cwe" already defined at line 6`}},
		{"an unknown language", valid("cobol", "a"), []string{`go.yaml:1: language is "cobol"; use one of go, python, javascript, secrets`}},
		{"no rules", "language: go\n", []string{"go.yaml:1: no rules"}},
		{"a strange id", valid("go", "A_b"), []string{`go.yaml:3: rule "A_b": id is "A_b"; use lower-case words`}},
		{
			"several faults at once",
			"language: go\nrules:\n  - {id: a}\n  - {id: b}\n",
			[]string{
				`go.yaml:3: rule "a": message`, `go.yaml:3: rule "a": severity is ""`, `go.yaml:3: rule "a": cwe is ""`,
				`go.yaml:3: rule "a": no match:`, `go.yaml:3: rule "a": no no-match:`, `go.yaml:3: rule "a": query captures no @finding`, `go.yaml:4: rule "b"`,
			},
		},
		{"a literal met by chance", strings.Replace(valid("go", "a"), "query:", "requires: [os]\n    query:", 1), []string{"literal under 3 bytes"}},
		{"a key of the other kind", strings.Replace(valid("go", "a"), "query:", "entropy: 3\n    query:", 1), []string{"are for language secrets"}},
		{"a query for secrets", strings.Replace(validSecret, "regexp:", "query: x\n    regexp:", 1), []string{"use keywords and regexp"}},
		{"no keywords", strings.Replace(validSecret, "[key_]", "[]", 1), []string{"keywords must hold at least one"}},
		{"a broken regexp", strings.Replace(validSecret, "[a-z]+)", "[a-z]+", 1), []string{"regexp: error parsing regexp"}},
		{"a regexp that matches everywhere", strings.Replace(validSecret, "'key_(?P<secret>[a-z]+)'", "'a*'", 1), []string{"matches the empty text"}},
		{"an entropy that is none", strings.Replace(validSecret, "regexp:", "entropy: .nan\n    regexp:", 1), []string{"entropy is NaN"}},
		{"a far reach", strings.Replace(validSecret, "regexp:", "after: 99999\n    regexp:", 1), []string{"after is 99999; use 0 to 16384"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load(fstest.MapFS{"go.yaml": {Data: []byte(test.file)}})
			if err == nil {
				t.Fatal("loaded without a fault")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the fault does not say %q:\n%v", want, err)
				}
			}
		})
	}
}

func TestRepeatedIDsAreNamedWithBothPlaces(t *testing.T) {
	_, err := Load(fstest.MapFS{
		"a.yaml": {Data: []byte(valid("go", "one"))},
		"b.yaml": {Data: []byte(valid("python", "one"))},
	})
	if want := `b.yaml:3: rule "one" is already defined at a.yaml:3`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error is %v, want %s", err, want)
	}
}

func TestAFolderWithoutRulesIsRefused(t *testing.T) {
	if _, err := Load(fstest.MapFS{"README.md": {}}); err == nil || !strings.Contains(err.Error(), "*.yaml") {
		t.Errorf("error is %v, want one that says what a pack is", err)
	}
}

// FuzzParse looks for files that stop the loader, or rules that it lets through
// though they are not fit to be used.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{valid("go", "a"), validSecret, "", "language: go\nrules: [{}]", "rules: {a: b}", "a: &a [*a]", "- 1"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		rules, faults := Parse("f.yaml", data)
		if len(rules) == 0 && len(faults) == 0 {
			t.Fatal("neither rules nor faults")
		}
		for _, r := range rules {
			if r.ID == "" || r.Message == "" || !r.Severity.Valid() || (r.Secret == nil) != (r.Language != Secrets) {
				t.Errorf("unfit rule %+v", r)
			}
		}
	})
}
