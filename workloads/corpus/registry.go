package corpus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"sluice/workloads/internal/nearest"
)

// Names of the corpora that a Registry knows.
const (
	GorootName  = "goroot"  // Go's own source tree
	PlantedName = "planted" // a synthetic tree with known findings
)

// Seed and size of the planted corpus that a Registry hands out.
const (
	PlantedSeed  = 1
	PlantedFiles = 120
)

// Registry finds corpora by name. Its zero value finds all but the synthetic
// ones, which need a cache.
type Registry struct {
	// Cache is the folder in which synthetic corpora are made and kept.
	Cache string

	// List lists the files of a folder, with paths relative to it. Nil is
	// ListFiles; a scanner puts its own here, so that what it would leave out,
	// by .gitignore say, is no part of the corpus.
	List func(ctx context.Context, root string) ([]File, error)

	// Progress, if not nil, is told of each file that is written the first time
	// that a synthetic corpus is asked for.
	Progress func(name string, done, of int)
}

// Names lists the names that Find knows besides folders.
func (r Registry) Names() []string {
	names := []string{GorootName, PlantedName}
	for _, p := range Presets() {
		names = append(names, p.Name)
	}
	return append(names, FetchNames()...)
}

// Find returns the corpus of that name, or else the files of the folder of that
// path. Goroot and what is fetched run the go command; synthetic corpora are
// written below Cache the first time.
func (r Registry) Find(ctx context.Context, name string) (Corpus, error) {
	switch name {
	case GorootName:
		root, err := Goroot(ctx)
		if err != nil {
			return Corpus{}, err
		}
		return r.folder(ctx, name, root)
	case PlantedName:
		return r.planted()
	case KubernetesName:
		root, err := fetched(ctx, name)
		if err != nil {
			return Corpus{}, err
		}
		return r.folder(ctx, name, root)
	}
	if p, err := FindPreset(name); err == nil {
		return r.synthetic(ctx, p)
	}
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return r.folder(ctx, name, name)
	case err == nil:
		return Corpus{}, fmt.Errorf("corpus %q is a file; name a folder or one of %s", name, strings.Join(r.Names(), ", "))
	case !errors.Is(err, fs.ErrNotExist):
		return Corpus{}, fmt.Errorf("open corpus %q: %w", name, err)
	}
	hint := ""
	if near := nearest.Name(name, r.Names()); near != "" {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	return Corpus{}, fmt.Errorf("corpus %q is neither a folder nor one of %s%s", name, strings.Join(r.Names(), ", "), hint)
}

func (r Registry) folder(ctx context.Context, name, root string) (Corpus, error) {
	list := r.List
	if list == nil {
		list = ListFiles
	}
	files, err := list(ctx, root)
	if err != nil {
		return Corpus{}, fmt.Errorf("list corpus %q: %w", name, err)
	}
	return FromFiles(name, root, files), nil
}

func (r Registry) planted() (Corpus, error) {
	if r.Cache == "" {
		return Corpus{}, fmt.Errorf("corpus %q needs a cache folder to be written to", PlantedName)
	}
	manifest, err := Planted(r.plantedHome(), PlantedSeed, PlantedFiles)
	if err != nil {
		return Corpus{}, err
	}
	return manifest.Corpus(), nil
}

func (r Registry) plantedHome() string {
	return filepath.Join(r.Cache, fmt.Sprintf("planted-v%d-%d-%d", plantedVersion, PlantedSeed, PlantedFiles))
}

// synthetic returns a preset's corpus, which is made anew if what the cache holds
// has other files or sizes. Contents are not compared: that would take as long
// as to make them.
func (r Registry) synthetic(ctx context.Context, p Preset) (Corpus, error) {
	if r.Cache == "" {
		return Corpus{}, fmt.Errorf("corpus %q needs a cache folder to be written to", p.Name)
	}
	want, err := p.Plan(PresetSeed, 1)
	if err != nil {
		return Corpus{}, err
	}
	dir := r.home(p)
	m := Manifest{Preset: p.Name, Root: dir, Files: want}
	if intact(ctx, dir, want) {
		return m.Corpus(), nil
	}
	if err := discard(dir); err != nil {
		return Corpus{}, fmt.Errorf("replace corpus %q: %w", p.Name, err)
	}
	g := Generation{Preset: p, Seed: PresetSeed, Scale: 1}
	if r.Progress != nil {
		g.Progress = func(done, of int) { r.Progress(p.Name, done, of) }
	}
	if m, err = Generate(ctx, dir, g); err != nil {
		return Corpus{}, err
	}
	return m.Corpus(), nil
}

// home is where a preset's corpus is kept. The version keeps trees of older
// programs apart from ours.
func (r Registry) home(p Preset) string {
	return filepath.Join(r.Cache, fmt.Sprintf("%s-v%d-%d", p.Name, presetVersion, PresetSeed))
}

// intact says whether a folder and its manifest are there as planned.
func intact(ctx context.Context, dir string, want []File) bool {
	if _, err := os.Stat(dir + ".json"); err != nil {
		return false
	}
	found, err := ListFiles(ctx, dir)
	return err == nil && slices.Equal(FromFiles("", "", found).Files, want)
}

// discard removes a tree of the cache. It is renamed first, so that no other
// process meets half of it.
func discard(dir string) error {
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	grave, err := os.MkdirTemp(filepath.Dir(dir), ".discarded-*")
	if err != nil {
		return err
	}
	err = os.Rename(dir, filepath.Join(grave, "tree"))
	if errors.Is(err, fs.ErrNotExist) { // another process was faster
		err = nil
	}
	return errors.Join(err, os.RemoveAll(grave))
}

// Info describes a corpus that has a name, without making or fetching it.
type Info struct {
	Name  string
	About string
	Files int   // 0 if not known beforehand
	Bytes int64 // 0 if not known beforehand
	Ready bool  // it can be read as it is: present, made or fetched
}

// Infos describes all corpora of Names, in their order. It runs the go command
// twice and plans the synthetic ones, which takes about 0.1 s.
func (r Registry) Infos(ctx context.Context) ([]Info, error) {
	_, missing := Goroot(ctx)
	infos := []Info{
		{Name: GorootName, About: "Go's own source tree, $(go env GOROOT)/src", Ready: missing == nil},
		{Name: PlantedName, About: "a small synthetic tree in Go, Python and JavaScript with known findings", Files: PlantedFiles, Ready: r.made(r.plantedHome())},
	}
	for _, p := range Presets() {
		files, err := p.Plan(PresetSeed, 1)
		if err != nil {
			return nil, err
		}
		infos = append(infos, Info{p.Name, "synthetic: " + p.About, len(files), total(files), r.made(r.home(p))})
	}
	for _, name := range FetchNames() {
		m := modules()[name]
		_, missing := fetched(ctx, name)
		infos = append(infos, Info{Name: name, About: fmt.Sprintf("the source of %s %s, to be fetched", m.path, m.version), Ready: missing == nil})
	}
	return infos, nil
}

// made says whether the cache holds a tree and its manifest.
func (r Registry) made(dir string) bool {
	_, missing := os.Stat(dir + ".json")
	return r.Cache != "" && missing == nil
}

// Goroot is the folder of Go's standard library, as the go command tells it:
// $(go env GOROOT)/src. It fails where there is no go command.
func Goroot(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "env", "GOROOT")
	cmd.Dir = string(filepath.Separator) // outside any module, whose toolchain line might fetch another Go
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("find Go's source tree by go env GOROOT: %w (install Go, or use corpus %s)", err, PlantedName)
	}
	src := filepath.Join(string(bytes.TrimSpace(out)), "src")
	if info, err := os.Stat(src); err != nil || !info.IsDir() {
		return "", fmt.Errorf("go env GOROOT names no source tree: %q is not a folder (install Go with its sources, or use corpus %s)", src, PlantedName)
	}
	return src, nil
}

// ListFiles lists the regular files below root, hidden ones too, but nothing
// below a folder .git. Links are not followed. What cannot be read is left out;
// only an unreadable root is an error.
func ListFiles(ctx context.Context, root string) ([]File, error) {
	var files []File
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil && path == ".":
			return err
		case err != nil:
			return nil
		case entry.IsDir() && entry.Name() == ".git":
			return fs.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		if info, err := entry.Info(); err == nil {
			files = append(files, File{Path: path, Size: info.Size()})
		}
		return nil
	})
	return files, err
}
