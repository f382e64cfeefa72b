package config

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"sluice/scanner/config/strict"
)

// Marshal writes the file with a comment on every line, so that it can be edited
// without a manual; Parse reads it back to the same Config and Provenance, on any
// machine, since every built knob is written. Knobs not built yet have but one
// value and are left out. The error is Validate's: what Parse would refuse is not
// written.
func (f File) Marshal() ([]byte, error) {
	if err := f.Config.Validate(); err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "# The scanner's configuration, read by sluice scan. Edit it freely;\n")
	fmt.Fprintf(&b, "# a missing knob takes the default's value, a wrong one is refused by name.\n")
	fmt.Fprintf(&b, "version: %d\nscanner:\n", Version)
	last := ""
	for _, k := range knobs {
		if !k.Built || k.inBlock() {
			continue
		}
		if section := k.section(); section != last {
			fmt.Fprintf(&b, "  %s:\n", section)
			last = section
		}
		fmt.Fprintf(&b, "%-28s# %s\n", "    "+k.key()+": "+f.Config.write(k)+" ", k.comment())
	}
	if f.Provenance != nil {
		if err := f.Provenance.write(&b); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// write is the value of a knob as the file has it: of a limiter, a block if
// anything is set beside the algorithm.
func (c Config) write(k knob) string {
	value := k.text(k.get(c))
	if !k.isLimiter() {
		return value
	}
	members := []string{"algorithm: " + value}
	for _, member := range block(k.Name) {
		if set := member.get(c); set != member.instead {
			members = append(members, member.key()+": "+member.text(set))
		}
	}
	if len(members) == 1 {
		return value
	}
	return "{" + strings.Join(members, ", ") + "}"
}

// comment is the knob's line of documentation with the words it takes.
func (k knob) comment() string {
	switch {
	case k.isLimiter():
		return k.Doc + ": " + strings.Join(k.Values, " | ") + "; or a block of algorithm, " + strings.Join(keys(block(k.Name)), ", ")
	case k.Type == TypeChoice:
		return k.Doc + ": " + strings.Join(k.Values, " | ")
	case k.word != "":
		return k.Doc + "; or " + k.word
	}
	return k.Doc
}

func (p *Provenance) write(b *bytes.Buffer) error {
	if err := p.readable(); err != nil {
		return err
	}
	b.WriteString("\n# Where these values come from. A scan elsewhere says that it differs.\n")
	enc := yaml.NewEncoder(b)
	enc.SetIndent(2)
	err := enc.Encode(struct {
		Provenance *Provenance `yaml:"provenance"`
	}{p})
	if err != nil {
		return fmt.Errorf("write provenance: %w", err)
	}
	return enc.Close()
}

// readable refuses what Parse would not read back.
func (p *Provenance) readable() error {
	var errs []error
	check := func(name, verdict string, figures ...float64) {
		if verdict != "" && !slices.Contains(verdicts, verdict) {
			errs = append(errs, fmt.Errorf("write provenance: %s has verdict %q; use %s", name, verdict, strict.OneOf(verdicts)))
		}
		unfit := func(f float64) bool { return math.IsNaN(f) || math.IsInf(f, 0) }
		if i := slices.IndexFunc(figures, unfit); i >= 0 {
			errs = append(errs, fmt.Errorf("write provenance: %s is %v; leave out what was not measured", name, figures[i]))
		}
	}
	for _, metric := range slices.Sorted(maps.Keys(p.Gain)) {
		g := p.Gain[metric]
		check("gain."+metric, g.Verdict, g.Ratio, g.Low, g.High, g.Confidence)
	}
	check("storage", "", p.Storage.AskedMeanS, p.Storage.AchievedMeanS)
	check("the goal", p.Verdict)
	check("fidelity", "", p.Fidelity)
	return errors.Join(errs...)
}
