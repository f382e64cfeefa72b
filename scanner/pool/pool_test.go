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
func TestStealKeepsThePromises(t *testing.T)   { pooltest.Run(t, pool.Steal[int]) }
func TestPerFileKeepsThePromises(t *testing.T) { pooltest.Run(t, pool.PerFile[int]) }
func TestThreadsKeepsThePromises(t *testing.T) { pooltest.Run(t, pool.Threads[int]) }
func TestInlineKeepsThePromises(t *testing.T)  { pooltest.Run(t, pool.Inline[int]) }

func TestQueueShares(t *testing.T)   { pooltest.Shares(t, pool.Queue[int]) }
func TestStealShares(t *testing.T)   { pooltest.Shares(t, pool.Steal[int]) }
func TestPerFileShares(t *testing.T) { pooltest.Shares(t, pool.PerFile[int]) }
func TestThreadsShares(t *testing.T) { pooltest.Shares(t, pool.Threads[int]) }

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
