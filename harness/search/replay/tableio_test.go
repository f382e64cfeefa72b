package replay

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sluice/harness/record"
	"sluice/harness/search"
)

func written(t *testing.T, tb Table) string {
	t.Helper()
	var b bytes.Buffer
	if err := tb.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestATableIsReadAsItWasWritten(t *testing.T) {
	want := grid{rounds: 4, noise: 0.02, fails: func(c record.Flat) bool { return c["batch"] == int64(8) }}.make(t)
	got, err := ReadTable("a.table", strings.NewReader(written(t, want)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateNaNs(), cmpopts.EquateApprox(1e-4, 0)); diff != "" {
		t.Errorf("table differs (-written +read):\n%s", diff)
	}
	crlf := strings.ReplaceAll(written(t, want), "\n", "\r\n")
	if _, err := ReadTable("a.table", strings.NewReader(crlf)); err != nil {
		t.Errorf("with the line ends of another system: %v", err)
	}
}

func TestAGridOf216CellsTakesLessThan400kB(t *testing.T) {
	tb := grid{rounds: 8, noise: 0.02}.make(t)
	perTrial := float64(len(written(t, tb))) / float64(len(tb.Trials))
	if size := perTrial * 216 * 8 * 1.2; size > 400e3 {
		t.Errorf("216 configurations in 8 rounds would take %.0f bytes", size)
	}
}

func TestAWrongTableIsToldByItsLine(t *testing.T) {
	good := written(t, grid{rounds: 4}.make(t))
	lines := strings.SplitAfter(good, "\n")
	head := 13 // the columns' line, counted from 1
	edit := func(at int, from, to string) string {
		changed := append([]string(nil), lines...)
		changed[at-1] = strings.Replace(changed[at-1], from, to, 1)
		if changed[at-1] == lines[at-1] {
			t.Fatalf("line %d has no %q: %s", at, from, lines[at-1])
		}
		return strings.Join(changed, "")
	}
	for _, row := range []struct{ name, text, want string }{
		{"nothing", "", `t:1: this is no table of searches: it begins with ""`},
		{"something else", "io.workers,batch\n1,2\n", `t:1: this is no table of searches: it begins with "io.workers,batch"`},
		{"another schema", edit(1, "/v1", "/v9"), "t:1: schema is \"sluice.table/v9\"; this sluice reads sluice.table/v1"},
		{"a head out of order", edit(2, "# name", "# nome"), `t:2: found "# nome: \"made-up\"", expected "# name: …"`},
		{"a head that is no JSON", edit(9, "[", "{"), "t:9: space: "},
		{"other columns", edit(head, "round", "turn"), "t:13: the columns are"},
		{"a value that the space does not list", edit(head+2, lines[head+1][:strings.Index(lines[head+1], ",")], "77"), `t:15: io.workers is "77", which the space does not list (1, 2, 4, 8, 16, 32)`},
		{"a missing column", edit(head+2, ",ok", ""), "t:15: found 7 columns, expected 8"},
		{"a status", edit(head+2, ",ok,", ",fine,"), `t:15: status is "fine"`},
		{"a word for a figure", edit(head+3, ",ok,", ",ok,fast"), "t:16: throughput_bytes_per_s is \"fast"},
		{"a negative figure", edit(head+3, ",ok,", ",ok,-"), "t:16: throughput_bytes_per_s is \"-"},
		{"a round below 0", edit(head+1, ",0,", ",-1,"), "t:14: round, block or others: found \"-1\""},
		{"cut short", strings.Join(lines[:40], ""), "t:40: the table is cut short: after 27 trials"},
		{"cut within a line", strings.Join(lines[:40], "") + lines[40][:5], "t:41: found 3 columns"},
		{"a row gone", strings.Join(append(append([]string(nil), lines[:20]...), lines[21:]...), ""), "the table says that it has 116 trials and has 115"},
		{"something after the end", good + "1,2\n", "there is a line after the end"},
		{"another objective", edit(4, "throughput_bytes_per_s", "happiness"), `t: objective "happiness" is not among the columns`},
		{"expectations of fewer", edit(12, "null", `{"trials":["grid/0/0"],"gains":[1],"deviations":[1]}`), "t: expected holds 1 gains and 1 deviations by 1 trials for "},
		{"a starter from elsewhere", edit(11, `"io.workers":4`, `"io.workers":5`), "t: starter four"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := ReadTable("t", strings.NewReader(row.text))
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("error %v\nwant %s", err, row.want)
			}
		})
	}
}

func TestTooFewRoundsMakeNoTable(t *testing.T) {
	_, err := Record(grid{rounds: 3}.make(t))
	if err == nil || !strings.Contains(err.Error(), "only 3 times; use 4 rounds or more") {
		t.Errorf("%v", err)
	}
}

func TestAHalfWithoutAReferenceMakesNoTable(t *testing.T) {
	tb := grid{rounds: 4}.make(t)
	for i, tr := range tb.Trials {
		if tr.Config == nil && tr.Round%2 == 1 {
			tb.Trials[i].Status = record.Failed
		}
	}
	if _, err := Record(tb); err == nil || !strings.Contains(err.Error(), "in half of the rounds no trial of the reference ended well") {
		t.Errorf("%v", err)
	}
}

// stored is an outcome as the store holds a grid.
func stored(t *testing.T, rounds int) (record.Run, record.Outcome) {
	t.Helper()
	o := record.Outcome{Scenario: record.Scenario{Name: "goroot/nfs/2c", Cores: 2}}
	add := func(block int, arm string, config record.Flat, speed float64) {
		o.Trials = append(o.Trials, record.Trial{
			Phase: record.Grid, Block: block, Arm: arm, Config: config, Status: record.OK,
			Metrics: map[string]float64{record.Throughput: speed, record.P99: 0.01, record.RSS: 3e7, record.Wall: 1, record.CPU: 1},
		})
	}
	for round := range rounds {
		add(round, "reference", record.Flat{"io.workers": int64(3), "source.order": "walk", "memory.gogc": int64(100)}, 1e6)
		for _, io := range []int64{64, 8} {
			for _, order := range []string{"walk", "largest-first"} {
				add(round, fmt.Sprintf("source.order=%s io.workers=%d", order, io), record.Flat{"io.workers": io, "source.order": order, "memory.gogc": int64(100)}, 1e5*float64(io))
			}
		}
		o.Trials = append(o.Trials, record.Trial{Phase: record.Grid, Block: round, Arm: "placebo", Status: record.OK, Metrics: map[string]float64{record.Throughput: 1e6}})
		set := o.Trials[len(o.Trials)-2]
		set.SetAside, set.Metrics = "disturbed", map[string]float64{record.Throughput: 1}
		o.Trials = append(o.Trials, set)
	}
	return record.Run{ID: "r1", Kind: "run", Name: "small", Question: "What?", Version: "v", Machine: record.Machine{Class: "c"}}, o
}

func TestATableIsMadeOfAStoredGrid(t *testing.T) {
	run, o := stored(t, 4)
	known := []search.Candidate{
		{ID: "wide", Config: record.Flat{"io.workers": int64(200), "source.order": "walk"}},
		{ID: "wider", Config: record.Flat{"io.workers": int64(300), "source.order": "walk"}},
	}
	tb, err := FromOutcome(run, o, record.Throughput, known)
	if err != nil {
		t.Fatal(err)
	}
	if len(tb.Trials) != 4*5 || tb.rounds() != 4 || tb.Reference["memory.gogc"] != int64(100) {
		t.Errorf("%d trials in %d rounds; want 20 in 4, none of the placebo's or of those set aside", len(tb.Trials), tb.rounds())
	}
	if len(tb.Space) != 2 || tb.Space[0].Name != "source.order" || tb.Space[0].Type != "choice" || tb.Space[1].Type != "int" ||
		tb.Space[1].Scale != "log2" || fmt.Sprint(tb.Space[1].Values) != "[8 64]" {
		t.Errorf("space %+v; want the knobs that vary, in the order of the names", tb.Space)
	}
	if len(tb.Starters) != 1 || tb.Starters[0].ID != "wide" || tb.Starters[0].Config.String() != "io.workers=64 source.order=walk" {
		t.Errorf("starters %+v; want one, on the grid", tb.Starters)
	}
	again, err := ReadTable("small", strings.NewReader(written(t, tb)))
	if err != nil {
		t.Fatal(err)
	}
	g, err := Record(again)
	if err != nil {
		t.Fatal(err)
	}
	if want := math.Log(6.4); math.Abs(g.Best()-want) > 1e-4 {
		t.Errorf("best gain %g, want %g", g.Best(), want)
	}
	last := again.Trials[len(again.Trials)-1]
	if last.Round != 3 || again.Trials[0].Config != nil || again.Trials[5].Round != 1 {
		t.Errorf("rounds are not those of the design: %+v", again.Trials)
	}
}

func TestWhatIsNoGridMakesNoTable(t *testing.T) {
	run, o := stored(t, 4)
	for i := range o.Trials {
		o.Trials[i].Phase = record.Search
	}
	if _, err := FromOutcome(run, o, record.Throughput, nil); err == nil || !strings.Contains(err.Error(), "no trial of a grid's reference") {
		t.Errorf("%v", err)
	}
}

func FuzzReadTable(f *testing.F) {
	var b bytes.Buffer
	run, o := stored(&testing.T{}, 4)
	tb, err := FromOutcome(run, o, record.Throughput, nil)
	if err != nil {
		f.Fatal(err)
	}
	if err := tb.Write(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("# schema: \"sluice.table/v1\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		tb, err := ReadTable("t", bytes.NewReader(data))
		if err != nil {
			return
		}
		g, err := Record(tb)
		if err != nil {
			t.Fatalf("a table that was read makes no ground: %v", err)
		}
		if best := g.Best(); math.IsNaN(best) || best < 0 {
			t.Errorf("the best gain is %g", best)
		}
		var again bytes.Buffer
		if err := tb.Write(&again); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadTable("again", &again); err != nil {
			t.Errorf("what was read and written is not read again: %v", err)
		}
	})
}
