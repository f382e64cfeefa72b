package house

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// onlyMainExits keeps os.Exit and log.Fatal to main.go and to TestMain: a
// deferred call that never runs leaves a store locked and a child orphaned.
func onlyMainExits(t *Tree) []Fault {
	var faults []Fault
	for _, f := range t.files {
		if f.isMainFile() {
			continue
		}
		for _, decl := range f.syntax.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && f.isTest() && fn.Recv == nil && fn.Name.Name == "TestMain" {
				continue
			}
			f.uses(decl, "os", func(at token.Pos, name string) {
				if name == "Exit" {
					faults = append(faults, f.fault(at, "os.Exit; return an error, main decides the exit status"))
				}
			})
			f.uses(decl, "log", func(at token.Pos, name string) {
				if strings.HasPrefix(name, "Fatal") {
					faults = append(faults, f.fault(at, "log.%s; return an error, main decides the exit status", name))
				}
			})
		}
	}
	return faults
}

// ambient lists what belongs to the process as a whole: a package that uses it
// cannot be used twice, nor tested apart.
func ambient() map[string][]string {
	return map[string][]string{
		"os":  {"Args", "Getenv", "LookupEnv", "Setenv", "Unsetenv", "Stdin", "Stdout", "Stderr"},
		"fmt": {"Print", "Printf", "Println"},
		"log": {"Default", "Print", "Printf", "Println", "SetFlags", "SetOutput", "SetPrefix"},
		"log/slog": {
			"Default", "SetDefault", "Debug", "Info", "Warn", "Error", "Log",
			"DebugContext", "InfoContext", "WarnContext", "ErrorContext", "LogAttrs",
		},
	}
}

// envReaders lists the leaf files that read the environment all the same.
func envReaders() []string {
	return []string{
		"harness/trial/child.go", // a child learns from it alone that it is a trial
	}
}

// leavesStayQuiet keeps environment, standard streams and global loggers out
// of every package but harness/cli and the commands.
func leavesStayQuiet(t *Tree) []Fault {
	var faults []Fault
	for _, f := range t.files {
		if f.isTest() || f.isCommand() || within(f.dir(), "harness/cli") || slices.Contains(envReaders(), f.path) {
			continue
		}
		for importPath, names := range ambient() {
			f.uses(f.syntax, importPath, func(at token.Pos, name string) {
				if slices.Contains(names, name) {
					faults = append(faults, f.fault(at, "%s.%s; a leaf package is given what it needs: a value, an io.Writer, a *slog.Logger", importPath, name))
				}
			})
		}
	}
	return faults
}

func noInit(t *Tree) []Fault {
	var faults []Fault
	for _, f := range t.files {
		for _, decl := range f.syntax.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				faults = append(faults, f.fault(fn.Pos(), "func init; do the work where it is asked for, or once behind sync.OnceValue"))
			}
		}
	}
	return faults
}

func noTestSleeps(t *Tree) []Fault {
	var faults []Fault
	for _, f := range t.files {
		if !f.isTest() {
			continue
		}
		f.uses(f.syntax, "time", func(at token.Pos, name string) {
			if name == "Sleep" {
				faults = append(faults, f.fault(at, "time.Sleep; wait for a channel or a condition, or for a timer within testing/synctest"))
			}
		})
	}
	return faults
}

// everyPackageHasDoc asks for a package comment, commands included; packages
// of tests alone are free.
func everyPackageHasDoc(t *Tree) []Fault {
	said := map[string]bool{}
	for _, f := range t.files {
		if !f.isTest() {
			said[f.dir()] = said[f.dir()] || f.syntax.Doc != nil
		}
	}
	var faults []Fault
	for dir, ok := range said {
		if !ok {
			faults = append(faults, Fault{Path: dir, Message: "the package has no comment; say its one idea, how data enters and leaves, what it will not do"})
		}
	}
	return faults
}
