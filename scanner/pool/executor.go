package pool

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

// ErrClosed settles what is submitted to a closed executor.
var ErrClosed = errors.New("the executor is closed")

// Executor runs functions, at most so many at once, oldest first, and answers
// each with a [Reply]. It is the bridge between pools: a function that runs on
// one executor may await another's reply, which may await one of the first, and
// so on. Nothing deadlocks at any size, since a function gives its permit up while
// it awaits. Safe for concurrent use; made by [NewExecutor].
//
// Only Await gives the permit up. A function that waits for another by a channel
// of its own holds its permit meanwhile, and with it, perhaps, the only place
// where the other could run: that deadlocks, as with any bounded pool.
type Executor struct {
	mu     sync.Mutex
	free   int             // permits; guarded by mu
	queue  fifo[job]       // not begun; guarded by mu. Not empty only if free is 0
	back   fifo[*returner] // want their permits back, before any of queue; guarded by mu. Not empty only if free is 0
	alive  int             // goroutines; guarded by mu
	closed bool            // guarded by mu
	idle   sync.Cond       // alive fell to 0
}

// NewExecutor returns an executor that runs size functions (≥ 1) at once. It
// holds no goroutine while it has nothing to run.
func NewExecutor(size int) *Executor {
	e := &Executor{free: size}
	e.idle.L = &e.mu
	return e
}

// Submit hands f over and does not wait. f gets a context that carries the
// executor, to be passed to Await; goroutines that f starts beside its own must
// not await with it. If ctx ends before f begins, f never runs, and the reply is
// settled with context.Cause(ctx). If f panics, the reply is a *Panic; if it ends
// its goroutine, ErrGoexit. It costs 2 allocations, and a third and a goroutine if
// a permit is free.
func Submit[R any](ctx context.Context, e *Executor, f func(ctx context.Context) (R, error)) *Reply[R] {
	r := &Reply[R]{f: f}
	r.permit = permit{Context: ctx, executor: e}
	r.done = make(chan struct{})
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.closed:
		r.claim()
		r.settle(ErrClosed)
	case e.free > 0:
		e.free--
		r.claim() // before anybody can settle it
		e.start(r)
	default:
		e.queue.push(r)
	}
	return r
}

// Wait returns when nothing that was submitted is running or waiting to run. It
// must not be called from within a function of this executor.
func (e *Executor) Wait() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for e.alive > 0 {
		e.idle.Wait()
	}
}

// Close settles what is submitted from now on with ErrClosed, and waits for what
// was submitted before. Of executors whose functions submit to each other, wait
// for the outer one first. Closing twice is the same as once.
func (e *Executor) Close() {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.Wait()
}

// job is a reply of any type.
type job interface {
	claim() bool
	run()
	held() *permit
}

// start runs j, which is claimed, on a goroutine of its own, under a permit that the caller has
// taken; mu is held. The goroutine goes on with others while there are any.
func (e *Executor) start(j job) {
	e.alive++
	go func() {
		returned := false
		defer func() { // f ended the goroutine
			if !returned {
				e.mu.Lock()
				defer e.mu.Unlock()
				if next := e.end(j.held()); next != nil {
					e.start(next)
				}
				e.leave()
			}
		}()
		for next := j; next != nil; {
			j = next
			j.run()
			next = e.following(j.held())
		}
		returned = true
	}()
}

// following ends one function and returns the next for this goroutine; if there
// is none, the goroutine is to leave.
func (e *Executor) following(p *permit) job {
	e.mu.Lock()
	defer e.mu.Unlock()
	next := e.end(p)
	if next == nil {
		e.leave()
	}
	return next
}

func (e *Executor) leave() {
	if e.alive--; e.alive == 0 {
		e.idle.Broadcast()
	}
}

// end takes a finished function's permit; mu is held.
func (e *Executor) end(p *permit) job {
	p.ended = true
	if p.given {
		return nil
	}
	return e.pass()
}

// pass passes a permit on: to whoever wants it back, else to the oldest job,
// which it returns to be run, else to the free ones. mu is held.
func (e *Executor) pass() job {
	for b, ok := e.back.pop(); ok; b, ok = e.back.pop() {
		took := b.permit.given && !b.permit.ended
		if took {
			b.permit.given = false
		}
		close(b.granted)
		if took {
			return nil
		}
	}
	for j, ok := e.queue.pop(); ok; j, ok = e.queue.pop() {
		if j.claim() {
			return j
		}
	}
	e.free++
	return nil
}

// permit is the right of one function to run. As a context it makes the permit
// known to Await.
type permit struct {
	context.Context //nolint:containedctx // it is a context
	executor        *Executor
	awaits          int  // calls of Await under way; guarded by executor.mu
	given           bool // the permit is given up; guarded by executor.mu
	ended           bool // the function returned; guarded by executor.mu
}

// returner waits to get its permit back.
type returner struct {
	permit  *permit
	granted chan struct{}
}

// permitKey finds the innermost permit of a context.
type permitKey struct{}

// Value returns the permit itself, or what the context below holds.
func (p *permit) Value(key any) any {
	if key == (permitKey{}) {
		return p
	}
	return p.Context.Value(key)
}

// giveUp lets another function run while this one awaits.
func (p *permit) giveUp() {
	e := p.executor
	e.mu.Lock()
	defer e.mu.Unlock()
	p.awaits++
	if p.given || p.ended {
		return
	}
	p.given = true
	if j := e.pass(); j != nil {
		e.start(j)
	}
}

// takeBack returns when the function may run again.
func (p *permit) takeBack() {
	e := p.executor
	e.mu.Lock()
	p.awaits--
	if p.awaits > 0 || p.ended || !p.given {
		e.mu.Unlock()
		return
	}
	if e.free > 0 {
		e.free--
		p.given = false
		e.mu.Unlock()
		return
	}
	b := &returner{permit: p, granted: make(chan struct{})}
	e.back.push(b)
	e.mu.Unlock()
	<-b.granted // comes without regard to any context: every running function returns or awaits
}

// Reply is the answer to one function, given once.
type Reply[R any] struct {
	permit  permit
	f       func(ctx context.Context) (R, error)
	claimed atomic.Bool // by whoever runs or settles it
	done    chan struct{}
	value   R     // written before done is closed
	err     error // written before done is closed
}

// Await waits for the reply and returns what the function returned; any number
// may await, any number of times. It returns context.Cause(ctx) if ctx ends first;
// the function goes on.
//
// With the context of a function of an executor, Await gives that function's
// permit up while it waits, and takes it back, ahead of functions that have not
// begun, before it returns, whatever ended the wait. So never more functions run
// than the executor's size, though more may have begun. It costs nothing of the
// kind if the reply is there already.
func (r *Reply[R]) Await(ctx context.Context) (R, error) {
	select {
	case <-r.done:
		return r.value, r.err
	default:
	}
	if p, ok := ctx.Value(permitKey{}).(*permit); ok {
		p.giveUp()
		defer p.takeBack()
	}
	select {
	case <-r.done:
		return r.value, r.err
	case <-ctx.Done():
	case <-r.permit.Done():
		if r.claim() { // not begun, and never will; the executor need not come to it first
			r.settle(context.Cause(r.permit.Context))
		}
		select {
		case <-r.done:
			return r.value, r.err
		case <-ctx.Done():
		}
	}
	var none R
	return none, context.Cause(ctx)
}

func (r *Reply[R]) held() *permit { return &r.permit }

func (r *Reply[R]) claim() bool { return r.claimed.CompareAndSwap(false, true) }

// run calls f and settles the reply, which is claimed.
func (r *Reply[R]) run() {
	if r.permit.Err() != nil {
		r.settle(context.Cause(r.permit.Context))
		return
	}
	err := ErrGoexit
	defer func() { r.settle(err) }()
	err = r.attempt()
}

func (r *Reply[R]) attempt() (err error) {
	defer Recover(&err)
	r.value, err = r.f(&r.permit)
	return err
}

func (r *Reply[R]) settle(err error) {
	r.err, r.f = err, nil // what f holds may go
	close(r.done)
}
