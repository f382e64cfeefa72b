package cli

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"sluice/harness/plant"
	"sluice/scanner/config"
	"sluice/scanner/limiter"
)

// parse finds who and what takes part, all faults at once.
func (f *limitersFlags) parse() ([]plant.Spec, []plant.Contestant, error) {
	specs, plantErr := findPlants(f.plants)
	contestants, limiterErr := f.findContestants()
	errs := []error{plantErr, limiterErr}
	if f.seeds < 1 {
		errs = append(errs, fmt.Errorf("--seeds is %d; use 1 or more (default 3)", f.seeds))
	}
	if f.seeds > 0 && f.seed > math.MaxUint64-uint64(f.seeds) {
		errs = append(errs, fmt.Errorf("--seed is %d, after which no %d follow; use a smaller one", f.seed, f.seeds))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, nil, &usageError{err}
	}
	return specs, contestants, nil
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
	if !looksLikeFile(name) {
		return plant.Spec{}, fmt.Errorf("unknown plant %q%s; a file is named with a path or an extension, as in ./%s.yaml (sluice limiters --list names the plants)", name, meant(name, plantNames()), name)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return plant.Spec{}, fmt.Errorf("plant: %w (sluice limiters --list names those that need no file)", err)
	}
	return plant.Parse(name, data)
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
// and the oracle.
func (f *limitersFlags) findContestants() ([]plant.Contestant, error) {
	all := plant.Contestants()
	if f.vary != "" {
		switch {
		case len(f.limiters) > 0:
			return nil, errors.New("--vary puts a rule against itself; leave out --limiter")
		case !slices.Contains(algorithmNames(), f.vary):
			return nil, fmt.Errorf("--vary: unknown rule %q%s (rules are %s)", f.vary, meant(f.vary, algorithmNames()), strings.Join(algorithmNames(), ", "))
		}
		return append(ofKind(all, plant.Oracle), plant.Vary(f.vary)...), nil
	}
	if len(f.limiters) == 0 {
		return all, nil
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

// ofKind are the contestants of some kinds.
func ofKind(all []plant.Contestant, kinds ...string) []plant.Contestant {
	return slices.DeleteFunc(slices.Clone(all), func(c plant.Contestant) bool { return !slices.Contains(kinds, c.Kind) })
}

// findContestant resolves NAME, or NAME:INITIAL[:MAX] of a rule of ours.
func findContestant(all []plant.Contestant, text string) (plant.Contestant, error) {
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

func algorithmNames() []string {
	var names []string
	for _, a := range limiter.Algorithms() {
		names = append(names, a.Name)
	}
	return names
}
