package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"sluice/harness/search/replay"
	"sluice/harness/search/surface"
)

// surfaceWord begins the name of a surface, where another argument is a file.
const surfaceWord = "surface:"

func surfaceNames() []string {
	var names []string
	for _, s := range surface.All() {
		names = append(names, surfaceWord+s.Name)
	}
	return names
}

func surfaceAbout(name string) string {
	switch strings.TrimPrefix(name, surfaceWord) {
	case "E":
		return "a pipeline in closed form, 8 knobs, warm and flat: 0.5 % of it lies within 5 % of the best"
	case "M":
		return "the same, steeper: 0.1 % of it lies within 5 % of the best"
	default:
		return "a pipeline in closed form"
	}
}

// grounds opens what searches are replayed on: surfaces and tables. All faults are
// told at once.
func grounds(names []string, noise float64) ([]replay.Ground, error) {
	var all []replay.Ground
	var errs []error
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			errs = append(errs, fmt.Errorf("%s is named twice; leave one out", name))
			continue
		}
		g, err := ground(name, noise)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all = append(all, g)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, &usageError{err}
	}
	return all, nil
}

func ground(name string, noise float64) (replay.Ground, error) {
	if short, ok := strings.CutPrefix(name, surfaceWord); ok {
		s, found := surface.Find(short)
		if !found {
			return nil, fmt.Errorf("unknown surface %q; there are %s", name, strings.Join(surfaceNames(), ", "))
		}
		return replay.OnSurface(s, noise), nil
	}
	table, err := readTable(name)
	if err != nil {
		return nil, err
	}
	return replay.Record(table)
}

func readTable(name string) (replay.Table, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return replay.Table{}, fmt.Errorf("table %s: %w (surfaces are %s; sluice search table makes a table of a stored run)", name, errors.Unwrap(err), strings.Join(surfaceNames(), ", "))
	case !info.Mode().IsRegular():
		return replay.Table{}, fmt.Errorf("table %s is no regular file; name a file that sluice search table wrote", name)
	}
	file, err := os.Open(name)
	if err != nil {
		return replay.Table{}, fmt.Errorf("table: %w", err)
	}
	defer func() { _ = file.Close() }() // read only
	return replay.ReadTable(name, file)
}
