package store

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
)

// version is the schema that this program writes, kept in SQLite's user_version:
// the number of the steps.
const version = 2

// application marks a database as ours, in SQLite's application_id: "slui".
const application = 0x736c7569

// steps lead from an empty database to this program's schema, one version at a
// time. A step that was released never changes. Times are nanoseconds since 1970.
var steps = [version]string{ //nolint:gochecknoglobals // never changes
	`
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
`,
	// 2: a block may be measured more than once, metrics over time, files beside
	// the database, the placebo of a machine class. A run's class is a generated
	// column, so that it cannot differ from the record.
	`
ALTER TABLE run ADD COLUMN class TEXT GENERATED ALWAYS AS
	(CASE WHEN json_valid(record) THEN json_extract(record, '$.machine.class') END) VIRTUAL;
CREATE INDEX run_by_class ON run (class);

ALTER TABLE trial ADD COLUMN attempt INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trial ADD COLUMN set_aside TEXT NOT NULL DEFAULT '';
UPDATE trial SET attempt = coalesce(json_extract(record, '$.attempt'), 0), set_aside = coalesce(json_extract(record, '$.set_aside'), '')
	WHERE json_valid(record);
DROP INDEX trial_by_place;
CREATE UNIQUE INDEX trial_by_place ON trial (run, scenario, phase, block, slot, attempt, started_unix_ns);
CREATE INDEX trial_placebo ON trial (run, started_unix_ns) WHERE arm = 'placebo';

CREATE TABLE series (
	id    INTEGER PRIMARY KEY,
	trial INTEGER NOT NULL REFERENCES trial (id) ON DELETE CASCADE,
	name  TEXT NOT NULL,
	pairs BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX series_by_name ON series (trial, name);

CREATE TABLE reference (
	trial  INTEGER NOT NULL REFERENCES trial (id) ON DELETE CASCADE,
	name   TEXT NOT NULL,
	digest TEXT NOT NULL,
	PRIMARY KEY (trial, name, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX reference_by_digest ON reference (digest);

CREATE TABLE claim (
	digest          TEXT NOT NULL,
	holder          TEXT NOT NULL,
	claimed_unix_ns INTEGER NOT NULL,
	PRIMARY KEY (digest, holder)
) STRICT, WITHOUT ROWID;
`,
}

// adopt checks that the file is ours and of a version that is known, or empty,
// and brings it to this version: all the steps, or none.
func (s *Store) adopt(path string) error {
	err := s.inTx(func(tx *sql.Tx) error {
		found, err := inspect(tx, path)
		if err != nil || found == version {
			return err
		}
		return s.migrate(tx, found)
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

// inspect tells the version of the database, 0 for an empty one, and refuses what
// is not ours.
func inspect(tx *sql.Tx, path string) (found int, err error) {
	var tables, app int
	row := tx.QueryRowContext(context.Background(), `SELECT (SELECT count(*) FROM sqlite_schema),
		(SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version)`)
	if err := row.Scan(&tables, &app, &found); err != nil {
		return 0, err
	}
	switch {
	case tables == 0 && app == 0 && found == 0:
		return 0, nil
	case app != application:
		return 0, fmt.Errorf("%w: it is a database of another program; move it away or use --store DIR", ErrForeign)
	case found > version:
		return 0, fmt.Errorf("%w: store %s has schema %d, written by a newer sluice, this one reads up to %d; use the newer one, or --store DIR for another store", ErrForeign, path, found, version)
	case found < 1:
		return 0, fmt.Errorf("%w: store %s has schema %d, this sluice reads 1 to %d; move it away or use --store DIR", ErrForeign, path, found, version)
	}
	return found, nil
}

// migrate takes the steps that a database still lacks.
func (s *Store) migrate(tx *sql.Tx, found int) error {
	if found > 0 {
		if err := s.undriven(found); err != nil {
			return err
		}
	}
	for _, step := range steps[found:] {
		if _, err := tx.ExecContext(context.Background(), step); err != nil {
			return fmt.Errorf("bring schema %d to %d: %w", found, version, err)
		}
	}
	_, err := tx.ExecContext(context.Background(), fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", application, version))
	return err
}

// undriven refuses to change the schema under a process that drives a run: an
// older sluice could not store its next trial.
func (s *Store) undriven(found int) error {
	names, err := os.ReadDir(filepath.Join(s.dir, "locks"))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		lock, err := s.Lock(name.Name())
		if err != nil {
			return fmt.Errorf("the store has schema %d and is to be brought to %d; wait for the run that is being measured, or use --store DIR for another store: %w", found, version, err)
		}
		if err := lock.Release(); err != nil {
			return err
		}
	}
	return nil
}
