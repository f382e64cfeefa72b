package analyze

import (
	"strings"

	ahocorasick "github.com/petar-dambovaliev/aho-corasick"
)

// literal is a text to look for.
type literal struct {
	text string
	fold bool // ignore ASCII case
}

// literals finds many texts in one pass, at some hundreds of MB/s. A literal is
// named by its index in the list it was made from. It is immutable.
type literals struct {
	automaton ahocorasick.AhoCorasick
	exact     [][]int // by pattern of the automaton: literals whose case must agree too
	folded    [][]int // by pattern: literals for which it need not
	texts     []string
}

// newLiterals builds one automaton that ignores case; literals that differ only
// in case share a pattern, and case is compared where a pattern is met.
func newLiterals(wanted []literal) *literals {
	l := &literals{}
	patterns := []string{}
	index := map[string]int{}
	for id, w := range wanted {
		l.texts = append(l.texts, w.text)
		key := strings.ToLower(w.text)
		at, ok := index[key]
		if !ok {
			at = len(patterns)
			index[key] = at
			patterns = append(patterns, key)
			l.exact, l.folded = append(l.exact, nil), append(l.folded, nil)
		}
		if w.fold {
			l.folded[at] = append(l.folded[at], id)
		} else {
			l.exact[at] = append(l.exact[at], id)
		}
	}
	builder := ahocorasick.NewAhoCorasickBuilder(ahocorasick.Opts{
		AsciiCaseInsensitive: true,
		MatchKind:            ahocorasick.StandardMatch,
		DFA:                  true,
	})
	l.automaton = builder.Build(patterns)
	return l
}

// find calls hit for each place where a literal ends, in the order of the text;
// texts within texts are all found.
func (l *literals) find(src []byte, hit func(id, start int)) {
	if len(l.texts) == 0 {
		return
	}
	for iter := l.automaton.IterOverlappingByte(src); ; {
		m := iter.Next()
		if m == nil {
			return
		}
		for _, id := range l.folded[m.Pattern()] {
			hit(id, m.Start())
		}
		for _, id := range l.exact[m.Pattern()] {
			if string(src[m.Start():m.End()]) == l.texts[id] {
				hit(id, m.Start())
			}
		}
	}
}
