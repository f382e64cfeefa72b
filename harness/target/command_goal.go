package target

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sluice/harness/record"
	"sluice/harness/unit"
	"sluice/scanner/config/strict"
)

// measured are the metrics that every command has beside its own, and that a
// goal may name: the table's rows for them.
func measured() []unit.Metric {
	all := make([]unit.Metric, 0, 4)
	for _, name := range []string{record.Wall, record.CPU, record.RSS, record.ProcessWall} {
		all = append(all, unit.Describe(name))
	}
	return all
}

// metric finds one of the command's metrics by either name.
func (d *Definition) metric(name string) (unit.Metric, error) {
	all := append(slices.Clone(d.Metrics), measured()...)
	var spellings []string
	for _, m := range all {
		if name == m.Name || name == m.Short {
			return m, nil
		}
		spellings = append(spellings, m.Name, m.Short)
	}
	if near := strict.Nearest(name, spellings); near != "" {
		return unit.Metric{}, fmt.Errorf("unknown metric %q; did you mean %q?", name, near)
	}
	offer := make([]string, 0, len(all))
	for _, m := range all[:len(all)-1] {
		offer = append(offer, m.Name)
	}
	return unit.Metric{}, fmt.Errorf("this command does not measure %q; use %s", name, strict.OneOf(offer))
}

// requirement reads one requirement on a metric that the command has.
func (d *Definition) requirement(text string) (unit.Requirement, error) {
	name := text
	if at := strings.IndexAny(text, "<>=!≤≥"); at >= 0 {
		name = strings.TrimSpace(text[:at])
		if _, err := d.metric(name); err != nil && name != "" {
			return unit.Requirement{}, fmt.Errorf("requirement %q: %w", text, err)
		}
	}
	return unit.ParseRequirement(text, d.Metrics...)
}

// setObjective takes a metric by either name, or several joined by commas. Without
// one it is the first metric of the command's own, or wall_s.
func (d *Definition) setObjective(name string) error {
	if name == "" {
		d.Goal.Objective = record.Wall
		if len(d.Metrics) > 0 {
			d.Goal.Objective = d.Metrics[0].Name
		}
		return nil
	}
	var names []string
	for word := range strings.SplitSeq(name, ",") {
		m, err := d.metric(strings.TrimSpace(word))
		if err != nil {
			return fmt.Errorf("goal.objective: %w", err)
		}
		names = append(names, m.Name)
	}
	d.Goal.Objective = strings.Join(names, ",")
	return nil
}

func (d *Definition) addRequirement(text string) error {
	requirement, err := d.requirement(text)
	if err != nil {
		return err
	}
	d.Require = append(d.Require, requirement)
	d.Goal.Require = append(d.Goal.Require, requirement.String())
	return nil
}

// WithGoal returns the definition under another goal, as --goal and --require
// give it. An empty objective and no requirements leave the definition's own.
func (d *Definition) WithGoal(objective string, require []string) (*Definition, error) {
	other := *d
	var errs []error
	if objective != "" {
		errs = append(errs, other.setObjective(objective))
	}
	if len(require) > 0 {
		other.Require, other.Goal.Require = nil, []string{}
		for _, text := range require {
			errs = append(errs, other.addRequirement(text))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &other, nil
}

func (r *reader) readGoal(n *strict.Node) {
	r.def.Goal.Require = []string{}
	f := n.Fields("objective", "require")
	objective, _ := f["objective"].Text()
	if err := r.def.setObjective(objective); err != nil {
		f["objective"].Fault("%v", err)
	}
	if f["require"] == nil {
		return
	}
	for _, item := range f["require"].Items() {
		text, ok := item.Text()
		if !ok {
			continue
		}
		if err := r.def.addRequirement(text); err != nil {
			item.Fault("%v", err)
		}
	}
}

// parseMargin reads "2%" or a share.
func parseMargin(n *strict.Node) (float64, bool) {
	if n == nil {
		return 0, false
	}
	value, _ := n.Scalar()
	text := fmt.Sprint(value)
	share, percent := strings.CutSuffix(text, "%")
	margin, err := strconv.ParseFloat(strings.TrimSpace(share), 64)
	if percent {
		margin /= 100
	}
	if err != nil || !(margin >= 0 && margin < 1) {
		n.Mismatch("a margin from 0 to below 1, such as 2% or 0.02")
		return 0, false
	}
	return margin, true
}
