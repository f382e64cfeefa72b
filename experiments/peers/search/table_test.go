package main

import (
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sluice/harness/record"
	"sluice/harness/search/replay"
	"sluice/harness/space"
)

// writeTable leaves a table of 6 × 4 configurations in a file: workers help up to 8,
// a batch costs a little, 64 workers never end well, and each block has a level.
func writeTable(t *testing.T) (path string) {
	t.Helper()
	tb := replay.Table{
		Name: "made-up", Question: "What if?", Objective: record.Throughput, Machine: "none", Scenario: "made/up/2c", Version: "test",
		Recorded: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), Metrics: []string{record.Throughput},
		Reference: record.Flat{"io.workers": int64(3), "batch": int64(1), "gogc": int64(100)},
		Space: space.Space{
			{Name: "io.workers", Type: space.Int, Values: []any{int64(1), int64(2), int64(4), int64(8), int64(16), int64(64)}},
			{Name: "batch", Type: space.Int, Values: []any{int64(1), int64(2), int64(4), int64(8)}},
		},
	}
	rng := rand.New(rand.NewPCG(7, 7))
	row := func(round, block int, config, of record.Flat) {
		workers, _ := of.Float("io.workers")
		batch, _ := of.Float("batch")
		value := workers / (1 + workers*workers/64) * math.Exp(-.1*batch+.2*float64(block%3)+.01*rng.NormFloat64())
		tr := replay.Trial{Config: config, Round: round, Block: block, Status: record.OK, Values: []float64{1e4 * value}}
		if workers == 64 {
			tr.Status, tr.Values = record.Failed, []float64{math.NaN()}
		}
		tb.Trials = append(tb.Trials, tr)
	}
	cells, err := tb.Space.Grid(0)
	if err != nil {
		t.Fatal(err)
	}
	for block := range 10 * 6 {
		if block%6 == 0 { // a round: in another order each time, so that blocks and configurations can be told apart
			rng.Shuffle(len(cells), func(i, j int) { cells[i], cells[j] = cells[j], cells[i] })
		}
		row(block/6, block, nil, tb.Reference)
		for _, cell := range cells[block%6*4 : block%6*4+4] {
			row(block/6, block, cell, cell)
		}
	}
	path = filepath.Join(t.TempDir(), "made-up.table")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := tb.Write(f); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestATableIsSearchedAsASurfaceIs(t *testing.T) {
	r, err := readTable(writeTable(t))
	if err != nil {
		t.Fatal(err)
	}
	best := record.Flat{"io.workers": 8, "batch": 1, "gogc": 100}
	broken := record.Flat{"io.workers": 64, "batch": 1, "gogc": 100}
	if gain := r.Truth(best) - r.Truth(r.Reference()); r.Truth(best) != r.Best() || math.Abs(gain-math.Log(4/(3/(1+9./64)))) > .02 {
		t.Errorf("the best configuration's gain is %.3f, of the best %.3f", gain, r.Best()-r.Truth(r.Reference()))
	}
	if !math.IsInf(r.Truth(broken), -1) {
		t.Errorf("what never ends well is truly %v", r.Truth(broken))
	}
	block := r.Measure(1, 0, []record.Flat{r.Reference(), best, broken})
	if gain := block[1] - block[0]; math.Abs(gain-(r.Truth(best)-r.level)) > .1 || !math.IsInf(block[2], -1) {
		t.Errorf("a block shows %v", block)
	}
	if alone := r.Measure(1, 0, []record.Flat{best}); len(alone) != 1 || alone[0] != block[1] {
		t.Errorf("the same draw alone shows %v, want %v", alone, block[1])
	}
}

func TestEverybodySearchesATable(t *testing.T) {
	path := writeTable(t)
	r, err := readTable(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, contestant := range contestants() {
		if contestant.sampler != "" {
			continue
		}
		c := &course{problem: r, seed: 1, launches: 60}
		if err := contestant.run(c, nil); err != nil {
			t.Fatalf("%s: %v", contestant.name, err)
		}
		if o := judge(c, 0, nil); o.Worse || o.True[1] < .7 {
			t.Errorf("%s: recommends %.3f of the best after 60 launches on 24 configurations", contestant.name, o.True[1])
		}
	}
	var text strings.Builder
	if err := run(t.Context(), []string{"-seeds", "2", "-launches", "40", "-problems", "E," + path, "-only", "sluice-grid,goptuna-random", "-python", "no-such-python"}, &text, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"made-up ", "left out: sluice-grid on E"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in\n%s", want, &text)
		}
	}
}

func TestATableThatIsNoneIsRefusedByItsLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cut.table")
	if err := os.WriteFile(path, []byte("not a table\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := findProblems(path, 0); err == nil || !strings.Contains(err.Error(), "cut.table:1") {
		t.Errorf("it is refused with %v", err)
	}
}
