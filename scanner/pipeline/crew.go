package pipeline

import (
	"context"
	"fmt"
	"runtime/pprof"
	"sync/atomic"

	"sluice/scanner/observe"
	"sluice/scanner/pool"
)

// The states of a worker, as the watchdog knows them: declared waits, and
// computing.
const (
	idle      = observe.Idle
	waiting   = observe.Waiting
	reading   = observe.Reading
	computing = observe.Computing
)

// scheduler is what the schedulers of package pool are to a run with one pool.
type scheduler[T any] func(context.Context, pool.Options, <-chan T, pool.Work[T])

// crewOf describes the workers of a pool.
type crewOf struct {
	name            string       // of the label in profiles
	root            func(func()) // the function at the root of each worker's stack
	size            int
	reads, analyses bool
	kind            observe.Kind
	stays           bool  // its workers live as long as the run, and stand ready before it begins
	cores           []int // that the workers are bound to; none for any
}

// A crew is a pool's workers with their desks, one for each slot.
type crew struct {
	crewOf
	desks   []*desk
	entered []atomic.Bool // by slot; of workers that live as long as the run
}

// newCrew makes the desks of a pool and remembers them for the account.
func (r *run) newCrew(of crewOf) *crew {
	c := &crew{crewOf: of, entered: make([]atomic.Bool, of.size)}
	if of.stays {
		r.standing.Add(of.size)
	}
	for slot := range of.size {
		d := &desk{skipped: map[string]int64{}, failed: map[string]int64{}, languages: map[string]int64{}}
		d.watched = r.monitor.Worker(of.name, slot, of.kind)
		if of.reads && !r.opts.Unobserved {
			d.reading = r.reading.Probe()
			d.watched.HoldInto(d.reading.Hold)
			d.budget = r.waiting.Recorder()
		}
		if of.analyses && !r.opts.Unobserved {
			d.analysing = r.analysing.Probe()
			d.sojourn, d.service, d.costs = r.sojourn.Recorder(), r.service.Recorder(), new(observe.Ledger)
		}
		c.desks = append(c.desks, d)
		r.tallies = append(r.tallies, &d.tally)
	}
	r.desks = append(r.desks, c.desks...)
	return c
}

// options are the pool's, with what each worker does first: bind itself, and
// tell the watchdog which goroutine it is.
func (c *crew) options(r *run) pool.Options {
	return pool.Options{Size: c.size, Enter: func(slot int, work func()) {
		if r.opts.Pin != Free {
			if err := pool.Bind(c.cores); err != nil {
				r.cancel(fmt.Errorf("cpu.pin %s: %w; use cpu.pin none", r.opts.Pin, err))
			}
		}
		watched := c.desks[slot].watched
		watched.Enter()
		defer func() { watched.Leave(r.now()) }() // also where a task ends its goroutine
		if c.stays && !c.entered[slot].Swap(true) {
			r.standing.Done()
		}
		c.root(work)
	}}
}

// labelled marks the goroutines of a pool, so that profiles tell them apart: a
// goroutine inherits the labels of the one that starts it.
func (r *run) labelled(c *crew, f func()) {
	pprof.Do(r.ctx, pprof.Labels("pool", c.name), func(context.Context) { f() })
}

// The roots of the pools' stacks. Profiles that carry no labels, such as those
// of blocking, of locks and of fgprof, are told apart by them; they must stay
// functions of their own.

//go:noinline
func readPool(work func()) { work() }

//go:noinline
func analysePool(work func()) { work() }

//go:noinline
func perFilePool(work func()) { work() }

//go:noinline
func threadsPool(work func()) { work() }

//go:noinline
func inlinePool(work func()) { work() }
