package analyze

/*
#include <stdlib.h>
#include "core.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"unsafe"

	// The module brings the C core; its Go side is not used.
	_ "github.com/tree-sitter/go-tree-sitter"
)

// installHeap gives the C core our allocator (arena.h), once per process. The
// binding's init installs one that goes from C to Go and back for each node,
// which costs 47 % of a parse. It must run before anything of the core is made,
// and it undoes tree_sitter.SetAllocator should the program use that.
//
//nolint:gochecknoglobals // the allocator is global in C, so this is as well
var installHeap = sync.OnceFunc(func() { C.sluice_heap_install() })

// The versions of the language interface that the core understands.
const (
	oldestABI = 13
	newestABI = 15
)

// language is one grammar; it is static data in C and needs no freeing.
type language struct{ c *C.TSLanguage }

func newLanguage(p unsafe.Pointer) (language, error) {
	l := language{c: (*C.TSLanguage)(p)}
	if l.c == nil {
		return l, errors.New("the grammar is missing from this build")
	}
	if abi := C.ts_language_abi_version(l.c); abi < oldestABI || abi > newestABI {
		return l, fmt.Errorf("the grammar has interface version %d; the core understands %d to %d", abi, oldestABI, newestABI)
	}
	return l, nil
}

// query is a compiled tree-sitter query in C. It is immutable and shared; close
// frees it.
type query struct {
	c        *C.sluice_query
	captures []string  // names, by the index of the capture
	patterns []pattern // by the index of the pattern
}

// pattern is what Go has to know of one pattern of a query.
type pattern struct {
	start, end int    // where the pattern is in the query's text
	rooted     bool   // it has one root node
	has        []bool // by capture: it occurs in the pattern
	predicates []predicate
}

// predicate is one condition of a pattern: "#match? @name …". The names of
// captures and the literals are in the order written.
type predicate struct {
	name    string
	capture int // index of the first argument, −1 if that is no capture
	values  []string
	mixed   bool // a further argument is a capture
}

// queryError says where a query is wrong.
type queryError struct {
	offset int // in the query's text, bytes
	reason string
}

func (e *queryError) Error() string { return e.reason }

func newQuery(l language, text string) (*query, error) {
	var offset C.uint32_t
	var kind C.TSQueryError
	c := C.sluice_query_new(l.c, (*C.char)(unsafe.Pointer(unsafe.StringData(text))), C.uint32_t(len(text)), &offset, &kind)
	if c == nil {
		return nil, &queryError{offset: int(offset), reason: queryFault(kind)}
	}
	q := &query{c: c}
	for i := range C.ts_query_capture_count(c.query) {
		var length C.uint32_t
		name := C.ts_query_capture_name_for_id(c.query, i, &length)
		q.captures = append(q.captures, C.GoStringN(name, C.int(length)))
	}
	for i := range C.ts_query_pattern_count(c.query) {
		p := pattern{
			start: int(C.ts_query_start_byte_for_pattern(c.query, i)), end: int(C.ts_query_end_byte_for_pattern(c.query, i)),
			rooted: bool(C.ts_query_is_pattern_rooted(c.query, i)), predicates: readPredicates(c.query, i),
		}
		for id := range q.captures {
			p.has = append(p.has, C.ts_query_capture_quantifier_for_id(c.query, i, C.uint32_t(id)) != 0)
		}
		q.patterns = append(q.patterns, p)
	}
	return q, nil
}

func (q *query) close() {
	C.sluice_query_delete(q.c)
	q.c = nil
}

func queryFault(kind C.TSQueryError) string {
	switch kind {
	case C.TSQueryErrorSyntax:
		return "the syntax is wrong"
	case C.TSQueryErrorNodeType:
		return "the grammar has no such node"
	case C.TSQueryErrorField:
		return "the grammar has no such field"
	case C.TSQueryErrorCapture:
		return "a predicate names a capture that the pattern does not have"
	case C.TSQueryErrorStructure:
		return "the grammar can never produce such a tree"
	case C.TSQueryErrorLanguage:
		return "the grammar and the core do not fit"
	default:
		return "out of memory"
	}
}

func readPredicates(c *C.TSQuery, index C.uint32_t) []predicate {
	var count C.uint32_t
	steps := unsafe.Slice(C.ts_query_predicates_for_pattern(c, index, &count), int(count))
	var found []predicate
	for len(steps) > 0 {
		end := 0
		for steps[end]._type != C.TSStepDone {
			end++
		}
		found = append(found, readPredicate(c, steps[:end]))
		steps = steps[end+1:]
	}
	return found
}

func readPredicate(c *C.TSQuery, steps []C.TSQueryPredicateStep) predicate {
	p := predicate{capture: -1}
	for i, step := range steps {
		switch {
		case step._type == C.TSStepCapture && i == 1:
			p.capture = int(step.value_id)
		case step._type == C.TSStepCapture:
			p.mixed = true
		default:
			var length C.uint32_t
			text := C.ts_query_string_value_for_id(c, step.value_id, &length)
			value := C.GoStringN(text, C.int(length))
			if i == 0 {
				p.name = value
			} else {
				p.values = append(p.values, value)
			}
		}
	}
	return p
}

// core is a heap with what was found last. One goroutine at a time may use it;
// close frees it.
type core struct{ c *C.sluice_scanner }

func newCore(arena bool) (core, error) {
	c := core{c: C.sluice_scanner_new(C.bool(arena))}
	if c.c == nil {
		return c, errors.New("make a parser: out of memory")
	}
	return c, nil
}

func (c core) close() { C.sluice_scanner_delete(c.c) }

// treeBytes is the most memory that the last scan took in C; steps and asked are
// what its limit counts.
func (c core) treeBytes() int64 { return int64(c.c.tree_bytes) }
func (c core) steps() int64     { return int64(c.c.steps) }
func (c core) asked() int64     { return int64(c.c.asked) }

// node is one captured node: the index of its capture and its range of bytes.
type node struct{ capture, start, end int }

// match is one match of a pattern.
type match struct {
	pattern int
	nodes   []node
}

// ErrTooCostly is returned for a text that the parser or the query would spend
// more than its limit on: text that is no program, or built to stall us.
var ErrTooCostly = errors.New("the text takes the parser too long for its size; exclude it if it is generated or no source")

// ErrStopped is returned by an analysis that a Stop ended.
var ErrStopped = errors.New("the analysis was stopped")

// scan parses src, which is not empty, and returns the matches of q that the
// cheap predicates let through; without q it parses and returns nothing. It
// gives up with ErrTooCostly beyond its limit and with ErrStopped once the stop
// is set. Its price is one call into C.
func (c core) scan(l language, q *query, src []byte, most limit, stop *Stop) ([]match, error) {
	if len(src) > math.MaxUint32 {
		return nil, fmt.Errorf("parse %d bytes: the parser counts to %d", len(src), uint32(math.MaxUint32))
	}
	var compiled *C.sluice_query
	if q != nil {
		compiled = q.c
	}
	answer := C.sluice_scan(c.c, l.c, compiled, (*C.char)(unsafe.Pointer(unsafe.SliceData(src))), C.uint32_t(len(src)),
		C.sluice_limit{steps: C.uint64_t(most.steps), asked: C.uint64_t(most.asked)}, (*C.uint32_t)(stop.word()))
	if answer != C.SLUICE_OK {
		return nil, scanFault(answer)
	}
	return c.matches(), nil
}

func scanFault(answer C.int) error {
	switch answer {
	case C.SLUICE_NO_LANGUAGE:
		return errors.New("parse: the core refuses the grammar")
	case C.SLUICE_NO_TREE:
		return errors.New("parse: the core gave no tree")
	case C.SLUICE_TOO_COSTLY:
		return ErrTooCostly
	case C.SLUICE_STOPPED:
		return ErrStopped
	case C.SLUICE_TOO_MANY:
		return errors.New("query: too many matches in progress at once; findings would be lost")
	default:
		return errors.New("query: out of memory")
	}
}

// matches copies the last results out of C.
func (c core) matches() []match {
	count := int(c.c.match_count)
	if count == 0 {
		return nil
	}
	spans := unsafe.Slice(c.c.spans, int(c.c.span_count))
	nodes := make([]node, len(spans))
	for i, s := range spans {
		nodes[i] = node{capture: int(s.capture), start: int(s.start), end: int(s.end)}
	}
	found := make([]match, count)
	for i, m := range unsafe.Slice(c.c.matches, count) {
		first, end := int(m.first), int(m.first)+int(m.count)
		found[i] = match{pattern: int(m.pattern), nodes: nodes[first:end:end]}
	}
	return found
}
