package trial

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"sluice/harness/record"
)

// shell is a foreign command of a few words.
func shell(script string) Spec {
	return Spec{Argv: []string{"/bin/sh", "-c", script}, Foreign: true, Timeout: forever, KeepStdout: 4096}
}

func TestAGoChildThatRunsOutOfTimeSaysWhereItStands(t *testing.T) {
	s := spec(t, "never-ready")
	s.Timeout = 300 * time.Millisecond
	r := run(t, s)
	if r.Status != record.TimedOut || r.ExitCode != 2 {
		t.Errorf("got %s, exit %d; want timed-out, and the 2 of a Go program that was asked for its stacks", r.Status, r.ExitCode)
	}
	if !bytes.HasPrefix(r.Stacks, []byte("SIGQUIT: quit")) || !bytes.Contains(r.Stacks, []byte("main_test.go")) {
		t.Errorf("the stacks do not name the line that hangs:\n%s", r.Stacks)
	}
	if strings.Contains(r.StderrTail, "goroutine") {
		t.Errorf("the stacks have pushed out what the child had said before:\n%s", r.StderrTail)
	}
}

func TestAStoppedChildOfOursRunsOutOfTimeToo(t *testing.T) {
	s := spec(t, "stops")
	s.Timeout = 300 * time.Millisecond
	r := run(t, s)
	if r.Status != record.TimedOut || len(r.Stacks) == 0 || r.StderrTail != "about to stop\n" {
		t.Errorf("got %s (%s), %d B of stacks, said %q", r.Status, r.Reason, len(r.Stacks), r.StderrTail)
	}
}

func TestCommandsThatMisbehaveEndAllTheSame(t *testing.T) {
	brief, patience := 200*time.Millisecond, 100*time.Millisecond
	for name, row := range map[string]struct {
		script         string
		timeout, grace time.Duration
		status         record.Status
		reason, stdout string
		signal         string
	}{
		"one that ignores SIGTERM": {
			script: "trap '' TERM; while :; do sleep 600; done", timeout: brief, grace: patience, status: record.TimedOut, signal: "SIGKILL",
			reason: "not finished within 200ms, nor 100ms after SIGTERM",
		},
		"one that ends well when asked to has still run out of time": {
			script: "trap 'exit 0' TERM; while :; do sleep 0.01; done", timeout: brief, status: record.TimedOut,
			reason: "not finished within 200ms",
		},
		"one whose child is stopped": {
			script: "sleep 600 & kill -STOP $!; wait", timeout: brief, status: record.TimedOut, signal: "SIGTERM",
			reason: "not finished within 200ms",
		},
		"one that stops itself goes on, since it is traced": {script: "kill -STOP $$; echo on", status: record.OK, stdout: "on\n"},
		"one that reads the terminal finds none":            {script: "read x < /dev/tty || echo none", status: record.OK, stdout: "none\n"},
		"one that reads its input finds its end":            {script: "read x || echo none", status: record.OK, stdout: "none\n"},
		"one that closes its output":                        {script: "exec >&- 2>&-; sleep 0.01", status: record.OK},
		"one whose last line is not ended":                  {script: "printf NaN", status: record.OK, stdout: "NaN"},
		"one whose children live on and hold the output":    {script: "sleep 600 & sleep 600 & echo gone", status: record.OK, stdout: "gone\n"},
		"one that starts twenty children": {
			script: "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do sleep 600 & done; wait", timeout: brief,
			status: record.TimedOut, signal: "SIGTERM", reason: "not finished within 200ms",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := shell(row.script)
			if row.timeout > 0 {
				s.Timeout, s.Grace = row.timeout, cmp.Or(row.grace, forever)
			}
			r := run(t, s)
			if r.Status != row.status || r.Reason != row.reason || string(r.Stdout) != row.stdout || r.Signal != row.signal {
				t.Errorf("got  %s %q, signal %q, output %q\nwant %s %q, signal %q, output %q",
					r.Status, r.Reason, r.Signal, r.Stdout, row.status, row.reason, row.signal, row.stdout)
			}
		})
	}
}

func TestOfAHundredMegabytesOnlyTheEndIsKept(t *testing.T) {
	s := foreign(t, "floods")
	s.KeepStdout = 1000
	r := runOK(t, s)
	if len(r.Stdout) != 1000 || !strings.HasSuffix(string(r.Stdout), "x\nthe end") {
		t.Errorf("%d bytes kept, ending %.20q", len(r.Stdout), r.Stdout[max(0, len(r.Stdout)-20):])
	}
	if cap(r.Stdout) > 1<<20 {
		t.Errorf("%d KiB held for 1000 bytes", cap(r.Stdout)>>10)
	}
	if len(r.StderrTail) > stderrTail || !strings.HasSuffix(r.StderrTail, "x\n") {
		t.Errorf("%d bytes of standard error", len(r.StderrTail))
	}
}

func TestTheKernelsOutOfMemoryKillerIsNamed(t *testing.T) {
	procs := memoryGroup(t, 96<<20)
	argv := as("oom-harness " + procs)
	harness := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	harness.Stderr = os.Stderr
	out, err := harness.Output()
	if err != nil {
		t.Fatal(err)
	}
	answers := json.NewDecoder(bytes.NewReader(out))
	for _, want := range []string{
		"killed by the kernel's out-of-memory killer (limit 96 MiB) between its ready and done marks",
		"killed by the kernel's out-of-memory killer (limit 96 MiB)",
	} {
		var r Result
		if err := answers.Decode(&r); err != nil {
			t.Fatal(err)
		}
		if r.Status != record.Killed || r.Reason != want {
			t.Errorf("got %s %q, want killed %q", r.Status, r.Reason, want)
		}
	}
}

func TestASIGKILLFromSomebodyElseIsNotTakenForWantOfMemory(t *testing.T) {
	r := run(t, shell("kill -KILL $$"))
	if r.Status != record.Killed || strings.Contains(r.Reason, "killer") {
		t.Errorf("got %s %q", r.Status, r.Reason)
	}
}
