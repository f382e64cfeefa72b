package httplimit

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"sluice/scanner/limiter"
)

// A Transport is an [http.RoundTripper] that has no more requests under way than
// its limiter allows. The zero value lacks a limiter: its RoundTrip returns an
// error.
//
// A request waits for its permit under its own context and holds it until its
// response's body is read to the end or to an error, or closed, or until its
// context ends; a response without a body gives it back at once, and so does one
// that switches protocols (101), whose connection lives on as Ignored. A body
// that is neither read nor closed keeps its permit as it keeps its connection:
// close bodies, as net/http asks, and give requests a deadline, which mends it
// where that was forgotten.
//
// Who holds a body and sends another request through the same Transport may wait
// for himself.
//
// A Transport is safe for concurrent use, if its fields are left alone.
type Transport struct {
	Base    http.RoundTripper // sends the requests; nil is http.DefaultTransport
	Limiter *limiter.Limiter  // gives the permits; there is no default

	// FirstByte has the latency of every response end with its header, though its
	// permit is held to the end: for bodies that are read as slowly as their reader
	// likes.
	FirstByte bool

	// Outcome of a response, and of the error that came in its place or in the midst of
	// its body; nil is StatusOutcome and ErrorOutcome. It is not asked where the
	// request's context has ended: that is Dropped after a deadline, else Ignored.
	Outcome func(*http.Response, error) limiter.Outcome

	gaveUp atomic.Uint64 // requests whose context ended before they had a permit
}

// RoundTrip sends the request when it has a permit. Without one its error wraps
// the cause for which the request's context ended.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	e := &exchange{of: t, request: r}
	if err := e.admit(); err != nil {
		if r.Body != nil {
			r.Body.Close() // as a RoundTripper must
		}
		return nil, err
	}
	return e.send()
}

// CloseIdleConnections has Base close those that it keeps, if it can.
func (t *Transport) CloseIdleConnections() {
	if base, ok := t.base().(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}

// Status is read while requests go through; its figures are of nearly the same
// moment. A Transport refuses nothing.
func (t *Transport) Status() Status {
	if t.Limiter == nil {
		return Status{}
	}
	return statusOf(t.Limiter, 0, t.gaveUp.Load())
}

func (t *Transport) base() http.RoundTripper { return cmp.Or(t.Base, http.DefaultTransport) }

func (t *Transport) outcome(resp *http.Response, err error) limiter.Outcome {
	switch {
	case t.Outcome != nil:
		return t.Outcome(resp, err)
	case err != nil:
		return ErrorOutcome(err)
	}
	return StatusOutcome(resp.StatusCode, resp.Header)
}

// exchange is one request under way, and in the end the body of its response.
type exchange struct {
	io.ReadCloser // the body as the base gave it
	of            *Transport
	request       *http.Request
	permit        limiter.Permit
	granted       time.Time

	response *http.Response
	latency  time.Duration // to the header, if that is what counts; else 0
	unwatch  func() bool   // stops watching the request's context
	settled  atomic.Bool   // the reader, the closer and the context may all be the last
}

func (e *exchange) admit() (err error) {
	if e.of.Limiter == nil {
		return errors.New("limit an HTTP client: there is no limiter; set Transport.Limiter to one of limiter.New")
	}
	if e.permit, err = e.of.Limiter.Acquire(e.request.Context()); err != nil {
		e.of.gaveUp.Add(1)
		return &waitError{err}
	}
	e.granted = time.Now()
	return nil
}

// send has the base send the request. The permit is kept if there is a body to
// wait for, and settled in every other case, a panic of the base included.
func (e *exchange) send() (resp *http.Response, err error) {
	var kept bool
	var end error // stays nil where there is neither an answer nor an error, as in a panic
	defer func() {
		if !kept {
			e.settle(end)
		}
	}()
	if resp, err = e.of.base().RoundTrip(e.request); err != nil || resp == nil {
		end = err
		return resp, err
	}
	e.response, end = resp, io.EOF
	if e.of.FirstByte {
		e.latency = max(time.Since(e.granted), 1)
	}
	if kept = hasBody(resp); kept {
		e.follow()
	}
	return resp, nil
}

// hasBody reports whether there is something to read. The body of a 101 is a
// connection, which may be written to also: it is left as it is.
func hasBody(r *http.Response) bool {
	return r.Body != nil && r.Body != http.NoBody && r.StatusCode != http.StatusSwitchingProtocols
}

// follow puts itself in place of the response's body, and watches the request's
// context: when that ends, the exchange is over, whether or not anybody reads on.
func (e *exchange) follow() {
	e.ReadCloser, e.response.Body = e.response.Body, e
	ctx := e.request.Context()
	e.unwatch = context.AfterFunc(ctx, func() { e.settle(context.Cause(ctx)) })
}

// Read settles the permit at the end, or at an error.
func (e *exchange) Read(p []byte) (int, error) {
	n, err := e.ReadCloser.Read(p)
	if err != nil {
		e.unwatch()
		e.settle(err)
	}
	return n, err
}

// Close settles the permit when the connection is free, or gone.
func (e *exchange) Close() error {
	err := e.ReadCloser.Close()
	e.unwatch()
	e.settle(nil)
	return err
}

// settle gives the permit back, the first time that it is called. The error is
// io.EOF for a response that came to its end, nil for one that was closed.
func (e *exchange) settle(err error) {
	if e.settled.Swap(true) {
		return
	}
	sample := limiter.Sample{Outcome: limiter.Ignored, Latency: e.latency}
	defer func() { e.permit.SettleSample(sample) }() // even if Outcome panics
	sample.Outcome = e.outcome(err)
}

func (e *exchange) outcome(err error) limiter.Outcome {
	complete := errors.Is(err, io.EOF) && e.response != nil
	if o, yes := ended(e.request.Context()); yes && !complete {
		return o
	}
	switch {
	case e.response == nil && err == nil, e.response != nil && e.response.StatusCode == http.StatusSwitchingProtocols:
		return limiter.Ignored
	case complete:
		err = nil
	}
	return e.of.outcome(e.response, err)
}

// waitError says that a request's context ended before it had a permit.
type waitError struct{ cause error }

func (e *waitError) Error() string { return "wait for a permit: " + e.cause.Error() }
func (e *waitError) Unwrap() error { return e.cause }

// Timeout makes this a time-out for http.Client and its callers if it was one.
func (e *waitError) Timeout() bool { return errors.Is(e.cause, context.DeadlineExceeded) }
