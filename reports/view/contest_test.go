package view

import (
	"math"
	"slices"
	"strings"
	"testing"

	"sluice/harness/record"
	"sluice/reports/reportstest"
)

// duel is a contest of a rule, a static limit and another rule on two plants; the
// powers are those of each on the first and on the second.
func duel(rule, static, other [2]float64) record.Contest {
	c := record.Contest{Limits: []record.Ranked{
		{Name: "rule", Kind: OursKind, Power: math.Sqrt(rule[0] * rule[1])},
		{Name: "static 9", Kind: StaticKind, Power: math.Sqrt(static[0] * static[1])},
		{Name: "other", Kind: ModelKind, Power: math.Sqrt(other[0] * other[1])},
	}}
	for i, name := range []string{"day", "night"} {
		c.Plants = append(c.Plants, record.Plant{Name: name, Scores: []record.Score{
			{Limiter: "rule", Power: rule[i]}, {Limiter: "static 9", Power: static[i]}, {Limiter: "other", Power: other[i]},
		}})
	}
	return c
}

func answers(v Contest) string {
	var said []string
	for _, answer := range v.Answers {
		said = append(said, answer.Plain())
	}
	return strings.Join(said, "\n")
}

func TestStaticLimitsAreJudgedPlainly(t *testing.T) {
	lost := duel([2]float64{0.9, 0.9}, [2]float64{0.95, 0.3}, [2]float64{0.5, 0.5})
	lost.Limits[1].Lost, lost.Limits[1].Worst, lost.Limits[1].Share = []string{"night"}, "night", 0.333
	one := lost
	one.Plants = one.Plants[:1]
	for _, row := range []struct {
		name string
		c    record.Contest
		want []string
	}{
		{"ahead on one plant, lost on the other", lost, []string{
			"On 1 of 2 plants a static limit is ahead of every limiter that adapts: static 9 on day.",
			"The best single static limit, static 9, has power 0.53 over all plants; it loses on 1 plant and has 33 % of the best power on night.",
		}},
		{"ahead by less than matters", duel([2]float64{0.9, 0.9}, [2]float64{0.91, 0.5}, [2]float64{0.5, 0.5}), []string{
			"On none of 2 plants is a static limit ahead of the best limiter that adapts.",
		}},
		{"ahead everywhere", duel([2]float64{0.5, 0.5}, [2]float64{0.9, 0.9}, [2]float64{0.5, 0.5}), []string{
			"On 2 of 2 plants a static limit is ahead of every limiter that adapts: static 9 on day and static 9 on night.",
			"has power 0.90 over all plants, more than any limiter that adapts.",
		}},
		{"one plant alone", one, []string{"On day rule leads", "A static limit is ahead of every limiter that adapts: static 9 on day."}},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := answers(NewContest(row.c, Asked{}))
			for _, want := range row.want {
				if !strings.Contains(got, want) {
					t.Errorf("the answers lack %q:\n%s", want, got)
				}
			}
		})
	}
}

func TestWhoIsBeatenIsNamedByTheFewer(t *testing.T) {
	for _, row := range []struct {
		beaten, rest []string
		want         string
	}{
		{nil, []string{"a", "b"}, "none"},
		{[]string{"a", "b", "c"}, nil, "all 3"},
		{[]string{"a"}, nil, "a"},
		{[]string{"a", "b", "c"}, []string{"d"}, "all 4 but d"},
		{[]string{"a"}, []string{"b", "c"}, "a"},
		{[]string{"a", "b"}, []string{"c", "d"}, "a and b"},
	} {
		if got := fewer(row.beaten, row.rest); got != row.want {
			t.Errorf("%v beaten, %v not: %q, want %q", row.beaten, row.rest, got, row.want)
		}
	}
}

func TestFiguresOfPhasesFitACell(t *testing.T) {
	for _, row := range []struct {
		of   []float64
		want string
	}{
		{nil, ""},
		{[]float64{5, 1.04, -1}, "5 1 –"},
		{[]float64{0.254, 12.6, 0}, "0.25 13 0"},
		{[]float64{1, 2, 3, 4}, "1–4"},
		{[]float64{1, 1, 1, 1}, "1"},
		{[]float64{1, -1, 2.5, -1, 2}, "1–2.5 in 3/5"},
		{[]float64{-1, -1, -1, -1}, "–"},
		{[]float64{math.NaN(), math.Inf(1)}, "– –"},
	} {
		if got := phases(row.of).Plain(); got != row.want {
			t.Errorf("%v is written %q, want %q", row.of, got, row.want)
		}
	}
}

func TestABriefTableKeepsTheBestOfEveryKind(t *testing.T) {
	v := NewContest(reportstest.Contest(1), Asked{})
	for _, p := range v.Plants {
		var names []string
		for _, row := range p.Brief.Rows {
			names = append(names, row.Cells[0].Words.Plain())
		}
		if len(names) != briefRows || len(p.All.Rows) != 14 {
			t.Errorf("%s: %d rows in brief, %d in all; want %d and 14", p.Name, len(names), len(p.All.Rows), briefRows)
		}
		for _, kind := range []string{"oracle", "bdp", "static:", "envoy"} {
			if !slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, kind) }) {
				t.Errorf("%s: no %s in brief: %v", p.Name, kind, names)
			}
		}
	}
}

func TestAStudySaysHowMuchANumberMatters(t *testing.T) {
	c := record.Contest{
		Limits: []record.Ranked{{Name: "x A×2", Kind: OursKind, Power: 0.9}, {Name: "x", Kind: OursKind, Power: 0.8}, {Name: "x A÷2", Kind: OursKind, Power: 0.4}},
		Plants: []record.Plant{{Name: "p", Scores: []record.Score{{Limiter: "x", Power: 0.8}, {Limiter: "x A×2", Power: 0.9}, {Limiter: "x A÷2", Power: 0.4}}}},
	}
	v := NewContest(c, Asked{Base: "x"})
	want := "Of 2 variations the best, x A×2, has 113 % of that, and the worst, x A÷2, 50 %; 2 change the power by more than 10 %."
	if got := answers(v); !strings.Contains(got, want) {
		t.Errorf("the answers lack %q:\n%s", want, got)
	}
	if got := v.Tables[0].Rows[2].Cells; got[6].Words.Plain() != "p" || got[7].Words.Plain() != "50 %" {
		t.Errorf("the worst variation loses on %q, %q; want p, 50 %%", got[6].Words, got[7].Words)
	}
}
