package limiter

import (
	"math"
	"slices"
)

// sane is the signals without the groups that hold what is no number or below 0,
// and whether there were none such.
func (s Signals) sane() (Signals, bool) {
	load := s.keep(KnowsLoad, &s.CPU, &s.Memory)
	consumer := s.keep(KnowsConsumer, &s.Busy, &s.Backlog, &s.Room)
	return s, load && consumer
}

// keep clears the figures of a group that is unknown, or unsound: then it is
// unknown from here on.
func (s *Signals) keep(group Signal, figures ...*float64) bool {
	unsound := func(f *float64) bool { return !(*f >= 0) || math.IsInf(*f, 1) }
	known := s.Known&group != 0
	sound := !slices.ContainsFunc(figures, unsound)
	if known && sound {
		return true
	}
	s.Known &^= group
	for _, f := range figures {
		*f = 0
	}
	return !known
}
