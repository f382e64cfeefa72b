package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sluice/harness/decide"
	"sluice/harness/record"
	"sluice/harness/store"
	"sluice/harness/target"
	"sluice/harness/unit"
	"sluice/reports"
	"sluice/scanner/config"
)

// recommendFlags are the flags of sluice recommend.
type recommendFlags struct {
	store    string
	goal     string
	require  []string
	margin   string
	scenario string
	out      string
	format   string
}

func newRecommend(s *streams) *cobra.Command {
	f := &recommendFlags{}
	cmd := &cobra.Command{
		Use:   "recommend RUN",
		Short: "choose again from stored trials under another goal; measures nothing",
		Long: `Choose again from the stored trials of a tune or a run, under another goal. Nothing
is measured.

Without --goal and --require it is the run's own goal; --goal alone drops the run's
requirements, --require alone replaces them. Only a configuration with blocks whose
number was fixed beforehand (a confirmation, or a grid) can be better, with a gain;
what a search alone has seen is a candidate, and the command that would confirm it is
printed.

Exit status: 0 whatever the verdict; 3 if nothing that was measured keeps what is
required: the answer says which requirement binds, and how near one can get.`,
		Example: `  sluice recommend 20261121 --goal p99
  sluice recommend 20261121 --goal throughput --require 'rss<512MiB' --out sluice.yaml`,
		Args: one("the id of a run, or its beginning"),
		RunE: func(_ *cobra.Command, args []string) error { return f.execute(s, args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.store, "store", ".sluice", "`folder` of the store")
	flags.StringVar(&f.goal, "goal", "", "`objective`: balanced, throughput, p99, rss, wall, cpu, or a metric of the command; or two to four of them in their order: throughput,p99,rss")
	flags.StringArrayVar(&f.require, "require", nil, "a `condition` that must hold, as in 'rss<512MiB' (repeatable)")
	flags.StringVar(&f.margin, "margin", "", "smallest change of the objective that matters (default 2%, 10% for p99 and rss)")
	flags.StringVar(&f.scenario, "scenario", "", "`name` of one scenario of the run, or a part of it (default: each)")
	flags.StringVar(&f.out, "out", "", "`file` to write the recommended configuration to")
	formatFlag(cmd, &f.format)
	complete(cmd, "goal", []string{"balanced", "throughput", "p99", "rss", "wall", "cpu"})
	return cmd
}

func (f *recommendFlags) execute(s *streams, prefix string) error {
	if err := checkFormat(f.format); err != nil {
		return err
	}
	var rep record.Report
	err := withStore(f.store, func(st *store.Store) (err error) {
		rep, err = stored(st, prefix)
		return noSuch(err)
	})
	if err != nil {
		return err
	}
	outcomes, err := f.outcomes(rep)
	if err != nil {
		return err
	}
	var dead []error
	for _, o := range outcomes {
		goal, err := f.goalFor(rep.Run, o)
		if err != nil {
			return &usageError{err}
		}
		c, err := stockOf(rep.Run, o, goal).choose()
		if err != nil {
			return err
		}
		if c.Nearest != nil {
			dead = append(dead, fmt.Errorf("%s: nothing that was measured keeps what is required; loosen --require (%s)", o.Scenario.Name, strings.Join(c.Nearest.Breaks, ", ")))
		} else if f.out != "" {
			c.Wrote = f.out
		}
		if err := f.print(s, rep.Run, c); err != nil {
			return err
		}
		if c.Wrote != "" {
			if err := f.write(rep.Run, o, c); err != nil {
				return err
			}
		}
	}
	return errors.Join(dead...)
}

// outcomes are the scenarios that are asked for.
func (f *recommendFlags) outcomes(rep record.Report) ([]record.Outcome, error) {
	if rep.Run.Kind != "tune" && rep.Run.Kind != "run" {
		return nil, usagef("%s is a %s, with one pair of configurations; sluice recommend chooses among those of a tune or a run", rep.Run.ID, rep.Run.Kind)
	}
	var names []string
	var found []record.Outcome
	for _, o := range rep.Outcomes {
		names = append(names, o.Scenario.Name)
		if o.Scenario.Name == f.scenario {
			return []record.Outcome{o}, nil
		}
		if strings.Contains(o.Scenario.Name, f.scenario) {
			found = append(found, o)
		}
	}
	switch {
	case len(names) == 0:
		return nil, usagef("run %s has no trials yet", rep.Run.ID)
	case len(found) == 0:
		return nil, usagef("unknown scenario %q; run %s has %s", f.scenario, rep.Run.ID, strings.Join(names, ", "))
	case f.out != "" && len(found) > 1:
		return nil, usagef("--out holds one configuration, and %d scenarios are asked for; choose one with --scenario: %s", len(found), strings.Join(names, ", "))
	}
	return found, nil
}

// goalFor is the goal of the command line, or what it leaves open, the run's.
func (f *recommendFlags) goalFor(run record.Run, o record.Outcome) (decide.Goal, error) {
	margin := 0.0
	var faults []error
	if f.margin != "" {
		var err error
		if margin, err = unit.ParsePercent(f.margin); err != nil || margin < 0 || margin >= 1 {
			faults = append(faults, fmt.Errorf("--margin is %q; use a percentage below 100 such as 2%%", f.margin))
		}
	}
	own := ownMetrics(run)
	was := goalOf(run, o)
	objective, require := cmpOr(f.goal, was.Objective), f.require
	if f.goal == "" && len(require) == 0 {
		require = was.Require
	}
	goal, err := decide.ParseGoal(objective, require, margin, own...)
	goal.Given, goal.Foreign = f.margin != "", run.Foreign
	if err == nil && run.Foreign && goal.Objective == decide.Balanced {
		err = fmt.Errorf("balanced is a goal of scans; %s has %s", run.Name, strings.Join(goal.Metrics(), ", "))
	}
	if err == nil && !measuredAny(o.Trials, goal.Leading()) {
		err = fmt.Errorf("no trial of %s has %s; a goal is one of %s", o.Scenario.Name, unit.Short(goal.Leading()), strings.Join(goal.Metrics(), ", "))
	}
	return goal, errors.Join(append(faults, err)...)
}

// ownMetrics are those that a command target defined.
func ownMetrics(run record.Run) (own []unit.Metric) {
	for _, m := range run.Metrics {
		described := unit.Describe(m.Name)
		described.HigherBetter = m.HigherBetter
		own = append(own, described)
	}
	return own
}

// goalOf is the goal that a run had in a scenario; one that was not finished has a
// scan's usual goal, or a command's wall time.
func goalOf(run record.Run, o record.Outcome) record.Goal {
	switch {
	case o.Recommendation != nil:
		return o.Recommendation.Goal
	case o.Grid != nil:
		return o.Grid.Goal
	case run.Foreign:
		return record.Goal{Objective: record.Wall}
	}
	return record.Goal{Objective: decide.Balanced}
}

func measuredAny(trials []record.Trial, metric string) bool {
	return slices.ContainsFunc(trials, func(t record.Trial) bool { _, ok := t.Metrics[metric]; return ok })
}

// print prints the choice as tune prints its own.
func (f *recommendFlags) print(s *streams, run record.Run, c chosen) error {
	if f.format == "json" {
		return json.NewEncoder(s.out).Encode(c)
	}
	if c.Nearest != nil {
		return printInfeasible(s.out, c)
	}
	run.Kind, run.Command = "recommend", target.ShellLine(f.repeating(run, c))
	run.Question = fmt.Sprintf("Which of the configurations that run %s measured serves %s best?", run.ID, strings.ReplaceAll(shortGoal(c.Goal.Objective), ",", ", then "))
	rec := c.Recommendation
	if c.Seen == inSearch { // its figures stand beside the reference's of the same blocks, not of others
		rec.Reference, rec.Recommended, rec.ConfirmedBlocks, rec.Also = c.searched, c.searched, 0, nil
	}
	return reports.Text(s.out, record.Report{Run: run, Outcomes: []record.Outcome{{Scenario: rec.Scenario, Recommendation: &rec}}}, color(s.out))
}

// repeating is the command that chooses so again.
func (f *recommendFlags) repeating(run record.Run, c chosen) []string {
	words := []string{"sluice", "recommend", run.ID, "--goal", shortGoal(c.Goal.Objective)}
	for _, requirement := range c.Goal.Require {
		words = append(words, "--require", requirement)
	}
	for _, option := range [][3]string{{"--margin", f.margin}, {"--scenario", f.scenario}, {"--store", f.store, ".sluice"}, {"--out", f.out}} {
		if name, value, usual := option[0], option[1], option[2]; value != usual {
			words = append(words, name, value)
		}
	}
	return words
}

// shortGoal names a goal as the command line takes it: "throughput,p99".
func shortGoal(objective string) string {
	var names []string
	for name := range strings.SplitSeq(objective, ",") {
		names = append(names, unit.Short(name))
	}
	return strings.Join(names, ",")
}

// printInfeasible says which requirement binds, and how near one can get.
func printInfeasible(w io.Writer, c chosen) error {
	lines := []string{c.Scenario.Name + ": nothing that was measured keeps what is required"}
	for i, b := range c.Binding {
		lines = append(lines, "  "+b.words(c.requires[i], b.Config != nil))
	}
	lines = append(lines, "  nearest to all of them together comes "+c.Nearest.words(), "  "+c.Nearest.Config.String())
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

// write writes the recommended configuration. Its provenance says that it was chosen
// from stored trials.
func (f *recommendFlags) write(run record.Run, o record.Outcome, c chosen) error {
	if run.Foreign {
		from := fmt.Sprintf("%s: %s under %s (%s, %s, %s)", run.Name, c.Verdict, shortGoal(c.Goal.Objective), run.Machine.Class, c.Source, run.Version)
		text, err := knobsFile(f.out, from, c.Recommended.Config)
		if err != nil {
			return err
		}
		return replaceFile(f.out, text)
	}
	cfg, err := config.Default(max(1, o.Scenario.Cores)).WithFlat(c.Recommended.Config)
	if err != nil {
		return err
	}
	p := provenanceIn(run, o.Scenario, o.Trials, &c.Recommendation)
	p.Chosen = c.Source
	text, err := config.File{Path: filepath.Base(f.out), Config: cfg, Provenance: p}.Marshal()
	if err != nil {
		return err
	}
	return replaceFile(f.out, text)
}
