package cli

import (
	"fmt"
	"os"
	"runtime/pprof"

	"sluice/scanner"
	"sluice/scanner/config"
	"sluice/scanner/observe"
)

// watch says what the watchdog sees while the scan runs: where it makes no
// progress, and with --verbose each worker that computes or blocks where it should
// not. The summary has the first of those in any case.
func (f *scanFlags) watch(s *streams, o *scanner.Options) {
	o.Stall, o.FailStalled = f.stallAfter, f.failStalled
	if f.verbose {
		o.Watch = func(r observe.Report) { s.warn("%s\n%s", r, r.Stack) }
	}
	o.Stalled = func(stall observe.Stall) {
		f.stall = stall.String()
		if !f.failStalled {
			f.warn(s, f.stall)
		}
		if f.failStalled || f.verbose {
			fmt.Fprintf(s.err, "%s\n", stall.Dump)
		}
	}
}

// profile starts a profile of processor time, if one is asked for, and returns
// what ends it.
func (f *scanFlags) profile() (stop func() error, err error) {
	if f.cpuProfile == "" {
		return func() error { return nil }, nil
	}
	file, err := os.Create(f.cpuProfile)
	if err != nil {
		return nil, usagef("--cpuprofile: %w (name a file that can be written)", err)
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, fmt.Errorf("--cpuprofile: %w", err)
	}
	return func() error {
		pprof.StopCPUProfile()
		return file.Close()
	}, nil
}

// seats is how many files a configuration analyses at once.
func seats(c config.Config) int {
	if c.CPU.Scheduler == "inline" {
		return c.IO.Workers
	}
	return c.CPU.Workers
}

func (f *scanFlags) warn(s *streams, text string) {
	if !f.quiet {
		s.warn("%s", text)
	}
}
