// Package experiment reads an experiment: a question, the scenarios it is asked
// in, the knobs that vary and the design that answers it, as one YAML file.
//
// Parse checks everything before anything is measured and reports every fault
// at once, with line and column. The plan (the configurations and blocks) is
// made of it by Configurations; harness/lab measures the plan.
package experiment

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sluice/harness/decide"
	"sluice/harness/profile"
	"sluice/harness/record"
	"sluice/harness/search"
	"sluice/harness/space"
	"sluice/scanner/config"
	"sluice/scanner/config/strict"
)

// Experiment is a question as data.
type Experiment struct {
	Name      string
	Question  string
	Corpora   []string    // corpus names or folders
	Storage   []string    // storage profiles
	Cores     []int       // slices of the machine; 0 is all usable cores
	Scan      record.Scan // how every trial scans
	Space     space.Space
	Reference string // preset or file
	Design    Design
	Budget    time.Duration // 0: none
	Objective string
	Require   []string
	Plots     []string
	Collect   []string // kinds of profiles, taken in extra trials
}

// Design is how the question is put.
type Design struct {
	Strategy string // grid: every configuration; else one that searches (harness/search), whose find is confirmed
	Trials   int    // launches of each scenario, of a strategy that searches; 0: as the budget allows
	Blocks   int    // pairs for each configuration of a grid
	Warmup   int    // trials thrown away before the first block; 1
	Seed     uint64

	// Fidelity is the share of the corpus's bytes that each trial scans, 0 … 1; 0
	// leaves it to the sizing of trials. At 1 every trial scans every file, the
	// largest among them.
	Fidelity float64

	// OneSample has every round of a grid scan the same files, as the trials of a search
	// do; else each draws its own.
	OneSample bool
}

// MostConfigurations bounds a grid: beyond it a search is the right tool.
const MostConfigurations = 2000

// plots that can be drawn.
var plots = []string{"throughput", "latency", "rss"} //nolint:gochecknoglobals // never changes

// Parse reads an experiment for a machine of so many usable cores. The error
// is every fault of the file, each with its place.
func Parse(name string, data []byte, cores int) (Experiment, error) {
	root, err := strict.Decode(name, data)
	if err != nil {
		return Experiment{}, err
	}
	e := Experiment{Design: Design{Strategy: "grid", Blocks: 6, Warmup: 1, Seed: 1}, Objective: decide.Balanced, Plots: plots}
	f := root.Fields("name", "question", "scenarios", "scan", "space", "reference", "design", "budget", "goal", "collect", "plots")
	text(f["name"], &e.Name)
	text(f["question"], &e.Question)
	text(f["reference"], &e.Reference)
	if d, ok := f["budget"].Duration(); ok {
		e.Budget = d
	}
	e.readScenarios(f["scenarios"], cores)
	e.readScan(f["scan"])
	e.Space = readSpace(f["space"], cores)
	e.readDesign(f["design"])
	e.readGoal(f["goal"])
	e.readPlots(f["plots"])
	e.readCollect(f["collect"])
	for _, required := range []string{"name", "scenarios", "space"} {
		if f[required] == nil {
			root.Fault("%s is missing; an experiment needs name, scenarios and space", required)
		}
	}
	return e, root.Err()
}

// ParseSpace reads a file that holds a space: block and nothing else.
func ParseSpace(name string, data []byte, cores int) (space.Space, error) {
	root, err := strict.Decode(name, data)
	if err != nil {
		return nil, err
	}
	f := root.Fields("space")
	if f["space"] == nil {
		root.Fault("space is missing; the file holds a space: block of knobs, as in space: {io.workers: {min: 1, max: 64, scale: log2}}")
	}
	params := readSpace(f["space"], cores)
	return params, root.Err()
}

func text(n *strict.Node, into *string) {
	if value, ok := n.Text(); ok {
		*into = value
	}
}

func (e *Experiment) readScenarios(n *strict.Node, cores int) {
	e.Storage, e.Cores = []string{"local"}, []int{cores}
	f := n.Fields("corpus", "storage", "cores")
	if list, ok := f["corpus"].Strings(); ok && len(list) > 0 {
		e.Corpora = list
	} else if n != nil && f["corpus"] == nil {
		n.Fault("scenarios.corpus is missing; use goroot, planted or a folder")
	}
	if list, ok := f["storage"].Strings(); ok && len(list) > 0 {
		e.Storage = list
	}
	if f["cores"] == nil {
		return
	}
	e.Cores = nil
	for _, item := range f["cores"].Items() {
		value, ok := item.Int()
		if ok && (value < 1 || value > cores) {
			item.Fault("scenarios.cores is %d; this machine has %d usable cores: use 1 … %d", value, cores, cores)
		}
		e.Cores = append(e.Cores, value)
	}
}

// readScan reads how trials scan. A word that is the default is kept as none, so
// that saying it makes no other run of the same work.
func (e *Experiment) readScan(n *strict.Node) {
	f := n.Fields("prefilter", "rules", "analyser")
	if value, ok := f["prefilter"].Bool(); ok {
		e.Scan.NoPrefilter = !value
	}
	if value, ok := f["rules"].Word(record.RuleSets()...); ok && value != record.RulesBuiltin {
		e.Scan.Rules = value
	}
	if value, ok := f["analyser"].Word(record.Analysers()...); ok && value != record.TreeSitter {
		e.Scan.Analyser = value
	}
	if err := CheckScan(e.Scan); err != nil {
		n.Fault("%v", err)
	}
}

// CheckScan refuses what would be said and have no effect: an analyser that finds
// nothing knows neither rules nor prefilter.
func CheckScan(s record.Scan) error {
	if s.Analyser != "" && (s.NoPrefilter || s.Rules != "") {
		return fmt.Errorf("analyser %s has neither rules nor a prefilter; leave out rules and prefilter, or use analyser %s", s.Analyser, record.TreeSitter)
	}
	return nil
}

// readDesign reads the design, and returns its fields.
func (e *Experiment) readDesign(n *strict.Node) map[string]*strict.Node {
	f := n.Fields("strategy", "trials", "blocks", "warmup", "seed", "fidelity", "sample")
	if value, ok := f["fidelity"].Float(); ok {
		if value <= 0 || value > 1 {
			f["fidelity"].Fault("design.fidelity is %v; use a share of the corpus above 0 and up to 1", value)
		}
		e.Design.Fidelity = value
	}
	if value, ok := f["sample"].Word("fresh", "one"); ok {
		e.Design.OneSample = value == "one"
	}
	known := f["strategy"] == nil
	if value, ok := f["strategy"].Word(strategies()...); ok {
		e.Design.Strategy, known = value, true
	}
	if value, ok := f["blocks"].IntIn(1, 1000); ok {
		e.Design.Blocks = value
	}
	if value, ok := f["trials"].IntIn(1, 100_000); ok {
		e.Design.Trials = value
	}
	if known { // else nobody knows what it has a use for
		e.fitDesign(f)
	}
	if value, ok := f["warmup"].IntIn(1, 1); ok {
		e.Design.Warmup = value
	}
	if value, ok := f["seed"].IntIn(0, 1<<53); ok {
		e.Design.Seed = uint64(value)
	}
	return f
}

// fitDesign refuses what the strategy has no use for. Every configuration of a grid
// is measured equally often, in rounds; a search spends launches where they tell.
func (e *Experiment) fitDesign(f map[string]*strict.Node) {
	idle, why := "trials", "belongs to a strategy that searches; a grid takes blocks"
	if e.Searches() {
		idle, why = "blocks", "belongs to a grid; a search takes trials, or the budget"
		if f["fidelity"] != nil {
			f["fidelity"].Fault("design.fidelity belongs to a grid; a search sizes its samples itself")
		}
		if f["sample"] != nil {
			f["sample"].Fault("design.sample belongs to a grid; a search keeps one sample and confirms on fresh ones")
		}
	}
	if f[idle] != nil {
		f[idle].Fault("design.%s %s", idle, why)
	}
}

// Searches says whether the strategy looks for the best instead of measuring all:
// everything but the experiment's own grid does.
func (e Experiment) Searches() bool { return e.Design.Strategy != exhaustive }

// exhaustive is the strategy of an experiment by default: rounds over every
// configuration, none confirmed.
const exhaustive = "grid"

func strategies() []string {
	names := []string{exhaustive}
	for _, s := range search.Strategies() {
		if s.Name != exhaustive {
			names = append(names, s.Name)
		}
	}
	return names
}

func (e *Experiment) readGoal(n *strict.Node) {
	f := n.Fields("objective", "require")
	text(f["objective"], &e.Objective)
	e.Require, _ = f["require"].Strings()
	if _, err := decide.ParseGoal(e.Objective, nil, 0); err != nil {
		f["objective"].Fault("%v", err)
	}
	if f["require"] == nil {
		return
	}
	faulty := false
	for _, item := range f["require"].Items() {
		value, ok := item.Text()
		if !ok {
			continue
		}
		if _, err := decide.ParseGoal("", []string{value}, 0); err != nil {
			item.Fault("%v", err)
			faulty = true
		}
	}
	if faulty {
		return
	}
	if _, err := decide.ParseGoal("", e.Require, 0); err != nil { // together
		f["require"].Fault("%v", err)
	}
}

func (e *Experiment) readPlots(n *strict.Node) {
	if n == nil {
		return
	}
	e.Plots = nil
	for _, item := range n.Items() {
		value, ok := item.Text()
		if !ok {
			continue
		}
		if !slices.Contains(plots, value) {
			item.Fault("unknown plot %q%s; the plots are %s", value, near(value, plots), strings.Join(plots, ", "))
		}
		e.Plots = append(e.Plots, value)
	}
}

// readCollect reads which profiles are to be taken. Doubles count once.
func (e *Experiment) readCollect(n *strict.Node) {
	if n == nil {
		return
	}
	for _, item := range n.Items() {
		kind, ok := item.Text()
		if !ok {
			continue
		}
		if err := profile.Unknown(kind); err != nil {
			item.Fault("collect: %v", err)
		} else if !slices.Contains(e.Collect, kind) {
			e.Collect = append(e.Collect, kind)
		}
	}
}

func near(name string, among []string) string {
	if n := strict.Nearest(name, among); n != "" {
		return fmt.Sprintf("; did you mean %q?", n)
	}
	return ""
}

// Configurations lists the grid, each completed by complete, without doubles.
func (e Experiment) Configurations(complete func(map[string]any) (map[string]any, error)) ([]map[string]any, error) {
	grid, err := e.Space.Grid(MostConfigurations)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	var configs []map[string]any
	for _, partial := range grid {
		full, err := complete(partial)
		if err != nil {
			return nil, err
		}
		if key := fmt.Sprint(full); !seen[key] {
			seen[key] = true
			configs = append(configs, full)
		}
	}
	return configs, nil
}

// DefaultSpace is what tune searches unless told otherwise: the ranges that pay to
// search on so many cores, and every choice that is built but limiters. Files are
// mapped only where the storage is local; simulated latency lies under ordinary reads alone.
func DefaultSpace(cores int, local bool) space.Space {
	ranges := space.Space{
		{Name: "io.workers", Type: space.Int, Min: 1, Max: float64(max(64, 16*cores)), Scale: space.Log2, Ordered: true},
		{Name: "cpu.workers", Type: space.Int, Min: 1, Max: float64(2 * cores), Scale: space.Linear, Ordered: true},
		{Name: "channel.buffer", Type: space.Int, Min: 0, Max: 1000, Scale: space.Log2, Ordered: true},
		{Name: "channel.batch", Type: space.Int, Min: 1, Max: 64, Scale: space.Log2, Ordered: true},
		{Name: "memory.gogc", Type: space.Int, Min: 50, Max: 400, Scale: space.Log2, Ordered: true},
	}
	return append(ranges, choices(config.Knobs(), local)...)
}

// unasked says which words a search leaves out unless a space names them. The
// schedulers exist to be compared with: threads gives the work to the operating
// system, inline takes the pools away.
func unasked(knob, word string, local bool) bool {
	switch knob {
	case "cpu.scheduler":
		return word == "threads" || word == "inline"
	case "io.reader":
		return word == "mmap" && !local
	case "io.limiter": // the one that finds the number of readers of slow storage; the others are there to be compared
		return word != "none" && (word != "occupancy" || local)
	default:
		return false
	}
}

// choices makes a parameter of each choice that is built and leaves something to
// choose, in the order of the knobs. Who analyses and in which order are searched
// always; other choices are rare until answers show that they pay. Of limiters only
// what finds the number of readers is searched; others where a space names them.
func choices(knobs []config.Knob, local bool) space.Space {
	var params space.Space
	for _, k := range knobs {
		if k.Type != config.TypeChoice || !k.Built || strings.Contains(k.Name, ".limiter") && k.Name != "io.limiter" {
			continue
		}
		p := space.Param{Name: k.Name, Type: space.Choice, Rare: k.Name != "cpu.scheduler" && k.Name != "source.order"}
		for _, word := range k.Values {
			if !unasked(k.Name, word, local) {
				p.Values = append(p.Values, word)
			}
		}
		if len(p.Values) > 1 {
			params = append(params, p)
		}
	}
	return params
}

// readSpace reads a block of knobs: each a list of values or a range.
func readSpace(n *strict.Node, cores int) space.Space {
	if n == nil {
		return nil
	}
	knobs := map[string]config.Knob{}
	var names []string
	for _, k := range config.Knobs() {
		knobs[k.Name] = k
		names = append(names, k.Name)
	}
	var params space.Space
	for name, node := range n.Each() {
		knob, known := knobs[name]
		switch {
		case !known:
			node.Fault("unknown knob %q%s", name, near(name, names))
		case !knob.Built:
			node.Fault("%s is not built yet; leave it out", name)
		default:
			params = append(params, readParam(node, knob, cores))
		}
	}
	if len(params) == 0 && n.Err() == nil {
		n.Fault("space is empty; name at least one knob")
	}
	return params
}
