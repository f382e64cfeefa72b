package pool

import (
	"context"
	"sync"
)

// Options are what schedulers need to know beside the work.
type Options struct {
	// Size is the number of tasks done at once, ≥ 1.
	Size int
	// Enter, if not nil, is called on each worker goroutine with its slot and must
	// call run once, on the same goroutine; run returns when the goroutine has no
	// more work. It is the place for a root function, profiler labels and [Bind].
	// A scheduler with a goroutine for each task calls it for each task.
	Enter func(slot int, run func())
}

// Work says what becomes of a task. Both functions are called from several
// goroutines, but from one at a time for each slot.
type Work[T any] struct {
	// Do does one task. If it panics the panic ends that task alone, and what it
	// spawned before is done nevertheless.
	Do func(w *Worker[T], task T) error
	// Settle is called exactly once for each task: with the error of Do, with a
	// *Panic, with ErrGoexit, or with context.Cause if the context ended before
	// the task began. A panic of Settle is not contained.
	Settle func(slot int, task T, err error)
}

// Worker is what a task sees of the pool that does it. It is valid until Do
// returns, on the goroutine of Do.
type Worker[T any] struct {
	Slot int // 0 ≤ Slot < Size

	host   host[T]
	nested bool // the task under way came through Spawn
	exited bool // the task under way ended the goroutine
}

// host is the part of a scheduler that takes nested tasks.
type host[T any] interface {
	spawn(slot int, task T)
}

// Spawn hands over a nested task of the same pool, settled like any other; it
// does not wait. The task may begin before Do returns, in another slot; a task
// that must not begin earlier is to be returned some other way.
func (w *Worker[T]) Spawn(task T) { w.host.spawn(w.Slot, task) }

// crew is what the schedulers share: goroutines that do and settle tasks.
type crew[T any] struct {
	ctx   context.Context //nolint:containedctx // a crew lives as long as the call that made it
	enter func(slot int, run func())
	work  Work[T]
	group sync.WaitGroup
}

// feed is how a scheduler gives its workers task after task.
type feed[T any] struct {
	host   host[T]
	next   func(w *Worker[T]) (task T, ok bool) // waits; not ok means that no task will come any more
	finish func(w *Worker[T])                   // called when a nested task is settled
}

// staff runs size workers until each of them finds no more work.
func (c *crew[T]) staff(size int, f feed[T]) {
	for slot := range size {
		c.start(&Worker[T]{Slot: slot, host: f.host}, f)
	}
	c.group.Wait()
}

// start runs a worker on a goroutine of its own. If a task ends the goroutine,
// the same worker goes on with another.
func (c *crew[T]) start(w *Worker[T], f feed[T]) {
	c.group.Go(func() {
		defer func() {
			if w.exited {
				w.exited = false
				c.start(w, f)
			}
		}()
		c.entered(w.Slot, func() { c.serve(w, f) })
	})
}

// entered calls run through Enter.
func (c *crew[T]) entered(slot int, run func()) {
	if c.enter == nil {
		run()
		return
	}
	calls := 0
	c.enter(slot, func() { calls++; run() })
	if calls != 1 {
		panic("pool: Options.Enter must call run once")
	}
}

func (c *crew[T]) serve(w *Worker[T], f feed[T]) {
	for {
		if w.nested { // also the one that ended the goroutine before this one
			w.nested = false
			f.finish(w)
		}
		task, ok := f.next(w)
		if !ok {
			return
		}
		c.do(w, task)
	}
}

// do does and settles one task.
func (c *crew[T]) do(w *Worker[T], task T) {
	if c.ctx.Err() != nil { // asked first: Err is an atomic load, Cause takes a lock
		c.work.Settle(w.Slot, task, context.Cause(c.ctx))
		return
	}
	exits := true
	defer func() {
		if exits {
			w.exited = true
			c.work.Settle(w.Slot, task, ErrGoexit)
		}
	}()
	err := c.attempt(w, task)
	exits = false
	c.work.Settle(w.Slot, task, err)
}

func (c *crew[T]) attempt(w *Worker[T], task T) (err error) {
	defer Recover(&err)
	return c.work.Do(w, task)
}
