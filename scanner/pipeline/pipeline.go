// Package pipeline joins the stages of a scan: a source is walked, its files
// are read by one pool, handed over in batches through a channel, and analysed
// by another pool. Who works where, the channel, the batches and the memory in
// flight are its options; none of them changes what is found.
//
//	source ─▶ [limit] readers ─▶ memory budget ─▶ batcher ─▶ channel ─▶ [limit] analysers ─▶ accounts, one for each worker
//
// Under the schedulers with one pool there is neither batch nor channel: who
// reads a file analyses it.
//
// Every file that the source yields is settled exactly once, as scanned, skipped
// or failed, in the account of the worker that settled it; the accounts are
// merged when all workers have ended. Channels, the open batch and the memory
// budget are all that workers share on a file's way; recording times takes a
// lock once in 256 files.
//
// Run owns every goroutine and returns when the last has ended. Each stage
// receives until its sender closes the channel. When the context ends, the
// stages go on receiving and settle what they receive as cancelled, hence no
// sender waits in vain, and no send needs a select.
//
// A reader never waits for the analysers while it holds what they need: what it
// holds is the buffer of the file that it hands over, and memory that was given
// to files which are with the analysers already, or will be once a batch has
// lingered. So pools of one worker each cannot deadlock, whatever the budget.
//
// Where a limiter moves how many files are read at once, a reader holds its permit
// until the file is handed over: what waits for room counts, or a full channel
// would let in ever more. An analyser's permit is held while it analyses. A permit
// to read is never waited for with one held, nor one to analyse with one to read,
// but under Inline, whose readers are bounded by what they have in hand; those that analyse wait for nobody.
//
// Workers tell package observe what they do: waiting for a file, for memory, for
// room or for storage are declared waits. How long a reader runs between them is
// measured, and a worker that computes or blocks where it should not is
// reported.
//
// The package knows neither languages nor findings: see [Analyser].
package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"time"

	"sluice/scanner/observe"
	"sluice/scanner/source"
)

// An Analyser analyses files, one at a time; each worker has its own. What it
// finds it keeps, for whoever made it to collect once Run has returned.
type Analyser interface {
	// Analyse must not keep src, which is overwritten after it returns. An error
	// or a panic is the failure of that file; after a panic the analyser is
	// closed and replaced by a new one.
	Analyse(path string, src []byte) (Verdict, error)
	// Close frees what the analyser holds outside Go's heap.
	Close()
}

// ErrInterrupted is what an analyser returns from a file that it left undone
// because of Options.Interrupt. The file is failed as cancelled.
var ErrInterrupted = errors.New("analysis interrupted")

// ErrStalled ends a run without progress, where Options.FailStalled says so. Its
// goroutines may go on: the process should end.
var ErrStalled = errors.New("the scan makes no progress")

// Verdict says what an analyser made of a file.
type Verdict struct {
	Language string // what it was analysed as
	Skip     string // why it was not, "binary" for instance; empty if it was
	Tree     int64  // bytes that it took beside its source, in a parse tree say; 0 if none or unknown
}

// A Journal notes which file each analyser works on, so that a crash that nobody
// recovers from can be laid at a file's door.
type Journal interface {
	Begin(analyser int, path string) // of Analysers, or of Readers under Inline
	End(analyser int)
}

// The schedulers that Options knows. Those with two pools read in one and
// analyse in another; the others do both in one place.
const (
	Queue   = "queue"    // readers and analysers, each a fixed number, joined by a channel
	Steal   = "steal"    // the same, and analysers without work take it from those that have some
	PerFile = "per-file" // a goroutine for each file that reads and analyses it
	Threads = "threads"  // a thread for each file, at most pool.MostThreads at once
	Inline  = "inline"   // the readers analyse what they have read
)

// What Options ties workers to.
const (
	Free      = "none"      // nothing
	Locked    = "locked"    // a thread each
	Partition = "partition" // a thread each, on the cores of their pool; as Locked where there is one pool
)

// How Options has files read.
const (
	Read   = "read" // into a buffer that is used again
	Mapped = "mmap" // copied into one from a mapping; see package mapped
)

// Options are the concurrency of a run and what it works with.
type Options struct {
	Readers   int    // files read at once, ≥ 1
	Analysers int    // files analysed at once, ≥ 1
	Scheduler string // Queue, Steal, PerFile, Threads or Inline
	Pin       string // Free, Locked or Partition; empty is Free
	Reader    string // Read or Mapped; empty is Read

	Buffer int           // batches that the channel holds, ≥ 0; 0 is unbuffered. Two pools only
	Batch  int           // files in a batch, ≥ 1. Two pools only
	Linger time.Duration // longest wait of a batch for more files, ≥ 0; 0 sends each file at once. Two pools only

	// ReadLimit moves how many files are on their way between a reader's permit and
	// the analysers, within Readers; AnalyseLimit how many are analysed at once,
	// within Analysers.
	ReadLimit, AnalyseLimit Limit

	MaxFileBytes int64 // longer files are skipped, ≥ 1

	// BudgetBytes bounds the estimated resident bytes in flight, source and parse
	// tree; 0 is none. A file dearer than that is analysed alone.
	BudgetBytes int64
	// Class names what a file's memory is estimated by, its language; nil is one
	// class for all. The estimates follow what Verdict.Tree tells.
	Class func(path string) string

	New func() Analyser // makes the analyser of one worker; called from several goroutines
	// Interrupt is called when the run is to end before its source: analysers that
	// can leave a file undone then return ErrInterrupted from it. May be nil.
	Interrupt func()
	Started   func()         // called once when the workers stand ready, before the first file; may be nil
	Progress  func(Progress) // called twice a second from one goroutine; may be nil
	Journal   Journal        // may be nil

	// Stall is how long a run may settle no file while a worker is in no declared
	// wait, before Stalled hears of it; 0 is never. With FailStalled the run then
	// ends with ErrStalled.
	Stall       time.Duration
	FailStalled bool
	Stalled     func(observe.Stall)  // called once, from a goroutine of the run; may be nil
	Watch       func(observe.Report) // called when the watchdog finds something, likewise; may be nil

	// Seed is of the moments at which the files in flight are looked at. Runs that are
	// compared need different ones: with the same moments they share the sampling error.
	Seed uint64
	// Sampler makes what samples the files in flight of these tallies; nil samples
	// from the monitor's goroutine. See observe.MonitorOptions.Sampler.
	Sampler func([]*observe.Tally) func(*observe.Gauge, <-chan struct{})

	// Unobserved leaves out all that package observe does, times of stations and
	// sojourns included, to measure what it costs.
	Unobserved bool
}

// Progress says how far a run has come.
type Progress struct {
	Discovered int64         // files that the source has yielded so far
	Done       int64         // of these: scanned, skipped or failed
	Bytes      int64         // in scanned files
	Walked     bool          // the source is exhausted: Discovered is final
	Elapsed    time.Duration // since the workers stood ready
}

// validate reports every fault at once.
func (o Options) validate() error {
	var errs []error
	least := func(name string, got, least int64) {
		if got < least {
			errs = append(errs, fmt.Errorf("%s is %d; use %d or more", name, got, least))
		}
	}
	least("readers", int64(o.Readers), 1)
	least("analysers", int64(o.Analysers), 1)
	least("batch", int64(o.Batch), 1)
	least("buffer", int64(o.Buffer), 0)
	least("largest file in bytes", o.MaxFileBytes, 1)
	if o.Linger < 0 {
		errs = append(errs, fmt.Errorf("linger is %v; use 0 or more", o.Linger))
	}
	least("memory budget in bytes", o.BudgetBytes, 0)
	among := func(name, got string, words ...string) {
		if !slices.Contains(words, got) {
			errs = append(errs, fmt.Errorf("%s is %q; use %s", name, got, strings.Join(words, ", ")))
		}
	}
	among("scheduler", o.Scheduler, Queue, Steal, PerFile, Threads, Inline)
	among("pin", o.Pin, Free, Locked, Partition)
	among("reader", o.Reader, Read, Mapped)
	if o.New == nil {
		errs = append(errs, errors.New("no function makes analysers"))
	}
	return errors.Join(errs...)
}

// Run scans the items of a source, whose files fsys opens. It returns the
// account of what became of them; if ctx ends first it returns context.Cause(ctx)
// and the account of what had been done, in which the files under way are failed
// as cancelled. A file that fails is in the account and no error.
//
// An analysis under way is interrupted, where analysers can be; a read is waited
// for. Run with FailStalled waits for neither longer than patience.
func Run(ctx context.Context, fsys fs.FS, items iter.Seq[source.Item], o Options) (Account, error) {
	o.Pin, o.Reader = cmp.Or(o.Pin, Free), cmp.Or(o.Reader, Read)
	if o.Class == nil {
		o.Class = func(string) string { return "" }
	}
	if err := o.validate(); err != nil {
		return Account{}, fmt.Errorf("start the pipeline: %w", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if o.Interrupt != nil {
		defer context.AfterFunc(ctx, o.Interrupt)()
	}
	r, err := newRun(ctx, cancel, fsys, o)
	if err != nil {
		return Account{}, fmt.Errorf("start the pipeline: %w", err)
	}
	defer r.close()
	if o.Scheduler == Queue || o.Scheduler == Steal {
		r.twoPools(items)
	} else {
		r.onePool(items)
	}
	account := r.account()
	if r.stuck || ctx.Err() != nil && (!r.walked.Load() || account.Failed[Cancelled] > 0) {
		return account, context.Cause(ctx)
	}
	return account, nil
}
