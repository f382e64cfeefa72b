package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"sluice/harness/explain"
	"sluice/harness/record"
)

func TestAnExplanationInWords(t *testing.T) {
	stations := json.RawMessage(`{"wall_s":1,"cpu_s":0.5,"bytes":1000,"littles_ratio":1,
		"stations":[
			{"name":"read","workers":4,"utilisation":0.98,"service_s":{"n":392,"mean":0.01},"wait_s":{"n":392,"mean":0.5},"hold_s":{"n":392,"mean":0}},
			{"name":"analyse","workers":2,"utilisation":0.25,"service_s":{"n":392,"mean":0.001,"max":0.01},"wait_s":{"n":392,"mean":0.0001}}],
		"watch":{"occupancy":[{"pool":"read","kind":"io","workers":4,"looks":160,"idle":0.02,"waiting":0}]}}`)
	base := record.Trial{
		Status: record.OK, Scenario: "tree/nfs/2c", Arm: "reference", Phase: record.Grid,
		Metrics: map[string]float64{record.Wall: 1, record.CPU: 0.5}, Command: []string{"sluice", "scan", "--root", "/tree", "--config", "c.yaml"},
	}
	piped, seated, foreign := base, base, base
	piped.Stats, piped.Config = stations, record.Flat{"channel.buffer": int64(16), "channel.batch": int64(8)}
	seated.Stats, seated.Config = stations, record.Flat{"cpu.scheduler": "per-file"}
	foreign.Config = record.Flat{"threads": int64(1)}
	for _, c := range []struct {
		what  string
		trial record.Trial
		want  []string
	}{
		{"a pipeline with a channel", piped, []string{
			"tree/nfs/2c: reference, 1 trial of grid, wall 1 s, cores 25 % busy",
			"readers 4 ▕██████████▏ 98 % waiting on storage ─▶ channel 16 × 8 (holds readers up ~0 %) ─▶ analysers 2 ▕███░░░░░░░▏ 25 %",
			"readers    waiting on storage 98 %, without a file to read ~2 %; a file takes 10 ms and waits 500 ms",
			"bound: I/O latency (holds): 4 readers busy 98 % of the time: 4 ÷ 10 ms a read is 400 files/s at most, and 392 were read",
			"raise io.workers to about 17: more reads in flight",
			"throughput at most ×4.00 of now",
			"measure sluice scan --config c.yaml --set io.workers=17 --print-config > changed.yaml",
			"        sluice compare c.yaml changed.yaml /tree\n",
		}},
		{"one pool", seated, []string{"─▶ a seat ─▶ analysers 2", "bound: I/O latency (holds)"}},
		{"a foreign program", foreign, []string{
			"tree/nfs/2c: reference, 1 trial of grid, wall 1 s, cores 25 % busy\n\n  bound: none (cannot tell)",
			"cannot tell: stations not recorded",
		}},
	} {
		e, err := explain.Explain(c.trial, 2)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if err := drawExplained(&b, e); err != nil {
			t.Fatal(err)
		}
		for _, want := range c.want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s:\n%s\nwant %q", c.what, b.String(), want)
			}
		}
	}
}

func TestABarIsTenCells(t *testing.T) {
	for share, want := range map[float64]string{
		-1: "▕░░░░░░░░░░▏", 0: "▕░░░░░░░░░░▏", 0.04: "▕░░░░░░░░░░▏", 0.05: "▕█░░░░░░░░░▏", 0.71: "▕███████░░░▏", 1: "▕██████████▏", 3: "▕██████████▏",
	} {
		if got := bar(share); got != want {
			t.Errorf("%v: %s, want %s", share, got, want)
		}
	}
}

// What an unfinished run, or one of each kind, is explained by.
func TestTheArmsThatAreExplained(t *testing.T) {
	a, b, c := record.Flat{"k": int64(1)}, record.Flat{"k": int64(2)}, record.Flat{"k": int64(3)}
	var trials []record.Trial
	for i, config := range []record.Flat{a, b, c, a, b, c} {
		phase := record.Search
		if i > 2 {
			phase = record.Confirmation
		}
		trials = append(trials, record.Trial{Status: record.OK, Phase: phase, Arm: string(rune('a' + i%3)), Config: config})
	}
	armOf := func(name string, config record.Flat) record.Arm { return record.Arm{Name: name, Config: config} }
	candidate := armOf("candidate", c)
	for _, tc := range []struct {
		what string
		o    record.Outcome
		want string
	}{
		{"a tuning run", record.Outcome{Recommendation: &record.Recommendation{Reference: armOf("reference", a), Recommended: armOf("chosen", c)}}, "reference chosen"},
		{"one that kept the reference", record.Outcome{Recommendation: &record.Recommendation{
			Reference: armOf("reference", a), Recommended: armOf("reference", a), Candidate: &candidate,
		}}, "reference candidate"},
		{"a comparison", record.Outcome{Compare: &record.CompareResult{A: armOf("left", b), B: armOf("right", a)}}, "left right"},
		{"a comparison of one with itself", record.Outcome{Compare: &record.CompareResult{A: armOf("left", b), B: armOf("right", b)}}, "left"},
		{"an experiment", record.Outcome{Grid: &record.GridResult{Reference: armOf("reference", a), Arms: []record.Arm{armOf("best", c), armOf("next", b)}}}, "reference best"},
		{"an unfinished run", record.Outcome{}, "a b"},
	} {
		tc.o.Trials = trials
		var names []string
		for _, group := range subjects(tc.o) {
			names = append(names, group[0].Arm)
			for _, one := range group {
				if one.Phase != record.Confirmation {
					t.Errorf("%s: %s has a trial of %s", tc.what, one.Arm, one.Phase)
				}
			}
		}
		if got := strings.Join(names, " "); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.what, got, tc.want)
		}
	}
}
