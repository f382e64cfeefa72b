package view

import (
	"strings"
	"unicode"
)

// Words is a sentence, or a part of one, in which names that the user typed or
// could type stand between backticks. Numbers and their units are joined by
// no-break spaces. A medium renders it: Spans for HTML, Plain for a terminal;
// Markdown needs nearly nothing.
type Words string

// Span is a stretch of Words that is code throughout, or not at all.
type Span struct {
	Text string
	Code bool
}

// nbsp keeps a number and its unit on one line, joiner the two ends of an interval.
const (
	nbsp   = "\u00a0"
	joiner = "\u2060"
)

// Spans cuts the words at their backticks.
func (w Words) Spans() []Span {
	var spans []Span
	code := false
	for part := range strings.SplitSeq(string(w), "`") {
		if part != "" {
			spans = append(spans, Span{Text: part, Code: code})
		}
		code = !code
	}
	return spans
}

// Plain is the words without backticks and with ordinary spaces.
func (w Words) Plain() string { return strings.ReplaceAll(w.Ordinary(), "`", "") }

// Ordinary is the words with ordinary spaces, their backticks kept.
func (w Words) Ordinary() string {
	return strings.NewReplacer(nbsp, " ", joiner, "").Replace(string(w))
}

// Code quotes a name or a value. Backticks and control characters, which could
// end the quotation or steer a terminal, are replaced.
func Code(s string) Words {
	if s = Clean(s); s == "" {
		return "–"
	}
	return Words("`" + s + "`")
}

// Prose makes words of foreign text (a warning, a question): what is inside
// backticks stays code if they come in pairs, and control characters go.
func Prose(s string) Words {
	if strings.Count(s, "`")%2 == 1 {
		return Words(Clean(s))
	}
	parts := strings.Split(s, "`")
	for i, part := range parts {
		parts[i] = harmless(part)
	}
	return Words(squeeze(strings.Join(parts, "`")))
}

// Clean makes foreign text harmless for a terminal and for backticks: control
// and format characters become spaces, backticks apostrophes, broken UTF-8 a
// replacement character, runs of white space one space.
func Clean(s string) string { return squeeze(harmless(s)) }

func harmless(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '`':
			return '\''
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return ' '
		default:
			return r
		}
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// squeeze makes one space of several and drops those at the ends.
func squeeze(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' }), " ")
}
