package analyze

/*
#include <stdlib.h>
#include "core.h"
*/
import "C"

import (
	"errors"
	"maps"
	"math"
	"math/bits"
	"slices"
	"unsafe"
)

// symbol is the number of a node's name, 0 where the grammar has no node of its
// own by that name.
func (l language) symbol(name string, named bool) uint16 {
	id := C.ts_language_symbol_for_name(l.c, (*C.char)(unsafe.Pointer(unsafe.StringData(name))), C.uint32_t(len(name)), C.bool(named))
	kind := C.int(0)
	if !named {
		kind = 1
	}
	if name == "" || uint32(id) >= uint32(C.ts_language_symbol_count(l.c)) || C.ts_language_symbol_type(l.c, id) != kind {
		return 0
	}
	return uint16(id)
}

// layoutAgrees reports whether the walk reads the trees of these texts as the
// core's interface does.
func (l language) layoutAgrees(texts []string) bool {
	for _, t := range texts {
		if !C.sluice_layout_agrees(l.c, (*C.char)(unsafe.Pointer(unsafe.StringData(t))), C.uint32_t(len(t))) {
			return false
		}
	}
	return true
}

// follow gives a query a plan for those of its patterns that one can be made
// for; text is the query's own. It says how many they are.
func (q *query) follow(l language, text string) (planned int, err error) {
	var needs []need
	fit, off := make([]C.bool, len(q.patterns)), make([]C.bool, len(q.patterns))
	for i, p := range q.patterns {
		s, err := readShape(text[p.start:p.end])
		if err != nil {
			return 0, nil
		}
		plan := planner{grammar: l, predicates: p.predicates, captures: q.captures}
		if found, ok := plan.roots(s); ok && p.rooted {
			needs = append(needs, found...)
			fit[i] = true
			planned++
			continue
		}
		apart, ok := plan.separable(s)
		if !ok {
			return 0, nil
		}
		off[i] = C.bool(apart)
	}
	if planned == 0 {
		return 0, nil
	}
	made, ok := layOut(rootedNeeds(needs), uint32(C.ts_language_symbol_count(l.c)))
	if !ok {
		return 0, nil
	}
	var rest *C.TSQuery
	if planned < len(q.patterns) {
		if rest, err = without(l, text, fit); err != nil {
			C.sluice_plan_delete(made)
			return 0, err
		}
		switchOff(q.c.query, off)
	}
	C.sluice_query_follow(q.c, made, inC(fit), rest)
	return planned, nil
}

// without makes the query again without the planned patterns. They are switched
// off, so that the others keep their numbers.
func without(l language, text string, fit []C.bool) (*C.TSQuery, error) {
	var offset C.uint32_t
	var kind C.TSQueryError
	rest := C.ts_query_new(l.c, (*C.char)(unsafe.Pointer(unsafe.StringData(text))), C.uint32_t(len(text)), &offset, &kind)
	if rest == nil {
		return nil, errors.New(queryFault(kind))
	}
	switchOff(rest, fit)
	return rest, nil
}

func switchOff(q *C.TSQuery, patterns []C.bool) {
	for i, off := range patterns {
		if off {
			C.ts_query_disable_pattern(q, C.uint32_t(i))
		}
	}
}

// inC copies a slice into memory of the C library.
func inC[T any](from []T) *T {
	var one T
	p := (*T)(C.calloc(C.size_t(len(from)+1), C.size_t(unsafe.Sizeof(one))))
	copy(unsafe.Slice(p, len(from)), from)
	return p
}

// layer writes needs out as the tables of a sluice_plan.
type layer struct {
	needs   []C.sluice_need
	clauses []C.sluice_clause
	tests   []C.sluice_test
	strings []C.sluice_string
	keys    []C.sluice_key
	slots   []C.sluice_slot
	roots   []C.sluice_root
	list    []C.uint16_t
	text    []byte
}

// layOut makes a plan; false where the rules are too many for its numbers.
func layOut(all []rooted, symbols uint32) (*C.sluice_plan, bool) {
	l := &layer{}
	rootOf := make([]C.uint16_t, symbols)
	for _, r := range all {
		l.root(r)
		rootOf[r.symbol] = C.uint16_t(len(l.roots))
	}
	for _, n := range []int{len(l.needs), len(l.clauses), len(l.tests), len(l.strings), len(l.keys), len(l.slots), len(l.list)} {
		if n > math.MaxUint16 {
			return nil, false
		}
	}
	plan := inC([]C.sluice_plan{{
		needs: inC(l.needs), clauses: inC(l.clauses), tests: inC(l.tests), strings: inC(l.strings), keys: inC(l.keys),
		slots: inC(l.slots), roots: inC(l.roots), list: inC(l.list), text: (*C.char)(unsafe.Pointer(inC(l.text))),
		root_of: inC(rootOf), symbols: C.uint32_t(symbols), leaves: C.bool(slices.ContainsFunc(all, rooted.leaf)),
	}})
	return plan, true
}

func (l *layer) root(r rooted) {
	root := C.sluice_root{symbol: C.uint16_t(r.symbol), key: C.uint16_t(len(l.keys)), keys: C.uint16_t(len(r.keys))}
	for _, k := range r.keys {
		l.key(k)
	}
	root.need, root.needs = l.listed(r.others)
	l.roots = append(l.roots, root)
}

// listed writes needs and their numbers, which are one after the other.
func (l *layer) listed(needs []need) (first, count C.uint16_t) {
	at := l.some(needs)
	first = C.uint16_t(len(l.list))
	for i := range needs {
		l.list = append(l.list, C.uint16_t(at+i))
	}
	return first, C.uint16_t(len(needs))
}

// some writes needs side by side and then what they ask for.
func (l *layer) some(needs []need) int {
	first := len(l.needs)
	l.needs = append(l.needs, make([]C.sluice_need, len(needs))...)
	for i, n := range needs {
		written := C.sluice_need{
			symbol: C.uint16_t(n.symbol), test: C.uint16_t(len(l.tests)), tests: C.uint16_t(len(n.tests)),
			clause: C.uint16_t(len(l.clauses)), clauses: C.uint16_t(len(n.clauses)),
		}
		for _, t := range n.tests {
			l.test(t)
		}
		l.clauses = append(l.clauses, make([]C.sluice_clause, len(n.clauses))...)
		for j, c := range n.clauses {
			at := l.some(c)
			l.clauses[int(written.clause)+j] = C.sluice_clause{need: C.uint16_t(at), needs: C.uint16_t(len(c))}
		}
		l.needs[first+i] = written
	}
	return first
}

func (l *layer) test(t textTest) {
	op := C.SLUICE_TEST_IN
	if t.holds {
		op = C.SLUICE_TEST_HOLDS
	}
	l.tests = append(l.tests, C.sluice_test{op: C.uint16_t(op), string: C.uint16_t(len(l.strings)), strings: C.uint16_t(len(t.texts))})
	for _, text := range t.texts {
		l.strings = append(l.strings, l.write(text))
	}
}

func (l *layer) write(text string) C.sluice_string {
	s := C.sluice_string{start: C.uint32_t(len(l.text)), length: C.uint32_t(len(text))}
	l.text = append(l.text, text...)
	return s
}

// key writes a key with its hash table, at most half full.
func (l *layer) key(k keyed) {
	size := 1 << bits.Len(uint(2*len(k.needs)-1))
	written := C.sluice_key{depth: C.uint16_t(len(k.path)), slot: C.uint16_t(len(l.slots)), slots: C.uint16_t(size)}
	for i, symbol := range k.path {
		written.path[i] = C.uint16_t(symbol)
	}
	slots := make([]C.sluice_slot, size)
	for _, text := range slices.Sorted(maps.Keys(k.needs)) {
		s := C.sluice_slot{string: l.write(text)}
		s.hash = C.sluice_hash((*C.char)(unsafe.Pointer(unsafe.StringData(text))), C.uint32_t(len(text)))
		s.need, s.needs = l.listed(k.needs[text])
		at := int(s.hash) & (size - 1)
		for slots[at].string.length != 0 {
			at = (at + 1) & (size - 1)
		}
		slots[at] = s
		written.lengths |= 1 << len(text)
	}
	l.slots = append(l.slots, slots...)
	l.keys = append(l.keys, written)
}
