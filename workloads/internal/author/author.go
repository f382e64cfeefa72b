package author

import (
	"bytes"
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed grammars/*.txt
var texts embed.FS

// language is how one kind of file is written.
type language struct {
	grammar *grammar
	tab     string // one level of indentation
	comment string // what begins a line that means nothing
	foot    string // the end of the file
}

// kinds lists what Write can write, by the ending of the file's name.
//
//nolint:gochecknoglobals // read once, never changed afterwards
var kinds = sync.OnceValues(func() (map[string]*language, error) {
	table := map[string]*language{
		"go":   {tab: "\t", comment: "// "},
		"py":   {tab: "    ", comment: "# "},
		"js":   {tab: "  ", comment: "// "},
		"yaml": {tab: "  ", comment: "# "},
		"json": {tab: "  ", comment: `"note": "`, foot: "}\n"},
		"ini":  {tab: "", comment: "; "},
		"md":   {tab: "", comment: ""},
		"txt":  {tab: "", comment: ""},
	}
	words, err := texts.ReadFile("grammars/words.txt")
	if err != nil {
		return nil, err
	}
	for kind, l := range table {
		text, err := texts.ReadFile("grammars/" + kind + ".txt")
		if err != nil {
			return nil, err
		}
		if l.grammar, err = parseGrammar(string(words) + "\n" + string(text)); err != nil {
			return nil, fmt.Errorf("grammar of %s: %w", kind, err)
		}
		for _, need := range []string{"identifier", "head", "top", "block", "line", "plant"} {
			if l.grammar.rules[need] == nil {
				return nil, fmt.Errorf("grammar of %s: rule %q is missing", kind, need)
			}
		}
	}
	return table, nil
})

// Finding is a place on which a rule must fire.
type Finding struct {
	Line int    // from 1
	Rule string // ID of the rule
}

// Kinds lists the kinds of text that Write can write, in order.
func Kinds() []string {
	return []string{"go", "ini", "js", "json", "md", "py", "txt", "yaml"}
}

// Least is the length of the shortest text that holds a finding, in bytes;
// shorter ones are written without.
const Least = 1400

// Write appends to buffer a text of that kind, of exactly size bytes (at least
// 200), with plants findings spread over it, as far as there is room. Findings
// are in order of their lines. It keeps nothing of the buffer. It costs about
// 10 ns a byte.
func Write(buffer []byte, d *Dice, kind string, size, plants int) ([]byte, []Finding, error) {
	table, err := kinds()
	if err != nil {
		return nil, nil, err
	}
	l := table[kind]
	if l == nil {
		return nil, nil, fmt.Errorf("no text of kind %q can be written; kinds are %s", kind, strings.Join(Kinds(), ", "))
	}
	if size < 200 {
		return nil, nil, fmt.Errorf("a text of %d bytes cannot be written; ask for 200 or more", size)
	}
	w := &writer{dice: d, lang: l, names: map[string]int{}}
	pieces := w.plants(min(plants, size/Least))
	w.text = buffer
	text, findings := w.file(len(buffer), size, pieces)
	return text, findings, nil
}

// piece is a block that holds a plant.
type piece struct {
	text  []byte
	marks []mark
}

// plants writes the blocks with findings, before anything else, since the head
// of the file imports what they need.
func (w *writer) plants(n int) []piece {
	var pieces []piece
	for range n {
		w.text, w.marks = nil, nil
		w.rule(w.lang.grammar.rules["plant"])
		w.newline()
		pieces = append(pieces, piece{w.text, w.marks})
	}
	w.text, w.marks = nil, nil
	return pieces
}

// file writes head, blocks and plants in turn, then single lines, then words
// that bring the text to its size.
func (w *writer) file(begin, size int, pieces []piece) ([]byte, []Finding) {
	end := begin + size - len(w.lang.foot) - 1
	if l := w.lang; l.foot != "" {
		end -= len(l.comment) + 20 // for the last entry
	}
	room := end
	for _, p := range pieces {
		room -= len(p.text)
	}
	if !w.block("head", room) { // too short for all that
		pieces, room = nil, end
		w.rule(w.lang.grammar.rules["top"])
		w.newline()
	}
	count := len(pieces)
	var findings []Finding
	line, counted := 1, begin
	for misses := 0; misses < 3; {
		// Plants stand at even distances from each other and from the ends.
		if done := count - len(pieces); len(pieces) > 0 && (len(w.text)-begin)*(count+1) >= size*(done+1) {
			room += len(pieces[0].text)
			line += bytes.Count(w.text[counted:], []byte("\n"))
			counted = len(w.text)
			findings = append(findings, w.insert(pieces[0], line)...)
			pieces = pieces[1:]
			continue
		}
		if !w.block("block", room) {
			misses++
		}
	}
	for _, p := range pieces {
		line += bytes.Count(w.text[counted:], []byte("\n"))
		counted = len(w.text)
		findings = append(findings, w.insert(p, line)...)
	}
	for misses := 0; misses < 4; {
		if !w.block("line", end) {
			misses++
		}
	}
	w.pad(begin + size - len(w.lang.foot) - len(w.text))
	return append(w.text, w.lang.foot...), findings
}

// block writes one expansion of a rule, or nothing if it ends beyond the limit.
func (w *writer) block(name string, limit int) bool {
	at, level := len(w.text), w.level
	w.rule(w.lang.grammar.rules[name])
	w.newline()
	if len(w.text) > limit {
		w.text, w.level = w.text[:at], level
		return false
	}
	return true
}

func (w *writer) insert(p piece, line int) []Finding {
	var findings []Finding
	for _, m := range p.marks {
		findings = append(findings, Finding{Line: line + bytes.Count(p.text[:m.at], []byte("\n")), Rule: m.rule})
	}
	w.text = append(w.text, p.text...)
	slices.SortStableFunc(findings, func(a, b Finding) int { return a.Line - b.Line })
	return findings
}

// pad writes exactly n bytes that mean nothing: comments, or words.
func (w *writer) pad(n int) {
	if w.lang.foot != "" { // JSON: one last entry, for which the blocks' commas wait
		w.padEntry(n)
		return
	}
	for n > 0 {
		width := min(n, 60+w.dice.Pick(40))
		if n-width < len(w.lang.comment)+2 {
			width = n
		}
		if width < len(w.lang.comment)+2 {
			w.text = append(w.text, strings.Repeat("\n", width)...)
			return
		}
		w.text = append(w.text, w.lang.comment...)
		w.words(width - len(w.lang.comment) - 1)
		w.text = append(w.text, '\n')
		n -= width
	}
}

func (w *writer) padEntry(n int) {
	w.text = append(w.text, w.lang.comment...)
	w.words(n - len(w.lang.comment) - 2)
	w.text = append(w.text, "\"\n"...)
}

// words writes n bytes of prose, the last of which is no space.
func (w *writer) words(n int) {
	end := len(w.text) + n
	for len(w.text) < end {
		w.rule(w.lang.grammar.rules["sentence"])
		w.text = append(w.text, ' ')
	}
	w.text = w.text[:end]
	if n > 0 && w.text[end-1] == ' ' {
		w.text[end-1] = '.'
	}
}
