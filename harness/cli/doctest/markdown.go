package doctest

import (
	"iter"
	"strings"
)

// line is a line of a page with what surrounds it.
type line struct {
	number int    // from 1
	text   string // without the indentation of its fence and without its end
	lang   string // language of the fenced block it stands in; "" outside, "text" when the fence names none
	fence  bool   // the line is itself a fence
}

// Prose yields the lines of a Markdown page that stand outside fenced blocks,
// with their numbers from 1.
func Prose(md []byte) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		for l := range lines(md) {
			if l.lang == "" && !l.fence && !yield(l.number, l.text) {
				return
			}
		}
	}
}

// lines yields every line of a page. A fence is closed only by one of its own
// kind that is at least as long and names no language, so a block of four
// backticks may show one of three.
func lines(md []byte) iter.Seq[line] {
	return func(yield func(line) bool) {
		var open fence
		number := 0
		for text := range strings.SplitSeq(string(md), "\n") {
			number++
			text = strings.TrimSuffix(text, "\r")
			l := line{number: number, text: text, lang: open.lang}
			switch f, ok := parseFence(text); {
			case open.mark == "" && ok:
				open, l.fence, l.lang = f, true, f.lang
			case open.mark != "" && ok && f.closes(open):
				open, l.fence = fence{}, true
			default:
				l.text = outdent(text, open.indent)
			}
			if !yield(l) {
				return
			}
		}
	}
}

// fence is the line that opens a block.
type fence struct {
	mark   string // three or more backticks or tildes
	lang   string
	named  bool
	indent int // columns before the mark, also taken from the lines within
}

func parseFence(text string) (fence, bool) {
	rest := strings.TrimLeft(text, " ")
	f := fence{indent: len(text) - len(rest), lang: "text"}
	if rest == "" || rest[0] != '`' && rest[0] != '~' {
		return fence{}, false
	}
	info := strings.TrimLeft(rest, rest[:1])
	f.mark = rest[:len(rest)-len(info)]
	if len(f.mark) < 3 || strings.Contains(info, "`") { // the latter is a code span
		return fence{}, false
	}
	if words := strings.Fields(info); len(words) > 0 {
		f.lang, f.named = words[0], true
	}
	return f, true
}

func (f fence) closes(open fence) bool {
	return !f.named && f.mark[0] == open.mark[0] && len(f.mark) >= len(open.mark)
}

// outdent takes up to n leading blanks from text.
func outdent(text string, n int) string {
	blanks := len(text) - len(strings.TrimLeft(text, " "))
	return text[min(n, blanks):]
}
