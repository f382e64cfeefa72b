package store

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sluice/harness/record"
)

// pair stores a reference and a placebo of one block, with their seconds.
func pair(t *testing.T, s *Store, run string, block int, reference, placebo float64, change func(r, p *record.Trial)) {
	t.Helper()
	trials := []record.Trial{aTrial(run, 0), aTrial(run, 1)}
	for i, arm := range []string{"reference", "placebo"} {
		trials[i].Arm, trials[i].Block = arm, block
		trials[i].Started = began.Add(time.Duration(block) * time.Minute)
		trials[i].Metrics = map[string]float64{record.Wall: []float64{reference, placebo}[i]}
	}
	if change != nil {
		change(&trials[0], &trials[1])
	}
	for _, trial := range trials {
		must(t, s.PutTrial(trial))
	}
}

func TestPlaceboPairsAreThoseThatCount(t *testing.T) {
	s := holding(t, "r1")
	other := aRun("r2")
	other.Machine.Class = "another class"
	create(t, s, "key", other)
	create(t, s, "key", aRun("r3"))
	pair(t, s, "r1", 2, 1, 2, nil)
	pair(t, s, "r3", 1, 2, 1, nil)
	pair(t, s, "r2", 3, 1, 3, nil)
	pair(t, s, "r1", 4, 1, 3, func(r, _ *record.Trial) { r.Status = record.Killed })
	pair(t, s, "r1", 5, 1, 3, func(_, p *record.Trial) { p.Status = record.TimedOut })
	pair(t, s, "r1", 6, 1, 3, func(r, p *record.Trial) { r.SetAside, p.SetAside = "busy", "busy" })
	pair(t, s, "r1", 6, 4, 1, func(r, p *record.Trial) { r.Attempt, p.Attempt = 1, 1 })
	pair(t, s, "r1", 7, 1, 3, func(_, p *record.Trial) { p.Attempt = 1 })
	pair(t, s, "r1", 8, 1, 3, func(_, p *record.Trial) { p.Metrics = map[string]float64{record.CPU: 1} })
	pair(t, s, "r1", 9, 1, 3, func(_, p *record.Trial) { p.Arm = "c07" })
	pair(t, s, "r1", 10, 1, 3, func(r, _ *record.Trial) { r.Scenario = "elsewhere" })
	pair(t, s, "r1", 11, 1, 3, func(r, _ *record.Trial) { r.Phase = record.Grid })
	pair(t, s, "r1", 12, 0, 3, nil)
	const scenario = "goroot/local/2c"
	at := func(block int) time.Time { return began.Add(time.Duration(block) * time.Minute) }
	want := []PlaceboPair{{"r3", scenario, at(1), math.Log(2)}, {"r1", scenario, at(2), -math.Log(2)}, {"r1", scenario, at(6), math.Log(4)}}
	for _, higher := range []bool{false, true} {
		got, err := s.PlaceboPairs("linux-amd64-2c-24g", record.Wall, higher)
		must(t, err)
		if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
			t.Errorf("higher is better %v (-want +got):\n%s", higher, diff)
		}
		for i := range want {
			want[i].LogRatio = -want[i].LogRatio
		}
	}
	if got, err := s.PlaceboPairs("no such class", record.Wall, true); len(got) != 0 || err != nil {
		t.Errorf("no such class: %v, %v", got, err)
	}
	if _, err := s.PlaceboPairs("x", `a"b`, true); err == nil {
		t.Error("a metric with a quote is taken")
	}
}

// manyPairs fills a store with runs of blocks of a reference, a placebo and three
// other arms, each with a scan's statistics of a usual size.
func manyPairs(tb testing.TB, runs, blocks int) *Store {
	tb.Helper()
	s, err := Open(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	stats := `{"schema":"sluice.scan/v1","histogram":[` + strings.Repeat("123456,", 1400) + `0]}`
	err = s.inTx(func(tx *sql.Tx) error {
		for run := range runs {
			id := fmt.Sprintf("r%03d", run)
			if err := s.insertRun(tx, "key", aRun(id)); err != nil {
				return err
			}
			for i := range blocks * 5 {
				trial := aTrial(id, i)
				trial.Block, trial.Slot, trial.Arm = i/5, i%5, []string{"reference", "placebo", "a", "b", "c"}[i%5]
				trial.Started = began.Add(time.Duration(run*blocks*5+i) * time.Second)
				trial.Stats = json.RawMessage(stats)
				data, err := json.Marshal(trial)
				if err != nil {
					return err
				}
				if err := putTrial(tx, trial, data, s.holder); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func TestOnlyTheYoungestPairsAreReadByTheirIndex(t *testing.T) {
	s := manyPairs(t, 3, 4)
	var plan []string
	must(t, s.each("EXPLAIN QUERY PLAN "+placeboQuery, []any{"linux-amd64-2c-24g", "$.metrics.wall_s", 5}, func(rows *sql.Rows) error {
		var id, parent, unused int
		var detail string
		err := rows.Scan(&id, &parent, &unused, &detail)
		plan = append(plan, detail)
		return err
	}))
	text := strings.Join(plan, "\n")
	for _, line := range plan {
		if strings.HasPrefix(line, "SCAN") && !strings.Contains(line, "INDEX") {
			t.Errorf("a whole table is read:\n%s", text)
		}
	}
	for _, index := range []string{"trial_placebo", "trial_by_place", "run_by_class"} {
		if !strings.Contains(text, index) {
			t.Errorf("index %s is not used:\n%s", index, text)
		}
	}
}

func BenchmarkPlaceboPairs(b *testing.B) {
	s := manyPairs(b, 50, 20)
	var pairs []PlaceboPair
	for b.Loop() {
		var err error
		if pairs, err = s.PlaceboPairs("linux-amd64-2c-24g", record.Wall, false); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(pairs)), "pairs/op")
}
