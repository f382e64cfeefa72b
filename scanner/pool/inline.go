package pool

import "context"

// Inline works off tasks with o.Size workers, worker i in slot i, and does what a
// task spawns on the same worker: newest first, once the task that spawned it
// has returned, and before the worker takes another from the channel. No nested
// task ever changes slot, and an idle worker cannot help. The nested tasks lie on
// a stack of ours, not the goroutine's, so that their depth costs memory for the
// tasks alone. A nested task costs no lock and no atomic operation.
func Inline[T any](ctx context.Context, o Options, tasks <-chan T, work Work[T]) {
	p := &inline[T]{
		crew:   crew[T]{ctx: ctx, enter: o.Enter, work: work},
		tasks:  tasks,
		stacks: make([]stack[T], o.Size),
	}
	p.staff(o.Size, feed[T]{p, p.next, p.finish})
}

type inline[T any] struct {
	crew[T]
	tasks  <-chan T
	stacks []stack[T] // one for each slot, used by its worker alone
}

type stack[T any] struct {
	tasks []T
	_     [64]byte // keeps neighbours off the cache line
}

func (p *inline[T]) spawn(slot int, task T) {
	s := &p.stacks[slot]
	s.tasks = append(s.tasks, task)
}

func (p *inline[T]) next(w *Worker[T]) (task T, ok bool) {
	s := &p.stacks[w.Slot]
	last := len(s.tasks) - 1
	if last < 0 {
		if cap(s.tasks) > kept {
			s.tasks = nil
		}
		task, ok = <-p.tasks
		return task, ok
	}
	task = s.tasks[last]
	clear(s.tasks[last:]) // what is taken must not be held
	s.tasks = s.tasks[:last]
	return task, true
}

func (p *inline[T]) finish(*Worker[T]) {}
