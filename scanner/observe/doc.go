// Package observe watches a scan without standing in its way: how long its
// stations worked and waited, how many files were in flight, and which worker
// does what it should not.
//
// # Times
//
// Each worker records into a [Recorder] of its own, which costs an append and
// takes a lock once in 256 values; the recorders of one [Series] share one
// histogram. A histogram of three significant digits takes 270 KB, so that one
// for each of 64 workers and six series would cost 100 MB, more than the scan:
// 2 KB of buffer for each worker and one histogram for each series give the same
// quantiles, exact to 0.1 %.
//
// The package measures no time of the workers itself: durations and moments come
// from the pipeline.
//
// # Declared waits
//
// A worker says what it is about to do through its [Watched]. Three of the four
// states are declared waits, in which it may stay as long as it likes:
//
//   - [Idle]: it waits for work. The source, or the stage before it, has none.
//   - [Waiting]: it waits for another worker of the same scan: for room in the
//     channel, for a permit, for memory budget, for a seat.
//   - [Reading]: it waits for something outside the scan that ends by itself:
//     storage, real or simulated.
//
// In the fourth, [Computing], it is expected to use a processor. A wait that
// depends on the outside must never be declared as Waiting: if nobody reads and
// nobody computes, Waiting is taken for a deadlock.
//
// # What is reported
//
// A [Monitor] looks at the states every 25 ms or so, from one goroutine, and
// reports once per episode (an episode lasts until the worker's next Set):
//
//   - an [IO] worker that has been Computing for 100 ms: analysis on the I/O
//     workers. Shorter ones show in the hold times ([Station.HoldS]) and in the
//     share of time that the pool computed ([Occupancy]).
//   - a [CPU] worker, or an IO worker, that is blocked outside a declared wait: two
//     looks 100 ms or more apart found its goroutine in the same place, asleep on a
//     channel, lock, timer or network connection. What goroutines wait for is known
//     from a dump of all stacks only, so that is taken when somebody has computed for
//     100 ms, once for an episode that computes (again when the episode has
//     lasted 20 times as long, which one of 1.9 s never does), and not before
//     100 times the last dump's duration has passed: dumps cost 1 % at most.
//   - a pool of CPU workers all of which are blocked so: the sandwich, a task that
//     waits for another of its own pool.
//   - a stall: no file settled for 30 s while somebody is Computing.
//   - a deadlock: no file settled for 30 s, nobody Reading or Computing, and all
//     workers, at least one of them Waiting, in the same state for as long.
//
// Never reported is a declared wait, however long, slow storage and a slow source
// among them; a CPU worker that computes, in Go or in C, however long, unless it
// stalls the scan; and a worker blocked inside a system call or in C, which looks
// like one that computes there.
//
// [Summary.Warnings] has all this in sentences.
//
// # What it costs
//
// The worker pays for stores to memory of its own: nothing on a file's way is
// shared, allocated, printed or formatted. On two cores of a virtual machine with others
// at work, all calls that a file makes took 0.25 µs (BenchmarkFile), of 800 µs that
// it takes to analyse; where each file has a goroutine, 3 µs more for Enter
// (BenchmarkEnter). A look at the gauge and the workers took 0.05 µs for 2 of them and 27 µs
// for 4096 (BenchmarkTick). Waking up for it took 70 to 150 µs of CPU time where the process
// was asleep (BenchmarkMonitor), 1 to 1.5 % of one processor at 100 looks a second;
// beside busy workers it was lost in the noise. A dump took 0.4 ms with 100 goroutines and 50 ms with
// 10,000 (BenchmarkDump); it stops every goroutine that runs Go code, not those in C,
// and its duration is part of the report that it was taken for.
package observe
