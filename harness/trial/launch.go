package trial

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// launch starts the child on its cores. When it returns an error no child is
// left behind.
func (t *trial) launch() error {
	var err error
	if t.stdin, err = openInput(t.spec.Stdin); err != nil {
		return err
	}
	if t.stderr, err = newCapture(stderrTail); err != nil {
		return err
	}
	if t.spec.KeepStdout > 0 {
		if t.stdout, err = newCapture(t.spec.KeepStdout); err != nil {
			return err
		}
	}
	inherited, err := t.openPipes()
	defer closeAll(inherited)
	if err != nil {
		return err
	}
	t.oomBefore, t.oomKnown = oomKills()
	if err := t.start(inherited); err != nil {
		return err
	}
	t.pid = t.process.Pid
	kin.lead(t.pid)
	if t.pidfd, err = unix.PidfdOpen(t.pid, 0); err != nil {
		err = fmt.Errorf("watch the child: %w (Linux 5.4 or newer is needed)", err)
	}
	err = errors.Join(err, t.spec.Guard.begin(t.pid))
	if err == nil && t.traced {
		err = t.seize()
	}
	if err != nil {
		killGroup(t.pid)
		kin.bury(t.pid)
		return errors.Join(err, reap(t.process))
	}
	return nil
}

// openPipes makes the two pipes of the protocol and returns the child's ends.
func (t *trial) openPipes() (inherited []*os.File, err error) {
	if t.spec.Foreign {
		return nil, nil
	}
	up, down, inherited, err := duplex()
	if err == nil {
		t.marks, t.hold = &markReader{file: up}, down
	}
	return inherited, err
}

// duplex makes two pipes: up is for reading, down for writing, and the other
// ends are for a child, in the order of markFD and holdFD. They are in blocking
// mode: the harness waits for them in poll(2) itself, on the thread that it holds
// anyway.
func duplex() (up, down *os.File, inherited []*os.File, err error) {
	var upward, downward [2]int
	if err := unix.Pipe2(upward[:], unix.O_CLOEXEC); err != nil {
		return nil, nil, nil, fmt.Errorf("make the pipe for the child's marks: %w", err)
	}
	up = os.NewFile(uintptr(upward[0]), "trial marks")
	inherited = append(inherited, os.NewFile(uintptr(upward[1]), "trial marks"))
	if err := unix.Pipe2(downward[:], unix.O_CLOEXEC); err != nil {
		return nil, nil, inherited, errors.Join(fmt.Errorf("make the pipe that holds the child: %w", err), up.Close())
	}
	down = os.NewFile(uintptr(downward[1]), "trial hold")
	return up, down, append(inherited, os.NewFile(uintptr(downward[0]), "trial hold")), nil
}

// start forks with the wanted affinity. A foreign command is traced where the
// system allows it, and merely started where it does not.
func (t *trial) start(inherited []*os.File) error {
	undo, err := pin(t.spec.Cores)
	if err != nil {
		return err
	}
	t.traced = t.spec.Foreign
	err = errNoLaunch
	if len(t.spec.Launcher) > 0 {
		err = t.startLaunched()
	}
	if errors.Is(err, errNoLaunch) {
		err = t.startOnce(inherited)
	}
	if t.traced && untraceable(err) {
		t.traced = false
		err = t.startOnce(inherited)
	}
	if undo() != nil {
		t.spoiled = true
	}
	return err
}

// untraceable tells that processes may not be traced here: the kernel, a security
// module and a filter of system calls each say it in their own way.
func untraceable(err error) bool {
	return errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) || errors.Is(err, unix.ENOSYS)
}

func (t *trial) startOnce(inherited []*os.File) error {
	cmd := t.command(t.spec.Argv[0], t.spec.Argv[1:], inherited)
	cmd.SysProcAttr.Setsid = true // a group that no terminal can reach, nor it a terminal
	cmd.SysProcAttr.Ptrace = t.traced
	if t.spec.Foreign {
		t.readBegin(0)
		t.result.RSSFloorBytes = 0
	}
	t.result.Started = time.Now()
	err := cmd.Start()
	t.process = cmd.Process
	return err
}

// command is a command with all that the child inherits.
func (t *trial) command(program string, argv []string, inherited []*os.File) *exec.Cmd {
	// Not CommandContext: it would kill the leader alone, and from a goroutine.
	cmd := exec.Command(program, argv...) //nolint:noctx // the watchdog kills the whole group
	cmd.Dir = t.spec.Dir
	cmd.Stdin = t.stdin
	cmd.Stderr = t.stderr.child
	if t.stdout != nil {
		cmd.Stdout = t.stdout.child
	}
	cmd.ExtraFiles = inherited
	cmd.Env = t.spec.Env
	cmd.Env = slices.Concat(cmd.Environ(), t.spec.Guard.environ())
	if !t.spec.Foreign {
		cmd.Env = append(cmd.Env, Env+"=1", "GOTRACEBACK=all")
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
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
func reap(process *os.Process) error {
	_, err := process.Wait()
	return err
}
