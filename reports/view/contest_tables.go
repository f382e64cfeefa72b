package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sluice/harness/record"
)

// ranking is everybody over all plants, best first.
func (l ladder) ranking() Table {
	t := Table{
		Caption: "Ranking",
		Columns: []Column{{"", true}, {"limiter", false}, {"kind", false}, {"power", true}, {"p99", true}, {"lost", true}, {"worst on", false}, {"of the best", true}},
		Note: Words(fmt.Sprintf("Power: share of what the plant can do, over the median latency in units of that without queueing; 1 is all of it at no queueing. p99: latency over that without queueing. "+
			"Both are geometric means over the plants. Lost: plants on which it has less than %s of the power of the best but the oracle.", Percent(lostBelow))),
	}
	n := 0
	for _, r := range l.ranks {
		place, lost := "–", "–"
		if r.Kind != OracleKind {
			n++
			place, lost = fmt.Sprint(n), fmt.Sprint(len(r.Lost))
		}
		row := Row{Strong: n == 1 && r.Kind != OracleKind}
		worst, share := Code(r.Worst), percent(r.Share)
		if r.Kind == OracleKind || r.Worst == "" {
			worst, share = "–", "–"
		}
		for _, w := range []Words{Words(place), Code(r.Name), Words(Clean(r.Kind)), two(r.Power), times(r.P99), Words(lost), worst, share} {
			row.Cells = append(row.Cells, Cell{Words: w})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// losses lists by name where each contestant lost.
func (l ladder) losses() Table {
	t := Table{
		Caption: "Losses, by name",
		Columns: []Column{{"limiter", false}, {"lost", true}, {"on", false}},
	}
	for _, r := range l.ranks {
		if r.Kind == OracleKind || len(r.Lost) == 0 {
			continue
		}
		if l.fewLost(r) {
			t.Note = Words(fmt.Sprintf("In brackets its share of the power of the best contestant but the oracle, where that is below %s.", Percent(lostBelow)))
		}
		t.Rows = append(t.Rows, Row{Cells: []Cell{{Words: Code(r.Name)}, {Words: Words(fmt.Sprintf("%d%sof%s%d", len(r.Lost), nbsp, nbsp, len(l.plants)))}, {Words: Words(l.lostWhere(r))}}})
	}
	return t
}

func (l ladder) docs() Table {
	t := Table{Caption: "The contestants", Columns: []Column{{"limiter", false}, {"kind", false}, {"what it is", false}}}
	for _, r := range slices.Concat(l.ranks, l.away) {
		t.Rows = append(t.Rows, Row{Cells: []Cell{{Words: Code(r.Name)}, {Words: Words(Clean(r.Kind))}, {Words: Prose(r.Doc)}}})
	}
	return t
}

func (l ladder) facts(c record.Contest) []Fact {
	seconds := 0.0
	for _, p := range c.Plants {
		seconds += p.Length
	}
	return []Fact{
		{"plants", Words(fmt.Sprintf("%d, together %s of virtual time", len(l.plants), strings.ReplaceAll(length(seconds), " ", nbsp)))},
		{"contestants", Words(fmt.Sprint(len(l.ranks)))},
		{"seeds", Words(seeds(c.Seeds))},
		{"figures", "medians over the seeds; curves are of the first seed; virtual time, the same figures each time"},
	}
}

func seeds(all []uint64) string {
	var list []string
	for _, seed := range all {
		list = append(list, fmt.Sprint(seed))
	}
	return cmp.Or(strings.Join(list, ", "), "none")
}

// list joins names as prose does.
func list(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
