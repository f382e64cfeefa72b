package trial

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"sluice/harness/record"
)

// alive tells whether a process still runs; a zombie that nobody reaps does not.
func alive(pid string) bool {
	data, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(data), ") ")
	return !strings.HasPrefix(rest, "Z") && !strings.HasPrefix(rest, "X")
}

// awaitEnd waits for a killed process to be gone. A SIGKILL is a promise, kept
// when the scheduler comes to it.
func awaitEnd(t *testing.T, pid string) {
	t.Helper()
	for alive(pid) {
		if t.Context().Err() != nil {
			t.Fatalf("process %s outlived the test", pid)
		}
		runtime.Gosched()
	}
}

func TestATimeoutKillsTheWholeGroup(t *testing.T) {
	s := spec(t, "forks")
	s.Timeout = 500 * time.Millisecond
	r := run(t, s)
	if r.Status != record.TimedOut {
		t.Fatalf("status %s (%s), want timed-out", r.Status, r.Reason)
	}
	awaitEnd(t, said(t, r, "grandchild")[0])
}

func TestWhatAChildLeavesBehindIsKilled(t *testing.T) {
	r := runOK(t, spec(t, "leaves-one-behind"))
	awaitEnd(t, said(t, r, "grandchild")[0])
}

func TestCancellingReturnsItsCauseAndLeavesNoOrphan(t *testing.T) {
	for _, isForeign := range []bool{false, true} {
		t.Run(fmt.Sprintf("foreign=%v", isForeign), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "pid")
			why := errors.New("the user pressed a key")
			ctx, cancel := context.WithCancelCause(t.Context())
			pids := make(chan string, 1)
			go func() {
				pids <- announced(t, path)
				cancel(why)
			}()
			if _, err := Run(ctx, announcing(path, isForeign)); !errors.Is(err, why) {
				t.Fatalf("error %v, want %v", err, why)
			}
			awaitEnd(t, <-pids)
		})
	}
}

// announced waits for the command of announcing to say its number.
func announced(t *testing.T, path string) string {
	t.Helper()
	for t.Context().Err() == nil {
		if pid, err := os.ReadFile(path); err == nil {
			return strings.TrimSpace(string(pid))
		}
		runtime.Gosched()
	}
	return ""
}

func TestAChildDiesWithItsHarness(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pid")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	harness := exec.CommandContext(t.Context(), self)
	harness.Env = []string{role + "=harness " + path}
	if err := harness.Start(); err != nil {
		t.Fatal(err)
	}
	pids := []string{announced(t, path+"-false"), announced(t, path+"-true"), announced(t, path+"-launched")}
	if err := harness.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = harness.Wait() // it was killed
	for _, pid := range pids {
		awaitEnd(t, pid)
	}
}

func TestAContextThatHasEndedStartsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, Spec{Argv: []string{"no-such-program"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}
