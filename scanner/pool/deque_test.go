package pool

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

func TestTheOwnerTakesTheNewestAndThievesTheOldest(t *testing.T) {
	var d deque[int]
	numbers := []int{0, 1, 2, 3}
	for i := range numbers {
		d.push(&numbers[i])
	}
	if got := *d.pop(); got != 3 {
		t.Errorf("the owner got %d, want 3", got)
	}
	if got, _ := d.steal(); *got != 0 {
		t.Errorf("a thief got %d, want 0", *got)
	}
}

func TestAnEmptyDequeGivesNothing(t *testing.T) {
	var d deque[int]
	for range 3 {
		if d.pop() != nil {
			t.Error("pop gave something")
		}
		if v, again := d.steal(); v != nil || again {
			t.Errorf("steal gave %v, %v", v, again)
		}
		d.push(new(int))
		d.pop()
	}
}

// The model is a slice: its end is the bottom.
func TestADequeUsedByOneAloneIsItsModel(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 0))
		var d deque[int]
		var model []int
		for step, bias := 0, 0; step < 3000; step++ {
			if step%100 == 0 {
				bias = rng.IntN(7) // so that it grows at times and runs empty at others
			}
			var got *int
			want := -1
			switch op := rng.IntN(8); {
			case op < bias:
				v := step
				d.push(&v)
				model = append(model, step)
				continue
			case op%2 == 0:
				got = d.pop()
				if n := len(model); n > 0 {
					want, model = model[n-1], model[:n-1]
				}
			default:
				got, _ = d.steal()
				if len(model) > 0 {
					want, model = model[0], model[1:]
				}
			}
			if (got == nil) != (want < 0) || got != nil && *got != want {
				t.Fatalf("seed %d, step %d: got %v, want %d", seed, step, got, want)
			}
		}
	}
}

func TestAFifoIsItsModel(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 0))
		var q fifo[int]
		var model []int
		for step, bias := 0, 0; step < 20_000; step++ {
			if step%4000 == 0 {
				bias = rng.IntN(9) // beyond the length that is kept, and back to nothing
			}
			if rng.IntN(8) < bias {
				q.push(step)
				model = append(model, step)
				continue
			}
			got, ok := q.pop()
			if ok != (len(model) > 0) || ok && got != model[0] {
				t.Fatalf("seed %d, step %d: got %d, %v", seed, step, got, ok)
			}
			model = model[min(1, len(model)):]
		}
	}
}

// Longer runs than the checker could search: what is pushed comes out once, and a
// thief sees what it takes in the order in which it was pushed.
func TestNothingIsLostOrTakenTwiceWhileThievesSteal(t *testing.T) {
	const pushes, thieves = 50_000, 3
	for seed := range uint64(4) {
		var d deque[int]
		var taken [pushes]atomic.Int32
		var over atomic.Bool
		var all sync.WaitGroup
		for range thieves {
			all.Go(func() {
				last := -1
				for {
					v, again := d.steal()
					switch {
					case v != nil:
						taken[*v].Add(1)
						if *v <= last {
							t.Errorf("seed %d: a thief took %d after %d", seed, *v, last)
						}
						last = *v
					case again:
					case over.Load():
						return
					default:
						runtime.Gosched()
					}
				}
			})
		}
		rng := rand.New(rand.NewPCG(seed, 0))
		for i := range pushes {
			v := i
			d.push(&v)
			for rng.IntN(100) < 45 {
				if v := d.pop(); v != nil {
					taken[*v].Add(1)
				}
			}
		}
		over.Store(true)
		all.Wait()
		for v := d.pop(); v != nil; v = d.pop() {
			taken[*v].Add(1)
		}
		for i := range taken {
			if got := taken[i].Load(); got != 1 {
				t.Fatalf("seed %d: %d was taken %d times", seed, i, got)
			}
		}
	}
}
