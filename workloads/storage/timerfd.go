package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// timerfds is a clock whose waits are timer descriptors of the kernel, watched
// by the runtime's poller. A waiting goroutine holds no thread, and on an idle
// processor it is woken as soon as a network read would be.
//
// Each wait carries a read deadline at the same instant besides. While every
// processor has goroutines to run, the poller is looked at every 10 ms only,
// but timers whenever a goroutine yields: the descriptor alone was 9 ms late
// there, both together 0.2 ms.
//
// It keeps one descriptor for each wait that was ever in flight at once, and
// does without where the system grants no more of them.
type timerfds struct {
	*timers // tells the time, and waits where there is no descriptor

	open func() (*timerfd, error)

	mu   sync.Mutex
	lead lead       // guarded by mu
	idle []*timerfd // guarded by mu; the latest used last, since it is warm
	all  []*timerfd // guarded by mu
	shut bool       // guarded by mu
}

func newTimerfds() *timerfds { return &timerfds{timers: newTimers(), open: openTimerfd} }

func (c *timerfds) wait(t time.Duration) error {
	timer, early, err := c.take()
	if errors.Is(err, fs.ErrClosed) {
		return err
	}
	if err != nil {
		return c.timers.wait(t)
	}
	left := t - c.now()
	if left <= early/2 { // to wake now is nearer the mark than to sleep
		c.put(timer)
		return nil
	}
	rang, err := timer.wait(max(left-early, 1), c.origin.Add(t))
	if rang {
		c.learn(c.now() - t)
	}
	c.put(timer)
	if err != nil && c.isClosed() { // the poller has an error of its own for it, which it does not export
		return fs.ErrClosed
	}
	return err
}

// lead is how long before the instant asked for a descriptor has to be armed so
// that waits are right in the mean: the time that the kernel and the runtime
// take to wake a goroutine, 50 µs on a virtual machine whose processor went
// idle. It is learned from each wait.
type lead time.Duration

const (
	// maxLead bounds what is made up for, and so how early an open can be.
	// Lateness beyond it comes from goroutines that queue for a processor: that
	// is the scanner's own doing and must show.
	maxLead = 100 * time.Microsecond
	// learning is the share of each new wait in the running mean.
	learning = 1.0 / 16
)

// after returns the lead once another wait was late by that much (or early,
// below 0).
func (l lead) after(late time.Duration) lead {
	late = min(max(late, -maxLead), maxLead)
	next := time.Duration(l) + time.Duration(learning*float64(late))
	return lead(min(max(next, 0), maxLead))
}

func (c *timerfds) learn(late time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lead = c.lead.after(late)
}

// take returns an idle timer, or makes one, and how early to arm it.
func (c *timerfds) take() (*timerfd, time.Duration, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shut {
		return nil, 0, fs.ErrClosed
	}
	if last := len(c.idle) - 1; last >= 0 {
		timer := c.idle[last]
		c.idle = c.idle[:last]
		return timer, time.Duration(c.lead), nil
	}
	timer, err := c.open()
	if err != nil {
		return nil, 0, err
	}
	c.all = append(c.all, timer)
	return timer, time.Duration(c.lead), nil
}

func (c *timerfds) put(timer *timerfd) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.idle = append(c.idle, timer)
}

func (c *timerfds) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shut {
		return nil
	}
	c.shut = true
	errs := []error{c.timers.close()}
	for _, timer := range c.all {
		errs = append(errs, timer.file.Close()) // wakes whoever waits on it
	}
	return errors.Join(errs...)
}

// timerfd is one timer descriptor. One goroutine uses it at a time.
type timerfd struct {
	file *os.File
	conn syscall.RawConn
	step func(fd uintptr) bool // the method tick, bound once so that a wait allocates nothing

	due   time.Duration // from the moment of arming
	armed bool
	err   error
	count [8]byte // expirations, as the kernel reports them
}

func openTimerfd() (*timerfd, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("create a timer descriptor: %w", err)
	}
	file := os.NewFile(uintptr(fd), "timerfd") // non-blocking, hence watched by the poller
	conn, err := file.SyscallConn()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("watch a timer descriptor: %w", err), file.Close())
	}
	t := &timerfd{file: file, conn: conn}
	t.step = t.tick
	return t, nil
}

// wait returns after d, then rang is true, or at the deadline, whichever the
// runtime notices first, or with an error when the descriptor is closed.
func (t *timerfd) wait(d time.Duration, deadline time.Time) (rang bool, err error) {
	t.due, t.armed, t.err = d, false, nil
	err = t.file.SetReadDeadline(deadline)
	if err == nil {
		err = t.conn.Read(t.step)
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("wait for a timer descriptor: %w", err)
	case t.err != nil:
		return false, fmt.Errorf("use a timer descriptor: %w", t.err)
	}
	// Left alone, the deadline would wake an idle processor once more.
	_ = t.file.SetReadDeadline(time.Time{})
	return true, nil
}

// tick is called by the poller, first before any waiting and then whenever the
// descriptor may be ready; true ends the wait. The timer is armed in the first
// call, not before: an expiry between arming and the poller's preparation would
// be lost, and a first read that can only say "not yet" is saved.
func (t *timerfd) tick(fd uintptr) bool {
	if !t.armed {
		t.armed = true
		once := unix.ItimerSpec{Value: unix.NsecToTimespec(t.due.Nanoseconds())}
		t.err = unix.TimerfdSettime(int(fd), 0, &once, nil)
		return t.err != nil
	}
	_, err := unix.Read(int(fd), t.count[:])
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
		return false
	}
	t.err = err
	return true
}
