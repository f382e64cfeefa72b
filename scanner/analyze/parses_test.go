package analyze_test

import (
	"testing"

	"sluice/scanner/analyze"
	"sluice/scanner/rules"
)

func TestParsesForetellsWhichFilesHaveATree(t *testing.T) {
	pack, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, options := range [][]analyze.Option{nil, {analyze.WithoutPrefilter()}} {
		engine, err := analyze.New(pack, options...)
		if err != nil {
			t.Fatal(err)
		}
		worker := engine.Worker()
		for path, text := range map[string]string{
			"a.go":   "package a\n\nimport \"os/exec\"\n\nfunc f(s string) { _ = exec.Command(\"sh\", \"-c\", s).Run() }\n",
			"b.go":   "package b\n",
			"c.py":   "x = 1\n",
			"d.txt":  "words\n",
			"e.go":   "package e\x00\x01",
			"f.go":   "",
			"readme": "exec.Command",
		} {
			foretold, err := worker.Parses(path, []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			report, err := worker.Analyze(path, []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if parsed := report.TreeBytes > 0; parsed != foretold {
				t.Errorf("%s with %d options: foretold %v, parsed %v", path, len(options), foretold, parsed)
			}
		}
		worker.Close()
		engine.Close()
	}
}
