package analyze

// Parses tells whether Analyze would parse a text, which is most of what analysis
// costs, without parsing it: by the literals that occur. It costs what looking for
// them costs, about a nanosecond a byte. A model of the scanner asks.
func (w *Worker) Parses(path string, src []byte) (bool, error) {
	name := Language(path)
	if name == "" {
		name = Text
	}
	if binary(src) || len(src) == 0 {
		return false, nil
	}
	l := w.engine.languages[name]
	if err := l.compile(); err != nil {
		return false, err
	}
	if l.query == nil || w.engine.parseAll {
		return l.query != nil, nil
	}
	w.look(l, src)
	_, some := l.able(w.seen)
	return some, nil
}
