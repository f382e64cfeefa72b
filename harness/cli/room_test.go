package cli_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// smallDisk is a file system of two megabytes, which only root may make.
func smallDisk(t *testing.T) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root may mount a small file system; run as root")
	}
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		t.Skipf("a small file system cannot be mounted here (run where root may mount a tmpfs): %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// zeroes never end.
type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { return len(p), nil }

// fill writes a file until there is no room.
func fill(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(file, zeroes{}); !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestARunWhoseDiskIsFullStopsAndGoesOnWhenThereIsRoom fills the disk under a run
// that is being measured.
func TestARunWhoseDiskIsFullStopsAndGoesOnWhenThereIsRoom(t *testing.T) {
	dir, small := tiny(t, 6, 1), smallDisk(t)
	folder := filepath.Join(small, ".sluice")
	args := []string{"run", "tiny.yaml", "--quiet", "--reruns", "0", "--await-quiet", "0", "--placebo=false", "--store", folder}
	cmd := exec.CommandContext(t.Context(), "sluice", args...)
	cmd.Dir = dir
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for len(trials(t, folder)) == 0 {
		<-tick.C
	}
	ballast := filepath.Join(small, "ballast")
	fill(t, ballast)
	if err := cmd.Wait(); err == nil {
		t.Fatal("the run ended as if nothing were wrong")
	}
	if text := said.String(); !strings.Contains(text, folder) || !strings.Contains(text, "make room and run the same command again") {
		t.Errorf("stderr %q; want the store and the remedy", text)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	before := survivors(t, folder)
	cmd = exec.CommandContext(t.Context(), "sluice", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("with room again: %v\n%s", err, out)
	}
	after := survivors(t, folder)
	if n := len(planned(after)); len(before) == 0 || n != 12 {
		t.Fatalf("%d trials, then %d of the grid; want some, then 12", len(before), n)
	}
	for i := range before {
		if !before[i].Started.Equal(after[i].Started) {
			t.Errorf("trial %d was measured again", i)
		}
	}
}
