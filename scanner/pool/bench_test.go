package pool_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"sluice/scanner/pool"
	"sluice/scanner/pool/pooltest"
)

// contestants are the schedulers that benchmarks compare.
var contestants = []struct {
	name     string
	schedule pooltest.Scheduler
}{
	{"queue", pool.Queue[int]},
	{"steal", pool.Steal[int]},
	{"inline", pool.Inline[int]},
	{"per-file", pool.PerFile[int]},
	{"threads", pool.Threads[int]},
}

// BenchmarkTask hands empty tasks over through the channel: what a task costs.
func BenchmarkTask(b *testing.B) {
	for _, c := range contestants {
		for _, size := range []int{1, 2, 64} {
			b.Run(fmt.Sprintf("scheduler=%s/size=%d", c.name, size), func(b *testing.B) {
				b.ReportAllocs()
				tasks := make(chan int, 100)
				go func() {
					defer close(tasks)
					for b.Loop() {
						tasks <- 0
					}
				}()
				c.schedule(b.Context(), pool.Options{Size: size}, tasks, pool.Work[int]{
					Do:     func(*pool.Worker[int], int) error { return nil },
					Settle: func(int, int, error) {},
				})
			})
		}
	}
}

// forked is how many calls fib(fibOf) makes: the tasks of one tree.
const (
	fibOf  = 23
	forked = 92_735
)

// BenchmarkFork forks tasks as a naive Fibonacci does, about 1e5 a tree, so that
// all work is nested and each task next to nothing.
func BenchmarkFork(b *testing.B) {
	for _, c := range contestants[:4] { // a thread each would take seconds a tree
		for _, size := range []int{1, 2, 64} {
			b.Run(fmt.Sprintf("scheduler=%s/size=%d", c.name, size), func(b *testing.B) {
				perTask(b, func() {
					tasks := make(chan int, 1)
					tasks <- fibOf
					close(tasks)
					c.schedule(b.Context(), pool.Options{Size: size}, tasks, pool.Work[int]{Do: fork, Settle: func(int, int, error) {}})
				})
			})
		}
	}
	b.Run("scheduler=goroutines", func(b *testing.B) { perTask(b, func() { goroutines(b.Context(), fibOf) }) })
}

func fork(w *pool.Worker[int], n int) error {
	if n >= 2 {
		w.Spawn(n - 1)
		w.Spawn(n - 2)
	}
	return nil
}

// goroutines forks a goroutine for each task, without any bound.
func goroutines(ctx context.Context, n int) {
	var all sync.WaitGroup
	var task func(n int)
	task = func(n int) {
		if ctx.Err() == nil && n >= 2 {
			all.Go(func() { task(n - 1) })
			all.Go(func() { task(n - 2) })
		}
	}
	all.Go(func() { task(n) })
	all.Wait()
}

func perTask(b *testing.B, tree func()) {
	b.ReportAllocs()
	for b.Loop() {
		tree()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/forked, "ns/task")
}

// TestTheBenchmarksTreeHasTheTasksItSays holds the number that ns/task divides by.
func TestTheBenchmarksTreeHasTheTasksItSays(t *testing.T) {
	var count func(n int) int
	count = func(n int) int {
		if n < 2 {
			return 1
		}
		return 1 + count(n-1) + count(n-2)
	}
	if got := count(fibOf); got != forked {
		t.Errorf("%d tasks, want %d", got, forked)
	}
}
