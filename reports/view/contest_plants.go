package view

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"sluice/harness/record"
	"sluice/harness/unit"
)

// adapts says whether a contestant moves its limit and was not told where to.
func adapts(r record.Ranked) bool { return r.Kind != StaticKind && r.Kind != OracleKind }

// ahead lists those that adapt and are beaten by somebody on a plant.
func (g ground) ahead(of standing) (beaten, rest []string) {
	for _, p := range g.places {
		switch {
		case !adapts(p.rank):
		case of.Power >= Edge*p.Power:
			beaten = append(beaten, string(Code(p.rank.Name)))
		default:
			rest = append(rest, string(Code(p.rank.Name)))
		}
	}
	return beaten, rest
}

// trap says what static limits are worth: where one of them is the best there is,
// and what the same one does elsewhere.
func (l ladder) trap() []Words {
	best, ok := l.first(StaticKind)
	adaptive, some := l.first(OursKind, PeerKind, ModelKind)
	if !ok || !some {
		return nil
	}
	var wins []string
	for _, g := range l.plants {
		static, has := g.first(StaticKind)
		if beaten, rest := g.ahead(static); has && len(beaten) > 0 && len(rest) == 0 {
			wins = append(wins, fmt.Sprintf("%s on %s", Code(static.rank.Name), Code(g.Name)))
		}
	}
	if len(l.plants) == 1 {
		if len(wins) > 0 {
			return []Words{Words(fmt.Sprintf("A static limit is ahead of every limiter that adapts: %s.", wins[0]))}
		}
		return []Words{"No static limit is ahead of the best limiter that adapts."}
	}
	said := Words(fmt.Sprintf("On none of %s is a static limit ahead of the best limiter that adapts.", count(len(l.plants), "plant")))
	if len(wins) > 0 {
		said = Words(fmt.Sprintf("On %d of %s a static limit is ahead of every limiter that adapts: %s.", len(wins), count(len(l.plants), "plant"), list(wins)))
	}
	return []Words{said, l.single(best, best.Power >= Edge*adaptive.Power)}
}

// single says what one static limit does on all plants.
func (l ladder) single(best record.Ranked, ahead bool) Words {
	said := fmt.Sprintf("The best single static limit, %s, has power %s over all plants", Code(best.Name), two(best.Power))
	if ahead {
		said += ", more than any limiter that adapts"
	}
	if len(best.Lost) > 0 {
		said += fmt.Sprintf("; it loses on %s and has %s of the best power on %s", count(len(best.Lost), "plant"), percent(best.Share), Code(best.Worst))
	}
	return Words(said + ".")
}

// statics tells for each plant which static limit is the best there, and whom of
// those that adapt it beats.
func (l ladder) statics() Table {
	t := Table{
		Caption: "Static limits against those that adapt",
		Columns: []Column{{"plant", false}, {"best static", false}, {"power", true}, {"best that adapts", false}, {"power", true}, {"the static one is ahead of", false}},
		Note:    "Ahead: power greater by 2\u00a0% or more.",
	}
	for _, g := range l.plants {
		static, ok := g.first(StaticKind)
		adaptive, some := g.first(OursKind, PeerKind, ModelKind)
		if !ok || !some {
			continue
		}
		beaten, rest := g.ahead(static)
		row := Row{Strong: len(rest) == 0}
		for _, w := range []Words{Code(g.Name), Code(static.rank.Name), two(static.Power), Code(adaptive.rank.Name), two(adaptive.Power), Words(fewer(beaten, rest))} {
			row.Cells = append(row.Cells, Cell{Words: w})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// fewer names those of two groups that are fewer.
func fewer(beaten, rest []string) string {
	all := len(beaten) + len(rest)
	switch {
	case len(beaten) == 0:
		return "none"
	case len(rest) == 0 && all > 1:
		return fmt.Sprintf("all %d", all)
	case len(beaten) > len(rest) && len(rest) > 0:
		return fmt.Sprintf("all %d but %s", all, list(rest))
	default:
		return list(beaten)
	}
}

// said is who leads on a plant.
func (g ground) said() Words {
	lead, ok := g.first(OursKind, StaticKind, PeerKind, ModelKind)
	if !ok {
		return ""
	}
	said := fmt.Sprintf("%s leads with power %s", Code(lead.rank.Name), two(lead.Power))
	if oracle, ok := g.first(OracleKind); ok {
		said += fmt.Sprintf(" (%s: %s)", Code(oracle.rank.Name), two(oracle.Power))
	}
	var close []string
	for _, p := range g.places {
		if p.rank.Kind != OracleKind && p.rank.Name != lead.rank.Name && p.Power*Edge > lead.Power {
			close = append(close, string(Code(p.rank.Name)))
		}
	}
	if len(close) > 0 {
		said += fmt.Sprintf("; within 2\u00a0%% of it: %s", list(close))
	}
	return Words(said + ".")
}

// brief picks whom a reader asks for first: the oracle, the best static limit and
// the best of the others, and as many of the leaders as there is room for.
func (g ground) brief() []standing {
	if len(g.places) <= briefRows {
		return g.places
	}
	keep := map[string]bool{}
	for _, kinds := range [][]string{{OracleKind}, {OursKind}, {StaticKind}, {PeerKind, ModelKind}} {
		if p, ok := g.first(kinds...); ok {
			keep[p.rank.Name] = true
		}
	}
	for _, p := range g.places {
		if len(keep) < briefRows {
			keep[p.rank.Name] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(g.places), func(p standing) bool { return !keep[p.rank.Name] })
}

// column is a figure of a plant's table.
type column struct {
	name   string
	figure func(standing) Words
}

// columns are the figures that a plant's table shows; those that tell nobody from
// another there need no column, and a brief table leaves out when a limit was first
// near the optimum.
func (g ground) columns(full bool) []column {
	list := []column{
		{"power", func(p standing) Words { return two(p.Power) }},
		{"share", func(p standing) Words { return percent(p.share) }},
		{"p99", func(p standing) Words { return times(p.P99Ratio) }},
		{"used", func(p standing) Words { return percent(p.Utilisation) }},
	}
	if full {
		list = append(list, column{"reached", func(p standing) Words { return phases(p.ReachS) }})
	}
	list = append(list, []column{
		{"settled", func(p standing) Words { return phases(p.SettleS) }},
		{"highest", func(p standing) Words { return phases(p.Overshoot) }},
		{"steady", func(p standing) Words { return phases(p.Steady) }},
		{"error", func(p standing) Words { return two(p.Error) }},
	}...)
	if slices.ContainsFunc(g.places, func(p standing) bool { return p.Refused > 0 }) {
		list = append(list, column{"refused", func(p standing) Words { return percent(p.Refused) }})
	}
	if slices.ContainsFunc(g.places, func(p standing) bool { return p.Fairness < 0.999 }) {
		list = append(list, column{"fair", func(p standing) Words { return two(p.Fairness) }})
	}
	return list
}

// table has a row for each of some contestants.
func (g ground) table(of []standing, full bool) Table {
	t := Table{Caption: Clean(g.Name), Columns: []Column{{"limiter", false}}}
	columns := g.columns(full)
	for _, c := range columns {
		t.Columns = append(t.Columns, Column{c.name, true})
	}
	lead, _ := g.first(OursKind, StaticKind, PeerKind, ModelKind)
	for _, p := range of {
		row := Row{Cells: []Cell{{Words: Code(p.rank.Name)}}, Strong: p.rank.Name == lead.rank.Name}
		for _, c := range columns {
			row.Cells = append(row.Cells, Cell{Words: c.figure(p)})
		}
		t.Rows = append(t.Rows, row)
	}
	if left := len(g.places) - len(of); left > 0 {
		t.Note = Words(fmt.Sprintf("And %s more; --format json and the report (--report DIR) have them all.", count(left, "contestant")))
	}
	return t
}

// Legend says once what the columns of the plants' tables are.
const Legend Words = "Share: of the power of the best but the oracle. p99: latency over that without queueing. Used: what was done of what the plant can do. " +
	"Of each phase of the plant: settled, the seconds until the limit's means over five seconds stay within 10\u00a0% of the optimum (reached: until it is first there); " +
	"highest and steady, the highest limit, and the mean of the phase's last quarter, over the optimum. Error: the limit's mean distance from it. " +
	"A dash is never; 1–2 in 3/8 is in three of eight phases, after 1 to 2\u00a0s."

// most is how many phases a cell names one by one.
const most = 3

// phases writes a figure of each phase: "5 1 –"; of many phases the lowest and the
// highest, and in how many there was one: "0–2 in 3/8".
func phases(of []float64) Words {
	var list []string
	low, high, never := math.Inf(1), math.Inf(-1), 0
	for _, value := range of {
		list = append(list, brief(value))
		if value < 0 {
			never++
			continue
		}
		low, high = min(low, value), max(high, value)
	}
	span := brief(low)
	if high := brief(high); high != span {
		span += "–" + high
	}
	switch {
	case len(of) <= most:
		return Words(strings.Join(list, nbsp))
	case never == len(of):
		return "–"
	case never > 0:
		return Words(fmt.Sprintf("%s%sin%s%d/%d", span, nbsp, nbsp, len(of)-never, len(of)))
	default:
		return Words(span)
	}
}

// brief writes two digits that matter; what never happened is a dash.
func brief(value float64) string {
	switch {
	case value < 0 || !finite(value):
		return "–"
	case value >= 9.95:
		return strconv.FormatFloat(value, 'f', 0, 64)
	case value >= 0.995 || value == 0:
		return strings.TrimSuffix(strconv.FormatFloat(value, 'f', 1, 64), ".0")
	default:
		return strconv.FormatFloat(math.Round(100*value)/100, 'f', -1, 64)
	}
}

// two writes two digits after the point.
func two(value float64) Words {
	if value < 0 || !finite(value) {
		return "–"
	}
	return Words(strconv.FormatFloat(value, 'f', 2, 64))
}

// percent writes a share in whole percents.
func percent(share float64) Words {
	if share < 0 || !finite(share) {
		return "–"
	}
	return Percent(math.Round(100*share) / 100)
}

// times writes a multiple: "1.3 ×".
func times(value float64) Words {
	switch {
	case value < 0 || !finite(value):
		return "–"
	case value >= 99.5:
		return Words(fmt.Sprintf("%.0f%s×", value, nbsp))
	default:
		return Words(fmt.Sprintf("%.1f%s×", value, nbsp))
	}
}

// Power and Tail write the two figures of a ranking.
func Power(value float64) Words { return two(value) }

// Tail writes a p99 in multiples of that without queueing.
func Tail(value float64) Words { return times(value) }

// length writes a stretch of virtual time.
func length(seconds float64) string { return unit.Time(math.Round(seconds)) }
