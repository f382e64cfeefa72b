package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/record"
)

// firstSchema is schema 1 as it was released. It stands here apart from the code,
// so that nobody changes the past by changing the first step.
const firstSchema = `
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

// first makes a store as the first version left it: a run with two measurings of
// one place, a scenario, a note and an outcome.
func first(t *testing.T) (dir string, trials []record.Trial) {
	t.Helper()
	dir = t.TempDir()
	db, err := sql.Open("sqlite", filepath.Join(dir, fileName))
	must(t, err)
	put := func(query string, args ...any) {
		_, err := db.Exec(query, args...)
		must(t, err)
	}
	put(fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = 1; PRAGMA journal_mode = WAL", 0x736c7569))
	put(firstSchema)
	put("INSERT INTO run VALUES ('r1', 'key', 'tune', 'interrupted', ?, ?)", began.UnixNano(), text(t, aRun("r1")))
	put("INSERT INTO scenario VALUES ('r1', 'goroot/local/2c', 0, ?, '{}')", text(t, aScenario("goroot/local/2c")))
	put("INSERT INTO note VALUES ('r1', 'design', '{\"blocks\":6}')")
	put("INSERT INTO outcome VALUES ('r1', 'goroot/local/2c', 'grid', '{\"blocks\":6}')")
	again := aTrial("r1", 0)
	again.Attempt, again.Started = 1, again.Started.Add(1)
	for _, trial := range []record.Trial{aTrial("r1", 0), aTrial("r1", 1), again} {
		put("INSERT INTO trial (run, scenario, phase, block, slot, arm, config, status, started_unix_ns, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			trial.Run, trial.Scenario, string(trial.Phase), trial.Block, trial.Slot, trial.Arm, trial.Config.ID(), string(trial.Status), trial.Started.UnixNano(), text(t, trial))
		trials = append(trials, trial)
	}
	must(t, db.Close())
	return dir, trials
}

func text(t *testing.T, value any) string {
	t.Helper()
	data, err := json.Marshal(value)
	must(t, err)
	return string(data)
}

func TestAStoreOfTheFirstVersionKeepsEverything(t *testing.T) {
	dir, want := first(t)
	for range 2 { // a second opening finds the new version
		s, err := Open(dir)
		must(t, err)
		report, err := s.Outcomes("r1")
		must(t, err)
		if diff := cmp.Diff(want, report.Outcomes[0].Trials); diff != "" || report.Outcomes[0].Grid.Blocks != 6 {
			t.Errorf("trials (-want +got):\n%s", diff)
		}
		if note, ok, err := s.Note("r1", "design"); string(note) != `{"blocks":6}` || !ok || err != nil {
			t.Errorf("note %s, %v, %v", note, ok, err)
		}
		if r, ok, err := s.FindUnfinished("key"); r.ID != "r1" || !ok || err != nil {
			t.Errorf("unfinished: %s, %v, %v", r.ID, ok, err)
		}
		for attempt, started := range []int64{began.UnixNano(), began.UnixNano() + 1} {
			found, ok, err := s.FindTrial("r1", "goroot/local/2c", record.Search, 0, 0, attempt)
			if !ok || err != nil || found.Started.UnixNano() != started {
				t.Errorf("attempt %d: %v, %v, %v", attempt, found.Started, ok, err)
			}
		}
		must(t, s.Close())
	}
	s := reopened(t, dir)
	must(t, s.PutTrial(aTrial("r1", 2)))
	must(t, s.DeleteRun("r1"))
}

// Every object of the database, so that a column or index that only one of the
// two ways makes is seen.
func TestAnOldStoreEndsUpLikeANewOne(t *testing.T) {
	dir, _ := first(t)
	if diff := cmp.Diff(objects(t, opened(t)), objects(t, reopened(t, dir))); diff != "" {
		t.Errorf("schema (-new +brought up):\n%s", diff)
	}
}

func objects(t *testing.T, s *Store) (all []string) {
	t.Helper()
	must(t, s.each("SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY name", nil, func(rows *sql.Rows) error {
		var object string
		err := rows.Scan(&object)
		all = append(all, object)
		return err
	}))
	return all
}

func TestAStoreIsNotChangedUnderARunThatIsBeingMeasured(t *testing.T) {
	dir, _ := first(t)
	lock, err := (&Store{dir: dir}).Lock("r1")
	must(t, err)
	s, err := Open(dir)
	if err == nil {
		t.Fatal(errors.Join(errors.New("opened"), s.Close()))
	}
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "wait for the run") || !strings.Contains(err.Error(), fmt.Sprint("process ", os.Getpid())) {
		t.Errorf("error %v, want %v with a remedy", err, ErrLocked)
	}
	if version := userVersion(t, dir); version != 1 {
		t.Errorf("schema %d, want 1 as before", version)
	}
	must(t, lock.Release())
	reopened(t, dir)
}

func TestAMigrationThatFailsLeavesTheStoreAsItWas(t *testing.T) {
	dir, _ := first(t)
	db, err := sql.Open("sqlite", filepath.Join(dir, fileName))
	must(t, err)
	_, err = db.Exec("CREATE TABLE claim (x)") // in the way of the last statement but one
	must(t, errors.Join(err, db.Close()))
	if s, err := Open(dir); err == nil || !strings.Contains(err.Error(), "bring schema 1 to 2") {
		t.Fatalf("%v, %v; want an error", s, err)
	}
	if version := userVersion(t, dir); version != 1 {
		t.Errorf("schema %d, want 1 as before", version)
	}
	db, err = sql.Open("sqlite", filepath.Join(dir, fileName))
	must(t, err)
	if _, err := db.Exec("SELECT attempt FROM trial"); err == nil {
		t.Error("half of the schema was changed")
	}
	_, err = db.Exec("DROP TABLE claim")
	must(t, errors.Join(err, db.Close()))
	reopened(t, dir)
}

func userVersion(t *testing.T, dir string) (version int) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, fileName))
	must(t, err)
	must(t, errors.Join(db.QueryRow("PRAGMA user_version").Scan(&version), db.Close()))
	return version
}
