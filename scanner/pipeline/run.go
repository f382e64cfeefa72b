package pipeline

import (
	"context"
	"io/fs"
	"iter"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"time"

	"sluice/scanner/observe"
	"sluice/scanner/pool"
	"sluice/scanner/source"
)

// ahead is how many files the source may be discovered ahead of the readers: far
// enough that a slow directory does not starve them, near enough that a million
// files never wait in memory.
const ahead = 256

// progressEvery keeps callers from redrawing faster than twice a second while
// the scan is timed.
const progressEvery = 500 * time.Millisecond

// A run is one scan under way. Times are durations since its start.
type run struct {
	ctx    context.Context //nolint:containedctx // a run lives as long as the call that made it
	cancel context.CancelCauseFunc
	fsys   fs.FS
	opts   Options

	start      time.Time // set once the workers stand ready, before the first item
	discovered atomic.Int64
	walked     atomic.Bool // the source came to its end

	seats   []*seat // one for each file analysed at once
	desks   []*desk // one for each slot of each pool
	buffers buffers

	reading   *observe.Meter
	analysing *observe.Meter
	sojourn   *observe.Series // from the reader's taking a file to its result
	service   *observe.Series // reading plus analysis
}

// queued is an item on its way to a reader.
type queued struct {
	source.Item
	at time.Duration // when it was discovered
}

func newRun(ctx context.Context, cancel context.CancelCauseFunc, fsys fs.FS, o Options) *run {
	r := &run{
		ctx: ctx, cancel: cancel, fsys: fsys, opts: o,
		reading:   observe.NewMeter("read", o.Readers),
		analysing: observe.NewMeter("analyse", o.Analysers),
		sojourn:   observe.NewSeries(),
		service:   observe.NewSeries(),
	}
	for range o.Analysers {
		r.seats = append(r.seats, &seat{analyser: o.New(), fresh: o.New})
	}
	return r
}

func (r *run) close() {
	for _, s := range r.seats {
		s.analyser.Close()
	}
}

// now is the time since the start.
func (r *run) now() time.Duration { return time.Since(r.start) }

// queue runs a pool of readers and one of analysers.
func (r *run) queue(items iter.Seq[source.Item]) {
	discovered := make(chan queued, ahead)
	batches := make(chan *batch, r.opts.Buffer)
	batcher := newBatcher(batches, r.opts.Batch, r.opts.Linger)
	readers := r.newDesks(r.opts.Readers, true, false)
	analysts := r.newDesks(r.opts.Analysers, false, true)

	var stages sync.WaitGroup
	stages.Go(func() {
		defer batcher.close()
		r.labelled("read", func() {
			pool.Queue(r.ctx, r.opts.Readers, discovered, pool.Work[queued]{
				Do: func(slot int, q queued) error {
					if f, ok := r.read(readers[slot], q); ok {
						batcher.put(f)
					}
					return nil
				},
				Settle: func(slot int, q queued, err error) { r.settle(readers[slot], q.Path, err) },
			})
		})
	})
	stages.Go(func() {
		r.labelled("analyse", func() {
			pool.Queue(r.ctx, r.opts.Analysers, batches, pool.Work[*batch]{
				Do: func(slot int, b *batch) error {
					for b.next < len(b.files) {
						f := &b.files[b.next]
						b.next++
						r.analyse(analysts[slot], r.seats[slot], f)
					}
					return nil
				},
				Settle: func(slot int, b *batch, err error) {
					for ; b.next < len(b.files); b.next++ {
						r.settle(analysts[slot], b.files[b.next].path, err)
					}
					batcher.recycle(b)
				},
			})
		})
	})
	r.drive(items, discovered, &stages)
}

// perFile runs a goroutine for each file, max(readers, analysers) at once. Where
// the two differ the smaller one is a semaphore of its own besides; where they are
// equal one semaphore is held for the whole of a file's way.
func (r *run) perFile(items iter.Seq[source.Item]) {
	size := max(r.opts.Readers, r.opts.Analysers)
	discovered := make(chan queued, ahead)
	desks := r.newDesks(size, true, true)
	var permits chan struct{} // to read; nil if each slot has one
	if r.opts.Readers < size {
		permits = make(chan struct{}, r.opts.Readers)
	}
	var free chan *seat // to analyse in; nil if each slot has one
	if r.opts.Analysers < size {
		free = make(chan *seat, len(r.seats))
		for _, s := range r.seats {
			free <- s
		}
	}
	var stages sync.WaitGroup
	stages.Go(func() {
		r.labelled("per-file", func() {
			pool.PerFile(r.ctx, size, discovered, pool.Work[queued]{
				Do: func(slot int, q queued) error {
					if f, ok := r.readPermitted(desks[slot], q, permits); ok {
						r.analyseSeated(desks[slot], slot, &f, free)
					}
					return nil
				},
				Settle: func(slot int, q queued, err error) { r.settle(desks[slot], q.Path, err) },
			})
		})
	})
	r.drive(items, discovered, &stages)
}

// readPermitted reads under a permit. Whoever holds one gives it back without
// regard to the context, so that waiting for it needs no select.
func (r *run) readPermitted(d *desk, q queued, permits chan struct{}) (f loaded, ok bool) {
	if permits != nil {
		permits <- struct{}{}
		defer func() { <-permits }()
	}
	return r.read(d, q)
}

// analyseSeated analyses in a free seat, or in the slot's own.
func (r *run) analyseSeated(d *desk, slot int, f *loaded, free chan *seat) {
	if free == nil {
		r.analyse(d, r.seats[slot], f)
		return
	}
	s := <-free
	defer func() { free <- s }()
	r.analyse(d, s, f)
}

// labelled marks the goroutines of a pool, so that profiles tell them apart: a
// goroutine inherits the labels of the one that starts it.
func (r *run) labelled(name string, f func()) {
	pprof.Do(r.ctx, pprof.Labels("pool", name), func(context.Context) { f() })
}

// drive starts the clock, walks the source into the channel, closes it and waits
// for the stages. It is called with the workers standing ready; the caller's
// goroutine walks.
func (r *run) drive(items iter.Seq[source.Item], out chan<- queued, stages *sync.WaitGroup) {
	err := r.begin()
	if err == nil {
		defer r.watch()()
		err = r.walk(items, out)
	}
	if err != nil {
		r.cancel(err)
	}
	close(out)
	stages.Wait()
}

// begin says that the workers stand ready, and starts the clock.
func (r *run) begin() (err error) {
	defer pool.Recover(&err)
	if r.opts.Started != nil {
		r.opts.Started()
	}
	r.start = time.Now()
	return nil
}

// walk counts and sends each item, until the source or the context ends. A
// panic of the source is the error of the whole run: what it had still to yield
// is unknown.
func (r *run) walk(items iter.Seq[source.Item], out chan<- queued) (err error) {
	defer pool.Recover(&err)
	for item := range items {
		if r.ctx.Err() != nil {
			return nil
		}
		r.discovered.Add(1)
		out <- queued{Item: item, at: r.now()}
	}
	r.walked.Store(true)
	return nil
}
