package plots

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"sluice/harness/record"
	"sluice/reports/view"
)

// ReplaysName is the name of the picture that Replays draws.
const ReplaysName = "replays"

// Replays draws what searches recommend, truly, against the launches they took: a
// field for each table and strategy, with the median search, the one in twenty that
// is worst, the expected best of as many random draws, and the targets. It is one
// picture; without a replay that has a curve it draws an empty one.
func Replays(all []record.Replay) Chart {
	r := replays{launches: 1, low: 0.95}
	for _, one := range all {
		if n := len(one.Curve.Launches); n == 0 || len(one.Curve.Median) != n || len(one.Curve.Worst5) != n || len(one.Curve.Random) != n {
			continue
		}
		r.fields = append(r.fields, one)
		r.launches = max(r.launches, float64(one.Launches))
		for _, share := range slices.Concat(one.Curve.Worst5, one.Curve.Median) { // random search begins anywhere, and is cut
			if share >= 0 {
				r.low = min(r.low, share)
			}
		}
	}
	r.low = max(0, math.Floor(r.low*10-1e-9)/10)
	return Chart{Name: ReplaysName, Title: replaysTitle, Alt: r.alt(), draw: r.draw}
}

const replaysTitle = "What searches recommend, by what it is truly worth"

type replays struct {
	fields   []record.Replay
	launches float64 // the longest search
	low      float64 // where the axis of shares begins
}

func (r replays) alt() string {
	var said []string
	for _, one := range r.fields {
		last := len(one.Curve.Median) - 1
		said = append(said, fmt.Sprintf("%s on %s: %.3f of the best at the end in the median search, %.3f in the worst twentieth",
			view.Clean(one.Strategy), view.Clean(one.Ground), one.Curve.Median[last], one.Curve.Worst5[last]))
	}
	return replaysTitle + ": " + strings.Join(said, "; ")
}

func (r replays) note() string {
	note := "share of the best there is, over launches (every trial counts, the reference's too)"
	if r.low > 0 {
		note += fmt.Sprintf(" · the axis begins at %.1f", r.low)
	}
	return note
}

// The lines of a field differ in width and dashes, so that they can be told apart
// without colour.
func (r replays) legend() []entry {
	stroke := func(c ink, width float64, dashes []float64) func(p *pen, x, y float64) {
		return func(p *pen, x, y float64) { p.line(c, width, dashes, [2]float64{x - 6, y}, [2]float64{x + 8, y}) }
	}
	return []entry{
		{"median search", stroke(subject, 2.4, nil)},
		{"worst in twenty", stroke(subject, 1.3, worstDashes())},
		{"random draws without noise, calculated", stroke(reference, 1.3, randomDashes())},
		{r.targets(), stroke(axis, 1, nil)},
	}
}

// targets names the targets of all fields, the closest first.
func (r replays) targets() string {
	var eps []float64
	for _, one := range r.fields {
		for _, t := range one.Targets {
			if t.Eps > 0 && t.Eps < 1 {
				eps = append(eps, t.Eps)
			}
		}
	}
	slices.Sort(eps)
	var named []string
	for _, e := range slices.Compact(eps) {
		named = append(named, strings.ReplaceAll(fmt.Sprintf("%.3g %%", 100*e), " ", "\u00a0"))
	}
	return strings.TrimSpace("targets: within " + strings.Join(named, ", "))
}

func worstDashes() []float64  { return []float64{6, 3} }
func randomDashes() []float64 { return []float64{1.5, 2.5} }

func (r replays) draw(p *pen) float64 {
	const head, foot, gap = 22.0, 28.0, 26.0
	y := p.header(replaysTitle, r.note(), r.legend()) + 6
	if len(r.fields) == 0 {
		return y
	}
	columns, height := min(3, len(r.fields)), 150.0
	if p.narrow {
		columns, height = 1, 130
	}
	if n := r.strategies(); !p.narrow && (n == 2 || n == 4) && columns == 3 {
		columns = 2 // two and two, not three and one
	}
	const gutter = 34.0
	each := (p.w - 2*margin - gutter - gap*float64(columns-1)) / float64(columns)
	place := 0 // of the field, in rows of so many columns; a table begins a row
	for i, one := range r.fields {
		if i > 0 && one.Ground != r.fields[i-1].Ground {
			place = (place + columns - 1) / columns * columns
		}
		column := place % columns
		x := margin + gutter + float64(column)*(each+gap)
		top := y + float64(place/columns)*(head+height+foot)
		place++
		f := field{
			x: axisScale{low: 0, high: r.launches, from: x, to: x + each},
			y: axisScale{low: r.low, high: 1, from: top + head + height, to: top + head},
		}
		r.axes(p, f, one, column == 0)
		r.curves(p, f, one.Curve)
		name := view.Clean(one.Strategy)
		p.text(x, top+8, boldStyle.short(name, each*0.5), boldStyle, left)
		p.text(x+each, top+8, tickStyle.short(view.Clean(one.Ground), each*0.48), tickStyle, right)
	}
	rows := float64((place + columns - 1) / columns)
	return y + rows*(head+height+foot) + 4
}

// strategies is how many fields the first table has.
func (r replays) strategies() int {
	n := 0
	for _, one := range r.fields {
		if one.Ground == r.fields[0].Ground {
			n++
		}
	}
	return n
}

// axes draws shares at tenths, launches, and the targets.
func (r replays) axes(p *pen, f field, one record.Replay, labelled bool) {
	step := 0.1
	if r.low < 0.45 {
		step = 0.2
	}
	for share := 1.0; share >= r.low-1e-9; share -= step {
		y := f.y.px(share)
		p.line(grid, 1, nil, [2]float64{f.x.from, y}, [2]float64{f.x.to, y})
		if labelled {
			p.text(f.x.from-6, y, fmt.Sprintf("%.1f", share), tickStyle, right)
		}
	}
	for _, t := range one.Targets {
		if y := 1 - t.Eps; y > r.low && y < 1 {
			p.line(axis, 1, nil, [2]float64{f.x.from, f.y.px(y)}, [2]float64{f.x.to, f.y.px(y)})
		}
	}
	p.line(axis, 1, nil, [2]float64{f.x.from, f.y.from}, [2]float64{f.x.to, f.y.from})
	most := 4
	if p.narrow {
		most = 3
	}
	_, ticks := fromZero(r.launches, most)
	for _, value := range ticks {
		if value > r.launches {
			continue
		}
		x, align := f.x.px(value), centre
		p.line(axis, 1, nil, [2]float64{x, f.y.from}, [2]float64{x, f.y.from + 4})
		text := quantity{divisor: 1}.label(value)
		if x+tickStyle.width(text)/2 > f.x.to {
			x, align = f.x.to, right
		}
		p.text(x, f.y.from+13, text, tickStyle, align)
	}
}

func (r replays) curves(p *pen, f field, c record.ReplayCurve) {
	at := make([]float64, len(c.Launches))
	for i, launch := range c.Launches {
		at[i] = float64(launch)
	}
	line := func(values []float64, colour ink, width float64, dashes []float64) {
		shown := slices.Clone(values)
		for i, share := range shown {
			if !(share >= f.y.low && share <= 1+1e-9) {
				shown[i] = math.NaN() // beyond the field
			}
		}
		for _, stretch := range f.stretches(at, shown) {
			p.line(colour, width, dashes, stretch...)
		}
	}
	line(c.Random, reference, 1.3, randomDashes())
	line(c.Worst5, subject, 1.3, worstDashes())
	line(c.Median, subject, 2.4, nil)
}
