package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// fileName is the database within the store's folder.
const fileName = "store.db"

// Errors that a caller may want to tell apart.
var (
	// ErrNotFound says that no such run is stored.
	ErrNotFound = errors.New("no such run")
	// ErrForeign says that the file is another program's, or a newer sluice's.
	ErrForeign = errors.New("not a store of this version")
	// ErrAmbiguous says that a prefix fits several runs.
	ErrAmbiguous = errors.New("several runs begin so")
	// ErrLocked says that another process drives the run.
	ErrLocked = errors.New("the run is being driven by another process")
	// ErrExists says that a run with this id is already stored.
	ErrExists = errors.New("the run is already stored")
	// ErrNoFile says that the store has a file's digest but not its content.
	ErrNoFile = errors.New("its content is not in this store")
	// ErrAmbiguousPlace says that several scenarios have a trial at an address.
	ErrAmbiguousPlace = errors.New("several scenarios have one")
	// ErrNoTrial says that a run has no trial at an address.
	ErrNoTrial = errors.New("no such trial")
)

// Store is an open store. Close it to fold the write-ahead log into the file.
type Store struct {
	dir    string
	db     *sql.DB
	holder string // of claims on files, unlike any other's
	claims atomic.Bool
}

// Open opens the store in dir, making folder and database if they are not
// there. Everything in dir is hidden from git. A database of an older version is
// brought to this one in place; one of a newer version or of another program is
// refused, and not touched.
func Open(dir string) (*Store, error) {
	if err := prepareDir(dir); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, fileName)
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	// One connection: SQLite has one writer anyway, and what lives in a connection
	// cannot differ between two.
	db.SetMaxOpenConns(1)
	s := &Store{dir: dir, db: db, holder: rand.Text()}
	if err := s.adopt(path); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s.sweepTemporary()
	return s, nil
}

// Close closes the store. The last process to close it folds the write-ahead
// log into the file.
func (s *Store) Close() error {
	if err := errors.Join(s.disclaim(), s.db.Close()); err != nil {
		return fmt.Errorf("close store %s: %w", s.dir, err)
	}
	return nil
}

// Dir is the store's folder, as given to Open.
func (s *Store) Dir() string { return s.dir }

// usualDir is the folder's name unless another is asked for. It is always ours.
const usualDir = ".sluice"

func prepareDir(dir string) error {
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return fmt.Errorf("%w: %s is a file, a store is a folder; use --store DIR", ErrForeign, dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make store %s: %w (use --store DIR for another place)", dir, err)
	}
	// A folder that holds something else is somebody's own: it is not hidden.
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 && filepath.Base(dir) != usualDir {
		return nil
	}
	ignore := filepath.Join(dir, ".gitignore")
	if _, err := os.Stat(ignore); err == nil {
		return nil
	}
	if err := os.WriteFile(ignore, []byte("*\n"), 0o644); err != nil {
		return fmt.Errorf("write into store %s: %w (use --store DIR for another place)", dir, err)
	}
	return nil
}

// dsn names the file with the settings of each connection. None of them changes
// a database that turns out not to be ours.
func dsn(path string) string {
	settings := url.Values{
		"_pragma": {
			"busy_timeout(10000)", // first, so that it holds for the others
			"synchronous(FULL)",   // 2,000 commits a second are far above any rate of trials
			"foreign_keys(ON)",
		},
		// A transaction that reads before it writes would otherwise fail at once
		// when another process writes, instead of waiting.
		"_txlock": {"immediate"},
	}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: settings.Encode()}).String()
}

// inTx runs work in one transaction: all of it is committed, or nothing.
func (s *Store) inTx(work func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(context.Background(), nil)
	if err != nil {
		return err
	}
	if err := work(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
