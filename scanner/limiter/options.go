package limiter

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Options make a Limiter. Zero values take the defaults that are named.
type Options struct {
	Algorithm string // one of Algorithms; not with Rule
	Rule      Rule   // in place of an algorithm of ours

	Initial int // limit at first, within Min and Max; 0 is the algorithm's
	Min     int // least limit, ≥ 1; 0 is the algorithm's
	Max     int // highest limit, ≥ Min; 0 is the algorithm's

	// Window is the length of windows where the rule asks for none; 0 is
	// DefaultWindow. A window lasts until it has Samples completions or drops too (0
	// is DefaultSamples), but no longer than LongestWindow times its length once it has
	// any; one that has none is never given to the rule, and begins anew with the first.
	// Windows are closed by whoever settles a permit past their end.
	Window  time.Duration
	Samples int

	// Clock is the time since some moment, which never goes back; nil is the
	// monotonic clock. For simulations; safe for concurrent use. If it jumps, a window is lost and no more; the
	// pauses that a rule asks for are real time nevertheless.
	Clock func() time.Duration
	// Signals is asked at the end of each window, by one goroutine at a time, with no
	// lock held that a permit waits for; nil is that nothing is known.
	Signals func() Signals
	// Listener gets each change of the limit, in order, one at a time, with no lock
	// held. It is called by a goroutine that settles a permit, after the permit is back:
	// one that blocks holds up that goroutine and no other. A panic of it is counted
	// and goes no further. May be nil.
	Listener func(Change)
}

// The defaults of Options.
const (
	DefaultWindow  = 100 * time.Millisecond
	DefaultSamples = 20
	LongestWindow  = 10
)

// A Sample is what the settling of a permit says.
type Sample struct {
	Outcome Outcome
	// Latency of the work, where the caller measured it himself; 0 is the time since
	// the permit was granted. A negative one makes the sample Ignored.
	Latency time.Duration
	// Units of work that Latency was for, where pieces of work differ by orders of
	// magnitude: bytes plus what a piece costs beside, say. The rule then sees the
	// latency of TypicalUnits of them. 0 is that pieces are alike.
	Units int64
}

// TypicalUnits is how much work the latencies of sized samples are stated for.
const TypicalUnits = 4096

// anyBounds hold for a Rule of the caller's where he names none.
var anyBounds = Bounds{16, 1, 1000} //nolint:gochecknoglobals // an immutable table

// resolve returns the options with the defaults in place, and the rule.
func (o Options) resolve() (Options, Rule, error) {
	chosen, err := o.algorithm()
	if err = errors.Join(err, o.check()); err != nil {
		return o, nil, err
	}
	o = o.within(chosen.Bounds)
	if o.Window == 0 {
		o.Window = DefaultWindow
	}
	if o.Samples == 0 {
		o.Samples = DefaultSamples
	}
	return o, chosen.New(Bounds{o.Initial, o.Min, o.Max}), nil
}

// algorithm is the one that the options name, or one around their rule.
func (o Options) algorithm() (Algorithm, error) {
	if o.Rule != nil {
		if o.Algorithm != "" {
			return Algorithm{}, fmt.Errorf("algorithm is %q and there is a rule as well; leave one of them out", o.Algorithm)
		}
		return Algorithm{Bounds: anyBounds, New: func(Bounds) Rule { return o.Rule }}, nil
	}
	all := Algorithms()
	at := slices.IndexFunc(all, func(a Algorithm) bool { return a.Name == o.Algorithm })
	if at >= 0 {
		return all[at], nil
	}
	names := make([]string, len(all))
	for i, a := range all {
		names[i] = a.Name
	}
	return Algorithm{}, fmt.Errorf("algorithm is %q; use one of %s, or give a rule", o.Algorithm, strings.Join(names, ", "))
}

// check reports every option that is wrong by itself or beside another.
func (o Options) check() error {
	var faults []error
	wrong := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	for _, limit := range []struct {
		name  string
		value int
	}{{"initial", o.Initial}, {"min", o.Min}, {"max", o.Max}} {
		if limit.value < 0 || limit.value > MaxLimit {
			wrong("%s is %d; use 1 to %d, or 0 for the algorithm's", limit.name, limit.value, MaxLimit)
		}
	}
	if o.Max > 0 && o.Min > o.Max {
		wrong("min is %d, above max %d; lower min or raise max", o.Min, o.Max)
	}
	if o.Initial > 0 && o.Initial < o.Min {
		wrong("initial is %d, below min %d; raise initial or lower min", o.Initial, o.Min)
	}
	if o.Max > 0 && o.Initial > o.Max {
		wrong("initial is %d, above max %d; lower initial or raise max", o.Initial, o.Max)
	}
	if o.Window != 0 && (o.Window < shortestWindow || o.Window > longestWindow) {
		wrong("window is %v; use %v to %v, or 0 for %v", o.Window, shortestWindow, longestWindow, DefaultWindow)
	}
	if o.Samples < 0 {
		wrong("samples is %d; use 1 or more, or 0 for %d", o.Samples, DefaultSamples)
	}
	return errors.Join(faults...)
}

// within fills in the limits that are not named. Those that are win: a default that
// contradicts them gives way.
func (o Options) within(b Bounds) Options {
	switch {
	case o.Min == 0 && o.Max == 0:
		o.Min, o.Max = min(b.Min, cmp.Or(o.Initial, b.Min)), max(b.Max, o.Initial)
	case o.Min == 0:
		o.Min = min(b.Min, o.Max, cmp.Or(o.Initial, b.Min))
	case o.Max == 0:
		o.Max = max(b.Max, o.Min, o.Initial)
	}
	if o.Initial == 0 {
		o.Initial = min(max(b.Initial, o.Min), o.Max)
	}
	return o
}
