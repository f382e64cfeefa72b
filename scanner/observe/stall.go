package observe

import "time"

// A posture is how all workers stand at one look.
type posture struct {
	in        [states]int   // workers in each state
	moved     time.Duration // when one of them last changed its state
	computing time.Duration // since when the one that has been Computing longest has; if any is
}

func (p *posture) note(w word) {
	if w.state() == Computing && (p.in[Computing] == 0 || w.since() < p.computing) {
		p.computing = w.since()
	}
	p.in[w.state()]++
	p.moved = max(p.moved, w.since())
}

// stalled says what it is that no file has been settled since the given moment:
// WhatStall if somebody has computed for as long, WhatDeadlock if nobody computes
// nor reads, somebody waits for another worker, and none has moved for as long; ""
// if there is nothing to complain of. A scan whose workers are all Idle has a slow
// source, one with somebody Reading slow storage; neither is a stall, and who
// begins to compute when such a wait is over is not to blame for it.
func (p posture) stalled(settled, now, limit time.Duration) string {
	switch {
	case now-settled < limit:
		return ""
	case p.in[Computing] > 0 && now-p.computing >= limit:
		return WhatStall
	case p.in[Computing] == 0 && p.in[Reading] == 0 && p.in[Waiting] > 0 && now-p.moved >= limit:
		return WhatDeadlock
	default:
		return ""
	}
}

// A pulse is the count of settled files as it was last seen to change.
type pulse struct {
	settled int64
	at      time.Duration
	told    bool // of this stall
}

// beat notes the count at now.
func (p *pulse) beat(settled int64, now time.Duration) {
	if settled != p.settled {
		*p = pulse{settled: settled, at: now}
	}
}
