package httplimit

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"syscall"

	"sluice/scanner/limiter"
)

// StatusOutcome says what a response tells of the capacity of who gave it:
//
//   - Dropped for 408, 429, 503 and 504, and for each other status from 400 on that
//     comes with a Retry-After, as some give a 403 with it to those that ask too often;
//   - Success for each status below 400;
//   - Ignored for the other 4xx, which are the asker's mistakes, and for the other
//     5xx, which are mostly bugs: counted as a success, a crash that takes no time
//     would teach that the service is fast, and counted as a drop, one broken page
//     would throttle all the others.
//
// A 408 counts because frameworks answer with it when a handler of theirs has
// timed out.
func StatusOutcome(status int, header http.Header) limiter.Outcome {
	switch {
	case status < http.StatusBadRequest:
		return limiter.Success
	case slices.Contains(dropping, status) || header.Get("Retry-After") != "":
		return limiter.Dropped
	}
	return limiter.Ignored
}

//nolint:gochecknoglobals // an immutable table
var dropping = []int{
	http.StatusRequestTimeout,
	http.StatusTooManyRequests,
	http.StatusServiceUnavailable,
	http.StatusGatewayTimeout,
}

// ErrorOutcome says what an error in place of a response, or in the midst of its
// body, tells of capacity: Dropped for time-outs of every kind, for connections
// that were refused or reset, and where files or ports have run out; else what
// [limiter.OutcomeOf] makes of it, which is Ignored for a cancellation, a name
// that does not resolve or a certificate that does not hold.
func ErrorOutcome(err error) limiter.Outcome {
	timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	if ok && timeout.Timeout() || slices.ContainsFunc(exhausted, func(e error) bool { return errors.Is(err, e) }) {
		return limiter.Dropped
	}
	return limiter.OutcomeOf(err)
}

//nolint:gochecknoglobals // an immutable table
var exhausted = []error{
	syscall.ECONNREFUSED, // nobody listens, or too many do so already
	syscall.ECONNRESET,
	syscall.EADDRNOTAVAIL, // no port is left
	syscall.EMFILE,        // no file is left to this process
	syscall.ENFILE,        // or to the machine
}

// ended says what the end of a request's context makes of an outcome: that of a
// request whose caller went away is Ignored, that of one that outlived its
// deadline Dropped. A context that has not ended changes nothing.
func ended(ctx context.Context) (o limiter.Outcome, yes bool) {
	switch err := ctx.Err(); {
	case err == nil:
		return 0, false
	case errors.Is(err, context.DeadlineExceeded):
		return limiter.Dropped, true
	}
	return limiter.Ignored, true
}
