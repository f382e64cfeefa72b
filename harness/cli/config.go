package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"sluice/harness/record"
	"sluice/harness/target"
	"sluice/scanner/config"
)

// DiffSchema names the JSON object that config diff prints.
const DiffSchema = "sluice.config-diff/v1"

// configFlags are shared by the commands about configurations.
type configFlags struct {
	cores  int // that auto and missing knobs are resolved for
	format string
}

func newConfig(s *streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "check, describe, compare and hand on configuration files",
		Args:  noCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(configValidate(s), configSchema(s), configDiff(s), configEmit(s))
	return cmd
}

func (f *configFlags) addCores(cmd *cobra.Command) {
	cmd.Flags().IntVar(&f.cores, "cores", 0, "usable cores of the machine it is for (default: this one's)")
}

// usable is --cores, or what this machine has.
func (f *configFlags) usable() (int, error) {
	if f.cores < 0 {
		return 0, usagef("--cores is %d; use 1 or more", f.cores)
	}
	if f.cores > 0 {
		return f.cores, nil
	}
	cores, err := target.Slice(0)
	return len(cores), err
}

// configFiles completes names of files, and of presets where they are taken.
func configFiles(presets bool, most int) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		switch {
		case most > 0 && len(args) >= most:
			return nil, cobra.ShellCompDirectiveNoFileComp
		case presets:
			return presetNames(), cobra.ShellCompDirectiveDefault
		}
		return []string{"yaml", "yml", "json"}, cobra.ShellCompDirectiveFilterFileExt
	}
}

func configSchema(s *streams) *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "print the JSON Schema of sluice.yaml, for editors", Args: none,
		Long: `Print the JSON Schema (draft 2020-12) of sluice.yaml, made from the table of knobs
that reading and writing go by. An editor with a YAML language server completes
and checks the file after this first line:

  # yaml-language-server: $schema=sluice.schema.json`,
		RunE: func(*cobra.Command, []string) error {
			data, err := config.Schema()
			if err != nil {
				return err
			}
			_, err = s.out.Write(data)
			return err
		},
	}
}

func configDiff(s *streams) *cobra.Command {
	f := &configFlags{}
	var all, exitCode bool
	cmd := &cobra.Command{
		Use:   "diff A B",
		Short: "compare two configurations knob by knob, without measuring",
		Long: `Compare two configurations, presets or files, knob by knob, and say what auto comes
to. Nothing is measured: sluice compare A B does that.

Exit status: 0, also if they differ; with --exit-code 1 if they do.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usagef("%s needs two configurations, found %d; as in: sluice config diff default sluice.yaml (presets: %s)", cmd.CommandPath(), len(args), strings.Join(presetNames(), ", "))
			}
			return nil
		},
		ValidArgsFunction: configFiles(true, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := checkFormat(f.format); err != nil {
				return err
			}
			return f.diff(s, args[0], args[1], all, exitCode)
		},
	}
	f.addCores(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "list the knobs that are equal, too")
	cmd.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 1 if the configurations differ")
	formatFlag(cmd, &f.format)
	return cmd
}

// configDifference is what config diff says.
type configDifference struct {
	Schema    string              `json:"schema"`
	A         string              `json:"a"`
	B         string              `json:"b"`
	Cores     int                 `json:"cores"`     // that auto was resolved for
	Different int                 `json:"different"` // knobs
	Knobs     []config.Difference `json:"knobs"`     // the different ones; with --all every one
}

func (f *configFlags) diff(s *streams, a, b string, all, exitCode bool) error {
	cores, err := f.usable()
	if err != nil {
		return err
	}
	one, errA := configuration(a, false, cores)
	other, errB := configuration(b, false, cores)
	if err := errors.Join(errA, errB); err != nil {
		return err
	}
	rows := config.Diff(one.Config, other.Config, cores, all)
	differs := len(config.Diff(one.Config, other.Config, cores, false))
	if f.format == "json" {
		err = json.NewEncoder(s.out).Encode(configDifference{Schema: DiffSchema, A: a, B: b, Cores: cores, Different: differs, Knobs: rows})
	} else {
		err = printDiff(s.out, [2]string{a, b}, rows, differs)
	}
	if err != nil {
		return err
	}
	if exitCode && differs > 0 {
		return &policyError{fmt.Sprintf("%s differ", counted(differs, "knob"))}
	}
	return nil
}

func printDiff(w io.Writer, names [2]string, rows []config.Difference, differs int) error {
	if differs == 0 {
		fmt.Fprintf(w, "%s and %s are the same\n", names[0], names[1])
	}
	if len(rows) == 0 {
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintf(table, "KNOB\t%s\t%s\n", names[0], names[1])
	for _, d := range rows {
		note := ""
		if d.Same && d.A.Value != d.B.Value {
			note = "\tthe same here"
		}
		fmt.Fprintf(table, "%s\t%s\t%s%s\n", d.Knob, settingText(d.A), settingText(d.B), note)
	}
	return table.Flush()
}

// settingText is a value as written, with what it comes to where that is more.
func settingText(v config.Setting) string {
	switch {
	case v.Text == "":
		return "-"
	case v.Text == v.Means:
		return v.Text
	}
	return v.Text + " (" + v.Means + ")"
}

func configEmit(s *streams) *cobra.Command {
	f := &configFlags{}
	var as, file string
	cmd := &cobra.Command{
		Use:   "emit FILE --as env|flags|json",
		Short: "print a configuration as variables, as arguments or as flat JSON",
		Long: `Print a configuration for another program to take: as variables (IO_WORKERS=8, one a
line), as arguments of sluice scan (--set io.workers=8 …), or as one flat JSON
object with sizes in bytes and durations in seconds. auto is resolved. FILE is a
file or a preset.

With --target FILE is a file of a command's knobs, as tune writes it: variables and
arguments are then those of the command, as they stand there.`,
		Example: `  sluice scan --config default $(sluice config emit sluice.yaml --as flags) src
  sluice config emit knobs.yaml --target target.yaml --as flags`,
		Args:              one("a configuration file or a preset"),
		ValidArgsFunction: configFiles(true, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if as == "" {
				return usagef("%s needs --as %s", cmd.CommandPath(), strings.Join(emissions(), ", or --as "))
			}
			if err := known("--as", as, emissions()); err != nil {
				return err
			}
			return f.emit(s, args[0], file, as)
		},
	}
	f.addCores(cmd)
	cmd.Flags().StringVar(&as, "as", "", "`form`: env, flags or json")
	cmd.Flags().StringVar(&file, "target", "", "`file` that describes the command whose knobs FILE holds")
	complete(cmd, "as", emissions())
	return cmd
}

func (f *configFlags) emit(s *streams, name, targetFile, as string) error {
	if targetFile != "" {
		def, err := target.ReadCommand(targetFile)
		if err != nil {
			return &usageError{err}
		}
		flat, err := readKnobs(def, name)
		if err != nil {
			return err
		}
		return emitKnobs(s, def, flat, as)
	}
	cores, err := f.usable()
	if err != nil {
		return err
	}
	file, err := configuration(name, false, cores)
	if err != nil {
		return err
	}
	cfg := file.Config.Resolve(cores)
	if err := cfg.Validate(); err != nil {
		return usagef("%s: %w", name, err)
	}
	return emitScanner(s.out, cfg, as)
}

// readKnobs reads a file of a command's knobs.
func readKnobs(def *target.Definition, name string) (record.Flat, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, usagef("configuration of %s: %w", def.Name, err)
	}
	flat, err := target.ParseValues(def, name, data)
	if err != nil {
		return nil, &usageError{err}
	}
	return flat, nil
}
