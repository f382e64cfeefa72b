package plots

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"sluice/harness/record"
	"sluice/harness/stats"
	"sluice/reports/view"
)

func (g group) label(knob string) string {
	if g.low == g.high {
		return view.Clean(view.Setting(knob, g.low))
	}
	return view.Clean(view.Setting(knob, g.low)) + "…" + view.Knob(knob, g.high)
}

func (s scatter) title() string { return upper(view.Title(s.metric)) + " by " + view.Clean(s.knob) }

func (s scatter) note() string {
	kind := "search"
	if s.lined {
		kind = "grid"
	}
	parts := []string{s.where, fmt.Sprintf("a point is one %s trial (%s)", kind, held("n = %d", len(s.points)))}
	if s.lined {
		parts = append(parts, "lines join medians")
	}
	if bars := s.bars(); bars != "" {
		parts = append(parts, bars)
	}
	return strings.Join(parts, " · ")
}

// bars says what the bars are, with the fewest pairs behind one.
func (s scatter) bars() string {
	least, level, mixed := 0, 0.0, false
	for _, part := range s.cast.Parts {
		r := part.Ratios[s.metric]
		if !bounded(r) {
			continue
		}
		mixed = mixed || level != 0 && view.Percent(level) != view.Percent(r.Confidence)
		level = r.Confidence
		if least == 0 || r.N < least {
			least = r.N
		}
	}
	if least == 0 {
		return ""
	}
	interval := view.Percent(level).Plain() + " interval"
	if mixed {
		interval = "interval"
	}
	return fmt.Sprintf("bars: %s of the ratio to the reference, laid on its median (%s)", interval, held("n = %d pairs", least))
}

// alt says in words what the picture shows.
func (s scatter) alt() string {
	var said []string
	for _, part := range s.cast.Parts {
		if part.Role != view.Other {
			said = append(said, label(part)+" "+view.Value(s.metric, part.Metrics).Plain())
		}
	}
	return strings.TrimSpace(fmt.Sprintf("%s against %s, %d trials, %s. %s", upper(view.Title(s.metric)), view.Clean(s.knob), len(s.points), s.where, strings.Join(said, ", ")))
}

func (s scatter) draw(p *pen) float64 {
	y := p.header(s.title(), s.note(), s.legend())
	height := 300.0
	if p.narrow {
		height = 250
	}
	s.apart = s.spacing(p)
	f := s.frame(p, y+noteStyle.leading()+6, height)
	f.draw(p)
	s.drawPoints(p, f)
	if s.lined {
		s.drawMedians(p, f)
	}
	s.drawParts(p, f)
	return f.y.from + 52
}

// spacing keeps the intervals of a grid's series apart as far as its values do;
// the points of a search, which rarely share a value, stay closer to theirs.
func (s scatter) spacing(p *pen) float64 {
	const wide, close = 14.0, 6.0
	if !s.lined || len(s.ticks) < 2 {
		return close
	}
	room := (p.w - 100) / float64(len(s.ticks)-1) / (float64(len(s.groups)) + 0.5)
	return min(wide, max(close, room))
}

func (s scatter) legend() []entry {
	var list []entry
	if s.by != "" {
		for _, g := range s.groups {
			list = append(list, marked(g.label(s.by), g.shape, g.ink, 4.5))
		}
	}
	if s.hasReferencePoints() {
		list = append(list, marked("the reference, in the same blocks", circle, referenceTint, 4))
	}
	return list
}

func (s scatter) hasReferencePoints() bool {
	return slices.ContainsFunc(s.points, func(p point) bool { return p.group < 0 })
}

// parts are what is set out with a mark of its own: in a grid only the reference
// and the best, for the rest are its medians.
func (s scatter) parts() []view.Part {
	var list []view.Part
	for _, part := range s.cast.Parts {
		_, placed := s.at(part)
		if placed && (!s.lined || part.Role != view.Other) {
			list = append(list, part)
		}
	}
	return list
}

// at is where a part stands on the x axis; ok is false where it has no place there.
func (s scatter) at(part view.Part) (x float64, ok bool) {
	x, ok = knobValue(part.Config, s.knob)
	return x, ok && (x > 0 || !s.log) && drawable(part.Metrics[s.metric])
}

func (s scatter) frame(p *pen, top, height float64) frame {
	high, low, wide := 0.0, math.Inf(1), 0.0
	for _, pt := range s.points {
		high, low, wide = max(high, pt.y), min(low, pt.x), max(wide, pt.x)
	}
	for _, part := range s.cast.Parts {
		x, ok := s.at(part)
		if !ok {
			continue
		}
		_, upper := s.interval(part)
		high, low, wide = max(high, part.Metrics[s.metric], upper), min(low, x), max(wide, x)
	}
	most, steps := 8, 6
	if p.narrow {
		most = 7
	}
	f := frame{q: quantityOf(s.metric, high), title: view.Title(s.metric), knob: view.Clean(s.knob), log: s.log}
	peak, ticks := fromZero(high*1.04, steps)
	gutter := 0.0
	for _, value := range ticks {
		f.yTicks = append(f.yTicks, tick{value, f.q.label(value)})
		gutter = max(gutter, tickStyle.width(f.q.label(value)))
	}
	f.y = axisScale{low: 0, high: peak, from: top + height, to: top}
	side := float64(len(s.groups)-1) / 2 * s.apart
	f.x = axisScale{low: low, high: wide, from: margin + gutter + 16 + side, to: p.w - margin - 12 - side, log: s.log}
	f.edge = margin + gutter + 6
	f.xTicks = s.xTicks(low, wide, most)
	return f
}

func (s scatter) xTicks(low, high float64, most int) []tick {
	switch {
	case s.ticks != nil && len(s.ticks) <= most:
		ticks := make([]tick, len(s.ticks))
		for i, value := range s.ticks {
			ticks[i] = tick{value, view.Knob(s.knob, value)}
		}
		return ticks
	case s.log:
		return powers(low, high, most)
	}
	_, steps := fromZero(high, most)
	var ticks []tick
	for _, value := range steps {
		if value >= low && value <= high {
			ticks = append(ticks, tick{value, view.Knob(s.knob, value)})
		}
	}
	return ticks
}

// dodge sets the series side by side where they share a value, in pixels.
func (s scatter) dodge(group int) float64 {
	if group < 0 {
		return 0
	}
	return (float64(group) - float64(len(s.groups)-1)/2) * s.apart
}

func (s scatter) drawPoints(p *pen, f frame) {
	for _, pt := range s.points {
		shape, colour, r := circle, referenceTint, 3.5
		if pt.group >= 0 {
			shape, colour = s.groups[pt.group].shape, s.groups[pt.group].ink
		}
		if s.lined {
			r = 2.4
		}
		p.mark(shape, colour, f.x.px(pt.x)+s.dodge(pt.group), f.y.px(pt.y), r)
	}
}

// medians are the points at which a series has its medians, in pixels.
func (s scatter) medians(f frame, group int) [][2]float64 {
	at := map[float64][]float64{}
	for _, pt := range s.points {
		if pt.group == group {
			at[pt.x] = append(at[pt.x], pt.y)
		}
	}
	var line [][2]float64
	for _, x := range slices.Sorted(maps.Keys(at)) {
		line = append(line, [2]float64{f.x.px(x) + s.dodge(group), f.y.px(stats.Median(at[x]))})
	}
	return line
}

// lineBoxes covers the lines of a grid with small boxes, which labels avoid.
func (s scatter) lineBoxes(f frame) []box {
	var boxes []box
	for group := range s.groups {
		line := s.medians(f, group)
		for i := 1; i < len(line) && s.lined; i++ {
			a, b := line[i-1], line[i]
			steps := math.Ceil(math.Hypot(b[0]-a[0], b[1]-a[1]) / 6)
			for k := 0.0; k <= steps; k++ {
				x, y := a[0]+(b[0]-a[0])*k/steps, a[1]+(b[1]-a[1])*k/steps
				boxes = append(boxes, box{x0: x - 2, y0: y - 2, x1: x + 2, y1: y + 2})
			}
		}
	}
	return boxes
}

// drawMedians joins the medians of each series of a grid and lays the intervals on them.
func (s scatter) drawMedians(p *pen, f frame) {
	for i, g := range s.groups {
		line := s.medians(f, i)
		p.line(g.ink, 1.8, nil, line...)
		for _, pt := range line {
			p.mark(g.shape, g.ink, pt[0], pt[1], 4)
		}
		s.drawIntervals(p, f, i)
	}
}

func (s scatter) drawIntervals(p *pen, f frame, group int) {
	for _, part := range s.cast.Parts {
		x, ok := s.at(part)
		if !ok || part.Role == view.Reference || s.groupOf(record.Trial{Config: part.Config}) != group {
			continue
		}
		if low, high := s.interval(part); high > 0 {
			whisker(p, s.groups[group].ink, f.x.px(x)+s.dodge(group), f.y.px(low), f.y.px(high), 6.5)
		}
	}
}

// interval lays the interval of a part's ratio on the reference's median, in the
// metric's unit; zeros where there is none.
func (s scatter) interval(part view.Part) (low, high float64) {
	reference, ok := s.cast.Of(view.Reference)
	r := part.Ratios[s.metric]
	base := reference.Metrics[s.metric]
	switch {
	case !ok || !bounded(r) || !drawable(base):
		return 0, 0
	case s.cast.HigherIsBetter(s.metric):
		return base * r.Low, base * r.High
	default:
		return base / r.High, base / r.Low
	}
}

// whisker draws an upright interval. Its ends reach out further than the mark
// that it lies on, so that an interval smaller than the mark is still seen.
func whisker(p *pen, c ink, x, y0, y1, reach float64) {
	p.line(c, 1.6, nil, [2]float64{x, y0}, [2]float64{x, y1})
	for _, y := range []float64{y0, y1} {
		p.line(c, 1.6, nil, [2]float64{x - reach, y}, [2]float64{x + reach, y})
	}
}

// drawParts sets the parts above all else and labels them where there is room.
func (s scatter) drawParts(p *pen, f frame) {
	var labels []callout
	var marks []box
	for _, pt := range s.points {
		x, y := f.x.px(pt.x)+s.dodge(pt.group), f.y.px(pt.y)
		marks = append(marks, box{x0: x - 3, y0: y - 3, x1: x + 3, y1: y + 3})
	}
	marks = append(marks, s.lineBoxes(f)...)
	for _, part := range slices.Backward(s.parts()) {
		value, _ := s.at(part)
		x, y := f.x.px(value), f.y.px(part.Metrics[s.metric])
		if s.lined {
			x += s.dodge(s.groupOf(record.Trial{Config: part.Config}))
		}
		full, _ := inkOf(part.Role)
		low, high := s.interval(part)
		p.mark(shapeOf(part.Role), full, x, y, 5.2)
		if high > 0 {
			whisker(p, full, x, f.y.px(low), f.y.px(high), 9)
		}
		obstacle := box{x0: x - 9, y0: min(y-9, f.y.px(max(high, 0))-2), x1: x + 9, y1: max(y+9, f.y.px(low)+2)}
		if high == 0 {
			obstacle.y0, obstacle.y1 = y-9, y+9
		}
		labels = append(labels, callout{x: x, y: y, lines: s.says(part, (p.w-f.edge)/2), mark: obstacle, ink: full})
	}
	slices.Reverse(labels)
	p.callouts(labels, marks, box{x0: f.edge, y0: f.y.to - 2, x1: p.w - margin/2, y1: f.y.from - 2})
}

// says is the label of a part: its name, on at most two lines, and its median.
func (s scatter) says(part view.Part, room float64) []string {
	lines := boldStyle.wrap(label(part), room)
	if len(lines) > 2 {
		lines = []string{lines[0], boldStyle.short(lines[1]+" "+lines[2], room)}
	}
	return append(lines, view.Value(s.metric, part.Metrics).Plain())
}

func upper(title string) string {
	if title == "" {
		return ""
	}
	return strings.ToUpper(title[:1]) + title[1:]
}
