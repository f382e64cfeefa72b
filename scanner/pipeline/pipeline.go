// Package pipeline joins the stages of a scan: a source is walked, its files
// are read by one pool, handed over in batches through a channel, and analysed
// by another pool. Each number of workers, the channel and the batches are its
// options; none of them changes what is found.
//
//	source ─▶ readers ─▶ batcher ─▶ channel ─▶ analysers ─▶ accounts, one for each worker
//
// Under the per-file scheduler there is neither batch nor channel: a goroutine
// for each file reads and analyses it.
//
// Every file that the source yields is settled exactly once, as scanned, skipped
// or failed, in the account of the worker that settled it; the accounts are
// merged when all workers have ended. Channels and the open batch are all that
// workers share on a file's way; recording times takes a lock once in 256 files.
//
// Run owns every goroutine and returns when the last has ended. Each stage
// receives until its sender closes the channel. When the context ends, the
// stages go on receiving and settle what they receive as cancelled, hence no
// sender waits in vain, and no send needs a select.
//
// The package knows neither languages nor findings: see [Analyser].
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"time"

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

// Verdict says what an analyser made of a file.
type Verdict struct {
	Language string // what it was analysed as
	Skip     string // why it was not, "binary" for instance; empty if it was
}

// The schedulers that Options knows.
const (
	Queue   = "queue"    // readers and analysers, each a fixed number, joined by a channel
	PerFile = "per-file" // a goroutine for each file that reads and analyses it
)

// Options are the concurrency of a run and what it works with.
type Options struct {
	Readers   int    // files read at once, ≥ 1
	Analysers int    // files analysed at once, ≥ 1
	Scheduler string // Queue or PerFile

	Buffer int           // batches that the channel holds, ≥ 0; 0 is unbuffered. Queue only
	Batch  int           // files in a batch, ≥ 1. Queue only
	Linger time.Duration // longest wait of a batch for more files, ≥ 0; 0 sends each file at once. Queue only

	MaxFileBytes int64 // longer files are skipped, ≥ 1

	New      func() Analyser // makes the analyser of one worker; called from several goroutines
	Started  func()          // called once when the workers stand ready, before the first file; may be nil
	Progress func(Progress)  // called twice a second from one goroutine; may be nil
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
	if o.Scheduler != Queue && o.Scheduler != PerFile {
		errs = append(errs, fmt.Errorf("scheduler is %q; use %s or %s", o.Scheduler, Queue, PerFile))
	}
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
// A read or an analysis under way cannot be interrupted: Run waits for it.
func Run(ctx context.Context, fsys fs.FS, items iter.Seq[source.Item], o Options) (Account, error) {
	if err := o.validate(); err != nil {
		return Account{}, fmt.Errorf("start the pipeline: %w", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := newRun(ctx, cancel, fsys, o)
	defer r.close()
	if o.Scheduler == PerFile {
		r.perFile(items)
	} else {
		r.queue(items)
	}
	account := r.account()
	if ctx.Err() != nil && (!r.walked.Load() || account.Failed[Cancelled] > 0) {
		return account, context.Cause(ctx)
	}
	return account, nil
}
