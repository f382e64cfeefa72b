package observe

import (
	"slices"
	"time"
)

// limits are what the watchdog goes by.
type limits struct {
	long  time.Duration // Computing from which an episode is suspect
	stall time.Duration // without a settled file
	keep  int           // reports and stalls kept whole
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
	name    string
	kind    Kind
	workers []*Watched
	seen    [states]int64 // looks at a worker in each state
}

// A suspect is a worker that has been Computing for long.
type suspect struct {
	*Watched
	word word // at the look
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
	word    word          // the episode: a new word is a new one
	due     time.Duration // when to look again
	pending bool          // it was due, but no dump was
	done    bool          // reported
	asleep  time.Duration // when it was first seen blocked in stack
	stack   string        // without the header; empty if it was not seen blocked
	wait    string
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
// be found. Blocked is who was seen twice in the same place, at least limit apart: one
// look may have met a lock that was about to be free.
func (l *look) judge(kind Kind, g goroutine, now, limit time.Duration) verdict {
	l.pending = false
	if !blocked(g.wait) {
		l.stack = ""
		l.due = l.word.since() + againAfter*(now-l.word.since())
		if kind == IO {
			l.done = true
			return computing
		}
		return innocent
	}
	if l.stack == string(g.stack) && l.wait == g.wait && now-l.asleep >= limit {
		l.done = true
		return asleep
	}
	if l.stack != string(g.stack) || l.wait != g.wait {
		l.asleep, l.stack, l.wait = now, string(g.stack), g.wait
	}
	l.due = l.asleep + limit
	return unsettled
}

// A watchdog turns looks into reports. It knows neither clock nor goroutines: its
// monitor calls look, and it calls takeDump where it must. It is for one goroutine.
type watchdog struct {
	limits
	takeDump func() dump
	reported func(Report) // nil: nobody is told

	looks    map[*Watched]*look // of those that were suspect once
	nextDump time.Duration      // not before
	fresh    []suspect          // kept for its memory

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
	d.closeEnded()
	d.fresh = d.fresh[:0]
	needed := false
	for _, s := range all {
		l := d.looks[s.Watched]
		if l == nil {
			l = &look{}
			d.looks[s.Watched] = l
		}
		if l.word != s.word {
			*l = look{word: s.word, due: s.word.since() + d.long}
		}
		if l.done || now < l.due {
			continue
		}
		d.fresh = append(d.fresh, s)
		needed = needed || s.pool.kind == CPU || len(d.reports) < d.keep
	}
	switch {
	case len(d.fresh) == 0:
	case needed && now < d.nextDump:
		for _, s := range d.fresh {
			d.looks[s.Watched].pending = true
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

// closeEnded settles the episodes that ended before a dump was due: an I/O
// worker's was computing for what is known, a CPU worker's remains unknown.
func (d *watchdog) closeEnded() {
	for w, l := range d.looks {
		if l.pending && w.load() != l.word {
			l.pending = false
			d.giveUp(w, l)
		}
	}
}

// close settles what is pending when the scan ends.
func (d *watchdog) close() {
	for w, l := range d.looks {
		if l.pending {
			l.pending = false
			d.giveUp(w, l)
		}
	}
}

func (d *watchdog) giveUp(w *Watched, l *look) {
	if w.pool.kind == CPU {
		d.unexamined++
		return
	}
	d.report(suspect{Watched: w, word: l.word}, WhatComputing, d.long, l.word.since()+d.long, goroutine{}, dump{})
}

// report counts an episode and keeps it if there is room.
func (d *watchdog) report(s suspect, what string, lasted, now time.Duration, g goroutine, by dump) {
	d.count(what, s.pool)
	if len(d.reports) >= d.keep && d.reported == nil {
		return
	}
	r := Report{
		What: what, Pool: s.pool.name, Kind: s.pool.kind, Slot: s.slot,
		AtS: now.Seconds(), ForS: lasted.Seconds(), Path: s.task(),
		Wait: g.wait, Stack: string(g.stack),
		DumpS: by.took.Seconds(), DumpGoroutines: by.goroutines,
	}
	if len(d.reports) < d.keep {
		d.reports = append(d.reports, r)
	}
	if d.reported != nil {
		d.reported(r)
	}
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
