package analyze

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"sluice/scanner/finding"
	"sluice/scanner/rules"
)

// sniffBytes is how much of a file decides whether it is text, as in git.
const sniffBytes = 8000

// Report is what the analysis of one file found.
type Report struct {
	Language string // "go", "python", "javascript" or Text
	Binary   bool   // a NUL among the first 8000 bytes, or UTF-16: not analysed
	Findings []finding.Finding

	TreeBytes int64 // most memory that the parse took in C, in bytes; 0 if the file was not parsed
}

// Worker analyses files one after the other. It is for one goroutine at a time;
// its parser and buffers are used again for each file.
type Worker struct {
	engine *Engine
	core   core
	seen   []bool  // by literal: it occurs in this file
	hits   [][]int // by rule for secrets: where its keywords are in this file
	closed bool

	stop  *Stop
	limit func(bytes int) limit // what a text may take
}

// StopOn ends the analyses of this worker once the stop is set. It is called
// between analyses; nil takes the stop away.
func (w *Worker) StopOn(s *Stop) { w.stop = s }

// Close frees the parser. A second Close does nothing.
func (w *Worker) Close() {
	if w.core.c != nil {
		w.core.close()
		w.core = core{}
	}
	w.closed = true
}

// Analyze finds what the rules describe in one file. The path gives the language
// and is copied into the findings; nothing is read from it. Findings come sorted
// and without repetition. A file that does not parse is no error: the parts that
// do parse are searched. An error means that the engine or a rule is unfit, or
// that findings would have been lost: ErrTooCostly, where a text stalls the parser,
// ErrTooMany and ErrStopped. src is not kept or changed.
func (w *Worker) Analyze(path string, src []byte) (Report, error) {
	report := Report{Language: Language(path)}
	if report.Language == "" {
		report.Language = Text
	}
	if w.closed {
		return report, fmt.Errorf("analyze %s: the worker is closed", path)
	}
	if binary(src) {
		report.Binary = true
		return report, nil
	}
	l := w.engine.languages[report.Language]
	if err := l.compile(); err != nil {
		return report, fmt.Errorf("analyze %s: %w", path, err)
	}
	if len(src) == 0 {
		return report, nil
	}
	found, err := w.search(l, src)
	if err != nil {
		return report, fmt.Errorf("analyze %s: %w", path, err)
	}
	if len(found.places) > mostFindings {
		return report, fmt.Errorf("analyze %s: %w", path, ErrTooMany)
	}
	report.Findings, report.TreeBytes = found.report(path, src), found.treeBytes
	return report, nil
}

// binary reports whether a file is no text that the rules could read.
func binary(src []byte) bool {
	return bytes.HasPrefix(src, []byte("\xff\xfe")) || bytes.HasPrefix(src, []byte("\xfe\xff")) ||
		bytes.IndexByte(src[:min(len(src), sniffBytes)], 0) >= 0
}

// search passes a text through the gates: literals, secrets, syntax.
func (w *Worker) search(l *lens, src []byte) (*gathering, error) {
	g := &gathering{}
	if w.engine.parseAll && l.query != nil && len(l.hunt.rules) == 0 {
		// Nobody asks for the literals before there is a match.
		return g, w.parse(g, l, src, func() []bool { w.look(l, src); able, _ := l.able(w.seen); return able })
	}
	w.look(l, src)
	firm, yielding := l.hunt.find(src, w.hits)
	g.secrets(l.hunt, firm)
	if able, some := l.able(w.seen); l.query != nil && (some || w.engine.parseAll) {
		if err := w.parse(g, l, src, func() []bool { return able }); err != nil {
			return nil, err
		}
	}
	g.secrets(l.hunt, yielding)
	return g, nil
}

// parse adds the matches in a text; able tells which rules can apply to it.
func (w *Worker) parse(g *gathering, l *lens, src []byte, able func() []bool) error {
	if w.core.c == nil {
		c, err := newCore(!w.engine.malloc)
		if err != nil {
			return err
		}
		w.core = c
	}
	matches, err := w.core.scan(l.grammar, l.query, src, w.limit(len(src)), w.stop)
	if err != nil {
		return err
	}
	g.treeBytes = w.core.treeBytes()
	if len(matches) > 0 {
		g.matches(l, able(), matches, src)
	}
	return nil
}

// look notes which literals occur and where the keywords are.
func (w *Worker) look(l *lens, src []byte) {
	keywords := l.hunt.keywords
	w.seen = slices.Grow(w.seen[:0], len(l.literals.texts))[:len(l.literals.texts)]
	clear(w.seen)
	w.hits = slices.Grow(w.hits[:0], len(l.hunt.rules))[:len(l.hunt.rules)]
	for i := range w.hits {
		w.hits[i] = w.hits[i][:0]
	}
	l.literals.find(src, func(id, start int) {
		w.seen[id] = true
		if id < len(keywords) {
			w.hits[l.hunt.owner[id]] = append(w.hits[l.hunt.owner[id]], start)
		}
	})
}

// mostFindings is how many places one file may have: beyond that nobody reads
// them, and a megabyte of eval(x) would take 300 MB to write out.
const mostFindings = 20_000

// ErrTooMany is returned for a file with more findings than anybody could look at.
var ErrTooMany = errors.New("more than 20,000 findings in one file; exclude it if it is generated")

// gathering collects what was found in a file, graver claims first.
type gathering struct {
	places []place
	hidden []span // every secret, of a finding or not
	taken  spans  // secrets that have a finding

	treeBytes int64 // most memory of the parse in C
}

// place is a finding before it is written out.
type place struct {
	rule *rules.Rule
	span
}

// secrets adds the secrets whose text no finding has claimed yet; where two of
// them overlap, the one of the earlier rule stays.
func (g *gathering) secrets(h *hunt, found []secret) {
	claimed := make([]span, 0, len(found))
	at := g.taken
	rule := -1
	for _, s := range found {
		g.hidden = append(g.hidden, s.text)
		if s.rule != rule {
			// The secrets come rule by rule; those of one rule never overlap.
			at, rule = union(append(slices.Clone(claimed), g.taken...)), s.rule
		}
		if !at.overlap(s.text) {
			claimed = append(claimed, s.text)
			g.places = append(g.places, place{&h.rules[s.rule], s.place})
		}
	}
	g.taken = union(append(claimed, g.taken...))
}

// matches adds the matches of rules that can apply here. A match that captures
// @secret is a claim on that text.
func (g *gathering) matches(l *lens, able []bool, found []match, src []byte) {
	var claimed []span
	for _, m := range found {
		c := l.patterns[m.pattern]
		if !able[c.rule] || !c.holds(m, src) {
			continue
		}
		texts, credible := c.secrets(m, src)
		if !credible {
			continue
		}
		g.hidden = append(g.hidden, texts...)
		if slices.ContainsFunc(texts, g.taken.overlap) {
			continue
		}
		claimed = append(claimed, texts...)
		for _, n := range m.nodes {
			if n.capture == c.finding {
				g.places = append(g.places, place{&l.rules[c.rule], span{n.start, n.end}})
			}
		}
	}
	g.taken = union(append(claimed, g.taken...))
}

// report writes the findings out, sorted and without repetition.
func (g *gathering) report(path string, src []byte) []finding.Finding {
	if len(g.places) == 0 {
		return nil
	}
	l := newLines(src)
	masks := newMasker(src, g.hidden)
	found := make([]finding.Finding, 0, len(g.places))
	for _, p := range g.places {
		f := finding.Finding{
			Rule: p.rule.ID, Path: path, Severity: p.rule.Severity, Message: p.rule.Message, CWE: p.rule.CWE,
			Snippet: masks.snippet(l, p.start),
		}
		f.Line, f.Column = l.at(p.start)
		f.EndLine, f.EndColumn = l.at(p.end)
		found = append(found, f)
	}
	finding.Sort(found)
	return slices.Compact(found)
}
