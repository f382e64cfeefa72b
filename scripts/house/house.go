// Package house keeps the rules of this source tree that no compiler knows:
// which way imports run, who may end the process, what a leaf package may
// touch, and that no link of the manual leads nowhere.
//
// [Read] parses the tree once, from any file system, without building it; a
// [Rule] is a pure function of what was read, and [Rules] writes them out. The
// test of this package applies them to the tree that it stands in, which takes
// a fraction of a second; `make check` runs it. To add a rule, write its
// function in the file of its subject, give it a line in Rules and rows in
// rules_test.go.
//
// What staticcheck and gofumpt already say is not said again here.
package house

import (
	"cmp"
	"fmt"
	"slices"
)

// Fault is one breach of a rule.
type Fault struct {
	Path    string // slash-separated, relative to the root of the tree
	Line    int    // from 1; 0 when the fault is that of a whole file or folder
	Message string // what was found, and what to do instead
}

// String renders the fault as compilers do, so that editors can jump to it.
func (f Fault) String() string {
	if f.Line == 0 {
		return fmt.Sprintf("%s: %s", f.Path, f.Message)
	}
	return fmt.Sprintf("%s:%d: %s", f.Path, f.Line, f.Message)
}

// Rule is one thing that holds everywhere in the tree.
type Rule struct {
	Name  string // a sentence
	check func(*Tree) []Fault
}

// Check returns every breach of the rule, sorted by place.
func (r Rule) Check(t *Tree) []Fault {
	faults := r.check(t)
	slices.SortFunc(faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Message, b.Message))
	})
	return faults
}

// Rules returns the rules of this house.
func Rules() []Rule {
	return []Rule{
		{"imports run one way", importsRunOneWay},
		{"the command line is known in harness/cli alone", commandLineStaysInCLI},
		{"leaf packages touch neither environment nor terminal", leavesStayQuiet},
		{"only main ends the process", onlyMainExits},
		{"nothing happens before main", noInit},
		{"no test sleeps", noTestSleeps},
		{"every package says what it is", everyPackageHasDoc},
		{"every package with goroutines is raced", goroutinesAreRaced},
		{"no note of unfinished work", noUnfinishedNotes},
		{"every link leads somewhere", linksLeadSomewhere},
	}
}
