package author

import (
	"slices"
	"strconv"
)

// deepest is how many rules may be nested before each takes the way that ends
// soonest: about six blocks within each other.
const deepest = 22

// writer expands rules into a text.
type writer struct {
	dice   *Dice
	lang   *language
	text   []byte
	level  int
	depth  int
	names  map[string]int // given out by «new», with the number of times each was wanted
	marks  []mark
	needs  []string // imports that plants asked for
	number int
}

// mark is the place of a plant.
type mark struct {
	at   int // offset of the text
	rule string
}

func (w *writer) rule(r *rule) {
	way := r.brief
	if w.depth < deepest {
		way = r.ways[w.dice.Pick(len(r.ways))]
	}
	w.way(way)
}

func (w *writer) way(way *way) {
	w.depth++
	for i := range way.tokens {
		w.token(&way.tokens[i])
	}
	w.depth--
}

func (w *writer) token(t *token) {
	switch t.kind {
	case literal:
		w.text = append(w.text, t.text...)
	case newline:
		w.newline()
	case indent:
		w.level++
		w.newline()
	case dedent:
		w.level--
		w.newline()
	case call:
		t.verb(w, t.text)
	case expand:
		w.repeat(t)
	case capital, capitals:
		begin := len(w.text)
		w.rule(t.rule)
		word := w.text[begin:]
		if t.kind == capital {
			word = word[:1]
		}
		for i, c := range word {
			if 'a' <= c && c <= 'z' {
				word[i] = c - 'a' + 'A'
			}
		}
	}
}

func (w *writer) repeat(t *token) {
	times := t.low + w.dice.Pick(t.top-t.low+1)
	if t.low == t.top {
		times = t.low
	} else if w.depth >= deepest {
		times = t.low
	}
	for i := range times {
		if i > 0 && t.comma {
			w.text = append(w.text, ", "...)
		} else if i > 0 {
			w.newline()
		}
		w.rule(t.rule)
	}
}

func (w *writer) newline() {
	for n := len(w.text); n > 0 && (w.text[n-1] == ' ' || w.text[n-1] == '\t'); n-- {
		w.text = w.text[:n-1]
	}
	w.text = append(w.text, '\n')
	for range w.level {
		w.text = append(w.text, w.lang.tab...)
	}
}

// verbs are the functions that a grammar may call.
func verbs() map[string]func(*writer, string) {
	return map[string]func(*writer, string){
		"number": func(w *writer, _ string) { w.text = strconv.AppendInt(w.text, w.dice.Lognormal(12, 2500), 10) },
		"digit":  func(w *writer, _ string) { w.text = append(w.text, byte('1'+w.dice.Pick(9))) },
		"hex":    func(w *writer, n string) { w.text = append(w.text, w.dice.Letters("0123456789abcdef", atoi(n))...) },
		"new":    func(w *writer, _ string) { w.fresh(false) },
		"New":    func(w *writer, _ string) { w.fresh(true) },
		"finds":  func(w *writer, rule string) { w.marks = append(w.marks, mark{at: len(w.text), rule: rule}) },
		"need":   func(w *writer, what string) { w.needs = append(w.needs, what) },
		"needs":  func(w *writer, _ string) { w.imports() },
		"secret": func(w *writer, kind string) { w.text = append(w.text, w.dice.mustSecret(kind)...) },
		"letters": func(w *writer, n string) {
			w.text = append(w.text, w.dice.Letters(Lower, atoi(n))...)
		},
		"end": func(w *writer, _ string) { w.level-- }, // ← without a new line
		"count": func(w *writer, _ string) {
			w.number++
			w.text = strconv.AppendInt(w.text, int64(w.number), 10)
		},
		"dashes": func(w *writer, _ string) { w.text = append(w.text, "-----"...) },
		"key":    func(w *writer, _ string) { w.text = append(w.text, "PRIVATE"+" KEY"...) },
		"keylines": func(w *writer, _ string) {
			for i, line := range w.dice.KeyLines() {
				if i > 0 {
					w.newline()
				}
				w.text = append(w.text, line...)
			}
		},
	}
}

// fresh writes a name that the file has not declared yet.
func (w *writer) fresh(exported bool) {
	begin := len(w.text)
	w.rule(w.lang.grammar.rules["identifier"])
	if c := w.text[begin]; exported && 'a' <= c && c <= 'z' {
		w.text[begin] = c - 'a' + 'A'
	}
	seen := w.names[string(w.text[begin:])]
	w.names[string(w.text[begin:])] = seen + 1
	if seen > 0 {
		w.text = strconv.AppendInt(w.text, int64(seen+1), 10)
	}
}

// imports writes what the plants need and a few more, each once, in order.
func (w *writer) imports() {
	needs := w.needs
	begin := len(w.text)
	for range w.dice.Pick(6) {
		w.rule(w.lang.grammar.rules["import"])
		needs = append(needs, string(w.text[begin:]))
		w.text = w.text[:begin]
	}
	slices.Sort(needs)
	for i, need := range slices.Compact(needs) {
		if i > 0 {
			w.newline()
		}
		w.text = append(w.text, need...)
	}
}

func atoi(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic("grammar: " + err.Error()) // the embedded grammars are ours
	}
	return n
}
