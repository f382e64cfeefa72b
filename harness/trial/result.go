package trial

import (
	"time"

	"sluice/harness/record"
)

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

// Names of the series of a timeline. Each is of the child itself, all its
// threads; processes that it started are not in it.
const (
	SeriesRSS     = "rss_bytes"        // resident size
	SeriesThreads = "threads"          // number of threads
	SeriesCPU     = "cpu_s"            // CPU time used so far in the process's life, user and system
	SeriesRead    = "io_read_bytes"    // read so far by system calls, from the page cache, pipes and sockets too; mapped files are not counted
	SeriesWritten = "io_written_bytes" // written so far by system calls
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
	// foreign command cannot be seen: the launcher's peak, or without one this
	// process's own. 0 for children that speak the protocol.
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
	// marks, steal included, 0 … 1 (see machine.Meter). What other trials of this
	// process used meanwhile is not in it.
	OthersCPUShare float64

	// Conditions are what the machine was like between the marks, for a foreign
	// command over its life (see machine.StartConditions).
	Conditions record.Conditions

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
	// Stacks is what a child of ours wrote to standard error after its time was
	// over, from the beginning of its stack dump, at most 1 MiB; nil where there
	// was none.
	Stacks []byte
	// Series is the child over its time, if Spec.TimelineEvery asked for it: the
	// names are those of this package's Series constants. AtS counts from the go
	// that answers the ready mark, for a foreign command from its start.
	Series []record.Series
	// Strays is how many processes outlived the trial outside of its group, and
	// were killed (see [AdoptOrphans]). What trials that ran at the same time left
	// behind is counted at the one that ended last.
	Strays int
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
