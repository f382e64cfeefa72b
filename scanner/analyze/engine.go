package analyze

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"sluice/scanner/rules"
)

// ErrClosed is returned by the use of an engine after Close.
var ErrClosed = errors.New("the engine is closed")

// Option changes how an engine works, never what it finds.
type Option func(*Engine)

// WithoutPrefilter parses every file of a known language. Without it a file in
// which no rule's literals occur is not parsed, which changes no finding and is
// the largest saving there is. It is there to measure the parser.
func WithoutPrefilter() Option { return func(e *Engine) { e.parseAll = true } }

// WithMalloc takes the parser's memory from the C library instead of an arena of
// each worker. It is slower, and what is freed stays in the library's lists; it
// is there to compare.
func WithMalloc() Option { return func(e *Engine) { e.malloc = true } }

// withoutPlan runs the core's plain query: what a plan is compared with.
func withoutPlan(e *Engine) {
	for _, l := range e.languages {
		l.plain = true
	}
}

// Engine holds what every worker shares. It is immutable after New but for
// compiling each language when it is first met, and safe for concurrent use.
type Engine struct {
	languages map[string]*lens
	parseAll  bool
	malloc    bool
}

// New makes an engine for a pack. The rules for secrets are compiled at once;
// queries when a file of their language is first analysed, or by Warm: 25 to
// 40 ms of processor time a language. Close frees what the engine holds in C.
func New(pack *rules.Pack, options ...Option) (*Engine, error) {
	installHeap()
	hunt, err := newHunt(pack.For(rules.Secrets))
	if err != nil {
		return nil, err
	}
	e := &Engine{languages: map[string]*lens{Text: {hunt: hunt}}}
	for _, name := range rules.Languages() {
		if name != rules.Secrets {
			e.languages[name] = &lens{name: name, hunt: hunt, rules: pack.For(name)}
		}
	}
	for _, option := range options {
		option(e)
	}
	return e, nil
}

// Warm compiles the queries of every language now, so that no file pays for it.
// The error joins one fault for each rule whose query is wrong.
func (e *Engine) Warm() error {
	var faults []error
	for _, name := range rules.Languages() {
		if l, ok := e.languages[name]; ok {
			faults = append(faults, l.compile())
		}
	}
	return errors.Join(faults...)
}

// Close frees the queries. No worker may be analysing; later uses return
// ErrClosed. A second Close does nothing.
func (e *Engine) Close() {
	for _, l := range e.languages {
		l.close()
	}
}

// Worker makes a worker. It costs nothing until it first parses, which makes its
// parser in C; a worker is meant to be kept, and must be closed.
func (e *Engine) Worker() *Worker { return &Worker{engine: e, limit: limitOf} }

// lens is how the engine looks at the files of one language.
type lens struct {
	name  string       // "" for plain text
	rules []rules.Rule // those of the language; the hunt has its own
	hunt  *hunt

	once     sync.Once
	err      error
	literals *literals
	grammar  language
	query    *query
	patterns []compiled // by the index of the pattern in query
	needs    [][]int    // by rule: literals of which one must occur; empty for none
	plain    bool       // make no plan
	planned  int        // patterns in query's plan
}

// compile builds the automaton and the query once; the first caller pays.
func (l *lens) compile() error {
	l.once.Do(func() { l.err = l.build() })
	return l.err
}

func (l *lens) build() error {
	wanted := slices.Clone(l.hunt.keywords)
	for _, r := range l.rules {
		var need []int
		for _, text := range r.Requires {
			need = append(need, len(wanted))
			wanted = append(wanted, literal{text: text, fold: true})
		}
		l.needs = append(l.needs, need)
	}
	l.literals = newLiterals(wanted)
	if len(l.rules) == 0 {
		return nil
	}
	grammar, err := grammarOf(l.name)
	if err != nil {
		return fmt.Errorf("%s: %w", l.name, err)
	}
	l.grammar = grammar
	return l.compileQuery()
}

func (l *lens) close() {
	l.once.Do(func() {}) // what was never compiled stays so
	l.err = ErrClosed
	if l.query != nil {
		l.query.close()
		l.query = nil
	}
}
