package trial

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// cause is why the harness ended a child.
type cause int

const (
	none cause = iota
	timedOut
	cancelled
	childFault   // the child broke the protocol
	harnessFault // the harness could not go on
)

// watchdog ends the child's group when the time is over or the context ends.
// It costs no goroutine while it waits.
type watchdog struct {
	timer  *time.Timer // nil without a timeout; guarded by mu
	detach func() bool
	pidfd  int
	grace  time.Duration
	ask    func() // asks the group to end by itself

	mu    sync.Mutex
	pid   int
	why   cause // guarded by mu; the first one
	ended bool  // guarded by mu; from here on the number may be somebody else's
}

// watch begins to watch over the group that the child leads.
func (t *trial) startWatch(ctx context.Context) *watchdog {
	w := &watchdog{pid: t.pid, pidfd: t.pidfd, grace: t.spec.grace(), ask: t.askToEnd}
	w.mu.Lock() // the timer may be faster than its own assignment
	defer w.mu.Unlock()
	if t.spec.Timeout > 0 {
		w.timer = time.AfterFunc(t.spec.Timeout, w.expire)
	}
	w.detach = context.AfterFunc(ctx, func() { w.kill(cancelled) })
	return w
}

// askToEnd asks a child of ours for its stacks, with which a Go program ends,
// and a foreign command politely. A stopped process would not hear.
func (t *trial) askToEnd() {
	if t.spec.Foreign {
		_ = unix.Kill(-t.pid, unix.SIGTERM)
	} else {
		t.stderr.part()
		_ = unix.Kill(t.pid, unix.SIGQUIT)
	}
	_ = unix.Kill(-t.pid, unix.SIGCONT)
}

// expire is called when the time is over, and again when the grace is.
func (w *watchdog) expire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.ended || w.why == none && hasExited(w.pidfd):
	case w.why == none:
		w.why = timedOut
		w.ask()
		w.timer.Reset(w.grace)
	default:
		killGroup(w.pid)
	}
}

// hasExited tells whether the child is a zombie by now. It does not wait.
func hasExited(pidfd int) bool {
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, 0)
	return n > 0 && err == nil
}

// kill ends the whole group at once, unless the watch is over.
func (w *watchdog) kill(why cause) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return
	}
	if w.why == none {
		w.why = why
	}
	killGroup(w.pid)
}

// end stops watching and tells why the group was ended, if it was. It must
// come before the child is reaped.
func (w *watchdog) end() cause {
	w.detach()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
	}
	w.ended = true
	return w.why
}

// killGroup kills every process of the group that pid leads. That nobody is
// left to kill is fine.
func killGroup(pid int) {
	_ = unix.Kill(-pid, unix.SIGKILL)
}
