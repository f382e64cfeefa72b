package corpus

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// plantedVersion counts the changes to what Planted writes for the same seed.
const plantedVersion = 1

// Planting is a finding that was put into a planted corpus on purpose.
type Planting struct {
	Path string `json:"path"` // relative to the root, slash-separated
	Line int    `json:"line"` // the first of the finding, from 1
	Rule string `json:"rule"` // ID of the rule that must fire there
}

// Manifest tells what a synthetic corpus holds: all its files, and exactly the
// findings that a scan with the built-in rules must report.
type Manifest struct {
	Version  int        `json:"version"`
	Preset   string     `json:"preset,omitempty"` // empty for Planted
	Scale    float64    `json:"scale,omitempty"`  // of the preset
	Seed     uint64     `json:"seed"`
	Root     string     `json:"-"`        // where it was written
	Files    []File     `json:"files"`    // sorted by path
	Findings []Planting `json:"findings"` // sorted by path, line, rule
}

// Corpus is the manifest's tree as a corpus. It is not Real.
func (m Manifest) Corpus() Corpus {
	c := FromFiles(cmp.Or(m.Preset, PlantedName), m.Root, m.Files)
	c.Real = false
	return c
}

// Planted writes a small synthetic tree to dir, and its manifest beside it, to
// dir + ".json". The tree holds that many files in Go, Python and JavaScript,
// configuration and plain text, all well-formed, with findings of every built-in
// rule planted among them once files is 25 or more; 120 files make about 230 kB.
// Names, sizes and contents follow from the seed. The secrets are made up.
//
// A tree that stands there already is kept if it is the same, byte for byte, and
// refused if it is not: nothing that was found is changed or removed. The tree
// appears whole or not at all, so that several processes may ask for it at once.
func Planted(dir string, seed uint64, files int) (Manifest, error) {
	if files < 1 {
		return Manifest{}, fmt.Errorf("planted corpus of %d files; ask for 1 or more (%d are usual)", files, PlantedFiles)
	}
	tree, err := generate(seed, files)
	if err != nil {
		return Manifest{}, err
	}
	if err := tree.put(dir); err != nil {
		return Manifest{}, fmt.Errorf("write planted corpus %s: %w", dir, err)
	}
	m := Manifest{Version: plantedVersion, Seed: seed, Root: dir, Files: tree.files(), Findings: tree.findings}
	if err := m.put(); err != nil {
		return Manifest{}, fmt.Errorf("write the manifest of %s: %w", dir, err)
	}
	return m, nil
}

func (t planted) files() []File {
	files := make([]File, 0, len(t.contents))
	for path, text := range t.contents {
		files = append(files, File{Path: path, Size: int64(len(text))})
	}
	return FromFiles("", "", files).Files
}

// put makes the tree in a folder of its own and moves it to dir, unless it is
// there.
func (t planted) put(dir string) error {
	dir = filepath.Clean(dir)
	empty, err := isEmpty(dir)
	if err != nil {
		return err
	}
	if !empty {
		return t.check(dir)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	draft, err := os.MkdirTemp(filepath.Dir(dir), ".planted-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(draft) // nothing is left of it once it is moved
	if err := t.write(draft); err != nil {
		return err
	}
	err = settle(draft, dir)
	if errors.Is(err, fs.ErrExist) { // another process was faster
		return t.check(dir)
	}
	return err
}

// isEmpty tells whether a folder is absent or holds nothing.
func isEmpty(dir string) (bool, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return len(entries) == 0, err
}

func (t planted) write(dir string) error {
	if err := os.Chmod(dir, 0o755); err != nil { // a temporary folder is its owner's alone
		return err
	}
	for path, text := range t.contents {
		file := filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// check compares what stands in dir with the tree.
func (t planted) check(dir string) error {
	const remedy = "remove the folder or name another"
	found, err := ListFiles(context.Background(), dir)
	if err != nil {
		return err
	}
	if !slices.Equal(FromFiles("", "", found).Files, t.files()) {
		return fmt.Errorf("the folder holds other files (%s)", remedy)
	}
	for path, text := range t.contents {
		got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path)))
		if err != nil {
			return err
		}
		if !bytes.Equal(got, text) {
			return fmt.Errorf("%s was changed (%s)", path, remedy)
		}
	}
	return nil
}

// replace writes a file whole or not at all.
func replace(name string, data []byte) error {
	draft, err := os.CreateTemp(filepath.Dir(name), ".planted-*.json")
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name()) // nothing is left of it once it is renamed
	_, err = draft.Write(data)
	if err := errors.Join(err, draft.Chmod(0o644), draft.Close()); err != nil {
		return err
	}
	return os.Rename(draft.Name(), name)
}
