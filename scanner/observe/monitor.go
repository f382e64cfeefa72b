package observe

import (
	"cmp"
	"runtime/metrics"
	"slices"
	"sync"
	"time"
)

// The defaults of MonitorOptions.
const (
	defaultPoll  = 25 * time.Millisecond  // a quarter of defaultLong, so that an episode is noticed soon after
	defaultLong  = 100 * time.Millisecond // a hundred files of typical size
	defaultStall = 30 * time.Second
	defaultKeep  = 8
)

// MonitorOptions says what a Monitor looks at. The zero value is ready: it watches
// workers only. The functions are called from the monitor's goroutine; they
// must not wait for it, nor panic.
type MonitorOptions struct {
	// InFlight says how many files, and bytes of files, are in flight. Nil: the
	// gauge stays empty. See the function InFlight.
	InFlight func() (files, bytes int64)
	// Sampler, if not nil, takes InFlight's place: it feeds the gauge from a
	// goroutine of the monitor's until quit is closed. Go's own timers fire where
	// its scheduler comes by, which is where a worker has just finished with a file:
	// with few workers their looks see too little in flight. See package sampler.
	Sampler func(g *Gauge, quit <-chan struct{})
	// Settled counts the files settled so far. Nil: stalls go unnoticed.
	Settled func() int64
	// Reported is called for each report, kept or not. Nil: nobody is told.
	Reported func(Report)
	// Stalled is called once for each stall, with a dump of all goroutines. Nil:
	// nobody is told, and no dump is taken.
	Stalled func(Stall)

	Seed   uint64        // of the intervals between the gauge's samples
	Sample time.Duration // their mean; 0: 10 ms
	Poll   time.Duration // least time between two looks at the workers; 0: 25 ms
	Long   time.Duration // Computing from which a worker is suspect; 0: 100 ms
	Stall  time.Duration // time without a settled file that counts as a stall; 0: 30 s
	Keep   int           // reports of each kind, and stalls, kept whole; 0: 8
}

// A Monitor samples the gauge and watches the workers from one goroutine. Create
// it with NewMonitor. Worker is safe for concurrent use; Start and Stop are called in
// this order, once at most, by its owner. A nil Monitor watches nothing.
type Monitor struct {
	opts MonitorOptions

	mu     sync.Mutex
	groups []*group // guarded by mu

	// What follows belongs to the goroutine between Start and Stop.
	now       func() time.Duration
	gauge     *Gauge
	sampled   *Gauge // the sampler's
	sampling  sync.WaitGroup
	dog       *watchdog
	found     []suspect
	heart     pulse
	stalls    []Stall
	stalled   int64
	polled    time.Duration
	looks     int64
	late      time.Duration
	lateMax   time.Duration
	latencies *metrics.Float64Histogram // at the start
	quit      chan struct{}
	gone      chan struct{}
}

// NewMonitor returns a monitor that does nothing yet.
func NewMonitor(o MonitorOptions) *Monitor {
	o.Poll = cmp.Or(o.Poll, defaultPoll)
	o.Long = cmp.Or(o.Long, defaultLong)
	o.Stall = cmp.Or(o.Stall, defaultStall)
	o.Keep = cmp.Or(o.Keep, defaultKeep)
	if o.Sampler != nil {
		o.InFlight = nil
	}
	sampled := NewGauge(o.Sample, o.Seed)
	if o.InFlight == nil {
		o.Sample = o.Poll / 5 // looks at the workers keep their random intervals
	}
	m := &Monitor{
		opts:    o,
		gauge:   NewGauge(o.Sample, o.Seed),
		sampled: sampled,
		quit:    make(chan struct{}),
		gone:    make(chan struct{}),
	}
	m.dog = newWatchdog(limits{long: o.Long, keep: o.Keep}, takeDump)
	m.dog.reported = o.Reported
	return m
}

// Worker registers a slot of a pool, at any time, and returns what its goroutine
// is to tell. Pools are told apart by name and kind. A slot is registered once: a goroutine for
// each file enters and leaves the same Watched again and again. A nil monitor returns nil.
func (m *Monitor) Worker(pool string, slot int, kind Kind) *Watched {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	at := slices.IndexFunc(m.groups, func(g *group) bool { return g.name == pool && g.kind == kind })
	if at < 0 {
		at = len(m.groups)
		m.groups = append(m.groups, &group{name: pool, kind: kind})
	}
	g := m.groups[at]
	w := &Watched{pool: g, slot: slot}
	g.registered = append(g.registered, w)
	return w
}

// Start begins to look. The clock is that of the workers' Set: time since the
// scan's start, monotonic.
func (m *Monitor) Start(now func() time.Duration) {
	if m == nil {
		return
	}
	m.now = now
	m.heart.at, m.polled = now(), now()
	m.latencies = schedulingLatencies()
	go m.run()
	if m.opts.Sampler != nil {
		m.sampling.Go(func() { m.opts.Sampler(m.sampled, m.quit) })
	}
}

// Stop ends the looking, waits for the goroutine and returns what was seen. Call it
// as soon as the last result is there: the gauge's averages end with it.
func (m *Monitor) Stop() Summary {
	if m == nil {
		return Summary{}
	}
	if m.now != nil { // else it was never started: a scan may fail before
		close(m.quit)
		<-m.gone
		m.sampling.Wait()
	}
	return m.summary()
}

func (m *Monitor) run() {
	defer close(m.gone)
	next := m.next()
	timer := time.NewTimer(next - m.now())
	defer timer.Stop()
	for {
		select {
		case <-m.quit:
			return
		case <-timer.C:
		}
		now := m.now()
		m.tick(now, max(0, now-next))
		next = m.next()
		timer.Reset(next - m.now())
	}
}

// next is when to look again.
func (m *Monitor) next() time.Duration {
	at := m.now() + m.gauge.Next()
	if m.opts.InFlight == nil {
		at += m.opts.Poll // nothing to sample in between
	}
	return at
}

// tick is one look, so much later than intended: at the gauge always, at the
// workers if the last time is long enough ago. Their looks are so at random moments
// too, and the shares of time that they show are not those of a beat that the
// scan keeps.
func (m *Monitor) tick(now, late time.Duration) {
	m.looks++
	m.late += late
	m.lateMax = max(m.lateMax, late)
	if m.opts.InFlight != nil {
		m.gauge.Look(m.opts.InFlight())
	}
	if now-m.polled < m.opts.Poll {
		return
	}
	m.polled = now
	p := m.poll(now)
	m.dog.examine(m.found, now)
	m.checkPulse(p, now)
}

// poll reads the state of every worker.
func (m *Monitor) poll(now time.Duration) (p posture) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.found = m.found[:0]
	for _, g := range m.groups {
		g.workers = g.registered
		m.found = g.suspects(m.found, now, m.opts.Long, &p)
	}
	return p
}

// checkPulse looks whether files are still being settled.
func (m *Monitor) checkPulse(p posture, now time.Duration) {
	if m.opts.Settled == nil {
		return
	}
	m.heart.beat(m.opts.Settled(), now)
	what := p.stalled(m.heart.at, now, m.opts.Stall)
	if what == "" || m.heart.told {
		return
	}
	m.heart.told = true
	s := Stall{What: what, AtS: now.Seconds(), ForS: (now - m.heart.at).Seconds()}
	s.Workers, s.Others = busiest(m.workers(now))
	m.stalled++
	if len(m.stalls) < m.opts.Keep {
		m.stalls = append(m.stalls, s)
	}
	if m.opts.Stalled != nil {
		s.Dump = m.dog.dump(now).text
		m.opts.Stalled(s)
	}
}

// workers describes all workers.
func (m *Monitor) workers(now time.Duration) (all []WorkerState) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, g := range m.groups {
		for _, w := range g.registered {
			seen := w.load()
			all = append(all, WorkerState{
				Pool: g.name, Kind: g.kind, Slot: w.slot,
				state: seen.state(), State: seen.state().String(), ForS: (now - seen.since()).Seconds(), Path: w.task(),
			})
		}
	}
	return all
}

// mostStalled is how many workers a stall describes: there may be thousands.
const mostStalled = 64

// busiest returns the first workers by state, Computing first, and how many
// are left out.
func busiest(all []WorkerState) (first []WorkerState, others int) {
	slices.SortStableFunc(all, func(a, b WorkerState) int { return cmp.Compare(b.state, a.state) })
	others = max(0, len(all)-mostStalled)
	return all[:len(all)-others], others
}

func (m *Monitor) summary() Summary {
	d := m.dog
	d.close()
	latencies := between(m.latencies, schedulingLatencies())
	s := Summary{
		Reports: d.reports, Counts: d.counts, Stalls: m.stalls, StallCount: m.stalled,
		Looks: m.looks, LateMaxS: m.lateMax.Seconds(),
		Dumps: d.dumps, DumpTotalS: d.dumpTotal.Seconds(), DumpMaxS: d.dumpMax.Seconds(),
		Unexamined: d.unexamined, SchedulingS: latencies,
	}
	gauge := m.gauge
	if m.opts.Sampler != nil {
		gauge = m.sampled
	}
	s.InFlight, s.InFlightBytes = gauge.InFlight()
	if m.looks > 0 {
		s.LateMeanS = m.late.Seconds() / float64(m.looks)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, g := range m.groups {
		s.Occupancy = append(s.Occupancy, g.occupancy())
	}
	return s
}

func (g *group) occupancy() Occupancy {
	o := Occupancy{Pool: g.name, Kind: g.kind, Workers: len(g.registered)}
	for _, n := range g.seen {
		o.Looks += n
	}
	if o.Looks == 0 {
		return o
	}
	share := func(s State) float64 { return float64(g.seen[s]) / float64(o.Looks) }
	o.Idle, o.Waiting, o.Reading, o.Computing = share(Idle), share(Waiting), share(Reading), share(Computing)
	o.Flagged = o.analyses()
	return o
}
