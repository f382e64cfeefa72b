package limiter_test

import (
	"context"
	"errors"
	"fmt"

	"sluice/scanner/limiter"
)

// A limiter in front of work, by hand: acquire, do it, say what became of it.
func ExampleNew() {
	l, err := limiter.New(limiter.Options{Algorithm: "static", Initial: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	permit, err := l.Acquire(context.Background())
	if err != nil {
		fmt.Println(err) // the context ended first
		return
	}
	fmt.Println(l.InFlight(), "in flight,", l.Available(), "available")

	err = errors.New("the work went wrong, and not for want of capacity")
	if err := permit.Settle(limiter.OutcomeOf(err)); err != nil {
		fmt.Println(err)
	}
	fmt.Println(permit.Settle(limiter.Success))
	// Output:
	// 1 in flight, 1 available
	// permit is settled already; settle each permit once
}

// A guard does that around a function.
func ExampleGuard() {
	l, err := limiter.New(limiter.Options{Algorithm: "static", Initial: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	guard := limiter.Guard{Limiter: l}
	answer := 0
	err = guard.Do(context.Background(), func(context.Context) error {
		answer = 42
		return nil
	})
	fmt.Println(answer, err)

	err = guard.Do(context.Background(), func(context.Context) error {
		return fmt.Errorf("no connection is free: %w", limiter.ErrDropped)
	})
	fmt.Println(err)
	s := l.Stats()
	fmt.Println(s.Completed, "completed,", s.Dropped, "dropped,", s.InFlight, "in flight")
	// Output:
	// 42 <nil>
	// no connection is free: dropped for want of capacity
	// 1 completed, 1 dropped, 0 in flight
}

// All that is wrong with options is said at once.
func ExampleOptions() {
	_, err := limiter.New(limiter.Options{Algorithm: "static", Initial: 50, Min: 8, Max: 4})
	fmt.Println(err)
	// Output:
	// min is 8, above max 4; lower min or raise max
	// initial is 50, above max 4; lower initial or raise max
}
