package source

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Dir opens a directory of the operating system as an fs.FS, as os.DirFS does,
// with differences that a scanner of other people's trees needs: names that are
// not UTF-8 can be opened (os.DirFS refuses them), neither opening nor reading
// waits for somebody who may never write, and no terminal becomes ours.
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
//
// A file that the runtime's poller takes is a pipe, a device, or one of the
// kernel's that pass for regular files (/proc/kmsg, trace_pipe): a read of these
// may wait for ever, and fails instead. All others are plain *os.File, which cost
// a read nothing.
func (d dir) Open(name string) (fs.File, error) {
	full, err := d.join("open", name)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(full, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, within(err, name)
	}
	if file.SetReadDeadline(time.Time{}) == nil { // fails where there is no poller
		return &impatient{File: file, name: name}, nil
	}
	return file, nil
}

// An impatient file fails where a read would wait.
type impatient struct {
	*os.File
	name string
}

// errWaits says that a file has neither bytes nor an end.
var errWaits = errors.New("there is nothing to read until somebody writes")

// Read implements io.Reader.
func (f *impatient) Read(p []byte) (n int, err error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, within(err, f.name)
	}
	var failed error
	err = raw.Read(func(fd uintptr) (done bool) {
		for n, failed = -1, syscall.EINTR; failed == syscall.EINTR; { //nolint:errorlint // a bare number
			n, failed = syscall.Read(int(fd), p)
		}
		return true
	})
	switch {
	case err != nil:
		return 0, within(err, f.name)
	case failed == syscall.EAGAIN: //nolint:errorlint // a bare number
		return 0, &fs.PathError{Op: "read", Path: f.name, Err: errWaits}
	case failed != nil:
		return 0, &fs.PathError{Op: "read", Path: f.name, Err: failed}
	case n == 0 && len(p) > 0:
		return 0, io.EOF
	}
	return n, nil
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
