package storage

import (
	"io/fs"
	"sync"
	"time"
)

// clock tells the time and waits for it. It stands between the simulation and
// the machine: trials wait on timerfds, tests in virtual time. Implementations
// are safe for concurrent use.
type clock interface {
	// now is the time since the clock was made.
	now() time.Duration
	// wait returns at the instant t of this clock, at once if it is past. It
	// returns fs.ErrClosed if the clock is closed first.
	wait(t time.Duration) error
	// close wakes every waiter. A second call does nothing.
	close() error
}

// timers is the clock of the Go runtime. It needs nothing from the system, runs
// in virtual time under testing/synctest, and is up to a millisecond late.
type timers struct {
	origin time.Time
	closed chan struct{}
	once   sync.Once // closes closed
}

func newTimers() *timers {
	return &timers{origin: time.Now(), closed: make(chan struct{})}
}

func (c *timers) now() time.Duration { return time.Since(c.origin) }

func (c *timers) wait(t time.Duration) error {
	timer := time.NewTimer(t - c.now())
	defer timer.Stop()
	select {
	case <-c.closed:
		return fs.ErrClosed
	case <-timer.C:
		return nil
	}
}

func (c *timers) close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

func (c *timers) isClosed() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}
