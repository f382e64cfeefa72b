package target

import (
	"maps"
	"slices"
	"strings"

	"sluice/harness/record"
	"sluice/scanner/config/strict"
)

// Arguments are those words of the command that hold knobs, rendered with a
// configuration's values, as they stand in the command: "-j", "8" or
// "--threads=8". A word that begins with a knob brings the option before it
// along. Placeholders that are no knobs, {corpus} say, stay as they are written. A
// knob that names the program is not among them.
func (d *Definition) Arguments(config record.Flat) []string {
	values := d.rendered(config)
	var words []string
	for i, t := range d.command {
		if i == 0 || !d.holdsKnob(t) {
			continue
		}
		before := d.command[i-1]
		if t.pieces[0].inside != "" && i > 1 && !d.holdsKnob(before) && strings.HasPrefix(before.text, "-") && !strings.Contains(before.text, "=") {
			words = append(words, before.render(values))
		}
		words = append(words, t.render(values))
	}
	return words
}

// Variables are those of the command's environment that hold knobs, rendered with a
// configuration's values, in the order of their names: {"GOGC", "200"}.
func (d *Definition) Variables(config record.Flat) [][2]string {
	values := d.rendered(config)
	var all [][2]string
	for _, v := range d.env {
		if d.holdsKnob(v.value) {
			all = append(all, [2]string{v.name, v.value.render(values)})
		}
	}
	slices.SortFunc(all, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return all
}

// InArguments and InVariables tell where a knob stands. One that stands in neither
// names the program, or stands in standard input, prepare, cleanup or a metric.
func (d *Definition) InArguments(knob string) bool {
	return len(d.command) > 0 && slices.Contains(names(d.command[1:]...), knob)
}

// InVariables tells whether a knob stands in the command's environment.
func (d *Definition) InVariables(knob string) bool {
	return slices.ContainsFunc(d.env, func(v variable) bool { return slices.Contains(names(v.value), knob) })
}

func (d *Definition) holdsKnob(t template) bool {
	return slices.ContainsFunc(names(t), func(name string) bool { _, ok := d.param(name); return ok })
}

// rendered are the values of all placeholders; those that are no knobs stand for
// themselves.
func (d *Definition) rendered(config record.Flat) map[string]string {
	values := map[string]string{}
	for _, name := range names(d.templates()...) {
		values[name] = "{" + name + "}"
	}
	for name, value := range config {
		values[name] = Render(value)
	}
	return values
}

// ParseValues reads a file of a command's knobs, name to value, as YAML or JSON:
// what `sluice tune --out` writes of a command. Knobs that the file does not give
// have their defaults. The error holds every fault with its place.
func ParseValues(d *Definition, name string, data []byte) (record.Flat, error) {
	root, err := strict.Decode(name, data)
	if err != nil {
		return nil, err
	}
	config := maps.Clone(d.Defaults)
	for knob, node := range root.Named("knob", "").Each() {
		value, ok := node.Scalar()
		p, known := d.param(knob)
		switch {
		case !known:
			node.Fault("%v", d.unknownKnob(knob))
		case !ok:
			node.Mismatch("a value of knob " + knob)
		default:
			typed, err := checkValue(p, value)
			if err != nil {
				node.Fault("knob %s: %v", knob, err)
				continue
			}
			config[knob] = typed
		}
	}
	if root.Len() == 0 {
		root.Fault("the file gives no knob; write them as in %s", strings.ReplaceAll(d.example(), "=", ": "))
	}
	return config, root.Err()
}
