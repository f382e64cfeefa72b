package corpus

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sluice/workloads/internal/author"
)

// Generation says which synthetic corpus to write.
type Generation struct {
	Preset Preset
	Seed   uint64
	Scale  float64 // multiplies the number of files, > 0

	// Progress, if not nil, is called after each file, from one goroutine.
	Progress func(done, of int)
}

// errOtherFiles says that a folder holds something else than was to be written.
var errOtherFiles = errors.New("the folder holds other files (remove it or name another)")

// Generate writes a synthetic corpus to dir, and its manifest beside it, to dir +
// ".json": all files, and exactly the findings that a scan with the built-in
// rules must report. The same preset, seed and scale give the same bytes on
// every machine. The secrets are made up.
//
// The tree appears whole or not at all: when ctx ends or a write fails, nothing
// is left. A tree that stands there already is kept if it is the same, byte for
// byte, and refused if it is not. Several processes may ask for it at once. One
// file is in memory at a time; 50 MB take about three seconds of one core.
func Generate(ctx context.Context, dir string, g Generation) (Manifest, error) {
	dir = filepath.Clean(dir)
	m, err := g.make(ctx, dir)
	if err != nil {
		return Manifest{}, fmt.Errorf("write corpus %q to %s: %w", g.Preset.Name, dir, err)
	}
	if err := m.put(); err != nil {
		return Manifest{}, fmt.Errorf("write the manifest of %s: %w", dir, err)
	}
	return m, nil
}

func (g Generation) make(ctx context.Context, dir string) (Manifest, error) {
	if _, err := g.Preset.count(g.Scale); err != nil {
		return Manifest{}, err
	}
	empty, err := isEmpty(dir)
	if err != nil {
		return Manifest{}, err
	}
	if !empty {
		return g.check(ctx, dir)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return Manifest{}, err
	}
	draft, err := os.MkdirTemp(filepath.Dir(dir), ".generated-*")
	if err != nil {
		return Manifest{}, err
	}
	defer os.RemoveAll(draft) // nothing is left of it once it is moved
	m, err := g.write(ctx, draft)
	if err != nil {
		return Manifest{}, err
	}
	if err := settle(draft, dir); errors.Is(err, fs.ErrExist) { // another process was faster
		return g.check(ctx, dir)
	} else if err != nil {
		return Manifest{}, err
	}
	m.Root = dir
	return m, nil
}

// settle moves a folder to dir, unless something stands there: fs.ErrExist.
func settle(draft, dir string) error {
	// Renaming does not replace a folder, not even an empty one; and only an
	// empty one can be removed so.
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.Rename(draft, dir)
}

// write writes all files below dir.
func (g Generation) write(ctx context.Context, dir string) (Manifest, error) {
	if err := os.Chmod(dir, 0o755); err != nil { // a temporary folder is its owner's alone
		return Manifest{}, err
	}
	made := map[string]bool{}
	return g.each(ctx, dir, func(path string, text []byte) error {
		file := filepath.Join(dir, filepath.FromSlash(path))
		if folder := filepath.Dir(file); !made[folder] {
			if err := os.MkdirAll(folder, 0o755); err != nil {
				return err
			}
			made[folder] = true
		}
		return os.WriteFile(file, text, 0o644)
	})
}

// check compares what stands in dir with what would be written.
func (g Generation) check(ctx context.Context, dir string) (Manifest, error) {
	found, err := ListFiles(ctx, dir)
	if err != nil {
		return Manifest{}, err
	}
	want, err := g.Preset.Plan(g.Seed, g.Scale)
	if err != nil {
		return Manifest{}, err
	}
	if !slices.Equal(FromFiles("", "", found).Files, want) {
		return Manifest{}, errOtherFiles
	}
	return g.each(ctx, dir, func(path string, text []byte) error {
		got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path)))
		if err == nil && !bytes.Equal(got, text) {
			err = fmt.Errorf("%s was changed (remove the folder or name another)", path)
		}
		return err
	})
}

// each makes one file after the other, in the same memory, and hands them to do.
func (g Generation) each(ctx context.Context, root string, do func(path string, text []byte) error) (Manifest, error) {
	n, err := g.Preset.count(g.Scale)
	if err != nil {
		return Manifest{}, err
	}
	m := Manifest{Version: presetVersion, Preset: g.Preset.Name, Scale: g.Scale, Seed: g.Seed, Root: root}
	var buffer []byte
	for i := range n {
		if ctx.Err() != nil {
			return Manifest{}, context.Cause(ctx)
		}
		f := g.Preset.file(g.Seed, i)
		var found []author.Finding
		buffer, found, err = author.Write(buffer[:0], f.dice, f.kind, int(f.Size), f.plants)
		if err != nil {
			return Manifest{}, err
		}
		if err := do(f.Path, buffer); err != nil {
			return Manifest{}, err
		}
		m.Files = append(m.Files, f.File)
		for _, p := range found {
			m.Findings = append(m.Findings, Planting{Path: f.Path, Line: p.Line, Rule: p.Rule})
		}
		if g.Progress != nil {
			g.Progress(i+1, n)
		}
	}
	m.Files = FromFiles("", "", m.Files).Files
	slices.SortFunc(m.Findings, func(a, b Planting) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Rule, b.Rule))
	})
	return m, nil
}

// put writes the manifest beside its tree.
func (m Manifest) put() error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return replace(filepath.Clean(m.Root)+".json", append(text, '\n'))
}

// ReadManifest reads the manifest that stands beside a synthetic corpus in dir.
// Paths that lead out of it, and findings in no file of it, are errors.
func ReadManifest(dir string) (Manifest, error) {
	dir = filepath.Clean(dir)
	text, err := os.ReadFile(dir + ".json")
	if err != nil {
		return Manifest{}, fmt.Errorf("read the manifest of %s: %w", dir, err)
	}
	m, err := parseManifest(text)
	if err != nil {
		return Manifest{}, fmt.Errorf("read the manifest of %s: %w", dir, err)
	}
	m.Root = dir
	return m, nil
}

func parseManifest(text []byte) (Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return Manifest{}, err
	}
	known := map[string]bool{}
	for _, f := range m.Files {
		if !filepath.IsLocal(f.Path) || strings.Contains(f.Path, `\`) || f.Size < 0 || known[f.Path] {
			return Manifest{}, fmt.Errorf("file %q of %d bytes can be no part of a corpus", f.Path, f.Size)
		}
		known[f.Path] = true
	}
	for _, p := range m.Findings {
		if p.Line < 1 || !known[p.Path] {
			return Manifest{}, fmt.Errorf("finding %s at %s:%d lies in no file of the manifest", p.Rule, p.Path, p.Line)
		}
	}
	return m, nil
}
