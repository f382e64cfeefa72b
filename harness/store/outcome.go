package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"sluice/harness/record"
)

// Kind says what an outcome is.
type Kind string

// The kinds of outcome, each a field of record.Outcome.
const (
	Recommendation Kind = "recommendation"
	Compare        Kind = "compare"
	Grid           Kind = "grid"
)

// PutOutcome stores what a run says of one scenario, the JSON of the record of
// its kind, replacing what it said before.
func (s *Store) PutOutcome(run, scenario string, kind Kind, data json.RawMessage) error {
	tried := fmt.Sprintf("store the %s of scenario %s", kind, scenario)
	if err := decodeOutcome(&record.Outcome{}, kind, data); err != nil {
		return fmt.Errorf("%s of run %s: %w", tried, run, err)
	}
	data, err := compact(data)
	if err != nil {
		return fmt.Errorf("%s of run %s: %w", tried, run, err)
	}
	return s.wrap(putOutcome(s.db, run, scenario, kind, data), run, tried)
}

func putOutcome(db execer, run, scenario string, kind Kind, data []byte) error {
	_, err := db.ExecContext(context.Background(), `INSERT INTO outcome (run, scenario, kind, record) VALUES (?, ?, ?, ?)
		ON CONFLICT (run, scenario, kind) DO UPDATE SET record = excluded.record`, run, scenario, string(kind), string(data))
	return err
}

// Outcomes puts a run together: the run, and for each scenario its trials and
// what was concluded from them. Scenarios come in the order in which they were
// put. A run that is not done yet has trials without a conclusion. The id must be
// whole.
func (s *Store) Outcomes(run string) (record.Report, error) {
	r, err := s.exactRun(run)
	if err != nil {
		return record.Report{}, err
	}
	a := assembly{report: record.Report{Run: r}, index: map[string]int{}}
	if err := s.assemble(&a); err != nil {
		return record.Report{}, fmt.Errorf("read outcomes of run %s in store %s: %w", run, s.dir, err)
	}
	return a.report, nil
}

func (s *Store) assemble(a *assembly) error {
	run := a.report.Run.ID
	scenarios, err := queryRecords[record.Scenario](s, "SELECT record FROM scenario WHERE run = ? ORDER BY position, name", run)
	if err != nil {
		return err
	}
	for _, sc := range scenarios {
		a.outcome(sc.Name).Scenario = sc
	}
	trials, err := s.Trials(run)
	if err != nil {
		return err
	}
	for _, t := range trials {
		o := a.outcome(t.Scenario)
		o.Trials = append(o.Trials, t)
	}
	return s.each("SELECT scenario, kind, record FROM outcome WHERE run = ?", []any{run}, func(rows *sql.Rows) error {
		var scenario string
		var kind Kind
		var data []byte
		if err := rows.Scan(&scenario, &kind, &data); err != nil {
			return err
		}
		return decodeOutcome(a.outcome(scenario), kind, data)
	})
}

// assembly is a report under construction.
type assembly struct {
	report record.Report
	index  map[string]int // scenario to place in report.Outcomes
}

// outcome finds a scenario's outcome. One that was never put is made from its
// name: its trials were measured all the same. The pointer holds until the next
// call.
func (a *assembly) outcome(scenario string) *record.Outcome {
	i, ok := a.index[scenario]
	if !ok {
		i = len(a.report.Outcomes)
		a.index[scenario] = i
		a.report.Outcomes = append(a.report.Outcomes, record.Outcome{Scenario: record.Scenario{Name: scenario}})
	}
	return &a.report.Outcomes[i]
}

// decodeOutcome reads the JSON of one kind into its field.
func decodeOutcome(o *record.Outcome, kind Kind, data []byte) error {
	var err error
	switch kind {
	case Recommendation:
		o.Recommendation, err = decode[record.Recommendation](data)
	case Compare:
		o.Compare, err = decode[record.CompareResult](data)
	case Grid:
		o.Grid, err = decode[record.GridResult](data)
	default:
		err = fmt.Errorf("unknown kind of outcome %q; use %s, %s or %s", kind, Recommendation, Compare, Grid)
	}
	return err
}

func decode[R any](data []byte) (*R, error) {
	r := new(R)
	if err := json.Unmarshal(data, r); err != nil {
		return nil, err
	}
	return r, nil
}

// compact brings a JSON value onto one line, as exports need; none is null.
func compact(value json.RawMessage) ([]byte, error) {
	if len(value) == 0 {
		return []byte("null"), nil
	}
	var b bytes.Buffer
	if err := json.Compact(&b, value); err != nil {
		return nil, errors.Join(errors.New("it is not JSON"), err)
	}
	return b.Bytes(), nil
}
