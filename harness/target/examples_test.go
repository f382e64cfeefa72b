package target

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"sluice/harness/record"
)

// TestTheExamplesMeasureWhatTheyAsk launches every target of experiments/targets
// once, with its defaults, on a corpus of one file.
func TestTheExamplesMeasureWhatTheyAsk(t *testing.T) {
	paths, err := filepath.Glob("../../experiments/targets/*.yaml")
	if err != nil || len(paths) < 3 {
		t.Fatalf("%d examples, %v", len(paths), err)
	}
	corpus := t.TempDir()
	if err := os.WriteFile(filepath.Join(corpus, "main.go"), []byte("package main\n\n// TODO: do\nfunc main() {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			d, err := ReadCommand(path)
			if err != nil {
				t.Fatal(err)
			}
			if program := d.command[0].text; program != "sh" {
				if _, err := exec.LookPath(program); err != nil {
					t.Skipf("%s is not installed here", program)
				}
			}
			if testing.Short() && len(d.prepare) > 0 {
				t.Skip("builds for seconds")
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			trial := measure(t, command(t, t.TempDir(), string(data), corpus), 2*time.Minute)
			if trial.Status != record.OK || trial.Reason != "" {
				t.Fatalf("%s: %s\n%s", trial.Status, trial.Reason, ShellLine(trial.Command))
			}
			for _, r := range d.Require {
				if v, ok := trial.Metrics[r.Metric]; !ok || !r.Holds(v) {
					t.Errorf("%s is %v, %v; the example asks for %s", r.Metric, v, ok, r)
				}
			}
			if v, ok := trial.Metrics[d.Goal.Objective]; !ok || v <= 0 {
				t.Errorf("%s is %v, %v", d.Goal.Objective, v, ok)
			}
			if slices.Contains(trial.Command, "") {
				t.Errorf("an empty word in %q", trial.Command)
			}
		})
	}
}
