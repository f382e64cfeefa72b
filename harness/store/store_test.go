package store

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/record"
)

func TestWhatGoesInComesOut(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir)
	must(t, err)
	run := create(t, s, "key", aRun("r1"))
	must(t, s.PutScenario("r1", aScenario("b"), []byte("{ \"files\": [\"x\"] }\n")))
	must(t, s.PutScenario("r1", aScenario("a"), nil))
	must(t, s.PutTrial(aTrial("r1", 0)))
	must(t, s.PutTrial(aTrial("r1", 1)))
	must(t, s.PutNote("r1", "design", []byte(`{"blocks":6}`)))
	must(t, s.Close())

	s = reopened(t, dir)
	got, err := s.Run("r1")
	must(t, err)
	if diff := cmp.Diff(run, got); diff != "" {
		t.Errorf("run (-want +got):\n%s", diff)
	}
	trials, err := s.Trials("r1")
	must(t, err)
	if diff := cmp.Diff([]record.Trial{aTrial("r1", 0), aTrial("r1", 1)}, trials); diff != "" {
		t.Errorf("trials (-want +got):\n%s", diff)
	}
	sc, sample, ok, err := s.Scenario("r1", "b")
	if sc != aScenario("b") || string(sample) != `{"files":["x"]}` || !ok || err != nil {
		t.Errorf("scenario: got %+v, %s, %v, %v", sc, sample, ok, err)
	}
	note, ok, err := s.Note("r1", "design")
	if string(note) != `{"blocks":6}` || !ok || err != nil {
		t.Errorf("note: got %s, %v, %v", note, ok, err)
	}
}

func TestWhatIsNotThereIsSaidWithoutAnError(t *testing.T) {
	s := holding(t, "r1")
	if _, ok, err := s.Note("r1", "nothing"); ok || err != nil {
		t.Errorf("note: got %v, %v", ok, err)
	}
	if _, _, ok, err := s.Scenario("r1", "nothing"); ok || err != nil {
		t.Errorf("scenario: got %v, %v", ok, err)
	}
	if _, ok, err := s.FindTrial("r1", "s", record.Search, 0, 0, 0); ok || err != nil {
		t.Errorf("trial: got %v, %v", ok, err)
	}
	if _, ok, err := s.FindUnfinished("another key"); ok || err != nil {
		t.Errorf("unfinished: got %v, %v", ok, err)
	}
}

func TestATrialIsFoundAtItsPlace(t *testing.T) {
	s := holding(t, "r1")
	first, again := aTrial("r1", 3), aTrial("r1", 3)
	again.Arm, again.Started = "measured again", first.Started.Add(time.Second)
	judged := again
	judged.Status, judged.Reason = record.WrongDigest, "other findings"
	for _, trial := range []record.Trial{first, aTrial("r1", 4), again, judged} {
		must(t, s.PutTrial(trial))
	}
	got, ok, err := s.FindTrial("r1", first.Scenario, first.Phase, first.Block, first.Slot, 0)
	if err != nil || !ok || got.Arm != again.Arm || got.Status != record.WrongDigest {
		t.Errorf("got %q (%s), %v, %v; want the trial stored last, with the status put last", got.Arm, got.Status, ok, err)
	}
	if all, err := s.Trials("r1"); err != nil || len(all) != 3 {
		t.Errorf("%d trials, %v; want both kept beside the third", len(all), err)
	}
	if _, ok, _ := s.FindTrial("r1", first.Scenario, record.Confirmation, first.Block, first.Slot, 0); ok {
		t.Error("found in another phase")
	}
}

func TestNotesAndScenariosAreReplacedInPlace(t *testing.T) {
	s := holding(t, "r1")
	for _, value := range []string{"1", "2"} {
		must(t, s.PutNote("r1", "elapsed_s", []byte(value)))
	}
	if note, _, err := s.Note("r1", "elapsed_s"); string(note) != "2" || err != nil {
		t.Errorf("note %s, %v; want 2", note, err)
	}
	must(t, s.PutScenario("r1", aScenario("first"), nil))
	must(t, s.PutScenario("r1", aScenario("second"), nil))
	changed := aScenario("first")
	changed.Files = 99
	must(t, s.PutScenario("r1", changed, nil))
	report, err := s.Outcomes("r1")
	must(t, err)
	if len(report.Outcomes) != 2 || report.Outcomes[0].Scenario != changed {
		t.Errorf("got %+v, want the changed scenario still first of two", report.Outcomes)
	}
}

func TestAnInterruptedRunIsFoundByItsKeyUntilItIsDone(t *testing.T) {
	s := opened(t)
	old, young := aRun("r1"), aRun("r2")
	young.Started, young.State = began.Add(time.Hour), "interrupted"
	create(t, s, "same", old)
	create(t, s, "same", young)
	create(t, s, "other", aRun("r3"))
	for _, want := range []string{"r2", "r1"} {
		got, ok, err := s.FindUnfinished("same")
		if err != nil || !ok || got.ID != want {
			t.Fatalf("got %s, %v, %v; want %s", got.ID, ok, err, want)
		}
		got.State = "done"
		must(t, s.UpdateRun(got))
	}
	if got, ok, _ := s.FindUnfinished("same"); ok {
		t.Errorf("got %s, want none", got.ID)
	}
}

func TestARunIsNamedByItsTimeAndFoundByTheBeginningOfItsName(t *testing.T) {
	s := opened(t)
	run := create(t, s, "key", aRun(""))
	if !regexp.MustCompile(`^20261121-071802-[0-9a-f]{4}$`).MatchString(run.ID) {
		t.Errorf("id %q", run.ID)
	}
	create(t, s, "key", aRun("20261122-000000-0000"))
	create(t, s, "key", aRun("20261122-000000-0000x"))
	for prefix, want := range map[string]string{
		"20261121": run.ID, run.ID: run.ID,
		"20261122-000000-0000": "20261122-000000-0000", // whole, though another begins so
	} {
		if got, err := s.Run(prefix); err != nil || got.ID != want {
			t.Errorf("%s: got %q, %v; want %s", prefix, got.ID, err, want)
		}
	}
	for prefix, want := range map[string]error{"": ErrNotFound, "2025": ErrNotFound, "%": ErrNotFound, "2026": ErrAmbiguous} {
		if got, err := s.Run(prefix); !errors.Is(err, want) {
			t.Errorf("%q: got %q, %v; want %v", prefix, got.ID, err, want)
		}
	}
	_, err := s.Run("20261122")
	if err == nil || !strings.Contains(err.Error(), "20261122-000000-0000, 20261122-000000-0000x") {
		t.Errorf("error %v, want one naming both", err)
	}
	if _, err := s.CreateRun("key", aRun(run.ID)); !errors.Is(err, ErrExists) {
		t.Errorf("a second run of one id: %v, want %v", err, ErrExists)
	}
}

func TestRunsAreListedYoungestFirst(t *testing.T) {
	s := opened(t)
	for i, id := range []string{"middle", "youngest", "oldest"} {
		r := aRun(id)
		r.Started = began.Add([]time.Duration{0, time.Minute, -time.Minute}[i])
		create(t, s, "key", r)
	}
	runs, err := s.Runs()
	must(t, err)
	var ids []string
	for _, r := range runs {
		ids = append(ids, r.ID)
	}
	if want := []string{"youngest", "middle", "oldest"}; !slices.Equal(ids, want) {
		t.Errorf("got %v, want %v", ids, want)
	}
}

func TestADeletedRunTakesEverythingAlong(t *testing.T) {
	s := holding(t, "r1")
	create(t, s, "key", aRun("r2"))
	for _, run := range []string{"r1", "r2"} {
		must(t, s.PutTrial(aTrial(run, 0)))
		must(t, s.PutNote(run, "n", []byte("1")))
		must(t, s.PutScenario(run, aScenario("a"), nil))
		must(t, s.PutOutcome(run, "a", Grid, []byte("{}")))
	}
	must(t, s.DeleteRun("r1"))
	for _, table := range []string{"run", "trial", "note", "scenario", "outcome"} {
		var rows int
		must(t, s.db.QueryRow("SELECT count(*) FROM "+table).Scan(&rows))
		if rows != 1 {
			t.Errorf("%d rows in %s, want the other run's 1", rows, table)
		}
	}
	if err := s.DeleteRun("r1"); !errors.Is(err, ErrNotFound) {
		t.Errorf("deleted twice: %v, want %v", err, ErrNotFound)
	}
}

func TestWritingToARunThatIsNotStoredSaysSo(t *testing.T) {
	s := opened(t)
	for name, err := range map[string]error{
		"trial":    s.PutTrial(aTrial("nobody", 0)),
		"note":     s.PutNote("nobody", "n", []byte("1")),
		"scenario": s.PutScenario("nobody", aScenario("a"), nil),
		"outcome":  s.PutOutcome("nobody", "a", Compare, []byte("{}")),
		"update":   s.UpdateRun(aRun("nobody")),
		"export":   s.Export("nobody", nil, false),
	} {
		if !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), `"nobody"`) {
			t.Errorf("%s: %v, want %v naming the run", name, err, ErrNotFound)
		}
	}
}

func TestWhatIsNotJSONIsRefused(t *testing.T) {
	s := holding(t, "r1")
	for name, err := range map[string]error{
		"note":               s.PutNote("r1", "n", []byte("{")),
		"sample":             s.PutScenario("r1", aScenario("a"), []byte("{")),
		"outcome":            s.PutOutcome("r1", "a", Grid, []byte("{")),
		"outcome, wrong":     s.PutOutcome("r1", "a", Grid, []byte(`{"blocks":"many"}`)),
		"outcome, of a kind": s.PutOutcome("r1", "a", "guess", []byte("{}")),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestOutcomesPutARunTogether(t *testing.T) {
	s := holding(t, "r1")
	must(t, s.PutScenario("r1", aScenario("z first"), nil))
	must(t, s.PutScenario("r1", aScenario("a second"), nil))
	for slot, scenario := range []string{"a second", "z first", "never put"} {
		trial := aTrial("r1", slot)
		trial.Scenario = scenario
		must(t, s.PutTrial(trial))
	}
	must(t, s.PutOutcome("r1", "z first", Recommendation, []byte(`{"verdict":"undecided"}`)))
	must(t, s.PutOutcome("r1", "z first", Recommendation, []byte(`{"verdict":"better"}`)))
	must(t, s.PutOutcome("r1", "a second", Compare, []byte(`{"blocks":6}`)))
	must(t, s.PutOutcome("r1", "never put", Grid, []byte(`{"blocks":7}`)))
	report, err := s.Outcomes("r1")
	must(t, err)
	if report.Run.ID != "r1" || len(report.Outcomes) != 3 {
		t.Fatalf("got %+v", report)
	}
	first, second, third := report.Outcomes[0], report.Outcomes[1], report.Outcomes[2]
	if first.Scenario.Name != "z first" || first.Recommendation == nil || first.Recommendation.Verdict != record.Better || first.Compare != nil {
		t.Errorf("first: %+v", first)
	}
	if second.Scenario.Name != "a second" || second.Compare == nil || second.Compare.Blocks != 6 {
		t.Errorf("second: %+v", second)
	}
	if third.Scenario.Name != "never put" || third.Grid == nil || third.Grid.Blocks != 7 {
		t.Errorf("third: %+v", third)
	}
	for i, o := range report.Outcomes {
		if len(o.Trials) != 1 || o.Trials[0].Scenario != o.Scenario.Name {
			t.Errorf("outcome %d has trials %+v", i, o.Trials)
		}
	}
}

func TestADamagedRecordIsAnErrorThatNamesTheRun(t *testing.T) {
	s := holding(t, "r1")
	must(t, s.PutTrial(aTrial("r1", 0)))
	_, err := s.db.Exec("UPDATE trial SET record = '{'")
	must(t, err)
	if _, err := s.Trials("r1"); err == nil || !strings.Contains(err.Error(), "run r1") {
		t.Errorf("error %v", err)
	}
}

func TestEveryCommitIsSynced(t *testing.T) {
	s := opened(t)
	for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "foreign_keys": "1", "busy_timeout": "10000"} {
		var got string
		must(t, s.db.QueryRow("PRAGMA "+pragma).Scan(&got))
		if got != want {
			t.Errorf("%s is %s, want %s", pragma, got, want)
		}
	}
}

func BenchmarkPutTrial(b *testing.B) {
	s, err := Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if _, err := s.CreateRun("key", aRun("r1")); err != nil {
		b.Fatal(err)
	}
	slot := 0
	for b.Loop() {
		if err := s.PutTrial(aTrial("r1", slot)); err != nil {
			b.Fatal(err)
		}
		slot++
	}
}
