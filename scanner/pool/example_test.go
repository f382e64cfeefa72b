package pool_test

import (
	"context"
	"fmt"
	"sync/atomic"

	"sluice/scanner/pool"
)

// A task counts the leaves below it and hands its branches to whoever is idle.
func ExampleSteal() {
	tasks := make(chan int, 1)
	tasks <- 10 // the height of a binary tree
	close(tasks)
	var leaves atomic.Int64
	pool.Steal(context.Background(), pool.Options{Size: 4}, tasks, pool.Work[int]{
		Do: func(w *pool.Worker[int], height int) error {
			if height == 0 {
				leaves.Add(1)
				return nil
			}
			w.Spawn(height - 1)
			w.Spawn(height - 1)
			return nil
		},
		Settle: func(int, int, error) {},
	})
	fmt.Println(leaves.Load(), "leaves")
	// Output: 1024 leaves
}

// The sandwich: a CPU task awaits an I/O task that awaits a CPU task, in pools of
// one. It ends, since a function holds no permit while it awaits.
func ExampleSubmit() {
	cpu, io := pool.NewExecutor(1), pool.NewExecutor(1)
	analysed := pool.Submit(context.Background(), cpu, func(ctx context.Context) (string, error) {
		imported := pool.Submit(ctx, io, func(ctx context.Context) (string, error) {
			inflated := pool.Submit(ctx, cpu, func(context.Context) (string, error) { return "package b", nil })
			return inflated.Await(ctx)
		})
		source, err := imported.Await(ctx)
		return "a imports: " + source, err
	})
	fmt.Println(analysed.Await(context.Background()))
	cpu.Close()
	io.Close()
	// Output: a imports: package b <nil>
}
