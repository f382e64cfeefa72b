package store

import (
	"bufio"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"sluice/harness/record"
)

// exportSchema names the format of an export; its first line carries it. Exports
// of the format before, which has neither series nor files nor an end, are read too.
const (
	exportSchema = "sluice.run/v2"
	olderSchema  = "sluice.run/v1"
)

// line is one line of an export. Its first line is the run; what belongs to the
// run follows until the next run.
type line struct {
	Schema   string          `json:"schema,omitempty"` // of a run
	Type     string          `json:"type"`             // run | scenario | note | trial | outcome | file | end
	Key      string          `json:"key,omitempty"`    // of a run or a note; the digest of a file
	Scenario string          `json:"scenario,omitempty"`
	Kind     Kind            `json:"kind,omitempty"`   // of an outcome
	Sample   json.RawMessage `json:"sample,omitempty"` // of a scenario
	Series   []record.Series `json:"series,omitempty"` // of a trial
	Record   json.RawMessage `json:"record"`           // of a file: its content in base64; of an end: the number of lines before it
}

// exports lists what is written of a run, in this order. Each query yields the
// columns of a line: key, scenario, kind, sample, record, and the trial's row.
var exports = []struct{ name, query string }{
	{"run", "SELECT key, '', '', '', record, 0 FROM run WHERE id = ?"},
	{"scenario", "SELECT '', name, '', sample, record, 0 FROM scenario WHERE run = ? ORDER BY position, name"},
	{"note", "SELECT key, '', '', '', value, 0 FROM note WHERE run = ? ORDER BY key"},
	{"trial", "SELECT '', '', '', '', record, id FROM trial WHERE run = ? ORDER BY id"},
	{"outcome", "SELECT '', scenario, kind, '', record, 0 FROM outcome WHERE run = ? ORDER BY scenario, kind"},
}

// Export writes a run, given by its whole id, as JSON lines: the run first, then
// everything it owns. Records are written byte for byte as they are stored. Kept
// files are named by their digests; their content is written with files, after
// all else. Exports may be put one after the other.
func (s *Store) Export(run string, w io.Writer, files bool) error {
	if _, err := s.exactRun(run); err != nil {
		return err
	}
	buffered := bufio.NewWriter(w)
	encoder := json.NewEncoder(buffered)
	encoder.SetEscapeHTML(false)
	if err := s.export(&lineWriter{encoder: encoder}, run, files); err != nil {
		return fmt.Errorf("export run %s: %w", run, err)
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("export run %s: %w", run, err)
	}
	return nil
}

// lineWriter counts the lines of a run.
type lineWriter struct {
	encoder *json.Encoder
	lines   int
}

func (w *lineWriter) write(l line) error {
	w.lines++
	return w.encoder.Encode(l)
}

// export ends a run with a line that says how many went before it, so that one
// that was cut, even between two lines, is told from a whole one.
func (s *Store) export(w *lineWriter, run string, files bool) error {
	for _, part := range exports {
		if err := s.exportPart(w, part.name, part.query, run); err != nil {
			return err
		}
	}
	if files {
		if err := s.exportFiles(w, run); err != nil {
			return err
		}
	}
	return w.write(line{Type: "end", Key: run, Record: fmt.Append(nil, w.lines)})
}

// exportPart writes the lines of one type. What is read is held in memory first:
// the store is free again for whoever measures while the reader takes its time.
func (s *Store) exportPart(w *lineWriter, name, query, run string) error {
	var lines []line
	var trials []int64
	err := s.each(query, []any{run}, func(rows *sql.Rows) error {
		l := line{Type: name}
		if name == "run" {
			l.Schema = exportSchema
		}
		var trial int64
		err := rows.Scan(&l.Key, &l.Scenario, &l.Kind, (*[]byte)(&l.Sample), (*[]byte)(&l.Record), &trial)
		lines, trials = append(lines, l), append(trials, trial)
		return err
	})
	if err != nil {
		return err
	}
	for i, l := range lines {
		if trials[i] > 0 {
			if l.Series, err = s.seriesOf(trials[i]); err != nil {
				return err
			}
		}
		if err := w.write(l); err != nil {
			return err
		}
	}
	return nil
}

// exportFiles writes the content of a run's files, each once. One that is not
// here, because the run was imported without it, is left out.
func (s *Store) exportFiles(w *lineWriter, run string) error {
	all, err := s.digests(run)
	if err != nil {
		return err
	}
	for _, digest := range all {
		content, err := s.readFile(digest)
		if errors.Is(err, ErrNoFile) {
			continue
		}
		if err != nil {
			return err
		}
		text, err := json.Marshal(content)
		if err != nil {
			return err
		}
		if err := w.write(line{Type: "file", Key: digest, Record: text}); err != nil {
			return err
		}
	}
	return nil
}

// readFile reads a kept file whole.
func (s *Store) readFile(digest string) (content []byte, err error) {
	file, err := s.OpenFile(digest)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return io.ReadAll(file)
}
