package analyze

import (
	"cmp"
	"slices"
	"strings"
)

// need is what a node must be for a pattern to match at it, or below it: see
// sluice_need. It asks for no more than the pattern does.
type need struct {
	symbol  uint16
	clauses [][]need // each met by a child that is one of its needs
	tests   []textTest
}

// textTest is a condition on the text of a node: it is one of the texts, or it
// holds one of them.
type textTest struct {
	holds bool
	texts []string
}

// keyed is a place where a text tells most, and which texts lead to which needs.
type keyed struct {
	path  []uint16
	needs map[string][]need
}

// rooted are the needs of all patterns that begin at one symbol.
type rooted struct {
	symbol uint16
	keys   []keyed
	others []need
}

const (
	keyDepth = 4  // most steps of a key's path: SLUICE_PATH
	keyBytes = 63 // longest text of a key
)

// planner turns shapes into needs.
type planner struct {
	grammar    language
	predicates []predicate
	captures   []string
}

// roots returns what a node must be for a pattern to match at it, one need for
// each symbol that it may have; false where the pattern's root is no single node
// of a known symbol.
func (p *planner) roots(s shape) ([]need, bool) {
	if s.loose || s.repeated || s.field {
		return nil, false
	}
	switch s.kind {
	case groupShape:
		if len(s.parts) != 1 || s.anchored || len(s.captures) > 0 {
			return nil, false
		}
		return p.roots(s.parts[0])
	case choiceShape:
		var all []need
		for _, part := range s.parts {
			part.captures = slices.Concat(part.captures, s.captures)
			if part.kind != nodeShape {
				return nil, false
			}
			found, ok := p.roots(part)
			if !ok {
				return nil, false
			}
			all = append(all, found...)
		}
		return all, true
	case nodeShape:
		n, ok := p.need(s)
		return []need{n}, ok
	default:
		return nil, false
	}
}

// separable reports how a pattern without a plan stands beside those that have
// one, in the query that is run at single nodes. apart: it is to be switched
// off there. If not, it begins with a bare wildcard, which the core would
// miscount once switched off, and which does no harm. ok is false for a pattern
// that begins with a wildcard and goes on below it: the core files it under what
// comes below and would then pass over planned patterns of that symbol.
func (p *planner) separable(s shape) (apart, ok bool) {
	known, bare := p.beginnings(s)
	return known, known != bare
}

// beginnings reports whether a pattern can begin with nodes of known symbols
// alone, or with bare wildcards alone.
func (p *planner) beginnings(s shape) (known, bare bool) {
	switch s.kind {
	case groupShape, choiceShape:
		known, bare = len(s.parts) > 0, len(s.parts) > 0
		for _, part := range s.parts {
			k, b := p.beginnings(part)
			known, bare = known && k, bare && b
		}
		return known, bare
	case textShape:
		return true, false
	case nodeShape:
		if s.name == "ERROR" || p.grammar.symbol(s.name, true) != 0 {
			return true, false
		}
	case anyShape:
	}
	return false, len(s.parts) == 0
}

// need returns what one node must be; false where that cannot be said.
func (p *planner) need(s shape) (need, bool) {
	n := need{tests: p.tests(s.captures)}
	switch s.kind {
	case nodeShape:
		n.symbol = p.grammar.symbol(s.name, true)
		if n.symbol == 0 {
			return n, false // ERROR, MISSING, a supertype
		}
	case textShape:
		n.symbol = p.grammar.symbol(s.name, false)
		return n, n.symbol != 0 && !strings.Contains(s.name, `\`)
	case anyShape:
	default:
		return n, false
	}
	n.clauses = p.clauses(s.parts)
	return n, true
}

// clauses are what the children must be, dear ones last. Parts that need not be
// there, or of which nothing can be said, are left out.
func (p *planner) clauses(parts []shape) [][]need {
	var clauses [][]need
	for _, part := range parts {
		if part.loose {
			continue
		}
		if part.kind == groupShape {
			clauses = append(clauses, p.clauses(part.parts)...)
			continue
		}
		if clause, ok := p.choices(part); ok {
			clauses = append(clauses, clause)
		}
	}
	slices.SortStableFunc(clauses, func(a, b []need) int { return cmp.Compare(price(a), price(b)) })
	return clauses
}

func (p *planner) choices(s shape) ([]need, bool) {
	if s.kind != choiceShape {
		n, ok := p.need(s)
		return []need{n}, ok
	}
	var all []need
	for _, part := range s.parts {
		if part.loose {
			return nil, false
		}
		part.captures = slices.Concat(part.captures, s.captures)
		found, ok := p.choices(part)
		if !ok {
			return nil, false
		}
		all = append(all, found...)
	}
	return all, len(all) > 0
}

// price orders clauses: those that compare a text reject most.
func price(clause []need) int {
	least := 3
	for _, n := range clause {
		for _, t := range n.tests {
			if t.holds {
				least = min(least, 1)
			} else {
				least = 0
			}
		}
		for _, c := range n.clauses {
			least = min(least, max(price(c), 1))
		}
	}
	return least
}

// tests are the conditions on the text of a node with these captures. Those that
// a text fails by holding something are left to the query.
func (p *planner) tests(captures []string) []textTest {
	var tests []textTest
	for _, pred := range p.predicates {
		if pred.capture < 0 || !slices.Contains(captures, p.captures[pred.capture]) {
			continue
		}
		switch pred.name {
		case "eq?", "any-of?":
			tests = append(tests, textTest{texts: pred.values})
		case "match?":
			if texts := requiredTexts(pred.values[0]); len(texts) > 0 {
				tests = append(tests, textTest{holds: true, texts: texts})
			}
		}
	}
	return tests
}

// rootedNeeds sorts needs by their symbols and finds keys for them: the place
// that most patterns of a symbol compare first, then the next.
func rootedNeeds(all []need) []rooted {
	var found []rooted
	for _, n := range all {
		at := slices.IndexFunc(found, func(r rooted) bool { return r.symbol == n.symbol })
		if at < 0 {
			at = len(found)
			found = append(found, rooted{symbol: n.symbol})
		}
		found[at].others = append(found[at].others, n)
	}
	for i := range found {
		found[i].key()
	}
	return found
}

// lock is a place of a need: a path, and the texts that are asked for at its end.
type lock struct {
	path  []uint16
	texts []string
}

// leaf reports whether a node without children may be what some need asks.
func (r rooted) leaf() bool {
	alone := func(n need) bool { return len(n.clauses) == 0 }
	return slices.ContainsFunc(r.others, alone) || slices.ContainsFunc(r.keys, func(k keyed) bool {
		for _, needs := range k.needs {
			if slices.ContainsFunc(needs, alone) {
				return true
			}
		}
		return false
	})
}

// key finds the keys of needs that so far have none.
func (r *rooted) key() {
	for {
		path, count := commonest(r.others)
		if count == 0 {
			return
		}
		k := keyed{path: path, needs: map[string][]need{}}
		var others []need
		for _, n := range r.others {
			at := slices.IndexFunc(n.locks(), func(l lock) bool { return slices.Equal(l.path, path) })
			if at < 0 {
				others = append(others, n)
				continue
			}
			texts := slices.Clone(n.locks()[at].texts)
			slices.Sort(texts)
			for _, t := range slices.Compact(texts) {
				k.needs[t] = append(k.needs[t], n)
			}
		}
		r.keys, r.others = append(r.keys, k), others
	}
}

// commonest is the path that most needs share, the first of equals.
func commonest(needs []need) (path []uint16, count int) {
	for _, n := range needs {
		for _, l := range n.locks() {
			users := 0
			for _, other := range needs {
				if slices.ContainsFunc(other.locks(), func(o lock) bool { return slices.Equal(o.path, l.path) }) {
					users++
				}
			}
			if users > count {
				path, count = l.path, users
			}
		}
	}
	return path, count
}

// locks are the places of a need where a text must be one of a few.
func (n need) locks() []lock {
	var found []lock
	for _, t := range n.tests {
		if !t.holds && !slices.ContainsFunc(t.texts, func(s string) bool { return s == "" || len(s) > keyBytes }) {
			found = append(found, lock{texts: t.texts})
		}
	}
	for _, c := range n.clauses {
		if len(c) != 1 || c[0].symbol == 0 {
			continue
		}
		for _, l := range c[0].locks() {
			if len(l.path) < keyDepth {
				found = append(found, lock{append([]uint16{c[0].symbol}, l.path...), l.texts})
			}
		}
	}
	return found
}
