package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"sluice/harness/record"
)

// abandoned is how long a file may lie there that nobody refers to: its writer
// was killed, or has forgotten it.
const abandoned = 24 * time.Hour

// temporary is the beginning of the names of files that are being written.
const temporary = "writing-"

// PutFile keeps what r holds under the digest of its content, beside the
// database, and returns what a trial's Files say of it. It reads r once and costs
// two syncs to the disk. Equal content lies there once, whatever it is called.
// The content is kept for this Store until a trial that refers to it is put, at
// most for a day.
func (s *Store) PutFile(name string, r io.Reader) (record.File, error) {
	file, err := s.writeFile(r, s.claim)
	if err != nil {
		return record.File{}, fmt.Errorf("keep file %s in store %s: %w", name, s.dir, roomless(err))
	}
	file.Name = name
	return file, nil
}

// OpenFile opens a kept file. Its content is read and held against the digest
// first, so that nothing damaged is ever returned; that costs one more reading.
// A file that is not there is ErrNoFile: an export without --files brings digests
// alone.
func (s *Store) OpenFile(digest string) (*os.File, error) {
	path, err := s.FilePath(digest)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("file %s: %w; it was imported without its files (sluice runs export --files brings them along), or removed by hand", path, ErrNoFile)
	}
	if err != nil {
		return nil, err
	}
	if err := verify(file, digest); err != nil {
		return nil, errors.Join(fmt.Errorf("file %s: %w", path, err), file.Close())
	}
	return file, nil
}

// FilePath is where the content of a digest lies, if it is there.
func (s *Store) FilePath(digest string) (string, error) {
	if err := checkDigest(digest); err != nil {
		return "", err
	}
	return filepath.Join(s.dir, "files", digest[:2], digest), nil
}

func checkDigest(digest string) error {
	if raw, err := hex.DecodeString(digest); err != nil || len(raw) != sha256.Size || digest != strings.ToLower(digest) {
		return fmt.Errorf("%q is not the digest of a file: 64 hex digits, lower case", digest)
	}
	return nil
}

// verify reads a file and goes back to its beginning.
func verify(file *os.File, digest string) error {
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return err
	}
	if found := hex.EncodeToString(h.Sum(nil)); found != digest {
		return fmt.Errorf("its content is damaged: the digest is %.12s…, want %.12s…; remove it, or restore a copy", found, digest)
	}
	_, err := file.Seek(0, io.SeekStart)
	return err
}

// writeFile writes content under a temporary name, gives it to the disk, calls
// claim, and only then gives it its name: from the claim on nobody removes it.
// What lies there under the name already is replaced by the same, which mends it
// if it was damaged.
func (s *Store) writeFile(r io.Reader, claim func(digest string) error) (file record.File, err error) {
	dir := filepath.Join(s.dir, "files")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return file, err
	}
	out, err := os.CreateTemp(dir, temporary)
	if err != nil {
		return file, err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(out.Name()) // there is another fault to tell of; a sweep comes by
		}
	}()
	h := sha256.New()
	size, err := io.Copy(io.MultiWriter(out, h), r)
	if err := errors.Join(err, out.Chmod(0o644), out.Sync(), out.Close()); err != nil {
		return file, err
	}
	file = record.File{Digest: hex.EncodeToString(h.Sum(nil)), Bytes: size}
	if err := claim(file.Digest); err != nil {
		return file, err
	}
	path, err := s.FilePath(file.Digest)
	if err != nil {
		return file, err
	}
	return file, settle(out.Name(), path)
}

// settle gives a file its name for good: the folder is given to the disk too.
func settle(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return errors.Join(syncDir(filepath.Dir(to)), syncDir(filepath.Dir(filepath.Dir(to))))
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// roomless adds the remedy to a full disk.
func roomless(err error) error {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return fmt.Errorf("%w (the disk is full; every trial until now is kept: make room and run the same command again)", err)
	}
	return explain(err)
}

// claim keeps a file from being removed between PutFile and PutTrial. It is a row
// and not a time stamp, because the file may have lain there before, for a run
// that somebody else is deleting.
func (s *Store) claim(digest string) error {
	s.claims.Store(true)
	_, err := s.db.ExecContext(context.Background(), `INSERT INTO claim (digest, holder, claimed_unix_ns) VALUES (?, ?, ?)
		ON CONFLICT (digest, holder) DO UPDATE SET claimed_unix_ns = excluded.claimed_unix_ns`, digest, s.holder, time.Now().UnixNano())
	return err
}

// disclaim gives up what this Store has put and no trial took.
func (s *Store) disclaim() error {
	if !s.claims.Load() {
		return nil
	}
	_, err := s.db.ExecContext(context.Background(), "DELETE FROM claim WHERE holder = ?", s.holder)
	return explain(err)
}

// putReferences makes a trial hold its files, in place of this Store's claims.
func putReferences(db execer, trial int64, holder string, files []record.File) error {
	if _, err := db.ExecContext(context.Background(), "DELETE FROM reference WHERE trial = ?", trial); err != nil {
		return err
	}
	for _, f := range files {
		if err := checkDigest(f.Digest); err != nil {
			return fmt.Errorf("file %s: %w", f.Name, err)
		}
		_, err := db.ExecContext(context.Background(), "INSERT OR IGNORE INTO reference (trial, name, digest) VALUES (?, ?, ?)", trial, f.Name, f.Digest)
		if err != nil {
			return err
		}
		if _, err := db.ExecContext(context.Background(), "DELETE FROM claim WHERE digest = ? AND holder = ?", f.Digest, holder); err != nil {
			return err
		}
	}
	return nil
}

// digests are the files that a run refers to, each once.
func (s *Store) digests(run string) ([]string, error) {
	var all []string
	query := "SELECT DISTINCT digest FROM reference JOIN trial ON trial.id = reference.trial WHERE trial.run = ? ORDER BY digest"
	err := s.each(query, []any{run}, func(rows *sql.Rows) error {
		var digest string
		err := rows.Scan(&digest)
		all = append(all, digest)
		return err
	})
	return all, err
}
