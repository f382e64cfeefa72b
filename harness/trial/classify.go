package trial

import (
	"cmp"
	"fmt"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"sluice/harness/record"
)

// classify turns the child's end into a status with its reason. Killed tells
// that SIGKILL ended it, which is what the watchdog sends.
func (t *trial) classify(why cause, killed bool, status syscall.WaitStatus) {
	r := &t.result
	r.ExitCode = status.ExitStatus()
	if status.Signaled() {
		r.Signal = cmp.Or(unix.SignalName(status.Signal()), status.Signal().String())
	}
	switch {
	case why == timedOut && killed:
		r.Status, r.Reason = record.TimedOut, fmt.Sprintf("not finished within %v%s", t.spec.Timeout, t.where())
	case t.fault != "":
		r.Status, r.Reason = record.Failed, t.fault
	case r.Signal == "SIGKILL":
		r.Status, r.Reason = record.Killed, "killed by SIGKILL"+t.where()+" (the kernel does so when memory runs out)"
	case r.Signal != "":
		r.Status, r.Reason = record.Killed, "killed by "+r.Signal+t.where()+t.lastWords()
	case !t.spec.succeeds(r.ExitCode):
		r.Status, r.Reason = record.Failed, fmt.Sprintf("exit status %d%s%s", r.ExitCode, t.where(), t.lastWords())
	case !t.spec.Foreign && t.stage != finished:
		r.Status, r.Reason = record.Failed, fmt.Sprintf("exit status %d%s: the command does not speak the trial protocol", r.ExitCode, t.where())
	default:
		r.Status = record.OK
	}
}

// where says how far a child of ours had come, if it is worth saying.
func (t *trial) where() string {
	if t.spec.Foreign || t.stage == finished {
		return ""
	}
	return " " + t.stage.String()
}

// lastWords is the last line of standard error, ready to be appended.
func (t *trial) lastWords() string {
	const longest = 200
	text := strings.TrimSpace(t.result.StderrTail)
	line := text[strings.LastIndexByte(text, '\n')+1:]
	if line == "" {
		return ""
	}
	if len(line) > longest {
		line = strings.ToValidUTF8(line[:longest], "") + "…"
	}
	return ": " + line
}
