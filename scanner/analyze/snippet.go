package analyze

import (
	"bytes"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The size of a snippet, in bytes.
const (
	snippetBytes = 160
	contextBytes = 40 // of a long line, shown before the place
	keptBytes    = 4  // of a secret, shown before the mask; fewer of a short one
	mask         = "****"
	cut          = "…"
)

// lines finds the line of an offset. Lines end at "\n", as tree-sitter and most
// editors count; the "\r" before it is trimmed from snippets like any space.
type lines struct {
	src    []byte
	starts []int
}

// newLines reads the text once, so that many findings on one long line do not
// each read that line.
func newLines(src []byte) lines {
	starts := make([]int, 1, 1+bytes.Count(src, []byte{'\n'}))
	for at := 0; ; {
		i := bytes.IndexByte(src[at:], '\n')
		if i < 0 {
			return lines{src: src, starts: starts}
		}
		at += i + 1
		starts = append(starts, at)
	}
}

// at returns the line and column of an offset, from 1.
func (l lines) at(offset int) (line, column int) {
	line = sort.SearchInts(l.starts, offset+1)
	return line, offset - l.starts[line-1] + 1
}

// span returns the range of a line, without its "\n".
func (l lines) span(line int) span {
	if line < len(l.starts) {
		return span{l.starts[line-1], l.starts[line] - 1}
	}
	return span{l.starts[line-1], len(l.src)}
}

// prefixBytes is how much of a secret is compared first; secrets shorter than
// that are masked where they were found only.
const prefixBytes = 8

// masker hides secrets: where they were found, and wherever the same text shows
// again in a snippet.
type masker struct {
	found   spans
	values  map[[prefixBytes]byte][][]byte
	longest int
}

func newMasker(src []byte, found []span) masker {
	m := masker{found: union(slices.Clone(found)), values: map[[prefixBytes]byte][][]byte{}}
	known := map[string]bool{}
	for _, s := range found {
		value := src[s.start:s.end]
		if len(value) < prefixBytes || len(value) > reachAfter || known[string(value)] {
			continue
		}
		known[string(value)] = true
		key := [prefixBytes]byte(value)
		m.values[key] = append(m.values[key], value)
		m.longest = max(m.longest, len(value))
	}
	return m
}

// hidden returns the ranges to hide in a part of a text.
func (m masker) hidden(src []byte, part span) spans {
	var all []span
	first := sort.Search(len(m.found), func(i int) bool { return m.found[i].end > part.start })
	for _, s := range m.found[first:] {
		if s.start >= part.end {
			break
		}
		all = append(all, s)
	}
	if len(m.values) == 0 {
		return union(all)
	}
	// A secret that began before the part reaches into it.
	for at := max(0, part.start-m.longest); at < part.end && at+prefixBytes <= len(src); at++ {
		for _, value := range m.values[[prefixBytes]byte(src[at:])] {
			if s := (span{at, at + len(value)}); s.overlaps(part) && bytes.HasPrefix(src[at:], value) {
				all = append(all, s)
			}
		}
	}
	return union(all)
}

// snippet renders the line on which a place begins: trimmed, secrets masked,
// what does not print escaped, cut around the place where it is long.
func (m masker) snippet(l lines, offset int) string {
	line, _ := l.at(offset)
	part := trim(l.src, l.span(line))
	cutBefore := part.end-part.start > snippetBytes && offset-part.start > contextBytes
	if cutBefore {
		part.start = runeStart(l.src, offset-contextBytes, part.start)
	}
	// Rendering never shortens a text but by masks, so this much is enough to
	// fill a snippet unless a secret takes most of it.
	part.end = min(part.end, part.start+4*snippetBytes)
	out := renderer{limit: snippetBytes - len(cut)}
	if cutBefore {
		out.add(cut)
	}
	for _, s := range m.hidden(l.src, part) {
		out.text(l.src[part.start:max(part.start, s.start)])
		if s.start >= part.start {
			out.text(l.src[s.start : s.start+min(keptBytes, (s.end-s.start)/4)])
		}
		out.add(mask)
		part.start = min(part.end, s.end)
	}
	out.text(l.src[part.start:part.end])
	return out.String()
}

func trim(src []byte, s span) span {
	const blank = " \t\r\v\f\ufeff"
	s.start = s.end - len(bytes.TrimLeft(src[s.start:s.end], blank))
	s.end = s.start + len(bytes.TrimRight(src[s.start:s.end], blank))
	return s
}

// runeStart moves an offset back to the start of the rune it is in, if there is
// one, but not before least.
func runeStart(src []byte, offset, least int) int {
	for at := offset; at > max(least, offset-utf8.UTFMax); at-- {
		if utf8.RuneStart(src[at]) {
			return at
		}
	}
	return max(least, offset)
}

// renderer gathers a snippet of at most limit bytes and a mark where it was cut.
type renderer struct {
	strings.Builder
	limit int
	full  bool
}

func (r *renderer) add(piece string) {
	if r.full || r.Len()+len(piece) > r.limit {
		if !r.full {
			r.WriteString(cut)
		}
		r.full = true
		return
	}
	r.WriteString(piece)
}

// text adds source text, escaping whatever does not print: control characters,
// invisible and direction-changing runes, bytes that are not UTF-8.
func (r *renderer) text(src []byte) {
	for len(src) > 0 && !r.full {
		char, size := utf8.DecodeRune(src)
		switch {
		case char == utf8.RuneError && size == 1:
			r.add(fmt.Sprintf(`\x%02x`, src[0]))
		case strconv.IsPrint(char):
			r.add(string(char))
		default:
			quoted := strconv.QuoteRuneToASCII(char)
			r.add(quoted[1 : len(quoted)-1])
		}
		src = src[size:]
	}
}
