package limiters

import (
	"time"

	"github.com/slok/goresilience/concurrencylimit/limit"

	"sluice/harness/plant"
	"sluice/scanner/limiter"
)

func goresilienceAIMD() plant.Contestant {
	return plant.Contestant{
		Name: "goresilience",
		Doc:  "slok/goresilience AIMD, its defaults: from 10 upward, × 0.9 after a failure or 2 s; behind a gate of ours",
		Kind: plant.Peer,
		New: func(uint64, plant.Clock, func() limiter.Signals) (plant.Gate, error) {
			if err := inBubble(); err != nil {
				return nil, err
			}
			return &goresilienceGate{rule: limit.NewAIMD(limit.AIMDConfig{})}, nil
		},
	}
}

// goresilienceGate admits for the library's rule. The library's own executors
// block a goroutine for each request, which a plant does not have.
type goresilienceGate struct {
	rule     limit.Limiter
	inFlight int
	refused  bool // since the last settling
}

func (g *goresilienceGate) Limit() int { return g.rule.GetLimit() }

func (g *goresilienceGate) Admit(now time.Duration) (plant.Ticket, bool) {
	reach(now)
	if g.inFlight >= g.rule.GetLimit() {
		g.refused = true
		return nil, false
	}
	g.inFlight++
	return &goresilienceTicket{gate: g, start: time.Now()}, true
}

type goresilienceTicket struct {
	gate  *goresilienceGate
	start time.Time
}

func (t *goresilienceTicket) Settle(now, _ time.Duration, o limiter.Outcome) {
	reach(now)
	g := t.gate
	g.inFlight--
	g.rule.MeasureSample(t.start, g.seen(), goresilienceResult(o))
	g.refused = false
}

// seen is what the library would count as in flight: with those that wait, of
// whom a refusal is the sign.
func (g *goresilienceGate) seen() int {
	if g.refused {
		return g.rule.GetLimit() + 1
	}
	return g.inFlight
}

func goresilienceResult(o limiter.Outcome) limit.Result {
	switch o {
	case limiter.Success:
		return limit.ResultSuccess
	case limiter.Dropped:
		return limit.ResultFailure
	}
	return limit.ResultIgnore
}
