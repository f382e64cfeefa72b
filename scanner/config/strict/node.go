package strict

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Node is one value of a file with its place and its path. A nil Node stands for
// a value that is absent: its readers return ok false and record nothing. The
// nodes of a file share their faults and belong to one goroutine.
type Node struct {
	doc        *document
	yaml       *yaml.Node // an alias is followed
	at         *yaml.Node // where the value stands in the file; for an alias, the alias
	path, noun string
	vocabulary []string // full names that a wrong one may have meant
}

// Named calls the node by another path, "" for a new start, and what its keys
// are, "knob" say. The vocabulary holds full names from other places
// that a misspelt key may have meant; its own siblings need not be in it.
func (n *Node) Named(noun, path string, vocabulary ...string) *Node {
	if n == nil {
		return nil
	}
	named := *n
	named.noun, named.path, named.vocabulary = noun, path, vocabulary
	return &named
}

// Path is the dotted name of the node, "cpu.workers"; the root's is empty.
func (n *Node) Path() string { return n.path }

// Pos is the place of the node, counted from 1; columns are characters.
func (n *Node) Pos() (line, column int) { return max(n.at.Line, 1), max(n.at.Column, 1) }

// IsMapping tells whether the node holds names and values.
func (n *Node) IsMapping() bool { return n != nil && n.yaml.Kind == yaml.MappingNode }

// IsSequence tells whether the node is a list.
func (n *Node) IsSequence() bool { return n != nil && n.yaml.Kind == yaml.SequenceNode }

// IsNull tells whether the node is written but empty: "io:" and nothing more.
func (n *Node) IsNull() bool {
	return n != nil && n.yaml.Kind == yaml.ScalarNode && n.yaml.ShortTag() == "!!null"
}

// Len is the number of keys of a mapping, or of items of a list; else 0.
func (n *Node) Len() int {
	switch {
	case n.IsMapping():
		return len(n.yaml.Content) / 2
	case n.IsSequence():
		return len(n.yaml.Content)
	}
	return 0
}

// Fault records what is wrong with the node, at its place. The path is the
// message's to give. On a nil node it does nothing.
func (n *Node) Fault(format string, args ...any) {
	if n != nil {
		n.doc.fault(n.at, fmt.Sprintf(format, args...))
	}
}

// Mismatch records a value of the wrong kind: "io.workers: found text "four",
// expected a whole number".
func (n *Node) Mismatch(expected string) {
	if n == nil {
		return
	}
	message := "found " + n.found() + ", expected " + expected
	if n.path != "" {
		message = n.path + ": " + message
	}
	n.doc.fault(n.at, message)
}

// Err returns every fault recorded anywhere in the file, as Faults in the order
// of the file, or nil.
func (n *Node) Err() error { return n.doc.err() }

// Fields returns the values of a mapping by key. A key that is not known, is not
// a name, or stands twice is a fault; the first of two counts. Keys that the file
// does not give are absent from the map, and reading the nil Node found in their
// place is harmless.
func (n *Node) Fields(known ...string) map[string]*Node {
	fields := make(map[string]*Node)
	for key, value := range n.pairs() {
		if slices.Contains(known, key.Value) {
			fields[key.Value] = value
			continue
		}
		n.doc.fault(key, n.unknown(key.Value, known))
	}
	return fields
}

// Each yields the keys of a mapping whose names are free, in the order of the
// file. A key that stands twice is a fault and comes once.
func (n *Node) Each() iter.Seq2[string, *Node] {
	return func(yield func(string, *Node) bool) {
		for key, value := range n.pairs() {
			if !yield(key.Value, value) {
				return
			}
		}
	}
}

// Items returns the values of a list; anything else is a fault.
func (n *Node) Items() []*Node {
	if n == nil {
		return nil
	}
	if !n.IsSequence() {
		n.Mismatch("a list")
		return nil
	}
	items := make([]*Node, len(n.yaml.Content))
	for i, item := range n.yaml.Content {
		items[i] = n.child(item, n.path+"["+strconv.Itoa(i)+"]")
	}
	return items
}

// pairs yields each distinct key with its value, and records what is no key.
func (n *Node) pairs() iter.Seq2[*yaml.Node, *Node] {
	return func(yield func(*yaml.Node, *Node) bool) {
		if n == nil {
			return
		}
		if !n.IsMapping() {
			n.Mismatch("a mapping of names to values")
			return
		}
		seen := make(map[string]*yaml.Node)
		for i := 0; i+1 < len(n.yaml.Content); i += 2 {
			key, value := n.yaml.Content[i], n.yaml.Content[i+1]
			if !n.fresh(key, seen) {
				continue
			}
			if !yield(key, n.child(value, join(n.path, key.Value))) {
				return
			}
		}
	}
}

// fresh tells whether the key is a name not yet met, and records it if it is not.
func (n *Node) fresh(key *yaml.Node, seen map[string]*yaml.Node) bool {
	if key.Kind != yaml.ScalarNode {
		n.doc.fault(key, "found "+n.child(key, "").found()+" as a key, expected a name")
		return false
	}
	if first, twice := seen[key.Value]; twice {
		n.doc.fault(key, fmt.Sprintf("%s %s is given twice, first at line %d column %d; keep one",
			n.noun, quote(join(n.path, key.Value)), first.Line, first.Column))
		return false
	}
	seen[key.Value] = key
	return true
}

// unknown words the fault of a key that nobody knows.
func (n *Node) unknown(key string, known []string) string {
	message := "unknown " + n.noun + " " + quote(join(n.path, key))
	head, tail, dotted := strings.Cut(key, ".")
	if dotted && slices.Contains(known, head) {
		return message + "; nest it: write " + quote(head+": {"+tail+": …}")
	}
	if near := Nearest(key, known); near != "" {
		return message + "; did you mean " + quote(join(n.path, near)) + "?"
	}
	if near := Nearest(join(n.path, key), n.vocabulary); near != "" {
		return message + "; did you mean " + quote(near) + "?"
	}
	return message + "; expected " + OneOf(known)
}

// child is a node below this one; an alias is followed but keeps its own place.
func (n *Node) child(at *yaml.Node, path string) *Node {
	value := at
	if at.Kind == yaml.AliasNode {
		value = at.Alias
	}
	return &Node{doc: n.doc, yaml: value, at: at, path: path, noun: n.noun, vocabulary: n.vocabulary}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
