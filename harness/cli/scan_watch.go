package cli

import (
	"fmt"
	"os"
	"runtime/pprof"
	"slices"

	"sluice/harness/profile"
	"sluice/harness/profile/capture"
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

// checkProfiles looks at the flags of profiles and returns the kinds asked for.
func (f *scanFlags) checkProfiles() ([]string, error) {
	if f.profile == "" {
		if f.profileDir != "" {
			return nil, usagef("--profile-dir says where, --profile what; add --profile %s", profile.CPU)
		}
		return nil, nil
	}
	kinds, err := profile.ParseKinds(f.profile)
	switch {
	case err != nil:
		return nil, usagef("--profile: %w", err)
	case f.profileDir == "":
		return nil, usagef("--profile needs a folder to write to; add --profile-dir DIR")
	case f.isolate:
		return nil, usagef("--profile looks at this process, and --isolate scans in another; leave one out")
	case f.cpuProfile != "" && slices.Contains(kinds, profile.CPU):
		return nil, usagef("--cpuprofile and --profile %s ask for the same profile; leave one out", profile.CPU)
	}
	return kinds, nil
}

// profiles opens the files of the profiles that are asked for. The capture is nil
// where none is.
func (f *scanFlags) profiles() (*capture.Capture, error) {
	kinds, err := f.checkProfiles()
	if err != nil || len(kinds) == 0 {
		return nil, err
	}
	c, err := capture.Open(f.profileDir, kinds)
	if err != nil {
		return nil, usagef("--profile-dir: %w (name a folder that can be written)", err)
	}
	return c, nil
}

// cpuOnly starts the profile of --cpuprofile, if one is asked for, and returns
// what ends it.
func (f *scanFlags) cpuOnly() (stop func() error, err error) {
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

// seats is how many files a configuration analyses at once, at most: where readers
// analyse, as many as a limiter may let.
func seats(c config.Config) int {
	io, cpu, _ := c.Limits()
	if c.CPU.Scheduler == "inline" {
		return io.Max
	}
	return max(c.CPU.Workers, cpu.Max)
}

func (f *scanFlags) warn(s *streams, text string) {
	if !f.quiet {
		s.warn("%s", text)
	}
}
