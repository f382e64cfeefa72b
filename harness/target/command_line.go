package target

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"sluice/harness/record"
	"sluice/harness/space"
	"sluice/scanner/config/strict"
)

// wide is how many times its minimum a range's maximum is from which on its scale
// is log2 unless told: 1..32 asks about orders of magnitude, 8..16 does not.
const wide = 32

// ParseLine reads the one-line form, a command with its knobs in it:
//
//	rg -j {threads=1..64} --no-messages word .
//
// A placeholder that holds values makes a knob where it first stands: a range
// (1..64, 0.5..2.0), which may be followed by :log2 or :linear, or a list
// (25,50,100; true,false). @VALUE at its end is the default: else a list's is its
// first value, a range of whole numbers' the number of usable cores where it lies
// within, any other's the minimum. {threads} alone is the same knob again. What was
// chosen where nothing was said is in Notes. The error is every fault at once.
func ParseLine(args []string, cores int) (*Definition, error) {
	if len(args) == 0 || args[0] == "" {
		return nil, errors.New("no command; give one with its knobs, as in sluice tune -- rg -j '{threads=1..64}' TODO src")
	}
	l := &line{cores: cores, met: map[string]bool{}, def: &Definition{
		Name: filepath.Base(args[0]), Defaults: record.Flat{},
		Goal:  record.Goal{Objective: record.Wall, Require: []string{}},
		timed: map[string]bool{record.Wall: true, record.ProcessWall: true, record.CPU: true},
	}}
	for i, arg := range args {
		t := split(arg)
		if open := unclosed.FindString(arg); open != "" {
			l.fault(i, fmt.Errorf("%s is never closed; write %s} (a brace itself is written {{)", open, open))
		}
		l.define(i, t)
		l.def.command = append(l.def.command, t)
	}
	for i, t := range l.def.command {
		l.refer(i, t)
	}
	if len(l.def.Space) == 0 && len(l.errs) == 0 {
		l.errs = append(l.errs, errors.New("the command has no knob; write one where its value belongs, as in '{threads=1..64}' or '{mode=fast,small}' (in quotes, so that the shell leaves it alone)"))
	}
	if err := errors.Join(l.errs...); err != nil {
		return nil, err
	}
	return l.def, nil
}

// unclosed is a knob whose closing brace was forgotten.
var unclosed = regexp.MustCompile(`\{[A-Za-z_][A-Za-z0-9_.-]*=[^{}]*$`)

// line is the one-line form being read.
type line struct {
	def   *Definition
	cores int
	met   map[string]bool // names that were given values, with or without a fault
	errs  []error
}

func (l *line) fault(word int, err error) {
	if err != nil {
		l.errs = append(l.errs, fmt.Errorf("word %d of the command: %w", word+1, err))
	}
}

// define makes the knobs that stand in one word and leaves their names there.
func (l *line) define(word int, t template) {
	for i, p := range t.pieces {
		name, values, isKnob := strings.Cut(p.inside, "=")
		if !isKnob {
			continue
		}
		t.pieces[i].inside = name
		err := l.knob(name, values)
		if l.met[name] {
			err = fmt.Errorf("knob %s has its values already; write {%s} here", name, name)
		}
		l.met[name] = true
		if err != nil {
			l.fault(word, fmt.Errorf("{%s}: %w", p.inside, err))
		}
	}
}

// refer checks the placeholders that hold a name alone.
func (l *line) refer(word int, t template) {
	known := slices.Concat(l.def.knobs(), builtin())
	for _, name := range names(t) {
		if l.met[name] || slices.Contains(known, name) {
			continue
		}
		remedy := fmt.Sprintf("give its values where it first stands, as in {%s=1..64}", name)
		if near := strict.Nearest(name, known); near != "" {
			remedy = "did you mean {" + near + "}?"
		}
		l.fault(word, fmt.Errorf("unknown placeholder {%s}; %s (a brace itself is written {{)", name, remedy))
	}
}

// knob makes one knob of "1..64:log2@4" or "a,b,c@b".
func (l *line) knob(name, text string) error {
	if fault := nameFault(name); fault != "" {
		return errors.New(fault)
	}
	p, start, isRange, err := parseRange(text)
	if !isRange {
		p, start, err = parseChoice(text)
	}
	if err != nil {
		return err
	}
	if p.Name = name; p.Scale == "" && isRange {
		p.Scale = l.scale(p)
	}
	if err := (space.Space{p}).Validate(); err != nil {
		return err
	}
	value := l.guess(p, start)
	if start != "" {
		if value, err = parseValue(p, start); err != nil {
			return fmt.Errorf("default %w", err)
		}
	}
	l.def.Space, l.def.Defaults[name] = append(l.def.Space, p), value
	return nil
}

// scale is that of a range which names none.
func (l *line) scale(p space.Param) string {
	if p.Min <= 0 || p.Max < wide*p.Min {
		return space.Linear
	}
	l.note("%s is searched by doublings, since it spans a factor of %d or more; {%s=%s..%s:linear} searches it by steps", p.Name, wide, p.Name, Render(p.Min), Render(p.Max))
	return space.Log2
}

// guess is the default of a knob that names none.
func (l *line) guess(p space.Param, start string) any {
	switch {
	case start != "":
		return nil
	case len(p.Values) > 0:
		return p.Values[0]
	}
	value, why := any(p.Min), "its minimum"
	if p.Type == space.Int {
		value = int(p.Min)
		if n := float64(l.cores); n >= p.Min && n <= p.Max {
			value, why = l.cores, "the number of usable cores"
		}
	}
	l.note("the reference has %s=%s, %s; {%s=%s..%s@VALUE} names another", p.Name, Render(value), why, p.Name, Render(p.Min), Render(p.Max))
	return value
}

func (l *line) note(format string, args ...any) {
	l.def.Notes = append(l.def.Notes, fmt.Sprintf(format, args...))
}

// parseRange reads "1..64", with ":log2" and "@4" behind it. False means that it
// is no range: ../a,../b is a list.
func parseRange(text string) (p space.Param, start string, isRange bool, err error) {
	low, rest, ok := strings.Cut(text, "..")
	if !ok || strings.Contains(text, ",") {
		return p, "", false, nil
	}
	rest, start, hasStart := strings.Cut(rest, "@")
	high, scale, hasScale := strings.Cut(rest, ":")
	from, isFrom := numeric(scalar(low))
	to, isTo := numeric(scalar(high))
	switch {
	case !isFrom || !isTo:
		err = fmt.Errorf("found %q, expected a range of numbers such as 1..64", text)
	case from > to:
		err = fmt.Errorf("the minimum %s is above the maximum %s; write %s..%s", low, high, high, low)
	case hasScale && scale != space.Linear && scale != space.Log2:
		err = fmt.Errorf("scale %q; use :linear or :log2", scale)
	case hasStart && start == "":
		err = errors.New("nothing follows @; give the default, or leave @ out")
	}
	p = space.Param{Type: space.Int, Min: from, Max: to, Scale: scale}
	if strings.ContainsAny(low+high, ".eE") {
		p.Type = space.Float
	}
	return p, start, true, err
}

// parseChoice reads "25,50,100" and "a,b@b". An @ that no value of the list
// follows belongs to the last value. Values are rendered as they are written: a
// list is one of numbers only if all of them are written as Render writes them.
func parseChoice(text string) (p space.Param, start string, err error) {
	words := strings.Split(text, ",")
	if at := strings.LastIndexByte(text, '@'); at >= 0 {
		before := strings.Split(text[:at], ",")
		if slices.Contains(before, text[at+1:]) {
			words, start = before, text[at+1:]
		}
	}
	if len(words) < 2 {
		return p, "", fmt.Errorf("found the single value %q, expected a range such as 1..64 or a list such as a,b; write a fixed value without braces, and a brace itself as {{", text)
	}
	if isTruth := [2]string{words[0], words[1]}; len(words) == 2 && (isTruth == [2]string{"true", "false"} || isTruth == [2]string{"false", "true"}) {
		return space.Param{Type: space.Bool}, cmp.Or(start, words[0]), nil
	}
	p = space.Param{Type: space.Choice, Values: make([]any, len(words)), Ordered: true}
	exact := true
	for i, word := range words {
		p.Values[i] = scalar(word)
		_, isNumber := numeric(p.Values[i])
		p.Ordered = p.Ordered && isNumber
		exact = exact && isNumber && Render(p.Values[i]) == word
	}
	if !exact {
		for i, word := range words {
			p.Values[i] = word
		}
	}
	return p, start, nil
}
