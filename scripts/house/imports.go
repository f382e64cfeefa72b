package house

import (
	"go/ast"
	"slices"
	"strings"
)

// arrow says which of our packages a folder may import, its own subfolders
// apart, which it always may.
type arrow struct {
	from string
	may  []string // folders, with all below them
}

// arrows is the house's plan. The row with the longest folder that holds a
// package is the one that counts, so a row may be stricter than the row above.
func arrows() []arrow {
	ground := []string{"harness/record", "harness/stats", "harness/unit"}
	return []arrow{
		{".", []string{"harness/cli"}}, // main.go is dull
		{"scanner", nil},
		{"workloads", nil},
		{"reports", ground},
		{"harness", []string{"scanner", "workloads"}}, // measures and decides, draws nothing
		{"harness/record", nil},
		{"harness/stats", nil},
		{"harness/unit", nil},
		{"harness/space", []string{"harness/record"}},
		{"harness/search", []string{"harness/record", "harness/space", "harness/stats", "harness/unit"}},
		{"harness/search/replay", append([]string{"harness/decide", "harness/search", "harness/space"}, ground...)}, // scores searches as the tuner decides
		{"harness/cli", []string{"harness", "reports", "scanner", "workloads"}},
		{"scripts", []string{"harness/cli/doctest"}},
	}
}

// importsRunOneWay holds main → harness/cli → harness, reports → scanner,
// workloads, with the ground floor of the harness below all. Tests keep the
// same direction as the code beside them.
func importsRunOneWay(t *Tree) []Fault {
	var faults []Fault
	plan := arrows()
	for _, f := range t.files {
		row := governing(plan, f.dir())
		f.imports(func(spec *ast.ImportSpec, importPath string) {
			to, ours := strings.CutPrefix(importPath, t.module+"/")
			if !ours {
				return
			}
			if row.from == "." && f.dir() != "." {
				faults = append(faults, f.fault(spec.Pos(), "folder %s has no row in the plan of imports (scripts/house/imports.go); give it one", f.dir()))
				return
			}
			if !row.allows(f.dir(), to) {
				faults = append(faults, f.fault(spec.Pos(), "%s may not import %s; %s", f.dir(), to, row.remedy()))
			}
		})
	}
	return faults
}

// governing returns the row with the longest folder that holds dir.
func governing(plan []arrow, dir string) arrow {
	best := arrow{from: "."}
	for _, a := range plan {
		if a.from == dir || within(dir, a.from) && len(a.from) >= len(best.from) {
			best = a
		}
	}
	return best
}

func (a arrow) allows(dir, to string) bool {
	if within(to, "harness/cli") && !within(dir, "harness/cli") {
		return slices.Contains(a.may, to) // stands above all: imported by those who name it, and nobody else
	}
	if a.from != "." && within(to, a.from) {
		return true
	}
	return slices.ContainsFunc(a.may, func(m string) bool { return within(to, m) })
}

func (a arrow) remedy() string {
	if len(a.may) == 0 {
		return "it may import nothing of ours outside " + a.from
	}
	return "it may import " + strings.Join(a.may, ", ")
}

// commandLineStaysInCLI keeps flags out of everything but main.go and
// harness/cli. A test may declare a flag of its own, as -update of the golden
// files.
func commandLineStaysInCLI(t *Tree) []Fault {
	var faults []Fault
	for _, f := range t.files {
		if f.isMainFile() || within(f.dir(), "harness/cli") {
			continue
		}
		f.imports(func(spec *ast.ImportSpec, importPath string) {
			isFlag := importPath == "flag" && !f.isTest()
			if isFlag || within(importPath, "github.com/spf13/cobra") || within(importPath, "github.com/spf13/pflag") {
				faults = append(faults, f.fault(spec.Pos(), "imports %s; only main.go and harness/cli know the command line, take a Config instead", importPath))
			}
		})
	}
	return faults
}
