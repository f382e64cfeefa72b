package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sluice/harness/record"
	"sluice/harness/target"
	"sluice/scanner/config"
)

// emissions are the forms in which a configuration is handed to another program.
func emissions() []string { return []string{"env", "flags", "json"} }

// replaceFile writes a file whole or not at all, and its folder if need be.
func replaceFile(name string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return fmt.Errorf("folder of %s: %w", name, err)
	}
	temporary := name + ".new"
	if err := os.WriteFile(temporary, text, 0o644); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return os.Rename(temporary, name)
}

// knobsFile is a file of a command's knobs: JSON where it is called so, else YAML
// under a line that says where the values come from.
func knobsFile(name, from string, flat record.Flat) ([]byte, error) {
	if filepath.Ext(name) == ".json" {
		data, err := json.MarshalIndent(flat, "", "  ")
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", name, err)
		}
		return append(data, '\n'), nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", from)
	for _, knob := range slices.Sorted(maps.Keys(flat)) {
		value, err := json.Marshal(flat[knob])
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", name, err)
		}
		fmt.Fprintf(&b, "%s: %s\n", knob, value)
	}
	return []byte(b.String()), nil
}

// emitFlag adds --emit to a command that recommends.
func (f *tuneFlags) emitFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.emit, "emit", "", "print the recommended configuration alone on standard output, as `form` env, flags or json; the words go to standard error")
	complete(cmd, "emit", emissions())
}

// emitting gives standard output to the recommended configuration alone: the words
// go where progress goes.
func (f *tuneFlags) emitting(s *streams) (*streams, error) {
	if f.emit == "" {
		return s, nil
	}
	if err := known("--emit", f.emit, emissions()); err != nil {
		return nil, err
	}
	switch {
	case f.plan:
		return nil, usagef("--plan measures nothing, so that there is nothing to --emit; leave out one of them")
	case f.format == "json":
		return nil, usagef("--emit and --format json both want standard output; --emit json prints the configuration, sluice runs show RUN --format json all the rest")
	case f.def == nil && len(f.storage) > 1:
		return nil, usagef("--emit prints one configuration, and --storage names %d storages; name one", len(f.storage))
	}
	return &streams{in: s.in, out: s.err, err: s.err}, nil
}

// emitted prints the recommended configuration once the work is done.
func (f *tuneFlags) emitted(s *streams, ses *session, err error) error {
	if err != nil || f.emit == "" {
		return err
	}
	for _, o := range ses.said {
		if err := emitFlat(s, f.def, o.Recommendation.Recommended.Config, o.Scenario.Cores, f.emit); err != nil {
			return err
		}
	}
	return nil
}

// emitFlat prints a stored configuration: of a command, or of the scanner.
func emitFlat(s *streams, def *target.Definition, flat record.Flat, cores int, as string) error {
	if def != nil {
		return emitKnobs(s, def, flat, as)
	}
	cfg, err := config.Default(cores).WithFlat(flat)
	if err != nil {
		return err
	}
	return emitScanner(s.out, cfg, as)
}

// emitScanner prints the scanner's configuration: what sluice scan takes as flags,
// variables by the knobs' names in the words of the file, or a flat object.
func emitScanner(w io.Writer, cfg config.Config, as string) error {
	if as == "json" {
		return json.NewEncoder(w).Encode(cfg.Flat())
	}
	var pairs [][2]string
	var flags []string
	for _, a := range cfg.Assignments() {
		pairs = append(pairs, [2]string{a.Knob, a.Text})
		flags = append(flags, "--set", a.Knob+"="+a.Text)
	}
	if as == "flags" {
		return printFlags(w, flags)
	}
	return printVariables(w, nil, pairs)
}

// emitKnobs prints a command's configuration. What cannot be said in the form that
// was asked for is named on standard error.
func emitKnobs(s *streams, def *target.Definition, flat record.Flat, as string) error {
	knobs := slices.Sorted(maps.Keys(flat))
	switch as {
	case "json":
		return json.NewEncoder(s.out).Encode(flat)
	case "flags":
		if missing := slices.DeleteFunc(knobs, def.InArguments); len(missing) > 0 {
			s.warn("the arguments of %s do not hold %s; --emit env or json does", def.Name, strings.Join(missing, ", "))
		}
		return printFlags(s.out, def.Arguments(flat))
	}
	var pairs [][2]string
	for _, knob := range knobs {
		if !def.InVariables(knob) {
			pairs = append(pairs, [2]string{knob, target.Render(flat[knob])})
		}
	}
	return printVariables(s.out, def.Variables(flat), pairs)
}

// printFlags prints arguments on one line that a shell reads back.
func printFlags(w io.Writer, words []string) error {
	const program = "x" // a first word is quoted more than the others
	line := strings.TrimPrefix(target.ShellLine(append([]string{program}, words...)), program)
	_, err := fmt.Fprintln(w, strings.TrimPrefix(line, " "))
	return err
}

// printVariables prints NAME=value, one a line, so that a shell, env(1) and a
// service's environment file read them: variables as they are, then knobs under
// names made of theirs. Two knobs of one name are refused.
func printVariables(w io.Writer, own, knobs [][2]string) error {
	of := map[string]string{}
	var lines []string
	var faults []error
	add := func(name, knob, value string) {
		if other, taken := of[name]; taken {
			faults = append(faults, fmt.Errorf("%s and %s would both be the variable %s; use json", other, knob, name))
		}
		of[name] = knob
		lines = append(lines, name+"="+target.ShellLine([]string{value}))
	}
	for _, v := range own {
		add(v[0], v[0], v[1])
	}
	for _, k := range knobs {
		add(variableName(k[0]), k[0], k[1])
	}
	if err := errors.Join(faults...); err != nil {
		return &usageError{err}
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

// variableName makes IO_WORKERS of io.workers.
func variableName(knob string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			return r
		}
		return '_'
	}, knob)
}
