package limiters

import (
	"time"

	"github.com/failsafe-go/failsafe-go/adaptivelimiter"

	"sluice/harness/plant"
	"sluice/scanner/limiter"
)

func failsafeDefault() plant.Contestant {
	return plant.Contestant{
		Name: "failsafe",
		Doc:  "failsafe-go adaptivelimiter, its defaults: 20 of 1 to 200, windows of 1 s with 50 samples",
		Kind: plant.Peer,
		New:  failsafeGates(adaptivelimiter.NewBuilder[any]),
	}
}

func failsafeQuick() plant.Contestant {
	return plant.Contestant{
		Name: "failsafe-100ms",
		Doc:  "failsafe-go adaptivelimiter with windows of 100 ms and 20 samples, as ours have them",
		Kind: plant.Peer,
		New: failsafeGates(func() adaptivelimiter.Builder[any] {
			return adaptivelimiter.NewBuilder[any]().WithRecentWindow(100*time.Millisecond, 30*time.Second, 20)
		}),
	}
}

// failsafeGates makes a gate of what build describes.
func failsafeGates(build func() adaptivelimiter.Builder[any]) func(uint64, plant.Clock, func() limiter.Signals) (plant.Gate, error) {
	return func(uint64, plant.Clock, func() limiter.Signals) (plant.Gate, error) {
		if err := inBubble(); err != nil {
			return nil, err
		}
		return failsafeGate{build().Build()}, nil
	}
}

type failsafeGate struct {
	adaptivelimiter.AdaptiveLimiter[any]
}

func (g failsafeGate) Admit(now time.Duration) (plant.Ticket, bool) {
	reach(now)
	permit, ok := g.TryAcquirePermit()
	return failsafeTicket{permit}, ok
}

type failsafeTicket struct{ permit adaptivelimiter.Permit }

// Settle records what was done and drops the rest, as the library asks for: it
// measures the time itself, and a drop teaches it nothing.
func (t failsafeTicket) Settle(now, _ time.Duration, o limiter.Outcome) {
	reach(now)
	if o == limiter.Success {
		t.permit.Record()
		return
	}
	t.permit.Drop()
}
