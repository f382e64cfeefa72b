package trial

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// cause is why the harness killed a child.
type cause int

const (
	none cause = iota
	timedOut
	cancelled
	childFault   // the child broke the protocol
	harnessFault // the harness could not go on
)

// watchdog kills the child's group when the time is over or the context ends.
// It costs no goroutine while it waits.
type watchdog struct {
	timer  *time.Timer // nil without a timeout
	detach func() bool

	mu    sync.Mutex
	pid   int
	why   cause // guarded by mu; the first kill's
	ended bool  // guarded by mu; from here on the number may be somebody else's
}

// watchOver begins to watch over the group that pid leads.
func watchOver(ctx context.Context, pid int, timeout time.Duration) *watchdog {
	w := &watchdog{pid: pid}
	if timeout > 0 {
		w.timer = time.AfterFunc(timeout, func() { w.kill(timedOut) })
	}
	w.detach = context.AfterFunc(ctx, func() { w.kill(cancelled) })
	return w
}

// kill ends the whole group, unless the watch is over.
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

// end stops watching and tells why the group was killed, if it was. It must
// come before the child is reaped.
func (w *watchdog) end() cause {
	w.detach()
	if w.timer != nil {
		w.timer.Stop()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	return w.why
}

// killGroup kills every process of the group that pid leads. That nobody is
// left to kill is fine.
func killGroup(pid int) {
	_ = unix.Kill(-pid, unix.SIGKILL)
}
