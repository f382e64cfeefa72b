package house

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// source is a small tree: path to content.
type source map[string]string

func (s source) read(t *testing.T) *Tree {
	t.Helper()
	fsys := fstest.MapFS{"go.mod": {Data: []byte("module sluice\n\ngo 1.26.0\n")}}
	for name, data := range s {
		fsys[name] = &fstest.MapFile{Data: []byte(data)}
	}
	tree, err := Read(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// fails checks that a rule finds, in order, faults that contain the given
// words, and no other.
func fails(t *testing.T, check func(*Tree) []Fault, s source, want ...string) {
	t.Helper()
	var got []string
	for _, fault := range (Rule{check: check}).Check(s.read(t)) {
		got = append(got, fault.String())
	}
	if len(got) != len(want) {
		t.Fatalf("%d faults, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			t.Errorf("fault is %q, want one that says %q", got[i], want[i])
		}
	}
}

func TestImportsRunOneWay(t *testing.T) {
	for _, row := range []struct {
		name, path, imports string
		want                []string
	}{
		{"main may import the command line", "main.go", "sluice/harness/cli", nil},
		{"main imports nothing else of ours", "main.go", "sluice/scanner", []string{"main.go:2: . may not import scanner"}},
		{"a package may import its own house", "scanner/pipeline/a.go", "sluice/scanner/pool", nil},
		{"the standard library is free", "harness/stats/a.go", "math", nil},
		{"so are the modules of others", "harness/stats/a.go", "sluicegate/scanner", nil},
		{"scanner does not know the harness", "scanner/a.go", "sluice/harness/record", []string{"may import nothing of ours outside scanner"}},
		{"scanner does not know the workloads", "scanner/source/a.go", "sluice/workloads/storage", []string{"scanner/source may not import workloads/storage"}},
		{"workloads do not know the scanner", "workloads/corpus/a.go", "sluice/scanner", []string{"may not import scanner"}},
		{"nor do their tests", "workloads/corpus/a_test.go", "sluice/scanner", []string{"may not import scanner"}},
		{"reports know the ground floor", "reports/a.go", "sluice/harness/record", nil},
		{"reports know no other part of the harness", "reports/page/a.go", "sluice/harness/decide", []string{"it may import harness/record, harness/stats, harness/unit"}},
		{"a name that only starts alike is another", "reports/a.go", "sluice/harness/records", []string{"may not import harness/records"}},
		{"the ground floor stands on nothing", "harness/stats/a.go", "sluice/harness/unit", []string{"may not import harness/unit"}},
		{"the space knows records", "harness/space/a.go", "sluice/harness/record", nil},
		{"the harness knows what it measures", "harness/target/a.go", "sluice/scanner", nil},
		{"the harness draws nothing", "harness/lab/a.go", "sluice/reports", []string{"may not import reports"}},
		{"nobody looks up to the command line", "harness/lab/a.go", "sluice/harness/cli", []string{"may not import harness/cli"}},
		{"the command line knows everybody", "harness/cli/a.go", "sluice/reports", nil},
		{"and its own parts", "harness/cli/a_test.go", "sluice/harness/cli/doctest", nil},
		{"scripts may read the manual", "scripts/house/a.go", "sluice/harness/cli/doctest", nil},
		{"a folder must have its place in the plan", "extras/a.go", "sluice/scanner", []string{"extras has no row"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			fails(t, importsRunOneWay, source{row.path: "package p\nimport _ \"" + row.imports + "\"\n"}, row.want...)
		})
	}
}

func TestTheCommandLineStaysInCLI(t *testing.T) {
	importing := func(p string) string { return "package p\n\nimport _ \"" + p + "\"\n" }
	fails(t, commandLineStaysInCLI, source{
		"harness/cli/a.go":    importing("github.com/spf13/cobra"),
		"main.go":             "package main\nimport _ \"flag\"\n",
		"reports/a_test.go":   importing("flag"),
		"harness/lab/a.go":    importing("flag"),
		"scanner/a.go":        importing("github.com/spf13/cobra"),
		"scanner/b_test.go":   importing("github.com/spf13/pflag"),
		"scanner/flagship.go": importing("flag/ship"),
	}, "harness/lab/a.go:3: imports flag", "scanner/a.go:3: imports github.com/spf13/cobra", "scanner/b_test.go:3")
}

func TestOnlyMainExits(t *testing.T) {
	fails(t, onlyMainExits, source{
		"main.go":            "package main\nimport \"os\"\nfunc main() { os.Exit(1) }",
		"a/a.go":             "package a\nimport \"os\"\nfunc f() { os.Exit(1) }",
		"a/a_test.go":        "package a\nimport \"os\"\nfunc TestMain() { os.Exit(1) }\nfunc helper() { os.Exit(1) }",
		"a/main.go":          "package a\nimport std \"log\"\nvar f = std.Fatalf",
		"b/another_os.go":    "package b\nimport \"example.com/os\"\nfunc f() { os.Exit(1) }",
		"b/other_os_call.go": "package b\nimport \"os\"\nfunc f() { os.Open(\"\") }",
	}, "a/a.go:3: os.Exit", "a/a_test.go:4: os.Exit", "a/main.go:3: log.Fatalf")
}

func TestLeavesStayQuiet(t *testing.T) {
	using := func(importPath, use string) string {
		return "package p\nimport \"" + importPath + "\"\nvar _ = " + use + "\n"
	}
	fails(t, leavesStayQuiet, source{
		"harness/cli/a.go":       using("os", "os.Stdout"),
		"harness/trial/child.go": using("os", "os.Getenv"),
		"scanner/a_test.go":      using("os", "os.Getenv"),
		"scanner/b.go":           using("fmt", "fmt.Fprintln"),
		"scanner/c.go":           using("log/slog", "slog.New"),
		"scanner/d.go":           using("os", "os.Getenv"),
		"scanner/e.go":           using("fmt", "fmt.Println"),
		"scanner/f.go":           using("log/slog", "slog.Info"),
		"main.go":                "package main\nimport \"os\"\nvar _ = os.Args",
	}, "scanner/d.go:3: os.Getenv", "scanner/e.go:3: fmt.Println", "scanner/f.go:3: log/slog.Info")
}

func TestNothingHappensBeforeMain(t *testing.T) {
	fails(t, noInit, source{
		"a/a.go": "package a\n\nfunc init() {}\n",
		"b/b.go": "package b\n\ntype t int\n\nfunc (t) init() {}\n\nfunc initialise() {}\n",
	}, "a/a.go:3: func init")
}

func TestNoTestSleeps(t *testing.T) {
	const sleep = "package a\nimport \"time\"\nfunc f() { time.Sleep(1) }"
	fails(t, noTestSleeps, source{"a/a.go": sleep, "a/a_test.go": sleep}, "a/a_test.go:3: time.Sleep")
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	fails(t, everyPackageHasDoc, source{
		"a/doc.go":       "// Package a is.\npackage a",
		"a/a.go":         "package a",
		"b/b.go":         "package b",
		"b/b_test.go":    "// Package b tests.\npackage b",
		"only/a_test.go": "package only",
	}, "b: the package has no comment")
}

func TestGoroutinesAreRaced(t *testing.T) {
	tree := source{
		"Makefile":         "# races\nRACE = ./a \\\n  ./b/... ./gone\n\ntest:\n",
		"a/a.go":           "package a\nfunc f() { go f() }",
		"b/c/c.go":         "package c\nimport \"sync\"\nfunc f() { var wg sync.WaitGroup; wg.Go(f) }",
		"d/d.go":           "package d\n\nfunc f() {\n\tgo f()\n}",
		"e/e_test.go":      "package e\nfunc f() { go f() }",
		"experiments/x.go": "package x\ntype t struct{}\nfunc (t) Go() {}\nfunc f() { t{}.Go() }",
	}
	fails(t, goroutinesAreRaced, tree, "Makefile: the RACE list names ./gone", "d/d.go:4: starts a goroutine")
	tree["Makefile"] = "test:\n"
	fails(t, goroutinesAreRaced, tree, "Makefile: no RACE list")
}

func TestNoNoteOfUnfinishedWork(t *testing.T) {
	todo, fixme := "TO"+"DO", "FIX"+"ME"
	fails(t, noUnfinishedNotes, source{
		"a/a.go":        "package a\n\nvar word = \"" + todo + "\"\n\n// f is. " + todo + ": more.\nfunc f() {}\n",
		"a/b.go":        "package a // " + strings.ToLower(todo) + " lists are fine\n",
		"README.md":     "Search for `" + todo + "`:\n\n```sh\nrg " + todo + "\n```\n\n" + fixme + " later\n",
		"target.yaml":   "command: [rg, " + todo + "]\nname: x # " + fixme + "\n",
		"Makefile":      "RACE =\n",
		"testdata/a.go": "// " + todo,
	}, "README.md:7: "+fixme, "a/a.go:5: "+todo, "target.yaml:2: "+fixme)
}

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	for _, row := range []struct {
		name, page string
		want       []string
	}{
		{"a file, a folder, the root", "[a](other.md), [b](docs), [c](docs/deep.md), [d](/docs/deep.md), [e](.)", nil},
		{"a file that is not there", "first\n\n[a](gone.md)", []string{"README.md:3: link to gone.md: no such file"}},
		{"several on a line", "[a](gone.md) and ![b](gone.png \"with a title\")", []string{"gone.md", "gone.png"}},
		{"a reference", "[a]: gone.md", []string{"gone.md"}},
		{"a tag", "<img src=\"gone.png\" alt=\"\">", []string{"gone.png"}},
		{"a link on code", "[`code`](gone.md)", []string{"gone.md"}},
		{"other people's servers are not asked", "[a](https://example.com/x), [b](mailto:a@example.com), [c](//example.com)", nil},
		{"code is not a link", "`[a](gone.md)`\n\n```md\n[a](gone.md)\n```\n", nil},
		{"a heading", "[a](#far-away-it-is), [b](other.md#twice-1), [c](other.md#place)\n\n## Far away, it *is*\n", nil},
		{"a heading that is not there", "[a](#gone), [b](other.md#twice-2)", []string{"no heading for #gone", "no heading for #twice-2"}},
		{"a way out of the tree", "[a](../secret)", []string{"leaves the tree"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			fails(t, linksLeadSomewhere, source{
				"README.md":    row.page,
				"other.md":     "# Other\n## Twice\n## Twice\n<a id=\"place\"></a>\n",
				"docs/deep.md": "[up](../other.md#other)",
			}, row.want...)
		})
	}
}

func TestNestedModulesAndTestdataAreLeftOut(t *testing.T) {
	tree := source{
		"a/a.go":                     "package a",
		"a/testdata/broken.go":       "not Go",
		"experiments/peers/go.mod":   "module peers",
		"experiments/peers/p.go":     "package peers",
		"experiments/peers/sub/p.go": "package sub",
		"sluice-report/summary.md":   "[a](gone.md)",
		"bin/x.go":                   "not Go",
		".ci/note.md":                "here",
	}.read(t)
	var got []string
	for _, f := range tree.files {
		got = append(got, f.path)
	}
	for _, x := range tree.texts {
		got = append(got, x.path)
	}
	if diff := cmp.Diff([]string{"a/a.go", ".ci/note.md"}, got); diff != "" {
		t.Errorf("files read differ (-want +got):\n%s", diff)
	}
}

func TestAFileThatDoesNotParseIsNamed(t *testing.T) {
	_, err := Read(fstest.MapFS{"go.mod": {Data: []byte("module sluice\n")}, "a/a.go": {Data: []byte("package")}})
	if err == nil || !strings.Contains(err.Error(), "a/a.go:1") {
		t.Errorf("the error is %v, want one that names a/a.go:1", err)
	}
}
