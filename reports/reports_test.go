package reports

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/record"
	"sluice/reports/reportstest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got); rewrite it with -update and read the change:\n%s", path, diff)
	}
}

func kinds() map[string]record.Report {
	return map[string]record.Report{
		"tune": reportstest.Tune(1), "grid": reportstest.Grid(1), "compare": reportstest.Compare(1), "target": reportstest.Target(1), "front": reportstest.Front(1),
	}
}

func text(t *testing.T, rep record.Report, color bool) string {
	t.Helper()
	var b bytes.Buffer
	if err := Text(&b, rep, color); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func summary(t *testing.T, rep record.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := Summary(&b, rep); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTextReadsAsTheGoldenFiles(t *testing.T) {
	for name, rep := range kinds() {
		t.Run(name, func(t *testing.T) { golden(t, name+".txt", []byte(text(t, rep, false))) })
	}
}

func TestSummaryReadsAsTheGoldenFiles(t *testing.T) {
	for name, rep := range kinds() {
		t.Run(name, func(t *testing.T) { golden(t, name+".md", []byte(summary(t, rep))) })
	}
}

func TestTextIsAtMostAHundredColumnsWide(t *testing.T) {
	for name, rep := range kinds() {
		rep.Run.Command = "" // a command stays whole, to be pasted
		for line := range strings.Lines(text(t, rep, false)) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > TextWidth {
				t.Errorf("%s: %d columns: %q", name, n, line)
			}
		}
	}
}

func TestColourAddsNothingButEscapeSequences(t *testing.T) {
	sequences := regexp.MustCompile(`\x1b\[[0-9]+m`)
	for name, rep := range kinds() {
		coloured := text(t, rep, true)
		if !sequences.MatchString(coloured) {
			t.Errorf("%s: no colour", name)
		}
		if diff := cmp.Diff(text(t, rep, false), sequences.ReplaceAllString(coloured, "")); diff != "" {
			t.Errorf("%s: colour changes the text (-plain +coloured):\n%s", name, diff)
		}
	}
}

func TestTheSummaryAnswersFirst(t *testing.T) {
	lines := strings.SplitN(summary(t, reportstest.Tune(1)), "\n", 10)
	if at := slices.IndexFunc(lines, func(line string) bool { return strings.Contains(line, "× the throughput of") }); at < 0 || at > 8 {
		t.Errorf("no answer among the first lines:\n%s", strings.Join(lines, "\n"))
	}
}

func TestForeignTextCannotSteerATerminal(t *testing.T) {
	for name, rep := range kinds() {
		for _, r := range text(t, reportstest.Poison(rep), false) {
			if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
				t.Fatalf("%s: control character %U in the text", name, r)
			}
		}
	}
}

func TestForeignTextIsNoMarkupInTheSummary(t *testing.T) {
	code := regexp.MustCompile("(?m)`[^`\n]*`|^    .*$")
	for name, rep := range kinds() {
		got := summary(t, reportstest.Poison(rep))
		if !strings.Contains(got, "script") {
			t.Fatalf("%s: the payload is not there", name)
		}
		rest := code.ReplaceAllString(got, "")
		for _, markup := range []string{"<script", "[a](https", "\x1b"} {
			if strings.Contains(rest, markup) {
				t.Errorf("%s: %q stands unescaped in\n%s", name, markup, rest)
			}
		}
		for line := range strings.Lines(got) {
			if strings.HasPrefix(line, "| ") && strings.Count(strings.ReplaceAll(line, `\|`, ""), "|") < 3 {
				t.Errorf("%s: broken row %q", name, line)
			}
		}
	}
}

func TestWriteLeavesAWholeFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sluice-report")
	paths, err := Write(dir, reportstest.Tune(1))
	if err != nil {
		t.Fatal(err)
	}
	if paths[0] != filepath.Join(dir, "index.html") || paths[1] != filepath.Join(dir, "summary.md") {
		t.Errorf("paths begin with %v, want the page and the summary", paths[:2])
	}
	for _, path := range append(paths, filepath.Join(dir, ".gitignore")) {
		if info, err := os.Stat(path); err != nil || info.Size() == 0 || info.Mode().Perm() != 0o644 {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
	if len(paths) != 10 {
		t.Errorf("%d files, want page, summary and 4 pictures for each of 2 scenarios: %v", len(paths), paths)
	}
	linked := regexp.MustCompile(`!\[.*\]\((.*\.png)\)`).FindAllStringSubmatch(summary(t, reportstest.Tune(1)), -1)
	for _, link := range linked {
		if !slices.Contains(paths, filepath.Join(dir, link[1])) {
			t.Errorf("the summary links %s, which was not written", link[1])
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".new-*")); len(left) > 0 {
		t.Errorf("temporary files are left: %v", left)
	}
}

func TestWriteRemovesThePicturesOfTheReportBeforeAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	before, err := Write(dir, reportstest.Tune(1))
	if err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(dir, "holiday-rss.png")
	ignore := filepath.Join(dir, ".gitignore")
	for _, path := range []string{foreign, ignore} {
		if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	after, err := Write(dir, reportstest.Compare(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range before {
		_, err := os.Stat(path)
		if kept := slices.Contains(after, path); kept != (err == nil) {
			t.Errorf("%s: in the new report %v, on disk %v", path, kept, err == nil)
		}
	}
	for _, path := range []string{foreign, ignore} {
		if content, err := os.ReadFile(path); err != nil || string(content) != "mine" {
			t.Errorf("%s, which was not ours, holds %q (%v)", path, content, err)
		}
	}
}

func TestAFolderOfSomebodyElseIsRefusedAndLeftAsItIs(t *testing.T) {
	dir := t.TempDir()
	ignore := filepath.Join(dir, ".gitignore")
	if err := os.WriteFile(ignore, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, reportErr := Write(dir, reportstest.Compare(1))
	_, contestErr := WriteContest(dir, reportstest.Contest(1), asked)
	for _, err := range []error{Prepare(dir), reportErr, contestErr} {
		if err == nil || !strings.Contains(err.Error(), "--report") {
			t.Errorf("error %v, want one that names --report", err)
		}
	}
	if entries, err := os.ReadDir(dir); len(entries) != 1 || err != nil {
		t.Errorf("the folder holds %v (%v), want what it held", entries, err)
	}
	if content, err := os.ReadFile(ignore); string(content) != "mine" || err != nil {
		t.Errorf(".gitignore holds %q (%v)", content, err)
	}
}

func TestAReportThatWasCutShortCanBeWrittenAgain(t *testing.T) {
	dir := t.TempDir()
	if _, err := begin(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "summary.md"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(dir, reportstest.Compare(1)); err != nil {
		t.Error(err)
	}
}

func TestWriteSaysWhatItCouldNotDo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "taken")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(file, reportstest.Compare(1)); err == nil || !strings.Contains(err.Error(), "--report") {
		t.Errorf("error %v, want one that names --report", err)
	}
}

func TestAnEmptyReportIsStillAReport(t *testing.T) {
	if _, err := Write(t.TempDir(), record.Report{}); err != nil {
		t.Error(err)
	}
	bare := record.Report{Outcomes: []record.Outcome{
		{}, {Recommendation: &record.Recommendation{}}, {Compare: &record.CompareResult{}}, {Grid: &record.GridResult{}},
	}}
	if _, err := Write(t.TempDir(), bare); err != nil {
		t.Error(err)
	}
	if got := text(t, bare, false); strings.Contains(got, "NaN") || strings.Contains(got, "Inf") {
		t.Errorf("not a number in\n%s", got)
	}
}
