package rules

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"sluice/scanner/config/strict"
)

//go:embed frozen/*.yaml
var frozen embed.FS //nolint:gochecknoglobals // filled by the compiler, never changed

// FrozenNames lists the frozen packs, sorted. The slice is the caller's.
func FrozenNames() []string {
	files, err := fs.Glob(frozen, "frozen/*.yaml")
	if err != nil {
		return nil // the pattern is right
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = strings.TrimSuffix(strings.TrimPrefix(f, "frozen/"), ".yaml")
	}
	slices.Sort(names)
	return names
}

// Frozen returns a pack that never changes, so that measurements made years
// apart compare: go-12 is the twelve rules for Go as they were when it was
// frozen, without the rules for secrets. An unknown name is an error that
// proposes the nearest, if one is near.
func Frozen(name string) (*Pack, error) {
	known := FrozenNames()
	if !slices.Contains(known, name) {
		hint := ""
		if near := strict.Nearest(name, known); near != "" {
			hint = fmt.Sprintf("; did you mean %s?", near)
		}
		return nil, fmt.Errorf("no frozen rules %q%s (there are: %s)", name, hint, strings.Join(known, ", "))
	}
	data, err := frozen.ReadFile("frozen/" + name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("frozen rules %s: %w", name, err)
	}
	found, faults := Parse(name+".yaml", data)
	if len(faults) > 0 {
		return nil, fmt.Errorf("frozen rules %s: %w", name, errors.Join(faults...))
	}
	return &Pack{rules: found}, nil
}
