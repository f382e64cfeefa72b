package pool

import (
	"context"
	"sync"
	"sync/atomic"
)

// Queue works off tasks with o.Size workers, worker i in slot i. Nested tasks
// wait in one unbounded queue that all workers share, oldest first, and are taken
// before new tasks from the channel: so a task's descendants do not pile up
// behind others', and no worker ever waits to hand one over. A task costs a
// receive from the channel, a nested one a lock at each end.
func Queue[T any](ctx context.Context, o Options, tasks <-chan T, work Work[T]) {
	q := &queue[T]{
		crew:  crew[T]{ctx: ctx, enter: o.Enter, work: work},
		tasks: tasks,
		open:  make([]bool, o.Size),
		wake:  make(chan struct{}, o.Size),
		done:  make(chan struct{}),
	}
	for slot := range q.open {
		q.open[slot] = true
	}
	q.live.Store(int64(o.Size))
	q.staff(o.Size, feed[T]{q, q.next, q.finish})
}

type queue[T any] struct {
	crew[T]
	tasks <-chan T
	open  []bool // for each slot, whether its worker still receives from tasks

	mu     sync.Mutex
	nested fifo[T]      // guarded by mu
	length atomic.Int64 // of nested; written under mu

	// wake holds a token for each nested task pushed, at most Size of them. A
	// worker looks into nested, finds it empty and then waits for a token: one that
	// was put between the two is still there, so no wake-up is lost. Where the
	// channel is full a token goes unsent, but the push came before that, so
	// whoever takes one of those tokens looks into nested later and finds the task.
	// A token whose task was taken meanwhile costs one look in vain.
	wake chan struct{}

	// live counts the workers that still receive, and the nested tasks that are not
	// settled. A task from the channel is covered by its worker, which does not
	// learn that the channel is closed before the task is done. At 0 nothing can
	// spawn any more, and done is closed.
	live atomic.Int64
	done chan struct{}
}

func (q *queue[T]) spawn(_ int, task T) {
	q.live.Add(1)
	q.mu.Lock()
	q.nested.push(task)
	q.length.Store(int64(q.nested.len))
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *queue[T]) finish(*Worker[T]) {
	if q.live.Add(-1) == 0 {
		close(q.done)
	}
}

func (q *queue[T]) next(w *Worker[T]) (task T, ok bool) {
	for {
		if task, ok = q.take(); ok {
			w.nested = true
			return task, true
		}
		if !q.open[w.Slot] {
			select {
			case <-q.wake:
			case <-q.done:
				return task, false
			}
			continue
		}
		select {
		case task, ok = <-q.tasks:
			if ok {
				return task, true
			}
			q.open[w.Slot] = false
			q.finish(w)
		case <-q.wake:
		}
	}
}

// take takes the oldest nested task.
func (q *queue[T]) take() (task T, ok bool) {
	if q.length.Load() == 0 {
		return task, false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	task, ok = q.nested.pop()
	q.length.Store(int64(q.nested.len))
	return task, ok
}
