package limiter

import (
	"context"
	"errors"
	"os"
)

// ErrDropped is for errors that mean overload: wrap it, and OutcomeOf tells.
var ErrDropped = errors.New("dropped for want of capacity")

// OutcomeOf is the outcome that an error stands for: none is Success, a time-out or
// ErrDropped Dropped, any other Ignored, a cancellation among them.
func OutcomeOf(err error) Outcome {
	switch {
	case err == nil:
		return Success
	case errors.Is(err, ErrDropped), timedOut(err), errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return Dropped
	}
	return Ignored
}

// A Guard runs functions under a limiter.
type Guard struct {
	Limiter *Limiter
	// Classify turns what a function returns into an outcome; nil is OutcomeOf.
	Classify func(error) Outcome
}

// Do waits for a permit as long as ctx lasts, runs fn under it on the caller's
// goroutine, and settles it. It returns context.Cause(ctx) if there was no permit, else what
// fn returns. A panic of fn goes on, and runtime.Goexit too; the permit is settled
// as Ignored then.
func (g Guard) Do(ctx context.Context, fn func(context.Context) error) error {
	if g.Limiter == nil {
		return errors.New("the guard has no limiter; set Guard.Limiter")
	}
	permit, err := g.Limiter.Acquire(ctx)
	if err != nil {
		return err
	}
	outcome := Ignored
	defer func() { _ = permit.Settle(outcome) }() // it is the first settling
	err = fn(ctx)
	outcome = g.classify(err)
	return err
}

func (g Guard) classify(err error) Outcome {
	if g.Classify == nil {
		return OutcomeOf(err)
	}
	return g.Classify(err)
}

// timedOut tells of errors that say so themselves, as those of package net do.
func timedOut(err error) bool {
	t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && t.Timeout()
}
