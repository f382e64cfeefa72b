package source

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Dir opens a directory of the operating system as an fs.FS, as os.DirFS does,
// with two differences that a scanner of other people's trees needs: names that
// are not UTF-8 can be opened (os.DirFS refuses them), and opening a pipe that
// nobody writes to returns at once instead of waiting for ever.
//
// Symbolic links are followed, as by os.DirFS: the walk decides what is opened.
func Dir(root string) fs.FS { return dir(root) }

type dir string

var (
	_ fs.ReadDirFS  = dir("")
	_ fs.StatFS     = dir("")
	_ fs.ReadLinkFS = dir("")
)

// Open opens a file for reading. The error names the path within the root.
func (d dir) Open(name string) (fs.File, error) {
	full, err := d.join("open", name)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(full, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, within(err, name)
	}
	return file, nil
}

// Stat follows symbolic links, as fs.StatFS asks.
func (d dir) Stat(name string) (fs.FileInfo, error) {
	full, err := d.join("stat", name)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(full)
	return info, within(err, name)
}

// Lstat does not follow a symbolic link.
func (d dir) Lstat(name string) (fs.FileInfo, error) {
	full, err := d.join("lstat", name)
	if err != nil {
		return nil, err
	}
	info, err := os.Lstat(full)
	return info, within(err, name)
}

// ReadLink returns where a symbolic link points.
func (d dir) ReadLink(name string) (string, error) {
	full, err := d.join("readlink", name)
	if err != nil {
		return "", err
	}
	target, err := os.Readlink(full)
	return target, within(err, name)
}

// ReadDir lists a directory, sorted by name.
func (d dir) ReadDir(name string) ([]fs.DirEntry, error) {
	full, err := d.join("readdir", name)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(full)
	return entries, within(err, name)
}

func (d dir) join(op, name string) (string, error) {
	if !local(name) {
		return "", &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	if name == "." {
		return string(d), nil
	}
	return string(d) + string(filepath.Separator) + name, nil
}

// within replaces the full path of an error by the path below the root, which
// is what reports and digests speak of.
func within(err error, name string) error {
	if pathErr, ok := err.(*fs.PathError); ok { //nolint:errorlint // os returns it unwrapped, and it is ours to change
		pathErr.Path = name
	}
	return err
}

// local reports whether name is a clean slash path that stays below its root.
// It is fs.ValidPath without the demand for UTF-8.
func local(name string) bool {
	if name == "." {
		return true
	}
	if name == "" || strings.IndexByte(name, 0) >= 0 {
		return false
	}
	for element := range strings.SplitSeq(name, "/") {
		if element == "" || element == "." || element == ".." {
			return false
		}
	}
	return true
}
