package trial

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"sluice/harness/record"
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
	// limit. The whole process group is killed at its end.
	Timeout time.Duration
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

// Names of the metrics that a trial adds to those of package record.
const (
	UserCPU             = "cpu_user_s"
	SystemCPU           = "cpu_system_s"
	RSSAnon             = "rss_anon_bytes"
	RSSFile             = "rss_file_bytes"
	VoluntarySwitches   = "switches_voluntary"
	InvoluntarySwitches = "switches_involuntary"
	MinorFaults         = "faults_minor"
	MajorFaults         = "faults_major"
	RunDelay            = "run_delay_s"
	OthersShare         = "others_cpu_share"
)

// Result is what one child left behind. A field whose metric is listed in
// Absent could not be measured and says nothing, not even zero.
type Result struct {
	// Started is when the child was launched.
	Started time.Time
	// WallS is the time from the go that answers the child's ready mark to its
	// done mark, in seconds on the parent's clock. For a foreign command it
	// equals ProcessWallS.
	WallS float64
	// ProcessWallS is the child's whole life in seconds, from before the fork to
	// its exit.
	ProcessWallS float64
	// CPUS is the CPU time of the child between the marks, user and system, all
	// its threads, in seconds. Processes that it started are not in it. For a
	// foreign command it is UserS + SysS.
	CPUS float64
	// UserS and SysS are CPU seconds over the child's whole life, and those of
	// the processes that it started and waited for.
	UserS, SysS float64
	// RSSPeakBytes is the largest resident size of the child itself (VmHWM),
	// until its done mark or, for a foreign command, its exit. Where a process
	// that a foreign command started was larger than both it and
	// RSSFloorBytes, its size is taken: the largest single process.
	RSSPeakBytes int64
	// RSSFloorBytes is the size below which the memory of processes started by a
	// foreign command cannot be seen: this process's own peak. 0 for children
	// that speak the protocol.
	RSSFloorBytes int64
	// RSSAnonBytes and RSSFileBytes are the anonymous and file-backed parts of
	// the resident size at the same instant (not at the peak: the kernel keeps
	// none apart).
	RSSAnonBytes, RSSFileBytes int64
	// VoluntarySwitches counts waits, InvoluntarySwitches losses of the CPU to
	// somebody else, over the child's whole life.
	VoluntarySwitches, InvoluntarySwitches int64
	// MinorFaults counts page faults served from memory, MajorFaults from disk,
	// over the child's whole life.
	MinorFaults, MajorFaults int64
	// RunDelayS is how long the child's threads, together, were able to run but
	// had to queue for a CPU between the marks, in seconds.
	RunDelayS float64
	// OthersCPUShare is the share of the machine that others used between the
	// marks, steal included, 0 … 1 (see machine.Meter).
	OthersCPUShare float64

	// Status says how the child ended, Reason in words why it was not OK.
	Status record.Status
	Reason string
	// ExitCode is the child's exit code, −1 if a signal ended it.
	ExitCode int
	// Signal is the name of the signal that ended it ("SIGSEGV"), else empty.
	Signal string
	// StderrTail is the end of what the child wrote to standard error, at most
	// 4 KiB in whole lines.
	StderrTail string
	// Stdout is the end of standard output, at most Spec.KeepStdout bytes.
	Stdout []byte
	// Absent names the metrics that could not be measured.
	Absent []string
}

// Metrics returns what was measured under the names that a record.Trial
// carries, without the absent. OthersCPUShare has a field of its own there.
func (r Result) Metrics() map[string]float64 {
	all := r.metrics()
	delete(all, OthersShare)
	for _, name := range r.Absent {
		delete(all, name)
	}
	return all
}

func (r Result) metrics() map[string]float64 {
	return map[string]float64{
		record.Wall:         r.WallS,
		record.ProcessWall:  r.ProcessWallS,
		record.CPU:          r.CPUS,
		record.RSS:          float64(r.RSSPeakBytes),
		UserCPU:             r.UserS,
		SystemCPU:           r.SysS,
		RSSAnon:             float64(r.RSSAnonBytes),
		RSSFile:             float64(r.RSSFileBytes),
		VoluntarySwitches:   float64(r.VoluntarySwitches),
		InvoluntarySwitches: float64(r.InvoluntarySwitches),
		MinorFaults:         float64(r.MinorFaults),
		MajorFaults:         float64(r.MajorFaults),
		RunDelay:            r.RunDelayS,
		OthersShare:         r.OthersCPUShare,
	}
}
