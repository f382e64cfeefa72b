package rules

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
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
// proposes the nearest.
func Frozen(name string) (*Pack, error) {
	known := FrozenNames()
	if !slices.Contains(known, name) {
		near := slices.MinFunc(known, func(a, b string) int { return distance(name, a) - distance(name, b) })
		return nil, fmt.Errorf("no frozen rules %q; did you mean %s? (there are: %s)", name, near, strings.Join(known, ", "))
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

// distance is Levenshtein's, in bytes: insertions, deletions and changes that
// turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, corner+1, row[j]+1)
		}
	}
	return row[len(b)]
}
