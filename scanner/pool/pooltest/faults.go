package pooltest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sluice/scanner/pool"
)

// goexits lets every third task end its goroutine, after it has spawned another.
func goexits(t *testing.T, schedule Scheduler, size int) {
	n := 30 * size
	var running, most, exited, fine atomic.Int32
	schedule(t.Context(), pool.Options{Size: size}, feed(n), pool.Work[int]{
		Do: func(w *pool.Worker[int], task int) error {
			raise(&most, running.Add(1))
			defer running.Add(-1)
			time.Sleep(time.Second)
			if task < n {
				w.Spawn(n + task)
			}
			if task%3 == 0 {
				runtime.Goexit()
			}
			return nil
		},
		Settle: func(_, task int, err error) {
			switch {
			case task%3 == 0 && errors.Is(err, pool.ErrGoexit):
				exited.Add(1)
			case task%3 != 0 && err == nil:
				fine.Add(1)
			default:
				t.Errorf("task %d settled with %v", task, err)
			}
		},
	})
	if int(exited.Load()) != 20*size || int(fine.Load()) != 40*size {
		t.Errorf("%d tasks ended their goroutine and %d went well, want %d and %d", exited.Load(), fine.Load(), 20*size, 40*size)
	}
	if int(most.Load()) != size {
		t.Errorf("%d tasks ran at once, want %d", most.Load(), size)
	}
}

// entered notes in Enter on which goroutine each slot lives, and looks there from
// all work. Every tenth task ends its goroutine.
func entered(t *testing.T, schedule Scheduler, size int) {
	var mu sync.Mutex
	slots := map[string]int{} // of the goroutines within Enter; guarded by mu
	seen := map[string]bool{} // guarded by mu
	inside := func(slot int) {
		mu.Lock()
		defer mu.Unlock()
		if at, ok := slots[goroutine()]; !ok || at != slot {
			t.Errorf("work of slot %d outside its Enter", slot)
		}
	}
	enter := func(slot int, work func()) {
		me := goroutine()
		mu.Lock()
		if seen[me] {
			t.Errorf("Enter was called twice on one goroutine")
		}
		seen[me], slots[me] = true, slot
		mu.Unlock()
		defer func() {
			mu.Lock()
			defer mu.Unlock()
			delete(slots, me)
		}()
		work()
	}
	var settled atomic.Int32
	schedule(t.Context(), pool.Options{Size: size, Enter: enter}, feed(100), pool.Work[int]{
		Do: func(w *pool.Worker[int], task int) error {
			inside(w.Slot)
			if task < 100 {
				w.Spawn(100 + task)
			}
			if task%10 == 0 {
				runtime.Goexit()
			}
			return nil
		},
		Settle: func(slot, _ int, _ error) { inside(slot); settled.Add(1) },
	})
	if settled.Load() != 200 {
		t.Errorf("%d tasks were settled, want 200", settled.Load())
	}
}

// goroutine names the calling goroutine, by the first line of its stack.
func goroutine() string {
	stack := make([]byte, 64)
	return string(bytes.Fields(stack[:runtime.Stack(stack, false)])[1])
}

// idle leaves all workers but one without work for an hour. The bubble's clock
// stands still while any goroutine spins, so that they must sleep.
func idle(t *testing.T, schedule Scheduler, size int) {
	start := time.Now()
	schedule(t.Context(), pool.Options{Size: size}, feed(1), pool.Work[int]{
		Do: func(w *pool.Worker[int], task int) error {
			if task == 0 {
				w.Spawn(1)
			}
			time.Sleep(time.Hour)
			return nil
		},
		Settle: func(int, int, error) {},
	})
	if got := time.Since(start); got > 2*time.Hour {
		t.Errorf("two tasks of an hour took %v", got)
	}
}

// random draws trees, naps, faults and, every other time, a cancel.
func random(t *testing.T, schedule Scheduler, size int) {
	for seed := range uint64(20) {
		if err := draw(rand.New(rand.NewPCG(seed, uint64(size)))).play(t.Context(), schedule, size); err != nil {
			t.Fatalf("seed %d, size %d: %v", seed, size, err)
		}
	}
}

// play is one random run.
type play struct {
	tree
	naps   []time.Duration
	fates  []int         // 0: an error; 1: a panic; 2: Goexit; else well
	cancel time.Duration // 0: never
}

func draw(rng *rand.Rand) play {
	n := 50 + rng.IntN(200)
	p := play{
		tree: newTree(rng, n, 1+rng.IntN(n), 1+rng.IntN(n)),
		naps: make([]time.Duration, n), fates: make([]int, n),
	}
	for i := range n {
		p.naps[i] = time.Duration(rng.IntN(1000)) * time.Millisecond
		p.fates[i] = rng.IntN(12)
	}
	if rng.IntN(2) == 0 {
		p.cancel = 1 + time.Duration(rng.IntN(5000))*time.Millisecond
	}
	return p
}

var (
	errFate = errors.New("fate")
	errStop = errors.New("stop")
)

func (p play) play(ctx context.Context, schedule Scheduler, size int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if p.cancel > 0 {
		defer time.AfterFunc(p.cancel, func() { cancel(errStop) }).Stop()
	}
	n := len(p.children)
	busy := make([]atomic.Bool, size)
	spawned, begun, settled := make([]atomic.Int32, n), make([]atomic.Bool, n), make([]atomic.Int32, n)
	var faults faults
	schedule(ctx, pool.Options{Size: size}, feed(p.roots), pool.Work[int]{
		Do: func(w *pool.Worker[int], task int) error {
			begun[task].Store(true)
			if busy[w.Slot].Swap(true) {
				faults.add("slot %d holds two tasks", w.Slot)
			}
			defer busy[w.Slot].Store(false)
			half := len(p.children[task]) / 2
			for i, child := range p.children[task] {
				if i == half {
					time.Sleep(p.naps[task])
				}
				spawned[child].Add(1)
				w.Spawn(child)
			}
			return suffer(p.fates[task])
		},
		Settle: func(_, task int, err error) {
			settled[task].Add(1)
			if want := p.wants(task, begun[task].Load()); !want(err) {
				faults.add("task %d, begun %v, settled with %v", task, begun[task].Load(), err)
			}
		},
	})
	for i := range n {
		want := spawned[i].Load()
		if i < p.roots {
			want = 1
		}
		if got := settled[i].Load(); got != want {
			faults.add("task %d was settled %d times, want %d", i, got, want)
		}
	}
	return errors.Join(faults.all...)
}

func suffer(fate int) error {
	switch fate {
	case 0:
		return errFate
	case 1:
		panic(errFate)
	case 2:
		runtime.Goexit()
	}
	return nil
}

// wants tells which error a task is to be settled with.
func (p play) wants(task int, begun bool) func(error) bool {
	switch {
	case !begun:
		return func(err error) bool { return p.cancel > 0 && errors.Is(err, errStop) }
	case p.fates[task] == 0:
		return func(err error) bool { return err == errFate } //nolint:errorlint // not wrapped
	case p.fates[task] == 1:
		return func(err error) bool {
			_, ok := errors.AsType[*pool.Panic](err)
			return ok && errors.Is(err, errFate)
		}
	case p.fates[task] == 2:
		return func(err error) bool { return errors.Is(err, pool.ErrGoexit) }
	}
	return func(err error) bool { return err == nil }
}

// faults collects what went wrong on any goroutine.
type faults struct {
	mu  sync.Mutex
	all []error // guarded by mu
}

func (f *faults) add(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, fmt.Errorf(format, args...))
}
