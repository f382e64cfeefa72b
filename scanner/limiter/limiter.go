package limiter

import (
	"context"
	"time"
)

// A Limiter hands out permits under a limit that a Rule moves by what becomes of
// them. It is safe for concurrent use and has no goroutine of its own: whoever
// settles a permit past the end of a window closes it. Make it with New.
type Limiter struct {
	semaphore Semaphore
	_         line // what every permit writes, apart from what every permit reads

	made   time.Time
	clock  func() time.Duration // nil: time since made
	bounds Bounds
	own    time.Duration // length of windows where the rule asks for none

	rule    Rule
	samples uint64
	signals func() Signals
	teller  teller
	window  window
}

// line is as much memory as processors fetch at once.
type line [128]byte

// New makes a limiter. Its error names every option that is wrong, with its value
// and the remedy.
func New(o Options) (*Limiter, error) {
	o, rule, err := o.resolve()
	if err != nil {
		return nil, err
	}
	l := &Limiter{
		made:    time.Now(),
		clock:   o.Clock,
		bounds:  Bounds{o.Initial, o.Min, o.Max},
		own:     o.Window,
		rule:    rule,
		samples: uint64(o.Samples),
		signals: o.Signals,
		teller:  teller{listener: o.Listener},
	}
	if err := l.semaphore.SetLimit(o.Initial); err != nil {
		return nil, err
	}
	l.window.length.Store(int64(o.Window))
	l.open(l.now(), l.semaphore.state.Load())
	return l, nil
}

// Acquire waits for a permit, in order of arrival (of the end of its pause, where the
// rule holds admissions up). It returns context.Cause(ctx) if
// ctx ends first or has ended already. The permit must be settled, once.
func (l *Limiter) Acquire(ctx context.Context) (Permit, error) {
	return l.acquire(ctx, 1)
}

// AcquireWeight waits for a permit that weighs as much as several. A weight below 1
// or above the highest limit is an error; one above the limit of the moment counts
// as the whole limit: it waits until it is alone, and has company again if the limit rises.
func (l *Limiter) AcquireWeight(ctx context.Context, weight int) (Permit, error) {
	if err := checkWeight(weight, l.bounds.Max); err != nil {
		return Permit{}, err
	}
	return l.acquire(ctx, uint64(weight))
}

// TryAcquire takes a permit if one is free and nobody waits. It never waits, not
// even as long as the rule wants admissions held up.
func (l *Limiter) TryAcquire() (Permit, bool) {
	return l.TryAcquireWeight(1)
}

// TryAcquireWeight is TryAcquire for a permit that weighs as much as several. A
// weight below 1 or above the highest limit is never granted.
func (l *Limiter) TryAcquireWeight(weight int) (Permit, bool) {
	if weight < 1 || weight > l.bounds.Max {
		return Permit{}, false
	}
	taken := l.semaphore.take(uint64(weight), true)
	if taken == 0 {
		l.window.refused()
		return Permit{}, false
	}
	return Permit{limiter: l, granted: l.now(), weight: taken}, true
}

// acquire takes a permit: at once if it can, for that costs least.
func (l *Limiter) acquire(ctx context.Context, weight uint64) (Permit, error) {
	if l.window.pause.Load() == 0 && ctx.Err() == nil {
		if taken := l.semaphore.take(weight, true); taken > 0 {
			return Permit{limiter: l, granted: l.now(), weight: taken}, nil
		}
	}
	return l.queue(ctx, weight)
}

// queue waits for a permit, and beside it as long as the rule wants.
func (l *Limiter) queue(ctx context.Context, weight uint64) (Permit, error) {
	if pause := l.Pause(); pause > 0 {
		if err := wait(ctx, pause); err != nil {
			return Permit{}, err
		}
	}
	if ctx.Err() != nil {
		return Permit{}, context.Cause(ctx)
	}
	taken := l.semaphore.take(weight, true)
	if taken == 0 {
		l.window.refused()
		var err error
		if taken, err = l.semaphore.wait(ctx, weight, true); err != nil {
			return Permit{}, err
		}
	}
	return Permit{limiter: l, granted: l.now(), weight: taken}, nil
}

// wait lets time pass, as far as ctx lasts.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Limit is the limit now.
func (l *Limiter) Limit() int { return l.semaphore.Limit() }

// InFlight is the weight of the permits that are out.
func (l *Limiter) InFlight() int { return l.semaphore.InFlight() }

// Available is how much weight is free; 0 while more is out than a lowered limit allows.
func (l *Limiter) Available() int {
	state := l.semaphore.state.Load()
	return max(0, int(limitOf(state))-int(inFlight(state)))
}

// Waiting is how many wait for a permit.
func (l *Limiter) Waiting() int { return l.semaphore.Waiting() }

// Bounds are what the limit moves within.
func (l *Limiter) Bounds() Bounds { return l.bounds }

// now is the time since the limiter was made. time.Since reads one clock, the
// monotonic one, where time.Now reads two.
func (l *Limiter) now() time.Duration {
	if l.clock != nil {
		return l.clock()
	}
	return time.Since(l.made)
}
