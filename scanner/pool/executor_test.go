package pool_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sluice/scanner/pool"
)

// nap returns a function that takes d and returns v.
func nap(d time.Duration, v int) func(context.Context) (int, error) {
	return func(context.Context) (int, error) { <-time.After(d); return v, nil }
}

func TestAnExecutorRunsItsSizeAtOnceOldestFirst(t *testing.T) {
	for _, size := range []int{1, 2, 7, 64} {
		t.Run(fmt.Sprintf("size=%d", size), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := pool.NewExecutor(size)
				var running, order atomic.Int32
				start := time.Now()
				for i := range 10 * size {
					pool.Submit(t.Context(), e, func(context.Context) (int, error) {
						if now := running.Add(1); int(now) > size {
							t.Errorf("%d functions run at once", now)
						}
						defer running.Add(-1)
						if at := int(order.Add(1)) - 1; at/size != i/size {
							t.Errorf("function %d was begun as number %d", i, at)
						}
						<-time.After(time.Second)
						return i, nil
					})
				}
				e.Wait()
				if got := time.Since(start); got != 10*time.Second {
					t.Errorf("it took %v, want 10s", got)
				}
			})
		})
	}
}

func TestAReplyHoldsWhatBecameOfTheFunction(t *testing.T) {
	odd := errors.New("odd")
	for _, row := range []struct {
		name string
		f    func(context.Context) (int, error)
		want int
		ok   func(error) bool
	}{
		{"a value", func(context.Context) (int, error) { return 7, nil }, 7, func(err error) bool { return err == nil }},
		{"an error with a value", func(context.Context) (int, error) { return 7, odd }, 7, func(err error) bool { return errors.Is(err, odd) }},
		{"a panic", func(context.Context) (int, error) { panic(odd) }, 0, func(err error) bool {
			_, is := errors.AsType[*pool.Panic](err)
			return is && errors.Is(err, odd)
		}},
		{
			"the end of its goroutine", func(context.Context) (int, error) { runtime.Goexit(); return 1, nil }, 0,
			func(err error) bool { return errors.Is(err, pool.ErrGoexit) },
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := pool.NewExecutor(1)
				defer e.Close()
				r := pool.Submit(t.Context(), e, row.f)
				next := pool.Submit(t.Context(), e, nap(0, 2)) // the executor goes on
				for range 2 {
					if got, err := r.Await(t.Context()); got != row.want || !row.ok(err) {
						t.Errorf("got %d, %v", got, err)
					}
				}
				if got, err := next.Await(t.Context()); got != 2 || err != nil {
					t.Errorf("the next one gave %d, %v", got, err)
				}
			})
		})
	}
}

func TestAFunctionWhoseContextEndsBeforeItBeginsNeverRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := errors.New("enough")
		e := pool.NewExecutor(1)
		defer e.Close()
		long := pool.Submit(t.Context(), e, nap(time.Hour, 1))
		ctx, cancel := context.WithCancelCause(t.Context())
		never := func(context.Context) (int, error) { t.Error("it ran"); return 0, nil }
		awaited, unwatched := pool.Submit(ctx, e, never), pool.Submit(ctx, e, never)
		time.AfterFunc(time.Second, func() { cancel(stop) })
		start := time.Now()
		if _, err := awaited.Await(t.Context()); !errors.Is(err, stop) {
			t.Errorf("settled with %v, want the cause", err)
		}
		if got := time.Since(start); got != time.Second {
			t.Errorf("the waiting took %v, want 1s: no longer than to the end of the context", got)
		}
		if got, err := long.Await(t.Context()); got != 1 || err != nil {
			t.Errorf("got %d, %v", got, err)
		}
		e.Wait()
		if _, err := unwatched.Await(t.Context()); !errors.Is(err, stop) {
			t.Errorf("settled with %v, want the cause", err)
		}
	})
}

func TestAwaitEndsWithItsContextAndTheFunctionGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := pool.NewExecutor(1)
		defer e.Close()
		r := pool.Submit(t.Context(), e, nap(time.Minute, 1))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := r.Await(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if got, err := r.Await(t.Context()); got != 1 || err != nil {
			t.Errorf("got %d, %v", got, err)
		}
	})
}

func TestAClosedExecutorRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := pool.NewExecutor(2)
		r := pool.Submit(t.Context(), e, nap(time.Second, 1))
		e.Close()
		e.Close()
		if got, err := r.Await(t.Context()); got != 1 || err != nil {
			t.Errorf("what was submitted before gave %d, %v", got, err)
		}
		if _, err := pool.Submit(t.Context(), e, nap(0, 1)).Await(t.Context()); !errors.Is(err, pool.ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
	})
}

func TestTheSandwichDoesNotDeadlock(t *testing.T) {
	for _, deep := range []int{1, 2, 3, 100} {
		t.Run(fmt.Sprintf("layers=%d", deep), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				executors := [2]*pool.Executor{pool.NewExecutor(1), pool.NewExecutor(1)}
				var layer func(ctx context.Context, i int) *pool.Reply[int]
				layer = func(ctx context.Context, i int) *pool.Reply[int] {
					return pool.Submit(ctx, executors[i%2], func(ctx context.Context) (int, error) {
						if i == deep {
							return 1, nil
						}
						below, err := layer(ctx, i+1).Await(ctx)
						return below + 1, err
					})
				}
				if got, err := layer(t.Context(), 0).Await(t.Context()); got != deep+1 || err != nil {
					t.Errorf("got %d, %v, want %d", got, err, deep+1)
				}
				executors[0].Close()
				executors[1].Close()
			})
		})
	}
}

func TestWhoAwaitedGoesOnBeforeFunctionsThatHaveNotBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cpu, io := pool.NewExecutor(1), pool.NewExecutor(1)
		start := time.Now()
		first := pool.Submit(t.Context(), cpu, func(ctx context.Context) (time.Duration, error) {
			_, err := pool.Submit(ctx, io, nap(500*time.Millisecond, 0)).Await(ctx)
			return time.Since(start), err
		})
		for range 10 {
			pool.Submit(t.Context(), cpu, nap(time.Second, 0))
		}
		if got, err := first.Await(t.Context()); got != time.Second || err != nil {
			t.Errorf("it went on after %v (%v), want 1s: when the one that ran meanwhile ended", got, err)
		}
		cpu.Close()
		io.Close()
	})
}

// A raw channel does not give the permit up. The watchdog of scanner/observe is
// there to name who waits like this.
func TestWaitingByARawChannelDeadlocksUntilTheContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cpu := pool.NewExecutor(1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		outer := pool.Submit(ctx, cpu, func(ctx context.Context) (int, error) {
			answer := make(chan int, 1)
			pool.Submit(ctx, cpu, func(context.Context) (int, error) { answer <- 1; return 0, nil })
			select { // with Await instead it would take no time
			case v := <-answer:
				return v, nil
			case <-ctx.Done():
				return 0, context.Cause(ctx)
			}
		})
		cpu.Wait()
		if _, err := outer.Await(t.Context()); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Minute {
			t.Errorf("after %v: %v; want the deadline: the inner function has no permit to run with", time.Since(start), err)
		}
	})
}

// graph is a random program over two executors of size 1: each function naps, then
// submits others to either one and awaits some of them, some at once and some later.
type graph struct {
	t         *testing.T
	executors [2]*pool.Executor
	running   [2]atomic.Int32
	begun     atomic.Int32
	submitted atomic.Int32
}

// work is the body of a function on executor at, which has seed and may nest deep.
func (g *graph) work(at int, seed uint64, deep int) func(context.Context) (int, error) {
	g.submitted.Add(1)
	return func(ctx context.Context) (int, error) {
		g.begun.Add(1)
		rng := rand.New(rand.NewPCG(seed, uint64(deep)))
		leave := g.enter(at)
		defer func() { leave() }()
		var later []*pool.Reply[int]
		total := 1
		for range rng.IntN(4) {
			<-time.After(time.Duration(rng.IntN(3)) * time.Millisecond)
			if deep == 0 {
				continue
			}
			to := rng.IntN(2)
			r := pool.Submit(ctx, g.executors[to], g.work(to, rng.Uint64(), deep-1))
			if rng.IntN(2) == 0 {
				later = append(later, r)
				continue
			}
			leave()
			v, err := r.Await(ctx)
			leave = g.enter(at)
			if _, ok := errors.AsType[*pool.Panic](err); err != nil && !ok {
				return total, err
			}
			total += v
		}
		for _, r := range later {
			leave()
			v, _ := r.Await(ctx)
			leave = g.enter(at)
			total += v
		}
		if rng.IntN(10) == 0 {
			panic("drawn")
		}
		return total, nil
	}
}

// enter counts the function as running on its executor, where it must be alone.
func (g *graph) enter(at int) (leave func()) {
	if now := g.running[at].Add(1); now != 1 {
		g.t.Errorf("%d functions run on an executor of size 1", now)
	}
	return func() { g.running[at].Add(-1) }
}

func TestRandomGraphsOverTwoExecutorsOfOneEnd(t *testing.T) {
	for seed := range uint64(100) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := &graph{t: t, executors: [2]*pool.Executor{pool.NewExecutor(1), pool.NewExecutor(1)}}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if seed%3 == 0 {
					defer time.AfterFunc(time.Duration(seed)*time.Millisecond, cancel).Stop()
				}
				for i := range 5 {
					at := i % 2
					pool.Submit(ctx, g.executors[at], g.work(at, seed*10+uint64(i), 4))
				}
				g.executors[0].Wait() // but for the other's roots, which submit to it,
				g.executors[1].Wait() // and end here with all that they await
				g.executors[0].Close()
				g.executors[1].Close()
				if got, want := g.begun.Load(), g.submitted.Load(); seed%3 != 0 && got != want {
					t.Errorf("%d functions were begun, want %d", got, want)
				}
			})
		})
	}
}

func TestAwaitingOnSeveralGoroutinesOfAFunctionTakesOnePermitBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cpu, io := pool.NewExecutor(1), pool.NewExecutor(3)
		outer := pool.Submit(t.Context(), cpu, func(ctx context.Context) (int, error) {
			for i := range 3 { // against the rule: they await with the function's own context
				go func() { _, _ = pool.Submit(ctx, io, nap(time.Duration(i+1)*time.Second, 0)).Await(ctx) }()
			}
			<-time.After(1500 * time.Millisecond)
			return 0, nil
		})
		_, _ = outer.Await(t.Context())
		io.Wait()
		synctest.Wait()
		var running atomic.Int32 // the executor's size is what it was
		for range 5 {
			pool.Submit(t.Context(), cpu, func(context.Context) (int, error) {
				if now := running.Add(1); now != 1 {
					t.Errorf("%d functions run on an executor of size 1", now)
				}
				<-time.After(time.Second)
				return int(running.Add(-1)), nil
			})
		}
		cpu.Close()
		io.Close()
	})
}

func BenchmarkSubmitAwait(b *testing.B) {
	for _, size := range []int{1, 2} {
		b.Run(fmt.Sprintf("from=outside/size=%d", size), func(b *testing.B) {
			b.ReportAllocs()
			e := pool.NewExecutor(size)
			defer e.Close()
			f := func(context.Context) (int, error) { return 1, nil }
			for b.Loop() {
				_, _ = pool.Submit(b.Context(), e, f).Await(b.Context())
			}
		})
	}
	b.Run("from=function/size=1", func(b *testing.B) {
		b.ReportAllocs()
		cpu, io := pool.NewExecutor(1), pool.NewExecutor(1)
		defer io.Close()
		defer cpu.Close()
		f := func(context.Context) (int, error) { return 1, nil }
		_, _ = pool.Submit(b.Context(), cpu, func(ctx context.Context) (int, error) {
			for b.Loop() {
				_, _ = pool.Submit(ctx, io, f).Await(ctx)
			}
			return 0, nil
		}).Await(context.Background())
	})
}
