package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sluice/harness/profile"
	"sluice/harness/record"
	"sluice/harness/store"
	"sluice/scanner/config"
)

// open reads a file, a folder's profile of the kind, or the merged profiles of a
// run's configuration.
func (f *profileFlags) open(args []string) (*profile.Profile, error) {
	if len(args) == 2 {
		return f.ofRun(args[0], args[1])
	}
	info, err := os.Stat(args[0])
	switch {
	case err == nil && info.IsDir():
		return f.ofFolder(args[0])
	case err == nil:
		return f.ofFile(args[0])
	case strings.ContainsAny(args[0], `/\.`):
		return nil, usagef("%w (name a profile, a folder of profiles, or a run)", err)
	default:
		return f.ofRun(args[0], "")
	}
}

func (f *profileFlags) ofFile(path string) (*profile.Profile, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, &usageError{err}
	}
	defer file.Close() //nolint:errcheck // read only
	p, err := profile.Load(path, file)
	if err != nil {
		return nil, &usageError{err}
	}
	if f.kind != "" && p.Kind != f.kind {
		return nil, usagef("%s is a profile of kind %s, not %s; leave --kind out", path, p.Kind, f.kind)
	}
	return p, nil
}

func (f *profileFlags) ofFolder(dir string) (*profile.Profile, error) {
	kind := cmpOr(f.kind, profile.CPU)
	path := filepath.Join(dir, profile.FileName(kind))
	if _, err := os.Stat(path); err == nil {
		return f.ofFile(path)
	}
	var there []string
	for _, k := range shownKinds() {
		if _, err := os.Stat(filepath.Join(dir, profile.FileName(k))); err == nil {
			there = append(there, k)
		}
	}
	return nil, usagef("%s holds no profile of kind %s; %s", dir, kind, holds(there))
}

// holds says which kinds there are instead.
func holds(there []string) string {
	if len(there) == 0 {
		return "it holds none at all; write some with sluice scan --profile cpu --profile-dir DIR"
	}
	return "it holds " + strings.Join(there, ", ")
}

// ofRun merges what a run kept of one configuration in one scenario.
func (f *profileFlags) ofRun(run, arm string) (p *profile.Profile, err error) {
	kind := cmpOr(f.kind, profile.CPU)
	err = withStore(f.store, func(st *store.Store) error {
		rep, err := stored(st, run)
		if err != nil {
			return &usageError{err}
		}
		all, err := inScenario(rep, f.scenario)
		if err != nil {
			return err
		}
		trials, err := trialsOf(rep.Run.ID, all, arm)
		if err != nil {
			return err
		}
		if p, err = profile.Of(trials, kind, func(digest string) (io.ReadCloser, error) { return st.OpenFile(digest) }); err != nil || p != nil {
			return err
		}
		var there []string
		for _, k := range shownKinds() {
			if n, _ := kept(trials, k); n > 0 {
				there = append(there, k)
			}
		}
		return usagef("run %s kept no profile of kind %s of %s; %s", rep.Run.ID, kind, trials[0].Arm, holds(there))
	})
	return p, err
}

// inScenario are the trials of a scenario, or of the only one that was profiled in.
func inScenario(rep record.Report, name string) ([]record.Trial, error) {
	var names []string
	all := map[string][]record.Trial{}
	for _, o := range rep.Outcomes {
		if slices.ContainsFunc(o.Trials, func(t record.Trial) bool { return t.Phase == record.Profiling }) {
			names = append(names, o.Scenario.Name)
			all[o.Scenario.Name] = o.Trials
		}
	}
	switch {
	case len(names) == 0:
		return nil, noProfiles(rep.Run.ID)
	case name == "" && len(names) == 1:
		name = names[0]
	case name == "":
		return nil, usagef("run %s was profiled in several scenarios; name one with --scenario: %s", rep.Run.ID, strings.Join(names, ", "))
	case !slices.Contains(names, name):
		return nil, usagef("run %s was not profiled in a scenario %q%s; there are %s", rep.Run.ID, name, didYouMean(name, names), strings.Join(names, ", "))
	}
	return all[name], nil
}

// trialsOf are the profiling trials of an arm, or of the only one that has some.
func trialsOf(run string, all []record.Trial, arm string) ([]record.Trial, error) {
	var named []string
	for _, name := range arms(all) {
		if len(profiling(all, name)) > 0 {
			named = append(named, name)
		}
	}
	switch {
	case len(named) == 0:
		return nil, noProfiles(run)
	case arm == "" && len(named) == 1:
		arm = named[0]
	case arm == "":
		return nil, usagef("run %s kept profiles of %s; name one of them", run, strings.Join(named, ", "))
	case !slices.Contains(named, arm):
		return nil, usagef("run %s kept no profile of %q%s; there are %s", run, arm, didYouMean(arm, named), strings.Join(named, ", "))
	}
	return profiling(all, arm), nil
}

func noProfiles(run string) error {
	return usagef("run %s kept no profile; ask for some with --profile cpu,fgprof of tune, run or compare, with collect: in the experiment, or with sluice scan --profile", run)
}

// arms lists the names of the configurations, in the order of their first trial.
func arms(trials []record.Trial) (names []string) {
	for _, t := range trials {
		if !slices.Contains(names, t.Arm) {
			names = append(names, t.Arm)
		}
	}
	return names
}

// profiling are the profiling trials of an arm.
func profiling(trials []record.Trial, arm string) (of []record.Trial) {
	for _, t := range trials {
		if t.Phase == record.Profiling && t.Arm == arm {
			of = append(of, t)
		}
	}
	return of
}

// kept counts the profiles of a kind.
func kept(trials []record.Trial, kind string) (n int, bytes int64) {
	for _, t := range trials {
		for _, file := range t.Files {
			if file.Name == profile.FileName(kind) {
				n++
				bytes += file.Bytes
			}
		}
	}
	return n, bytes
}

// didYouMean names the nearest, if one is near.
func didYouMean(name string, among []string) string {
	if near := config.Nearest(name, among); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}
