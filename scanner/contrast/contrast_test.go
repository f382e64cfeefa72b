package contrast

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/scanner/pipeline"
)

const program = `package p // a comment

func f(g func(int) int) { g(g(1)); println("x") }
`

func TestVerdictsSayWhatBecameOfAFile(t *testing.T) {
	for _, test := range []struct {
		name string
		of   func() pipeline.Analyser
		path string
		src  string
		want pipeline.Verdict
	}{
		{"go source is parsed", GoAST, "a/b.go", program, pipeline.Verdict{Language: "go"}},
		{"a syntax error is no failure", GoAST, "b.go", "package p\nfunc {", pipeline.Verdict{Language: "go"}},
		{"what is no Go at all is no failure", GoAST, "b.go", "\x00\xff\xfe", pipeline.Verdict{Language: "go"}},
		{"an empty file is no failure", GoAST, "b.go", "", pipeline.Verdict{Language: "go"}},
		{"other languages are skipped", GoAST, "b.py", "f(1)", pipeline.Verdict{Skip: SkipNotGo}},
		{"a name that only ends in the letters is skipped", GoAST, "cargo", "x", pipeline.Verdict{Skip: SkipNotGo}},
		{"every file has lines", Lines, "b.py", "a\nb\n", pipeline.Verdict{Language: "text"}},
		{"a binary has lines too", Lines, "b", "\x00\n", pipeline.Verdict{Language: "text"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := test.of()
			defer a.Close()
			got, err := a.Analyse(test.path, []byte(test.src))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestTheWorkIsDoneAndNotDeadCode(t *testing.T) {
	g := &goAST{}
	for range 2 {
		if _, err := g.Analyse("p.go", []byte(program)); err != nil {
			t.Fatal(err)
		}
	}
	if g.calls != 6 {
		t.Errorf("%d calls counted in two files of three, want 6", g.calls)
	}
	l := &lines{}
	if _, err := l.Analyse("p.go", []byte(program)); err != nil {
		t.Fatal(err)
	}
	if want := strings.Count(program, "\n"); l.seen != want {
		t.Errorf("%d lines counted, want %d", l.seen, want)
	}
}

// The pipeline overwrites src after each file.
func TestASyntaxTreeDoesNotNeedItsSourceAfterwards(t *testing.T) {
	g := &goAST{}
	buffer := []byte(program)
	if _, err := g.Analyse("p.go", buffer); err != nil {
		t.Fatal(err)
	}
	clear(buffer)
	if _, err := g.Analyse("p.go", append(buffer[:0], program...)); err != nil || g.calls != 6 {
		t.Errorf("%d calls and error %v after the buffer was used again, want 6 and none", g.calls, err)
	}
}

// BenchmarkAnalyse is the price of each analyser a byte.
func BenchmarkAnalyse(b *testing.B) {
	var src strings.Builder
	src.WriteString("package p\n")
	for i := range 400 {
		fmt.Fprintf(&src, "\n// f%d does little.\nfunc f%d(x int) int { return g(x, \"text %d\") + h(x) }\n", i, i, i)
	}
	for _, arm := range []struct {
		name string
		of   func() pipeline.Analyser
	}{{"go-ast", GoAST}, {"lines", Lines}} {
		b.Run("analyser="+arm.name, func(b *testing.B) {
			a, data := arm.of(), []byte(src.String())
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := a.Analyse("p.go", data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
