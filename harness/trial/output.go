package trial

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	stderrTail = 4 << 10 // bytes of a child's standard error that are kept
	mostStacks = 1 << 20 // bytes of a stack dump that are kept
	pipeSize   = 1 << 20 // what an unprivileged process may ask for, as the kernel comes
)

// capture takes what a child writes and keeps its end: a pipe, read by one
// goroutine that sleeps while nothing comes. A file would grow with a command
// that writes without end. A nil capture holds nothing.
type capture struct {
	child  *os.File // the child's end
	reader *os.File
	fd     int // of reader
	ended  chan struct{}
	done   bool

	mu    sync.Mutex
	limit int
	tail  []byte // guarded by mu; at most twice the limit
	late  []byte // guarded by mu; what came since part
	parts bool   // guarded by mu
}

// newCapture makes a capture that keeps the last limit bytes.
func newCapture(limit int) (*capture, error) {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return nil, fmt.Errorf("make a pipe for the child's output: %w", err)
	}
	// More room means fewer turns of ours; a refusal does no harm.
	_, _ = unix.FcntlInt(uintptr(ends[0]), unix.F_SETPIPE_SZ, pipeSize)
	child := os.NewFile(uintptr(ends[1]), "trial output")
	if err := unix.SetNonblock(ends[0], true); err != nil {
		return nil, errors.Join(fmt.Errorf("make a pipe for the child's output: %w", err), unix.Close(ends[0]), child.Close())
	}
	c := &capture{child: child, reader: os.NewFile(uintptr(ends[0]), "trial output"), fd: ends[0], limit: limit, ended: make(chan struct{})}
	go c.drain()
	return c, nil
}

// drain reads until nobody holds the other end any more, or finish stops it.
func (c *capture) drain() {
	defer close(c.ended)
	buffer := make([]byte, 32<<10)
	for {
		n, err := c.reader.Read(buffer)
		c.take(buffer[:n])
		if err != nil {
			return
		}
	}
}

func (c *capture) take(data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.parts {
		room := mostStacks - len(c.late)
		c.late = append(c.late, data[:min(len(data), room)]...)
		return
	}
	c.tail = append(c.tail, data[max(0, len(data)-c.limit):]...)
	if len(c.tail) > 2*c.limit {
		c.tail = c.tail[:copy(c.tail, c.tail[len(c.tail)-c.limit:])]
	}
}

// part keeps what comes from now on apart.
func (c *capture) part() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.parts = true
}

// finish takes what is left in the pipe, waits for the reader and closes all.
// Processes that still hold the other end are not waited for.
func (c *capture) finish() {
	if c == nil || c.done {
		return
	}
	c.done = true
	c.child.Close()
	_ = c.reader.SetReadDeadline(time.Now()) // a pipe always takes one
	<-c.ended
	buffer := make([]byte, 32<<10)
	for range pipeSize / len(buffer) * 2 { // not for ever: somebody may still write
		n, err := unix.Read(c.fd, buffer)
		if n <= 0 || err != nil {
			break
		}
		c.take(buffer[:n])
	}
	c.reader.Close()
}

// end is at most the last limit bytes; finish comes first.
func (c *capture) end() []byte {
	if c == nil {
		return nil
	}
	return c.tail[max(0, len(c.tail)-c.limit):]
}

// stacks is the dump of a Go program that was asked for it, or nil.
func (c *capture) stacks() []byte {
	for _, sign := range []string{"SIGQUIT: ", "goroutine "} {
		if at := bytes.Index(c.late, []byte(sign)); at >= 0 {
			return c.late[at:]
		}
	}
	return nil
}

// wholeLines makes a tail readable: it drops the first line if that was cut, and
// what is not UTF-8.
func wholeLines(tail []byte, cut bool) string {
	if cut {
		if _, rest, ok := bytes.Cut(tail, []byte{'\n'}); ok {
			tail = rest
		}
	}
	return strings.ToValidUTF8(string(tail), "\uFFFD")
}
