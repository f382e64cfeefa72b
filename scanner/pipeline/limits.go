package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"sluice/scanner/limiter"
)

// A Limit moves how many files a station works on at once. The zero value is
// none: the station's workers are its bound.
type Limit struct {
	Algorithm string // of limiter.Algorithms; empty for none
	limiter.Bounds

	Samples int // completions that make a window; 0 is 10

	// PerByte has the rule see latencies per byte, for work that grows with its file.
	PerByte bool
	// ServiceOnly has the rule see how long a read took, without the wait for the memory
	// budget before it and for the analysers after it. Readers only: a rule that goes by
	// latency alone must see them, one that looks at the analysers must not.
	ServiceOnly bool
	// FullDrops makes a read whose file finds no room with the analysers one that was
	// dropped: the limit is then moved by the depth of their queue. Readers only.
	FullDrops bool
	// Load is asked for the machine's load; nil where the rule needs none.
	Load func() limiter.Signals
}

// Limited says what a station's limiter did.
type Limited struct {
	Station   string // read or analyse
	Algorithm string
	limiter.Bounds
	Final   int              // the limit at the end
	Mean    float64          // of the limit over the run's time
	Highest int              // of the limit
	Stats   limiter.Stats    // at the end
	Changes []limiter.Change // the first mostChanges; At counts from the run's start
	Lost    int              // changes beyond these
}

// mostChanges is how many changes of a limit a run remembers: a rule that changes
// its mind each 10 ms is followed for 40 s.
const mostChanges = 4096

// A valve is a Limit at work, with the trace of what it decided.
type valve struct {
	*limiter.Limiter
	station string
	limit   Limit

	mu      sync.Mutex
	changes []limiter.Change // guarded by mu
	lost    int              // guarded by mu
	area    float64          // guarded by mu; of limit over seconds, up to since
	since   time.Duration    // guarded by mu
	now     int              // guarded by mu; the limit since then
	highest int              // guarded by mu
}

// newValve is nil for a Limit of none.
func (r *run) newValve(station string, l Limit, signals func() limiter.Signals) (*valve, error) {
	if l.Algorithm == "" {
		return nil, nil //nolint:nilnil // no limiter and no fault
	}
	v := &valve{station: station, limit: l}
	var err error
	v.Limiter, err = limiter.New(limiter.Options{
		Algorithm: l.Algorithm, Initial: l.Initial, Min: l.Min, Max: l.Max,
		Window: limitWindow, Samples: cmp.Or(l.Samples, limitSamples),
		Clock: r.limiterNow, Signals: signals, Listener: v.changed,
	})
	if err != nil {
		return nil, fmt.Errorf("limiter of station %s: %w", station, err)
	}
	v.now = v.Limit()
	v.highest = v.now
	return v, nil
}

// The windows of a scan's limiters where a rule asks for none: scans last seconds,
// a read of slow storage some ten milliseconds.
const (
	limitWindow  = 20 * time.Millisecond
	limitSamples = 10
)

// changed notes a change of the limit.
func (v *valve) changed(c limiter.Change) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.pass(c.At)
	v.now, v.highest = c.To, max(v.highest, c.To)
	if len(v.changes) < mostChanges {
		v.changes = append(v.changes, c)
	} else {
		v.lost++
	}
}

// pass lets the limit hold until a moment. It is called with mu held.
func (v *valve) pass(at time.Duration) {
	if at > v.since {
		v.area += float64(v.now) * (at - v.since).Seconds()
		v.since = at
	}
}

// limited is the account of a valve after a run of that length.
func (v *valve) limited(wall time.Duration) Limited {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.pass(wall)
	l := Limited{
		Station: v.station, Algorithm: v.limit.Algorithm, Bounds: v.Bounds(),
		Final: v.Limit(), Highest: v.highest, Stats: v.Stats(), Changes: v.changes,
	}
	l.Lost = v.lost + int(l.Stats.ChangesLost)
	if v.since > 0 {
		l.Mean = v.area / v.since.Seconds()
	}
	return l
}

// A pass is a worker's permit, from a valve that may be nil. Its zero value holds
// none.
type pass struct {
	permit  limiter.Permit
	held    bool
	outcome limiter.Outcome
	units   int64
	took    time.Duration // if the rule is to see it; 0: as long as the permit was held
}

// take waits for a permit. The error is that of the context's end.
func (p *pass) take(ctx context.Context, v *valve) (err error) {
	p.permit, err = v.Acquire(ctx)
	p.held, p.outcome, p.units, p.took = err == nil, limiter.Ignored, 0, 0
	return err
}

// done says that the work succeeded, on that many bytes, and how long it took by
// itself.
func (p *pass) done(v *valve, bytes int, took time.Duration) {
	if !p.held {
		return
	}
	p.outcome = limiter.Success
	if v.limit.PerByte {
		p.units = int64(bytes) + fileUnits
	}
	if v.limit.ServiceOnly {
		p.took = took
	}
}

// failed says that the work failed: where that was for want of capacity, the
// limiter learns of it.
func (p *pass) failed(err error) {
	p.outcome = limiter.OutcomeOf(err)
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.EAGAIN) {
		p.outcome = limiter.Dropped
	}
}

// fileUnits is what a file costs beside its bytes, in bytes, where latencies are
// per byte: a kilobyte, so that a file of a few bytes is not slow by the byte. It is
// chosen, not measured.
const fileUnits = 1 << 10

// giveBack settles the permit, if there is one: without a call to done as ignored.
func (p *pass) giveBack() {
	if !p.held {
		return
	}
	p.held = false
	_ = p.permit.SettleSample(limiter.Sample{Outcome: p.outcome, Units: p.units, Latency: p.took}) // held says that it was not settled before
}

// A handOver is what the readers' limiter is told of the analysers, whom it cannot
// see: how many of them are at work and how many files wait for them, each as a mean
// over time. Means over the files handed over would not do: where reads come back
// together, each finds the analysers busy, who starve for the rest of the time.
// Nothing is counted where no limiter asks.
type handOver struct {
	wanted bool
	room   int64 // files that may wait before it is too many

	waiting, working census        // files handed over and not begun; files begun and not done
	asked            time.Duration // when the signals were last asked for; of one goroutine at a time
}

// A census counts who is inside, and for how long: the moments of leaving less those
// of entering, together with who is inside now, are the time that all have spent
// there.
type census struct {
	inside  atomic.Int64
	moments atomic.Int64 // ns
	told    int64        // the area when it was last asked for, ns; of who asks
}

func (c *census) enter(now time.Duration) (before int64) {
	c.moments.Add(-int64(now))
	return c.inside.Add(1) - 1
}

func (c *census) leave(now time.Duration) {
	c.inside.Add(-1)
	c.moments.Add(int64(now))
}

// mean is how many were inside on average since it was last asked for, that long
// ago. Somebody between two steps of entering or leaving makes it wrong by a little
// once, and the next one right.
func (c *census) mean(now, ago time.Duration) float64 {
	area := c.moments.Load() + c.inside.Load()*int64(now)
	mean := float64(area-c.told) / float64(ago)
	c.told = area
	return max(0, mean)
}

// queueForEach is how many files may wait for each analyser before it is too many,
// where the channel holds fewer: readers that wait for room have them. As many bridge
// the spread of a storage's latencies.
const queueForEach = 16

// offer notes a file that is about to be handed over, and tells whether it finds no
// room.
func (h *handOver) offer(f *loaded, now time.Duration) (full bool) {
	if !h.wanted {
		return false
	}
	f.offered = true
	return h.waiting.enter(now) >= h.room
}

// begin notes that an analyser has taken a file that was offered; end is owed.
func (h *handOver) begin(f *loaded, now time.Duration) {
	f.offered = false
	h.waiting.leave(now)
	h.working.enter(now)
}

// end notes that the analyser is done with a file.
func (h *handOver) end(now time.Duration) { h.working.leave(now) }

// abandon notes that no analyser will take the file.
func (h *handOver) abandon(f *loaded, now time.Duration) {
	if f.offered {
		f.offered = false
		h.waiting.leave(now)
	}
}

// signals averages since it was last called, for so many analysers.
func (h *handOver) signals(now time.Duration, analysers int) limiter.Signals {
	ago := now - h.asked
	if ago <= 0 {
		return limiter.Signals{}
	}
	h.asked = now
	return limiter.Signals{
		Known:   limiter.KnowsConsumer,
		Busy:    min(1, h.working.mean(now, ago)/float64(analysers)),
		Backlog: h.waiting.mean(now, ago),
		Room:    float64(h.room),
	}
}

// permit waits for a permit, which is a declared wait.
func (r *run) permit(d *desk, p *pass, v *valve) error {
	if v == nil {
		return nil
	}
	d.watched.Set(waiting, r.now())
	return p.take(r.ctx, v)
}

// offer says that a file is on its way to the analysers.
func (r *run) offer(d *desk, f *loaded) {
	if full := r.handOver.offer(f, f.ready); full && r.opts.ReadLimit.FullDrops && d.reads.held {
		d.reads.outcome = limiter.Dropped
	}
}

// limit makes the run's valves, where it has any.
func (r *run) limit(analysers int) (err error) {
	o := r.opts
	if o.ReadLimit.Algorithm != "" && o.Scheduler != Inline { // where nobody waits for readers
		r.handOver.wanted, r.handOver.room = true, int64(max(o.Buffer*o.Batch, queueForEach*analysers))
	}
	load := o.ReadLimit.Load
	r.reads, err = r.newValve("read", o.ReadLimit, func() limiter.Signals {
		var s limiter.Signals
		if r.handOver.wanted {
			s = r.handOver.signals(r.limiterNow(), analysers)
		}
		if load != nil {
			l := load()
			s.Known, s.CPU, s.Memory = s.Known|l.Known, l.CPU, l.Memory
		}
		return s
	})
	if err != nil {
		return err
	}
	r.analyses, err = r.newValve("analyse", o.AnalyseLimit, o.AnalyseLimit.Load)
	return err
}
