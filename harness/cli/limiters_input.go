package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"sluice/harness/plant"
	"sluice/scanner/config"
	"sluice/scanner/limiter"
)

// parse finds who and what takes part, and the first seed; all faults at once. given
// says whether a flag was.
func (f *limitersFlags) parse(given func(flag string) bool) (specs []plant.Spec, contestants []plant.Contestant, first uint64, err error) {
	specs, plantErr := findPlants(f.plants)
	contestants, limiterErr := f.findContestants(given("limiter"))
	first, seedErr := f.checkSeeds()
	err = errors.Join(plantErr, limiterErr, seedErr, f.checkTogether(given))
	if err != nil {
		return nil, nil, 0, &usageError{err}
	}
	return specs, contestants, first, nil
}

// checkTogether finds flags that say nothing, or contradict each other.
func (f *limitersFlags) checkTogether(given func(flag string) bool) error {
	var errs []error
	if given("vary") && f.vary == "" {
		errs = append(errs, fmt.Errorf("--vary is empty; name a rule (%s)", strings.Join(algorithmNames(), ", ")))
	}
	if given("report") && f.report == "" {
		errs = append(errs, errors.New("--report is empty; name a folder, or leave it out"))
	}
	for _, flag := range []string{"vary", "report"} {
		if f.list && given(flag) {
			errs = append(errs, fmt.Errorf("--list simulates nothing; leave out --%s", flag))
		}
	}
	return errors.Join(errs...)
}

// findPlants resolves the names and files of plants; none are all that have a name.
func findPlants(names []string) ([]plant.Spec, error) {
	builtin := plant.Builtin()
	if len(names) == 0 {
		return builtin, nil
	}
	var specs []plant.Spec
	var errs []error
	for _, name := range names {
		p, err := findPlant(builtin, name)
		switch twice := slices.ContainsFunc(specs, func(s plant.Spec) bool { return s.Name == p.Name }); {
		case err != nil:
			errs = append(errs, err)
		case twice:
			errs = append(errs, fmt.Errorf("--plant %s: there are two plants %q; leave one out, or rename it", name, p.Name))
		default:
			specs = append(specs, p)
		}
	}
	return specs, errors.Join(errs...)
}

func findPlant(builtin []plant.Spec, name string) (plant.Spec, error) {
	if i := slices.IndexFunc(builtin, func(p plant.Spec) bool { return p.Name == name }); i >= 0 {
		return builtin[i], nil
	}
	if name == "" {
		return plant.Spec{}, errors.New("--plant is empty; give a name or a file (sluice limiters --list names the plants)")
	}
	if !looksLikeFile(name) {
		advice := meant(name, plantNames())
		if advice == "" {
			advice = fmt.Sprintf("; a file is named with a path or an extension, as in %q", "./"+name+".yaml")
		}
		return plant.Spec{}, fmt.Errorf("unknown plant %q%s (sluice limiters --list names the plants)", name, advice)
	}
	data, err := readPlant(name)
	if err != nil {
		return plant.Spec{}, fmt.Errorf("plant: %w (sluice limiters --list names those that need no file)", err)
	}
	return plant.Parse(name, data)
}

// mostPlant is far more than a plant needs, in bytes.
const mostPlant = 1 << 20

// readPlant reads a regular file: a pipe or a device might never end, and the wait
// for it does not hear Ctrl-C.
func readPlant(name string) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, fmt.Errorf("open %s: %w", name, errors.Unwrap(err))
	case info.IsDir():
		return nil, fmt.Errorf("%s is a folder; name a file", name)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file; copy what it gives into one", name)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, mostPlant+1))
	if err == nil && len(data) > mostPlant {
		err = fmt.Errorf("%s is larger than 1 MiB; a plant is a few lines", name)
	}
	return data, err
}

// meant is the advice after a wrong name.
func meant(name string, among []string) string {
	if near := config.Nearest(name, among); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

// findContestants are those who were asked for, or all; the oracle and static
// limits are always among them. In a study they are the variations of one rule,
// and the oracle. named says whether somebody was asked for.
func (f *limitersFlags) findContestants(named bool) ([]plant.Contestant, error) {
	all := plant.Contestants()
	if f.vary != "" {
		switch {
		case named:
			return nil, errors.New("--vary puts a rule against itself; leave out --limiter")
		case !slices.Contains(algorithmNames(), f.vary):
			return nil, fmt.Errorf("--vary: unknown rule %q%s (rules are %s)", f.vary, meant(f.vary, algorithmNames()), strings.Join(algorithmNames(), ", "))
		}
		return append(ofKind(all, plant.Oracle), plant.Vary(f.vary)...), nil
	}
	if !named {
		return all, nil
	}
	if len(f.limiters) == 0 {
		return nil, errEmptyLimiter
	}
	contestants := ofKind(all, plant.Oracle, plant.Static)
	var errs []error
	for _, text := range f.limiters {
		c, err := findContestant(all, strings.TrimSpace(text))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if !slices.ContainsFunc(contestants, func(other plant.Contestant) bool { return other.Name == c.Name }) {
			contestants = append(contestants, c)
		}
	}
	return contestants, errors.Join(errs...)
}

var errEmptyLimiter = errors.New("--limiter is empty, or has an empty name among others; give a name (sluice limiters --list names them)")

// ofKind are the contestants of some kinds.
func ofKind(all []plant.Contestant, kinds ...string) []plant.Contestant {
	return slices.DeleteFunc(slices.Clone(all), func(c plant.Contestant) bool { return !slices.Contains(kinds, c.Kind) })
}

// findContestant resolves NAME, or NAME:INITIAL[:MAX] of a rule of ours.
func findContestant(all []plant.Contestant, text string) (plant.Contestant, error) {
	if text == "" {
		return plant.Contestant{}, errEmptyLimiter
	}
	name, bounds, numbered := strings.Cut(text, ":")
	if i := slices.IndexFunc(all, func(c plant.Contestant) bool { return c.Name == text }); i >= 0 {
		return all[i], nil
	}
	i := slices.IndexFunc(limiter.Algorithms(), func(a limiter.Algorithm) bool { return a.Name == name })
	switch {
	case i < 0 && slices.ContainsFunc(all, func(c plant.Contestant) bool { return c.Name == name }):
		return plant.Contestant{}, fmt.Errorf("--limiter %s: %q takes no limits, only our own rules do (%s)", text, name, strings.Join(algorithmNames(), ", "))
	case i < 0:
		return plant.Contestant{}, fmt.Errorf("unknown limiter %q%s (sluice limiters --list names them)", name, meant(name, limiterNames()))
	}
	a := limiter.Algorithms()[i]
	b, err := boundsOf(a.Bounds, bounds, numbered)
	if err != nil {
		return plant.Contestant{}, fmt.Errorf("--limiter %s: %w", text, err)
	}
	if name == staticRule {
		return plant.StaticLimit(b.Initial), nil
	}
	c := plant.Ours(name, b, nil)
	c.Name = text
	return c, nil
}

// staticRule is the rule whose limit stays.
const staticRule = "static"

// boundsOf reads INITIAL[:MAX] over an algorithm's own bounds.
func boundsOf(b limiter.Bounds, text string, numbered bool) (limiter.Bounds, error) {
	if !numbered {
		return b, nil
	}
	first, last, bounded := strings.Cut(text, ":")
	var err error
	if b.Initial, err = limitIn(first); err != nil {
		return b, fmt.Errorf("initial limit: %w", err)
	}
	b.Min, b.Max = min(b.Min, b.Initial), max(b.Max, b.Initial)
	if !bounded {
		return b, nil
	}
	if b.Max, err = limitIn(last); err != nil {
		return b, fmt.Errorf("highest limit: %w", err)
	}
	if b.Max < b.Initial {
		return b, fmt.Errorf("the highest limit, %d, is below the initial one, %d; use NAME:INITIAL:MAX", b.Max, b.Initial)
	}
	return b, nil
}

// mostLimit is as many as a plant could ever hold.
const mostLimit = 1_000_000

func limitIn(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > mostLimit {
		return 0, fmt.Errorf("found %q, expected a number from 1 to %d", text, mostLimit)
	}
	return n, nil
}

func plantNames() []string {
	var names []string
	for _, p := range plant.Builtin() {
		names = append(names, p.Name)
	}
	return names
}

func limiterNames() []string {
	var names []string
	for _, c := range plant.Contestants() {
		if c.Kind != plant.Static {
			names = append(names, c.Name)
		}
	}
	return append(names, staticRule)
}

// completeLimiters completes the name after the last comma, with those that are
// not before it.
func completeLimiters(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	return completeListed(limiterNames(), typed)
}

// completeListed offers the names that a comma-separated list has not named yet.
func completeListed(names []string, typed string) ([]string, cobra.ShellCompDirective) {
	before := typed[:strings.LastIndexByte(typed, ',')+1]
	named := strings.Split(before, ",")
	var offered []string
	for _, name := range names {
		if strings.HasPrefix(before+name, typed) && !slices.Contains(named, name) {
			offered = append(offered, before+name)
		}
	}
	return offered, cobra.ShellCompDirectiveNoFileComp
}

func algorithmNames() []string {
	var names []string
	for _, a := range limiter.Algorithms() {
		names = append(names, a.Name)
	}
	return names
}
