package scanner_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"sluice/scanner"
	"sluice/scanner/source"
)

func TestWhatMayNotBeReadFailsAsPermission(t *testing.T) {
	root := t.TempDir()
	put(t, root, "open.txt", "text\n")
	put(t, root, "closed.txt", "text\n")
	put(t, root, "sealed/a.txt", "text\n")   // may be neither listed nor entered
	put(t, root, "unlisted/a.txt", "text\n") // may be entered
	put(t, root, "blind/a.txt", "text\n")    // may be listed
	put(t, root, "rules/.gitignore", "*\n")
	put(t, root, "rules/a.txt", "text\n")
	for name, mode := range map[string]fs.FileMode{"closed.txt": 0, "sealed": 0, "unlisted": 0o311, "blind": 0o644, "rules/.gitignore": 0} {
		must(t, os.Chmod(filepath.Join(root, name), mode))
		t.Cleanup(func() { must(t, os.Chmod(filepath.Join(root, name), 0o755)) })
	}
	for dir := root; dir != os.TempDir() && len(dir) > 1; dir = filepath.Dir(dir) {
		must(t, os.Chmod(dir, 0o755))
	}
	o := scanner.Options{FS: nobody{source.Dir(root)}}
	// closed, sealed, unlisted, blind/a.txt and the rules.
	demand(t, fate{Scanned: 2, Failed: map[string]int64{"permission": 5}}, survive(t, o))
	o.Items = source.List([]string{"unlisted/a.txt", "sealed/a.txt", "sealed", "blind/a.txt"})
	demand(t, fate{Scanned: 1, Skipped: map[string]int64{"irregular": 1}, Failed: map[string]int64{"permission": 2}}, survive(t, o))
}

// nobody opens files as a user without rights, whoever runs the test: root is
// bound by no mode.
type nobody struct{ fs.FS }

func as[T any](f func() (T, error)) (T, error) {
	if os.Geteuid() == 0 {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		const overflow = 65534
		if err := syscall.Setfsuid(overflow); err != nil {
			panic(err)
		}
		defer func() { _ = syscall.Setfsuid(0) }()
	}
	return f()
}

func (n nobody) Open(name string) (fs.File, error) {
	return as(func() (fs.File, error) { return n.FS.Open(name) })
}

func (n nobody) ReadDir(name string) ([]fs.DirEntry, error) {
	return as(func() ([]fs.DirEntry, error) { return fs.ReadDir(n.FS, name) })
}

func (n nobody) Stat(name string) (fs.FileInfo, error) {
	return as(func() (fs.FileInfo, error) { return fs.Stat(n.FS, name) })
}

func TestAFolderTooDeepForAPathFailsAndTheRestIsScanned(t *testing.T) {
	const depth = 10_000
	root := t.TempDir()
	put(t, root, "z.txt", "text\n")
	at, err := syscall.Open(root, syscall.O_DIRECTORY|syscall.O_RDONLY, 0)
	must(t, err)
	for range depth {
		must(t, syscall.Mkdirat(at, "d", 0o755))
		below, err := syscall.Openat(at, "d", syscall.O_DIRECTORY|syscall.O_RDONLY, 0)
		must(t, err)
		must(t, syscall.Close(at))
		at = below
	}
	must(t, syscall.Close(at))
	t.Cleanup(func() { // os.RemoveAll would hold a folder open at each level
		d, e := filepath.Join(root, "d"), filepath.Join(root, "e")
		for os.Rename(filepath.Join(d, "d"), e) == nil {
			must(t, os.Remove(d))
			must(t, os.Rename(e, d))
		}
	})
	got := survive(t, scanner.Options{FS: source.Dir(root)})
	demand(t, fate{Scanned: 1, Failed: map[string]int64{"read": 1}}, got)
	if f := got.Failures[0]; !strings.Contains(f.Detail, "file name too long") {
		t.Errorf("the failure is %.80s…, want its cause named", f.Detail)
	}
}
