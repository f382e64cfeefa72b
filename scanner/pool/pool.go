// Package pool schedules tasks on goroutines, at most so many at once.
//
// Two schedulers, one contract, one conformance suite (pooltest):
//
//   - [Queue] keeps a fixed number of workers that take tasks from a channel.
//   - [PerFile] starts a goroutine for each task once a slot is free: what a Go
//     programmer writes first.
//
// Tasks enter through a channel that the sender closes. Each task is done in a
// slot, a number below the size of the pool; two tasks in the same slot never
// run at the same time, so that state kept for each slot needs no lock. Each
// task is settled exactly once, in its slot, whatever happens to it.
//
// A scheduler blocks until the channel is closed, every task is settled and no
// goroutine of its own is left. When the context ends it goes on receiving, and
// settles what it receives undone, so that a sender is never left waiting.
// It knows nothing of files, limits or clocks.
package pool

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
)

// Work says what becomes of a task. Both functions are called from several
// goroutines, but from one at a time for each slot.
type Work[T any] struct {
	// Do does one task. If it panics the panic ends that task alone.
	Do func(slot int, task T) error
	// Settle is called exactly once for each task: with the error of Do, with a
	// *Panic, or with context.Cause if the context ended before the task began.
	Settle func(slot int, task T, err error)
}

// Queue works off tasks with size workers (≥ 1), worker i in slot i. Handing a
// task over costs a receive from the channel.
func Queue[T any](ctx context.Context, size int, tasks <-chan T, work Work[T]) {
	var workers sync.WaitGroup
	for slot := range size {
		workers.Go(func() {
			for task := range tasks {
				work.run(ctx, slot, task)
			}
		})
	}
	workers.Wait()
}

// PerFile starts a goroutine for each task and lets at most size (≥ 1) live at
// once: it waits for a slot before it starts the goroutine, so that a million
// tasks do not become a million goroutines. A task costs a goroutine and two
// operations on the channel of slots.
func PerFile[T any](ctx context.Context, size int, tasks <-chan T, work Work[T]) {
	slots := make(chan int, size)
	for slot := range size {
		slots <- slot
	}
	var running sync.WaitGroup
	for task := range tasks {
		slot := <-slots // whoever holds one gives it back, ended context or not
		running.Go(func() {
			defer func() { slots <- slot }()
			work.run(ctx, slot, task)
		})
	}
	running.Wait()
}

// run does and settles one task.
func (w Work[T]) run(ctx context.Context, slot int, task T) {
	var err error
	if ctx.Err() != nil { // asked first: Err is an atomic load, Cause takes a lock
		err = context.Cause(ctx)
	} else {
		err = w.attempt(slot, task)
	}
	w.Settle(slot, task, err)
}

func (w Work[T]) attempt(slot int, task T) (err error) {
	defer Recover(&err)
	return w.Do(slot, task)
}

// Panic is the error that a panic becomes.
type Panic struct {
	Value any    // what panic was called with
	Stack []byte // of the goroutine, as debug.Stack formats it
}

// Error gives the value alone; the stack is for whoever looks for the bug.
func (p *Panic) Error() string { return fmt.Sprintf("panic: %v", p.Value) }

// Unwrap returns the value if it is an error, a runtime.Error for instance.
func (p *Panic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// Recover turns a panic of the calling function into a *Panic. It must be
// deferred itself: defer pool.Recover(&err).
func Recover(err *error) {
	if value := recover(); value != nil {
		*err = &Panic{Value: value, Stack: debug.Stack()}
	}
}
