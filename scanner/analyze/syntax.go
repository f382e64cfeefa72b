package analyze

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sluice/scanner/rules"
)

// compiled is one pattern of the combined query, joined to its rule.
type compiled struct {
	rule    int // index in lens.rules
	texts   []textMatch
	finding int // index of the capture @finding
	secret  int // index of the capture @secret, −1 if no rule has one
}

// textMatch is #match? or #not-match?: the conditions that need a regular
// expression and are therefore left to Go. The core has checked the others.
type textMatch struct {
	capture int
	form    *regexp.Regexp
	want    bool
}

// compileQuery joins the patterns of all rules into one query, since a tree is
// walked once for each query: twelve queries cost three times the parse, the
// same twelve in one 40 % of it.
func (l *lens) compileQuery() error {
	var text strings.Builder
	starts := make([]int, len(l.rules))
	for i, r := range l.rules {
		starts[i] = text.Len()
		text.WriteString(r.Query)
		text.WriteByte('\n')
	}
	q, err := newQuery(l.grammar, text.String())
	if err != nil {
		return errors.Join(l.culprits(err)...)
	}
	var faults []error
	for _, p := range q.patterns {
		// The rule is the last that starts at or before the pattern.
		at, found := slices.BinarySearch(starts, p.start)
		if !found {
			at--
		}
		c, err := q.compile(p)
		if err != nil {
			faults = append(faults, ruleFault(l.rules[at], err))
			continue
		}
		c.rule = at
		l.patterns = append(l.patterns, c)
	}
	if len(faults) > 0 {
		q.close()
		return errors.Join(faults...)
	}
	l.query = q
	if l.plain || !l.grammar.layoutAgrees(l.snippets()) {
		return nil
	}
	l.planned, err = q.follow(l.grammar, text.String())
	return err
}

// snippets are the texts that come with the rules, whole and torn, so that
// errors are among their trees.
func (l *lens) snippets() []string {
	var texts []string
	for _, r := range l.rules {
		for _, t := range slices.Concat(r.Match, r.NoMatch) {
			texts = append(texts, t, t[:len(t)*2/3])
		}
	}
	return texts
}

// culprits compiles the rules one by one to name those that are wrong; combined
// is reported where each is right alone.
func (l *lens) culprits(combined error) []error {
	var faults []error
	for _, r := range l.rules {
		q, err := newQuery(l.grammar, r.Query)
		if err == nil {
			q.close()
			continue
		}
		var at *queryError
		if errors.As(err, &at) {
			line, column := lineOf(r.Query, at.offset)
			err = fmt.Errorf("%w at line %d column %d of the query", err, line, column)
		}
		faults = append(faults, ruleFault(r, err))
	}
	if len(faults) == 0 {
		faults = append(faults, fmt.Errorf("%s: the rules' queries do not fit together: %w", l.name, combined))
	}
	return faults
}

func ruleFault(r rules.Rule, err error) error {
	return fmt.Errorf("%s:%d: rule %q: query: %w", r.File, r.Line, r.ID, err)
}

func lineOf(text string, offset int) (line, column int) {
	before := text[:min(offset, len(text))]
	return strings.Count(before, "\n") + 1, len(before) - strings.LastIndexByte(before, '\n')
}

// compile checks the predicates of a pattern, on whose shape the core relies,
// and takes over those that need a regular expression.
func (q *query) compile(p pattern) (compiled, error) {
	c := compiled{finding: slices.Index(q.captures, "finding"), secret: slices.Index(q.captures, "secret")}
	if c.finding < 0 || !p.has[c.finding] {
		return c, errors.New("a pattern captures no @finding; mark the place to report")
	}
	for _, pred := range p.predicates {
		if err := pred.check(); err != nil {
			return c, err
		}
		if pred.name != "match?" && pred.name != "not-match?" {
			continue
		}
		form, err := regexp.Compile(pred.values[0])
		if err != nil {
			return c, fmt.Errorf("#%s: %w", pred.name, err)
		}
		c.texts = append(c.texts, textMatch{capture: pred.capture, form: form, want: pred.name == "match?"})
	}
	return c, nil
}

func (p predicate) check() error {
	most := 1
	switch p.name {
	case "eq?", "not-eq?", "match?", "not-match?":
	case "any-of?", "not-any-of?":
		most = 1 << 10
	default:
		return fmt.Errorf("unknown predicate #%s; use eq?, not-eq?, any-of?, not-any-of?, match? or not-match?", p.name)
	}
	if p.capture < 0 || p.mixed || len(p.values) < 1 || len(p.values) > most {
		return fmt.Errorf("#%s takes a capture and then text in quotes", p.name)
	}
	return nil
}

// holds evaluates the conditions left to Go.
func (c compiled) holds(m match, src []byte) bool {
	for _, t := range c.texts {
		for _, n := range m.nodes {
			if n.capture == t.capture && t.form.Match(src[n.start:n.end]) != t.want {
				return false
			}
		}
	}
	return true
}

// secrets returns the texts that a match captures as @secret, without their
// quotes. The match is not credible if one of them is a placeholder.
func (c compiled) secrets(m match, src []byte) (texts []span, credible bool) {
	for _, n := range m.nodes {
		if n.capture != c.secret {
			continue
		}
		s := span{n.start, n.end}
		const quotes = "\"'`"
		s.start = s.end - len(bytes.TrimLeft(src[s.start:s.end], quotes))
		s.end = s.start + len(bytes.TrimRight(src[s.start:s.end], quotes))
		if placeholder(src[s.start:s.end]) {
			return nil, false
		}
		texts = append(texts, s)
	}
	return texts, true
}

// able tells which rules can apply to a file in which these literals occur, and
// whether any can.
func (l *lens) able(seen []bool) ([]bool, bool) {
	able := make([]bool, len(l.needs))
	some := false
	for i, need := range l.needs {
		able[i] = len(need) == 0 || slices.ContainsFunc(need, func(id int) bool { return seen[id] })
		some = some || able[i]
	}
	return able, some
}
