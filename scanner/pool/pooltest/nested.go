package pooltest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"sluice/scanner/pool"
)

// tree is a forest of tasks: a task's children, for each task.
type tree struct {
	children [][]int
	roots    int // tasks 0 … roots−1 come through the channel
}

// newTree hangs each of n tasks but the roots below an earlier one: any of them,
// or one of the last reach, which makes it deep where reach is small.
func newTree(rng *rand.Rand, n, roots, reach int) tree {
	f := tree{children: make([][]int, n), roots: roots}
	for task := roots; task < n; task++ {
		parent := task - 1 - rng.IntN(min(reach, task))
		f.children[parent] = append(f.children[parent], task)
	}
	return f
}

// nestedOnce tries trees of random shape: chains, bushes and what lies between.
func nestedOnce(t *testing.T, schedule Scheduler, size int) {
	const n = 300
	for seed := range uint64(5) {
		rng := rand.New(rand.NewPCG(seed, uint64(size)))
		for _, reach := range []int{1, 2, 30, n} {
			f := newTree(rng, n, 1+rng.IntN(3), reach)
			var done, settled [n]atomic.Int32
			schedule(t.Context(), pool.Options{Size: size}, feed(f.roots), pool.Work[int]{
				Do: func(w *pool.Worker[int], task int) error {
					done[task].Add(1)
					for _, child := range f.children[task] {
						w.Spawn(child)
					}
					return nil
				},
				Settle: func(_, task int, _ error) { settled[task].Add(1) },
			})
			for i := range n {
				if done[i].Load() != 1 || settled[i].Load() != 1 {
					t.Fatalf("seed %d, reach %d: task %d was done %d times and settled %d times",
						seed, reach, i, done[i].Load(), settled[i].Load())
				}
			}
		}
	}
}

// nestedBounded lets size tasks spawn rounds each, of 1 s like themselves.
func nestedBounded(t *testing.T, schedule Scheduler, size int) {
	const rounds = 10
	var running, most atomic.Int32
	start := time.Now()
	schedule(t.Context(), pool.Options{Size: size}, feed(size), pool.Work[int]{
		Do: func(w *pool.Worker[int], task int) error {
			raise(&most, running.Add(1))
			defer running.Add(-1)
			if task < size {
				for range rounds {
					w.Spawn(size)
				}
			}
			time.Sleep(time.Second)
			return nil
		},
		Settle: func(int, int, error) {},
	})
	if got := int(most.Load()); got != size {
		t.Errorf("%d tasks ran at once, want %d", got, size)
	}
	if got, want := time.Since(start), (1+rounds)*time.Second; got != want {
		t.Errorf("%d tasks of 1 s took %v, want %v", (1+rounds)*size, got, want)
	}
}

// raise sets most to now if that is more.
func raise(most *atomic.Int32, now int32) {
	for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
	}
}

func nestedDeep(t *testing.T, schedule Scheduler, size int) {
	const deep = 2000
	var done atomic.Int32
	schedule(t.Context(), pool.Options{Size: size}, feed(1), pool.Work[int]{
		Do: func(w *pool.Worker[int], task int) error {
			done.Add(1)
			if task < deep {
				w.Spawn(task + 1)
			}
			return nil
		},
		Settle: func(int, int, error) {},
	})
	if got := done.Load(); got != deep+1 {
		t.Errorf("%d tasks were done, want %d", got, deep+1)
	}
}

// nestedCancel cancels while size tasks run. The last of them to begin has spawned
// one task for each of them, which cannot have begun, and each spawns one after.
func nestedCancel(t *testing.T, schedule Scheduler, size int) {
	stop := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	var begun, done, drained atomic.Int32
	schedule(ctx, pool.Options{Size: size}, feed(size), pool.Work[int]{
		Do: func(w *pool.Worker[int], task int) error {
			if task >= size {
				return fmt.Errorf("task %d was begun after the end", task)
			}
			if int(begun.Add(1)) == size {
				for i := range size {
					w.Spawn(size + i)
				}
				cancel(stop)
			}
			<-ctx.Done()
			w.Spawn(2*size + task)
			return nil
		},
		Settle: func(_, task int, err error) {
			switch {
			case task < size && err == nil:
				done.Add(1)
			case task >= size && errors.Is(err, stop):
				drained.Add(1)
			default:
				t.Errorf("task %d settled with %v", task, err)
			}
		},
	})
	if int(done.Load()) != size || int(drained.Load()) != 2*size {
		t.Errorf("%d tasks were done and %d drained, want %d and %d", done.Load(), drained.Load(), size, 2*size)
	}
}

func nestedPanic(t *testing.T, schedule Scheduler, size int) {
	const n = 100
	var panicked, fine atomic.Int32
	schedule(t.Context(), pool.Options{Size: size}, feed(n), pool.Work[int]{
		Do: func(w *pool.Worker[int], task int) error {
			if task < n {
				w.Spawn(n + task)
				panic(task)
			}
			return nil
		},
		Settle: func(_, task int, err error) {
			p, ok := errors.AsType[*pool.Panic](err)
			switch {
			case task < n && ok && p.Value == task:
				panicked.Add(1)
			case task >= n && err == nil:
				fine.Add(1)
			default:
				t.Errorf("task %d settled with %v", task, err)
			}
		},
	})
	if panicked.Load() != n || fine.Load() != n {
		t.Errorf("%d tasks panicked and %d went well, want %d each", panicked.Load(), fine.Load(), n)
	}
}

// shared lets one task spawn tasks of 1 s for all.
func shared(t *testing.T, schedule Scheduler, size int) {
	const rounds = 10
	start := time.Now()
	schedule(t.Context(), pool.Options{Size: size}, feed(1), pool.Work[int]{
		Do: func(w *pool.Worker[int], task int) error {
			if task == 0 {
				for range rounds * size {
					w.Spawn(1)
				}
				return nil
			}
			time.Sleep(time.Second)
			return nil
		},
		Settle: func(int, int, error) {},
	})
	if got := time.Since(start); got != rounds*time.Second {
		t.Errorf("%d nested tasks of 1 s took %v, want %v", rounds*size, got, rounds*time.Second)
	}
}

// sharedLate lets a nested task spawn tasks of 1 s for all, when every worker has
// seen that the channel is closed and nothing else is left to do: none of them may
// have gone home.
func sharedLate(t *testing.T, schedule Scheduler, size int) {
	const rounds = 10
	start := time.Now()
	schedule(t.Context(), pool.Options{Size: size}, feed(1), pool.Work[int]{
		Do: func(w *pool.Worker[int], task int) error {
			switch task {
			case 0:
				time.Sleep(time.Second) // until the others have seen it closed
				w.Spawn(1)
			case 1:
				time.Sleep(2 * time.Second)
				for range rounds * size {
					w.Spawn(2)
				}
				return nil
			}
			time.Sleep(time.Second)
			return nil
		},
		Settle: func(int, int, error) {},
	})
	want := (3 + rounds) * time.Second // the first task ends beside the second
	if size == 1 {
		want += time.Second
	}
	if got := time.Since(start); got != want {
		t.Errorf("%d late tasks of 1 s took %v, want %v", rounds*size, got, want)
	}
}

// woken lets a task wait for what it spawns, which thus has to be done by the
// others, while they fall asleep and, every other round, when all of them sleep.
// If a wake-up were lost the bubble would report a deadlock.
func woken(t *testing.T, schedule Scheduler, size int) {
	const rounds = 200
	met := make(chan struct{})
	schedule(t.Context(), pool.Options{Size: size}, feed(1), pool.Work[int]{
		Do: func(w *pool.Worker[int], task int) error {
			if task == 1 {
				<-met
				return nil
			}
			for round := range rounds {
				if round%2 == 1 {
					time.Sleep(time.Nanosecond)
				}
				for range size - 1 {
					w.Spawn(1)
				}
				for range size - 1 {
					met <- struct{}{}
				}
			}
			return nil
		},
		Settle: func(int, int, error) {},
	})
}
