package experiment

import (
	"fmt"
	"math"

	"sluice/harness/space"
	"sluice/scanner/config"
	"sluice/scanner/config/strict"
)

// readParam reads one knob of a space: a list of values, or {min, max, scale, levels}.
func readParam(n *strict.Node, knob config.Knob, cores int) space.Param {
	p := space.Param{Name: knob.Name, Type: knob.Type, Scale: knob.Scale, Ordered: knob.Ordered}
	if n.IsMapping() {
		readRange(n, knob, &p)
	} else {
		readValues(n, knob, cores, &p)
	}
	if n.Err() == nil {
		if err := (space.Space{p}).Validate(); err != nil {
			n.Fault("%v", err)
		}
	}
	return p
}

// readValues reads a list. Each value is checked as the configuration file would.
func readValues(n *strict.Node, knob config.Knob, cores int, p *space.Param) {
	base := config.Default(cores)
	p.Scale = ""
	for _, item := range n.Items() {
		value, ok := item.Scalar()
		if !ok {
			item.Mismatch("a value of the knob")
			continue
		}
		with, err := base.Set(fmt.Sprintf("%s=%v", knob.Name, value))
		if err == nil {
			err = with.Validate()
		}
		if err != nil {
			item.Fault("space.%s: %v", knob.Name, err)
			continue
		}
		flat, _ := with.Value(knob.Name)
		if _, isWord := flat.(string); isWord && p.Type != space.Choice {
			p.Type, p.Ordered = space.Choice, false // a word among numbers, as none beside 64MiB, has no place in their order
		}
		p.Values = append(p.Values, flat)
	}
}

func readRange(n *strict.Node, knob config.Knob, p *space.Param) {
	if knob.Type == config.TypeChoice {
		n.Fault("space.%s is a choice; give a list of %s", knob.Name, strict.OneOf(knob.Values))
		return
	}
	f := n.Fields("min", "max", "scale", "levels")
	bound := func(field string, otherwise float64) float64 {
		if f[field] == nil {
			n.Fault("space.%s needs min and max; %s is missing", knob.Name, field)
			return otherwise
		}
		value, ok := number(f[field], knob.Type)
		if ok && (value < knob.Min || value > knob.Max) {
			f[field].Fault("space.%s.%s is %v; the knob goes from %v to %v", knob.Name, field, value, knob.Min, knob.Max)
		}
		return value
	}
	p.Min, p.Max = bound("min", knob.Min), bound("max", knob.Max)
	if p.Min > p.Max {
		n.Fault("space.%s: min %v is larger than max %v", knob.Name, p.Min, p.Max)
	}
	if scale, ok := f["scale"].Text(); ok {
		if scale != space.Linear && scale != space.Log2 {
			f["scale"].Fault("space.%s.scale is %q; use linear or log2", knob.Name, scale)
		}
		p.Scale = scale
	}
	if levels, ok := f["levels"].IntIn(1, 1000); ok {
		p.Levels = levels
	}
}

// number reads a bound in the flat unit of the knob's type.
func number(n *strict.Node, kind string) (float64, bool) {
	switch kind {
	case config.TypeDuration:
		d, ok := n.Duration()
		return d.Seconds(), ok
	case config.TypeSize:
		b, ok := n.Size()
		return float64(b), ok
	default:
		v, ok := n.Float()
		if ok && v != math.Trunc(v) {
			n.Fault("found %v, expected a whole number", v)
			return 0, false
		}
		return v, ok
	}
}

// Describe says a space in one line: "io.workers 1 … 64 (4 levels) × cpu.workers 1, 2, 4".
func Describe(s space.Space) string {
	text := ""
	for i, p := range s {
		if i > 0 {
			text += " × "
		}
		text += p.Name + " "
		switch {
		case len(p.Values) > 0:
			for j, v := range p.Values {
				if j > 0 {
					text += ", "
				}
				text += fmt.Sprint(v)
			}
		case p.Levels > 0:
			text += fmt.Sprintf("%v … %v (%d levels)", p.Min, p.Max, p.Levels)
		default:
			text += fmt.Sprintf("%v … %v", p.Min, p.Max)
		}
	}
	return text
}
