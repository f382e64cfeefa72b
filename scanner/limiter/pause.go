package limiter

import "time"

// Pause is how long the rule holds up each admission just now, beside any wait for
// a permit; 0 is that it does not. Acquire keeps to it, TryAcquire does not: ask
// before trying, where it should count.
func (l *Limiter) Pause() time.Duration {
	pause := l.window.pause.Load()
	if pause == 0 || l.window.late(l.now()) {
		return 0
	}
	return time.Duration(pause)
}
