package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/spf13/cobra"

	"sluice/harness/decide"
	"sluice/harness/lab"
	"sluice/harness/record"
	"sluice/harness/target"
	"sluice/workloads/corpus"
)

// What is measured is the scanner over a corpus, or a command with knobs of its
// own: --target FILE, or the command itself after --.

// priorCommandS is how long a launch of an unknown command is taken to last, until
// calibration knows better.
const priorCommandS = 1.0

func (f *measureFlags) addTarget(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.target, "target", "", "`file` that describes a command to measure in place of the scanner (a command in one line stands after --)")
}

// subject finds out what is measured and returns the arguments that are not part
// of a command line after --.
func (f *measureFlags) subject(cmd *cobra.Command, s *streams, args []string) (rest []string, err error) {
	dash := cmd.ArgsLenAtDash()
	switch {
	case dash >= 0 && f.target != "":
		return nil, usagef("both --target %s and a command after -- are given; use one of them", f.target)
	case dash >= 0 && dash < len(args):
		var cores []int
		if cores, err = target.Slice(f.cores); err == nil {
			f.def, err = target.ParseLine(args[dash:], len(cores))
		}
		rest = args[:dash]
	case f.target != "":
		f.def, err = target.ReadCommand(f.target)
		rest = args
	default:
		return args, nil
	}
	if err != nil {
		return nil, &usageError{err}
	}
	if !f.quiet {
		for _, note := range f.def.Notes {
			fmt.Fprintf(s.err, "sluice: %s\n", note)
		}
	}
	return rest, nil
}

// programDigest tells one build of a command's program from another, and one
// working directory from another: either makes other work of it. A program that a
// knob names, or a script that an interpreter reads, is not looked at.
func programDigest(def *target.Definition) string {
	folder := def.Dir
	if folder == "" {
		folder, _ = os.Getwd()
	}
	h := sha256.New()
	fmt.Fprintln(h, folder)
	if path, err := exec.LookPath(def.Program()); err == nil {
		if file, err := os.Open(path); err == nil {
			defer file.Close()      //nolint:errcheck // read only
			_, _ = io.Copy(h, file) // what cannot be read tells nothing
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// targetGoal is the goal of a command: its file's, unless flags say otherwise.
func (f *measureFlags) targetGoal(margin float64) (decide.Goal, error) {
	def, err := f.def.WithGoal(f.goal, f.require)
	if err != nil {
		return decide.Goal{}, err
	}
	f.def = def
	goal, err := decide.ParseGoal(def.Goal.Objective, def.Goal.Require, margin, def.Metrics...)
	goal.Foreign = true
	return goal, err
}

// targetCorpus resolves {corpus}, where the command asks for one. A command that
// asks for none has no PATH.
func (f *measureFlags) targetCorpus(ctx context.Context, s *streams, args []string) (corpus.Corpus, error) {
	if f.def.UsesCorpus() {
		return findCorpus(ctx, s, f.store, args)
	}
	if len(args) > 0 {
		return corpus.Corpus{}, usagef("found PATH %q, but %s has no {corpus} in it to put it in; leave it out", args[0], f.def.Name)
	}
	return corpus.Corpus{}, nil
}

// targetScenario describes a command on so many cores. Its trials all do the same,
// so that the corpus stands there by name alone.
func targetScenario(def *target.Definition, c corpus.Corpus, cores int) record.Scenario {
	sc := record.Scenario{Name: fmt.Sprintf("%s/%dc", def.Name, cores), Cores: cores}
	if def.UsesCorpus() {
		sc.Name = fmt.Sprintf("%s/%s/%dc", def.Name, c.Name, cores)
		sc.Corpus, sc.Root, sc.Fingerprint, sc.Files, sc.Bytes = c.Name, c.Root, c.Fingerprint, len(c.Files), c.Bytes
	}
	return sc
}

// scenarioOf describes what is measured on a storage, which only a scan has.
func (f *measureFlags) scenarioOf(c corpus.Corpus, storageName string, cores int) record.Scenario {
	if f.def != nil {
		return targetScenario(f.def, c, cores)
	}
	return scenario(c, storageName, cores)
}

// storages are the storage profiles of a scan; a command has one scenario, without.
func (f *measureFlags) storages() []string {
	if f.def != nil {
		return []string{""}
	}
	return f.storage
}

// work is what trials share: the corpus of a scan, nothing for a command.
func (f *measureFlags) work(c corpus.Corpus) corpus.Corpus {
	if f.def != nil {
		return corpus.Corpus{}
	}
	return c
}

// assigned is an arm of a command: the defaults with some values in their place.
func (f *measureFlags) assigned(text string) (lab.Arm, error) {
	config, err := target.ParseAssignments(f.def, cmpOr(text, "defaults"))
	if err != nil {
		return lab.Arm{}, &usageError{err}
	}
	return lab.Arm{Name: text, Config: config}, nil
}

// errNoScanFlags refuses what only a scan understands.
func (f *measureFlags) errNoScanFlags(cmd *cobra.Command) error {
	var errs []error
	for _, name := range []string{"storage", "no-prefilter", "rules"} {
		if flag := cmd.Flags().Lookup(name); flag != nil && flag.Changed {
			errs = append(errs, fmt.Errorf("--%s is for scans; %s is a command: leave it out", name, f.def.Name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return &usageError{err}
	}
	return nil
}
