package plots

import (
	"fmt"
	"math"
	"strings"

	"sluice/harness/record"
	"sluice/harness/unit"
	"sluice/reports/view"
)

// rows is a picture with a row for each part: single trials as small points,
// medians as marks, the figures in words at the right edge.
type rows struct {
	cast    view.Cast
	parts   []view.Part
	metrics []string // the left mark, and the right one if there are two
	title   string
	note    string
	names   []string // of the figures at the right edge; empty for one figure
	log     bool
	limit   float64 // a bound that the goal requires; 0 for none
	legend  []entry
}

// latencyChart shows median and 99th percentile of the sojourn time.
func latencyChart(cast view.Cast, o record.Outcome) (Chart, bool) {
	r, ok := newRows(cast, o, record.P50, record.P99)
	if !ok {
		return Chart{}, false
	}
	r.title, r.log, r.names = "Sojourn time, from read permit to result", true, []string{"p50", "p99"}
	r.note = r.where(o) + " · a small point is one trial's p99 · shorter is better"
	r.legend = []entry{
		{"p50 (median of trials)", func(p *pen, x, y float64) { p.ring(circle, reference, x, y, 5) }},
		marked("p99 (median of trials)", circle, reference, 5),
	}
	return Chart{Name: LatencyName, Title: r.title, Alt: r.alt(o), draw: r.draw}, true
}

// memoryChart shows the peak of resident memory.
func memoryChart(cast view.Cast, o record.Outcome) (Chart, bool) {
	chart, ok := rowsChart(MemoryName, cast, o, record.RSS)
	return chart, ok && cast.Objective != record.RSS
}

// rowsChart shows one metric from 0.
func rowsChart(name string, cast view.Cast, o record.Outcome, metric string) (Chart, bool) {
	r, ok := newRows(cast, o, metric)
	if !ok {
		return Chart{}, false
	}
	sense := "less is better"
	if cast.HigherIsBetter(metric) {
		sense = "more is better"
	}
	r.title = upper(view.Title(metric))
	r.note = r.where(o) + " · a small point is one trial, a mark their median · " + sense
	r.limit = required(cast.Goal, metric)
	return Chart{Name: name, Title: r.title, Alt: r.alt(o), draw: r.draw}, true
}

// newRows gathers the parts that carry all of the metrics; ok is false where
// none does.
func newRows(cast view.Cast, o record.Outcome, metrics ...string) (r rows, ok bool) {
	r = rows{cast: cast, metrics: metrics}
	for _, part := range cast.Parts {
		complete := true
		for _, metric := range metrics {
			value, has := part.Metrics[metric]
			complete = complete && has && drawable(value)
		}
		if complete {
			r.parts = append(r.parts, part)
		}
	}
	return r, len(r.parts) > 0 && (len(cast.Parts) > 1 || len(o.Trials) > 1)
}

func (r rows) where(o record.Outcome) string {
	least, most := math.MaxInt, 0
	for _, part := range r.parts {
		n := len(values(part.Trials, r.metrics[len(r.metrics)-1]))
		least, most = min(least, n), max(most, n)
	}
	n := held("n = %d", least)
	if least != most {
		n = held("n = %d–%d", least, most)
	}
	if most == 0 {
		return place(o)
	}
	return place(o) + " · " + n + " trials each"
}

func (r rows) alt(o record.Outcome) string {
	var said []string
	for _, part := range r.parts {
		said = append(said, label(part)+" "+strings.Join(r.figures(part), " and "))
	}
	return fmt.Sprintf("%s, %s: %s", r.title, place(o), strings.Join(said, "; "))
}

func (r rows) figures(part view.Part) []string {
	list := make([]string, len(r.metrics))
	for i, metric := range r.metrics {
		list[i] = view.Value(metric, part.Metrics).Plain()
	}
	return list
}

// required is the goal's upper bound on a metric, or 0.
func required(goal record.Goal, metric string) float64 {
	for _, text := range goal.Require {
		if bound, err := unit.ParseRequirement(text); err == nil && bound.Metric == metric && (bound.Op == unit.Less || bound.Op == unit.LessOrEqual) {
			return bound.Value
		}
	}
	return 0
}

// extent is the smallest and the largest figure of the picture.
func (r rows) extent() (low, high float64) {
	low = math.Inf(1)
	for _, part := range r.parts {
		for i, metric := range r.metrics {
			low, high = min(low, part.Metrics[metric]), max(high, part.Metrics[metric])
			if i < len(r.metrics)-1 {
				continue
			}
			for _, value := range values(part.Trials, metric) {
				low, high = min(low, value), max(high, value)
			}
		}
	}
	return low, high
}

// layout is where the columns of a picture of rows stand.
type layout struct {
	x       axisScale
	ticks   []tick
	labels  float64 // width of the column of labels; 0 when they stand above
	columns []float64
	unit    string
}

func (r rows) draw(p *pen) float64 {
	note := r.note
	low, high := r.extent()
	showLimit := r.limit > 0 && r.limit <= 2.5*high
	if r.limit > 0 && !showLimit {
		note += fmt.Sprintf(" · required: at most %s, far to the right", view.Value(r.metrics[0], map[string]float64{r.metrics[0]: r.limit}).Plain())
	}
	if showLimit {
		high = max(high, r.limit)
	}
	y := p.header(r.title, note, r.legend) + 10
	l := r.layout(p, low, high)
	if len(r.names) > 0 {
		for i, name := range r.names {
			p.text(l.columns[i], y, name, tickStyle, right)
		}
		y += tickStyle.leading()
	}
	if showLimit {
		r.drawLimitName(p, l, y)
		y += tickStyle.leading()
	}
	top := y
	tops := make([]float64, len(r.parts))
	for i, part := range r.parts {
		tops[i] = y
		y += r.height(p, l, part)
	}
	r.drawAxis(p, l, top, y)
	for i, part := range r.parts {
		r.drawRow(p, l, part, tops[i])
	}
	if showLimit {
		x := l.x.px(r.limit)
		p.line(limit, 1.4, []float64{5, 3}, [2]float64{x, top - 4}, [2]float64{x, y})
	}
	return y + 48
}

// drawLimitName says what the dashed line is, above it.
func (r rows) drawLimitName(p *pen, l layout, y float64) {
	words := "required: below " + view.Value(r.metrics[0], map[string]float64{r.metrics[0]: r.limit}).Plain()
	s := tickStyle
	s.ink = limit
	half := s.width(words) / 2
	x := min(max(l.x.px(r.limit), margin+half), p.w-margin-half)
	p.text(x, y, words, s, centre)
}

func (r rows) layout(p *pen, low, high float64) layout {
	l := layout{}
	if !p.narrow {
		for _, part := range r.parts {
			l.labels = max(l.labels, rowStyle(part).width(label(part)))
		}
		l.labels = min(l.labels, 250)
	}
	x := p.w - margin
	widths := make([]float64, len(r.metrics))
	for i := range r.metrics {
		for _, part := range r.parts {
			widths[i] = max(widths[i], valueStyle.width(r.figures(part)[i]))
		}
	}
	l.columns = make([]float64, len(widths))
	for i := len(widths) - 1; i >= 0; i-- {
		l.columns[i] = x
		x -= widths[i] + 14
	}
	from := margin + l.labels + 18
	if p.narrow {
		from = margin + 8
	}
	l.x = axisScale{from: from, to: x - 12, log: r.log}
	r.scale(&l, low, high, p.narrow)
	return l
}

// scale sets the ends of the axis and its ticks.
func (r rows) scale(l *layout, low, high float64, narrow bool) {
	most := 6
	if narrow {
		most = 4
	}
	metric := r.metrics[0]
	if !r.log {
		q := quantityOf(metric, high)
		top, ticks := fromZero(high*1.02, most)
		l.x.low, l.x.high, l.unit = 0, top, q.of(view.Title(metric))
		for _, value := range ticks {
			l.ticks = append(l.ticks, tick{value, q.label(value)})
		}
		return
	}
	l.x.low, l.x.high, l.unit = low/1.15, high*1.15, "sojourn time (log scale)"
	for _, value := range decades(l.x.low, l.x.high, most) {
		l.ticks = append(l.ticks, tick{value, unit.Time(value)})
	}
}

func (r rows) height(p *pen, l layout, part view.Part) float64 {
	lines := float64(len(r.labelLines(p, l, part)))
	if p.narrow {
		return lines*labelStyle.leading() + 28
	}
	return max(34, lines*labelStyle.leading()+12)
}

func (r rows) labelLines(p *pen, l layout, part view.Part) []string {
	room := l.labels
	if p.narrow {
		room = p.w - 2*margin
	}
	return rowStyle(part).wrap(label(part), room)
}

// rowStyle sets the names of reference and subject bold, in the colours of their marks.
func rowStyle(part view.Part) style {
	s := labelStyle
	if part.Role != view.Other {
		s = boldStyle
	}
	s.ink, _ = inkOf(part.Role)
	return s
}

func (r rows) drawAxis(p *pen, l layout, top, bottom float64) {
	for _, t := range l.ticks {
		x := l.x.px(t.value)
		colour := grid
		if t.value == 0 {
			colour = axis
		}
		if !p.narrow { // where names stand above the bars, the grid leaves them clear
			p.line(colour, 1, nil, [2]float64{x, top}, [2]float64{x, bottom})
		}
		p.text(x, bottom+12, t.label, tickStyle, centre)
	}
	p.text((l.x.from+l.x.to)/2, bottom+30, l.unit, tickStyle, centre)
}

func (r rows) drawRow(p *pen, l layout, part view.Part, top float64) {
	full, tint := inkOf(part.Role)
	s, lines := rowStyle(part), r.labelLines(p, l, part)
	y := top + r.height(p, l, part)/2
	switch {
	case p.narrow:
		y = p.lines(margin, top+labelStyle.leading()/2+2, lines, s, left) + 4
	default:
		p.lines(margin+l.labels, y-float64(len(lines)-1)*labelStyle.leading()/2, lines, s, right)
	}
	for _, t := range l.ticks {
		if p.narrow {
			p.line(grid, 1, nil, [2]float64{l.x.px(t.value), y - 9}, [2]float64{l.x.px(t.value), y + 9})
		}
	}
	last := r.metrics[len(r.metrics)-1]
	end := l.x.px(part.Metrics[last])
	start := l.x.from
	if len(r.metrics) > 1 {
		start = l.x.px(part.Metrics[r.metrics[0]])
	}
	p.line(tint, 3, nil, [2]float64{start, y}, [2]float64{end, y})
	for i, value := range values(part.Trials, last) {
		p.mark(circle, tint, l.x.px(value), y+spread(i), 2.6)
	}
	if len(r.metrics) > 1 {
		p.ring(circle, full, start, y, 5)
		p.mark(circle, full, end, y, 5)
	} else {
		p.mark(shapeOf(part.Role), full, end, y, 5.5)
	}
	for i, figure := range r.figures(part) {
		p.text(l.columns[i], y, figure, valueStyle, right)
	}
}

// spread lifts points off each other by a few pixels, in a fixed pattern.
func spread(i int) float64 { return []float64{-5, 5, -8, 8, -2.5, 2.5, 0}[i%7] }
