package house

import (
	"go/ast"
	"regexp"
	"slices"
	"strings"
)

// raceList finds the packages that the Makefile tests under the race detector:
// the words after "RACE =", over continued lines.
var raceList = regexp.MustCompile(`(?m)^RACE\s*:?=((?:.*\\\n)*.*)$`)

// goroutinesAreRaced holds that every package whose own code starts a
// goroutine stands in the Makefile's RACE list, by itself or below a "/...",
// and that the list names no package that is gone.
func goroutinesAreRaced(t *Tree) []Fault {
	at := slices.IndexFunc(t.texts, func(x text) bool { return x.path == "Makefile" })
	if at < 0 {
		return nil
	}
	found := raceList.FindSubmatch(t.texts[at].data)
	if found == nil {
		return []Fault{{Path: "Makefile", Message: "no RACE list; name there the packages to test under the race detector"}}
	}
	raced := strings.Fields(strings.ReplaceAll(string(found[1]), `\`, " "))

	var faults []Fault
	known := map[string]bool{}
	for _, f := range t.files {
		dir := "./" + f.dir()
		for _, pattern := range raced {
			if covers(pattern, dir) {
				known[pattern] = true
			}
		}
		if start := f.firstGoroutine(); start != nil && !slices.ContainsFunc(raced, func(p string) bool { return covers(p, dir) }) {
			faults = append(faults, f.fault(start.Pos(), "starts a goroutine, but the package is not in the Makefile's RACE list; add %s", dir))
		}
	}
	for _, pattern := range raced {
		if !known[pattern] {
			faults = append(faults, Fault{Path: "Makefile", Message: "the RACE list names " + pattern + ", where there is no Go file"})
		}
	}
	return faults
}

// covers reports whether a pattern of the go command, ./a/b or ./a/..., holds
// the package in dir.
func covers(pattern, dir string) bool {
	if below, all := strings.CutSuffix(pattern, "/..."); all {
		return within(dir, below)
	}
	return dir == pattern
}

// firstGoroutine returns the first go statement of the file, or call of a
// method named Go as sync.WaitGroup has it; nil for tests and where there is
// none.
func (f *file) firstGoroutine() (first ast.Node) {
	if f.isTest() {
		return nil
	}
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			first = n
		case *ast.CallExpr:
			if sel, ok := n.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Go" && len(n.Args) == 1 {
				first = n
			}
		}
		return first == nil
	})
	return first
}
