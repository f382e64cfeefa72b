package author

import (
	"fmt"
	"strconv"
	"strings"
)

// A grammar is a table of rules, read from a text such as
//
//	statement
//		3 «new» := «value»
//		if «condition» {→«statement*1-4»←}
//	noun
//		= parcel ticket recipe
//
// A line that is not indented names a rule, each line below it is a way to
// expand it, with a weight in front (1 if there is none). A line that begins
// with = lists words, each a way of its own. In a way, «name» is expanded in
// turn: «Name» with a capital, «NAME» in capitals, «name*1-4» one to four times
// on lines of their own, «name,0-3» separated by commas. ⏎ ends a line, → ends
// it and indents what follows, ← ends it and takes that back. Names that no rule
// has are those of the writer's own functions, see verbs.
type grammar struct {
	rules map[string]*rule
}

type rule struct {
	ways  []*way // one entry for each unit of weight
	brief *way   // that ends soonest
	depth int    // of brief
}

type way struct {
	tokens []token
	depth  int
}

type token struct {
	kind     tokenKind
	text     string // literal text, or the argument of a verb
	rule     *rule
	name     string
	verb     func(*writer, string)
	low, top int  // repetitions
	comma    bool // separated by commas, not lines
}

type tokenKind uint8

const (
	literal tokenKind = iota
	newline
	indent
	dedent
	expand
	capital
	capitals
	call
)

// parseGrammar reads a grammar and resolves its names. Every rule must be able
// to end.
func parseGrammar(text string) (*grammar, error) {
	g := &grammar{rules: map[string]*rule{}}
	var current *rule
	var all []*way
	for number, line := range strings.Split(text, "\n") {
		switch {
		case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#"):
		case !strings.HasPrefix(line, "\t"):
			if g.rules[line] == nil {
				g.rules[line] = &rule{}
			}
			current = g.rules[line]
		case current == nil:
			return nil, fmt.Errorf("line %d: a way without a rule above it", number+1)
		default:
			ways, err := current.add(line[1:])
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", number+1, err)
			}
			all = append(all, ways...)
		}
	}
	for _, w := range all {
		for i := range w.tokens {
			if err := g.resolve(&w.tokens[i]); err != nil {
				return nil, err
			}
		}
	}
	return g, g.measure(all)
}

// add reads one line below a rule.
func (r *rule) add(line string) ([]*way, error) {
	if words, ok := strings.CutPrefix(line, "= "); ok {
		var ways []*way
		for _, word := range strings.Fields(words) {
			ways = append(ways, &way{tokens: []token{{kind: literal, text: word}}})
		}
		r.ways = append(r.ways, ways...)
		return ways, nil
	}
	weight := 1
	if front, rest, ok := strings.Cut(line, " "); ok {
		if n, err := strconv.Atoi(front); err == nil && n > 0 {
			weight, line = n, rest
		}
	}
	tokens, err := tokens(line)
	if err != nil {
		return nil, err
	}
	w := &way{tokens: tokens}
	for range weight {
		r.ways = append(r.ways, w)
	}
	return []*way{w}, nil
}

// tokens cuts a way at its marks.
func tokens(line string) ([]token, error) {
	var out []token
	for line != "" {
		at := strings.IndexAny(line, "«⏎→←")
		if at < 0 {
			return append(out, token{kind: literal, text: line}), nil
		}
		if at > 0 {
			out = append(out, token{kind: literal, text: line[:at]})
			line = line[at:]
		}
		switch {
		case strings.HasPrefix(line, "⏎"):
			out, line = append(out, token{kind: newline}), line[len("⏎"):]
		case strings.HasPrefix(line, "→"):
			out, line = append(out, token{kind: indent}), line[len("→"):]
		case strings.HasPrefix(line, "←"):
			out, line = append(out, token{kind: dedent}), line[len("←"):]
		default:
			inner, rest, ok := strings.Cut(line[len("«"):], "»")
			if !ok {
				return nil, fmt.Errorf("« without » in %q", line)
			}
			t, err := reference(inner)
			if err != nil {
				return nil, err
			}
			out, line = append(out, t), rest
		}
	}
	return out, nil
}

// reference reads what stands between « and ».
func reference(inner string) (token, error) {
	t := token{kind: expand, low: 1, top: 1}
	t.name, t.text, _ = strings.Cut(inner, " ")
	at := strings.IndexAny(t.name, "*,")
	if at < 0 {
		return t, nil
	}
	t.comma = t.name[at] == ','
	if _, err := fmt.Sscanf(t.name[at+1:], "%d-%d", &t.low, &t.top); err != nil || t.low < 0 || t.top < t.low {
		return t, fmt.Errorf("«%s»: want a range such as 1-4", inner)
	}
	t.name = t.name[:at]
	return t, nil
}

func (g *grammar) resolve(t *token) error {
	if t.kind != expand {
		return nil
	}
	if t.rule = g.rules[t.name]; t.rule != nil {
		return nil
	}
	small := strings.ToLower(t.name)
	if r := g.rules[small]; r != nil {
		t.rule, t.kind = r, capital
		if t.name == strings.ToUpper(t.name) {
			t.kind = capitals
		}
		return nil
	}
	if t.verb = verbs()[t.name]; t.verb == nil {
		return fmt.Errorf("no rule is named %q", t.name)
	}
	t.kind = call
	return nil
}

// measure finds, for every rule, the way that ends soonest.
func (g *grammar) measure(all []*way) error {
	const never = 1 << 20
	for _, r := range g.rules {
		r.depth = never
	}
	for changed := true; changed; {
		changed = false
		for _, w := range all {
			w.depth = 0
			for _, t := range w.tokens {
				if t.rule != nil {
					w.depth = max(w.depth, t.rule.depth+1)
				}
			}
		}
		for _, r := range g.rules {
			for _, w := range r.ways {
				if w.depth < r.depth {
					r.depth, r.brief, changed = w.depth, w, true
				}
			}
		}
	}
	for name, r := range g.rules {
		if r.depth >= never {
			return fmt.Errorf("rule %q never ends", name)
		}
	}
	return nil
}
