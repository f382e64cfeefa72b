package analyze

import (
	"sync/atomic"
	"unsafe"
)

// limit is how much one analysis may take in C. Both are counts that depend on
// the text alone, so that a busy machine loses no finding.
type limit struct {
	steps int64 // hundreds of operations of the parser and the query
	bytes int64 // of memory
}

func limitOf(bytes int) limit {
	return limit{steps: 1_000_000 + int64(bytes), bytes: 256<<20 + 1000*int64(bytes)}
}

// Stop ends analyses under way: once it is set, every worker told to StopOn it
// returns ErrStopped within a few milliseconds. It may be set by any goroutine,
// at any time, and cannot be taken back. A nil *Stop is never set.
type Stop struct {
	flag atomic.Uint32 // read by C
}

// NewStop makes a stop that is not set.
func NewStop() *Stop { return &Stop{} }

// Set ends the analyses under way and all later ones of the workers concerned.
func (s *Stop) Set() {
	if s != nil {
		s.flag.Store(1)
	}
}

// Close is for symmetry with what else a run opens: the flag is in Go's memory,
// which a call into C keeps in place, so there is nothing to free, and a use
// after Close is harmless.
func (s *Stop) Close() {}

// word is the flag as C reads it; nil without a stop.
func (s *Stop) word() unsafe.Pointer {
	if s == nil {
		return nil
	}
	return unsafe.Pointer(&s.flag)
}
