package httplimit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"sluice/scanner/limiter"
)

// Options make a Handler. Zero values take the defaults that are named.
type Options struct {
	Limiter *limiter.Limiter // gives the permits; there is no default

	// Queue is how many requests may wait for a permit, ≥ 0. With 0 a request that
	// finds no permit is refused at once, and none is held up, whatever the rule says.
	// While the rule holds admissions up, at most Queue ÷ pause requests a second come
	// through, permits or not: 200 for a pause of 50 ms let 4,000 pass.
	Queue int
	// Wait is the longest that one of them waits; 0 is DefaultWait. Not without Queue.
	// The request's own context ends the wait too, if that is sooner.
	Wait time.Duration

	// Status of a refusal: 503 or 429; 0 is 503.
	Status int
	// RetryAfter is what a refusal asks its client to wait before it tries again, told
	// in whole seconds, rounded up; 0 is DefaultRetryAfter.
	RetryAfter time.Duration

	// FirstByte has the latency of every response end with its header, though its
	// permit is held to the end: for bodies so large that the time they take is that of
	// the client's line. Of a response that its handler flushes, a stream, that is the
	// latency in any case.
	FirstByte bool

	// Outcome of a response; nil is StatusOutcome. It and Exempt are called by many
	// goroutines at once.
	Outcome func(status int, header http.Header) limiter.Outcome
	// Exempt lets requests pass without a permit, as health checks should; nil is that
	// none does.
	Exempt func(*http.Request) bool
}

// The defaults of Options.
const (
	DefaultWait       = time.Second
	DefaultRetryAfter = time.Second
)

// withDefaults fills in what was left at zero.
func (o Options) withDefaults() Options {
	if o.Wait == 0 {
		o.Wait = DefaultWait
	}
	if o.Status == 0 {
		o.Status = http.StatusServiceUnavailable
	}
	if o.RetryAfter == 0 {
		o.RetryAfter = DefaultRetryAfter
	}
	if o.Outcome == nil {
		o.Outcome = StatusOutcome
	}
	if o.Exempt == nil {
		o.Exempt = func(*http.Request) bool { return false }
	}
	return o
}

// Validate reports every fault at once, each with its value and the remedy.
func (o Options) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if o.Limiter == nil {
		bad("there is no limiter; make one with limiter.New")
	}
	if o.Queue < 0 {
		bad("queue is %d; use 0 to refuse at once, or how many requests may wait", o.Queue)
	}
	if o.Wait < 0 {
		bad("wait is %v; use a positive duration (default %v)", o.Wait, DefaultWait)
	}
	if o.Wait > 0 && o.Queue == 0 {
		bad("wait is %v, but without a queue nobody waits; set queue, or leave wait at 0", o.Wait)
	}
	if o.Status != 0 && o.Status != http.StatusServiceUnavailable && o.Status != http.StatusTooManyRequests {
		bad("status is %d; use 503 or 429 (default 503)", o.Status)
	}
	if o.RetryAfter < 0 {
		bad("retry-after is %v; use a positive duration (default %v)", o.RetryAfter, DefaultRetryAfter)
	}
	return errors.Join(errs...)
}

// A Handler stands in front of another and lets no more requests in at once than
// its limiter allows.
//
// A permit is held until the handler behind returns, panics or takes over the
// connection, and is settled once: by the status of the response, see
// [StatusOutcome]; as Ignored after a panic, or if the client has gone away; as
// Dropped if the request outlived a deadline of its context and no success had
// been told by then. A connection that is taken over, as for WebSockets, gives its
// permit back at that moment, as Ignored: the server knows no more of it, it is
// idle most of its life, and a few of them would keep every other request out.
// Handlers that want them bounded put a limiter of their own around the
// connection.
//
// Since a client that goes away teaches nothing, a service whose clients give up
// before it does never sees that it is overloaded: give its requests a deadline
// that is shorter than their patience.
//
// What the handler behind sees of the ResponseWriter is what there was: Flusher,
// Hijacker, Pusher, io.ReaderFrom and all that an [http.ResponseController] finds.
//
// An [http.TimeoutHandler] belongs in front of a Handler, not behind it: behind it
// the permit would be back at the time-out, while the work went on.
//
// A Handler is safe for concurrent use.
type Handler struct {
	next       http.Handler
	o          Options // with defaults
	retryAfter string  // seconds

	queued  atomic.Int64  // requests that wait for a permit now
	refused atomic.Uint64 // requests that got none, ever
	gaveUp  atomic.Uint64 // requests whose client went away while they waited, ever
}

// New puts a Handler in front of next. Its error names every fault of o.
func New(next http.Handler, o Options) (*Handler, error) {
	err := o.Validate()
	if f, is := next.(http.HandlerFunc); next == nil || is && f == nil {
		err = errors.Join(errors.New("there is no handler; pass the one to be limited"), err)
	}
	if err != nil {
		return nil, fmt.Errorf("limit an HTTP handler: %w", err)
	}
	o = o.withDefaults()
	seconds := int64(math.Ceil(o.RetryAfter.Seconds()))
	return &Handler{next: next, o: o, retryAfter: strconv.FormatInt(seconds, 10)}, nil
}

// ServeHTTP serves the request under a permit, or refuses it.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.o.Exempt(r) {
		h.next.ServeHTTP(w, r)
		return
	}
	s := &serving{ResponseWriter: w}
	if !h.admit(r.Context(), &s.permit) {
		h.refuse(w, r)
		return
	}
	s.granted = time.Now()
	defer h.settle(s, r)
	h.next.ServeHTTP(s.writer(), r)
	s.returned = true
}

// admit gets a permit, at once or by waiting in the queue. Where there is a queue,
// those whom the rule holds up stand in it, too.
func (h *Handler) admit(ctx context.Context, p *limiter.Permit) (ok bool) {
	l := h.o.Limiter
	if h.o.Queue == 0 || l.Pause() == 0 {
		if *p, ok = l.TryAcquire(); ok {
			return true
		}
	}
	defer h.queued.Add(-1)
	if h.queued.Add(1) > int64(h.o.Queue) {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, h.o.Wait)
	defer cancel()
	var err error
	*p, err = l.Acquire(ctx)
	return err == nil
}

// refuse answers a request that got no permit. One whose client is gone is
// answered too, so that whoever logs around us sees no success.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request) {
	if r.Context().Err() != nil {
		h.gaveUp.Add(1)
	} else {
		h.refused.Add(1)
	}
	w.Header().Set("Retry-After", h.retryAfter)
	http.Error(w, "at the limit; try again in "+h.retryAfter+" s", h.o.Status)
}

// settle gives the permit of a request back, unless that was done when its
// connection was taken over.
func (h *Handler) settle(s *serving, r *http.Request) {
	if s.hijacked {
		return
	}
	sample := limiter.Sample{Outcome: limiter.Ignored}
	defer func() { s.permit.SettleSample(sample) }() // even if Outcome panics
	if s.returned {
		sample = limiter.Sample{Outcome: h.outcome(s, r.Context()), Latency: s.latency(h.o.FirstByte)}
	}
}

// outcome of a request whose handler has returned.
func (h *Handler) outcome(s *serving, ctx context.Context) limiter.Outcome {
	told := h.o.Outcome(s.statusOr200(), s.Header())
	o, yes := ended(ctx)
	if !yes || o == limiter.Dropped && s.status != 0 && told == limiter.Success {
		return told
	}
	return o
}

// Status is read while requests go through; its figures are of nearly the same
// moment.
func (h *Handler) Status() Status {
	return statusOf(h.o.Limiter, h.refused.Load(), h.gaveUp.Load())
}
