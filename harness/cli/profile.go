package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"sluice/harness/profile"
	"sluice/harness/record"
	"sluice/harness/store"
	"sluice/harness/unit"
)

// profileFlags are those of the commands below sluice profile.
type profileFlags struct {
	store    string
	scenario string
	kind     string
	format   string
	html     string
	out      string
	top      int
}

func newProfile(s *streams) *cobra.Command {
	f := &profileFlags{}
	cmd := &cobra.Command{
		Use:   "profile",
		Short: "list, show and compare profiles, by pool; flame graphs",
		Long: `Show where a scan's time and memory go: by pool of workers, by station, by
function, and as a flame graph. Profiles come from a run's extra trials (--profile
of tune, run and compare; collect: in an experiment), or from files:

  sluice scan --profile cpu,fgprof --profile-dir before PATH
  sluice profile show before --html before.html
  sluice profile diff before after --kind fgprof`,
		Args: noCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&f.store, "store", ".sluice", "`folder` of the store")
	cmd.AddCommand(profileList(s, f), profileShow(s, f), profileDiff(s, f))
	return cmd
}

func (f *profileFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.kind, "kind", "", "`kind` of profile: "+strings.Join(shownKinds(), ", ")+" (default cpu, or what the file is)")
	flags.StringVar(&f.scenario, "scenario", "", "`name` of the scenario, where a run profiled in several")
	flags.StringVar(&f.html, "html", "", "draw a flame graph into `file`")
	flags.StringVar(&f.out, "out", "", "write the profile, merged, for go tool pprof into `file`")
	flags.IntVar(&f.top, "top", 15, "`number` of functions to list; 0 all")
	formatFlag(cmd, &f.format)
	complete(cmd, "kind", shownKinds())
}

// shownKinds are the kinds that can be shown: all but the trace.
func shownKinds() []string {
	return slices.DeleteFunc(profile.Kinds(), func(kind string) bool { return kind == profile.Trace })
}

func (f *profileFlags) check() error {
	if err := checkFormat(f.format); err != nil {
		return err
	}
	if f.top < 0 {
		return usagef("--top %d is no number of functions; use 0 for all, or more", f.top)
	}
	switch f.kind {
	case "":
		return nil
	case profile.Trace:
		return usagef("an execution trace has no samples to show; open it with go tool trace")
	}
	if err := profile.Unknown(f.kind); err != nil {
		return usagef("--kind: %w", err)
	}
	return nil
}

func profileList(s *streams, f *profileFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use: "list RUN", Short: "list the profiles that a run kept", Args: one("the id of a run, or its beginning"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := checkFormat(f.format); err != nil {
				return err
			}
			return withStore(f.store, func(st *store.Store) error {
				rep, err := stored(st, args[0])
				if err != nil {
					return &usageError{err}
				}
				return listProfiles(s.out, rep, f.format)
			})
		},
	}
	formatFlag(cmd, &f.format)
	return cmd
}

// keptKind is what a run kept of one kind of one configuration.
type keptKind struct {
	Scenario string `json:"scenario"`
	Arm      string `json:"arm"`
	Kind     string `json:"kind"`
	Trials   int    `json:"trials"`
	Bytes    int64  `json:"bytes"`
}

func listProfiles(w io.Writer, rep record.Report, format string) error {
	var all []keptKind
	for _, o := range rep.Outcomes {
		for _, arm := range arms(o.Trials) {
			trials := profiling(o.Trials, arm)
			for _, kind := range profile.Kinds() {
				if n, bytes := kept(trials, kind); n > 0 {
					all = append(all, keptKind{o.Scenario.Name, arm, kind, n, bytes})
				}
			}
		}
	}
	if len(all) == 0 {
		return noProfiles(rep.Run.ID)
	}
	if format == "json" {
		for _, k := range all {
			if err := json.NewEncoder(w).Encode(k); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "SCENARIO\tARM\tPROFILE\tTRIALS\tSIZE")
	for _, k := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\n", k.Scenario, k.Arm, k.Kind, k.Trials, unit.Bytes(k.Bytes))
	}
	return table.Flush()
}

func profileShow(s *streams, f *profileFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show RUN [ARM] | FILE | FOLDER",
		Short: "where time or memory goes: by pool, by station, by function",
		Args:  between(1, 2, "a run and perhaps one of its configurations, or a file, or a folder of profiles"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			p, err := f.open(args)
			if err != nil {
				return err
			}
			return f.show(s, strings.Join(args, " "), p)
		},
	}
	f.add(cmd)
	return cmd
}

func profileDiff(s *streams, f *profileFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "diff RUN ARM_A ARM_B | FILE_A FILE_B | FOLDER_A FOLDER_B",
		Short: "what grew and what shrank from one configuration to another",
		Args:  between(2, 3, "a run and two of its configurations, or two files or folders"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			a, b := args[:1], args[1:]
			if len(args) == 3 {
				a, b = args[:2], []string{args[0], args[2]}
			}
			base, err := f.open(a)
			if err != nil {
				return err
			}
			changed, err := f.open(b)
			if err != nil {
				return err
			}
			return f.diff(s, strings.Join(a, " "), strings.Join(b, " "), base, changed)
		},
	}
	f.add(cmd)
	return cmd
}

func between(least, most int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < least || len(args) > most {
			return usagef("%s needs %s, found %d arguments", cmd.CommandPath(), what, len(args))
		}
		return nil
	}
}

// show prints, draws and writes one profile.
func (f *profileFlags) show(s *streams, name string, p *profile.Profile) error {
	shares, err := p.Shares()
	if err != nil {
		return usagef("%s: %w", name, err)
	}
	err = errors.Join(
		writeTo("--html", f.html, func(w io.Writer) error { return flameOf(w, name, p, shares) }),
		writeTo("--out", f.out, p.Write))
	if err != nil {
		return err
	}
	if f.format == "json" {
		return json.NewEncoder(s.out).Encode(struct {
			Schema string `json:"schema"`
			profile.Shares
			Top []profile.Function `json:"top"`
		}{"sluice.profile/v1", shares, p.Top(f.top)})
	}
	return showProfile(s.out, shares, p.Top(f.top))
}

// diff prints, draws and writes the difference of two profiles.
func (f *profileFlags) diff(s *streams, a, b string, base, changed *profile.Profile) error {
	d, err := profile.Compare(base, changed, f.top)
	if err != nil {
		return usagef("%s and %s: %w", a, b, err)
	}
	err = errors.Join(
		writeTo("--html", f.html, func(w io.Writer) error { return flameOfDifference(w, a, b, base, changed, d) }),
		writeTo("--out", f.out, func(w io.Writer) error {
			delta, err := profile.Delta(base, changed)
			if err != nil {
				return err
			}
			return delta.Write(w)
		}))
	if err != nil {
		return err
	}
	if f.format == "json" {
		return json.NewEncoder(s.out).Encode(struct {
			Schema string `json:"schema"`
			profile.Difference
		}{"sluice.profile-difference/v1", d})
	}
	return showDifference(s.out, a, b, d)
}

// writeTo writes a file that a flag names; none for an empty name.
func writeTo(flag, path string, write func(io.Writer) error) error {
	if path == "" {
		return nil
	}
	file, err := os.Create(path)
	if err != nil {
		return usagef("%s: %w (name a file that can be written)", flag, err)
	}
	return errors.Join(write(file), file.Close())
}
