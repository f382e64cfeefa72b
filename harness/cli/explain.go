package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sluice/harness/explain"
	"sluice/harness/record"
	"sluice/harness/store"
)

func newExplain(s *streams) *cobra.Command {
	var dir, format string
	cmd := &cobra.Command{
		Use: "explain RUN [TRIAL]", Short: "say which station is the bottleneck and which knob would move it",
		Long: `Say what bounds the trials of a stored run: how busy each station is, who waits
for whom, the bound that holds with its figure, the knob that would move it, and
what that could bring at most.

Without TRIAL it explains the reference and the recommended (of an experiment the
best, of a comparison both), each over the medians of its trials. TRIAL is one
trial by its address [SCENARIO/]PHASE/BLOCK/SLOT[.ATTEMPT], as in grid/3/1. What a knob could bring is an upper estimate, from the next bound:
measure it with the commands that are printed.

A program that is not the scanner has no stations; of it the processor time and
what the kernel counted are explained.`,
		Example: `  sluice explain 20261121
  sluice explain 20261121 confirmation/0/2 --format json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return usagef("%s needs the id of a run, or its beginning, and at most one trial, found %d arguments", cmd.CommandPath(), len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			return withStore(dir, func(st *store.Store) error {
				rep, err := stored(st, args[0])
				if err != nil {
					return &usageError{err}
				}
				all, err := explained(rep, args[1:])
				if err != nil {
					return err
				}
				return printExplained(s, all, format)
			})
		},
	}
	cmd.Flags().StringVar(&dir, "store", ".sluice", "`folder` of the store")
	formatFlag(cmd, &format)
	return cmd
}

func printExplained(s *streams, all []explain.Explanation, format string) error {
	for i, e := range all {
		if format == "json" {
			if err := json.NewEncoder(s.out).Encode(e); err != nil {
				return err
			}
			continue
		}
		if i > 0 {
			fmt.Fprintln(s.out)
		}
		if err := drawExplained(s.out, e); err != nil {
			return err
		}
	}
	return nil
}

// explained explains the one trial that is asked for, in each scenario that has
// it, or the arms that the run's answer is about.
func explained(rep record.Report, address []string) ([]explain.Explanation, error) {
	var all []explain.Explanation
	var errs []error
	var place store.Place
	if len(address) > 0 {
		var err error
		if place, err = store.ParsePlace(address[0]); err != nil {
			return nil, &usageError{err}
		}
	}
	for _, o := range rep.Outcomes {
		cores := o.Scenario.Cores
		if cores < 1 {
			cores = max(1, rep.Run.Machine.UsableCores)
		}
		groups := subjects(o)
		if len(address) > 0 {
			groups = nil
			if one := addressed(o, place); one != nil {
				groups = append(groups, one)
			}
		}
		for _, trials := range groups {
			if own := trials[0].Cores; own > 0 {
				cores = own // half of the scenario's, in a duet
			}
			e, err := explain.Over(trials, cores)
			switch {
			case errors.Is(err, explain.ErrNoTrials):
				errs = append(errs, fmt.Errorf("%s, %s: no trial ended well", o.Scenario.Name, trials[0].Arm))
			case err != nil:
				return nil, err
			default:
				all = append(all, e)
			}
		}
	}
	switch {
	case len(all) > 0:
		return all, nil
	case len(errs) > 0:
		return nil, errors.Join(errs...)
	case len(address) > 0:
		return nil, usagef("run %s has no trial %s; it has %s", rep.Run.ID, address[0], examples(rep))
	}
	return nil, usagef("run %s has no trials to explain yet", rep.Run.ID)
}

// addressed finds a trial by its address; where that leaves open which measuring of
// its block is meant, the one that counts.
func addressed(o record.Outcome, p store.Place) []record.Trial {
	if p.Scenario != "" && p.Scenario != o.Scenario.Name {
		return nil
	}
	for _, t := range slices.Backward(o.Trials) {
		meant := t.Attempt == p.Attempt || p.Attempt < 0 && t.SetAside == ""
		if t.Phase == p.Phase && t.Block == p.Block && t.Slot == p.Slot && meant {
			return []record.Trial{t}
		}
	}
	return nil
}

// examples are a few trials that there are.
func examples(rep record.Report) string {
	var names []string
	seen := map[record.Phase]bool{}
	for _, o := range rep.Outcomes {
		for _, t := range o.Trials {
			if !seen[t.Phase] {
				seen[t.Phase] = true
				names = append(names, fmt.Sprintf("%s/%d/%d", t.Phase, t.Block, t.Slot))
			}
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ") + " and more"
}

// subjects are the trials of the arms that an outcome is about, the reference
// first, from the phase whose figures count most.
func subjects(o record.Outcome) [][]record.Trial {
	phase, ok := decisive(o.Trials)
	if !ok {
		return nil
	}
	var groups [][]record.Trial
	seen := map[string]bool{}
	for _, arm := range answerArms(o) {
		id := arm.Config.ID()
		if seen[id] {
			continue
		}
		seen[id] = true
		var trials []record.Trial
		for _, t := range o.Trials {
			if t.Phase == phase && t.Config.ID() == id {
				t.Arm = arm.Name
				trials = append(trials, t)
			}
		}
		groups = append(groups, byStorage(trials)...)
	}
	if len(groups) > 0 {
		return groups
	}
	return byArm(o.Trials, phase)
}

// byStorage parts trials of one configuration that ran on several storages.
func byStorage(trials []record.Trial) (groups [][]record.Trial) {
	at := map[string]int{}
	for _, t := range trials {
		i, known := at[t.Storage]
		if !known {
			i = len(groups)
			at[t.Storage] = i
			groups = append(groups, nil)
		}
		if t.Storage != "" {
			t.Arm += "@" + t.Storage
		}
		groups[i] = append(groups[i], t)
	}
	return groups
}

// byArm groups what an unfinished run has measured by what it called it.
func byArm(trials []record.Trial, phase record.Phase) (groups [][]record.Trial) {
	at := map[string]int{}
	for _, t := range trials {
		if t.Phase != phase {
			continue
		}
		i, ok := at[t.Arm]
		if !ok {
			i = len(groups)
			at[t.Arm] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], t)
	}
	return groups[:min(2, len(groups))]
}

// decisive is the phase whose figures a run reports.
func decisive(trials []record.Trial) (record.Phase, bool) {
	for _, phase := range []record.Phase{record.Confirmation, record.Comparison, record.Grid, record.Full, record.Search, record.Calibration} {
		if slices.ContainsFunc(trials, func(t record.Trial) bool { return t.Phase == phase && t.Status == record.OK }) {
			return phase, true
		}
	}
	return "", false
}

// answerArms are the arms that the outcome is about.
func answerArms(o record.Outcome) []record.Arm {
	switch {
	case o.Recommendation != nil:
		r := o.Recommendation
		arms := []record.Arm{r.Reference, r.Recommended}
		if r.Candidate != nil {
			arms = append(arms, *r.Candidate)
		}
		return arms
	case o.Compare != nil:
		return []record.Arm{o.Compare.A, o.Compare.B}
	case o.Grid != nil:
		return append([]record.Arm{o.Grid.Reference}, o.Grid.Arms[:min(1, len(o.Grid.Arms))]...)
	}
	return nil
}
