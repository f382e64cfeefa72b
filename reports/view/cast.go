package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sluice/harness/record"
	"sluice/harness/stats"
)

// Role is the part that a configuration plays in an outcome.
type Role int

// The roles. At most one part is the reference, at most one the subject.
const (
	Other     Role = iota
	Reference      // what the others are compared with
	Subject        // what the answer speaks of: recommended, candidate, best of a grid, B of a comparison
)

// Part is a configuration of the deciding phase with its name for a reader and
// its trials.
type Part struct {
	record.Arm
	Label  string
	Role   Role
	Trials []record.Trial // of the deciding phase, failed ones included
}

// Cast is who plays in an outcome: the configurations of the phase that
// decides, the reference first, the subject next. Tables and pictures show the
// same cast.
type Cast struct {
	Phase     record.Phase
	Objective string // full name of the metric that decides first
	Decided   string // full name of the metric that the verdict hangs on
	Goal      record.Goal
	Verdict   record.Verdict // empty while nothing is decided
	Parts     []Part
	Varied    []string // knobs that differ between the parts, the workers first
	Note      string   // of where the figures come from: "confirmation, 7 blocks, fidelity 15.2 %"

	own map[string]bool // a target's own metrics: whether higher is better
}

// NewCast finds who plays in an outcome of a run.
func NewCast(run record.Run, o record.Outcome) Cast {
	var c Cast
	o.Trials = counted(o.Trials)
	switch {
	case o.Recommendation != nil:
		c = castTune(run, o)
	case o.Compare != nil:
		c = castCompare(o)
	case o.Grid != nil:
		c = castGrid(run, o)
	default:
		c = castUnfinished(run, o)
	}
	c.Varied = varied(c.Parts)
	c.own = map[string]bool{}
	for _, metric := range run.Metrics {
		c.own[metric.Name] = metric.HigherBetter
	}
	has := func(metric string) bool { return c.has(metric) || measured(o.Trials, metric) }
	c.Objective = Resolve(c.Goal.Objective, has)
	c.Decided = Resolve(cmp.Or(c.Decided, c.Objective), has)
	return c
}

// counted are the trials that count: those of a block that was measured again in
// their place do not.
func counted(trials []record.Trial) []record.Trial {
	aside := func(t record.Trial) bool { return t.SetAside != "" }
	if !slices.ContainsFunc(trials, aside) {
		return trials
	}
	return slices.DeleteFunc(slices.Clone(trials), aside)
}

// HigherIsBetter tells which way a metric of this cast is better.
func (c Cast) HigherIsBetter(metric string) bool {
	if higher, own := c.own[metric]; own {
		return higher
	}
	return describe(metric).HigherBetter
}

// Of returns the part in a role; ok is false where nobody plays it.
func (c Cast) Of(role Role) (part Part, ok bool) {
	i := slices.IndexFunc(c.Parts, func(p Part) bool { return p.Role == role })
	if i < 0 {
		return Part{}, false
	}
	return c.Parts[i], true
}

func (c Cast) has(metric string) bool {
	return slices.ContainsFunc(c.Parts, func(p Part) bool {
		_, ok := p.Metrics[metric]
		return ok
	})
}

func measured(trials []record.Trial, metric string) bool {
	return slices.ContainsFunc(trials, func(t record.Trial) bool {
		_, ok := t.Metrics[metric]
		return ok
	})
}

func castTune(run record.Run, o record.Outcome) Cast {
	rec := o.Recommendation
	c := Cast{Phase: record.Confirmation, Goal: rec.Goal, Decided: rec.Step, Verdict: rec.Verdict}
	c.Note = fmt.Sprintf("confirmation, %s, fidelity %s", count(rec.ConfirmedBlocks, "block"), Percent(rec.Fidelity))
	if rec.ConfirmedBlocks == 0 {
		c.Phase, c.Note = record.Search, "search trials; nothing was confirmed"
	}
	c.add(o, rec.Reference, referenceName(run, rec.Reference), Reference, "reference", run.Reference)
	switch {
	case rec.Verdict == record.Better:
		subject := rec.Recommended
		if len(rec.Gain) > 0 {
			subject.Ratios = rec.Gain
		}
		c.add(o, subject, "recommended", Subject, "recommended", "chosen", "candidate")
	case rec.Candidate != nil:
		candidate := *rec.Candidate
		if len(candidate.Ratios) == 0 {
			candidate.Ratios = rec.Gain
		}
		c.add(o, candidate, "candidate", Subject, "candidate", "chosen", "recommended")
	}
	for _, arm := range rec.Also {
		c.add(o, arm, Clean(arm.Name), Other)
	}
	c.addRest(o)
	return c
}

func castCompare(o record.Outcome) Cast {
	cmp := o.Compare
	a, b := Clean(cmp.A.Name), Clean(cmp.B.Name)
	if a == b {
		a, b = "A: "+a, "B: "+b
	}
	c := Cast{Phase: record.Comparison, Goal: cmp.Goal, Verdict: cmp.Verdict, Note: "comparison, " + count(cmp.Blocks, "block")}
	second := cmp.B
	if len(cmp.Ratios) > 0 {
		second.Ratios = cmp.Ratios
	}
	c.add(o, cmp.A, a, Reference, "a", "A", "reference")
	c.add(o, second, b, Subject, "b", "B")
	return c
}

func castGrid(run record.Run, o record.Outcome) Cast {
	grid := o.Grid
	c := Cast{Phase: record.Grid, Goal: grid.Goal, Note: fmt.Sprintf("grid, %s per configuration", count(grid.Blocks, "pair"))}
	c.add(o, grid.Reference, referenceName(run, grid.Reference), Reference, "reference", run.Reference)
	parts := []Part{{Arm: grid.Reference}}
	for _, arm := range grid.Arms {
		parts = append(parts, Part{Arm: arm})
	}
	knobs := varied(parts)
	for i, arm := range grid.Arms {
		role := Other
		if i == 0 {
			role = Subject
		}
		c.add(o, arm, Clean(cmp.Or(Settings(arm.Config, knobs), arm.Name)), role)
	}
	c.Decided = balancedStep(c)
	return c
}

// givenUp is how much throughput the goal "balanced" may give up for a better
// latency or memory: 3 %.
const givenUp = 0.03

// balancedStep is the metric on which the first row of a grid is better under
// the goal "balanced", in the order in which the goal tests them; empty where it
// is none, or where the goal is another.
func balancedStep(c Cast) string {
	best, ok := c.Of(Subject)
	throughput := best.Ratios[record.Throughput]
	if !ok || c.Goal.Objective != "balanced" || throughput.Verdict == record.Better || throughput.Low <= 1-givenUp {
		return ""
	}
	for _, metric := range []string{record.P99, record.RSS} {
		if best.Ratios[metric].Verdict == record.Better {
			return metric
		}
	}
	return ""
}

// castUnfinished has the reference at most: whatever leads a search that was
// not confirmed leads by selection too, and is not named.
func castUnfinished(run record.Run, o record.Outcome) Cast {
	c := Cast{Phase: record.Search, Note: "unfinished"}
	for _, trial := range o.Trials {
		if trial.Status == record.OK && (trial.Arm == "reference" || trial.Arm == run.Reference) && trial.Phase != record.Warmup {
			c.Phase = trial.Phase
			reference := record.Arm{Name: trial.Arm, Config: trial.Config, Metrics: trial.Metrics}
			c.add(o, reference, referenceName(run, reference), Reference)
		}
	}
	if len(c.Parts) > 1 {
		c.Parts = c.Parts[len(c.Parts)-1:]
	}
	return c
}

func referenceName(run record.Run, arm record.Arm) string {
	if arm.Name == "" || arm.Name == "reference" {
		return Clean(cmp.Or(run.Reference, "reference"))
	}
	return Clean(arm.Name)
}

// add gives an arm its part, unless its configuration plays one already under
// the same name.
func (c *Cast) add(o record.Outcome, arm record.Arm, label string, role Role, aliases ...string) {
	for _, part := range c.Parts {
		if role == Other && part.Name == arm.Name && part.Config.ID() == arm.Config.ID() {
			return
		}
	}
	c.Parts = append(c.Parts, Part{Arm: arm, Label: label, Role: role, Trials: trialsOf(o, c.Phase, arm, aliases)})
}

// addRest gives a part to every configuration of the phase that the result does
// not list, with its medians and no ratios: it was measured, so it is shown.
func (c *Cast) addRest(o record.Outcome) {
	for _, trial := range o.Trials {
		listed := slices.ContainsFunc(c.Parts, func(p Part) bool {
			return slices.ContainsFunc(p.Trials, func(t record.Trial) bool { return t.Arm == trial.Arm })
		})
		if trial.Phase != record.Confirmation || listed {
			continue
		}
		arm := record.Arm{Name: trial.Arm, Config: trial.Config, Metrics: map[string]float64{}}
		c.add(o, arm, Clean(trial.Arm), Other)
		part := c.Parts[len(c.Parts)-1]
		for metric := range trial.Metrics {
			part.Metrics[metric] = stats.Median(Figures(part.Trials, metric))
		}
	}
}

// Figures are a metric's values in the good trials among some, in their order.
func Figures(trials []record.Trial, metric string) []float64 {
	var list []float64
	for _, trial := range trials {
		if value, ok := trial.Metrics[metric]; ok && trial.Status == record.OK {
			list = append(list, value)
		}
	}
	return list
}

// trialsOf finds an arm's trials by its name, else by an alias, else by its
// configuration. Names come first since an A/A comparison has one configuration
// under two names.
func trialsOf(o record.Outcome, phase record.Phase, arm record.Arm, aliases []string) []record.Trial {
	pick := func(match func(record.Trial) bool) []record.Trial {
		var found []record.Trial
		for _, trial := range o.Trials {
			if trial.Phase == phase && match(trial) {
				found = append(found, trial)
			}
		}
		return found
	}
	for _, name := range append([]string{arm.Name}, aliases...) {
		if found := pick(func(t record.Trial) bool { return name != "" && t.Arm == name }); len(found) > 0 {
			return found
		}
	}
	id := arm.Config.ID()
	return pick(func(t record.Trial) bool { return id != "" && t.Config.ID() == id })
}

// varied lists the knobs that take more than one value among the parts.
func varied(parts []Part) []string {
	var names []string
	for _, part := range parts {
		for _, name := range Changed(part.Config, parts[0].Config) {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.SortFunc(names, compareKnobs)
	return names
}

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// Differs lists how a part differs from the reference, as --set takes it.
func (c Cast) Differs(p Part) string {
	reference, ok := c.Of(Reference)
	if !ok {
		return Settings(p.Config, compareAll(p.Config))
	}
	return Settings(p.Config, Changed(p.Config, reference.Config))
}

func compareAll(config record.Flat) []string {
	names := make([]string, 0, len(config))
	for name := range config {
		names = append(names, name)
	}
	slices.SortFunc(names, compareKnobs)
	return names
}

// name is how a sentence calls a part: its label where that is a name, its
// settings where the label only says which part it plays.
func (c Cast) name(p Part) Words {
	if p.Role != Subject || c.Phase == record.Comparison || c.Phase == record.Grid {
		return Code(p.Label)
	}
	settings := c.Differs(p)
	switch {
	case settings == "":
		return Words("the " + p.Label)
	case strings.Count(settings, " ") >= 6:
		return Words(fmt.Sprintf("the %s configuration (%d knobs changed)", p.Label, strings.Count(settings, " ")+1))
	default:
		return Code(settings)
	}
}
