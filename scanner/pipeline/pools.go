package pipeline

import (
	"iter"
	"slices"
	"sync"

	"sluice/scanner/observe"
	"sluice/scanner/pool"
	"sluice/scanner/source"
)

// An errand is what crosses the channel, and what the analysers' pool does: all
// of a batch, or one file of it where thieves may take the others.
type errand struct {
	batch *batch
	file  int // index in the batch, or whole
}

const whole = -1

// twoPools runs a pool of readers and one of analysers, joined by the channel.
func (r *run) twoPools(items iter.Seq[source.Item]) {
	discovered := make(chan queued, ahead)
	errands := make(chan errand, r.opts.Buffer)
	batcher := newBatcher(errands, r.opts.Batch, r.opts.Linger)
	r.flush = batcher.flush
	readers := r.newCrew(crewOf{name: "read", root: readPool, size: r.opts.Readers, kind: observe.IO, stays: true, reads: true, cores: r.ioCores})
	analysts := r.newCrew(crewOf{name: "analyse", root: analysePool, size: r.opts.Analysers, kind: observe.CPU, stays: true, analyses: true, cores: r.cpuCores})

	schedule := pool.Queue[errand]
	if r.opts.Scheduler == Steal {
		schedule = pool.Steal[errand]
	}
	var stages sync.WaitGroup
	stages.Go(func() {
		defer batcher.close()
		r.labelled(readers, func() {
			pool.Queue(r.ctx, readers.options(r), discovered, pool.Work[queued]{
				Do: func(w *pool.Worker[queued], q queued) error {
					r.fetch(readers.desks[w.Slot], q, batcher)
					return nil
				},
				Settle: func(slot int, q queued, err error) { r.settle(readers.desks[slot], q.Path, err) },
			})
		})
	})
	stages.Go(func() {
		r.labelled(analysts, func() {
			schedule(r.ctx, analysts.options(r), errands, pool.Work[errand]{
				Do: func(w *pool.Worker[errand], e errand) error {
					r.do(w, analysts.desks[w.Slot], e)
					return nil
				},
				Settle: func(slot int, e errand, err error) { r.settleErrand(analysts.desks[slot], batcher, e, err) },
			})
		})
	})
	r.drive(items, discovered, &stages)
}

// fetch reads a file and hands it over.
func (r *run) fetch(d *desk, q queued, to *batcher) {
	defer d.reads.giveBack()
	if f, ok := r.read(d, q); ok {
		r.offer(d, &f)
		to.put(r, d, f) // the file is the analysers' now
	}
	d.watched.Set(idle, r.now())
}

// do analyses one file, or a batch: file by file, or under Steal with each file
// laid where thieves find it, the first on top.
func (r *run) do(w *pool.Worker[errand], d *desk, e errand) {
	b := e.batch
	switch {
	case e.file != whole:
		r.analyse(d, r.seats[w.Slot], &b.files[e.file])
	case r.opts.Scheduler == Steal && len(b.files) > 1:
		b.share()
		for i := range slices.Backward(b.files) {
			w.Spawn(errand{batch: b, file: i})
		}
	default:
		for i := range b.files {
			r.analyse(d, r.seats[w.Slot], &b.files[i])
		}
	}
}

// settleErrand books what was not done, and takes the batch back with its last
// file.
func (r *run) settleErrand(d *desk, from *batcher, e errand, err error) {
	b := e.batch
	if e.file != whole {
		r.abandon(d, &b.files[e.file], err)
	} else if !b.shared {
		for i := range b.files {
			r.abandon(d, &b.files[i], err)
		}
	}
	if b.settled(e) {
		from.recycle(b)
	}
}

// onePool runs a pool whose workers read and analyse, each a file at a time: a
// goroutine or a thread for each file, or the readers themselves. Where fewer
// files may be read, or analysed, than the pool has slots, a semaphore bounds
// them besides; where the numbers are equal a slot is held for the whole of a
// file's way.
func (r *run) onePool(items iter.Seq[source.Item]) {
	discovered := make(chan queued, ahead)
	schedule, of := r.single()
	crew := r.newCrew(of)
	var permits chan struct{} // to read; nil if each slot has one
	if r.opts.Readers < of.size {
		permits = make(chan struct{}, r.opts.Readers)
	}
	var free chan *seat // to analyse in; nil if each slot has one
	if len(r.seats) < of.size {
		free = make(chan *seat, len(r.seats))
		for _, s := range r.seats {
			free <- s
		}
	}
	var stages sync.WaitGroup
	stages.Go(func() {
		r.labelled(crew, func() {
			schedule(r.ctx, crew.options(r), discovered, pool.Work[queued]{
				Do: func(w *pool.Worker[queued], q queued) error {
					d := crew.desks[w.Slot]
					defer d.reads.giveBack()
					if f, ok := r.readPermitted(d, q, permits); ok {
						r.offer(d, &f)
						r.analyseSeated(d, w.Slot, &f, free)
					}
					d.watched.Set(idle, r.now())
					return nil
				},
				Settle: func(slot int, q queued, err error) { r.settle(crew.desks[slot], q.Path, err) },
			})
		})
	})
	r.drive(items, discovered, &stages)
}

// single is the scheduler of a run with one pool, and that pool.
func (r *run) single() (scheduler[queued], crewOf) {
	size := max(r.opts.Readers, r.opts.Analysers)
	switch r.opts.Scheduler {
	case Threads:
		return pool.Threads[queued], crewOf{name: "threads", root: threadsPool, size: min(size, pool.MostThreads), kind: observe.CPU, reads: true, analyses: true}
	case Inline:
		return pool.Inline[queued], crewOf{name: "inline", root: inlinePool, size: r.opts.Readers, kind: observe.IO, stays: true, reads: true, analyses: true}
	default:
		return pool.PerFile[queued], crewOf{name: "per-file", root: perFilePool, size: size, kind: observe.CPU, reads: true, analyses: true}
	}
}

// readPermitted reads under a permit. Whoever holds one gives it back without
// regard to the context, so that waiting for it needs no select.
func (r *run) readPermitted(d *desk, q queued, permits chan struct{}) (f loaded, ok bool) {
	if permits != nil {
		select {
		case permits <- struct{}{}:
		default:
			d.watched.Set(waiting, r.now())
			permits <- struct{}{}
		}
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
	d.watched.Set(waiting, f.ready)
	s := <-free
	defer func() { free <- s }()
	r.analyse(d, s, f)
}
