package analyze

import (
	"errors"
	"strings"
)

// shape is a pattern of a query as it is written, or a part of one: what a node
// must look like. Only what a plan can use is kept; anchors, negated fields and
// the names of fields are left out.
type shape struct {
	kind     shapeKind
	name     string // of the node, or the text of an anonymous one
	parts    []shape
	captures []string
	loose    bool // ? or *: need not be there
	repeated bool // + or *
	field    bool // under the name of a field
	anchored bool // an anchor stands among the parts
}

type shapeKind int

const (
	nodeShape   shapeKind = iota // (name parts…)
	textShape                    // "name"
	anyShape                     // (_) or _
	groupShape                   // (parts…)
	choiceShape                  // [parts…]
)

var errShape = errors.New("the pattern cannot be read")

// readShape reads one pattern, which the core has accepted.
func readShape(text string) (shape, error) {
	r := &shapeReader{text: text}
	s, err := r.shape()
	if r.skip(); err == nil && r.text != "" {
		return s, errShape // several roots
	}
	return s, err
}

type shapeReader struct{ text string }

// skip passes white space and comments.
func (r *shapeReader) skip() {
	for {
		r.text = strings.TrimLeft(r.text, " \t\r\n")
		if !strings.HasPrefix(r.text, ";") {
			return
		}
		_, r.text, _ = strings.Cut(r.text, "\n")
	}
}

func (r *shapeReader) eat(prefix string) bool {
	rest, ok := strings.CutPrefix(r.text, prefix)
	if ok {
		r.text = rest
	}
	return ok
}

func (r *shapeReader) word() string {
	end := strings.IndexFunc(r.text, func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("_-.?!/", c))
	})
	if end < 0 {
		end = len(r.text)
	}
	word := r.text[:end]
	r.text = r.text[end:]
	return word
}

// quoted reads a text in quotes whose opening one is gone.
func (r *shapeReader) quoted() (string, error) {
	for i := 0; i < len(r.text); i++ {
		switch r.text[i] {
		case '\\':
			i++
		case '"':
			text := r.text[:i]
			r.text = r.text[i+1:]
			return text, nil
		}
	}
	return "", errShape
}

// shape reads a shape with its quantifier and its captures.
func (r *shapeReader) shape() (shape, error) {
	s, err := r.bare()
	for err == nil {
		r.skip()
		switch {
		case r.eat("@"):
			s.captures = append(s.captures, r.word())
		case r.eat("?"):
			s.loose = true
		case r.eat("*"):
			s.loose, s.repeated = true, true
		case r.eat("+"):
			s.repeated = true
		default:
			return s, nil
		}
	}
	return s, err
}

func (r *shapeReader) bare() (shape, error) {
	r.skip()
	switch {
	case r.eat("["):
		s := shape{kind: choiceShape}
		err := r.into(&s, "]")
		return s, err
	case r.eat("("):
		return r.round()
	case r.eat("\""):
		text, err := r.quoted()
		return shape{kind: textShape, name: text}, err
	}
	word := r.word()
	if r.skip(); r.eat(":") {
		s, err := r.shape()
		s.field = true
		return s, err
	}
	if word == "_" {
		return shape{kind: anyShape}, nil
	}
	return shape{}, errShape
}

// round reads what an opening parenthesis begins: a node or a group.
func (r *shapeReader) round() (shape, error) {
	s := shape{kind: groupShape}
	r.skip()
	if !strings.HasPrefix(r.text, ".") {
		if s.name = r.word(); s.name != "" {
			s.kind = nodeShape
		}
		if s.name == "_" {
			s.kind = anyShape
		}
	}
	err := r.into(&s, ")")
	return s, err
}

// into reads parts until the closing bracket.
func (r *shapeReader) into(s *shape, closing string) error {
	for {
		r.skip()
		switch {
		case r.eat(closing):
			return nil
		case r.text == "":
			return errShape
		case r.eat("."):
			s.anchored = true
		case r.eat("!"):
			r.word()
		case strings.HasPrefix(r.text, "(") && strings.HasPrefix(strings.TrimLeft(r.text[1:], " \t\r\n"), "#"):
			if err := r.predicate(); err != nil {
				return err
			}
		default:
			part, err := r.shape()
			if err != nil {
				return err
			}
			s.parts = append(s.parts, part)
		}
	}
}

// predicate passes one; the core has read it.
func (r *shapeReader) predicate() error {
	for r.text != "" {
		switch {
		case r.eat(")"):
			return nil
		case r.eat("\""):
			if _, err := r.quoted(); err != nil {
				return err
			}
		default:
			r.text = r.text[1:]
		}
	}
	return errShape
}
