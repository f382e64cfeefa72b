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

// Registry finds corpora by name. Its zero value finds all but the planted one.
type Registry struct {
	// Cache is the folder in which synthetic corpora are made and kept.
	Cache string

	// List lists the files of a folder, with paths relative to it. Nil is
	// ListFiles; a scanner puts its own here, so that what it would leave out,
	// by .gitignore say, is no part of the corpus.
	List func(ctx context.Context, root string) ([]File, error)
}

// Names lists the names that Find knows besides folders.
func (r Registry) Names() []string { return []string{GorootName, PlantedName} }

// Find returns the corpus of that name, or else the files of the folder of that
// path. Goroot runs the go command, planted writes below Cache the first time.
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
	// The version keeps trees of older programs apart from ours.
	dir := filepath.Join(r.Cache, fmt.Sprintf("planted-v%d-%d-%d", plantedVersion, PlantedSeed, PlantedFiles))
	manifest, err := Planted(dir, PlantedSeed, PlantedFiles)
	if err != nil {
		return Corpus{}, err
	}
	return manifest.Corpus(), nil
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
