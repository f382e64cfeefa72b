package trial

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestProcessesThatLeftTheSessionAreKilledWithTheTrial(t *testing.T) {
	if err := AdoptOrphans(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "pids")
	r := runOK(t, Spec{Argv: as("strays 20 " + path), Foreign: true, Timeout: forever})
	if r.Strays != 20 {
		t.Errorf("%d strays, want 20", r.Strays)
	}
	for pid := range strings.FieldsSeq(announced(t, path)) {
		if alive(pid) {
			t.Errorf("process %s outlived its trial", pid)
		}
	}
}

func TestWhatTheHarnessItselfStartedIsNoStray(t *testing.T) {
	if err := AdoptOrphans(); err != nil {
		t.Fatal(err)
	}
	guard, err := NewGuard(as("guard")...)
	if err != nil {
		t.Fatal(err)
	}
	argv := as("sleeps")
	own := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	if err := own.Start(); err != nil {
		t.Fatal(err)
	}
	s := shell("exit 0")
	s.Guard = guard
	if r := runOK(t, s); r.Strays != 0 {
		t.Errorf("%d strays, want none", r.Strays)
	}
	if err := guard.Close(); err != nil {
		t.Errorf("the guard did not live on: %v", err)
	}
	if err := own.Process.Kill(); err != nil {
		t.Errorf("the harness's own child did not live on: %v", err)
	}
	_ = own.Wait() // it was killed
}

func TestAGuardKillsWhatAKilledHarnessLeaves(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pids-stays")
	argv := as("guarded-harness " + path)
	harness := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	if err := harness.Start(); err != nil {
		t.Fatal(err)
	}
	pids := strings.Fields(announced(t, path))
	if len(pids) != 3 {
		t.Fatalf("%d strays were started, want 3", len(pids))
	}
	if err := harness.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = harness.Wait() // it was killed
	for _, pid := range pids {
		awaitEnd(t, pid)
	}
}

func TestAGuardSparesAStrangerWhoGotTheNumber(t *testing.T) {
	argv := as("sleeps")
	stranger := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	stranger.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	pid := stranger.Process.Pid
	who, err := identify(pid)
	if err != nil {
		t.Fatal(err)
	}
	ward{mark: "nobody's", groups: map[int]uint64{pid: who.started - 1}}.kill()
	if hasZombie(t, pid) {
		t.Error("a stranger was killed who began after the one that was watched")
	}
	ward{mark: "nobody's", groups: map[int]uint64{pid: who.started}}.kill()
	if err := stranger.Wait(); err == nil || stranger.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Errorf("the one that was watched ended with %v, want SIGKILL", err)
	}
}

// hasZombie tells whether a child of this process has been killed. A signal is
// there when kill(2) returns, so that the answer can only be late by the
// scheduler; looking some times makes up for that.
func hasZombie(t *testing.T, pid int) bool {
	t.Helper()
	for range 1000 {
		p, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
		if err != nil || bytes.Contains(p, []byte("State:\tZ")) {
			return true
		}
		runtime.Gosched()
	}
	return false
}

func TestAGuardRefusesWhatItDoesNotKnow(t *testing.T) {
	for name, row := range map[string]struct{ said, want string }{
		"nobody there":    {"", "nobody says what to watch"},
		"not a number":    {"mark\nhello\n", `heard "hello"`},
		"everybody there": {"mark\n0\n", `heard "0"`},
	} {
		t.Run(name, func(t *testing.T) {
			argv := as("guard")
			guard := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
			guard.Stdin = strings.NewReader(row.said)
			if said, err := guard.CombinedOutput(); err == nil || !strings.Contains(string(said), row.want) {
				t.Errorf("said %q, %v; want %q", said, err, row.want)
			}
		})
	}
}

func TestAGuardThatHasGoneIsAnError(t *testing.T) {
	guard, err := NewGuard(as("guard")...)
	if err != nil {
		t.Fatal(err)
	}
	if err := guard.Close(); err != nil {
		t.Fatal(err)
	}
	s := shell("exit 0")
	s.Guard = guard
	if _, err := Run(t.Context(), s); err == nil || !strings.Contains(err.Error(), "tell the guard") {
		t.Errorf("error %v, want one that names the guard", err)
	}
}

// BenchmarkSearchForStrays is what adopting orphans adds to every trial where
// there are none.
func BenchmarkSearchForStrays(b *testing.B) {
	for b.Loop() {
		if found := kin.strays(0); len(found) > 0 {
			b.Fatalf("strays: %v", found)
		}
	}
	b.ReportMetric(float64(len(processes())), "processes")
}
