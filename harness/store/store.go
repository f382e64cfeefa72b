package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// version is the schema that this program writes and reads, kept in SQLite's
// user_version.
const version = 1

// application marks a database as ours, in SQLite's application_id: "slui".
const application = 0x736c7569

// fileName is the database within the store's folder.
const fileName = "store.db"

// Errors that a caller may want to tell apart.
var (
	// ErrNotFound says that no such run is stored.
	ErrNotFound = errors.New("no such run")
	ErrForeign  = errors.New("not a store of this version")
	// ErrAmbiguous says that a prefix fits several runs.
	ErrAmbiguous = errors.New("several runs begin so")
	// ErrLocked says that another process drives the run.
	ErrLocked = errors.New("the run is being driven by another process")
	// ErrExists says that a run with this id is already stored.
	ErrExists = errors.New("the run is already stored")
)

// schema is the first and only version. Times are nanoseconds since 1970.
const schema = `
CREATE TABLE run (
	id              TEXT PRIMARY KEY,
	key             TEXT NOT NULL,
	kind            TEXT NOT NULL,
	state           TEXT NOT NULL,
	started_unix_ns INTEGER NOT NULL,
	record          TEXT NOT NULL
) STRICT;
CREATE INDEX run_by_key ON run (key, started_unix_ns);

CREATE TABLE scenario (
	run      TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
	name     TEXT NOT NULL,
	position INTEGER NOT NULL,
	record   TEXT NOT NULL,
	sample   TEXT NOT NULL,
	PRIMARY KEY (run, name)
) STRICT;

CREATE TABLE note (
	run   TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
	key   TEXT NOT NULL,
	value TEXT NOT NULL,
	PRIMARY KEY (run, key)
) STRICT;

CREATE TABLE trial (
	id              INTEGER PRIMARY KEY,
	run             TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
	scenario        TEXT NOT NULL,
	phase           TEXT NOT NULL,
	block           INTEGER NOT NULL,
	slot            INTEGER NOT NULL,
	arm             TEXT NOT NULL,
	config          TEXT NOT NULL,
	status          TEXT NOT NULL,
	started_unix_ns INTEGER NOT NULL,
	record          TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX trial_by_place ON trial (run, scenario, phase, block, slot, started_unix_ns);
CREATE INDEX trial_by_config ON trial (config);

CREATE TABLE outcome (
	run      TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
	scenario TEXT NOT NULL,
	kind     TEXT NOT NULL,
	record   TEXT NOT NULL,
	PRIMARY KEY (run, scenario, kind)
) STRICT;
`

// Store is an open store. Close it to fold the write-ahead log into the file.
type Store struct {
	dir string
	db  *sql.DB
}

// Open opens the store in dir, making folder and database if they are not
// there. Everything in dir is hidden from git. A database of another version or
// another program is refused, and not touched.
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
	s := &Store{dir: dir, db: db}
	if err := s.adopt(path); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// Close closes the store. The last process to close it folds the write-ahead
// log into the file.
func (s *Store) Close() error {
	if err := s.db.Close(); err != nil {
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

// adopt checks that the file is ours and of our version, or empty, and makes the
// tables in an empty one.
func (s *Store) adopt(path string) error {
	err := s.inTx(func(tx *sql.Tx) error {
		fresh, err := inspect(tx, path)
		if err != nil || !fresh {
			return err
		}
		setup := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d; %s", application, version, schema)
		_, err = tx.ExecContext(context.Background(), setup)
		return err
	})
	if err != nil {
		return fmt.Errorf("open store %s: %w", path, explain(err))
	}
	var mode string
	if err := s.db.QueryRowContext(context.Background(), "PRAGMA journal_mode = WAL").Scan(&mode); err != nil {
		return fmt.Errorf("open store %s: %w", path, explain(err))
	}
	if mode != "wal" {
		return fmt.Errorf("open store %s: its file system does not support a write-ahead log (journal mode %q); use --store DIR on a local disk", path, mode)
	}
	return nil
}

// inspect tells whether the database is empty, and refuses what is not ours.
func inspect(tx *sql.Tx, path string) (fresh bool, err error) {
	var tables, app, found int
	row := tx.QueryRowContext(context.Background(), `SELECT (SELECT count(*) FROM sqlite_schema),
		(SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version)`)
	if err := row.Scan(&tables, &app, &found); err != nil {
		return false, err
	}
	switch {
	case tables == 0 && app == 0 && found == 0:
		return true, nil
	case app != application:
		return false, fmt.Errorf("%w: it is a database of another program; move it away or use --store DIR", ErrForeign)
	case found != version:
		return false, fmt.Errorf("%w: store %s has schema %d, this sluice reads %d; move it away or use --store DIR", ErrForeign, path, found, version)
	}
	return false, nil
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
