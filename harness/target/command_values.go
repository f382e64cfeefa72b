package target

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"sluice/harness/record"
	"sluice/harness/space"
	"sluice/scanner/config/strict"
)

// checkValue gives a value the type that flat configurations use, or says why it
// is none of the knob's.
func checkValue(p space.Param, value any) (any, error) {
	if len(p.Values) > 0 {
		for _, v := range p.Values {
			if sameValue(v, value) {
				return v, nil
			}
		}
		return nil, fmt.Errorf("%s is none of its values; use %s", shown(value), listed(p.Values))
	}
	if p.Type == space.Bool {
		if b, ok := value.(bool); ok {
			return b, nil
		}
		return nil, fmt.Errorf("%s is no truth value; use true or false", shown(value))
	}
	v, ok := numeric(value)
	switch {
	case !ok || p.Type == space.Int && v != math.Trunc(v):
		return nil, fmt.Errorf("%s is no %s; use %s … %s", shown(value), numberOf(p), Render(p.Min), Render(p.Max))
	case v < p.Min || v > p.Max:
		return nil, fmt.Errorf("%s is outside its range; use %s … %s", Render(value), Render(p.Min), Render(p.Max))
	case p.Type == space.Int:
		return int(v), nil
	}
	return v, nil
}

func numberOf(p space.Param) string {
	if p.Type == space.Int {
		return "whole number"
	}
	return "number"
}

// parseValue reads a value as it is typed on a command line.
func parseValue(p space.Param, text string) (any, error) {
	for _, v := range p.Values { // first as it would be rendered: the word "08" is not the number 8
		if Render(v) == text {
			return v, nil
		}
	}
	return checkValue(p, scalar(text))
}

// scalar reads text as a whole number, a number, a truth value or a word.
func scalar(text string) any {
	if i, err := strconv.ParseInt(text, 10, 64); err == nil && strconv.FormatInt(i, 10) == text {
		return i
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) && decimal(text) {
		return f
	}
	if text == "true" || text == "false" {
		return text == "true"
	}
	return text
}

// decimal tells a number as people write it from 0x10, 1_000 and 007.
func decimal(text string) bool {
	digits := strings.TrimLeft(text, "+-")
	return !strings.ContainsAny(digits, "xX_pP") && (len(digits) < 2 || digits[0] != '0' || digits[1] == '.')
}

func numeric(value any) (float64, bool) {
	return record.Flat{"v": value}.Float("v")
}

func sameValue(a, b any) bool {
	x, isNumber := numeric(a)
	y, isOther := numeric(b)
	if isNumber || isOther {
		return isNumber && isOther && x == y
	}
	return a == b
}

// shown is a value within a message: words in quotes.
func shown(value any) string {
	if text, ok := value.(string); ok {
		return strconv.Quote(text)
	}
	return Render(value)
}

func listed(values []any) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = Render(v)
	}
	return strict.OneOf(texts)
}

// param is the knob of that name.
func (d *Definition) param(name string) (space.Param, bool) {
	at := slices.IndexFunc(d.Space, func(p space.Param) bool { return p.Name == name })
	if at < 0 {
		return space.Param{}, false
	}
	return d.Space[at], true
}

// knobs lists the knobs' names in the order written.
func (d *Definition) knobs() []string {
	all := make([]string, len(d.Space))
	for i, p := range d.Space {
		all[i] = p.Name
	}
	return all
}

// unknownKnob words the fault of a name that is no knob.
func (d *Definition) unknownKnob(name string) error {
	if near := strict.Nearest(name, d.knobs()); near != "" {
		return fmt.Errorf("unknown knob %q; did you mean %q?", name, near)
	}
	if len(d.Space) == 0 {
		return fmt.Errorf("unknown knob %q; the command has no knobs", name)
	}
	return fmt.Errorf("unknown knob %q; the knobs are %s", name, strings.Join(d.knobs(), ", "))
}

// Configuration completes a partial configuration with the defaults. A knob that
// is not the command's, and a value outside what the knob allows, is an error.
func (d *Definition) Configuration(partial map[string]any) (record.Flat, error) {
	full := maps.Clone(d.Defaults)
	for _, name := range slices.Sorted(maps.Keys(partial)) {
		p, ok := d.param(name)
		if !ok {
			return nil, d.unknownKnob(name)
		}
		value, err := checkValue(p, partial[name])
		if err != nil {
			return nil, fmt.Errorf("knob %s: %w", name, err)
		}
		full[name] = value
	}
	return full, nil
}

// ParseAssignments reads "threads=4,gogc=200" as the defaults with these values in
// the place of theirs, the way `sluice compare` names the configurations of a
// command. "defaults" is the defaults. Values outside what a knob allows are
// refused: what was never to be run must not be run by a slip. A comma within a
// value cannot be written.
func ParseAssignments(d *Definition, text string) (record.Flat, error) {
	config := maps.Clone(d.Defaults)
	if text == "defaults" {
		return config, nil
	}
	given := map[string]bool{}
	for part := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(part, "=")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return nil, fmt.Errorf("configuration %q: found %q, expected knob=value; write them as in %s, or defaults", text, part, d.example())
		}
		p, known := d.param(name)
		if !known {
			return nil, fmt.Errorf("configuration %q: %w", text, d.unknownKnob(name))
		}
		if given[name] {
			return nil, fmt.Errorf("configuration %q: knob %s is given twice; keep one", text, name)
		}
		given[name] = true
		typed, err := parseValue(p, strings.TrimSpace(value))
		if err != nil {
			return nil, fmt.Errorf("configuration %q: knob %s: %w", text, name, err)
		}
		config[name] = typed
	}
	return config, nil
}

// example is the defaults as assignments.
func (d *Definition) example() string {
	parts := make([]string, len(d.Space))
	for i, p := range d.Space {
		parts[i] = p.Name + "=" + Render(d.Defaults[p.Name])
	}
	return strings.Join(parts, ",")
}
