package strict

import (
	"bytes"
	"errors"
	"io"
	"sort"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// unreadable finds the first character that no YAML file may hold. yaml.v3
// refuses such files too, but without saying where.
func unreadable(data []byte) (at *yaml.Node, message string) {
	at = &yaml.Node{Line: 1, Column: 1}
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return at, "found a byte that is not UTF-8; save the file as UTF-8"
		case unicode.IsControl(r) && r != '\t' && r != '\n' && r != '\r' && r != '\u0085':
			return at, "found the control character " + strconv.QuoteRune(r) + "; remove it"
		}
		i += size
		at.Column++
		if r == '\n' {
			at.Line, at.Column = at.Line+1, 1
		}
	}
	return at, ""
}

// locate turns an error of yaml.v3 into a place and a message. The column is
// that of the line's first character: yaml.v3 keeps the true one to itself.
//
// Its lines are right for what its scanner finds. What its parser finds carries
// a line too low by one, and names the start of the surrounding collection: for
// brackets the opening one, which is what a reader needs; for indented
// blocks a line that may be far above the fault, so those are searched for.
func locate(data []byte, err error) (at *yaml.Node, message string) {
	line, message := split(err)
	switch {
	case broken(message):
		line = firstBroken(data, message)
	case strings.HasPrefix(message, "did not find expected ',' or"), message == "did not find expected node content",
		message == "did not find expected <document start>":
		line++
	}
	line = max(line, 1)
	return &yaml.Node{Line: line, Column: indent(data, line)}, "not valid YAML: " + message + remedy(message)
}

// split takes "yaml: line 3: what" apart; the line is 0 where yaml.v3 gives none.
func split(err error) (line int, message string) {
	message = strings.TrimPrefix(err.Error(), "yaml: ")
	rest, found := strings.CutPrefix(message, "line ")
	if !found {
		return 0, message
	}
	number, what, found := strings.Cut(rest, ": ")
	line, bad := strconv.Atoi(number)
	if !found || bad != nil {
		return 0, message
	}
	return line, what
}

// broken tells the messages whose line yaml.v3 loses.
func broken(message string) bool {
	return message == "did not find expected key" || message == "did not find expected '-' indicator" ||
		strings.HasPrefix(message, "unknown anchor ")
}

// firstBroken is the first line with which data fails in this way: what stands
// above it, read alone, does not. It decodes log₂(lines) prefixes.
func firstBroken(data []byte, message string) int {
	lines := bytes.SplitAfter(data, []byte("\n"))
	return 1 + sort.Search(len(lines)-1, func(i int) bool {
		dec := yaml.NewDecoder(bytes.NewReader(bytes.Join(lines[:i+1], nil)))
		for {
			var node yaml.Node
			err := dec.Decode(&node)
			if errors.Is(err, io.EOF) {
				return false
			}
			if err != nil {
				_, got := split(err)
				return got == message
			}
		}
	})
}

// indent is the column of the first character of a line that is not a blank.
func indent(data []byte, line int) int {
	for range line - 1 {
		_, data, _ = bytes.Cut(data, []byte("\n"))
	}
	text, _, _ := bytes.Cut(data, []byte("\n"))
	return 1 + len(text) - len(bytes.TrimLeft(text, " "))
}

// remedy says what usually lies behind a message of yaml.v3.
func remedy(message string) string {
	switch {
	case strings.HasPrefix(message, "did not find expected ',' or"):
		return "; a comma or a closing bracket is missing"
	case message == "did not find expected key", message == "mapping values are not allowed in this context":
		return "; check the indentation, and quote a value that holds \": \""
	case message == "found character that cannot start any token":
		return "; indent with spaces, and quote a value that starts with @ or `"
	case strings.HasPrefix(message, "unknown anchor "):
		return "; quote a value that starts with *"
	case message == "could not find expected ':'":
		return "; write \"name: value\""
	}
	return ""
}
