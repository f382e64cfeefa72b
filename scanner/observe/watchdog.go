package observe

import (
	"cmp"
	"slices"
	"time"
)

// limits are what the watchdog goes by.
type limits struct {
	long time.Duration // Computing from which an episode is suspect
	keep int           // reports kept whole, of each kind
}

const (
	// againAfter is how many times as long an episode must have lasted as at the
	// last look, before a worker that computed is looked at again: a parse of 9 MB
	// takes 1.3 s, so that it gets the look at 100 ms and none at 2 s, while a
	// task that blocks after an hour's computing is still found.
	againAfter = 20
	// dumpShare is the part of the time that dumps may take: 1 in 100.
	dumpShare = 100
)

// A group is a pool of workers, with what was seen of them.
type group struct {
	name       string
	kind       Kind
	registered []*Watched    // guarded by the monitor's mu; only ever appended to
	workers    []*Watched    // those registered at the last look; the monitor's goroutine's own
	seen       [states]int64 // looks at a worker in each state; likewise
}

// A suspect is a worker that has been Computing for long.
type suspect struct {
	*Watched
	word word   // at the look
	path string // likewise; set only while the suspect is pending
}

// suspects appends the workers of g that have been Computing for limit, and counts
// the states of all. It is the look that recurs, so it allocates nothing where
// there is no suspect.
func (g *group) suspects(to []suspect, now, limit time.Duration, p *posture) []suspect {
	for _, w := range g.workers {
		seen := w.load()
		g.seen[seen.state()]++
		p.note(seen)
		if suspicious(seen, now, limit) {
			to = append(to, suspect{Watched: w, word: seen})
		}
	}
	return to
}

// suspicious reports whether a worker has been Computing for limit.
func suspicious(w word, now, limit time.Duration) bool {
	return w.state() == Computing && now-w.since() >= limit
}

// A look is what is known of a suspect's episode.
type look struct {
	word   word          // the episode: a new word is a new one
	due    time.Duration // when to look again
	done   bool          // reported
	asleep time.Duration // when it was first seen blocked in stack
	stack  string        // without the header; empty if it was not seen blocked
	wait   string
}

// A verdict is what a look at a suspect comes to.
type verdict uint8

const (
	innocent verdict = iota
	unsettled
	computing
	asleep
)

// judge learns what a goroutine was doing at now; g.wait is empty if it was not to
// be found. Blocked is who was seen twice in the same place, the second time when it
// was due, limit later or more: one look may have met a lock that was about to be free.
func (l *look) judge(kind Kind, g goroutine, now, limit time.Duration) verdict {
	if !blocked(g.wait) {
		l.stack = ""
		l.due = l.word.since() + againAfter*(now-l.word.since())
		if kind == IO {
			l.done = true
			return computing
		}
		return innocent
	}
	if l.stack == string(g.stack) && l.wait == g.wait {
		l.done = true
		return asleep
	}
	l.asleep, l.stack, l.wait = now, string(g.stack), g.wait
	l.due = now + limit
	return unsettled
}

// A watchdog turns looks into reports. It knows neither clock nor goroutines: its
// monitor calls examine, and it calls takeDump where it must. It is for one goroutine.
type watchdog struct {
	limits
	takeDump func() dump
	reported func(Report) // nil: nobody is told

	looks    map[*Watched]*look // of those that were suspect once
	nextDump time.Duration      // not before
	fresh    []suspect          // due now
	pending  []suspect          // were due at the last look, when no dump was

	reports    []Report
	counts     []Count
	dumps      int64
	dumpTotal  time.Duration
	dumpMax    time.Duration
	unexamined int64
}

func newWatchdog(l limits, takeDump func() dump) *watchdog {
	return &watchdog{limits: l, takeDump: takeDump, looks: map[*Watched]*look{}}
}

// examine looks at all suspects of the moment.
func (d *watchdog) examine(all []suspect, now time.Duration) {
	d.giveUp(func(s suspect) bool { return s.load() != s.word })
	d.fresh = d.fresh[:0]
	for _, s := range all {
		if d.due(s, now) {
			d.fresh = append(d.fresh, s)
		}
	}
	needed := slices.ContainsFunc(d.fresh, func(s suspect) bool { return s.pool.kind == CPU || d.roomFor(WhatComputing) })
	switch {
	case needed && now < d.nextDump:
		for _, s := range d.fresh {
			s.path = s.task()
			d.pending = append(d.pending, s)
		}
	case needed:
		d.dumpAndJudge(now)
	default: // I/O workers, whose stacks nobody would keep
		for _, s := range d.fresh {
			d.looks[s.Watched].done = true
			d.report(s, WhatComputing, now-s.word.since(), now, goroutine{}, dump{})
		}
	}
}

// due reports whether a suspect's episode asks for a look.
func (d *watchdog) due(s suspect, now time.Duration) bool {
	l := d.looks[s.Watched]
	if l == nil {
		l = &look{}
		d.looks[s.Watched] = l
	}
	if l.word != s.word {
		*l = look{word: s.word, due: s.word.since() + d.long}
	}
	return !l.done && now >= l.due
}

// giveUp settles the pending episodes that ended before there was a dump, and
// forgets the others, which are about to be looked at again: an I/O worker's was
// computing for all that is known, a CPU worker's remains unknown.
func (d *watchdog) giveUp(ended func(suspect) bool) {
	for _, s := range d.pending {
		switch {
		case !ended(s):
		case s.pool.kind == CPU:
			d.unexamined++
		default:
			d.report(s, WhatComputing, d.long, s.word.since()+d.long, goroutine{}, dump{})
		}
	}
	d.pending = d.pending[:0]
}

func (d *watchdog) dumpAndJudge(now time.Duration) {
	ids := make(map[int64]bool, len(d.fresh))
	for _, s := range d.fresh {
		ids[s.goroutine.Load()] = true
	}
	taken := d.dump(now)
	found := taken.find(ids)
	for _, s := range d.fresh {
		if s.load() != s.word {
			continue // it went on before the dump
		}
		l, g := d.looks[s.Watched], found[s.goroutine.Load()]
		seen := l.asleep
		switch l.judge(s.pool.kind, g, now, d.long) {
		case computing:
			d.report(s, WhatComputing, now-s.word.since(), now, g, taken)
		case asleep:
			d.report(s, WhatBlocked, now-seen, now, g, taken)
			if d.allAsleep(s.pool) {
				d.report(s, WhatSandwich, now-seen, now, g, taken)
			}
		case innocent:
			if g.wait == "" {
				d.unexamined++ // cut off, or never entered
			}
		case unsettled:
		}
	}
}

// dump takes a dump and books it; when to take it is the caller's to decide.
func (d *watchdog) dump(now time.Duration) dump {
	taken := d.takeDump()
	d.dumps++
	d.dumpTotal += taken.took
	d.dumpMax = max(d.dumpMax, taken.took)
	d.nextDump = now + max(d.long, dumpShare*taken.took)
	return taken
}

// allAsleep reports whether every worker of a CPU pool was found blocked in the episode
// that it is in.
func (d *watchdog) allAsleep(g *group) bool {
	return g.kind == CPU && !slices.ContainsFunc(g.workers, func(w *Watched) bool {
		l := d.looks[w]
		return l == nil || !l.done || l.word != w.load()
	})
}

// close settles what is pending when the scan ends.
func (d *watchdog) close() { d.giveUp(func(suspect) bool { return true }) }

// report counts an episode and keeps it if there is room.
func (d *watchdog) report(s suspect, what string, lasted, now time.Duration, g goroutine, by dump) {
	d.count(what, s.pool)
	room := d.roomFor(what)
	if !room && d.reported == nil {
		return
	}
	r := Report{
		What: what, Pool: s.pool.name, Kind: s.pool.kind, Slot: s.slot,
		AtS: now.Seconds(), ForS: lasted.Seconds(), Path: cmp.Or(s.path, s.task()),
		Wait: g.wait, Stack: string(g.stack),
		DumpS: by.took.Seconds(), DumpGoroutines: by.goroutines,
	}
	if room {
		d.reports = append(d.reports, r)
	}
	if d.reported != nil {
		d.reported(r)
	}
}

// roomFor reports whether one more report of the kind is kept. Each has room of
// its own, lest 64 blocked workers crowd out the sandwich that they are.
func (d *watchdog) roomFor(what string) bool {
	n := 0
	for _, r := range d.reports {
		if r.What == what {
			n++
		}
	}
	return n < d.keep
}

func (d *watchdog) count(what string, g *group) {
	for i := range d.counts {
		if c := &d.counts[i]; c.What == what && c.Pool == g.name && c.Kind == g.kind {
			c.N++
			return
		}
	}
	d.counts = append(d.counts, Count{What: what, Pool: g.name, Kind: g.kind, N: 1})
}
