package experiment

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"sluice/harness/space"
	"sluice/harness/target"
	"sluice/scanner/config/strict"
)

// TargetReference is the reference of an experiment on a command unless it says
// otherwise: the target file's defaults.
const TargetReference = "defaults"

// TargetOf returns the target file that an experiment names, a relative path
// counted from the experiment's own folder, or nothing for an experiment on the
// scanner. It looks at nothing else: what it cannot read is left for Parse to tell.
func TargetOf(name string, data []byte) string {
	root, err := strict.Decode(name, data)
	if err != nil {
		return ""
	}
	for key, node := range root.Each() {
		if key == "target" {
			path, ok := node.Text()
			if ok && path != "" && !filepath.IsAbs(path) {
				path = filepath.Join(filepath.Dir(name), path)
			}
			return path
		}
	}
	return ""
}

// ParseTarget reads an experiment on a command, whose knobs are those of the
// target file that TargetOf named:
//
//	name: threads-and-gogc
//	target: targets/ripgrep.yaml
//	space: {threads: [1, 2, 4], gogc: {min: 25, max: 400, scale: log2, levels: 5}}
//	reference: threads=2
//
// The goal is the target's unless the experiment has one; its metrics keep their
// names. The reference is defaults, or assignments (target.ParseAssignments). A
// corpus is needed where the target uses {corpus}. The error is every fault of the
// experiment, each with its place.
func ParseTarget(name string, data []byte, cores int, def *target.Definition) (Experiment, error) {
	root, err := strict.Decode(name, data)
	if err != nil {
		return Experiment{}, err
	}
	e := Experiment{
		Design: Design{Strategy: "grid", Blocks: 6, Warmup: 1, Seed: 1}, Reference: TargetReference,
		Storage: []string{"local"}, Cores: []int{cores}, Plots: plots,
	}
	f := root.Fields("name", "question", "target", "scenarios", "space", "reference", "design", "budget", "goal", "plots")
	text(f["name"], &e.Name)
	text(f["question"], &e.Question)
	if d, ok := f["budget"].Duration(); ok {
		e.Budget = d
	}
	e.readTargetScenarios(root, f["scenarios"], cores, def)
	e.Space = readTargetSpace(f["space"], def)
	e.readTargetReference(f["reference"], def)
	design := e.readDesign(f["design"])
	for _, key := range []string{"fidelity", "sample"} {
		if design[key] != nil {
			design[key].Fault("design.%s is for the scanner; a command does the same work in every trial, leave it out", key)
		}
	}
	e.readTargetGoal(f["goal"], def)
	e.readPlots(f["plots"])
	for _, required := range []string{"name", "target", "space"} {
		if f[required] == nil {
			root.Fault("%s is missing; an experiment on a command needs name, target and space", required)
		}
	}
	return e, root.Err()
}

// readTargetScenarios reads what a command's scenario may hold: where {corpus}
// is, and the cores. Storage is simulated for the scanner alone.
func (e *Experiment) readTargetScenarios(root, n *strict.Node, cores int, def *target.Definition) {
	f := map[string]*strict.Node{}
	if n != nil {
		f = n.Fields("corpus", "cores", "storage")
		f["storage"].Fault("scenarios.storage is simulated for the scanner alone; leave it out")
	}
	e.Corpora, _ = f["corpus"].Strings()
	switch {
	case def.UsesCorpus() && len(e.Corpora) == 0:
		at := root
		if n != nil {
			at = n
		}
		at.Fault("scenarios.corpus is missing; %s uses {corpus}: use goroot, planted or a folder", def.Name)
	case !def.UsesCorpus() && f["corpus"] != nil:
		f["corpus"].Fault("scenarios.corpus has no effect: %s does not use {corpus}; leave it out", def.Name)
	}
	if f["cores"] == nil {
		return
	}
	e.Cores = nil
	for _, item := range f["cores"].Items() {
		if value, ok := item.IntIn(1, cores); ok {
			e.Cores = append(e.Cores, value)
		}
	}
}

// readTargetSpace reads the knobs that vary: each a list of values or a narrower
// range, checked against the target's own.
func readTargetSpace(n *strict.Node, def *target.Definition) space.Space {
	var names []string
	for _, p := range def.Space {
		names = append(names, p.Name)
	}
	var params space.Space
	for name, node := range n.Each() {
		at := slices.Index(names, name)
		if at < 0 {
			node.Fault("unknown knob %q%s; the target's knobs are %s", name, near(name, names), strings.Join(names, ", "))
			continue
		}
		p := def.Space[at]
		if node.IsMapping() {
			readTargetRange(node, &p)
		} else {
			readTargetValues(node, def, &p)
		}
		params = append(params, p)
	}
	if n != nil && n.Err() == nil {
		if len(params) == 0 {
			n.Fault("space is empty; name at least one knob")
		} else if err := params.Validate(); err != nil {
			n.Fault("space: %v", err)
		} else if _, finite := params.Size(); !finite {
			n.Fault("space: a range of fractions has no grid; give it levels or a list of values")
		}
	}
	return params
}

func readTargetValues(n *strict.Node, def *target.Definition, p *space.Param) {
	p.Values, p.Min, p.Max, p.Scale, p.Levels = nil, 0, 0, "", 0
	for _, item := range n.Items() {
		value, ok := item.Scalar()
		if !ok {
			item.Mismatch("a value of the knob")
			continue
		}
		config, err := def.Configuration(map[string]any{p.Name: value})
		if err != nil {
			item.Fault("space.%s: %v", p.Name, err)
			continue
		}
		p.Values = append(p.Values, config[p.Name])
	}
	if n.IsSequence() && n.Len() == 0 {
		n.Fault("space.%s has no values; give at least one", p.Name)
	}
}

func readTargetRange(n *strict.Node, p *space.Param) {
	if len(p.Values) > 0 || p.Type == space.Bool || p.Type == space.Choice {
		n.Fault("space.%s: the target lists the values of this knob; give a list of some of them", p.Name)
		return
	}
	f := n.Fields("min", "max", "scale", "levels")
	for _, end := range []struct {
		key  string
		into *float64
	}{{"min", &p.Min}, {"max", &p.Max}} {
		v, ok := f[end.key].Float()
		if !ok {
			continue // the target's own end
		}
		if low, high := p.Min, p.Max; v < low || v > high {
			f[end.key].Fault("space.%s.%s is %v; the target's knob goes from %v to %v", p.Name, end.key, v, low, high)
			continue
		}
		*end.into = v
	}
	if scale, ok := f["scale"].Word(space.Linear, space.Log2); ok {
		p.Scale = scale
	}
	if levels, ok := f["levels"].IntIn(2, 1000); ok {
		p.Levels = levels
	}
}

func (e *Experiment) readTargetReference(n *strict.Node, def *target.Definition) {
	text(n, &e.Reference)
	if _, err := target.ParseAssignments(def, e.Reference); err != nil {
		n.Fault("reference: %v", err)
	}
}

// readTargetGoal takes the target's goal where the experiment has none.
func (e *Experiment) readTargetGoal(n *strict.Node, def *target.Definition) {
	e.Objective, e.Require = def.Goal.Objective, def.Goal.Require
	if n == nil {
		return
	}
	f := n.Fields("objective", "require")
	if objective, ok := f["objective"].Text(); ok {
		with, err := def.WithGoal(objective, nil)
		if err != nil {
			f["objective"].Fault("%v", err)
		} else {
			e.Objective = with.Goal.Objective
		}
	}
	if f["require"] == nil {
		return
	}
	e.Require = nil
	for _, item := range f["require"].Items() {
		one, ok := item.Text()
		if !ok {
			continue
		}
		with, err := def.WithGoal("", []string{one})
		if err != nil {
			item.Fault("%v", err)
			continue
		}
		e.Require = append(e.Require, with.Goal.Require...)
	}
}

// TargetConfigurations lists the grid of an experiment on a command, each
// configuration completed with the reference's values.
func (e Experiment) TargetConfigurations(def *target.Definition) ([]map[string]any, error) {
	reference, err := target.ParseAssignments(def, e.Reference)
	if err != nil {
		return nil, fmt.Errorf("reference: %w", err)
	}
	return e.Configurations(func(partial map[string]any) (map[string]any, error) {
		full := map[string]any{}
		for name, value := range reference {
			full[name] = value
		}
		for name, value := range partial {
			full[name] = value
		}
		return full, nil
	})
}
