package store

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"sluice/harness/record"
)

// exportSchema names the format of an export; its first line carries it.
const exportSchema = "sluice.run/v1"

// line is one line of an export. Its first line is the run; what belongs to the
// run follows until the next run.
type line struct {
	Schema   string          `json:"schema,omitempty"` // of a run
	Type     string          `json:"type"`             // run | scenario | note | trial | outcome
	Key      string          `json:"key,omitempty"`    // of a run or a note
	Scenario string          `json:"scenario,omitempty"`
	Kind     Kind            `json:"kind,omitempty"`   // of an outcome
	Sample   json.RawMessage `json:"sample,omitempty"` // of a scenario
	Record   json.RawMessage `json:"record"`
}

// exports lists what is written of a run, in this order. Each query yields the
// columns of a line: key, scenario, kind, sample, record.
var exports = []struct{ name, query string }{
	{"run", "SELECT key, '', '', '', record FROM run WHERE id = ?"},
	{"scenario", "SELECT '', name, '', sample, record FROM scenario WHERE run = ? ORDER BY position, name"},
	{"note", "SELECT key, '', '', '', value FROM note WHERE run = ? ORDER BY key"},
	{"trial", "SELECT '', '', '', '', record FROM trial WHERE run = ? ORDER BY id"},
	{"outcome", "SELECT '', scenario, kind, '', record FROM outcome WHERE run = ? ORDER BY scenario, kind"},
}

// Export writes a run, given by its whole id, as JSON lines: the run first, then
// everything it owns. Records are written byte for byte as they are stored.
// Exports may be put one after the other.
func (s *Store) Export(run string, w io.Writer) error {
	if _, err := s.exactRun(run); err != nil {
		return err
	}
	buffered := bufio.NewWriter(w)
	encoder := json.NewEncoder(buffered)
	encoder.SetEscapeHTML(false)
	for _, part := range exports {
		err := s.each(part.query, []any{run}, func(rows *sql.Rows) error {
			l := line{Type: part.name}
			if part.name == "run" {
				l.Schema = exportSchema
			}
			if err := rows.Scan(&l.Key, &l.Scenario, &l.Kind, (*[]byte)(&l.Sample), (*[]byte)(&l.Record)); err != nil {
				return err
			}
			return encoder.Encode(l)
		})
		if err != nil {
			return fmt.Errorf("export run %s: %w", run, err)
		}
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("export run %s: %w", run, err)
	}
	return nil
}

// Import reads what Export wrote and returns the ids of the runs in it. All of it
// is stored, or nothing: a run that is already there is ErrExists, and a fault
// names its line.
func (s *Store) Import(r io.Reader) ([]string, error) {
	im := importer{store: s}
	err := s.inTx(func(tx *sql.Tx) error {
		im.tx = tx
		return im.read(bufio.NewReader(r))
	})
	if err != nil {
		return nil, fmt.Errorf("import into store %s: %w", s.dir, explain(err))
	}
	return im.runs, nil
}

// importer stores line after line in one transaction.
type importer struct {
	store *Store
	tx    *sql.Tx
	runs  []string // the last is the one that lines belong to
}

func (im *importer) read(r *bufio.Reader) error {
	for number := 1; ; number++ {
		text, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(text) == 0 {
			return nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err := im.line(bytes.TrimSpace(text)); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
}

func (im *importer) line(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	var l line
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&l); err != nil {
		return fmt.Errorf("not a line of an exported run: %w", err)
	}
	if len(l.Record) == 0 {
		return fmt.Errorf("a line of type %q without a record", l.Type)
	}
	if l.Type == "run" {
		return im.run(l)
	}
	if len(im.runs) == 0 {
		return fmt.Errorf("a %s before any run; an export begins with a line of type run and schema %s", l.Type, exportSchema)
	}
	return im.part(im.runs[len(im.runs)-1], l)
}

func (im *importer) run(l line) error {
	if l.Schema != exportSchema {
		return fmt.Errorf("schema %q, this sluice reads %s", l.Schema, exportSchema)
	}
	r, err := decode[record.Run](l.Record)
	if err != nil {
		return err
	}
	if r.ID == "" {
		return errors.New("a run without an id")
	}
	im.runs = append(im.runs, r.ID)
	if err := insertRawRun(im.tx, l.Key, *r, l.Record); err != nil {
		return fmt.Errorf("run %s: %w", r.ID, err)
	}
	return nil
}

// part stores what belongs to a run. Every record is decoded first, so that
// what was imported can be read.
func (im *importer) part(run string, l line) error {
	switch l.Type {
	case "scenario":
		sc, err := decode[record.Scenario](l.Record)
		if err != nil {
			return err
		}
		return putScenario(im.tx, run, sc.Name, l.Record, l.Sample)
	case "note":
		return putNote(im.tx, run, l.Key, l.Record)
	case "trial":
		t, err := decode[record.Trial](l.Record)
		if err != nil {
			return err
		}
		if t.Run != run {
			return fmt.Errorf("a trial of run %q within run %q", t.Run, run)
		}
		return putTrial(im.tx, *t, l.Record)
	case "outcome":
		if err := decodeOutcome(&record.Outcome{}, l.Kind, l.Record); err != nil {
			return err
		}
		return putOutcome(im.tx, run, l.Scenario, l.Kind, l.Record)
	}
	return fmt.Errorf("unknown type %q; an export has run, scenario, note, trial and outcome", l.Type)
}
