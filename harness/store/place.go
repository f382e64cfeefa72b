package store

import (
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sluice/harness/record"
)

// Place is the address of a trial within its run: [SCENARIO/]PHASE/BLOCK/SLOT[.ATTEMPT],
// as in "grid/3/1", "grid/3/1.0" or "goroot/nfs/2c/grid/3/1".
type Place struct {
	Scenario string // empty: whichever has such a trial
	Phase    record.Phase
	Block    int
	Slot     int
	Attempt  int // which measuring of the block, from 0; −1: the one that counts
}

// PlaceOf is the address of a trial, without its scenario.
func PlaceOf(t record.Trial) Place {
	return Place{Phase: t.Phase, Block: t.Block, Slot: t.Slot, Attempt: t.Attempt}
}

// String writes the address as ParsePlace reads it.
func (p Place) String() string {
	text := fmt.Sprintf("%s/%d/%d", p.Phase, p.Block, p.Slot)
	if p.Scenario != "" {
		text = p.Scenario + "/" + text
	}
	if p.Attempt > 0 {
		text += "." + strconv.Itoa(p.Attempt)
	}
	return text
}

// phases are what an address may name.
var phases = []record.Phase{ //nolint:gochecknoglobals // never changes
	record.Warmup, record.Calibration, record.Search, record.Confirmation, record.Full, record.Grid, record.Comparison, record.Profiling,
}

// ParsePlace reads the address of a trial. A scenario's name may hold slashes: the
// last three parts are the place.
func ParsePlace(text string) (Place, error) {
	parts := strings.Split(text, "/")
	if len(parts) < 3 {
		return Place{}, fmt.Errorf("%q is not the address of a trial; use PHASE/BLOCK/SLOT or PHASE/BLOCK/SLOT.ATTEMPT, as in grid/3/1", text)
	}
	at := len(parts) - 3
	p := Place{Scenario: strings.Join(parts[:at], "/"), Phase: record.Phase(parts[at]), Attempt: -1}
	if !slices.Contains(phases, p.Phase) {
		return Place{}, fmt.Errorf("%q names phase %q; the phases are %s", text, p.Phase, list(phases))
	}
	slot, attempt, tried := strings.Cut(parts[at+2], ".")
	var err error
	if p.Block, err = count(text, "block", parts[at+1]); err != nil {
		return Place{}, err
	}
	if p.Slot, err = count(text, "slot", slot); err != nil {
		return Place{}, err
	}
	if tried {
		p.Attempt, err = count(text, "attempt", attempt)
	}
	return p, err
}

func count(text, what, number string) (int, error) {
	n, err := strconv.ParseUint(number, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("%q names %s %q; use a whole number from 0", text, what, number)
	}
	return int(n), nil
}

func list(all []record.Phase) string {
	words := make([]string, len(all))
	for i, phase := range all {
		words[i] = string(phase)
	}
	return strings.Join(words, ", ")
}

// FindPlace returns the trial at an address, with its series. Where the address
// leaves the attempt open it is the one that counts, else the last. No trial is
// ErrNoTrial; several scenarios with such a trial are ErrAmbiguousPlace, with the whole
// addresses in the message. The run's id must be whole.
func (s *Store) FindPlace(run string, p Place) (record.Trial, error) {
	trials, err := queryRecords[record.Trial](s, `SELECT record FROM trial
		WHERE run = ?1 AND phase = ?2 AND block = ?3 AND slot = ?4 AND (?5 = '' OR scenario = ?5) AND (?6 < 0 OR attempt = ?6)
		ORDER BY scenario, set_aside = '', attempt, id`, run, string(p.Phase), p.Block, p.Slot, p.Scenario, p.Attempt)
	if err != nil {
		return record.Trial{}, fmt.Errorf("read trial %s of run %s in store %s: %w", p, run, s.dir, err)
	}
	if len(trials) == 0 {
		return record.Trial{}, s.noTrial(run, p)
	}
	if first, last := trials[0].Scenario, trials[len(trials)-1].Scenario; first != last {
		return record.Trial{}, ambiguous(p, trials)
	}
	found := trials[len(trials)-1]
	found.Series, err = s.Series(found)
	return found, err
}

func (s *Store) noTrial(run string, p Place) error {
	r, err := s.exactRun(run)
	if err != nil {
		return err
	}
	known, err := s.phases(r.ID)
	if err != nil {
		return err
	}
	return fmt.Errorf("trial %s of run %s: %w; the run has %s", p, run, ErrNoTrial, strings.Join(known, ", "))
}

// phases says in words what a run's trials are: "6 of grid (blocks 0 … 2)".
func (s *Store) phases(run string) ([]string, error) {
	var words []string
	query := "SELECT phase, count(*), min(block), max(block) FROM trial WHERE run = ? GROUP BY phase ORDER BY min(id)"
	err := s.each(query, []any{run}, func(rows *sql.Rows) error {
		var phase string
		var n, first, last int
		if err := rows.Scan(&phase, &n, &first, &last); err != nil {
			return err
		}
		words = append(words, fmt.Sprintf("%d of %s (blocks %d … %d)", n, phase, first, last))
		return nil
	})
	if len(words) == 0 {
		words = append(words, "no trials yet")
	}
	return words, err
}

func ambiguous(p Place, trials []record.Trial) error {
	var whole []string
	for _, t := range trials {
		at := PlaceOf(t)
		at.Scenario = t.Scenario
		whole = append(whole, at.String())
	}
	return fmt.Errorf("trial %s: %w: %s; put the scenario before it", p, ErrAmbiguousPlace, strings.Join(slices.Compact(whole), ", "))
}
