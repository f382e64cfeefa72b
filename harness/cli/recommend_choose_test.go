package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"sluice/harness/decide"
	"sluice/harness/lab"
	"sluice/harness/record"
)

// keptTune holds the trials of a kept answer: a real tune over two storage profiles, with
// two finalists and an arm of --also under local, and one finalist under nfs.
func keptTune(t *testing.T, scenario string) record.Outcome {
	t.Helper()
	file, err := os.Open("../../experiments/answers/2026-11-21-linux-amd64-2c-24g-tune/raw.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // read only
	o := record.Outcome{Scenario: record.Scenario{Name: scenario, Corpus: "goroot", Storage: strings.Split(scenario, "/")[1], Cores: 2}}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var trial record.Trial
		if err := json.Unmarshal(lines.Bytes(), &trial); err != nil {
			t.Fatal(err)
		}
		if trial.Scenario == scenario {
			o.Trials = append(o.Trials, trial)
		}
	}
	if err := lines.Err(); err != nil || len(o.Trials) == 0 {
		t.Fatalf("%d trials, %v", len(o.Trials), err)
	}
	return o
}

func chooseIn(t *testing.T, o record.Outcome, objective string, require ...string) chosen {
	t.Helper()
	goal, err := decide.ParseGoal(objective, require, 0)
	if err != nil {
		t.Fatal(err)
	}
	c, err := stockOf(record.Run{ID: "20261121-125711-96a7", Reference: "naive"}, o, goal).choose()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAnotherGoalChoosesAmongWhatWasConfirmed(t *testing.T) {
	for _, row := range []struct {
		scenario, goal string
		require        []string
		verdict        record.Verdict
		recommended    string // knobs that tell it
		seen           string // where the candidate was
	}{
		{"goroot/local/2c", "balanced", nil, record.Undecided, "cpu.scheduler=queue cpu.workers=2 io.reader=read io.workers=2", "confirmation"},
		{"goroot/local/2c", "p99", nil, record.Better, "cpu.scheduler=per-file cpu.workers=2", ""},
		{"goroot/local/2c", "rss", nil, record.Better, "cpu.scheduler=per-file cpu.workers=2", ""},
		{"goroot/local/2c", "cpu", nil, record.Undecided, "cpu.scheduler=queue", "search"},
		{"goroot/nfs/2c", "balanced", nil, record.Better, "channel.buffer=1000", ""}, // as tune said, whatever --also showed
		{"goroot/nfs/2c", "cpu", nil, record.Better, "channel.buffer=1000", ""},
		{"goroot/nfs/2c", "p99", nil, record.Worse, "cpu.scheduler=queue cpu.workers=2 io.reader=read io.workers=2", "confirmation"},
		{"goroot/nfs/2c", "rss", nil, record.Worse, "io.workers=2", "confirmation"},
		{"goroot/nfs/2c", "throughput", []string{"rss<70MB"}, record.Undecided, "io.workers=2", ""},
	} {
		t.Run(fmt.Sprint(row.scenario, " ", row.goal, row.require), func(t *testing.T) {
			c := chooseIn(t, keptTune(t, row.scenario), row.goal, row.require...)
			if c.Verdict != row.verdict || c.Seen != row.seen || !strings.Contains(c.Recommended.Config.String(), row.recommended) {
				t.Errorf("%s, candidate from %q, recommended %s; want %s, %q, %s\n%q", c.Verdict, c.Seen, c.Recommended.Config, row.verdict, row.seen, row.recommended, c.Warnings)
			}
			if (c.Verdict == record.Better) != (len(c.Gain) > 0) || (c.Candidate == nil) != (row.seen == "") {
				t.Errorf("%s with %d gains and candidate %v", c.Verdict, len(c.Gain), c.Candidate)
			}
			if c.Seen == "search" && (len(c.Candidate.Ratios) > 0 || !strings.Contains(strings.Join(c.Warnings, "\n"), "not confirmed: run sluice tune corpus:goroot --storage "+keptTune(t, row.scenario).Scenario.Storage+" --goal "+row.goal)) {
				t.Errorf("a candidate that only the search saw has ratios %v and warnings %q", c.Candidate.Ratios, c.Warnings)
			}
		})
	}
}

func TestRequirementsThatNothingKeepsSayWhichBindsAndHowNear(t *testing.T) {
	c := chooseIn(t, keptTune(t, "goroot/local/2c"), "balanced", "rss<10MB", "p99<1s")
	if len(c.Binding) != 2 || c.Binding[0].Holds || !c.Binding[1].Holds || c.Nearest == nil || len(c.Nearest.Breaks) != 1 {
		t.Fatalf("binding %+v, nearest %+v", c.Binding, c.Nearest)
	}
	if best := c.Binding[0].Best; best < 5e7 || best > 9e7 {
		t.Errorf("the nearest to 10 MB is %v bytes, want some 78 MB", best)
	}
	if !strings.Contains(strings.Join(c.Warnings, "\n"), "rss < 10 MB binds: nothing that was measured keeps it; the nearest is 78 MB") {
		t.Errorf("warnings %q", c.Warnings)
	}
	contradictory := chooseIn(t, keptTune(t, "goroot/local/2c"), "throughput", "rss<80MB", "p99>500ms")
	for _, b := range contradictory.Binding {
		if !b.Holds {
			t.Errorf("%s holds by itself, and is said to bind", b.Requirement)
		}
	}
	if contradictory.Nearest == nil || contradictory.Verdict != record.Undecided {
		t.Errorf("contradictory requirements gave %s, nearest %v", contradictory.Verdict, contradictory.Nearest)
	}
}

// block is one pair of a made-up grid: throughput 100 of the reference, the others as
// given.
func block(index int, others ...float64) []record.Trial {
	trial := func(arm string, throughput float64) record.Trial {
		return record.Trial{
			Phase: record.Grid, Block: index, Arm: arm, Status: record.OK, Config: record.Flat{"n": arm}, Started: time.Unix(int64(index), 0),
			Metrics: map[string]float64{record.Throughput: throughput * (1 + float64(index)/1000), record.P99: 1, record.RSS: 1},
		}
	}
	trials := []record.Trial{trial(lab.Reference, 100), trial(lab.Placebo, 300)}
	for i, throughput := range others {
		trials = append(trials, trial(fmt.Sprintf("c%d", i), throughput))
	}
	return trials
}

func TestAGridSharesItsErrorAmongAllThatMayBeChosen(t *testing.T) {
	var o record.Outcome
	for i := range 6 {
		o.Trials = append(o.Trials, block(i, 120, 110)...)
	}
	if c := chooseIn(t, o, "throughput"); c.Verdict != record.Undecided || !strings.Contains(strings.Join(c.Warnings, "\n"), "6 blocks can show nothing among 2 configurations; it takes 7 or more") {
		t.Errorf("six blocks of two configurations: %s, %q", c.Verdict, c.Warnings)
	}
	o.Trials = append(o.Trials, block(6, 120, 110)...)
	c := chooseIn(t, o, "throughput")
	if c.Verdict != record.Better || c.Recommended.Config["n"] != "c0" || c.Gain[record.Throughput].Confidence < 0.975 || len(c.Also) != 1 {
		t.Errorf("seven blocks: %s, %v with %v; the placebo is no choice", c.Verdict, c.Recommended.Config, c.Gain)
	}
	for i := range o.Trials {
		if o.Trials[i].Arm == "c0" && o.Trials[i].Block == 3 {
			o.Trials[i].Status, o.Trials[i].Reason = record.Failed, "exit status 1"
		}
	}
	if c := chooseIn(t, o, "throughput"); c.Recommended.Config["n"] == "c0" {
		t.Errorf("a configuration that failed once was recommended")
	}
	if _, err := (stock{}).choose(); err == nil {
		t.Error("nothing measured chose something")
	}
}
