package limiter

import "time"

// Stats are a limiter's figures at one moment. What counts permits counts their
// weights, as windows do.
type Stats struct {
	Limit     int
	InFlight  int
	Available int
	Waiting   int           // who wait for a permit, whatever they weigh; not those who pause
	Pause     time.Duration // that the rule makes admissions wait beside

	// Since the limiter was made:
	Completed uint64 // settled as Success
	Dropped   uint64 // settled as Dropped
	Ignored   uint64 // settled as Ignored, or with an invalid sample

	Windows uint64 // given to the rule

	SettledTwice   uint64 // settlings of permits that were settled
	Invalid        uint64 // samples with a negative latency or size or no outcome; signals that were not numbers
	ListenerPanics uint64
	ChangesLost    uint64 // that a busy listener never got
}

// Stats returns the limiter's figures. It may be called at any time; settling does
// not wait for it.
func (l *Limiter) Stats() Stats {
	state := l.semaphore.state.Load()
	s := Stats{
		Limit:        int(limitOf(state)),
		InFlight:     int(inFlight(state)),
		Waiting:      l.Waiting(),
		Pause:        l.Pause(),
		Ignored:      l.window.ignored.Load(),
		Invalid:      l.window.invalid.Load(),
		SettledTwice: l.window.twice.Load(),
	}
	s.Available = max(0, s.Limit-s.InFlight)
	l.window.count(&s)
	l.teller.count(&s)
	return s
}

// count adds what was settled, in closed windows and in the open one.
func (w *window) count(s *Stats) {
	w.totals.Lock()
	defer w.totals.Unlock()
	s.Windows = w.totals.windows
	s.Completed = w.totals.completed + w.latencies.total()
	s.Dropped = w.totals.dropped + w.dropped.Load()
}

func (t *teller) count(s *Stats) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.ListenerPanics, s.ChangesLost = t.panics, t.lost
}
