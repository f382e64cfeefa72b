package store

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// another starts this test binary in a role on a store.
func another(t *testing.T, name, dir, run string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	cmd := exec.CommandContext(t.Context(), self, dir, run)
	cmd.Env = append(os.Environ(), role+"="+name)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	must(t, err)
	t.Cleanup(func() { stdin.Close() })
	stdout, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	return cmd, bufio.NewScanner(stdout)
}

func TestEveryAcknowledgedTrialSurvivesAKill(t *testing.T) {
	for _, kills := range []int{1, 7, 60} {
		dir := t.TempDir()
		s, err := Open(dir)
		must(t, err)
		create(t, s, "key", aRun("r1"))
		must(t, s.Close())

		cmd, acknowledged := another(t, "puts trials for ever", dir, "r1")
		last := -1
		for acknowledged.Scan() {
			last, err = strconv.Atoi(acknowledged.Text())
			must(t, err)
			if last == kills {
				must(t, cmd.Process.Kill())
			}
		}
		_ = cmd.Wait() // it was killed

		s = reopened(t, dir)
		trials, err := s.Trials("r1")
		must(t, err)
		// One more may have been committed whose acknowledgement was cut off.
		if n := len(trials); n != last+1 && n != last+2 {
			t.Errorf("%d trials, want the %d acknowledged or one more", n, last+1)
		}
		for slot, trial := range trials {
			if want := aTrial("r1", slot); !trial.Started.Equal(want.Started) || trial.Block != want.Block || trial.Slot != want.Slot {
				t.Errorf("trial %d is %+v", slot, trial)
			}
		}
		var verdict string
		must(t, s.db.QueryRow("PRAGMA integrity_check").Scan(&verdict))
		if verdict != "ok" {
			t.Errorf("integrity check: %s", verdict)
		}
	}
}

func TestTwoProcessesWriteToOneStore(t *testing.T) {
	s := holding(t, "r1")
	create(t, s, "key", aRun("r2"))
	for _, run := range []string{"r1", "r2"} {
		cmd, acknowledged := another(t, "puts 100 trials", s.Dir(), run)
		defer func() {
			for acknowledged.Scan() {
			}
			must(t, cmd.Wait())
			if trials, err := s.Trials(run); len(trials) != 100 || err != nil {
				t.Errorf("%s has %d trials, %v; want 100", run, len(trials), err)
			}
		}()
	}
}

func TestTwoProcessesMayMakeTheStoreAtOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".sluice")
	for range 4 {
		cmd, _ := another(t, "opens", dir, "")
		defer func() { must(t, cmd.Wait()) }()
	}
}

func TestARunIsDrivenByOneProcess(t *testing.T) {
	s := holding(t, "r1")
	cmd, said := another(t, "locks", s.Dir(), "r1")
	if !said.Scan() {
		t.Fatal("the other process said nothing")
	}
	_, err := s.Lock("r1")
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "process "+strconv.Itoa(cmd.Process.Pid)) {
		t.Errorf("lock: %v, want %v naming process %d", err, ErrLocked, cmd.Process.Pid)
	}
	if err := s.DeleteRun("r1"); !errors.Is(err, ErrLocked) {
		t.Errorf("delete: %v, want %v", err, ErrLocked)
	}
	other, err := s.Lock("r2")
	must(t, err)
	must(t, other.Release())

	must(t, cmd.Process.Kill())
	_ = cmd.Wait() // it was killed
	lock, err := s.Lock("r1")
	if err != nil {
		t.Fatalf("the lock of a dead process: %v", err)
	}
	if _, err := s.Lock("r1"); !errors.Is(err, ErrLocked) {
		t.Errorf("lock taken twice within one process: %v, want %v", err, ErrLocked)
	}
	must(t, lock.Release())
	left, err := os.ReadDir(filepath.Join(s.Dir(), "locks"))
	if len(left) != 0 || err != nil {
		t.Errorf("%d files left in locks, %v; want none", len(left), err)
	}
	must(t, s.DeleteRun("r1"))
}

func TestOnlyTheNameOfARunIsLocked(t *testing.T) {
	s := opened(t)
	for _, name := range []string{"", "../x", "a/b", ".", "..", "a\x00"} {
		if _, err := s.Lock(name); err == nil {
			t.Errorf("%q was locked", name)
		}
	}
}
