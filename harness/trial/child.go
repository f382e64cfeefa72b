package trial

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Env is the variable that tells a child that it is being measured; its value
// is "1".
const Env = "SLUICE_TRIAL"

// The descriptors that a child inherits, and the two marks it writes.
const (
	markFD = 3 // child → parent
	holdFD = 4 // parent → child

	readyMark = "ready"
	doneMark  = "done"
)

// Child is the measured process's side of a trial. A nil *Child is a process
// that nobody measures: its methods return at once.
type Child struct {
	marks *os.File
	hold  *os.File
}

// Attach joins the trial that this process was started for, or returns nil if
// there is none. It may be called once: it takes over the two descriptors,
// keeps them from processes that this one starts, and clears the variable.
func Attach() (*Child, error) {
	if os.Getenv(Env) != "1" {
		return nil, nil
	}
	if err := os.Unsetenv(Env); err != nil {
		return nil, fmt.Errorf("attach to the trial: %w", err)
	}
	for _, fd := range []int{markFD, holdFD} {
		var stat unix.Stat_t
		if err := unix.Fstat(fd, &stat); err != nil || stat.Mode&unix.S_IFMT != unix.S_IFIFO {
			return nil, fmt.Errorf("attach to the trial: %s is set, but descriptor %d is not a pipe (unset %s to run unmeasured)", Env, fd, Env)
		}
		unix.CloseOnExec(fd)
	}
	return &Child{marks: os.NewFile(markFD, "trial marks"), hold: os.NewFile(holdFD, "trial hold")}, nil
}

// Ready says that the work can begin and waits for the parent's go; time and
// CPU are counted from its return.
func (c *Child) Ready() error {
	if c == nil {
		return nil
	}
	if _, err := io.WriteString(c.marks, readyMark+"\n"); err != nil {
		return fmt.Errorf("tell the harness that the trial is ready: %w", err)
	}
	var answer [1]byte
	if _, err := io.ReadFull(c.hold, answer[:]); err != nil {
		return fmt.Errorf("wait for the harness to start the trial: %w", err)
	}
	return nil
}

// DoneAndHold says that the last result is there, and stands still while the
// parent reads clocks and memory. Nothing after its return is timed.
func (c *Child) DoneAndHold() error {
	if c == nil {
		return nil
	}
	if _, err := io.WriteString(c.marks, doneMark+"\n"); err != nil {
		return fmt.Errorf("tell the harness that the trial is done: %w", err)
	}
	if _, err := io.Copy(io.Discard, c.hold); err != nil {
		return fmt.Errorf("hold for the harness: %w", err)
	}
	return errors.Join(c.marks.Close(), c.hold.Close())
}
