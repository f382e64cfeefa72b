package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// collect removes the content that was a deleted run's alone, and what has been
// abandoned for a day. It runs within a transaction that writes, so that no other
// process can claim a file, or refer to it, while it is being removed.
func (s *Store) collect(tx *sql.Tx, candidates []string) error {
	old := time.Now().Add(-abandoned)
	if _, err := tx.ExecContext(context.Background(), "DELETE FROM claim WHERE claimed_unix_ns < ?", old.UnixNano()); err != nil {
		return err
	}
	for _, digest := range append(candidates, s.olderThan(old)...) {
		if err := s.removeUnheld(tx, digest); err != nil {
			return err
		}
	}
	return nil
}

// removeUnheld removes a file's content unless a trial or a claim holds it.
func (s *Store) removeUnheld(tx *sql.Tx, digest string) error {
	path, err := s.FilePath(digest)
	if err != nil {
		return nil //nolint:nilerr // somebody else's file
	}
	var held bool
	row := tx.QueryRowContext(context.Background(),
		"SELECT EXISTS (SELECT 1 FROM reference WHERE digest = ?1) OR EXISTS (SELECT 1 FROM claim WHERE digest = ?1)", digest)
	if err := row.Scan(&held); err != nil || held {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_ = os.Remove(filepath.Dir(path)) // goes when it is empty
	return nil
}

// olderThan lists the digests of the files that were written before a time. What
// cannot be listed now is left for another time.
func (s *Store) olderThan(when time.Time) []string {
	found, err := filepath.Glob(filepath.Join(escaped(s.dir), "files", "??", "*"))
	if err != nil {
		return nil
	}
	var all []string
	for _, path := range found {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.ModTime().Before(when) {
			all = append(all, filepath.Base(path))
		}
	}
	return all
}

// sweepTemporary removes what killed writers left behind more than a day ago. A
// younger one may be another process's, still being written. It is housekeeping:
// what cannot be removed stays.
func (s *Store) sweepTemporary() {
	found, err := filepath.Glob(filepath.Join(escaped(s.dir), "files", temporary+"*"))
	if err != nil {
		return
	}
	for _, path := range found {
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > abandoned {
			_ = os.Remove(path)
		}
	}
}

// escaped makes a folder's name stand for itself in a pattern.
func escaped(dir string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(dir)
}
