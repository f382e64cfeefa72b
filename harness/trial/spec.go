package trial

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

// Spec says what to run, and where.
type Spec struct {
	// Argv is the command and its arguments. A name without a slash is looked up
	// in PATH; a relative path counts from Dir.
	Argv []string
	// Env is the child's whole environment in the form of os.Environ. Nil
	// inherits this process's.
	Env []string
	// Dir is the child's working directory; empty means this process's.
	Dir string
	// Stdin is the path of a file to read; empty means no input.
	Stdin string
	// Cores are the CPUs that the child may run on, numbered as the kernel does.
	// Empty inherits this process's affinity.
	Cores []int
	// Timeout is the longest life of the child, from start to exit; 0 means no
	// limit. At its end a child of ours gets SIGQUIT, so that a Go program tells
	// where it stands (Result.Stacks), and a foreign command's group SIGTERM.
	Timeout time.Duration
	// Grace is how long after that the whole group is killed by SIGKILL; 0 means
	// 2 s for a child of ours and 1 s for a foreign command.
	Grace time.Duration
	// TimelineEvery is how often the child is looked at while it works, for
	// Result.Series; 0 means never. One look costs about 10 µs of CPU. It is
	// doubled as often as needed to keep at most 2,000 points.
	TimelineEvery time.Duration
	// KeepStdout is how many bytes of the end of standard output to keep in
	// Result.Stdout. At 0 the child writes to /dev/null; some commands notice
	// that and work less.
	KeepStdout int
	// ExitOK lists the exit codes that mean success; empty means 0 alone.
	ExitOK []int
	// Foreign says that the command does not speak the protocol. It is measured
	// from start to exit, and traced so that its memory can be read as it exits
	// (see Result.RSSPeakBytes).
	Foreign bool
	// Launcher is the command, made by [Launch], that a foreign command is started
	// through, such as {"/usr/bin/sluice", "launch"}: a small process, so that the
	// memory of processes that the command starts can be seen from its few MB up
	// and not only from this process's size (Result.RSSFloorBytes). Its own start
	// is not timed; it makes the trial some milliseconds longer. Empty means none,
	// and where a process may not trace its children none is used.
	Launcher []string
	// Guard kills the child and all it started if this process is killed; nil
	// means that the kernel kills the child alone.
	Guard *Guard
}

// grace is how long a child has to end by itself once its time is over.
func (s Spec) grace() time.Duration {
	switch {
	case s.Grace > 0:
		return s.Grace
	case s.Foreign:
		return time.Second
	default:
		return 2 * time.Second
	}
}

// validate reports every fault at once.
func (s Spec) validate() error {
	var errs []error
	if len(s.Argv) == 0 || s.Argv[0] == "" {
		errs = append(errs, errors.New("a trial without a command; give Argv at least a program"))
	}
	if s.Timeout < 0 {
		errs = append(errs, fmt.Errorf("timeout is %v; use a positive duration, or 0 for none", s.Timeout))
	}
	if s.Grace < 0 {
		errs = append(errs, fmt.Errorf("grace after the timeout is %v; use a positive duration, or 0 for the usual", s.Grace))
	}
	if s.TimelineEvery < 0 || s.TimelineEvery > 0 && s.TimelineEvery < time.Millisecond {
		errs = append(errs, fmt.Errorf("timeline every %v; use 1ms or more, or 0 for none", s.TimelineEvery))
	}
	if len(s.Launcher) > 0 && !s.Foreign {
		errs = append(errs, errors.New("a launcher for a command that speaks the protocol; leave it out, its memory is read while it holds"))
	}
	if s.KeepStdout < 0 {
		errs = append(errs, fmt.Errorf("bytes of standard output to keep is %d; use 0 or more", s.KeepStdout))
	}
	for _, core := range s.Cores {
		if core < 0 {
			errs = append(errs, fmt.Errorf("core is %d; cores are numbered from 0", core))
		}
	}
	if s.Dir != "" {
		// The kernel's own answer to a missing directory blames the program.
		if info, err := os.Stat(s.Dir); err != nil {
			errs = append(errs, fmt.Errorf("working directory of the trial: %w", err))
		} else if !info.IsDir() {
			errs = append(errs, fmt.Errorf("working directory of the trial: %s is not a directory", s.Dir))
		}
	}
	return errors.Join(errs...)
}

// succeeds tells whether an exit code means success.
func (s Spec) succeeds(code int) bool {
	if len(s.ExitOK) == 0 {
		return code == 0
	}
	return slices.Contains(s.ExitOK, code)
}
