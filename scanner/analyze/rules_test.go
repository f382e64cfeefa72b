package analyze

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sluice/scanner/finding"
	"sluice/scanner/rules"
)

// unlimited is more than any text takes.
var unlimited = limit{steps: 1 << 60, asked: 1 << 60}

// builtin makes an engine of the builtin rules that is closed with the test.
func builtin(t testing.TB, options ...Option) *Engine {
	t.Helper()
	pack, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return engineOf(t, pack, options...)
}

func engineOf(t testing.TB, pack *rules.Pack, options ...Option) *Engine {
	t.Helper()
	e, err := New(pack, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func worker(t testing.TB, e *Engine) *Worker {
	t.Helper()
	w := e.Worker()
	t.Cleanup(w.Close)
	return w
}

func analyze(t testing.TB, w *Worker, path, src string) []finding.Finding {
	t.Helper()
	report, err := w.Analyze(path, []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return report.Findings
}

// pathOf names a file whose language is that of a rule.
func pathOf(language string) string {
	names := map[string]string{"go": "p.go", "python": "p.py", "javascript": "p.js", rules.Secrets: "p.txt"}
	return names[language]
}

func names(fs []finding.Finding, rule string) bool {
	return slices.ContainsFunc(fs, func(f finding.Finding) bool { return f.Rule == rule })
}

func TestEveryRuleFindsItsMatchesAndLeavesTheRestAlone(t *testing.T) {
	pack, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	w := worker(t, engineOf(t, pack))
	for _, r := range pack.Rules() {
		for i, snippet := range r.Match {
			t.Run(fmt.Sprintf("%s/match=%d", r.ID, i), func(t *testing.T) {
				if got := analyze(t, w, pathOf(r.Language), snippet); !names(got, r.ID) {
					t.Errorf("found %v in\n%s", got, snippet)
				}
			})
		}
		for i, snippet := range r.NoMatch {
			t.Run(fmt.Sprintf("%s/no-match=%d", r.ID, i), func(t *testing.T) {
				if got := analyze(t, w, pathOf(r.Language), snippet); names(got, r.ID) {
					t.Errorf("found %v in\n%s", got, snippet)
				}
			})
		}
	}
}

func TestEveryPatternHasASnippetThatItMatches(t *testing.T) {
	e := builtin(t)
	w := worker(t, e)
	if err := e.Warm(); err != nil {
		t.Fatal(err)
	}
	for name, l := range e.languages {
		if l.query == nil {
			continue
		}
		met := make([]bool, len(l.patterns))
		w.core, _ = newCore(true)
		for _, r := range l.rules {
			for _, snippet := range r.Match {
				found, err := w.core.scan(l.grammar, l.query, []byte(snippet), unlimited, nil)
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range found {
					met[m.pattern] = met[m.pattern] || l.patterns[m.pattern].holds(m, []byte(snippet))
				}
			}
		}
		w.core.close()
		w.core = core{}
		for i, ok := range met {
			if !ok {
				r := l.rules[l.patterns[i].rule]
				t.Errorf("%s: pattern %d (rule %s) is met by no snippet:\n%s", name, i, r.ID, r.Query)
			}
		}
	}
}

func TestSecretsOfTheSnippetsAreNeverShown(t *testing.T) {
	e := builtin(t)
	w := worker(t, e)
	for i, r := range e.languages[Text].hunt.rules {
		form := e.languages[Text].hunt.forms[i]
		for _, snippet := range r.Match {
			secret := form.form.FindStringSubmatch(snippet)[form.group]
			for _, f := range analyze(t, w, "p.txt", snippet) {
				if part := shownPart(f, secret); part != "" {
					t.Errorf("%s shows %q of its secret in %+v", r.ID, part, f)
				}
			}
		}
	}
}

// shownPart returns eight bytes of a secret that a finding shows, if any: more
// than the four that the mask leaves, and too many to be there by chance.
func shownPart(f finding.Finding, secret string) string {
	text := fmt.Sprintf("%+v", f)
	for i := range len(secret) - 8 {
		if strings.Contains(text, secret[i:i+8]) {
			return secret[i : i+8]
		}
	}
	return ""
}
