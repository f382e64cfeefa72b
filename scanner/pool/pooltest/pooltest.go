// Package pooltest is the conformance suite of the schedulers in pool: whoever
// writes another one calls [Run] from its test and keeps the same promises, and
// [Shares] if its idle workers take part in what one task spawns.
package pooltest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sluice/scanner/pool"
)

// Scheduler is the signature that schedulers share, for tasks that are numbers.
type Scheduler func(ctx context.Context, o pool.Options, tasks <-chan int, work pool.Work[int])

type promise struct {
	name string
	test func(t *testing.T, schedule Scheduler, size int)
}

// sizes are the pool sizes that every promise is tested with.
var sizes = []int{1, 2, 7, 64} //nolint:gochecknoglobals // an immutable table

// Run tests every promise with several pool sizes, in virtual time. A goroutine
// left behind fails the test, since a synctest bubble does not end before its
// goroutines do.
func Run(t *testing.T, schedule Scheduler) {
	t.Helper()
	promises := []promise{
		{"each task is done and settled exactly once", exactlyOnce},
		{"the bound is reached and never exceeded", bounded},
		{"a slot is never shared", slotsApart},
		{"an error reaches its task", errorsSettle},
		{"a panic is its task's error, with stack", panicsSettle},
		{"cancel lets running tasks end and drains the rest", cancelDrains},
		{"a cancelled context does nothing", cancelledBefore},
		{"no task at all ends at once", noTask},
		{"nested tasks of any tree are done exactly once", nestedOnce},
		{"the bound is reached and never exceeded by nested tasks", nestedBounded},
		{"tasks one inside the other, 2000 deep", nestedDeep},
		{"what is spawned before and after cancel settles with the cause", nestedCancel},
		{"what is spawned before a panic is done", nestedPanic},
		{"a task that ends its goroutine is settled and the pool goes on", goexits},
		{"Enter is around all work of each goroutine, once", entered},
		{"idle workers sleep", idle},
		{"random tasks, faults and cancels settle each task once", random},
	}
	run(t, promises, schedule)
}

// Shares tests that idle workers take part in what one task spawns.
func Shares(t *testing.T, schedule Scheduler) {
	t.Helper()
	run(t, []promise{
		{"idle workers take what one task spawns", shared},
		{"idle workers take what a nested task spawns late", sharedLate},
		{"every spawned task finds a sleeping worker", woken},
	}, schedule)
}

func run(t *testing.T, promises []promise, schedule Scheduler) {
	t.Helper()
	for _, promise := range promises {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s/size=%d", promise.name, size), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { promise.test(t, schedule, size) })
			})
		}
	}
}

// feed sends 0 … n−1 and closes the channel.
func feed(n int) <-chan int {
	tasks := make(chan int)
	go func() {
		defer close(tasks)
		for i := range n {
			tasks <- i
		}
	}()
	return tasks
}

func exactlyOnce(t *testing.T, schedule Scheduler, size int) {
	const n = 500
	var done, settled [n]atomic.Int32
	schedule(t.Context(), pool.Options{Size: size}, feed(n), pool.Work[int]{
		Do:     func(_ *pool.Worker[int], task int) error { done[task].Add(1); return nil },
		Settle: func(_, task int, _ error) { settled[task].Add(1) },
	})
	for i := range n {
		if done[i].Load() != 1 || settled[i].Load() != 1 {
			t.Fatalf("task %d was done %d times and settled %d times", i, done[i].Load(), settled[i].Load())
		}
	}
}

func bounded(t *testing.T, schedule Scheduler, size int) {
	const rounds = 10
	var running, most atomic.Int32
	start := time.Now()
	schedule(t.Context(), pool.Options{Size: size}, feed(rounds*size), pool.Work[int]{
		Do: func(*pool.Worker[int], int) error {
			raise(&most, running.Add(1))
			defer running.Add(-1)
			time.Sleep(time.Second)
			return nil
		},
		Settle: func(int, int, error) {},
	})
	if got := int(most.Load()); got != size {
		t.Errorf("%d tasks ran at once, want %d", got, size)
	}
	if got := time.Since(start); got != rounds*time.Second {
		t.Errorf("%d tasks of 1 s took %v, want %v", rounds*size, got, rounds*time.Second)
	}
}

func slotsApart(t *testing.T, schedule Scheduler, size int) {
	busy := make([]atomic.Bool, size)
	rng := rand.New(rand.NewPCG(uint64(size), 1))
	naps := make([]time.Duration, 500)
	for i := range naps {
		naps[i] = time.Duration(rng.IntN(1000)) * time.Microsecond
	}
	schedule(t.Context(), pool.Options{Size: size}, feed(len(naps)), pool.Work[int]{
		Do: func(w *pool.Worker[int], task int) error {
			slot := w.Slot
			if busy[slot].Swap(true) {
				t.Errorf("slot %d holds two tasks", slot)
			}
			time.Sleep(naps[task])
			return nil
		},
		Settle: func(slot, _ int, _ error) {
			if !busy[slot].Swap(false) {
				t.Errorf("slot %d settles what it did not do", slot)
			}
		},
	})
}

func errorsSettle(t *testing.T, schedule Scheduler, size int) {
	odd := errors.New("odd")
	schedule(t.Context(), pool.Options{Size: size}, feed(100), pool.Work[int]{
		Do: func(_ *pool.Worker[int], task int) error {
			if task%2 == 1 {
				return odd
			}
			return nil
		},
		Settle: func(_, task int, err error) {
			if want := task%2 == 1; errors.Is(err, odd) != want {
				t.Errorf("task %d settled with %v", task, err)
			}
		},
	})
}

func panicsSettle(t *testing.T, schedule Scheduler, size int) {
	var panicked, fine atomic.Int32
	schedule(t.Context(), pool.Options{Size: size}, feed(100), pool.Work[int]{
		Do: func(_ *pool.Worker[int], task int) error {
			if task%10 == 0 {
				panic(task)
			}
			return nil
		},
		Settle: func(_, task int, err error) {
			if err == nil {
				fine.Add(1)
				return
			}
			panicked.Add(1)
			p, ok := errors.AsType[*pool.Panic](err)
			if !ok || p.Value != task || !strings.Contains(string(p.Stack), "panicsSettle") {
				t.Errorf("task %d settled with %v, want its panic and stack", task, err)
			}
		},
	})
	if panicked.Load() != 10 || fine.Load() != 90 {
		t.Errorf("%d tasks panicked and %d went well, want 10 and 90", panicked.Load(), fine.Load())
	}
}

func cancelDrains(t *testing.T, schedule Scheduler, size int) {
	const n = 1000
	stop := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(1500*time.Millisecond, func() { cancel(stop) })
	var done, drained atomic.Int32
	start := time.Now()
	schedule(ctx, pool.Options{Size: size}, feed(n), pool.Work[int]{
		Do: func(*pool.Worker[int], int) error { time.Sleep(time.Second); return nil },
		Settle: func(_, _ int, err error) {
			switch {
			case err == nil:
				done.Add(1)
			case errors.Is(err, stop):
				drained.Add(1)
			default:
				t.Errorf("a task settled with %v", err)
			}
		},
	})
	if got := int(done.Load()); got != 2*size {
		t.Errorf("%d tasks were done, want the %d that had begun", got, 2*size)
	}
	if got := int(drained.Load()); got != n-2*size {
		t.Errorf("%d tasks were drained, want %d", got, n-2*size)
	}
	if got := time.Since(start); got != 2*time.Second {
		t.Errorf("it took %v, want 2s: the running tasks alone", got)
	}
}

func cancelledBefore(t *testing.T, schedule Scheduler, size int) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var drained atomic.Int32
	schedule(ctx, pool.Options{Size: size}, feed(100), pool.Work[int]{
		Do: func(_ *pool.Worker[int], task int) error { t.Errorf("task %d was done", task); return nil },
		Settle: func(_, _ int, err error) {
			if errors.Is(err, context.Canceled) {
				drained.Add(1)
			}
		},
	})
	if drained.Load() != 100 {
		t.Errorf("%d tasks were drained, want 100", drained.Load())
	}
}

func noTask(t *testing.T, schedule Scheduler, size int) {
	schedule(t.Context(), pool.Options{Size: size}, feed(0), pool.Work[int]{
		Do:     func(*pool.Worker[int], int) error { t.Error("something was done"); return nil },
		Settle: func(int, int, error) { t.Error("something was settled") },
	})
}
