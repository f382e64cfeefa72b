package target

import (
	"regexp"
	"slices"

	"sluice/harness/record"
	"sluice/harness/space"
	"sluice/scanner/config/strict"
)

// knobName is what a knob may be called, so that {name} is never mistaken.
var knobName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// nameFault says why a knob cannot be called so, or nothing.
func nameFault(name string) string {
	switch {
	case slices.Contains(builtin(), name):
		return "{" + name + "} is a placeholder already; call the knob otherwise"
	case !knobName.MatchString(name):
		return "a knob's name begins with a letter and holds letters, digits, _, - and . alone"
	}
	return ""
}

func (r *reader) readKnobs(n *strict.Node) {
	r.knobs = map[string]*strict.Node{}
	for name, node := range n.Each() {
		r.knobs[name] = node
		if fault := nameFault(name); fault != "" {
			node.Fault("knobs.%s: %s", name, fault)
		}
		if p, ok := readKnob(name, node); ok {
			r.def.Space = append(r.def.Space, p)
		}
	}
}

// readKnob reads {type, min, max, scale, levels} or {type, values, ordered}. False
// means that a fault was told.
func readKnob(name string, n *strict.Node) (space.Param, bool) {
	p := space.Param{Name: name}
	before := faults(n)
	if !n.IsMapping() {
		n.Mismatch("a mapping such as {type: int, min: 1, max: 64} or {type: choice, values: [a, b]}")
		return p, false
	}
	f := n.Fields("type", "min", "max", "scale", "levels", "values", "ordered")
	if f["type"] == nil {
		n.Fault("knobs.%s: type is missing; use int, float, choice or bool", name)
		return p, false
	}
	p.Type, _ = f["type"].Word(space.Int, space.Float, space.Choice, space.Bool)
	switch {
	case p.Type == space.Bool:
		refuse(f, "a bool is true or false and takes nothing else", "min", "max", "scale", "levels", "values", "ordered")
	case p.Type == space.Choice || f["values"] != nil:
		readList(n, f, &p)
	case p.Type != "":
		readRange(n, f, &p)
	}
	if faults(n) == before {
		if err := (space.Space{p}).Validate(); err != nil {
			n.Fault("knobs: %v", err)
		}
	}
	return p, faults(n) == before
}

// faults counts what was found in the whole file so far.
func faults(n *strict.Node) int {
	if all, ok := n.Err().(strict.Faults); ok { //nolint:errorlint // Err wraps nothing
		return len(all)
	}
	return 0
}

// refuse tells that keys stand where they mean nothing.
func refuse(f map[string]*strict.Node, why string, keys ...string) {
	for _, key := range keys {
		f[key].Fault("%s: %s; leave it out", path(f[key]), why)
	}
}

func path(n *strict.Node) string {
	if n == nil {
		return ""
	}
	return n.Path()
}

func readList(n *strict.Node, f map[string]*strict.Node, p *space.Param) {
	refuse(f, "a list of values has no range", "min", "max", "scale", "levels")
	p.Ordered, _ = f["ordered"].Bool()
	if f["values"] == nil {
		n.Fault("knobs.%s: values is missing; a choice needs a list, as in values: [25, 50, 100]", p.Name)
		return
	}
	if f["values"].IsSequence() && f["values"].Len() == 0 {
		f["values"].Fault("knobs.%s: values is empty; give at least one", p.Name)
	}
	for _, item := range f["values"].Items() {
		value, ok := item.Scalar()
		if !ok {
			item.Mismatch("a number, a word, true or false; put anything else in quotes")
			continue
		}
		p.Values = append(p.Values, value)
	}
}

func readRange(n *strict.Node, f map[string]*strict.Node, p *space.Param) {
	refuse(f, "a range has its order already", "ordered")
	for _, end := range []struct {
		key  string
		into *float64
	}{{"min", &p.Min}, {"max", &p.Max}} {
		if f[end.key] == nil {
			n.Fault("knobs.%s: %s is missing; a range needs min and max, as in {type: %s, min: 1, max: 64}", p.Name, end.key, p.Type)
		}
		if v, ok := f[end.key].Float(); ok {
			*end.into = v
		}
	}
	p.Scale, _ = f["scale"].Word(space.Linear, space.Log2)
	p.Levels, _ = f["levels"].IntIn(2, 1000)
}

// readDefaults reads the reference. Every knob needs a value.
func (r *reader) readDefaults(n, knobs *strict.Node) {
	r.def.Defaults = record.Flat{}
	given := map[string]bool{}
	for name, node := range n.Each() {
		given[name] = true
		p, known := r.def.param(name)
		if !known {
			if r.knobs[name] == nil { // else it is there, with a fault of its own
				node.Fault("defaults: %v", r.def.unknownKnob(name))
			}
			continue
		}
		value, ok := node.Scalar()
		if !ok {
			node.Mismatch("a value of the knob")
			continue
		}
		typed, err := checkValue(p, value)
		if err != nil {
			node.Fault("defaults.%s: %v", name, err)
			continue
		}
		r.def.Defaults[name] = typed
	}
	at := n
	if n == nil {
		at = knobs
	}
	for _, p := range r.def.Space {
		if !given[p.Name] {
			at.Fault("defaults.%s is missing; the reference needs a value for every knob, as in defaults: {%s: …}", p.Name, p.Name)
		}
	}
}
