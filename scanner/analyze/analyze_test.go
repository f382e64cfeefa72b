package analyze

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"sluice/scanner/finding"
	"sluice/scanner/rules"
)

// A sample of a secret, broken so that no scanner takes this file for a leak.
const awsKey = "AKIA" + "QYLPMN5HHHFPZAM2"

func TestLanguageIsToldByExtension(t *testing.T) {
	for name, want := range map[string]string{
		"a.go": "go", "x/y.py": "python", "y.pyi": "python", "a.js": "javascript", "a.jsx": "javascript",
		"a.mjs": "javascript", "a.cjs": "javascript", "A.GO": "go", "go": "", "a.go/b": "", "README.md": "", "": "", "a.ts": "",
	} {
		if got := Language(name); got != want {
			t.Errorf("Language(%q) is %q, want %q", name, got, want)
		}
	}
}

func TestAFindingSaysWhereAndWhat(t *testing.T) {
	src := "package p\n\nimport \"crypto/md5\"\n\nfunc f() {\n\tx := md5.Sum(\n\t\tnil)\n}\n"
	want := []finding.Finding{{
		Rule: "go-weak-hash", Path: "d/p.go", Line: 6, Column: 7, EndLine: 7, EndColumn: 7, Severity: finding.Warning, CWE: "CWE-328",
		Message: "MD5 and SHA-1 are broken against collisions; use SHA-256 (crypto/sha256), and for passwords a slow hash such as bcrypt or Argon2.",
		Snippet: "x := md5.Sum(",
	}}
	w := worker(t, builtin(t))
	if diff := cmp.Diff(want, analyze(t, w, "d/p.go", src)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	crlf := strings.ReplaceAll(src, "\n", "\r\n")
	if diff := cmp.Diff(want, analyze(t, w, "d/p.go", crlf)); diff != "" {
		t.Errorf("with CRLF (-want +got)\n%s", diff)
	}
	bom := analyze(t, w, "d/p.go", "\ufeff"+src)
	if diff := cmp.Diff(want, bom); diff != "" {
		t.Errorf("with a byte order mark (-want +got)\n%s", diff)
	}
}

func TestAPlaceOnTheFirstLineCountsTheByteOrderMark(t *testing.T) {
	w := worker(t, builtin(t))
	got := analyze(t, w, "p.js", "\ufeffeval(x)")
	if len(got) != 1 || got[0].Column != 4 || got[0].Snippet != "eval(x)" {
		t.Errorf("found %+v, want eval(x) at byte 4", got)
	}
}

func TestStrangeInputIsNoError(t *testing.T) {
	utf16 := "\xff\xfee\x00v\x00a\x00l\x00(\x00x\x00)\x00"
	w := worker(t, builtin(t, WithoutPrefilter()))
	for _, test := range []struct {
		name, path, src string
		binary          bool
		findings        int
	}{
		{"empty", "a.go", "", false, 0},
		{"only a line end", "a.go", "\n", false, 0},
		{"NUL early", "a.go", "package p\x00", true, 0},
		{"NUL late", "a.js", strings.Repeat(" ", sniffBytes) + "\x00 eval(x)", false, 1},
		{"UTF-16", "a.js", utf16, true, 0},
		{"UTF-16 without NUL", "a.js", "\xfe\xff\x4e\x00"[:3] + "\x4e\x8c", true, 0},
		{"invalid UTF-8", "a.js", "\xff\xc3( eval(x\xff)", false, 1},
		{"invalid UTF-8 in a string", "a.py", "eval(x + '\xff\xfe')", false, 1},
		{"broken syntax", "a.go", "package p\nimport \"crypto/md5\"\nfunc f( { md5.New() ", false, 1},
		{"deep parentheses", "a.go", "package p\nvar x = " + strings.Repeat("(", 10_000) + "1" + strings.Repeat(")", 10_000), false, 0},
		{"deep parentheses never closed", "a.js", "eval(" + strings.Repeat("(", 10_000), false, 0},
		{"deep brackets in Python", "a.py", "x = " + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), false, 0},
		{"deep blocks", "a.js", strings.Repeat("{", 10_000) + "eval(x)" + strings.Repeat("}", 10_000), false, 1},
		{"a long chain", "a.js", "x = " + strings.Repeat("a+", 20_000) + "eval(x)", false, 1},
		{"Go in a file called Python", "a.py", "package p\nfunc f() {}\n", false, 0},
		{"unknown extension", "a.bin", "eval(x)", false, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			report, err := w.Analyze(test.path, []byte(test.src))
			if err != nil {
				t.Fatal(err)
			}
			if report.Binary != test.binary || len(report.Findings) != test.findings {
				t.Errorf("binary %v with %d findings %+v, want %v with %d", report.Binary, len(report.Findings), report.Findings, test.binary, test.findings)
			}
		})
	}
}

func TestAMinifiedLineOfMegabytesIsReadInFull(t *testing.T) {
	const size = 5 << 20
	unit := "function a(b){return b+1};var c=document.d;"
	src := strings.Repeat(unit, size/len(unit)) + "document.body.innerHTML=location.hash;var k=\"" + awsKey + "\";"
	w := worker(t, builtin(t))
	got := analyze(t, w, "a.min.js", src)
	if len(got) != 2 || got[0].Rule != "js-inner-html" || got[1].Rule != "secret-aws-access-key" {
		t.Fatalf("found %+v, want the assignment and the key", got)
	}
	for _, f := range got {
		if f.Line != 1 || f.Column < size-2*len(unit) || len(f.Snippet) > snippetBytes || strings.Contains(f.Snippet, awsKey) {
			t.Errorf("the place or the snippet is wrong: %+v", f)
		}
		if !strings.HasPrefix(f.Snippet, cut) {
			t.Errorf("the snippet does not say that it was cut: %q", f.Snippet)
		}
	}
}

func TestManyFindingsOnOneLineCostNoMoreThanTheLine(t *testing.T) {
	const n = 20_000
	w := worker(t, builtin(t))
	if got := analyze(t, w, "a.js", strings.Repeat("eval(x);", n)); len(got) != n {
		t.Errorf("%d findings, want %d", len(got), n)
	}
	if got := analyze(t, w, "a.txt", strings.Repeat(awsKey+" ", n)); len(got) != n {
		t.Errorf("%d secrets, want %d", len(got), n)
	}
}

func TestPlaceholdersAreNoSecrets(t *testing.T) {
	for text, want := range map[string]bool{
		"AKIA" + "IOSFODNN7EXAMPLE": true, "changeme-2024": true, "${DB_PASSWORD_1}": true, "{{ secret }}": true, "<your-token-1>": true,
		"xxxxXXXXxxxx": true, "aaaaaaaaaaaa": true, "abcabcabcabc": true, "https://host/path1": true, "your_api_key_1": true,
		awsKey: false, "hunter2hunter2": false, "qX7vR2mK9tLw4Zb8": false, "": true,
	} {
		if got := placeholder([]byte(text)); got != want {
			t.Errorf("placeholder(%q) is %v, want %v", text, got, want)
		}
	}
}

func TestEntropyIsShannons(t *testing.T) {
	for text, want := range map[string]float64{"": 0, "aaaa": 0, "abab": 1, "abcd": 2, "0123456789abcdef": 4} {
		if got := entropy([]byte(text)); got != want {
			t.Errorf("entropy(%q) is %v, want %v", text, got, want)
		}
	}
}

func TestOneSecretHasOneFinding(t *testing.T) {
	const random = "qX7vR2mK9t" + "Lw4Zb8NcYp3HsJd"
	w := worker(t, builtin(t))
	for _, test := range []struct{ name, path, src, want string }{
		{"the issuer's rule goes before the generic one", "a.txt", `api_key = "AKIA` + `QYLPMN5HHHFPZAM2"`, "secret-aws-access-key"},
		{"the issuer's rule goes before the language's", "a.go", "package p\nconst apiKey = \"" + awsKey + "\"", "secret-aws-access-key"},
		{"the language's rule goes before the generic one", "a.go", "package p\nconst apiKey = \"" + random + "\"", "go-hardcoded-credential"},
		{"the generic rule is there where no other is", "a.txt", `apiKey: "` + random + `"`, "secret-generic-assignment"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := analyze(t, w, test.path, test.src)
			if len(got) != 1 || got[0].Rule != test.want {
				t.Errorf("found %+v, want %s alone", got, test.want)
			}
		})
	}
}

func TestNoFieldOfAnyFindingShowsASecret(t *testing.T) {
	const (
		random   = "qX7vR2mK9t" + "Lw4Zb8NcYp3HsJd"
		password = "correct1horse"
	)
	goFile := func(body string) string {
		return "package p\n\nimport (\"crypto/md5\"; \"os/exec\")\n\nfunc f() {\n" + body + "\n}\n"
	}
	w := worker(t, builtin(t))
	for _, test := range []struct {
		name, path, src, secret string
		findings                int
	}{
		{"on the line of another finding", "a.go", goFile(`md5.Sum([]byte("` + awsKey + `"))`), awsKey, 2},
		{"in a hard-coded credential", "a.go", goFile(`password := "` + password + `"`), password, 1},
		{"in a credential beside another finding", "a.go", goFile(`password := "` + password + `"; md5.Sum(nil)`), password, 2},
		{"again on another line, without a name", "a.go", goFile(`password := "` + password + "\"\nexec.Command(\"sh\", \"-c\", \"login " + password + "\"+x)"), password, 2},
		{"cut by the edge of a snippet", "a.js", `var a="` + awsKey + `";` + strings.Repeat(" ", 25) + "eval(x);" + strings.Repeat("y;", 200), awsKey, 2},
		{"in the middle of a long line", "a.js", strings.Repeat("y;", 200) + `eval(x);var a="` + awsKey + `"` + strings.Repeat("y;", 200), awsKey, 2},
		{"in a generic assignment", "a.py", `token = eval(x); secret = "` + random + `"`, random, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := analyze(t, w, test.path, test.src)
			if len(got) != test.findings {
				t.Errorf("%d findings, want %d: %+v", len(got), test.findings, got)
			}
			for _, f := range got {
				if text := fmt.Sprintf("%+v", f); strings.Contains(text, test.secret[keptBytes:keptBytes+5]) || strings.Contains(text, test.secret[:keptBytes+1]) {
					t.Errorf("the secret shows in %s", text)
				}
			}
		})
	}
}

func TestThePrefilterChangesNoFinding(t *testing.T) {
	pack, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	with, without := worker(t, engineOf(t, pack)), worker(t, engineOf(t, pack, WithoutPrefilter()))
	for _, r := range pack.Rules() {
		for _, snippet := range append(r.Match, r.NoMatch...) {
			path := pathOf(r.Language)
			if diff := cmp.Diff(analyze(t, without, path, snippet), analyze(t, with, path, snippet)); diff != "" {
				t.Errorf("%s (-without +with)\n%s", r.ID, diff)
			}
		}
	}
}

func TestWorkersShareAnEngineAndAgree(t *testing.T) {
	pack, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	e := engineOf(t, pack)
	digests := make([]string, 4)
	var group sync.WaitGroup
	for i := range digests {
		group.Go(func() {
			w := e.Worker()
			defer w.Close()
			var all []finding.Finding
			for n := range pack.Rules() {
				r := pack.Rules()[(n+i*7)%len(pack.Rules())] // each worker in an order of its own
				for j, snippet := range append(append([]string{}, r.Match...), r.NoMatch...) {
					report, err := w.Analyze(fmt.Sprintf("%s-%d/%s", r.ID, j, pathOf(r.Language)), []byte(snippet))
					if err != nil {
						t.Error(err)
					}
					all = append(all, report.Findings...)
				}
			}
			digests[i] = finding.Digest(all)
		})
	}
	group.Wait()
	for i, d := range digests {
		if d != digests[0] {
			t.Errorf("worker %d found %s, worker 0 %s", i, d, digests[0])
		}
	}
}

func TestUseAfterCloseIsAnError(t *testing.T) {
	pack, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(pack)
	if err != nil {
		t.Fatal(err)
	}
	w, late := e.Worker(), e.Worker()
	analyze(t, w, "a.js", "eval(x)")
	w.Close()
	w.Close()
	if _, err := w.Analyze("a.js", []byte("eval(x)")); err == nil {
		t.Error("a closed worker analysed a file")
	}
	e.Close()
	e.Close()
	for _, path := range []string{"a.js", "a.py"} { // one compiled before, one never
		if _, err := late.Analyze(path, []byte("eval(x)")); !errors.Is(err, ErrClosed) {
			t.Errorf("analysis of %s by a closed engine returned %v, want %v", path, err, ErrClosed)
		}
	}
}

// queryPack is a pack of one Go rule with this query.
func queryPack(t *testing.T, query string) *rules.Pack {
	t.Helper()
	file := "language: go\nrules:\n  - id: one\n    message: Do not.\n    severity: note\n    cwe: CWE-1\n    match: [x]\n    no-match: ['1']\n    query: |\n"
	for line := range strings.Lines(query) {
		file += "      " + line
	}
	pack, err := rules.Load(fstest.MapFS{"go.yaml": {Data: []byte(file + "\n")}})
	if err != nil {
		t.Fatal(err)
	}
	return pack
}

func TestAWrongQueryNamesItsRuleAndPlace(t *testing.T) {
	for _, test := range []struct{ name, query, want string }{
		{"syntax", "(identifier @finding", "the syntax is wrong"},
		{"node", "(identifier)\n(identifyer) @finding", "the grammar has no such node at line 2 column 2 of the query"},
		{"field", "(call_expression functoin: (_)) @finding", "the grammar has no such field"},
		{"structure", "(identifier (block)) @finding", "the grammar can never produce such a tree"},
		{"capture", "((identifier) @finding (#eq? @other \"x\"))", "a predicate names a capture"},
		{"predicate", "((identifier) @finding (#near? @finding \"x\"))", "unknown predicate #near?; use eq?"},
		{"arguments", "((identifier) @finding (#eq? @finding @finding))", "#eq? takes a capture and then text in quotes"},
		{"no text", "((identifier) @finding (#any-of? @finding))", "#any-of? takes a capture and then text in quotes"},
		{"regular expression", "((identifier) @finding (#match? @finding \"(\"))", "#match?: error parsing regexp"},
		{"a pattern that reports nothing", "(identifier) @finding (block)", "a pattern captures no @finding"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := engineOf(t, queryPack(t, test.query))
			err := e.Warm()
			if err == nil || !strings.Contains(err.Error(), `go.yaml:3: rule "one": query: `) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want the rule, its place and %q", err, test.want)
			}
			if _, again := worker(t, e).Analyze("a.go", []byte("package p")); again == nil {
				t.Error("a file was analysed with a query that is wrong")
			}
		})
	}
}

func TestPredicatesCompareTheTextOfEveryNode(t *testing.T) {
	for _, test := range []struct {
		predicate string
		want      int
	}{
		{`(#eq? @finding "b")`, 1},
		{`(#not-eq? @finding "b")`, 2},
		{`(#any-of? @finding "a" "c" "")`, 2},
		{`(#not-any-of? @finding "a" "c")`, 1},
		{`(#match? @finding "^[ab]$")`, 2},
		{`(#not-match? @finding "^[ab]$")`, 1},
		{`(#not-eq? @finding "a") (#not-match? @finding "b")`, 1},
	} {
		t.Run(test.predicate, func(t *testing.T) {
			w := worker(t, engineOf(t, queryPack(t, "((identifier) @finding "+test.predicate+")")))
			if got := analyze(t, w, "p.go", "package p\nvar a, b, c int"); len(got) != test.want {
				t.Errorf("found %v, want %d", got, test.want)
			}
		})
	}
}

func TestSnippetsAreOneShortPrintableLine(t *testing.T) {
	for _, test := range []struct{ name, src, want string }{
		{"trimmed", "\t  eval(x) \t\r\n", "eval(x)"},
		{"control characters", "eval(x) // \x1b[2J\tz", `eval(x) // \x1b[2J\tz`},
		{"text that changes direction", "eval(x) // \u202ez", `eval(x) // \u202ez`},
		{"bytes that are no UTF-8", "eval(x) // \xffz", `eval(x) // \xffz`},
		{"letters of any language", "eval(x) // größer 数", "eval(x) // größer 数"},
		{"long", "eval(x) // " + strings.Repeat("y", 200), "eval(x) // " + strings.Repeat("y", snippetBytes-len(cut)-11) + cut},
		{"the place far in", strings.Repeat("数;", 100) + "eval(x)" + strings.Repeat(" ", 9), cut + strings.Repeat("数;", 10) + "eval(x)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newMasker([]byte(test.src), nil)
			got := m.snippet(newLines([]byte(test.src)), strings.Index(test.src, "eval"))
			if got != test.want {
				t.Errorf("snippet is %q, want %q", got, test.want)
			}
			if len(got) > snippetBytes || !utf8.ValidString(got) {
				t.Errorf("snippet of %d bytes, valid %v", len(got), utf8.ValidString(got))
			}
		})
	}
}

func TestMasksKeepLittleOfASecret(t *testing.T) {
	for secret, want := range map[string]string{"abc": "k=****;", "abcdefgh": "k=ab****;", "abcdefghijklmnopqrstuvwxyz": "k=abcd****;"} {
		src := "k=" + secret + ";"
		m := newMasker([]byte(src), []span{{2, 2 + len(secret)}})
		if got := m.snippet(newLines([]byte(src)), 0); got != want {
			t.Errorf("snippet is %q, want %q", got, want)
		}
	}
}

func TestLinesAndColumnsCountFromOne(t *testing.T) {
	l := newLines([]byte("ab\n\ncd"))
	for offset, want := range [][2]int{{1, 1}, {1, 2}, {1, 3}, {2, 1}, {3, 1}, {3, 2}, {3, 3}} {
		if line, column := l.at(offset); [2]int{line, column} != want {
			t.Errorf("offset %d is at %d:%d, want %v", offset, line, column, want)
		}
	}
}
