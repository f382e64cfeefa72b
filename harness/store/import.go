package store

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"sluice/harness/record"
)

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
	lines int      // of that run so far
	older bool     // that run is of the format before, which has no end
	ended bool     // the end of that run has come
}

func (im *importer) read(r *bufio.Reader) error {
	for number := 1; ; number++ {
		text, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(text) == 0 {
			return im.whole(number)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err := im.line(bytes.TrimSpace(text)); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
}

// whole refuses to leave a run whose end has not come.
func (im *importer) whole(number int) error {
	if len(im.runs) == 0 || im.ended || im.older {
		return nil
	}
	return fmt.Errorf("line %d: run %s has no end: the export was cut; export it anew", number, im.runs[len(im.runs)-1])
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
	im.lines++
	if len(im.runs) == 0 {
		return fmt.Errorf("a %s before any run; an export begins with a line of type run and schema %s", l.Type, exportSchema)
	}
	run := im.runs[len(im.runs)-1]
	if im.ended {
		return fmt.Errorf("a %s after the end of run %s", l.Type, run)
	}
	return im.part(run, l)
}

func (im *importer) run(l line) error {
	if l.Schema != exportSchema && l.Schema != olderSchema {
		return fmt.Errorf("schema %q, this sluice reads %s and %s", l.Schema, exportSchema, olderSchema)
	}
	r, err := decode[record.Run](l.Record)
	if err != nil {
		return err
	}
	if r.ID == "" {
		return errors.New("a run without an id")
	}
	if len(im.runs) > 0 && !im.ended && !im.older {
		return fmt.Errorf("run %s begins, but run %s has no end: the export was cut; export it anew", r.ID, im.runs[len(im.runs)-1])
	}
	im.runs, im.lines, im.older, im.ended = append(im.runs, r.ID), 1, l.Schema == olderSchema, false
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
		t.Series = l.Series
		return putTrial(im.tx, *t, l.Record, im.store.holder)
	case "file":
		return im.file(l)
	case "end":
		return im.end(run, l)
	case "outcome":
		if err := decodeOutcome(&record.Outcome{}, l.Kind, l.Record); err != nil {
			return err
		}
		return putOutcome(im.tx, run, l.Scenario, l.Kind, l.Record)
	}
	return fmt.Errorf("unknown type %q; an export has run, scenario, note, trial, outcome, file and end", l.Type)
}

// end holds the number of lines against what came.
func (im *importer) end(run string, l line) error {
	lines, err := decode[int](l.Record)
	if err != nil {
		return err
	}
	if before := im.lines - 1; l.Key != run || *lines != before {
		return fmt.Errorf("the end of run %q after %d lines, where run %q has %d: lines are missing; export it anew", l.Key, *lines, run, before)
	}
	im.ended = true
	return nil
}

// file stores the content of a file. It needs no claim: the import's transaction
// keeps others from removing it. If the import fails later, it is swept one day.
func (im *importer) file(l line) error {
	content, err := decode[[]byte](l.Record)
	if err != nil {
		return fmt.Errorf("file %.12s…: %w", l.Key, err)
	}
	if found := fmt.Sprintf("%x", sha256.Sum256(*content)); found != l.Key {
		return fmt.Errorf("file %.12s…: its content is damaged, the digest is %.12s…", l.Key, found)
	}
	_, err = im.store.writeFile(bytes.NewReader(*content), func(string) error { return nil })
	return roomless(err)
}
