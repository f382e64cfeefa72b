package config

// Difference is one knob of two configurations.
type Difference struct {
	Knob string  `json:"knob"`
	A    Setting `json:"a"`
	B    Setting `json:"b"`
	Same bool    `json:"same,omitempty"` // with auto resolved; they differ in what was written alone, or not at all
}

// Setting is a knob's value in one of two configurations that are compared.
type Setting struct {
	Value    any    `json:"value"`    // in flat form, as given; nil: the limiter's algorithm does not look at this knob
	Resolved any    `json:"resolved"` // with auto resolved; nil as above
	Text     string `json:"-"`        // Value as the file writes it; empty where nil
	Means    string `json:"-"`        // Resolved as the file writes it; empty where nil
}

// Diff lists the built knobs that differ between two configurations, as they are
// written or in what their autos come to on this many usable cores, in the order of
// the file. With all it lists every built knob that either of them uses.
func Diff(a, b Config, cores int, all bool) []Difference {
	ra, rb := a.Resolve(cores), b.Resolve(cores)
	differences := []Difference{}
	for _, k := range knobs {
		if !k.Built || !a.uses(k) && !b.uses(k) {
			continue
		}
		d := Difference{Knob: k.Name, A: k.setting(a, ra), B: k.setting(b, rb)}
		d.Same = d.A.Resolved == d.B.Resolved
		if all || !d.Same || d.A.Value != d.B.Value {
			differences = append(differences, d)
		}
	}
	return differences
}

// setting is the knob's value in a configuration and in the same one resolved.
func (k knob) setting(given, resolved Config) Setting {
	if !given.uses(k) {
		return Setting{}
	}
	value, means := k.get(given), k.get(resolved)
	return Setting{Value: k.flat(value), Resolved: k.flat(means), Text: k.text(value), Means: k.text(means)}
}

// Assignment is one knob as `--set` takes it.
type Assignment struct {
	Knob string
	Text string // in the words and units of the file: "2ms", "256MiB", "none"
}

// Assignments are the knobs that are built and in use, in the order of the file:
// set one by one on a configuration whose limiters have no bounds of their own,
// they make this configuration.
func (c Config) Assignments() []Assignment {
	var all []Assignment
	for _, k := range knobs {
		if k.Built && c.uses(k) {
			all = append(all, Assignment{Knob: k.Name, Text: k.text(k.get(c))})
		}
	}
	return all
}
