// Package scanner finds what its rules object to in a tree of source files, with
// every concurrency decision taken by a config.Config.
//
// A file's way: a source (package source) yields it, a reader reads it, a batch
// carries it through a channel, an analyser (package analyze) parses it and matches
// the rules, and the worker that analysed it books the result (package pipeline).
// [Scan] joins them and turns the books into [Stats].
//
//	engine, err := analyze.New(pack)                 // once
//	result, err := scanner.Scan(ctx, scanner.Options{
//		Config: config.Default(cores),
//		FS:     source.Dir(root),
//		Engine: engine,
//	})
//
// The configuration changes how fast, never what is found: the findings come
// sorted, and their digest is the same for each of them. Whatever happens to a
// file, it ends as scanned, skipped or failed, and Stats adds up.
//
// The package reads no environment, prints nothing and changes nothing of the
// process; [Apply] does the latter, for a caller that owns the process.
package scanner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"runtime"
	"sync"
	"time"

	"sluice/scanner/analyze"
	"sluice/scanner/config"
	"sluice/scanner/finding"
	"sluice/scanner/observe"
	"sluice/scanner/observe/sampler"
	"sluice/scanner/pipeline"
	"sluice/scanner/source"
)

// DefaultMaxFileBytes is the length beyond which files are skipped unless asked
// otherwise: a parse tree takes about thirty times its source, 1 GB for such a file.
const DefaultMaxFileBytes = 32 << 20

// SkipBinary is the reason for which files that are no text are skipped.
const SkipBinary = "binary"

// Progress says how far a scan has come.
type Progress = pipeline.Progress

// Failure is a file that could not be scanned: its path, the reason under which
// Stats.Failed counts it, and the error in detail.
type Failure = pipeline.Failure

// Options say what to scan and how.
type Options struct {
	// Config must be valid. Its memory and runtime knobs belong to the process:
	// see Apply.
	Config config.Config
	// FS opens the files; paths of findings are those within it.
	FS fs.FS
	// Items are the files; nil walks all of FS. They are taken in the order that
	// Config.Source names.
	Items iter.Seq[source.Item]
	// Engine finds. It may serve several scans at once, and is not closed.
	Engine *analyze.Engine
	// Analyser takes the engine's place, of which exactly one is given: it makes the
	// analyser of one worker, is called from any goroutine, and what it makes finds
	// nothing. See package contrast.
	Analyser func() pipeline.Analyser
	// MaxFileBytes is the length beyond which a file is skipped; 0 is
	// DefaultMaxFileBytes.
	MaxFileBytes int64
	// Progress is called at most twice a second from one goroutine; may be nil.
	Progress func(Progress)
	// Journal notes the files that are being analysed, for whoever has to explain a
	// crash; may be nil.
	Journal pipeline.Journal
	// Stall is how long no file may be settled while a worker is in no declared wait,
	// before Stalled hears of it; 0 is never. With FailStalled the scan then ends
	// with pipeline.ErrStalled.
	Stall       time.Duration
	FailStalled bool
	Stalled     func(observe.Stall)
	// Watch is called when the watchdog reports a worker that computes, or blocks,
	// where it should not; may be nil. Stats has the first reports in any case.
	Watch func(observe.Report)
	// Seed is of the moments at which the files in flight are looked at; see
	// pipeline.Options.
	Seed uint64
	// Unobserved leaves out what package observe does, to measure what it costs.
	Unobserved bool
	// Started is called once, when the workers stand ready and before the source
	// is asked for the first file: Stats.WallS counts from here. May be nil.
	Started func()
}

// Result is what a scan found and what it cost.
type Result struct {
	Findings []finding.Finding // sorted
	Stats    Stats
	Failures []Failure // sorted by path

	// Stuck says that the scan stalled, was to fail then, and that workers of it could
	// not be ended. They go on: the result is empty, the engine and the journal must
	// not be closed, and the process should end.
	Stuck bool
}

// validate reports every fault at once.
func (o Options) validate() error {
	errs := []error{o.Config.Validate()}
	if o.FS == nil {
		errs = append(errs, errors.New("there is no file system to scan"))
	}
	if (o.Engine == nil) == (o.Analyser == nil) {
		errs = append(errs, errors.New("a scan needs an engine or an analyser to scan with, and not both"))
	}
	if o.MaxFileBytes < 0 {
		errs = append(errs, fmt.Errorf("largest file is %d bytes; use 1 or more, or 0 for %d", o.MaxFileBytes, DefaultMaxFileBytes))
	}
	return errors.Join(errs...)
}

// Scan scans. A file that cannot be read or analysed is no error but one of the
// Failures. If ctx ends, Scan lets the files under way finish and returns
// context.Cause(ctx) with the result so far.
func Scan(ctx context.Context, o Options) (Result, error) {
	if err := o.validate(); err != nil {
		return Result{}, fmt.Errorf("scan: %w", err)
	}
	if o.MaxFileBytes == 0 {
		o.MaxFileBytes = DefaultMaxFileBytes
	}
	if o.Items == nil {
		o.Items = source.Tree(o.FS, source.TreeOptions{Done: ctx.Done()})
	}
	items := source.Order(until(ctx, o.Items), o.FS, o.Config.Source.Order)

	staff := staff{engine: o.Engine}
	hire := staff.hire
	if o.Analyser != nil {
		hire = o.Analyser
	}
	var cpuBefore float64
	started := func() {
		cpuBefore = cpuSeconds()
		if o.Started != nil {
			o.Started()
		}
	}
	if o.Engine != nil {
		// The parser cannot hear of a context; a flag in C it can read.
		staff.stop = analyze.NewStop()
	}
	reads, analyses, err := limits(o.Config)
	if err != nil {
		return Result{}, fmt.Errorf("scan: %w", err)
	}
	account, err := pipeline.Run(ctx, o.FS, items, pipeline.Options{
		Readers:      readers(o.Config),
		ReadLimit:    reads,
		AnalyseLimit: analyses,
		Reader:       o.Config.IO.Reader,
		Analysers:    o.Config.CPU.Workers,
		Scheduler:    o.Config.CPU.Scheduler,
		Pin:          o.Config.CPU.Pin,
		BudgetBytes:  o.Config.Memory.Budget,
		Class:        analyze.Language,
		Buffer:       o.Config.Channel.Buffer,
		Batch:        o.Config.Channel.Batch,
		Linger:       o.Config.Channel.Linger,
		MaxFileBytes: o.MaxFileBytes,
		New:          hire,
		Interrupt:    staff.interrupt,
		Started:      started,
		Progress:     o.Progress,
		Journal:      o.Journal,
		Stall:        o.Stall,
		FailStalled:  o.FailStalled,
		Stalled:      o.Stalled,
		Watch:        o.Watch,
		Seed:         o.Seed,
		Sampler:      sampler.New,
		Unobserved:   o.Unobserved,
	})
	cpu := cpuSeconds() - cpuBefore

	if account.Stuck {
		return Result{Stuck: true}, fmt.Errorf("scan: %w", err)
	}
	result := Result{Findings: staff.findings(), Failures: account.Failures}
	result.Stats = newStats(account, result.Findings, o.Config.Resolve(runtime.GOMAXPROCS(0)))
	result.Stats.CPUS = cpu
	result.Stats.RSSPeakBytes = rssPeakBytes()
	if err != nil {
		err = fmt.Errorf("scan: %w", err)
	}
	return result, err
}

// until ends a sequence when ctx does, which ends the collecting for an order by
// size too. The item that comes then is yielded still: the pipeline refuses it,
// and so knows that the sequence was cut short.
func until(ctx context.Context, items iter.Seq[source.Item]) iter.Seq[source.Item] {
	return func(yield func(source.Item) bool) {
		for item := range items {
			ended := ctx.Err() != nil
			if !yield(item) || ended {
				return
			}
		}
	}
}

// A staff makes the pipeline's analysers and remembers them, each of which keeps
// what it finds, so that no finding crosses a lock.
type staff struct {
	engine *analyze.Engine
	stop   *analyze.Stop

	mu   sync.Mutex
	desk []*analyst // guarded by mu
}

// hire makes the analyser of one worker.
func (s *staff) hire() pipeline.Analyser {
	a := &analyst{worker: s.engine.Worker()}
	a.worker.StopOn(s.stop)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.desk = append(s.desk, a)
	return a
}

// interrupt ends what the analysers are at.
func (s *staff) interrupt() {
	if s.stop != nil {
		s.stop.Set()
	}
}

// findings gathers what all analysers found, sorted.
func (s *staff) findings() []finding.Finding {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []finding.Finding
	for _, a := range s.desk {
		all = append(all, a.found...)
	}
	finding.Sort(all)
	return all
}

// An analyst is an analyser of the pipeline made of a worker of the engine.
type analyst struct {
	worker *analyze.Worker
	found  []finding.Finding
}

// Analyse implements pipeline.Analyser.
func (a *analyst) Analyse(path string, src []byte) (pipeline.Verdict, error) {
	report, err := a.worker.Analyze(path, src)
	if errors.Is(err, analyze.ErrStopped) {
		err = pipeline.ErrInterrupted
	}
	if err != nil {
		return pipeline.Verdict{}, err
	}
	if report.Binary {
		return pipeline.Verdict{Skip: SkipBinary}, nil
	}
	a.found = append(a.found, report.Findings...)
	return pipeline.Verdict{Language: report.Language, Tree: report.TreeBytes}, nil
}

// Close implements pipeline.Analyser.
func (a *analyst) Close() { a.worker.Close() }
