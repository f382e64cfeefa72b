package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	lib "modernc.org/sqlite/lib"

	"sluice/harness/record"
)

// PutScenario stores a scenario of a run with the description of its sample, any
// JSON value. Scenarios keep the order in which they were first put; putting one
// again replaces it.
func (s *Store) PutScenario(run string, sc record.Scenario, sample json.RawMessage) error {
	data, err := json.Marshal(sc)
	if err == nil {
		sample, err = compact(sample)
	}
	if err != nil {
		return fmt.Errorf("store scenario %s of run %s: %w", sc.Name, run, err)
	}
	err = putScenario(s.db, run, sc.Name, data, sample)
	return s.wrap(err, run, "store scenario "+sc.Name)
}

func putScenario(db execer, run, name string, data, sample []byte) error {
	_, err := db.ExecContext(context.Background(), `
		INSERT INTO scenario (run, name, position, record, sample)
		VALUES (?1, ?2, (SELECT count(*) FROM scenario WHERE run = ?1), ?3, ?4)
		ON CONFLICT (run, name) DO UPDATE SET record = excluded.record, sample = excluded.sample`,
		run, name, string(data), string(sample))
	return err
}

// Scenario returns a scenario of a run with its sample as it was put; false if
// the run has none of that name.
func (s *Store) Scenario(run, name string) (record.Scenario, json.RawMessage, bool, error) {
	var sc record.Scenario
	var data, sample []byte
	row := s.db.QueryRowContext(context.Background(), "SELECT record, sample FROM scenario WHERE run = ? AND name = ?", run, name)
	err := row.Scan(&data, &sample)
	if errors.Is(err, sql.ErrNoRows) {
		return sc, nil, false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &sc)
	}
	if err != nil {
		return sc, nil, false, fmt.Errorf("read scenario %s of run %s in store %s: %w", name, run, s.dir, explain(err))
	}
	return sc, sample, true, nil
}

// PutTrial stores a trial with its series and its hold on its files, in one
// transaction. When it returns without an error the trial is on the disk. A block
// that is measured again brings trials of another attempt, which stand beside the
// first; the same trial, told by place, attempt and start, is put again when more
// became known of it (findings that differ from the reference's, another
// measuring that counts in its place).
func (s *Store) PutTrial(t record.Trial) error {
	data, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("store a trial of run %s: %w", t.Run, err)
	}
	err = s.inTx(func(tx *sql.Tx) error { return putTrial(tx, t, data, s.holder) })
	return s.wrap(err, t.Run, "store a trial")
}

// putTrial stores a trial as the given record. Its holder is whoever claimed its
// files.
func putTrial(tx *sql.Tx, t record.Trial, data []byte, holder string) error {
	row := tx.QueryRowContext(context.Background(), `
		INSERT INTO trial (run, scenario, phase, block, slot, attempt, arm, config, status, set_aside, started_unix_ns, record)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (run, scenario, phase, block, slot, attempt, started_unix_ns) DO UPDATE
		SET status = excluded.status, set_aside = excluded.set_aside, record = excluded.record RETURNING id`,
		t.Run, t.Scenario, string(t.Phase), t.Block, t.Slot, t.Attempt, t.Arm, t.Config.ID(), string(t.Status), t.SetAside, t.Started.UnixNano(), string(data))
	var id int64
	if err := row.Scan(&id); err != nil {
		return err
	}
	if err := putSeries(tx, id, t.Series); err != nil {
		return err
	}
	return putReferences(tx, id, holder, t.Files)
}

// Trials lists the trials of a run in the order in which they were stored.
func (s *Store) Trials(run string) ([]record.Trial, error) {
	trials, err := queryRecords[record.Trial](s, "SELECT record FROM trial WHERE run = ? ORDER BY id", run)
	if err != nil {
		return nil, fmt.Errorf("read trials of run %s in store %s: %w", run, s.dir, err)
	}
	return trials, nil
}

// CountTrials is the number of trials that a run has stored.
func (s *Store) CountTrials(run string) (n int, err error) {
	row := s.db.QueryRowContext(context.Background(), "SELECT count(*) FROM trial WHERE run = ?", run)
	if err := row.Scan(&n); err != nil {
		return 0, fmt.Errorf("count trials of run %s in store %s: %w", run, s.dir, explain(err))
	}
	return n, nil
}

// FindTrial returns the trial at a place of the design, of that measuring of its
// block (0 is the first); of several the one stored last.
func (s *Store) FindTrial(run, scenario string, phase record.Phase, block, slot, attempt int) (record.Trial, bool, error) {
	trials, err := queryRecords[record.Trial](s, `SELECT record FROM trial
		WHERE run = ? AND scenario = ? AND phase = ? AND block = ? AND slot = ?
		AND attempt = ? ORDER BY id DESC LIMIT 1`,
		run, scenario, string(phase), block, slot, attempt)
	if err != nil {
		return record.Trial{}, false, fmt.Errorf("read trial %s/%s/%d/%d of run %s in store %s: %w", scenario, phase, block, slot, run, s.dir, err)
	}
	if len(trials) == 0 {
		return record.Trial{}, false, nil
	}
	return trials[0], true, nil
}

// PutNote stores one entry of a run's journal, any JSON value; an entry with the
// same key is replaced. Notes are what a resumed run needs to take the same
// decisions again.
func (s *Store) PutNote(run, key string, value json.RawMessage) error {
	value, err := compact(value)
	if err != nil {
		return fmt.Errorf("store note %s of run %s: %w", key, run, err)
	}
	return s.wrap(putNote(s.db, run, key, value), run, "store note "+key)
}

func putNote(db execer, run, key string, value []byte) error {
	_, err := db.ExecContext(context.Background(), `INSERT INTO note (run, key, value) VALUES (?, ?, ?)
		ON CONFLICT (run, key) DO UPDATE SET value = excluded.value`, run, key, string(value))
	return err
}

// Note returns an entry of a run's journal; false if there is none.
func (s *Store) Note(run, key string) (json.RawMessage, bool, error) {
	var value []byte
	row := s.db.QueryRowContext(context.Background(), "SELECT value FROM note WHERE run = ? AND key = ?", run, key)
	err := row.Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read note %s of run %s in store %s: %w", key, run, s.dir, explain(err))
	}
	return value, true, nil
}

// wrap says what was tried. A missing parent row means a missing run.
func (s *Store) wrap(err error, run, tried string) error {
	if err == nil {
		return nil
	}
	if violates(err, lib.SQLITE_CONSTRAINT_FOREIGNKEY) {
		return fmt.Errorf("%s: %w", tried, s.notFound(run))
	}
	return fmt.Errorf("%s of run %s in store %s: %w", tried, run, s.dir, explain(err))
}
