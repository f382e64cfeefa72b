package view

import (
	"fmt"
	"math"
	"slices"

	"sluice/harness/record"
)

// named finds a contestant.
func (l ladder) named(name string) (r record.Ranked, ok bool) {
	i := slices.IndexFunc(l.ranks, func(r record.Ranked) bool { return r.Name == name })
	if name == "" || i < 0 {
		return record.Ranked{}, false
	}
	return l.ranks[i], true
}

// variants are the contestants that vary another.
func (l ladder) variants(base record.Ranked) []record.Ranked {
	return slices.DeleteFunc(slices.Clone(l.ranks), func(r record.Ranked) bool { return r.Kind == OracleKind || r.Name == base.Name })
}

// study says whether a rule's numbers need a hand: by how much its power changes
// when one of them does.
func (l ladder) study(base record.Ranked) []Words {
	variants := l.variants(base)
	said := fmt.Sprintf("With its defaults %s has power %s over %s", Code(base.Name), two(base.Power), count(len(l.plants), "plant"))
	if oracle, ok := l.first(OracleKind); ok {
		said += fmt.Sprintf(" (%s: %s)", Code(oracle.Name), two(oracle.Power))
	}
	if len(variants) == 0 || base.Power <= 0 {
		return []Words{Words(said + ".")}
	}
	best, worst := variants[0], variants[len(variants)-1]
	moved := 0
	for _, r := range variants {
		if math.Abs(r.Power/base.Power-1) > 1-lostBelow {
			moved++
		}
	}
	return []Words{
		Words(said + "."),
		Words(fmt.Sprintf("Of %s the best, %s, has %s of that, and the worst, %s, %s; %s by more than %s.",
			count(len(variants), "variation"), Code(best.Name), percent(best.Power/base.Power), Code(worst.Name), percent(worst.Power/base.Power), movers(moved), Percent(1-lostBelow))),
	}
}

func movers(n int) string {
	switch n {
	case 0:
		return "none changes the power"
	case 1:
		return "1 changes the power"
	default:
		return fmt.Sprintf("%d change the power", n)
	}
}

// variations has a row for each variation, best first.
func (l ladder) variations(base record.Ranked) Table {
	t := Table{
		Caption: "Variations against the defaults",
		Columns: []Column{{"variation", false}, {"power", true}, {"of the defaults'", true}, {"p99", true}, {"gains most on", false}, {"", true}, {"loses most on", false}, {"", true}},
		Note:    "÷2 and ×2: one parameter halved or doubled, the rest as they are. From: another limit at the start.",
	}
	for _, r := range l.ranks {
		if r.Kind == OracleKind {
			continue
		}
		row := Row{Strong: r.Name == base.Name}
		words := []Words{Code(r.Name), two(r.Power), percent(quotient(r.Power, base.Power)), times(r.P99)}
		for _, w := range append(words, l.apart(r, base)...) {
			row.Cells = append(row.Cells, Cell{Words: w})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// apart names the plants on which a variation is farthest above its base, and
// farthest below, with its part of the base's power there.
func (l ladder) apart(r, base record.Ranked) []Words {
	above, below := Words("–"), Words("–")
	most, least := Edge, 1/Edge
	for _, g := range l.plants {
		part := quotient(g.power(r.Name), g.power(base.Name))
		if part > most {
			above, most = Code(g.Name), part
		}
		if part < least && part >= 0 {
			below, least = Code(g.Name), part
		}
	}
	words := []Words{above, "", below, ""}
	if above != "–" {
		words[1] = percent(most)
	}
	if below != "–" {
		words[3] = percent(least)
	}
	return words
}

// power is a contestant's on this plant; −1 where it was not there.
func (g ground) power(name string) float64 {
	for _, p := range g.places {
		if p.rank.Name == name {
			return p.Power
		}
	}
	return -1
}

// quotient is −1 where it would have no meaning.
func quotient(a, b float64) float64 {
	if a < 0 || b <= 0 {
		return -1
	}
	return a / b
}
