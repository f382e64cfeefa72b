package doctest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/cli/doctest"
)

// page writes a Markdown page whose fences are given as ”', since a raw
// string holds no backtick.
func page(s string) []byte { return []byte(strings.ReplaceAll(s, "'''", "```")) }

func TestBlocksFindsTheCommandsOfTheManual(t *testing.T) {
	for _, row := range []struct {
		name string
		md   string
		want []doctest.Block
	}{
		{"nothing in a page without blocks", "# sluice\n\n$ sluice scan\n", nil},
		{
			"a command and its output",
			"Try:\n\n'''console\n$ sluice scan .\nmain.go:1:1: found\n\n2 findings\n'''\n",
			[]doctest.Block{{Line: 4, Command: "sluice scan .", Output: "main.go:1:1: found\n\n2 findings\n"}},
		},
		{
			"several commands of one block",
			"'''console\n$ bin/sluice a\none\n$ sluice b\n$ sluice c\nthree\n'''",
			[]doctest.Block{
				{Line: 2, Command: "bin/sluice a", Output: "one\n"},
				{Line: 4, Command: "sluice b"},
				{Line: 5, Command: "sluice c", Output: "three\n"},
			},
		},
		{
			"no other program, nor its output",
			"'''console\n$ make build\nbuilt\n$ sluice a\nyes\n$ sluicegate b\nno\n'''",
			[]doctest.Block{{Line: 4, Command: "sluice a", Output: "yes\n"}},
		},
		{"no block of another language", "'''sh\n$ sluice a\n'''\n\n'''\n$ sluice b\n'''\n", nil},
		{
			"a command over several lines",
			"'''console\n$ sluice tune \\\n    --budget 3m \\\n    .\nbetter\n'''",
			[]doctest.Block{{Line: 2, Command: "sluice tune --budget 3m .", Output: "better\n"}},
		},
		{
			"a block inside a list",
			"1. First\n\n   '''console\n   $ sluice a\n     indented\n   '''\n",
			[]doctest.Block{{Line: 4, Command: "sluice a", Output: "  indented\n"}},
		},
		{
			"a block that quotes a fence",
			"''''console\n$ sluice a\n'''go\nx\n'''\n''''\n$ sluice b\n",
			[]doctest.Block{{Line: 2, Command: "sluice a", Output: "'''go\nx\n'''\n"}},
		},
		{
			"a block that is never closed",
			"'''console\n$ sluice a",
			[]doctest.Block{{Line: 2, Command: "sluice a"}},
		},
		{
			"a page with Windows line ends",
			"'''console\r\n$ sluice a\r\nb\r\n'''\r\n",
			[]doctest.Block{{Line: 2, Command: "sluice a", Output: "b\n"}},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			for i := range row.want {
				row.want[i].Output = string(page(row.want[i].Output))
			}
			// Four quotes are a fence of four.
			md := page(strings.ReplaceAll(row.md, "''''", "'''`"))
			if diff := cmp.Diff(row.want, doctest.Blocks(md)); diff != "" {
				t.Errorf("blocks differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestProseLeavesFencedBlocksOut(t *testing.T) {
	md := page("one\n'''go\ntwo\n'''\nfive\n~~~\n'''\n~~~\nnine")
	var got []string
	var numbers []int
	for number, text := range doctest.Prose(md) {
		got, numbers = append(got, text), append(numbers, number)
	}
	if want := []string{"one", "five", "nine"}; !slices.Equal(got, want) {
		t.Errorf("prose is %q, want %q", got, want)
	}
	if want := []int{1, 5, 9}; !slices.Equal(numbers, want) {
		t.Errorf("line numbers are %v, want %v", numbers, want)
	}
}

func TestAnEllipsisMatchesAnything(t *testing.T) {
	for _, row := range []struct {
		name      string
		want, got string
		matches   bool
	}{
		{"equal output", "a\nb\n", "a\nb\n", true},
		{"blanks at the ends", "a\n", "a  \n\n", true},
		{"nothing promised, nothing printed", "", "\n", true},
		{"nothing promised, something printed", "", "a\n", false},
		{"a line that differs", "a\nb\n", "a\nc\n", false},
		{"a line too few", "a\nb\n", "a\n", false},
		{"a line too many", "a\n", "a\nb\n", false},
		{"an ellipsis for no line", "a\n...\nb\n", "a\nb\n", true},
		{"an ellipsis for many lines", "a\n...\nb\n", "a\n1\nb\n2\nb\n", true},
		{"an ellipsis at either end", "...\na\n...\n", "1\na\n2\n", true},
		{"only an ellipsis", "...\n", "", true},
		{"a line after the ellipsis that never comes", "...\nz\n", "a\nb\n", false},
		{"two ellipses that need a second try", "...\na\nb\n...\nc\n", "a\nx\na\nb\nc\nc\n", true},
		{"figures left out of a line", "took ... s, ... files\n", "took 1.25 s, 12 files\n", true},
		{"a line that is too short for both its ends", "ab...ba\n", "aba\n", false},
		{"parts in the wrong order", "a...b...c...d\n", "a c b d\n", false},
		{"the dots themselves", "scanning...\n", "scanning...\n", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := doctest.Block{Line: 7, Command: "sluice a", Output: row.want}.Match(row.got)
			if got := err == nil; got != row.matches {
				t.Errorf("Match(%q) of %q is %v, want a match: %v", row.got, row.want, err, row.matches)
			}
		})
	}
}

func TestAMismatchNamesThePromisedLine(t *testing.T) {
	err := doctest.Block{Line: 7, Command: "sluice a", Output: "one\n...\ntwo\n"}.Match("one\nthree\n")
	for _, want := range []string{"line 7", "sluice a", `"two"`, "three"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error %q does not say %s", err, want)
		}
	}
}

func FuzzBlocks(f *testing.F) {
	f.Add(page("'''console\n$ sluice a\\\n'''\n~~~\n"))
	f.Add(page("  '''console\n$ sluice a \\\n\n...\n  ''''\n"))
	f.Fuzz(func(t *testing.T, md []byte) {
		end := strings.Count(string(md), "\n") + 1
		for _, b := range doctest.Blocks(md) {
			if b.Line < 1 || b.Line > end {
				t.Errorf("line %d of a page of %d", b.Line, end)
			}
			if strings.Contains(b.Command, "\n") {
				t.Errorf("command %q has a line break", b.Command)
			}
			if err := b.Match(b.Output); err != nil {
				t.Errorf("an output does not match itself: %v", err)
			}
		}
	})
}
