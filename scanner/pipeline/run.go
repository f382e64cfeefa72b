package pipeline

import (
	"context"
	"io/fs"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"sluice/scanner/budget"
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

	seats    []*seat          // one for each file analysed at once
	desks    []*desk          // one for each slot of each pool
	tallies  []*observe.Tally // theirs
	buffers  buffers
	budget   *budget.Budget // nil for none
	reads    *valve         // what limits reading; nil for none
	analyses *valve         // what limits analysis; nil for none
	handOver handOver
	resident *budget.Estimator
	flush    func() // sends what waits for company; nothing with one pool

	ioCores, cpuCores []int // of the pools, where they are pinned
	warnings          []string
	unmapped          atomic.Bool // a file was to be mapped and could only be read

	monitor     *observe.Monitor
	seen        observe.Summary // what the monitor saw
	stalled     chan struct{}   // closed when the run is to end because it stalled
	tellStalled func()          // closes it, once
	standing    sync.WaitGroup  // of workers that live as long as the run and have not entered yet
	stuck       bool            // it did not end then: its goroutines go on, and its books are theirs
	reading     *observe.Meter
	analysing   *observe.Meter
	sojourn     *observe.Series // from the reader's taking a file to its result
	service     *observe.Series // reading plus analysis
	waiting     *observe.Series // for the budget
}

// queued is an item on its way to a reader.
type queued struct {
	source.Item
	at time.Duration // when it was discovered
}

func newRun(ctx context.Context, cancel context.CancelCauseFunc, fsys fs.FS, o Options) (*run, error) {
	r := &run{
		ctx: ctx, cancel: cancel, fsys: fsys, opts: o,
		resident: budget.NewEstimator(),
		flush:    func() {},
		sojourn:  observe.NewSeries(),
		service:  observe.NewSeries(),
		waiting:  observe.NewSeries(),
	}
	if o.BudgetBytes > 0 {
		r.budget = budget.New(o.BudgetBytes)
	}
	if err := r.part(); err != nil {
		return nil, err
	}
	readers, analysers := o.Readers, o.Analysers
	switch o.Scheduler {
	case Threads:
		readers, analysers = min(readers, pool.MostThreads), min(analysers, pool.MostThreads)
	case Inline:
		analysers = readers
	}
	r.reading, r.analysing = observe.NewMeter("read", readers), observe.NewMeter("analyse", analysers)
	if o.Scheduler != PerFile && o.Scheduler != Threads {
		r.reading = observe.NewIOMeter("read", readers)
	}
	r.observe()
	if err := r.limit(analysers); err != nil {
		return nil, err
	}
	return r, r.seat(analysers)
}

// seat makes the analysers. Should the making panic, those that were made are
// closed.
func (r *run) seat(n int) (err error) {
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	defer pool.Recover(&err)
	for i := range n {
		r.seats = append(r.seats, &seat{index: i, analyser: r.opts.New(), fresh: r.opts.New})
	}
	return nil
}

// part shares the cores between the pools, where they are to be parted.
func (r *run) part() error {
	if r.opts.Pin != Partition || r.opts.Scheduler != Queue && r.opts.Scheduler != Steal {
		return nil
	}
	mask, err := pool.Affinity()
	if err != nil {
		return err
	}
	var warning string
	r.ioCores, r.cpuCores, warning = pool.Partition(mask, r.opts.Analysers)
	if warning != "" {
		r.warnings = append(r.warnings, "cpu.pin partition: "+warning+"; use cpu.pin none, or more cores")
	}
	return nil
}

func (r *run) close() {
	if r.stuck {
		return // an analyser in use must not be closed
	}
	for _, s := range r.seats {
		s.analyser.Close()
	}
}

// now is the time since the start.
func (r *run) now() time.Duration { return time.Since(r.start) }

// limiterNow is the same for the limiters, which ask before the start too.
func (r *run) limiterNow() time.Duration {
	if r.start.IsZero() {
		return 0
	}
	return r.now()
}

// patience is how long a run that has stalled, and is to fail, waits for workers
// that were told to end. One that is stuck in the kernel or in foreign code
// cannot be told.
const patience = 5 * time.Second

// drive starts the clock, walks the source into the channel, closes it and waits
// for the stages. It is called with the workers standing ready; the caller's
// goroutine walks.
func (r *run) drive(items iter.Seq[source.Item], out chan<- queued, stages *sync.WaitGroup) {
	r.standing.Wait()
	if err := r.begin(); err != nil {
		r.cancel(err)
		close(out)
		stages.Wait()
		return
	}
	defer r.watch()()
	r.monitor.Start(r.now)
	defer func() { r.seen = r.monitor.Stop() }()
	work := func() {
		if err := r.walk(items, out); err != nil {
			r.cancel(err)
		}
		close(out)
		stages.Wait()
	}
	if r.opts.FailStalled {
		r.unlessStuck(work)
	} else {
		work()
	}
}

// unlessStuck works in a goroutine of its own, and leaves it behind if a stalled
// run does not end within our patience.
func (r *run) unlessStuck(work func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		work()
	}()
	select {
	case <-done:
		return
	case <-r.stalled:
	}
	select {
	case <-done:
	case <-time.After(patience):
		r.stuck = true
	}
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
