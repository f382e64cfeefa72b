// Package trial runs one child process and measures it once.
//
// A child of ours speaks a small protocol over two inherited pipes, so that
// what it does before and after the work is not timed:
//
//	child                    parent
//	stands ready  "ready" ─▶ notes clocks while the child stands still
//	            ◀─ one byte  notes the time, lets it go
//	works
//	has its last result
//	              "done" ─▶  notes the time; reads CPU clock and memory
//	holds                    of a child that stands still again
//	               ◀─ EOF    lets it end
//
// The parent's side is [Run]; the child's is [Attach], [Child.Ready] and
// [Child.DoneAndHold]. A command that knows nothing of this is measured from
// its start to its end ([Spec].Foreign).
//
// Three habits keep the figures honest. Memory is the child's own peak, read
// from /proc while it holds; the kernel's ru_maxrss of a child begins at the
// size of whoever started it. CPU time between the marks comes from the
// child's CPU clock in nanoseconds. And while a child works the harness sleeps
// in one poll(2) or waitid(2): nothing is copied, logged or sampled, and what
// the child prints goes to an unlinked file.
//
// Every child leads its own process group, which is killed as a whole when the
// trial ends for whatever reason. If the harness itself is killed first, the
// kernel kills the child, though not what the child had started. How a child
// fails is data ([Result].Status); an error means that the harness could not do
// its own work.
package trial
