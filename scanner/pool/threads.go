package pool

import "context"

// MostThreads is the number of threads that [Threads] uses at most, whatever size
// it is asked for: the bound of Tokio's blocking pool.
const MostThreads = 512

// Threads does each task on a thread of the operating system that dies with it,
// at most min(o.Size, MostThreads) at once. It is there to show what a thread for
// each file costs (BenchmarkTask), not to be used.
//
// A goroutine that ends while it is locked takes its thread along, so each task
// ends one thread and makes the runtime start another. Nothing but the bound keeps
// a program from the runtime's own: at 10,000 threads (debug.SetMaxThreads) Go
// ends the process with "fatal error: thread exhaustion", which cannot be
// recovered. Blocking system calls and cgo calls count towards it, in whatever
// goroutine they are.
func Threads[T any](ctx context.Context, o Options, tasks <-chan T, work Work[T]) {
	p := newPerTask(ctx, o, work, min(o.Size, MostThreads))
	p.locked = true
	p.run(tasks)
}
