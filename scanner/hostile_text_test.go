package scanner_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/fstest"

	"sluice/scanner"
)

// TestNestingBreaksNothing nests ten thousand deep what would overflow a parser
// that calls itself. Each text holds what its rules look for, so that it is parsed.
func TestNestingBreaksNothing(t *testing.T) {
	const depth = 10_000
	nest := func(begin, open, middle, close, end string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(begin + strings.Repeat(open, depth) + middle + strings.Repeat(close, depth) + end)}
	}
	files := fstest.MapFS{
		"round.go":    nest("package p\n\nvar password = ", "(", "1", ")", "\n"),
		"block.go":    nest("package p\n\nvar password = 1\n\nfunc f() ", "{", "", "}", "\n"),
		"type.go":     nest("package p\n\nvar password ", "[]", "int", "", "\n"),
		"round.py":    nest("eval(", "(", "x", ")", ")\n"),
		"square.py":   nest("eval(x)\ny = ", "[", "", "]", "\n"),
		"round.js":    nest("eval(x);\ny = ", "(", "1", ")", ";\n"),
		"curly.js":    nest("eval(x);\n", "{", "", "}", "\n"),
		"template.js": nest("eval(x);\ny = ", "`${", "1", "}`", ";\n"),
		"arrow.js":    nest("eval(x);\ny = ", "a=>", "1", "", ";\n"),
		"dots.js":     nest("eval(x);\ny = a", ".a", "", "", ";\n"),
		"minus.go":    nest("package p\n\nvar password = ", "-", "1", "", "\n"),
	}
	demand(t, fate{Scanned: int64(len(files))}, survive(t, scanner.Options{FS: files}))
}

func TestALineOfFiftyMegabytesIsALine(t *testing.T) {
	long := bytes.Repeat([]byte("a = 1; "), 50<<20/7)
	files := fstest.MapFS{
		"long.txt": {Data: append(long[:len(long):len(long)], "aws_access_key_id = "+key...)},
		"long.js":  {Data: long},
	}
	got := survive(t, scanner.Options{FS: files, MaxFileBytes: 64 << 20})
	demand(t, fate{Scanned: 2}, got)
	if len(got.Findings) != 1 || len(got.Findings[0].Snippet) > 1<<10 {
		t.Errorf("got %d findings, want one, with a snippet of less than 1 KiB", len(got.Findings))
	}
}
