package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"sluice/harness/record"
)

// A series is stored as one blob: for each sample two float64, little-endian, 16
// bytes: seconds from the ready mark, then the value in the unit that the
// series's name ends in. Nothing is compressed: a trial of 6 s sampled every
// 100 ms is 960 bytes a metric, and any tool can read them.
const sampleBytes = 16

// packSeries lays a series out. Samples that are not finite are left out: what
// could not be read is absent.
func packSeries(s record.Series) ([]byte, error) {
	if s.Name == "" || len(s.AtS) != len(s.Values) {
		return nil, fmt.Errorf("series %q has %d times and %d values; it needs a name and as many of each", s.Name, len(s.AtS), len(s.Values))
	}
	blob := make([]byte, 0, sampleBytes*len(s.AtS))
	for i, at := range s.AtS {
		if !finite(at) || !finite(s.Values[i]) {
			continue
		}
		blob = binary.LittleEndian.AppendUint64(blob, math.Float64bits(at))
		blob = binary.LittleEndian.AppendUint64(blob, math.Float64bits(s.Values[i]))
	}
	return blob, nil
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

func unpackSeries(name string, blob []byte) (record.Series, error) {
	s := record.Series{Name: name, AtS: make([]float64, 0, len(blob)/sampleBytes), Values: make([]float64, 0, len(blob)/sampleBytes)}
	if len(blob)%sampleBytes != 0 {
		return s, fmt.Errorf("damaged series %s: %d bytes, want a multiple of %d", name, len(blob), sampleBytes)
	}
	for ; len(blob) > 0; blob = blob[sampleBytes:] {
		s.AtS = append(s.AtS, math.Float64frombits(binary.LittleEndian.Uint64(blob)))
		s.Values = append(s.Values, math.Float64frombits(binary.LittleEndian.Uint64(blob[8:])))
	}
	return s, nil
}

// putSeries replaces the series of a trial. A trial that brings none keeps what
// it had: one that is put again, because its status became known, comes from the
// journal, which does not carry them.
func putSeries(db execer, trial int64, all []record.Series) error {
	if len(all) == 0 {
		return nil
	}
	if _, err := db.ExecContext(context.Background(), "DELETE FROM series WHERE trial = ?", trial); err != nil {
		return err
	}
	for _, series := range all {
		blob, err := packSeries(series)
		if err != nil {
			return err
		}
		if _, err := db.ExecContext(context.Background(), "INSERT INTO series (trial, name, pairs) VALUES (?, ?, ?)", trial, series.Name, blob); err != nil {
			return fmt.Errorf("series %s: %w", series.Name, err)
		}
	}
	return nil
}

// Series returns the metrics over time of a stored trial, in the order in which
// they were put; none if it has none. The trial is told by its place and start.
func (s *Store) Series(t record.Trial) ([]record.Series, error) {
	var id int64
	row := s.db.QueryRowContext(context.Background(), `SELECT id FROM trial
		WHERE run = ? AND scenario = ? AND phase = ? AND block = ? AND slot = ? AND attempt = ? AND started_unix_ns = ?`,
		t.Run, t.Scenario, string(t.Phase), t.Block, t.Slot, t.Attempt, t.Started.UnixNano())
	err := row.Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read series of trial %s of run %s in store %s: %w", PlaceOf(t), t.Run, s.dir, explain(err))
	}
	all, err := s.seriesOf(id)
	if err != nil {
		return nil, fmt.Errorf("read series of trial %s of run %s in store %s: %w", PlaceOf(t), t.Run, s.dir, err)
	}
	return all, nil
}

func (s *Store) seriesOf(trial int64) ([]record.Series, error) {
	var all []record.Series
	err := s.each("SELECT name, pairs FROM series WHERE trial = ? ORDER BY id", []any{trial}, func(rows *sql.Rows) error {
		var name string
		var blob []byte
		if err := rows.Scan(&name, &blob); err != nil {
			return err
		}
		series, err := unpackSeries(name, blob)
		all = append(all, series)
		return err
	})
	return all, err
}
