package reports

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/record"
	"sluice/reports/reportstest"
	"sluice/reports/view"
)

var asked = view.Asked{Command: "sluice limiters --seeds 3"}

func contestText(t *testing.T, c record.Contest, color bool) string {
	t.Helper()
	var b bytes.Buffer
	if err := ContestText(&b, c, view.Asked{}, color); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func contestSummary(t *testing.T, c record.Contest) string {
	t.Helper()
	var b bytes.Buffer
	if err := ContestSummary(&b, c, asked); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAContestReadsAsTheGoldenFiles(t *testing.T) {
	c := reportstest.Contest(1)
	golden(t, "contest.txt", []byte(contestText(t, c, false)))
	golden(t, "contest.md", []byte(contestSummary(t, c)))
}

func TestAStudyReadsAsTheGoldenFile(t *testing.T) {
	var b bytes.Buffer
	if err := ContestText(&b, reportstest.Study(1), view.Asked{Base: "bdp"}, false); err != nil {
		t.Fatal(err)
	}
	golden(t, "study.txt", b.Bytes())
}

func TestAContestIsAtMostAHundredColumnsWide(t *testing.T) {
	for line := range strings.Lines(contestText(t, reportstest.Contest(1), false)) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > TextWidth {
			t.Errorf("%d columns: %q", n, line)
		}
	}
}

func TestColourAddsNothingButEscapeSequencesToAContest(t *testing.T) {
	coloured := contestText(t, reportstest.Contest(1), true)
	plain := regexp.MustCompile(`\x1b\[[0-9]+m`).ReplaceAllString(coloured, "")
	if diff := cmp.Diff(contestText(t, reportstest.Contest(1), false), plain); diff != "" || plain == coloured {
		t.Errorf("colour changes the text, or is not there (-plain +coloured):\n%s", diff)
	}
}

func TestForeignTextInAContestIsHarmless(t *testing.T) {
	c := reportstest.PoisonContest(reportstest.Contest(1))
	for _, r := range contestText(t, c, false) {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			t.Fatalf("control character %U in the text", r)
		}
	}
	summary := contestSummary(t, c)
	rest := regexp.MustCompile("(?m)`[^`\n]*`|^    .*$").ReplaceAllString(summary, "")
	for _, markup := range []string{"<script", "[a](https", "\x1b"} {
		if strings.Contains(rest, markup) {
			t.Errorf("%q stands unescaped in the summary", markup)
		}
	}
	if !strings.Contains(summary, "script") {
		t.Error("the payload is not there")
	}
}

func TestAContestLeavesAWholeFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lab")
	c := reportstest.Contest(1)
	c.Plants = c.Plants[:2]
	paths, err := WriteContest(dir, c, asked)
	if err != nil {
		t.Fatal(err)
	}
	if want := 2 + 1 + 2*len(c.Plants); len(paths) != want {
		t.Errorf("%d files, want page, summary, the ranking and 2 pictures for each of %d plants: %v", len(paths), len(c.Plants), paths)
	}
	for _, path := range append(paths, filepath.Join(dir, ".gitignore"), filepath.Join(dir, "contest.json")) {
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
	for _, link := range regexp.MustCompile(`!\[.*\]\((.*\.png)\)`).FindAllStringSubmatch(contestSummary(t, c), -1) {
		if _, err := os.Stat(filepath.Join(dir, link[1])); err != nil {
			t.Errorf("the summary links %s: %v", link[1], err)
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, "contest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var back record.Contest
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c, back); diff != "" {
		t.Errorf("contest.json reads back otherwise:\n%s", diff)
	}
}

func TestAnEmptyContestIsStillAContest(t *testing.T) {
	bare := record.Contest{Limits: []record.Ranked{{Name: "alone"}}, Plants: []record.Plant{{}, {Name: "p", Scores: []record.Score{{Limiter: "alone", Power: -1, SettleS: []float64{-1}}}}}}
	for _, c := range []record.Contest{{}, bare} {
		if _, err := WriteContest(t.TempDir(), c, view.Asked{}); err != nil {
			t.Error(err)
		}
		if got := contestText(t, c, false); strings.Contains(got, "NaN") || strings.Contains(got, "Inf") {
			t.Errorf("not a number in\n%s", got)
		}
	}
}
