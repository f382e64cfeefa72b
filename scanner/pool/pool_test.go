package pool_test

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"sluice/scanner/pool"
	"sluice/scanner/pool/pooltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestQueueKeepsThePromises(t *testing.T)   { pooltest.Run(t, pool.Queue[int]) }
func TestStealKeepsThePromises(t *testing.T)   { pooltest.Run(t, pool.Steal[int]) }
func TestPerFileKeepsThePromises(t *testing.T) { pooltest.Run(t, pool.PerFile[int]) }
func TestThreadsKeepsThePromises(t *testing.T) { pooltest.Run(t, pool.Threads[int]) }
func TestInlineKeepsThePromises(t *testing.T)  { pooltest.Run(t, pool.Inline[int]) }

func TestQueueShares(t *testing.T)   { pooltest.Shares(t, pool.Queue[int]) }
func TestStealShares(t *testing.T)   { pooltest.Shares(t, pool.Steal[int]) }
func TestPerFileShares(t *testing.T) { pooltest.Shares(t, pool.PerFile[int]) }
func TestThreadsShares(t *testing.T) { pooltest.Shares(t, pool.Threads[int]) }

// The workers of these do task after task on one goroutine, whose stack must not
// grow with the depth.
func TestAMillionTasksOneInsideTheOtherDoNotOverflow(t *testing.T) {
	const deep = 1_000_000
	for name, schedule := range map[string]pooltest.Scheduler{"queue": pool.Queue[int], "steal": pool.Steal[int], "inline": pool.Inline[int]} {
		for _, size := range []int{1, 4} {
			t.Run(fmt.Sprintf("%s/size=%d", name, size), func(t *testing.T) {
				tasks := make(chan int, 1)
				tasks <- 1
				close(tasks)
				var settled atomic.Int64
				schedule(t.Context(), pool.Options{Size: size}, tasks, pool.Work[int]{
					Do: func(w *pool.Worker[int], task int) error {
						if task < deep {
							w.Spawn(task + 1)
						}
						return nil
					},
					Settle: func(int, int, error) { settled.Add(1) },
				})
				if got := settled.Load(); got != deep {
					t.Errorf("%d tasks were settled, want %d", got, deep)
				}
			})
		}
	}
}

func TestInlineKeepsNestedTasksInTheirSlotNewestFirst(t *testing.T) {
	tasks := make(chan int, 1)
	tasks <- 0
	close(tasks)
	var order, slots []int
	pool.Inline(t.Context(), pool.Options{Size: 3}, tasks, pool.Work[int]{
		Do: func(w *pool.Worker[int], task int) error {
			order, slots = append(order, task), append(slots, w.Slot)
			if task < 3 {
				w.Spawn(2*task + 1)
				w.Spawn(2*task + 2)
			}
			return nil
		},
		Settle: func(int, int, error) {},
	})
	if want := []int{0, 2, 6, 5, 1, 4, 3}; !slices.Equal(order, want) {
		t.Errorf("tasks were done in the order %v, want %v", order, want)
	}
	if slices.Min(slots) != slices.Max(slots) {
		t.Errorf("they were done in slots %v, want one", slots)
	}
}

func TestQueueTakesNestedTasksBeforeNewOnesOldestFirst(t *testing.T) {
	tasks := make(chan int, 3)
	for _, task := range []int{1, 2, 3} {
		tasks <- task
	}
	close(tasks)
	var order []int
	pool.Queue(t.Context(), pool.Options{Size: 1}, tasks, pool.Work[int]{
		Do: func(w *pool.Worker[int], task int) error {
			order = append(order, task)
			if task < 10 {
				w.Spawn(10 * task)
				w.Spawn(10*task + 1)
			}
			return nil
		},
		Settle: func(int, int, error) {},
	})
	if want := []int{1, 10, 11, 2, 20, 21, 3, 30, 31}; !slices.Equal(order, want) {
		t.Errorf("tasks were done in the order %v, want %v", order, want)
	}
}

func TestAPanicUnwrapsToTheErrorItWasCalledWith(t *testing.T) {
	for _, row := range []struct {
		name  string
		value any
		is    error
	}{
		{"an error", fs.ErrClosed, fs.ErrClosed},
		{"a wrapped error", fmt.Errorf("read: %w", fs.ErrClosed), fs.ErrClosed},
		{"a word", "broken", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := func() (err error) {
				defer pool.Recover(&err)
				panic(row.value)
			}()
			if _, ok := errors.AsType[*pool.Panic](err); !ok {
				t.Fatalf("got %v, want a *pool.Panic", err)
			}
			if row.is != nil && !errors.Is(err, row.is) {
				t.Errorf("%v is not %v", err, row.is)
			}
		})
	}
}

func TestARuntimeErrorIsContainedToo(t *testing.T) {
	var empty []int
	err := func() (err error) {
		defer pool.Recover(&err)
		_ = empty[len(t.Name())]
		return nil
	}()
	if _, ok := errors.AsType[runtime.Error](err); !ok {
		t.Errorf("got %v, want the runtime's error", err)
	}
}
