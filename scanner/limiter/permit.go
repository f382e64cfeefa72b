package limiter

import (
	"errors"
	"fmt"
	"time"
)

// ErrSettled is returned by the settling of a permit that was settled before, or
// never granted. Nothing has changed but the count of such mistakes.
var ErrSettled = errors.New("permit is settled already; settle each permit once")

// A Permit is the right to do work of some weight. It must be settled, once, when
// the work has ended; a permit that is not is lost to all others. It must not be
// copied (go vet tells), and is for one goroutine at a time. The zero value counts
// as settled.
type Permit struct {
	_       noCopy
	limiter *Limiter
	granted time.Duration
	weight  uint64 // 0: settled
}

// noCopy makes go vet refuse copies of what contains it.
type noCopy struct{}

func (*noCopy) Lock()   {}
func (*noCopy) Unlock() {}

// Settle gives the permit back and says what became of the work; its latency is
// the time since the permit was granted. A second time it changes nothing and
// returns ErrSettled. An outcome that is none counts as Ignored, with an error; and
// so does, without one, a success on a clock that was put back meanwhile.
func (p *Permit) Settle(o Outcome) error {
	l, weight := p.limiter, p.weight
	if weight == 0 {
		return l.settledTwice()
	}
	p.weight = 0
	r := settlement{at: l.now(), granted: p.granted, weight: weight, tells: weight}
	if o != Success || r.at < r.granted {
		return l.settleOdd(Sample{Outcome: o}, r)
	}
	l.window.latencies.add(max(r.at-r.granted, 1), weight)
	l.giveBack(r)
	return nil
}

// SettleSample is Settle for work whose latency the caller measured himself, or
// whose size is known. A sample with a negative figure counts as Ignored, with an
// error.
func (p *Permit) SettleSample(s Sample) error {
	l, weight := p.limiter, p.weight
	if weight == 0 {
		return l.settledTwice()
	}
	p.weight = 0
	return l.settleOdd(s, settlement{at: l.now(), granted: p.granted, weight: weight})
}

// A settlement is the end of a permit.
type settlement struct {
	at, granted time.Duration
	weight      uint64
	tells       uint64 // weight, or 0 if it was ignored
	before      uint64 // state of the semaphore just before the permit was back
}

// settledTwice counts a mistake.
func (l *Limiter) settledTwice() error {
	if l != nil {
		l.window.twice.Add(1)
	}
	return ErrSettled
}

// settleOdd settles all but the plain success.
func (l *Limiter) settleOdd(s Sample, r settlement) error {
	o, err := l.window.odd(s, r.at-r.granted, r.weight)
	if r.tells = r.weight; o == Ignored {
		r.tells = 0
	}
	l.giveBack(r)
	return err
}

// giveBack returns a permit to the semaphore, and closes the window if it is over.
func (l *Limiter) giveBack(r settlement) {
	r.before = l.semaphore.give(r.weight) + r.weight
	if l.window.peaks(r.before) {
		l.window.note(r.before)
	}
	if l.window.over(r.at) {
		l.turn(r)
	}
}

// check says what is wrong with a sample.
func (s Sample) check() error {
	switch {
	case s.Outcome < Success || s.Outcome > Ignored:
		return fmt.Errorf("%v is none; use Success, Dropped or Ignored (counted as ignored)", s.Outcome)
	case s.Latency < 0:
		return fmt.Errorf("latency is %v; use 0 or more (counted as ignored)", s.Latency)
	case s.Units < 0:
		return fmt.Errorf("units are %d; use 0 or more (counted as ignored)", s.Units)
	}
	return nil
}

// latency is what a success tells after it was held so long.
func (s Sample) latency(held time.Duration) time.Duration {
	latency := held
	if s.Latency > 0 {
		latency = s.Latency
	}
	if s.Units > 0 {
		latency = time.Duration(min(float64(latency)*TypicalUnits/float64(s.Units), longest))
	}
	return max(latency, 1) // 0 would be no latency at all
}
