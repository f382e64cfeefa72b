package target

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sluice/harness/record"
	"sluice/harness/space"
	"sluice/harness/unit"
)

// Definition is a command to be tuned, as data: what to run, which knobs it has
// and which figures it leaves behind. It is not changed after it was parsed.
type Definition struct {
	Name     string
	File     string             // that it was read from; empty for the one-line form
	Dir      string             // working directory of every command, absolute; empty is this process's
	Space    space.Space        // the knobs, in the order written
	Defaults record.Flat        // the reference: a value for every knob
	Metrics  []unit.Metric      // of its own, in the order written; wall_s, cpu_s and rss_peak_bytes come beside them
	Goal     record.Goal        // the objective is never balanced but a metric's full name
	Require  []unit.Requirement // of Goal, parsed
	Timeout  time.Duration      // of one launch; 0: the job's limit alone
	ExitOK   []int              // exit codes of success; empty: 0 alone
	Notes    []string           // what was chosen where nothing was said, to be told once

	command          []template
	env              []variable
	stdin            template
	prepare, cleanup [][]template
	sources          []source        // of Metrics, one each
	timed            map[string]bool // by full name
}

// variable is one of the environment.
type variable struct {
	name  string
	value template
}

// Timed tells whether an objective is a time, so that a quiet machine matters.
// When none is, nobody waits for quiet and no disturbed block is run again.
func (d *Definition) Timed() bool {
	return slices.ContainsFunc(strings.Split(d.Goal.Objective, ","), func(name string) bool { return d.timed[name] })
}

// Program is the command's first word as it is written.
func (d *Definition) Program() string {
	if len(d.command) == 0 {
		return ""
	}
	return d.command[0].text
}

// Alone says why two launches at the same moment would disturb each other's files;
// empty where they would not.
func (d *Definition) Alone() string {
	if len(d.prepare) > 0 || len(d.cleanup) > 0 {
		return "its prepare or cleanup would run beside the other's trial"
	}
	if slices.ContainsFunc(d.sources, func(s source) bool { return s.from == fromFile }) {
		return "both would leave their figures in the same file"
	}
	return ""
}

// UsesCorpus tells whether {corpus} stands anywhere in the definition.
func (d *Definition) UsesCorpus() bool { return slices.Contains(names(d.templates()...), "corpus") }

// templates is every text of the definition that may hold a placeholder.
func (d *Definition) templates() []template {
	all := slices.Concat(d.command, []template{d.stdin})
	for _, list := range slices.Concat(d.prepare, d.cleanup) {
		all = append(all, list...)
	}
	for _, v := range d.env {
		all = append(all, v.value)
	}
	for _, s := range d.sources {
		all = append(all, s.path)
	}
	return all
}

// Digest is equal for definitions whose trials may stand in one run: everything
// that decides what is run, which values may be tried, what is read and what the
// goal is. Name, comments and notes are not in it.
func (d *Definition) Digest() string {
	h := sha256.New()
	write := func(parts ...any) { fmt.Fprintf(h, "%#v\n", parts) }
	write("command", d.Dir, texts(d.command), d.stdin.text, d.Timeout, d.ExitOK)
	for _, v := range d.env {
		write("env", v.name, v.value.text)
	}
	for _, list := range d.prepare {
		write("prepare", texts(list))
	}
	for _, list := range d.cleanup {
		write("cleanup", texts(list))
	}
	for _, p := range d.Space {
		write("knob", fmt.Sprintf("%#v", p), Render(d.Defaults[p.Name]))
	}
	for i, s := range d.sources {
		write("metric", s.where(), fmt.Sprintf("%+v", d.Metrics[i]))
	}
	write("goal", d.Goal.Objective, d.Goal.Require, d.Timed())
	return hex.EncodeToString(h.Sum(nil)[:8])
}

func texts(ts []template) []string {
	all := make([]string, len(ts))
	for i, t := range ts {
		all[i] = t.text
	}
	return all
}

// Options are what every launch of a command shares.
type Options struct {
	Corpus string // what {corpus} stands for, absolute; needed where Definition.UsesCorpus
	Seed   uint64 // of the run: {seed}
	Cores  []int  // of the scenario; {cores} is their number. Needed: at least one
	Means  Means
}

// Command measures launches of one Definition. It is safe for concurrent use as
// far as the command itself is.
type Command struct {
	def     *Definition
	options Options
}

// New returns the command ready to be measured. It finds out now what would
// otherwise fail every trial: a program, a folder or a corpus that is not there.
func (d *Definition) New(o Options) (*Command, error) {
	var errs []error
	if len(o.Cores) == 0 {
		errs = append(errs, errors.New("a command without cores to run on; name at least one"))
	}
	if d.UsesCorpus() && !filepath.IsAbs(o.Corpus) {
		errs = append(errs, fmt.Errorf("%s uses {corpus}, and there is none; name a folder or a corpus", d.label()))
	}
	if d.Dir != "" {
		if info, err := os.Stat(d.Dir); err != nil {
			errs = append(errs, fmt.Errorf("working directory of %s: %w", d.label(), err))
		} else if !info.IsDir() {
			errs = append(errs, fmt.Errorf("working directory of %s: %s is not a directory", d.label(), d.Dir))
		}
	}
	errs = append(errs, d.checkPrograms())
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &Command{def: d, options: o}, nil
}

// label is what messages call the target.
func (d *Definition) label() string {
	if d.File != "" {
		return d.File
	}
	return "the command"
}

// checkPrograms looks for the programs whose names hold no placeholder. One with
// a slash may yet be made by prepare.
func (d *Definition) checkPrograms() error {
	var errs []error
	for _, list := range slices.Concat([][]template{d.command}, d.prepare, d.cleanup) {
		program := list[0]
		if len(names(program)) > 0 || strings.Contains(program.render(nil), "/") {
			continue
		}
		if _, err := exec.LookPath(program.render(nil)); errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrPermission) {
			errs = append(errs, fmt.Errorf("%s: program %q is not in PATH; install it, or give its path", d.label(), program.text))
		}
	}
	return errors.Join(errs...)
}
