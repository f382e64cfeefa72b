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
// child's CPU clock in nanoseconds. And while a child works the harness does
// little: one thread sleeps in poll(2) or waitid(2), a goroutine for each output
// wakes when the child writes and keeps the end of what it says, and if
// [Spec].TimelineEvery asks for it one more looks at the child that often. Other
// trials of this process may run meanwhile; they are not taken for others.
//
// Every child leads its own session and process group. The group is killed as a
// whole when the trial ends for whatever reason, and [AdoptOrphans] extends that
// to processes that have left it. If the harness itself is killed first, the
// kernel kills the child, and a [Guard] all that it had started. How a child
// fails is data ([Result].Status); an error means that the harness could not do
// its own work. Moments are compared on the monotonic clock alone, so that
// setting the clock disturbs nothing. See docs/trials.md.
package trial
