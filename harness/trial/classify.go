package trial

import (
	"cmp"
	"fmt"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"sluice/harness/record"
)

// classify turns the child's end into a status with its reason.
func (t *trial) classify(why cause, status syscall.WaitStatus) {
	r := &t.result
	r.ExitCode = status.ExitStatus()
	if status.Signaled() {
		r.Signal = cmp.Or(unix.SignalName(status.Signal()), status.Signal().String())
	}
	switch {
	case why == timedOut:
		r.Status, r.Reason = record.TimedOut, fmt.Sprintf("not finished within %v%s%s", t.spec.Timeout, t.where(), t.deaf())
	case t.fault != "":
		r.Status, r.Reason = record.Failed, t.fault
	case r.Signal == "SIGKILL" && t.outOfMemory():
		r.Status, r.Reason = record.Killed, fmt.Sprintf("killed by the kernel's out-of-memory killer (%s)%s", memoryLimit(), t.where())
	case r.Signal == "SIGKILL":
		r.Status, r.Reason = record.Killed, "killed by SIGKILL"+t.where()+", by somebody else: neither by this harness nor for want of memory"
	case r.Signal != "":
		r.Status, r.Reason = record.Killed, "killed by "+r.Signal+t.where()+t.lastWords()
	case !t.spec.succeeds(r.ExitCode):
		r.Status, r.Reason = record.Failed, fmt.Sprintf("exit status %d%s%s%s", r.ExitCode, t.where(), t.victim(), t.lastWords())
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

// deaf says of a child whose time was over that it had to be killed.
func (t *trial) deaf() string {
	if t.result.Signal != "SIGKILL" {
		return ""
	}
	asked := "SIGQUIT"
	if t.spec.Foreign {
		asked = "SIGTERM"
	}
	return fmt.Sprintf(", nor %v after %s", t.spec.grace(), asked)
}

// victim says of a command that failed that the kernel killed one of its
// processes, or another on this machine, meanwhile.
func (t *trial) victim() string {
	if t.spec.Foreign && t.outOfMemory() {
		return fmt.Sprintf(" while the kernel's out-of-memory killer was at work (%s)", memoryLimit())
	}
	return ""
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
