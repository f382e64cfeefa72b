package pipeline

import (
	"sync"
	"time"

	"sluice/scanner/observe"
)

// sampleEvery is the mean time between two looks at the files in flight. A wake-up of
// an idle process takes some 100 µs of a virtual machine, so that a look every
// 10 ms was measured to take up to 1.5 % of a core, and every 20 ms half of it; a
// second's scan still has fifty.
const sampleEvery = 20 * time.Millisecond

// pollEvery is the least time between two looks at the workers: the watchdog speaks
// of 100 ms and more, so that it may come 50 ms late.
const pollEvery = 50 * time.Millisecond

// observe makes the monitor. It reads counters that belong to the desks, each
// written by one worker: to be watched costs the workers no shared line.
func (r *run) observe() {
	r.stalled = make(chan struct{})
	r.tellStalled = sync.OnceFunc(func() { close(r.stalled) })
	if r.opts.Unobserved {
		return
	}
	o := observe.MonitorOptions{InFlight: r.inFlight, Reported: r.opts.Watch, Stall: r.opts.Stall + r.opts.Linger, Sample: sampleEvery, Poll: pollEvery, Seed: r.opts.Seed}
	if r.opts.Stall > 0 {
		o.Settled, o.Stalled = r.settled, r.stall
	}
	if r.opts.Sampler != nil {
		o.Sampler = func(g *observe.Gauge, quit <-chan struct{}) { r.opts.Sampler(r.tallies)(g, quit) }
	}
	r.monitor = observe.NewMonitor(o)
}

// inFlight counts the files between a reader and their result, and the bytes
// that they are expected to take.
func (r *run) inFlight() (files, bytes int64) { return observe.InFlight(r.tallies) }

func (r *run) settled() (n int64) {
	for _, d := range r.desks {
		n += d.done.Load()
	}
	return n
}

// stall passes on that the run makes no progress, and ends it where that was
// asked for.
func (r *run) stall(s observe.Stall) {
	if r.opts.Stalled != nil {
		r.opts.Stalled(s)
	}
	if r.opts.FailStalled {
		r.cancel(ErrStalled) // a run that was cancelled already keeps its cause
		r.tellStalled()
	}
}
