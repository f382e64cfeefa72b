package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Lock is the right to drive one run. The kernel takes it back when the process
// dies, however it dies, so that there are no stale locks to clean up.
type Lock struct {
	file *os.File
}

// Lock takes the right to drive a run, so that two processes do not measure the
// same one. It does not wait: if somebody else has it, even within this process,
// the error is ErrLocked and names the process. The run need not be stored yet.
func (s *Store) Lock(run string) (*Lock, error) {
	if run == "" || strings.ContainsAny(run, "/\x00") || strings.HasPrefix(run, ".") {
		return nil, fmt.Errorf("lock run %q: not the id of a run", run)
	}
	dir := filepath.Join(s.dir, "locks")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("lock run %s: %w", run, err)
	}
	path := filepath.Join(dir, run)
	for {
		file, err := tryLock(path)
		if err != nil {
			return nil, fmt.Errorf("lock run %s: %w", run, roomless(err))
		}
		if file == nil {
			continue // the holder released it, and removed the file, meanwhile
		}
		// For the one who finds it locked; the lock itself does not depend on it.
		if err := errors.Join(file.Truncate(0), writeAt(file, fmt.Sprintf("%d\n", os.Getpid()))); err != nil {
			return nil, errors.Join(fmt.Errorf("lock run %s: %w", run, roomless(err)), file.Close())
		}
		return &Lock{file: file}, nil
	}
}

// Release gives the right back. A lock is released once.
func (l *Lock) Release() error {
	// Removed while it is still held: whoever opened the file before sees, once
	// it gets the lock, that the file is no longer the one in the folder.
	if err := errors.Join(os.Remove(l.file.Name()), l.file.Close()); err != nil {
		return fmt.Errorf("release the lock of a run: %w", err)
	}
	return nil
}

// tryLock returns the locked file, or nil if the file that was locked is no
// longer the one at path.
func tryLock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := flock(file); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = fmt.Errorf("%w%s", ErrLocked, holder(file))
		}
		return nil, errors.Join(err, file.Close())
	}
	mine, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if there, err := os.Stat(path); err != nil || !os.SameFile(mine, there) {
		return nil, file.Close()
	}
	return file, nil
}

func flock(file *os.File) error {
	for {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// holder names the process that wrote itself into a lock file, if it did.
func holder(file *os.File) string {
	text, err := io.ReadAll(io.NewSectionReader(file, 0, 32))
	if err != nil || len(text) == 0 {
		return ""
	}
	return " (process " + strings.TrimSpace(string(text)) + ")"
}

func writeAt(file *os.File, text string) error {
	_, err := file.WriteAt([]byte(text), 0)
	return err
}
