// Package strict reads YAML, and JSON with it, so that a wrong file names
// itself, the line and column, what was found, what was expected and the
// nearest valid name, and names every fault at once.
//
// It walks yaml.v3's nodes instead of filling structs: yaml.v3 forgets its
// strictness inside a custom UnmarshalYAML, stops at type errors without a
// column, and accepts 010 as eight. Data enters through Decode; a reader then asks
// the root for its Fields and each field for a value, and finally for Err, which
// holds all that went wrong on the way. A value that is absent or wrong comes back with ok false,
// so that reading goes on and later faults are found too.
//
// It knows no knob and no schema; package config and the readers of experiments
// bring those.
package strict

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Fault is one thing wrong at one place of a file.
type Fault struct {
	File    string
	Line    int // from 1
	Column  int // in characters, from 1
	Message string
}

// Error is the fault as compilers print it: "sluice.yaml:12:5: unknown knob …".
func (f Fault) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, f.Column, f.Message)
}

// Faults is every fault of one file, in the order of the file.
type Faults []Fault

// Error lists the faults, one a line.
func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap offers each fault to errors.Is and errors.As.
func (fs Faults) Unwrap() []error {
	errs := make([]error, len(fs))
	for i, f := range fs {
		errs[i] = f
	}
	return errs
}

// document is what the nodes of one file share.
type document struct {
	name   string
	faults Faults
}

func (d *document) fault(at *yaml.Node, message string) {
	d.faults = append(d.faults, Fault{File: d.name, Line: max(at.Line, 1), Column: max(at.Column, 1), Message: message})
}

// err returns the faults gathered so far in the order of the file, or nil. A
// mapping read twice tells its faults once. It works on a copy: a caller may hold
// an earlier answer.
func (d *document) err() error {
	if len(d.faults) == 0 {
		return nil
	}
	faults := slices.Clone(d.faults)
	slices.SortStableFunc(faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.Compact(faults)
}

// Decode reads the one mapping that data holds. The name is only what faults
// call the file. An empty file, or one of comments alone, is an empty mapping:
// which keys a file must have is the caller's to say. The error is Faults: a file
// that is not YAML, not UTF-8, not a mapping, or more than one document.
func Decode(name string, data []byte) (*Node, error) {
	root, err := parse(name, data)
	if err != nil {
		return nil, err
	}
	if root.at.Line == 0 {
		root.yaml.Kind = yaml.MappingNode
		return root, nil
	}
	if !root.IsMapping() {
		root.Mismatch("a mapping of names to values")
		return nil, root.Err()
	}
	return root, nil
}

// Value reads text as one YAML value of any kind that answers to the given path,
// so that a value typed on a command line obeys the rules of the file. Noun is
// what messages call such a thing: "knob".
func Value(name, noun, path, text string) (*Node, error) {
	n, err := parse(name, []byte(text))
	if err != nil {
		return nil, err
	}
	return n.Named(noun, path), nil
}

// parse reads one document. Without any content its node is null at line 0.
func parse(name string, data []byte) (*Node, error) {
	doc := &document{name: name}
	if at, message := unreadable(data); message != "" {
		doc.fault(at, message)
		return nil, doc.err()
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var top, next yaml.Node
	err := dec.Decode(&top)
	if errors.Is(err, io.EOF) {
		empty := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}
		return &Node{doc: doc, yaml: empty, at: empty, noun: "key"}, nil
	}
	if err == nil {
		if err = dec.Decode(&next); err == nil {
			doc.fault(&next, "found a second document, expected one; remove the line of dashes and what follows")
			return nil, doc.err()
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		doc.fault(locate(data, err))
		return nil, doc.err()
	}
	root := &Node{doc: doc, noun: "key"}
	return root.child(top.Content[0], ""), nil
}
