package trial

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Launch is the whole work of a launcher (see [Spec].Launcher): it starts the
// command argv[1:], whose program argv[0] is, as a child of the process that
// started the launcher, and says what became of that. The kernel lets a
// process's peak begin at the size of whoever started it, and the launcher is
// small.
func Launch(argv []string) error {
	if len(argv) < 2 {
		return errors.New("launch: no command (it is started by the commands that measure)")
	}
	for _, fd := range []int{markFD, holdFD} {
		var stat unix.Stat_t
		if err := unix.Fstat(fd, &stat); err != nil || stat.Mode&unix.S_IFMT != unix.S_IFIFO {
			return fmt.Errorf("launch: descriptor %d is not a pipe (it is started by the commands that measure)", fd)
		}
		unix.CloseOnExec(fd)
	}
	slim()
	news, hold := os.NewFile(markFD, "launch news"), os.NewFile(holdFD, "launch hold")
	if _, err := io.WriteString(news, readyMark+"\n"); err != nil {
		return fmt.Errorf("launch: %w", err)
	}
	if _, err := io.ReadFull(hold, make([]byte, 1)); err != nil {
		return fmt.Errorf("launch: wait for the harness: %w", err)
	}
	_, err := fmt.Fprintln(news, launch(argv))
	return err
}

// launch is the one line that the harness gets: an error number, the child's
// number, when it was started and how large this process is.
func launch(argv []string) string {
	own, err := readMemory(os.Getpid())
	if err != nil {
		return fmt.Sprint(int(unix.ENOSYS), 0, 0, 0)
	}
	begin := monotonic()
	child, err := os.StartProcess(argv[0], argv[1:], &os.ProcAttr{
		Files: []*os.File{os.NewFile(0, "stdin"), os.NewFile(1, "stdout"), os.NewFile(2, "stderr")},
		Sys:   &syscall.SysProcAttr{Setsid: true, Ptrace: true, Cloneflags: unix.CLONE_PARENT},
	})
	if err != nil {
		number, _ := errors.AsType[syscall.Errno](err)
		return fmt.Sprint(int(max(number, 1)), 0, 0, 0)
	}
	return fmt.Sprint(0, child.Pid, int64(begin), own.peak)
}

// monotonic is a clock that all processes share and nobody sets.
func monotonic() time.Duration {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) // every Linux has it
	return time.Duration(now.Nano())
}

// errNoLaunch is that the launcher could not start the command; starting it
// directly tells why.
var errNoLaunch = errors.New("the launcher could not start the command")

// startLaunched starts the child through the launcher, from this thread, whose
// child it becomes. It begins with its first instruction ahead, traced.
func (t *trial) startLaunched() error {
	path := t.spec.Argv[0]
	if !strings.Contains(path, "/") {
		found, err := exec.LookPath(path)
		if err != nil {
			return errNoLaunch
		}
		path = found
	}
	up, down, inherited, err := duplex()
	defer closeAll(inherited)
	if err != nil {
		return err
	}
	defer closeAll([]*os.File{up, down})
	argv := append(append(t.spec.Launcher[1:len(t.spec.Launcher):len(t.spec.Launcher)], path), t.spec.Argv...)
	cmd := t.command(t.spec.Launcher[0], argv, inherited)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the launcher: %w", err)
	}
	closeAll(inherited)
	err = t.hearLauncher(bufio.NewReader(up), down)
	if waited := cmd.Wait(); err == nil && waited != nil {
		killGroup(t.process.Pid)
		err = errors.Join(fmt.Errorf("the launcher %q: %w", t.spec.Launcher[0], waited), reap(t.process))
	}
	return err
}

// hearLauncher lets the launcher start the child once it stands ready, so that
// its own start is not timed.
func (t *trial) hearLauncher(news *bufio.Reader, hold io.Writer) error {
	if line, _ := news.ReadString('\n'); line != readyMark+"\n" {
		return fmt.Errorf("the launcher %q says %q and not %q", t.spec.Launcher[0], line, readyMark)
	}
	t.readBegin(0)
	if _, err := hold.Write([]byte{'\n'}); err != nil {
		return fmt.Errorf("the launcher %q: %w", t.spec.Launcher[0], err)
	}
	var number, pid int
	var begin time.Duration
	if _, err := fmt.Fscanln(news, &number, &pid, &begin, &t.result.RSSFloorBytes); err != nil {
		return fmt.Errorf("the launcher %q: %w", t.spec.Launcher[0], err)
	}
	if number != 0 {
		return errNoLaunch
	}
	t.result.Started = time.Now().Add(begin - monotonic())
	process, err := os.FindProcess(pid)
	t.process = process
	return err
}
