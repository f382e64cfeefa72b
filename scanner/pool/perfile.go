package pool

import (
	"context"
	"runtime"
	"sync"
)

// PerFile starts a goroutine for each task and lets at most o.Size live at once:
// it waits for a slot before it starts the goroutine, so that a million tasks do
// not become a million goroutines. Nested tasks get a goroutine each likewise, as
// soon as a slot is free and before new ones from the channel; until then they
// wait in a queue, so that Spawn never does. A task costs a goroutine, a lock and
// two operations on the channel of slots.
func PerFile[T any](ctx context.Context, o Options, tasks <-chan T, work Work[T]) {
	newPerTask(ctx, o, work, o.Size).run(tasks)
}

// perTask starts a goroutine for each task.
type perTask[T any] struct {
	crew[T]
	locked  bool        // to a thread that dies with the goroutine
	slots   chan int    // those that are free
	workers []Worker[T] // one for each slot

	// mu makes a task's looking for a slot and a slot's looking for a task one step
	// each, so that neither goes to sleep just before the other comes. Whoever took
	// a slot without it gives it back with it.
	mu     sync.Mutex
	nested fifo[T] // guarded by mu
}

func newPerTask[T any](ctx context.Context, o Options, work Work[T], size int) *perTask[T] {
	p := &perTask[T]{
		crew:  crew[T]{ctx: ctx, enter: o.Enter, work: work},
		slots: make(chan int, size), workers: make([]Worker[T], size),
	}
	for slot := range size {
		p.workers[slot] = Worker[T]{Slot: slot, host: p}
		p.slots <- slot
	}
	return p
}

func (p *perTask[T]) run(tasks <-chan T) {
	for task := range tasks {
		p.launch(<-p.slots, task) // whoever holds one gives it back, ended context or not
	}
	p.group.Wait()
}

func (p *perTask[T]) launch(slot int, task T) {
	p.group.Go(func() {
		defer p.release(slot) // also if the task ends the goroutine
		if p.locked {
			runtime.LockOSThread()
		}
		if p.enter == nil { // without a closure for it
			p.do(&p.workers[slot], task)
			return
		}
		p.entered(slot, func() { p.do(&p.workers[slot], task) })
	})
}

func (p *perTask[T]) spawn(_ int, task T) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case slot := <-p.slots:
		p.launch(slot, task)
	default:
		p.nested.push(task) // whoever runs now takes it when it ends
	}
}

// release hands the slot to the oldest nested task, or gives it back.
func (p *perTask[T]) release(slot int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if task, ok := p.nested.pop(); ok {
		p.launch(slot, task)
		return
	}
	p.slots <- slot
}
