package store

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/record"
)

func aSeries() []record.Series {
	return []record.Series{
		{Name: "threads", AtS: []float64{0, 0.1, 0.2000000001}, Values: []float64{3, 7, 7}},
		{Name: "rss_bytes", AtS: []float64{0.05}, Values: []float64{1 << 40}},
	}
}

func withSeries(run string, slot int) record.Trial {
	trial := aTrial(run, slot)
	trial.Series = aSeries()
	return trial
}

func TestSeriesComeOutAsTheyWentIn(t *testing.T) {
	s := holding(t, "r1")
	must(t, s.PutTrial(withSeries("r1", 0)))
	must(t, s.PutTrial(aTrial("r1", 1)))
	got, err := s.Series(aTrial("r1", 0))
	must(t, err)
	if diff := cmp.Diff(aSeries(), got); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
	for slot, what := range map[int]string{1: "a trial without series", 2: "a trial that is not there"} {
		if got, err := s.Series(aTrial("r1", slot)); len(got) != 0 || err != nil {
			t.Errorf("%s: %v, %v", what, got, err)
		}
	}
}

func TestATrialPutAgainKeepsItsSeriesUnlessItBringsOthers(t *testing.T) {
	s := holding(t, "r1")
	must(t, s.PutTrial(withSeries("r1", 0)))
	judged := aTrial("r1", 0) // as the journal gives it back
	judged.SetAside = "the machine was busy"
	must(t, s.PutTrial(judged))
	if got, err := s.Series(judged); len(got) != 2 || err != nil {
		t.Errorf("%d series, %v; want both kept", len(got), err)
	}
	judged.Series = aSeries()[:1]
	must(t, s.PutTrial(judged))
	if got, err := s.Series(judged); len(got) != 1 || err != nil {
		t.Errorf("%d series, %v; want the one brought", len(got), err)
	}
	var aside string
	must(t, s.db.QueryRow("SELECT set_aside FROM trial").Scan(&aside))
	if aside != judged.SetAside {
		t.Errorf("set aside because %q", aside)
	}
}

func TestSamplesThatCouldNotBeReadAreAbsent(t *testing.T) {
	s := holding(t, "r1")
	trial := aTrial("r1", 0)
	trial.Series = []record.Series{{Name: "rss_bytes", AtS: []float64{0, 1, 2, math.NaN()}, Values: []float64{5, math.NaN(), math.Inf(1), 4}}}
	must(t, s.PutTrial(trial))
	got, err := s.Series(trial)
	must(t, err)
	if diff := cmp.Diff([]record.Series{{Name: "rss_bytes", AtS: []float64{0}, Values: []float64{5}}}, got); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
}

func TestATrialWithAWrongSeriesIsNotStoredAtAll(t *testing.T) {
	for name, series := range map[string][]record.Series{
		"more times than values": {{Name: "a", AtS: []float64{0, 1}, Values: []float64{0}}},
		"without a name":         {{AtS: []float64{0}, Values: []float64{0}}},
		"twice the same name":    {aSeries()[0], aSeries()[0]},
	} {
		t.Run(name, func(t *testing.T) {
			s := holding(t, "r1")
			trial := aTrial("r1", 0)
			trial.Series = series
			if err := s.PutTrial(trial); err == nil || !strings.Contains(err.Error(), "series") {
				t.Errorf("error %v", err)
			}
			if n, err := s.CountTrials("r1"); n != 0 || err != nil {
				t.Errorf("%d trials, %v; want none", n, err)
			}
		})
	}
}

func TestADamagedSeriesIsSaid(t *testing.T) {
	s := holding(t, "r1")
	must(t, s.PutTrial(withSeries("r1", 0)))
	_, err := s.db.Exec("UPDATE series SET pairs = x'00' WHERE name = 'threads'")
	must(t, err)
	if _, err := s.Series(aTrial("r1", 0)); err == nil || !strings.Contains(err.Error(), "damaged series threads") {
		t.Errorf("error %v", err)
	}
}

func TestExportsCarryAttemptsConditionsAndSeries(t *testing.T) {
	from := holding(t, "r1")
	share := 0.25
	aside := withSeries("r1", 0)
	aside.SetAside, aside.Conditions.StealShare = "the machine was busy", &share
	counts := withSeries("r1", 0)
	counts.Attempt, counts.Started = 1, counts.Started.Add(1)
	must(t, from.PutTrial(aside))
	must(t, from.PutTrial(counts))
	var b bytes.Buffer
	must(t, from.Export("r1", &b, false))
	to := opened(t)
	_, err := to.Import(&b)
	must(t, err)
	for attempt, want := range []record.Trial{aside, counts} {
		got, err := to.FindPlace("r1", Place{Phase: record.Search, Attempt: attempt})
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("attempt %d (-want +got):\n%s", attempt, diff)
		}
	}
}

// What the version before wrote.
const olderExport = `{"schema":"sluice.run/v1","type":"run","key":"k","record":{"id":"r1","kind":"tune","state":"done"}}
{"type":"scenario","scenario":"s","sample":null,"record":{"name":"s"}}
{"type":"note","key":"design","record":{"blocks":6}}
{"type":"trial","record":{"run":"r1","scenario":"s","phase":"grid","block":0,"slot":0,"arm":"reference","started":"2026-11-21T07:18:02Z","metrics":{"wall_s":1}}}
{"type":"outcome","scenario":"s","kind":"grid","record":{"blocks":6}}
`

func TestAnOlderExportIsImported(t *testing.T) {
	s := opened(t)
	ids, err := s.Import(strings.NewReader(olderExport))
	if err != nil || len(ids) != 1 {
		t.Fatalf("ids %v, %v", ids, err)
	}
	trial, err := s.FindPlace("r1", Place{Phase: record.Grid})
	if err != nil || trial.Arm != "reference" || trial.Attempt != 0 {
		t.Errorf("trial %+v, %v", trial, err)
	}
}
