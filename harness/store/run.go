package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	lib "modernc.org/sqlite/lib"

	"sluice/harness/record"
)

// done is the state of a run that needs no resuming.
const done = "done"

// failed is the state of a run that cannot go on: it would fail again in the same
// way.
const failed = "failed"

// NewID makes a run's id of its start in UTC and 4 random hex digits:
// "20261121-071802-a3f1". Ids sort by time.
func NewID(started time.Time) string {
	var salt [2]byte
	_, _ = rand.Read(salt[:]) // never fails
	return started.UTC().Format("20060102-150405") + "-" + hex.EncodeToString(salt[:])
}

// CreateRun stores a new run and returns it as stored: without an id it is given
// one by [NewID]. The key is a digest of what makes two runs the same work, so
// that FindUnfinished can take up an interrupted one. An id that is taken is
// ErrExists.
func (s *Store) CreateRun(key string, r record.Run) (record.Run, error) {
	const attempts = 8 // two of 65,536 in one second are rare, eight in a row are not chance
	chosen := r.ID == ""
	var err error
	for range attempts {
		if chosen {
			r.ID = NewID(r.Started)
		}
		err = s.insertRun(s.db, key, r)
		if !chosen || !errors.Is(err, ErrExists) {
			break
		}
	}
	if err != nil {
		return record.Run{}, fmt.Errorf("create run %s: %w", r.ID, err)
	}
	return r, nil
}

// execer is a database or a transaction.
type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

func (s *Store) insertRun(db execer, key string, r record.Run) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return insertRawRun(db, key, r, data)
}

func insertRawRun(db execer, key string, r record.Run, data []byte) error {
	_, err := db.ExecContext(context.Background(),
		"INSERT INTO run (id, key, kind, state, started_unix_ns, record) VALUES (?, ?, ?, ?, ?, ?)",
		r.ID, key, r.Kind, r.State, r.Started.UnixNano(), string(data))
	if violates(err, lib.SQLITE_CONSTRAINT_PRIMARYKEY) {
		return ErrExists
	}
	return explain(err)
}

// UpdateRun replaces the record of a stored run; its key stays.
func (s *Store) UpdateRun(r record.Run) error {
	data, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("update run %s: %w", r.ID, err)
	}
	result, err := s.db.ExecContext(context.Background(),
		"UPDATE run SET kind = ?, state = ?, started_unix_ns = ?, record = ? WHERE id = ?",
		r.Kind, r.State, r.Started.UnixNano(), string(data), r.ID)
	if err != nil {
		return fmt.Errorf("update run %s: %w", r.ID, explain(err))
	}
	return s.mustTouch(result, "update", r.ID)
}

// mustTouch turns "no row changed" into ErrNotFound.
func (s *Store) mustTouch(result sql.Result, verb, run string) error {
	rows, err := result.RowsAffected()
	if err != nil {
		return fmt.Errorf("%s run %s: %w", verb, run, err)
	}
	if rows == 0 {
		return s.notFound(run)
	}
	return nil
}

func (s *Store) notFound(run string) error {
	return fmt.Errorf("run %q in store %s: %w (sluice runs list shows what is stored)", run, s.dir, ErrNotFound)
}

// FindUnfinished returns the youngest run with this key that is neither done nor
// failed.
func (s *Store) FindUnfinished(key string) (record.Run, bool, error) {
	runs, err := s.queryRuns("WHERE key = ? AND state NOT IN (?, ?) ORDER BY started_unix_ns DESC, id DESC LIMIT 1", key, done, failed)
	if err != nil || len(runs) == 0 {
		return record.Run{}, false, err
	}
	return runs[0], true, nil
}

// Runs lists all runs, the youngest first.
func (s *Store) Runs() ([]record.Run, error) {
	return s.queryRuns("ORDER BY started_unix_ns DESC, id DESC")
}

// Run returns the run with this id, or the only one whose id begins so. No run
// is ErrNotFound; several are ErrAmbiguous, with their ids in the message.
func (s *Store) Run(prefix string) (record.Run, error) {
	const shown = 5
	if prefix == "" {
		return record.Run{}, s.notFound(prefix)
	}
	runs, err := s.queryRuns("WHERE substr(id, 1, length(?1)) = ?1 ORDER BY id LIMIT ?2", prefix, shown)
	if err != nil {
		return record.Run{}, err
	}
	switch {
	case len(runs) == 0:
		return record.Run{}, s.notFound(prefix)
	case len(runs) == 1 || runs[0].ID == prefix:
		return runs[0], nil
	}
	ids := make([]string, len(runs))
	for i, r := range runs {
		ids[i] = r.ID
	}
	return record.Run{}, fmt.Errorf("run %q: %w: %s; give more of the id", prefix, ErrAmbiguous, strings.Join(ids, ", "))
}

func (s *Store) queryRuns(tail string, args ...any) ([]record.Run, error) {
	runs, err := queryRecords[record.Run](s, "SELECT record FROM run "+tail, args...)
	if err != nil {
		return nil, fmt.Errorf("read runs of store %s: %w", s.dir, err)
	}
	return runs, nil
}

// DeleteRun removes a run, given by its whole id, with everything it owns and the
// files that no other run refers to. A run that another process drives is
// ErrLocked.
func (s *Store) DeleteRun(id string) error {
	if _, err := s.exactRun(id); err != nil {
		return err
	}
	lock, err := s.Lock(id)
	if err != nil {
		return fmt.Errorf("delete run %s: %w", id, err)
	}
	if err = s.deleteRun(id); err != nil {
		err = fmt.Errorf("delete run %s: %w", id, explain(err))
	}
	return errors.Join(err, lock.Release())
}

// deleteRun removes the run first and its files apart from it: a run that could
// not be deleted keeps them.
func (s *Store) deleteRun(id string) error {
	files, err := s.digests(id)
	if err != nil {
		return err
	}
	result, err := s.db.ExecContext(context.Background(), "DELETE FROM run WHERE id = ?", id)
	if err != nil {
		return err
	}
	if err := s.mustTouch(result, "delete", id); err != nil {
		return err
	}
	return s.inTx(func(tx *sql.Tx) error { return s.collect(tx, files) })
}

// exactRun returns the run with exactly this id.
func (s *Store) exactRun(id string) (record.Run, error) {
	runs, err := s.queryRuns("WHERE id = ?", id)
	if err != nil {
		return record.Run{}, err
	}
	if len(runs) == 0 {
		return record.Run{}, s.notFound(id)
	}
	return runs[0], nil
}

// queryRecords reads the one column of a query as JSON records. It returns when
// the connection is free again, so that callers may write while they use them.
func queryRecords[R any](s *Store, query string, args ...any) ([]R, error) {
	var all []R
	err := s.each(query, args, func(rows *sql.Rows) error {
		var data []byte
		if err := rows.Scan(&data); err != nil {
			return err
		}
		var r R
		if err := json.Unmarshal(data, &r); err != nil {
			return fmt.Errorf("damaged record: %w", err)
		}
		all = append(all, r)
		return nil
	})
	return all, err
}

// each calls scan for every row of a query.
func (s *Store) each(query string, args []any, scan func(*sql.Rows) error) (err error) {
	rows, err := s.db.QueryContext(context.Background(), query, args...)
	if err != nil {
		return explain(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return explain(rows.Err())
}
