// Package load reads how busy the processors are and how full the memory is, as
// signals for [limiter.Load].
//
// Both are shares of what this process may use. Of the machine that is the busy
// share of all processors, time that a hypervisor stole included, and the memory
// that is not available. Where a control group (version 2) of this process, or one
// above it, has a quota of processor time or a bound on memory, it is the share of
// those; of several that bind the fullest counts, the machine always among them.
// Control groups of version 1 are not read.
//
// It is for Linux. A reading opens two files of the machine and up to five of each
// group: some 100 µs and 16 KB without groups (see the benchmark), that is 0.1 % of
// one processor in windows of 100 ms.
package load

import (
	"fmt"
	"io/fs"
	"time"

	"sluice/scanner/limiter"
)

// Least is how long a reading holds. Processor time is counted in hundredths of a
// second, so that what is read more often is mostly chance.
const Least = 50 * time.Millisecond

// New returns readings of the system whose root folder is given: os.DirFS("/").
// Processor load is that since the reading before, the first since New. The clock
// never goes back; nil is the monotonic one. What cannot be read is not known:
// signals then lack limiter.KnowsLoad. An error says that not even the first
// reading works, as on a system without /proc. The function is called by one
// goroutine at a time.
func New(root fs.FS, clock func() time.Duration) (func() limiter.Signals, error) {
	if clock == nil {
		start := time.Now()
		clock = func() time.Duration { return time.Since(start) }
	}
	m := &meter{root: root, clock: clock}
	m.groups = groupsOf(root)
	var err error
	if m.before, err = m.read(); err != nil {
		return nil, fmt.Errorf("load of the system: %w (leave the signals out where there is no /proc)", err)
	}
	return m.signals, nil
}

// A meter remembers the reading before.
type meter struct {
	root   fs.FS
	clock  func() time.Duration
	groups []string // folders of the control groups, from that of this process up
	before reading
	last   limiter.Signals
}

// A reading is what the counters stood at.
type reading struct {
	at     time.Duration
	busy   float64 // ticks
	total  float64 // ticks
	quotas []quota // of the groups that have one
	memory float64 // share in use
}

// A quota is a group's processor time.
type quota struct {
	group  string
	used   time.Duration
	shares float64 // processors' worth that it may use
}

// signals reads, and compares with the reading before.
func (m *meter) signals() limiter.Signals {
	if m.last.Known != 0 && m.clock()-m.before.at < Least {
		return m.last
	}
	now, err := m.read()
	if err != nil {
		m.last = limiter.Signals{}
		return m.last
	}
	if now.at-m.before.at < Least {
		return limiter.Signals{} // too early for a first
	}
	m.last = limiter.Signals{Known: limiter.KnowsLoad, CPU: processors(m.before, now), Memory: now.memory}
	m.before = now
	return m.last
}

// processors is the share in use between two readings: the fullest of the machine
// and the quotas.
func processors(before, now reading) float64 {
	share := 0.0
	if ticks := now.total - before.total; ticks > 0 {
		share = (now.busy - before.busy) / ticks
	}
	for _, q := range now.quotas {
		for _, old := range before.quotas {
			if old.group == q.group {
				used := (q.used - old.used).Seconds() / (now.at - before.at).Seconds()
				share = max(share, used/q.shares)
			}
		}
	}
	return min(max(share, 0), 1)
}

// read reads all there is.
func (m *meter) read() (reading, error) {
	r := reading{at: m.clock()}
	var err error
	if r.busy, r.total, err = ticks(m.root); err != nil {
		return reading{}, err
	}
	if r.memory, err = machineMemory(m.root); err != nil {
		return reading{}, err
	}
	for _, group := range m.groups {
		if q, ok := quotaOf(m.root, group); ok {
			r.quotas = append(r.quotas, q)
		}
		if share, ok := memoryOf(m.root, group); ok {
			r.memory = max(r.memory, share)
		}
	}
	return r, nil
}
