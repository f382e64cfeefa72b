package analyze

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"sluice/scanner/finding"
	"sluice/scanner/rules"
)

// FuzzAnalyze looks for texts that stop the analysis, whose findings have no
// place in the text, depend on the prefilter, the plan or the
// arena, or show a secret.
func FuzzAnalyze(f *testing.F) {
	pack, err := rules.Builtin()
	if err != nil {
		f.Fatal(err)
	}
	for _, r := range pack.Rules() {
		f.Add(pathOf(r.Language), []byte(r.Match[0]))
	}
	f.Add("a.go", []byte("\xef\xbb\xbfpackage p\r\n\x01\xff"))
	with, without := worker(f, engineOf(f, pack)), worker(f, engineOf(f, pack, WithoutPrefilter()))
	without.limit = func(int) limit { return unlimited }
	with.limit = without.limit
	plain := worker(f, engineOf(f, pack, WithoutPrefilter(), WithMalloc(), withoutPlan))
	plain.limit = without.limit
	f.Fuzz(func(t *testing.T, path string, src []byte) {
		report, err := without.Analyze(path, src)
		if err != nil {
			t.Fatal(err)
		}
		again, err := with.Analyze(path, src)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(report.Findings, again.Findings); diff != "" {
			t.Fatalf("the prefilter matters (-without +with)\n%s", diff)
		}
		if again, err = plain.Analyze(path, src); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(report.Findings, again.Findings); diff != "" {
			t.Fatalf("the plan or the arena matters (-with +without)\n%s", diff)
		}
		if report.Binary || len(src) == 0 {
			return
		}
		found, err := without.search(without.engine.languages[report.Language], src)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.IsSortedFunc(report.Findings, finding.Compare) {
			t.Errorf("findings are not sorted: %+v", report.Findings)
		}
		for _, got := range report.Findings {
			checkPlace(t, got, src)
			checkSnippet(t, got, src, found.hidden)
		}
	})
}

func checkPlace(t *testing.T, f finding.Finding, src []byte) {
	t.Helper()
	rows := bytes.Split(src, []byte{'\n'})
	for _, place := range [][2]int{{f.Line, f.Column}, {f.EndLine, f.EndColumn}} {
		if place[0] < 1 || place[0] > len(rows) || place[1] < 1 || place[1] > len(rows[place[0]-1])+1 {
			t.Errorf("%d:%d is no place in the text: %+v", place[0], place[1], f)
		}
	}
	if f.EndLine < f.Line || f.EndLine == f.Line && f.EndColumn < f.Column {
		t.Errorf("ends before it begins: %+v", f)
	}
}

func checkSnippet(t *testing.T, f finding.Finding, src []byte, hidden []span) {
	t.Helper()
	unprintable := func(r rune) bool { return !strconv.IsPrint(r) }
	if len(f.Snippet) > snippetBytes || !utf8.ValidString(f.Snippet) || strings.ContainsFunc(f.Snippet, unprintable) {
		t.Errorf("snippet of %d bytes is not fit to be shown: %q", len(f.Snippet), f.Snippet)
	}
	for _, s := range hidden {
		if secret := string(src[s.start:s.end]); len(secret) >= prefixBytes && strings.Contains(f.Snippet, secret) {
			t.Errorf("%q shows in %q", secret, f.Snippet)
		}
	}
}

// FuzzLiterals compares the automaton with a search for each literal in turn.
func FuzzLiterals(f *testing.F) {
	f.Add([]byte("password passwd PassWord AKIA akia aaa eyJ EYJ\xff"), "ass", "assword")
	f.Add([]byte("aaaa"), "aaa", "aaaa")
	f.Fuzz(func(t *testing.T, src []byte, first, second string) {
		if len(first) < 3 || len(second) < 3 || strings.ToLower(first) != asciiLower(first) || strings.ToLower(second) != asciiLower(second) {
			return // shorter ones are refused, and rules are written in ASCII
		}
		wanted := []literal{{text: first}, {text: second, fold: true}, {text: "password", fold: true}, {text: "AKIA"}, {text: "eyJ"}}
		got := make([]int, len(wanted))
		newLiterals(wanted).find(src, func(id, start int) {
			got[id]++
			if text := string(src[start:][:len(wanted[id].text)]); text != wanted[id].text && asciiLower(text) != asciiLower(wanted[id].text) {
				t.Errorf("%q was found where %q stands", wanted[id].text, text)
			}
		})
		for id, w := range wanted {
			if want := count(string(src), w); got[id] != want {
				t.Errorf("%q was found %d times, want %d", w.text, got[id], want)
			}
		}
	})
}

func count(src string, w literal) int {
	text := w.text
	if w.fold {
		src, text = asciiLower(src), asciiLower(text)
	}
	n := 0
	for i := range len(src) {
		if strings.HasPrefix(src[i:], text) {
			n++
		}
	}
	return n
}

// asciiLower leaves every byte beyond ASCII alone, valid UTF-8 or not.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
