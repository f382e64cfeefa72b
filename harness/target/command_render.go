package target

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// template is a text with placeholders: "-j{threads}". Whatever is no name in
// braces is literal, as {"x": 1}, { echo; } and {} are, and so is ${name}, which is
// the shell's. "{{" is a literal brace before what would be a placeholder.
type template struct {
	text   string // as written
	pieces []piece
}

// piece is a stretch of a template: literal text, or a placeholder's inside.
type piece struct {
	literal string
	inside  string // "threads", or in the one-line form "threads=1..64"; empty for a literal
}

// placeholder is one at the beginning of a text.
var placeholder = regexp.MustCompile(`^\{([A-Za-z_][A-Za-z0-9_.-]*(?:=[^{}]*)?)\}`)

// split takes a template apart.
func split(text string) template {
	t := template{text: text}
	from := 0 // of the literal that goes on
	literal := func(to int) {
		if to > from {
			t.pieces = append(t.pieces, piece{literal: text[from:to]})
		}
	}
	for at := 0; at < len(text); {
		found := placeholder.FindStringSubmatch(text[at:])
		switch {
		case strings.HasPrefix(text[at:], "{{"):
			literal(at + 1)
			at += 2
			from = at
		case found != nil && (at == 0 || text[at-1] != '$'):
			literal(at)
			t.pieces = append(t.pieces, piece{inside: found[1]})
			at += len(found[0])
			from = at
		default:
			at++
		}
	}
	literal(len(text))
	return t
}

// names lists the placeholders of templates in the order written.
func names(ts ...template) (all []string) {
	for _, t := range ts {
		for _, p := range t.pieces {
			if p.inside != "" {
				all = append(all, p.inside)
			}
		}
	}
	return all
}

// empty tells that nothing was written.
func (t template) empty() bool { return t.text == "" }

// render puts values in the place of placeholders.
func (t template) render(values map[string]string) string {
	var b strings.Builder
	for _, p := range t.pieces {
		if p.inside != "" {
			b.WriteString(values[p.inside])
			continue
		}
		b.WriteString(p.literal)
	}
	return b.String()
}

func renderAll(ts []template, values map[string]string) []string {
	texts := make([]string, len(ts))
	for i, t := range ts {
		texts[i] = t.render(values)
	}
	return texts
}

// builtin are the placeholders that are no knobs.
func builtin() []string { return []string{"corpus", "seed", "trial", "cores"} }

// Render writes a knob's value as an argument: a number with all its digits and
// without an exponent, true or false, a word as it is.
func Render(value any) string {
	if f, ok := value.(float64); ok && !math.IsInf(f, 0) {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return fmt.Sprint(value)
}

// ShellLine writes a command as a line that a shell reads back to the same words.
func ShellLine(argv []string) string {
	quoted := make([]string, len(argv))
	for i, word := range argv {
		quoted[i] = quoteWord(word, i == 0)
	}
	return strings.Join(quoted, " ")
}

// quoteWord quotes what a shell would not leave alone. The first word of a line
// must not look like an assignment.
func quoteWord(word string, first bool) string {
	const harmless = "%+,-./:=@_"
	odd := strings.ContainsFunc(word, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(harmless, r)
	})
	if word != "" && !odd && (!first || !strings.Contains(word, "=")) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// words is the whole command that repeats a launch: its working directory and
// its variables by env(1), its standard input by a shell.
func (l launch) words() []string {
	var argv []string
	if l.stdin != "" {
		argv = append(argv, "sh", "-c", `exec "$@" <"$0"`, l.stdin)
	}
	if l.dir != "" || len(l.env) > 0 {
		argv = append(argv, "env")
	}
	if l.dir != "" {
		argv = append(argv, "-C", l.dir)
	}
	argv = append(argv, l.env...)
	return slices.Concat(argv, l.argv)
}
