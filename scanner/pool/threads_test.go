package pool_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sluice/scanner/pool"
)

func TestThreadsAreAtMostMostThreads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tasks := make(chan int, 600)
		for i := range cap(tasks) {
			tasks <- i
		}
		close(tasks)
		var running, most atomic.Int32
		pool.Threads(t.Context(), pool.Options{Size: 600}, tasks, pool.Work[int]{
			Do: func(*pool.Worker[int], int) error {
				now := running.Add(1)
				defer running.Add(-1)
				for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
				}
				<-time.After(time.Second)
				return nil
			},
			Settle: func(int, int, error) {},
		})
		if got := most.Load(); got != pool.MostThreads {
			t.Errorf("%d threads at once, want %d", got, pool.MostThreads)
		}
	})
}

// exhaust marks the process that TestTooManyThreadsEndTheProcess starts.
const exhaust = "SLUICE_TEST_THREADS"

func TestTooManyThreadsEndTheProcess(t *testing.T) {
	if os.Getenv(exhaust) != "" {
		exhaustThreads(t)
		return
	}
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // a bound for a child that hangs
	defer cancel()
	child := exec.CommandContext(ctx, binary, "-test.run=^TestTooManyThreadsEndTheProcess$")
	child.Env = append(os.Environ(), exhaust+"=1")
	out, err := child.CombinedOutput()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || exit.ExitCode() != 2 || !bytes.Contains(out, []byte("fatal error: thread exhaustion")) {
		t.Errorf("the child ended with %v, want exit code 2 and the runtime's word:\n%.2000s", err, out)
	}
	if bytes.Contains(out, []byte("recovered")) {
		t.Error("the child recovered")
	}
}

// exhaustThreads lowers Go's limit of 10,000 below the bound of the pool and lets
// all tasks run at once. Neither the pool nor the deferred function survives it.
func exhaustThreads(t *testing.T) {
	defer func() {
		if recover() != nil {
			t.Log("recovered")
		}
	}()
	const limit = 50
	debug.SetMaxThreads(limit)
	tasks := make(chan int, 2*limit)
	for i := range cap(tasks) {
		tasks <- i
	}
	close(tasks)
	var meet sync.WaitGroup
	meet.Add(cap(tasks))
	pool.Threads(t.Context(), pool.Options{Size: cap(tasks)}, tasks, pool.Work[int]{
		Do:     func(*pool.Worker[int], int) error { meet.Done(); meet.Wait(); return nil },
		Settle: func(int, int, error) {},
	})
}
