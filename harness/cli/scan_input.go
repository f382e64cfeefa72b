package cli

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sluice/harness/machine"
	"sluice/harness/unit"
	"sluice/scanner/source"
	"sluice/workloads/storage"
)

// check looks at the flags alone.
func (f *scanFlags) check() (maxBytes int64, err error) {
	if err := checkFormat(f.format); err != nil {
		return 0, err
	}
	if f.stallAfter < 0 || f.failStalled && f.stallAfter == 0 {
		return 0, usagef("--stall-after %v is no time to wait; use one such as 30s", f.stallAfter)
	}
	if f.failOn != "" && !slices.Contains(severities(), f.failOn) {
		return 0, usagef("unknown severity %q for --fail-on; use %s", f.failOn, strings.Join(severities(), ", "))
	}
	if err := f.checkMatch(); err != nil {
		return 0, err
	}
	if err := f.checkAnalyser(); err != nil {
		return 0, err
	}
	if _, err := f.checkProfiles(); err != nil {
		return 0, err
	}
	maxBytes, err = unit.ParseBytes(f.maxBytes)
	if err != nil || maxBytes <= 0 {
		return 0, usagef("--max-file-size %q is not a size; use one such as 32MiB", f.maxBytes)
	}
	return maxBytes, nil
}

// input is what a scan reads: a root, the files below it, and how their paths are shown.
type input struct {
	root   string
	prefix string // put before root-relative paths when they are shown
	items  iter.Seq[source.Item]
}

func (f *scanFlags) input(ctx context.Context, s *streams, args []string) (input, error) {
	if f.filesFrom == "" {
		if f.root != "" {
			return input{}, usagef("--root goes with --files-from; give the folder as PATH instead")
		}
		return treeUntil(ctx.Done(), args)
	}
	if len(args) > 0 {
		return input{}, usagef("--files-from and PATH exclude each other; found PATH %q", args[0])
	}
	paths, err := readList(s, f.filesFrom)
	if err != nil {
		return input{}, &usageError{err}
	}
	root := cmpOr(f.root, ".")
	if err := isFolder(root); err != nil {
		return input{}, err
	}
	return input{root: root, prefix: f.root, items: source.List(paths)}, nil
}

func readList(s *streams, name string) ([]string, error) {
	r := s.in
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("--files-from: %w", err)
		}
		defer file.Close() //nolint:errcheck // read only
		r = file
	}
	paths, err := source.ReadList(r)
	if err != nil {
		return nil, fmt.Errorf("--files-from %s: %w", name, err)
	}
	return paths, nil
}

func isFolder(root string) error {
	info, err := os.Stat(root)
	if err != nil {
		return usagef("--root: %w (name an existing folder)", err)
	}
	if !info.IsDir() {
		return usagef("--root %s is a file, not a folder", root)
	}
	return nil
}

// tree walks the given paths, or the working directory, to the end.
func tree(args []string) (input, error) { return treeUntil(nil, args) }

// treeUntil walks until done is closed.
func treeUntil(done <-chan struct{}, args []string) (input, error) {
	if len(args) == 0 {
		args = []string{"."}
	}
	for _, arg := range args {
		if arg == "" {
			return input{}, usagef("an empty PATH was given; use . for the working directory")
		}
	}
	root, starts, err := source.Roots(args)
	if err != nil {
		return input{}, &usageError{fmt.Errorf("%w (name an existing file or folder)", err)}
	}
	prefix := root
	if wd, err := os.Getwd(); err == nil && !filepath.IsAbs(args[0]) {
		if rel, err := filepath.Rel(wd, root); err == nil {
			prefix = rel
		}
	}
	return input{root: root, prefix: prefix, items: source.Tree(source.Dir(root), source.TreeOptions{Starts: starts, Above: source.Surroundings(root), Done: done})}, nil
}

// slow puts the storage profile under the reader.
func (f *scanFlags) slow(in input) (*storage.FS, error) {
	cores, err := machine.UsableCores()
	if err != nil {
		return nil, err
	}
	profile, err := storage.Lookup(f.storage, cores)
	if err != nil {
		return nil, &usageError{err}
	}
	return storage.New(source.Dir(in.root), profile, f.seed, f.block), nil
}
