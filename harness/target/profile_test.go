package target

import (
	"os"
	"path/filepath"
	"testing"

	"sluice/harness/lab"
)

func TestAProfilingTrialNeedsKindsAndAFolderOfItsOwn(t *testing.T) {
	s := Scanner{Exe: "sluice", Folder: t.TempDir(), Root: t.TempDir(), Storage: "local", Cores: []int{0}}
	if _, err := s.Profile(t.Context(), lab.Job{}, nil, t.TempDir()); err == nil {
		t.Error("a profiling trial without kinds was launched")
	}
	dir := t.TempDir()
	stale := filepath.Join(dir, "cpu.pprof")
	if err := os.WriteFile(stale, []byte("of an earlier trial"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Exe = filepath.Join(dir, "no such program")
	if _, err := s.Profile(t.Context(), lab.Job{}, []string{"cpu"}, dir); err == nil {
		t.Error("a program that is not there was launched")
	}
	if _, err := os.Stat(stale); err == nil {
		t.Error("the profile of an earlier trial is left, and would be kept as this one's")
	}
}
