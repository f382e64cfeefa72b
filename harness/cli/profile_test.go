package cli_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sluice/harness/lab"
	"sluice/harness/profile"
	"sluice/harness/record"
	"sluice/harness/store"
	"sluice/harness/target"
	"sluice/workloads/corpus"
)

// village is a folder of source that takes a profiler's attention for a moment.
func village(t *testing.T) (root string, draw corpus.Draw) {
	t.Helper()
	root = t.TempDir()
	text := []byte("package p\n\n" + strings.Repeat("func f(c string) error { return exec.Command(c, \"a\").Run() }\n", 3000))
	draw = corpus.Draw{Fingerprint: "village", Fidelity: 1}
	for _, name := range strings.Fields("a b c d e f g h i j k l m n o p q r s t u v w x y z") {
		if err := os.WriteFile(filepath.Join(root, name+".go"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		draw.Files = append(draw.Files, corpus.File{Path: name + ".go", Size: int64(len(text))})
		draw.Bytes += int64(len(text))
	}
	return root, draw
}

// profiled makes a store with a run of profiling trials, two of each configuration.
func profiled(t *testing.T) (dir, run string) {
	t.Helper()
	exe, err := exec.LookPath("sluice")
	if err != nil {
		t.Fatal(err)
	}
	root, draw := village(t)
	scan := &target.Scanner{Exe: exe, Folder: t.TempDir(), Root: root, Storage: "local", Cores: []int{0}}
	dir = t.TempDir()
	st, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := st.CreateRun("key", record.Run{Kind: "compare", Name: "village", Started: time.Now()})
	if err == nil {
		err = st.PutScenario(kept.ID, record.Scenario{Name: "village"}, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	for slot, arm := range []lab.Arm{
		{Name: "reference", Config: record.Flat{"cpu.scheduler": "queue", "io.workers": int64(2)}},
		{Name: "together", Config: record.Flat{"cpu.scheduler": "inline", "io.workers": int64(2)}},
	} {
		for block := range 2 {
			at := t.TempDir()
			trial, err := scan.Profile(t.Context(), lab.Job{Arm: arm, Draw: draw, Limit: time.Minute}, []string{profile.CPU, profile.FGProf}, at)
			if err != nil || trial.Status != record.OK {
				t.Fatalf("%s: %s: %v (%s)", arm.Name, trial.Reason, err, trial.Command)
			}
			trial.Run, trial.Scenario, trial.Block, trial.Slot = kept.ID, "village", block, slot
			trial.Arm, trial.Config, trial.Started = arm.Name, arm.Config, time.Now()
			if trial.Files, err = profile.Keep(st.PutFile, at); err == nil {
				err = st.PutTrial(trial)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, kept.ID
}

func sluice(t *testing.T, args ...string) (out string, status string) {
	t.Helper()
	said, err := exec.CommandContext(t.Context(), "sluice", args...).CombinedOutput()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(said), failed.String()
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(said), "exit status 0"
}

func TestARunsProfilesAreListedShownAndCompared(t *testing.T) {
	dir, run := profiled(t)
	page := filepath.Join(t.TempDir(), "diff.html")
	for _, test := range []struct {
		name   string
		args   string
		status string
		want   []string
	}{
		{"list", "list " + run, "exit status 0", []string{"village", "reference", "together", "cpu ", "fgprof "}},
		{"two repeats, merged", "show " + run + " reference --kind fgprof", "exit status 0", []string{"over 52 files", "(2 profiles merged)", "read", "analysis under I/O workers: 0.0 %"}},
		{"a pool that reads and analyses", "show " + run + " together --kind fgprof --format json", "exit status 0", []string{`"sluice.profile/v1"`, `"analysis_under_io":`, `"inline"`}},
		{"a difference", "diff " + run + " reference together --kind fgprof --html " + page, "exit status 0", []string{"from " + run + " reference to " + run + " together", "inline", "a file (×"}},
		{"no arm where there are two", "show " + run, "exit status 2", []string{"kept profiles of reference, together"}},
		{"an arm that is not there", "show " + run + " referenz", "exit status 2", []string{`did you mean "reference"?`}},
		{"a kind that was not taken", "show " + run + " reference --kind heap", "exit status 2", []string{"kept no profile of kind heap", "it holds cpu, fgprof"}},
		{"list as JSON", "list --format json " + run, "exit status 0", []string{`{"scenario":"village","arm":"reference","kind":"cpu","trials":2,"bytes":`}},
		{"a scenario that is not there", "show " + run + " reference --scenario vilage", "exit status 2", []string{`did you mean "village"?`}},
		{"a run that is not there", "show nowhere reference", "exit status 2", []string{"nowhere"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, status := sluice(t, append([]string{"profile", "--store", dir}, strings.Fields(test.args)...)...)
			if status != test.status {
				t.Errorf("%s, want %s", status, test.status)
			}
			for _, want := range test.want {
				if !strings.Contains(out, want) {
					t.Errorf("it does not say %q:\n%s", want, out)
				}
			}
		})
	}
	if html, err := os.ReadFile(page); err != nil || !strings.Contains(string(html), "flame graph of a difference") {
		t.Errorf("the page of the difference has %d bytes, %v", len(html), err)
	}
}
