package pool_test

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"testing"

	"go.uber.org/goleak"

	"sluice/scanner/pool"
	"sluice/scanner/pool/pooltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestQueueKeepsThePromises(t *testing.T)   { pooltest.Run(t, pool.Queue[int]) }
func TestPerFileKeepsThePromises(t *testing.T) { pooltest.Run(t, pool.PerFile[int]) }
func TestStealKeepsThePromises(t *testing.T)   { pooltest.Run(t, pool.Steal[int]) }
func TestThreadsKeepsThePromises(t *testing.T) { pooltest.Run(t, pool.Threads[int]) }
func TestInlineKeepsThePromises(t *testing.T)  { pooltest.Run(t, pool.Inline[int]) }

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

func BenchmarkHandOver(b *testing.B) {
	schedulers := []struct {
		name     string
		schedule pooltest.Scheduler
	}{{"queue", pool.Queue[int]}, {"per-file", pool.PerFile[int]}}
	for _, s := range schedulers {
		for _, buffer := range []int{0, 100} {
			b.Run(fmt.Sprintf("scheduler=%s/buffer=%d", s.name, buffer), func(b *testing.B) {
				b.ReportAllocs()
				tasks := make(chan int, buffer)
				go func() {
					defer close(tasks)
					for b.Loop() {
						tasks <- 0
					}
				}()
				s.schedule(b.Context(), pool.Options{Size: 2}, tasks, pool.Work[int]{
					Do:     func(*pool.Worker[int], int) error { return nil },
					Settle: func(int, int, error) {},
				})
			})
		}
	}
}
