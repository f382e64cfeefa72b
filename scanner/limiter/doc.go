// Package limiter bounds how much of a thing happens at once, and learns from
// what happens where the bound should be.
//
// It has two halves. A [Rule] is a pure function of what was seen: it gets a
// [Window] and returns a [Decision], and knows neither clock nor lock; there is
// one file for each. A [Limiter] is the machinery around one: permits from a
// [Semaphore] whose limit moves while it is in use, the times that they were held
// for, and the windows made of these. A permit is settled once, as [Success],
// [Dropped] or [Ignored].
//
//	l, err := limiter.New(limiter.Options{Algorithm: "bdp"})
//	…
//	permit, err := l.Acquire(ctx)
//	if err != nil {
//		return err
//	}
//	err = work(ctx)
//	permit.Settle(limiter.OutcomeOf(err))
//
// [Guard] does that around a function, package httplimit in front of an HTTP
// server and behind a client. The package knows nothing of files, and imports
// nothing of ours.
package limiter
