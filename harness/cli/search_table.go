package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sluice/harness/decide"
	"sluice/harness/record"
	"sluice/harness/search"
	"sluice/harness/search/replay"
	"sluice/harness/store"
	"sluice/harness/unit"
	"sluice/scanner/config"
)

// searchTableFlags are the flags of sluice search table.
type searchTableFlags struct {
	store, scenario, objective, out string
}

func newSearchTable(s *streams) *cobra.Command {
	f := &searchTableFlags{}
	cmd := &cobra.Command{
		Use: "table RUN", Short: "make a table of a stored grid, to replay searches on",
		Long: `Make a table of a stored grid: every configuration of a sluice run, measured in
four rounds or more, as one small text file. Searches are replayed on it by
sluice search replay. RUN is the id of a run, its beginning, or the name of an
experiment, whose newest run is taken.`,
		Example: `  sluice run experiments/tables/nfs.yaml
  sluice search table table-nfs --out nfs.table`,
		Args: one("the id of a run, or the name of its experiment"),
		RunE: func(_ *cobra.Command, args []string) error {
			if f.out == "" {
				return usagef("where to? Name a file with --out FILE")
			}
			return withStore(f.store, func(st *store.Store) error { return f.make(s, st, args[0]) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.store, "store", ".sluice", "`folder` of the store")
	flags.StringVar(&f.scenario, "scenario", "", "`name` of the scenario, where the run has several")
	flags.StringVar(&f.objective, "goal", "", "`metric` that searches look at (default the run's own, throughput where that is balanced)")
	flags.StringVar(&f.out, "out", "", "`file` to write")
	complete(cmd, "goal", []string{"throughput", "p99", "rss", "wall", "cpu"})
	return cmd
}

func (f *searchTableFlags) make(s *streams, st *store.Store, name string) error {
	run, err := runNamed(st, name)
	if err != nil {
		return &usageError{err}
	}
	rep, err := st.Outcomes(run.ID)
	if err != nil {
		return err
	}
	o, err := f.outcome(rep)
	if err != nil {
		return &usageError{err}
	}
	objective, err := f.objectiveOf(o)
	if err != nil {
		return &usageError{err}
	}
	known, err := knownConfigs(o.Scenario.Cores)
	if err != nil {
		return err
	}
	table, err := replay.FromOutcome(run, o, objective, known)
	if err != nil {
		return &usageError{err}
	}
	if err := expect(&table, rep, o); err != nil {
		s.warn("the table does without what the model expects: %v", err)
	}
	if run.State != "done" {
		s.warn("run %s is %s: the table holds what was measured so far", run.ID, run.State)
	}
	var b bytes.Buffer
	if err := table.Write(&b); err != nil {
		return err
	}
	if err := writeWhole(f.out, b.Bytes()); err != nil {
		return err
	}
	g, err := replay.Record(table)
	if err != nil {
		return err
	}
	about := g.About()
	_, err = fmt.Fprintf(s.err, "%s: %d configurations in %d rounds, %d trials, %s; a pair scatters by %s\n", f.out, about.Cells, about.Rounds, len(table.Trials),
		unit.Bytes(int64(b.Len())), unit.Percent(about.PairNoise))
	return err
}

// runNamed finds a run by its id, or the newest of an experiment's name.
func runNamed(st *store.Store, name string) (record.Run, error) {
	run, err := st.Run(name)
	if err == nil {
		return run, nil
	}
	all, listErr := st.Runs()
	if listErr != nil {
		return run, listErr
	}
	if i := slices.IndexFunc(all, func(r record.Run) bool { return r.Name == name && r.Kind == "run" }); i >= 0 { // newest first
		return all[i], nil
	}
	return run, err
}

// outcome picks the scenario.
func (f *searchTableFlags) outcome(rep record.Report) (record.Outcome, error) {
	if rep.Run.Foreign || rep.Run.Kind != "run" {
		return record.Outcome{}, fmt.Errorf("run %s is no grid of the scanner (%s); a table is made of what sluice run measured of it", rep.Run.ID, rep.Run.Kind)
	}
	var names []string
	for _, o := range rep.Outcomes {
		if o.Scenario.Name == f.scenario || f.scenario == "" && len(rep.Outcomes) == 1 {
			return o, nil
		}
		names = append(names, o.Scenario.Name)
	}
	switch {
	case len(names) == 0:
		return record.Outcome{}, fmt.Errorf("run %s has no trials", rep.Run.ID)
	case f.scenario == "":
		return record.Outcome{}, fmt.Errorf("run %s has %d scenarios; name one with --scenario: %s", rep.Run.ID, len(names), strings.Join(names, ", "))
	default:
		return record.Outcome{}, fmt.Errorf("run %s has no scenario %q; it has %s", rep.Run.ID, f.scenario, strings.Join(names, ", "))
	}
}

func (f *searchTableFlags) objectiveOf(o record.Outcome) (string, error) {
	if f.objective != "" {
		m, err := unit.ParseMetric(f.objective)
		if err != nil {
			return "", fmt.Errorf("--goal: %w", err)
		}
		return m.Name, nil
	}
	if o.Grid != nil && o.Grid.Goal.Objective != "" {
		return decide.Goal{Objective: o.Grid.Goal.Objective}.Leading(), nil
	}
	return record.Throughput, nil
}

// knownConfigs are what tune would start from on so many cores.
func knownConfigs(cores int) ([]search.Candidate, error) {
	return starters(config.Default(cores), cores)
}

// writeWhole writes a file beside its name and then renames it: nobody meets half
// of one.
func writeWhole(path string, data []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return usagef("write %s: %w", path, err)
	}
	_, err = temporary.Write(data)
	err = errors.Join(err, temporary.Chmod(0o644), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(temporary.Name()))
	}
	return nil
}
