package view

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"sluice/harness/record"
	"sluice/reports/reportstest"
)

func TestEffectsAreThoseThatMatterTheNearOnesFirst(t *testing.T) {
	effect := func(knob, with string, region record.Region, share float64, idle bool) record.Effect {
		return record.Effect{Knob: knob, With: with, Region: region, Share: share, Idle: idle}
	}
	for _, row := range []struct {
		why        string
		list       []record.Effect
		want, idle string
	}{
		{"nothing", nil, "", ""},
		{"near before everywhere", []record.Effect{effect("a", "", record.Everywhere, 0.9, false), effect("b", "", record.Near, 0.5, false), effect("a", "", record.Near, 0.1, false)}, "b a", ""},
		{"a pair is a row of its own", []record.Effect{effect("a", "", record.Near, 0.5, false), effect("a", "b", record.Near, 0.2, false)}, "a, a × b", ""},
		{"what is tiny has no row", []record.Effect{effect("a", "", record.Near, 0.009, true), effect("b", "", record.Near, 0.99, false)}, "b", "a"},
		{"idle everywhere and not near", []record.Effect{effect("a", "", record.Everywhere, 0, true), effect("a", "", record.Near, 1, false)}, "a", ""},
		{"idle where nothing is known of near", []record.Effect{effect("a", "", record.Everywhere, 0, true)}, "", "a"},
		{"no number", []record.Effect{effect("a", "", record.Near, math.NaN(), false), effect("b", "", record.Near, math.Inf(1), false)}, "", ""},
	} {
		t.Run(row.why, func(t *testing.T) {
			rows, idle := Effects(row.list)
			var labels []string
			for _, r := range rows {
				labels = append(labels, r.Label)
			}
			want := strings.FieldsFunc(row.want, func(r rune) bool { return r == ',' })
			if len(want) == 1 {
				want = strings.Fields(row.want)
			}
			for i := range want {
				want[i] = strings.TrimSpace(want[i])
			}
			if !slices.Equal(labels, want) || strings.Join(idle, " ") != row.idle {
				t.Errorf("rows %q, idle %v; want %q and %q", labels, idle, want, row.idle)
			}
		})
	}
	var many []record.Effect
	for i := range 40 {
		many = append(many, effect(fmt.Sprintf("k%02d", i), "", record.Near, 0.025, false))
	}
	if rows, _ := Effects(many); len(rows) != mostEffects {
		t.Errorf("%d rows, want %d", len(rows), mostEffects)
	}
}

func TestALongFrontShowsEachGroupFirst(t *testing.T) {
	rep := reportstest.Front(1)
	rec := rep.Outcomes[1].Recommendation
	point := rec.Front[0]
	rec.Front = nil
	for i := range 40 {
		point.Group = 1 + i/5
		rec.Front = append(rec.Front, point)
	}
	table := NewCast(rep.Run, rep.Outcomes[1]).frontTable(rep.Outcomes[1])
	groups := map[Words]bool{}
	for _, row := range table.Rows {
		groups[row.Cells[0].Words] = true
	}
	if len(table.Rows) != mostFront || len(groups) != 8 || !strings.Contains(string(table.Note), "28 more") {
		t.Errorf("%d rows of %d groups, note %q", len(table.Rows), len(groups), table.Note)
	}
}

func TestObjectivesFollowTheGoalsOrder(t *testing.T) {
	point := record.FrontPoint{Ratios: map[string]record.Ratio{record.RSS: {Ratio: 1}, record.P99: {Ratio: 1}, record.Throughput: {Ratio: 1}, "own": {Ratio: 1}}}
	for goal, want := range map[string]string{
		record.RSS + "," + record.P99: record.RSS + " " + record.P99 + " " + record.Throughput + " own",
		"balanced":                    record.Throughput + " " + record.P99 + " " + record.RSS + " own",
	} {
		c := Cast{Goal: record.Goal{Objective: goal}}
		if got := strings.Join(c.Objectives([]record.FrontPoint{point}), " "); got != want {
			t.Errorf("%s: %s, want %s", goal, got, want)
		}
	}
}

func TestSeveralObjectivesAreJudgedByTheFirst(t *testing.T) {
	rep := reportstest.Front(1)
	c := NewCast(rep.Run, rep.Outcomes[1])
	if c.Objective != record.Throughput {
		t.Errorf("objective %q, want that which is judged first", c.Objective)
	}
}

func TestAConstantHasNoKnobsThatMatter(t *testing.T) {
	o := record.Outcome{Recommendation: &record.Recommendation{Effects: []record.Effect{{Knob: "n", Region: record.Near, Share: 0.36, High: 0.7, SwingLog: 1e-6, SwingHigh: 1e-5}}}}
	table := Cast{Objective: "const"}.effectsTable(o)
	if got, want := table.Note.Plain(), "In the search's model no knob, by itself or with another, moves const by 1 %."; got != want || len(table.Rows) != 1 {
		t.Errorf("note %q, %d rows; want %q and one", got, len(table.Rows), want)
	}
	o.Recommendation.Effects[0].SwingHigh = 0.2
	if rows := (Cast{Objective: "const"}).effectsTable(o).Rows; len(rows) != 1 || len(rows[0].Cells) != 5 {
		t.Errorf("%v of a knob that may move it by a fifth", rows)
	}
}
