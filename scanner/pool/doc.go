// Package pool schedules tasks on goroutines, at most so many at once.
//
// Five schedulers, one contract, one conformance suite (pooltest):
//
//   - [Queue] keeps a fixed number of workers that take tasks from a channel, and
//     nested tasks from one shared queue.
//   - [Steal] gives each worker a deque of its own for nested tasks; whoever has
//     none steals.
//   - [PerFile] starts a goroutine for each task once a slot is free: what a Go
//     programmer writes first.
//   - [Threads] starts a thread of the operating system for each task.
//   - [Inline] does a task and all that is nested in it on one worker.
//
// Tasks enter through a channel that the sender closes, and through
// [Worker.Spawn] from within a task. Each task is done in a slot, a number below
// the size of the pool; two tasks in the same slot never run at the same time, so
// that state kept for each slot needs no lock. Each task is settled exactly once,
// in its slot, whatever happens to it.
//
// A scheduler blocks until the channel is closed, every task is settled and no
// goroutine of its own is left. When the context ends it goes on receiving, and
// settles what it receives undone, so that a sender is never left waiting.
// Spawn never waits, so that nested tasks cannot deadlock at any size.
// A scheduler knows nothing of files, limits or clocks.
//
// Beside them stand the [Executor], which answers each function with a one-shot
// reply and through which tasks of different pools may wait for each other, and
// [Bind], [Affinity] and [Partition], which keep pools on cores of their own.
package pool
