package analyze

import (
	"sync/atomic"
	"unsafe"
)

// limit is how much one analysis may take in C. Both are counts that depend on
// the text alone, so that a busy machine loses no finding.
type limit struct {
	steps int64 // hundreds of operations of the parser and the query
	asked int64 // bytes that the core asks of its allocator, whether or not it gives them back
}

// limitOf is over thirty times what any real file took: of 7710 Go files of Go's
// own source, 2018 Python files of a Debian system and 1153 JavaScript files of
// npm, a 9 MB one among them, none used more than 2.9 % of its steps or 2.2 % of
// its bytes. They take up to 27 steps for a thousand bytes of text and up to 99
// bytes asked for each; tables of numbers are the dearest.
//
// Operations alone would not do, since they differ in price by a factor of 200:
// recovery from errors copies, counts up and lets go the children of all that it
// has skipped, which is quadratic in the text; 300 kB of quotation marks take
// 4085 steps and a minute. But all that copying is into fresh memory. Counted in
// bytes asked for, hostile text (quotation marks, brackets, random bytes, prose,
// 0.1 to 8 MB) costs 0.5 to 7 ns each, real files 3 to 10, so the first billion
// is a few seconds at most.
func limitOf(bytes int) limit {
	return limit{steps: 100_000 + int64(bytes)*2/5, asked: 1<<30 + 1500*int64(bytes)}
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

// word is the flag as C reads it; nil without a stop.
func (s *Stop) word() unsafe.Pointer {
	if s == nil {
		return nil
	}
	return unsafe.Pointer(&s.flag)
}
