package plots

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"sluice/harness/record"
	"sluice/reports/view"
)

// perPicture is how many contestants share a picture.
const perPicture = 9

// Limits draws the limit of contestants over time against the optimum of a plant,
// a small field for each: our own in one picture, those of others in a second,
// the best of each by the whole contest's ranking. Where the contestants vary one
// of them, base, it is shown with the best and the worst of them; base is empty
// otherwise. slug begins the pictures' names. There is nothing to draw where the
// contest kept no curves.
func Limits(c record.Contest, plant int, slug, base string) []Chart {
	newLimits := func(kinds ...string) limits { return newLimits(c, plant, base, kinds...) }
	ours := newLimits(view.OursKind)
	others := newLimits(view.PeerKind, view.ModelKind)
	groups := []struct {
		name  string
		whose string
		limits
	}{{"limits", "", ours}, {"others", " by the rules of others", others}}
	if len(ours.panels)+len(others.panels) <= perPicture {
		groups = groups[:1]
		groups[0].limits = newLimits(view.OursKind, view.PeerKind, view.ModelKind)
	}
	if len(groups[0].panels) == 0 {
		groups[0].limits = newLimits(view.StaticKind, view.OracleKind)
	}
	var charts []Chart
	for _, g := range groups {
		if len(g.panels) == 0 {
			continue
		}
		g.title = fmt.Sprintf("%s: the limit over time%s", view.Clean(c.Plants[plant].Name), g.whose)
		charts = append(charts, Chart{Name: slug + "-" + g.name, Title: g.title, Alt: g.alt(), draw: g.limits.draw})
	}
	return charts
}

// limits is a picture of small fields that share their axes.
type limits struct {
	title   string
	at      []float64
	optimum []float64
	panels  []panel
	more    int    // contestants that there was no room for
	choice  string // which were chosen where there was not room for all
	seconds float64
	low     float64 // of the axis of limits
	high    float64
}

// panel is one contestant's field.
type panel struct {
	name  string
	kind  string
	base  bool // the others vary it
	power float64
	curve record.Curve
}

func newLimits(c record.Contest, plant int, base string, kinds ...string) limits {
	p := c.Plants[plant]
	l := limits{at: p.AtS, optimum: p.Optimum, seconds: 1}
	l.optimum = l.optimum[:min(len(l.optimum), len(l.at))]
	for _, r := range c.Limits {
		curve := slices.IndexFunc(p.Curves, func(curve record.Curve) bool { return curve.Limiter == r.Name })
		if r.Error != "" || curve < 0 || !slices.Contains(kinds, r.Kind) {
			continue
		}
		one := panel{name: view.Clean(r.Name), base: base != "" && r.Name == base, kind: r.Kind, power: math.NaN(), curve: p.Curves[curve]}
		if i := slices.IndexFunc(p.Scores, func(s record.Score) bool { return s.Limiter == r.Name }); i >= 0 {
			one.power = p.Scores[i].Power
		}
		l.panels = append(l.panels, one)
	}
	l.choose()
	for _, seconds := range append([]float64{p.Length}, p.AtS...) {
		if drawable(seconds) {
			l.seconds = max(l.seconds, seconds)
		}
	}
	l.extent()
	return l
}

// choose leaves as many as a picture has room for: the first, which are the best,
// or of variations their base, the best and the worst.
func (l *limits) choose() {
	l.more = max(0, len(l.panels)-perPicture)
	if l.more == 0 {
		return
	}
	base := slices.IndexFunc(l.panels, func(p panel) bool { return p.base })
	if base < 0 {
		l.panels, l.choice = l.panels[:perPicture], "the best"
		return
	}
	best, worst := perPicture/2, len(l.panels)-perPicture/2 // those between go, but for the base
	switch {
	case base < best:
		best++
	case base >= worst:
		worst--
	}
	var kept []panel
	for i, p := range l.panels {
		if i < best || i >= worst || i == base {
			kept = append(kept, p)
		}
	}
	l.panels, l.choice = kept, "the defaults, the best and the worst"
}

// extent finds the end of the axis of limits, which begins just below 1; a limit
// that is lower still lies on the edge.
func (l *limits) extent() {
	l.low, l.high = 0.8, 2
	for _, p := range l.panels {
		for _, value := range slices.Concat(p.curve.Limit, l.optimum) {
			if drawable(value) {
				l.high = max(l.high, value)
			}
		}
	}
	l.high *= 1.25
}

// note says what is drawn, and how many are not.
func (l limits) note() string {
	const note = "limits on a log scale over virtual time in seconds · the figure beside a name is its power here"
	if l.more == 0 {
		return note
	}
	return fmt.Sprintf("%s · shown are %s over all plants, and %d more are in the table", note, l.choice, l.more)
}

// legend says what the lines of a field are.
func (l limits) legend() []entry {
	colour, _, _ := liveries(l.panels[0].kind)
	return []entry{
		{"limit", func(p *pen, x, y float64) { p.line(colour, 2, nil, [2]float64{x - 6, y}, [2]float64{x + 8, y}) }},
		{"best limit of the moment, ± 10 %", func(p *pen, x, y float64) {
			p.rect(otherTint, x-6, y-4, x+8, y+4)
			p.line(text, 0.9, nil, [2]float64{x - 6, y}, [2]float64{x + 8, y})
		}},
		{"in flight", func(p *pen, x, y float64) { p.line(axis, 1, nil, [2]float64{x - 6, y}, [2]float64{x + 8, y}) }},
	}
}

func (l limits) alt() string {
	var said []string
	for _, p := range l.panels {
		said = append(said, strings.TrimSpace(fmt.Sprintf("%s, power %s", p.name, view.Power(p.power).Plain())))
	}
	if l.more > 0 {
		said = append(said, fmt.Sprintf("and %d more", l.more))
	}
	return l.title + ": " + strings.Join(said, "; ")
}

func (l limits) draw(p *pen) float64 {
	const head, foot, gap = 20.0, 26.0, 24.0
	y := p.header(l.title, l.note(), l.legend()) + 6
	columns, height := 3, 118.0
	if p.narrow {
		columns, height = 2, 92
	}
	if len(l.panels) == 4 { // two and two, not three and one
		columns = 2
	}
	columns = min(columns, len(l.panels))
	ticks := powers(l.low, l.high, 5)
	gutter := 0.0
	for _, t := range ticks {
		gutter = max(gutter, tickStyle.width(t.label))
	}
	gutter += 8
	each := (p.w - 2*margin - gutter - gap*float64(columns-1)) / float64(columns)
	for i, one := range l.panels {
		row, column := i/columns, i%columns
		x := margin + gutter + float64(column)*(each+gap)
		top := y + float64(row)*(head+height+foot)
		f := field{
			x: axisScale{low: 0, high: l.seconds, from: x, to: x + each},
			y: axisScale{low: l.low, high: l.high, from: top + head + height, to: top + head, log: true},
		}
		f.grid(p, ticks, column == 0)
		f.times(p)
		l.drawPanel(p, f, one)
		power := ""
		if level(one.power) {
			power = view.Power(one.power).Plain()
		}
		style := boldStyle
		style.ink, _, _ = liveries(one.kind)
		p.text(x, top+8, style.short(one.name, each-valueStyle.width(power)-8), style, left)
		p.text(x+each, top+8, power, valueStyle, right)
	}
	rows := float64((len(l.panels) + columns - 1) / columns)
	return y + rows*(head+height+foot) + 4
}

// field is where one contestant's curves are drawn.
type field struct{ x, y axisScale }

func (f field) grid(p *pen, ticks []tick, labelled bool) {
	for _, t := range ticks {
		y := f.y.px(t.value)
		p.line(grid, 1, nil, [2]float64{f.x.from, y}, [2]float64{f.x.to, y})
		if labelled {
			p.text(f.x.from-6, y, t.label, tickStyle, right)
		}
	}
	p.line(axis, 1, nil, [2]float64{f.x.from, f.y.from}, [2]float64{f.x.to, f.y.from})
}

// times marks the virtual time below a field.
func (f field) times(p *pen) {
	most := 4
	if p.narrow {
		most = 3
	}
	for _, value := range clock(f.x.high, most) {
		x := f.x.px(value)
		p.line(axis, 1, nil, [2]float64{x, f.y.from}, [2]float64{x, f.y.from + 4})
		label, align := quantity{divisor: 1}.label(value), centre
		if x+tickStyle.width(label)/2 > f.x.to { // the next field's 0 is near
			x, align = f.x.to, right
		}
		p.text(x, f.y.from+13, label, tickStyle, align)
	}
}

func (l limits) drawPanel(p *pen, f field, one panel) {
	for _, stretch := range f.stretches(l.at, l.optimum) {
		upper, lower := make([][2]float64, 0, 2*len(stretch)), make([][2]float64, 0, len(stretch))
		up, down := f.y.px(1.1)-f.y.px(1), f.y.px(0.9)-f.y.px(1)
		for _, pt := range stretch {
			upper = append(upper, [2]float64{pt[0], max(pt[1]+up, f.y.to)})
			lower = append(lower, [2]float64{pt[0], min(pt[1]+down, f.y.from)})
		}
		slices.Reverse(lower)
		if len(stretch) > 1 {
			p.fill(otherTint, p.path(append(upper, lower...)...))
		}
	}
	colour, _, _ := liveries(one.kind)
	for _, stretch := range f.stretches(l.at, one.curve.InFlight) {
		p.line(axis, 0.8, nil, stretch...)
	}
	for _, stretch := range f.stretches(l.at, one.curve.Limit) {
		p.line(colour, 1.5, nil, stretch...)
	}
	for _, stretch := range f.stretches(l.at, l.optimum) {
		p.line(text, 0.9, nil, stretch...)
	}
}

// clock is ticks from 0 to a moment at steps that a clock would choose.
func clock(seconds float64, most int) []float64 {
	step := 1.0
	for _, step = range []float64{1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200} {
		if seconds/step <= float64(most) {
			break
		}
	}
	step *= math.Ceil(seconds / step / float64(most)) // beyond the table
	var ticks []float64
	for value := 0.0; value <= seconds*1.001; value += step {
		ticks = append(ticks, value)
	}
	return ticks
}

// stretches turns a series into lines of pixels, broken where there is nothing to
// draw. Of the moments that share a column of pixels it keeps the lowest and the
// highest, so that no peak is lost, and of a level run its ends.
func (f field) stretches(at, values []float64) [][][2]float64 {
	var all [][][2]float64
	var line, column [][2]float64
	end := func() {
		for _, pt := range extremes(column) {
			line = levelled(line, pt)
		}
		column = column[:0]
	}
	for i := range min(len(at), len(values)) {
		if drawn := values[i] >= 0 && values[i] <= 1e18 && at[i] >= 0 && at[i] <= f.x.high; !drawn { // NaN neither
			end()
			if len(line) > 0 {
				all, line = append(all, line), nil
			}
			continue
		}
		pt := [2]float64{f.x.px(at[i]), f.y.px(min(max(values[i], f.y.low), f.y.high))}
		if len(column) > 0 && math.Floor(column[0][0]) != math.Floor(pt[0]) {
			end()
		}
		column = append(column, pt)
	}
	end()
	if len(line) > 0 {
		all = append(all, line)
	}
	return all
}

// extremes keeps the lowest and the highest point of a column, in their order.
func extremes(column [][2]float64) [][2]float64 {
	if len(column) < 3 {
		return column
	}
	lowest, highest := 0, 0
	for i, pt := range column {
		if pt[1] > column[lowest][1] {
			lowest = i
		}
		if pt[1] < column[highest][1] {
			highest = i
		}
	}
	if lowest == highest {
		return [][2]float64{column[0], column[len(column)-1]}
	}
	return [][2]float64{column[min(lowest, highest)], column[max(lowest, highest)]}
}

// levelled appends a point to a line; one between two of its own height goes.
func levelled(line [][2]float64, pt [2]float64) [][2]float64 {
	if n := len(line); n > 1 && line[n-1][1] == pt[1] && line[n-2][1] == pt[1] {
		line[n-1] = pt
		return line
	}
	return append(line, pt)
}
