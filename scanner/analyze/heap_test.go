package analyze

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The driver is C, since a test cannot call C; it runs under the sanitizers for
// addresses and undefined behaviour where the compiler has them.
func TestTheHeapKeepsWhatItIsGiven(t *testing.T) {
	compiler, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler by the name of cc")
	}
	program := filepath.Join(t.TempDir(), "stress")
	build := []string{"-std=gnu11", "-O1", "-g", "-I.", "-o", program, "testdata/stress/stress.c", "arena.c"}
	sanitized := append([]string{"-fsanitize=address,undefined", "-fno-sanitize-recover=all"}, build...)
	if out, err := exec.CommandContext(t.Context(), compiler, sanitized...).CombinedOutput(); err != nil {
		t.Logf("built without sanitizers: %s", out)
		if out, err := exec.CommandContext(t.Context(), compiler, build...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	for seed := range 2 {
		if out, err := exec.CommandContext(t.Context(), program, strconv.Itoa(seed)).CombinedOutput(); err != nil {
			t.Errorf("seed %d: %v\n%s", seed, err, out)
		}
	}
}

// resident is the memory of this process that is in RAM, in bytes.
func resident(t *testing.T) int64 {
	t.Helper()
	debug.FreeOSMemory()
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	var kib int64
	_, line, _ := bytes.Cut(data, []byte("VmRSS:"))
	if _, err := fmt.Sscan(string(line), &kib); err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

// largeGo is a Go file; 20,000 lines are a megabyte, whose tree takes some thirty.
func largeGo(lines int) []byte {
	return []byte("package p\n" + strings.Repeat("func f(a int) string { x := g(a+1, \"text\"); return h(x) }\n", lines))
}

func TestScansLeaveNothingBehind(t *testing.T) {
	for name, options := range map[string][]Option{"arena": {WithoutPrefilter()}, "malloc": {WithoutPrefilter(), WithMalloc()}} {
		t.Run(name, func(t *testing.T) {
			w := worker(t, builtin(t, options...))
			files := map[string][]byte{"a.go": largeGo(4000), "b.py": []byte(strings.Repeat("x = f('a', 1)\n", 1000)), "c.js": []byte(strings.Repeat("let x = `a${1}`\n", 1000))}
			var before, tree int64
			for pass := range 20 {
				for path, src := range files {
					report, err := w.Analyze(path, src)
					if err != nil {
						t.Fatal(err)
					}
					tree = max(tree, report.TreeBytes)
				}
				if pass == 4 {
					before = resident(t)
				}
			}
			// Fifteen passes: a tree lost in each would be fifteen of them.
			if grown := resident(t) - before; grown > 3*tree {
				t.Errorf("%d bytes more after 15 further scans; a tree takes %d", grown, tree)
			}
		})
	}
}

func TestAnArenaGivesBackWhatALargeFileTook(t *testing.T) {
	w := worker(t, builtin(t, WithoutPrefilter()))
	usable(t, w)
	before := resident(t)
	report, err := w.Analyze("a.go", largeGo(20_000))
	if err != nil {
		t.Fatal(err)
	}
	if grown := resident(t) - before; report.TreeBytes < 16<<20 || grown > report.TreeBytes/2 {
		t.Errorf("%d bytes remain of a tree of %d", grown, report.TreeBytes)
	}
}

// What is found in a file depends neither on where its tree lies nor on what its
// worker did before.
func TestFindingsDependOnTheFileAlone(t *testing.T) {
	e := builtin(t, WithoutPrefilter())
	used := worker(t, e)
	malloc := worker(t, builtin(t, WithoutPrefilter(), WithMalloc()))
	var seen int64
	for _, l := range e.languages {
		for _, r := range l.rules {
			for _, snippet := range append(r.Match, r.NoMatch...) {
				path := pathOf(r.Language)
				fresh := worker(t, e)
				want, err := fresh.Analyze(path, []byte(snippet))
				if err != nil {
					t.Fatal(err)
				}
				after, err := used.Analyze(path, []byte(snippet))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, after); diff != "" {
					t.Errorf("%s by a used worker (-fresh +used)\n%s", r.ID, diff)
				}
				other, err := malloc.Analyze(path, []byte(snippet))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want.Findings, other.Findings); diff != "" {
					t.Errorf("%s from the C library's memory (-arena +malloc)\n%s", r.ID, diff)
				}
				if want.TreeBytes == 0 || other.TreeBytes == 0 {
					t.Errorf("%s: a tree of %d bytes from an arena and %d from the C library", r.ID, want.TreeBytes, other.TreeBytes)
				}
				seen++
			}
		}
	}
	if seen == 0 {
		t.Error("nothing was compared")
	}
}
