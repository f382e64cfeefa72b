package plant

import (
	"fmt"
	"math"
	"time"

	"sluice/scanner/limiter"
)

// Contestants are those of every contest: the oracle, static limits, our rules, and
// models of rules that others have published.
func Contestants() []Contestant {
	all := []Contestant{oracleContestant()}
	for _, limit := range []int{4, 10, 20, 40, 100, 200} {
		all = append(all, StaticLimit(limit))
	}
	for _, a := range limiter.Algorithms() {
		if a.Name != "static" { // stands above, with more limits than one
			all = append(all, Ours(a.Name, limiter.Bounds{}, nil))
		}
	}
	return append(all, models()...)
}

// counter counts who is inside and keeps them to a limit. It is the machinery of
// every gate here that is not of package limiter, and its own ticket.
type counter struct{ limit, inside int }

// Admit lets a request in while there is room.
func (c *counter) Admit(time.Duration) (Ticket, bool) {
	if c.inside >= c.limit {
		return nil, false
	}
	c.inside++
	return c, true
}

// Settle makes room.
func (c *counter) Settle(_, _ time.Duration, _ limiter.Outcome) { c.inside-- }

// Limit is the limit.
func (c *counter) Limit() int { return c.limit }

// StaticLimit is a limit that stays, "static 10".
func StaticLimit(limit int) Contestant {
	return Contestant{
		Name: fmt.Sprintf("static %d", limit), Doc: "a limit that stays where it was put", Kind: Static,
		New: func(uint64, Clock, func() limiter.Signals) (Gate, error) {
			if limit < 1 {
				return nil, fmt.Errorf("static limit is %d; use 1 or more", limit)
			}
			return &counter{limit: limit}, nil
		},
	}
}

// oracle is told the plant by the simulation, and its own place among the limiters
// that share it.
type oracle struct {
	counter
	sim   *sim
	index int
}

func oracleContestant() Contestant {
	return Contestant{
		Name: "oracle", Doc: "always at the optimum, which it is told: the bound of what a limit can do while somebody waits", Kind: Oracle,
		New: func(uint64, Clock, func() limiter.Signals) (Gate, error) { return &oracle{}, nil },
	}
}

// Admit lets a request in while there is room.
func (o *oracle) Admit(now time.Duration) (Ticket, bool) {
	o.limit = o.Limit()
	if _, ok := o.counter.Admit(now); !ok {
		return nil, false
	}
	return o, true
}

// Limit is its share of the optimum of the moment; what does not divide goes to the
// first.
func (o *oracle) Limit() int {
	whole, among := int(math.Round(o.sim.best.limit)), max(1, o.sim.cond.limiters)
	share := whole / among
	if o.index < whole%among {
		share++
	}
	return max(1, share)
}
