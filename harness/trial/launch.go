package trial

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// launch starts the child on its cores. When it returns an error no child is
// left behind.
func (t *trial) launch() error {
	var err error
	if t.stderr, err = newCapture(); err != nil {
		return err
	}
	if t.spec.KeepStdout > 0 {
		if t.stdout, err = newCapture(); err != nil {
			return err
		}
	}
	inherited, err := t.openPipes()
	defer closeAll(inherited)
	if err != nil {
		return err
	}
	if err := t.start(inherited); err != nil {
		return err
	}
	t.pid = t.cmd.Process.Pid
	if t.pidfd, err = unix.PidfdOpen(t.pid, 0); err == nil && t.traced {
		err = t.seize()
	}
	if err != nil {
		killGroup(t.pid)
		return errors.Join(fmt.Errorf("watch the child: %w (Linux 5.4 or newer is needed)", err), reap(t.cmd))
	}
	return nil
}

// openPipes makes the two pipes of the protocol and returns the child's ends.
// They are in blocking mode: the harness waits for them in poll(2) itself, on
// the thread that it holds anyway.
func (t *trial) openPipes() (inherited []*os.File, err error) {
	if t.spec.Foreign {
		return nil, nil
	}
	var up, down [2]int
	if err := unix.Pipe2(up[:], unix.O_CLOEXEC); err != nil {
		return nil, fmt.Errorf("make the pipe for the child's marks: %w", err)
	}
	t.marks = &markReader{file: os.NewFile(uintptr(up[0]), "trial marks")}
	inherited = append(inherited, os.NewFile(uintptr(up[1]), "trial marks"))
	if err := unix.Pipe2(down[:], unix.O_CLOEXEC); err != nil {
		return inherited, fmt.Errorf("make the pipe that holds the child: %w", err)
	}
	t.hold = os.NewFile(uintptr(down[1]), "trial hold")
	return append(inherited, os.NewFile(uintptr(down[0]), "trial hold")), nil
}

// start forks with the wanted affinity. A foreign command is traced where the
// system allows it, and merely started where it does not.
func (t *trial) start(inherited []*os.File) error {
	t.traced = t.spec.Foreign
	err := t.startOnce(inherited)
	if t.traced && errors.Is(err, unix.EPERM) {
		t.traced = false
		err = t.startOnce(inherited)
	}
	return err
}

func (t *trial) startOnce(inherited []*os.File) error {
	stdin, err := openInput(t.spec.Stdin)
	if err != nil {
		return err
	}
	defer stdin.Close()
	// Not CommandContext: it would kill the leader alone, and from a goroutine.
	t.cmd = exec.Command(t.spec.Argv[0], t.spec.Argv[1:]...) //nolint:noctx // the watchdog kills the whole group
	t.cmd.Dir = t.spec.Dir
	t.cmd.Env = t.spec.Env
	t.cmd.Stdin = stdin
	t.cmd.Stderr = t.stderr.file
	if t.stdout != nil {
		t.cmd.Stdout = t.stdout.file
	}
	if !t.spec.Foreign {
		t.cmd.ExtraFiles = inherited
		t.cmd.Env = append(t.cmd.Environ(), Env+"=1")
	}
	t.cmd.SysProcAttr = &syscall.SysProcAttr{
		Setpgid:   true,
		Pdeathsig: syscall.SIGKILL,
		Ptrace:    t.traced,
	}
	undo, err := pin(t.spec.Cores)
	if err != nil {
		return err
	}
	err = t.cmd.Start()
	if undo() != nil {
		t.spoiled = true
	}
	return err
}

func openInput(path string) (*os.File, error) {
	if path == "" {
		path = os.DevNull
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("standard input: %w", err)
	}
	return file, nil
}

func closeAll(files []*os.File) {
	for _, file := range files {
		file.Close()
	}
}

// reap waits for a child that was killed; that it did not end well is no news.
func reap(cmd *exec.Cmd) error {
	err := cmd.Wait()
	if _, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil
	}
	return err
}
