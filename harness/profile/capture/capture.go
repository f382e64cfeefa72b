// Package capture takes profiles of the process that it runs in: those that are
// asked for, all at once, between two marks, each into a file of its own.
//
// A profiler disturbs what it looks at, so a process that is timed takes none.
// The rates are written out below; each was chosen to leave a scan recognisable.
package capture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"runtime/trace"

	"github.com/felixge/fgprof"
	format "github.com/google/pprof/profile"

	"sluice/harness/profile"
)

const (
	// mutexFraction: every wait for a lock is sampled. A scan waits for locks some
	// thousand times, not millions.
	mutexFraction = 1
	// blockRate: of waits shorter than this, in nanoseconds, only a fair share is
	// sampled, so that a hand-over of microseconds does not become a stack walk.
	blockRate = 10_000
)

// Capture is a set of profiles to be taken. A nil one takes none.
type Capture struct {
	files map[string]*os.File // by kind
	raw   map[string]*bytes.Buffer
	begun bool

	tracing  bool
	stopWall func() error    // fgprof's
	heap     *format.Profile // at the beginning
	mutex    int             // the fraction before
}

// Open makes the folder and one file for each kind in it, so that a folder that
// cannot be written is known before the work begins.
func Open(dir string, kinds []string) (*Capture, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("folder for the profiles: %w", err)
	}
	c := &Capture{files: map[string]*os.File{}, raw: map[string]*bytes.Buffer{}}
	for _, kind := range kinds {
		if err := profile.Unknown(kind); err != nil {
			return nil, errors.Join(err, c.discard())
		}
		file, err := os.Create(filepath.Join(dir, profile.FileName(kind)))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("file for the profile: %w", err), c.discard())
		}
		c.files[kind], c.raw[kind] = file, &bytes.Buffer{}
	}
	return c, nil
}

func (c *Capture) wants(kind string) bool { return c.files[kind] != nil }

// Begin starts what is sampled over time, and remembers what was allocated before.
func (c *Capture) Begin() error {
	if c == nil {
		return nil
	}
	if err := c.begin(); err != nil {
		c.abort()
		return err
	}
	c.begun = true
	return nil
}

func (c *Capture) begin() error {
	if c.wants(profile.Heap) {
		heap, err := lookup("heap")
		if err != nil {
			return err
		}
		c.heap = heap
	}
	if c.wants(profile.Mutex) {
		c.mutex = runtime.SetMutexProfileFraction(mutexFraction)
	}
	if c.wants(profile.Block) {
		runtime.SetBlockProfileRate(blockRate)
	}
	if c.wants(profile.Trace) {
		if err := trace.Start(c.files[profile.Trace]); err != nil {
			return fmt.Errorf("start the trace: %w", err)
		}
		c.tracing = true
	}
	if c.wants(profile.FGProf) {
		c.stopWall = fgprof.Start(c.raw[profile.FGProf], fgprof.FormatPprof)
	}
	if c.wants(profile.CPU) {
		if err := pprof.StartCPUProfile(c.raw[profile.CPU]); err != nil {
			return fmt.Errorf("start the profile of processor time: %w", err)
		}
	}
	return nil
}

// abort stops what begin had started: another's profile is under way, or trace.
func (c *Capture) abort() {
	if c.wants(profile.Mutex) {
		runtime.SetMutexProfileFraction(c.mutex)
	}
	if c.wants(profile.Block) {
		runtime.SetBlockProfileRate(0)
	}
	if c.tracing {
		trace.Stop()
	}
	if c.stopWall != nil {
		_, _ = c.wall() // of no use without the others
	}
}

// End stops and writes them all. Files is how many files were scanned between
// Begin and End, and goes into the profiles. Without Begin the files are removed.
func (c *Capture) End(files int64) error {
	if c == nil {
		return nil
	}
	if !c.begun {
		return c.discard()
	}
	var errs []error
	for _, kind := range profile.Kinds() {
		if c.wants(kind) {
			errs = append(errs, c.end(kind, files), c.files[kind].Close())
		}
	}
	return errors.Join(errs...)
}

// end stops one kind and writes it.
func (c *Capture) end(kind string, files int64) error {
	data, err := c.take(kind)
	if err != nil {
		return fmt.Errorf("profile of kind %s: %w", kind, err)
	}
	if data == nil {
		return nil // the trace went into its file
	}
	if err := profile.Stamp(c.files[kind], data, kind, files); err != nil {
		return fmt.Errorf("write the profile of kind %s: %w", kind, err)
	}
	return nil
}

func (c *Capture) take(kind string) (*format.Profile, error) {
	switch kind {
	case profile.CPU:
		pprof.StopCPUProfile()
		return format.Parse(c.raw[kind])
	case profile.FGProf:
		return c.wall()
	case profile.Mutex:
		defer runtime.SetMutexProfileFraction(c.mutex)
		return lookup("mutex")
	case profile.Block:
		defer runtime.SetBlockProfileRate(0)
		return lookup("block")
	case profile.Heap:
		runtime.GC() // what is in use is known as of the last collection
		return c.sinceBegin()
	default:
		trace.Stop()
		return nil, nil
	}
}

// wall is fgprof's profile. fgprof 0.9.5 divides by the number of its samples: where
// it had no time to take one it panics, and the profile is one without samples.
func (c *Capture) wall() (p *format.Profile, err error) {
	defer func() {
		switch fault := recover().(type) {
		case nil:
		case runtime.Error:
			p, err = &format.Profile{
				SampleType: []*format.ValueType{{Type: "samples", Unit: "count"}, {Type: "time", Unit: "nanoseconds"}},
				PeriodType: &format.ValueType{Type: "wallclock", Unit: "nanoseconds"},
			}, nil
		default:
			panic(fault)
		}
	}()
	if err := c.stopWall(); err != nil {
		return nil, err
	}
	return format.Parse(c.raw[profile.FGProf])
}

// sinceBegin is the heap profile with allocations counted from Begin. What is in
// use stays as it is at the end.
func (c *Capture) sinceBegin() (*format.Profile, error) {
	now, err := lookup("heap")
	if err != nil {
		return nil, err
	}
	ratios := make([]float64, len(c.heap.SampleType))
	for i, t := range c.heap.SampleType {
		if t.Type == "alloc_objects" || t.Type == "alloc_space" {
			ratios[i] = -1
		}
	}
	if err := c.heap.ScaleN(ratios); err != nil {
		return nil, err
	}
	return format.Merge([]*format.Profile{now, c.heap})
}

func lookup(name string) (*format.Profile, error) {
	var raw bytes.Buffer
	if err := pprof.Lookup(name).WriteTo(&raw, 0); err != nil {
		return nil, err
	}
	return format.Parse(io.Reader(&raw))
}

// discard removes files that nothing was written to.
func (c *Capture) discard() error {
	var errs []error
	for _, file := range c.files {
		errs = append(errs, file.Close(), os.Remove(file.Name()))
	}
	return errors.Join(errs...)
}
