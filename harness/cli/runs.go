package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"sluice/harness/record"
	"sluice/harness/store"
	"sluice/reports"
)

func newRuns(s *streams) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "list, show, remove, export and import stored runs",
		Args:  noCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&dir, "store", ".sluice", "`folder` of the store")
	cmd.AddCommand(runsList(s, &dir), runsShow(s, &dir), runsRemove(s, &dir), runsExport(s, &dir), runsImport(s, &dir))
	return cmd
}

// withStore opens an existing store for one action.
func withStore(dir string, action func(*store.Store) error) (err error) {
	if _, statErr := os.Stat(filepath.Join(dir, "store.db")); statErr != nil {
		return usagef("no store at %s; name another with --store, or measure something first (sluice tune)", dir)
	}
	st, err := store.Open(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	return action(st)
}

func runsList(s *streams, dir *string) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "list", Short: "list the stored runs, newest first", Args: none,
		RunE: func(*cobra.Command, []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			return withStore(*dir, func(st *store.Store) error { return listRuns(s.out, st, format) })
		},
	}
	formatFlag(cmd, &format)
	return cmd
}

func listRuns(w io.Writer, st *store.Store, format string) error {
	runs, err := st.Runs()
	if err != nil {
		return err
	}
	if format == "json" {
		for _, run := range runs {
			if err := json.NewEncoder(w).Encode(run); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "RUN\tKIND\tNAME\tSTATE\tTRIALS\tSTARTED")
	for _, run := range runs {
		trials, err := st.CountTrials(run.ID)
		if err != nil {
			return err
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\n", run.ID, run.Kind, run.Name, run.State, trials, run.Started.Local().Format("2006-01-02 15:04"))
	}
	return table.Flush()
}

// none refuses arguments in SPEC's words and with its exit status.
func none(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes no argument, found %q", cmd.CommandPath(), args[0])
	}
	return nil
}

// one asks for exactly one argument.
func one(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usagef("%s needs %s, found %d arguments", cmd.CommandPath(), what, len(args))
		}
		return nil
	}
}

func runsRemove(s *streams, dir *string) *cobra.Command {
	return &cobra.Command{
		Use: "rm RUN", Short: "remove a run and its trials", Args: one("the id of a run, or its beginning"),
		RunE: func(_ *cobra.Command, args []string) error {
			return withStore(*dir, func(st *store.Store) error {
				run, err := st.Run(args[0])
				if err != nil {
					return &usageError{err}
				}
				if err := st.DeleteRun(run.ID); err != nil {
					return err
				}
				if err := os.RemoveAll(filepath.Join(*dir, "work", run.ID)); err != nil {
					return fmt.Errorf("remove the files of the run's trials: %w", err)
				}
				_, err = fmt.Fprintf(s.err, "removed %s\n", run.ID)
				return err
			})
		},
	}
}

func runsExport(s *streams, dir *string) *cobra.Command {
	var brief, files bool
	cmd := &cobra.Command{
		Use: "export RUN", Short: "write a run with all its trials as JSON lines", Args: one("the id of a run, or its beginning"),
		RunE: func(_ *cobra.Command, args []string) error {
			return withStore(*dir, func(st *store.Store) error {
				run, err := st.Run(args[0])
				if err != nil {
					return &usageError{err}
				}
				if brief && files {
					return usagef("--brief leaves the files out and --files takes them along; use one of the two")
				}
				if brief {
					return exportBrief(s.out, st, run.ID)
				}
				return st.Export(run.ID, s.out, files)
			})
		},
	}
	cmd.Flags().BoolVar(&brief, "brief", false, "the trials alone, without the scanner's own statistics and without paths: to be published, not imported")
	cmd.Flags().BoolVar(&files, "files", false, "take the kept files along (stack dumps, profiles), in base64; without it the export names their digests")
	return cmd
}

// exportBrief writes what a reader needs to compute every figure again, and
// nothing that names this machine's folders.
func exportBrief(w io.Writer, st *store.Store, run string) error {
	trials, err := st.Trials(run)
	if err != nil {
		return err
	}
	for _, t := range trials {
		t.Stats, t.Command = nil, nil
		if err := json.NewEncoder(w).Encode(t); err != nil {
			return fmt.Errorf("export run %s: %w", run, err)
		}
	}
	return nil
}

func runsImport(s *streams, dir *string) *cobra.Command {
	return &cobra.Command{
		Use: "import [FILE]", Short: "read exported runs, from a file or stdin",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("%s takes one file, found %d", cmd.CommandPath(), len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			in := s.in
			if len(args) == 1 && args[0] != "-" {
				file, err := os.Open(args[0])
				if err != nil {
					return usagef("import: %w", err)
				}
				defer file.Close() //nolint:errcheck // read only
				in = file
			}
			st, err := store.Open(*dir)
			if err != nil {
				return err
			}
			ids, err := st.Import(in)
			for _, id := range ids {
				fmt.Fprintln(s.out, id)
			}
			if err != nil {
				return errors.Join(&usageError{err}, st.Close())
			}
			return st.Close()
		},
	}
}

// ReportSchema names the JSON object that report prints.
const ReportSchema = "sluice.report/v1"

// drawn is what report says of its work; the figures themselves are in runs show.
type drawn struct {
	Schema string   `json:"schema"`
	Run    string   `json:"run"`
	Files  []string `json:"files"` // those written, as they can be opened from here
}

func newReport(s *streams) *cobra.Command {
	var dir, out, format string
	cmd := &cobra.Command{
		Use: "report RUN", Short: "draw the report of a stored run", Args: one("the id of a run, or its beginning"),
		Long: `Draw a stored run again: index.html (works offline), summary.md and pictures.
Nothing is measured. With --format json the files' names are one JSON object.`,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			return withStore(dir, func(st *store.Store) error {
				rep, err := stored(st, args[0])
				if err != nil {
					return &usageError{err}
				}
				paths, err := reports.Write(out, rep)
				if err != nil {
					return err
				}
				if format == "json" {
					return json.NewEncoder(s.out).Encode(drawn{Schema: ReportSchema, Run: rep.Run.ID, Files: paths})
				}
				for _, path := range paths {
					fmt.Fprintln(s.out, path)
				}
				return nil
			})
		},
	}
	formatFlag(cmd, &format)
	cmd.Flags().StringVar(&dir, "store", ".sluice", "`folder` of the store")
	cmd.Flags().StringVar(&out, "report", "sluice-report", "`folder` for the report")
	return cmd
}

// stored puts a run together, given its id or the beginning of it.
func stored(st *store.Store, prefix string) (record.Report, error) {
	run, err := st.Run(prefix)
	if err != nil {
		return record.Report{}, err
	}
	return st.Outcomes(run.ID)
}
