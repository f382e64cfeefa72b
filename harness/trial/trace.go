package trial

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// seize tells the kernel to stop the child once more: as it exits, while its
// memory can still be read. The child stands at its first instruction. Its other
// threads and the processes that it starts are not traced and run at full speed;
// the leading thread stops for some microseconds at each signal it gets.
func (t *trial) seize() error {
	stop, err := awaitStop(t.pid)
	if err != nil || stop.exited {
		return err
	}
	const options = unix.PTRACE_O_TRACEEXIT | unix.PTRACE_O_TRACEEXEC | unix.PTRACE_O_EXITKILL
	if err := goneIsFine(unix.PtraceSetOptions(t.pid, options)); err != nil {
		return fmt.Errorf("trace the child's exit: %w", err)
	}
	if err := goneIsFine(unix.PtraceCont(t.pid, 0)); err != nil {
		return fmt.Errorf("let the traced child go: %w", err)
	}
	return nil
}

// follow sleeps until the traced child has exited, passing on the signals that
// it gets and reading its memory at the end. The child is left to be reaped.
func (t *trial) follow() error {
	for {
		stop, err := awaitStop(t.pid)
		if err != nil || stop.exited {
			return err
		}
		if stop.event == unix.PTRACE_EVENT_EXIT {
			t.readMemory()
		}
		if err := goneIsFine(unix.PtraceCont(t.pid, stop.signal)); err != nil {
			return fmt.Errorf("let the traced child go on: %w", err)
		}
	}
}

// goneIsFine forgives that the child was killed while it stood; the next wait
// sees that.
func goneIsFine(err error) error {
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	return err
}

// stop is why a traced child stands still.
type stop struct {
	exited bool
	event  int // PTRACE_EVENT_*, or 0
	signal int // to be passed on, or 0
}

// awaitStop waits until the child has stopped or exited. It takes the news of a
// stop, but leaves an exited child a zombie: wait4(2) would reap a child that is
// killed between the two.
func awaitStop(pid int) (stop, error) {
	for {
		news, err := waitid(pid, unix.WEXITED|unix.WSTOPPED|unix.WNOWAIT)
		if err != nil {
			return stop{}, err
		}
		if news.exited() {
			return stop{exited: true}, nil
		}
		news, err = waitid(pid, unix.WSTOPPED|unix.WNOHANG)
		if err != nil {
			return stop{}, err
		}
		if news.pid == 0 {
			continue // killed meanwhile
		}
		event := int(news.status >> 8)
		if event != 0 {
			return stop{event: event}, nil
		}
		return stop{signal: int(news.status & 0x7f)}, nil
	}
}

func waitid(pid, options int) (childInfo, error) {
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, pid, &info, options|unix.WALL, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return childInfo{}, fmt.Errorf("wait for the traced child: %w", err)
		}
		return *(*childInfo)(unsafe.Pointer(&info)), nil
	}
}

// childInfo is the beginning of siginfo_t as waitid(2) fills it; package unix
// hides the part behind the code.
type childInfo struct {
	_, _, code int32
	_          [unsafe.Sizeof(uintptr(0)) / 8]int32 // the union is aligned to a word
	pid        int32
	_          uint32 // user
	status     int32
}

// exited tells whether the news is an end: CLD_EXITED, CLD_KILLED or CLD_DUMPED.
func (c childInfo) exited() bool { return c.code >= 1 && c.code <= 3 }
