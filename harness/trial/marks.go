package trial

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// maxMark is far above any mark of ours: a longer line is not from a child that
// speaks the protocol.
const maxMark = 64

// markReader reads the lines that a child writes to its marks descriptor.
type markReader struct {
	file    *os.File
	pending []byte
}

// next waits for one whole line. It returns false once the child has exited, or
// has closed its end, without completing one. It watches the child itself and
// not only the pipe, since a process that left the group may keep the pipe open.
func (m *markReader) next(pidfd int) (string, bool, error) {
	for {
		if line, rest, ok := bytes.Cut(m.pending, []byte{'\n'}); ok {
			m.pending = rest
			return string(line), true, nil
		}
		if len(m.pending) > maxMark {
			return string(m.pending), true, nil
		}
		fds := []unix.PollFd{
			{Fd: int32(m.file.Fd()), Events: unix.POLLIN},
			{Fd: int32(pidfd), Events: unix.POLLIN},
		}
		if err := poll(fds); err != nil {
			return "", false, fmt.Errorf("wait for the child's mark: %w", err)
		}
		if fds[0].Revents == 0 {
			return "", false, nil // only the exit is left to read
		}
		var buffer [maxMark]byte
		n, err := m.file.Read(buffer[:])
		m.pending = append(m.pending, buffer[:n]...)
		if errors.Is(err, io.EOF) {
			return "", false, nil
		}
		if err != nil {
			return "", false, fmt.Errorf("read the child's mark: %w", err)
		}
	}
}

// awaitExit sleeps until the child has exited; it leaves it to be reaped.
func awaitExit(pidfd int) error {
	if err := poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}); err != nil {
		return fmt.Errorf("wait for the child's exit: %w", err)
	}
	return nil
}

// poll sleeps until one of fds is ready. Signals to this process do not end it.
func poll(fds []unix.PollFd) error {
	for {
		_, err := unix.Poll(fds, -1)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
