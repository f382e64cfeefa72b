// Package limitertest holds what every limiter must keep: [Semaphore] for what
// hands out permits, [Limiter] for a limiter with some rule in it, [Rule] for a rule
// alone. Waiting happens in virtual time, so the suites take next to none.
package limitertest
