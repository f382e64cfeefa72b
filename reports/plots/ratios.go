package plots

import (
	"fmt"
	"math"
	"strings"

	"sluice/harness/record"
	"sluice/reports/view"
)

// ratiosChart shows what the verdicts are made of: for each part but the
// reference its ratios with their intervals, against the margin.
func ratiosChart(cast view.Cast, o record.Outcome) (Chart, bool) {
	f := forest{cast: cast, where: place(o)}
	for _, part := range cast.Parts {
		if part.Role != view.Reference && len(part.Ratios) > 0 {
			f.parts = append(f.parts, part)
		}
	}
	for _, metric := range append([]string{cast.Decided, cast.Objective}, record.Throughput, record.P99, record.RSS, record.Wall) {
		if f.carries(metric) && len(f.panels) < 3 {
			f.panels = append(f.panels, metric)
		}
	}
	if len(f.parts) == 0 || len(f.panels) == 0 {
		return Chart{}, false
	}
	return Chart{Name: RatiosName, Title: f.title(), Alt: f.alt(), draw: f.draw}, true
}

// forest is a panel of intervals for each metric, a row for each part.
type forest struct {
	cast   view.Cast
	where  string
	parts  []view.Part
	panels []string
}

func (f forest) carries(metric string) bool {
	for _, panel := range f.panels {
		if panel == metric {
			return false
		}
	}
	for _, part := range f.parts {
		if part.Ratios[metric].N > 0 {
			return true
		}
	}
	return false
}

func (f forest) title() string {
	reference, _ := f.cast.Of(view.Reference)
	return "Ratio to " + reference.Label
}

func (f forest) note() string {
	least, most, level, mixed := math.MaxInt, 0, 0.0, false
	for _, part := range f.parts {
		for _, metric := range f.panels {
			if r := part.Ratios[metric]; r.N > 0 {
				least, most = min(least, r.N), max(most, r.N)
				mixed = mixed || level != 0 && view.Percent(level) != view.Percent(r.Confidence)
				level = r.Confidence
			}
		}
	}
	interval := "bars: " + view.Percent(level).Plain() + " interval"
	if mixed {
		interval = "bars: interval"
	}
	n := held("n = %d pairs", least)
	if least != most {
		n = held("n = %d–%d pairs", least, most)
	}
	return strings.Join([]string{f.where, n, interval, "grey band: the margin within which no difference matters", "above 1 is better, whichever way the metric runs"}, " · ")
}

func (f forest) alt() string {
	var said []string
	for _, part := range f.parts {
		r := part.Ratios[f.panels[0]]
		said = append(said, fmt.Sprintf("%s %s, %s", part.Label, view.Interval(r).Plain(), r.Verdict))
	}
	return fmt.Sprintf("%s in %s, %s: %s", f.title(), view.Title(f.panels[0]), f.where, strings.Join(said, "; "))
}

func (f forest) draw(p *pen) float64 {
	y := p.header(f.title(), f.note(), nil) + 12
	if p.narrow {
		for _, metric := range f.panels {
			y = f.panel(p, metric, margin, p.w-margin, y, true) + 26
		}
		return y - 14
	}
	labels := 0.0
	for _, part := range f.parts {
		labels = max(labels, boldStyle.width(part.Label))
	}
	labels = min(labels, 200)
	from, gap := margin+labels+18, 22.0
	each := (p.w - margin - from - gap*float64(len(f.panels)-1)) / float64(len(f.panels))
	f.labels(p, margin+labels, y+panelHead)
	bottom := y
	for i, metric := range f.panels {
		x := from + float64(i)*(each+gap)
		bottom = f.panel(p, metric, x, x+each, y, false)
	}
	return bottom + 6
}

const panelHead = 26.0

// labels sets the names of the parts at the left of all panels.
func (f forest) labels(p *pen, x, y float64) {
	for _, part := range f.parts {
		h := f.rowHeight(p, part)
		lines := f.labelLines(p, part)
		p.lines(x, y+h/2-float64(len(lines)-1)*labelStyle.leading()/2, lines, f.labelStyle(part), right)
		y += h
	}
}

func (f forest) labelStyle(part view.Part) style {
	s := labelStyle
	if part.Role == view.Subject {
		s = boldStyle
	}
	s.ink, _ = inkOf(part.Role)
	return s
}

func (f forest) labelLines(p *pen, part view.Part) []string {
	if p.narrow {
		return f.labelStyle(part).wrap(part.Label, p.w-2*margin-90)
	}
	return f.labelStyle(part).wrap(part.Label, 200)
}

// rowHeight leaves room for the figures above the bar and for the name.
func (f forest) rowHeight(p *pen, part view.Part) float64 {
	lines := float64(len(f.labelLines(p, part))) * labelStyle.leading()
	if p.narrow {
		return lines + 24
	}
	return max(40, lines+10)
}

// panel draws one metric between x0 and x1 from y down and returns the y below it.
func (f forest) panel(p *pen, metric string, x0, x1, y float64, named bool) float64 {
	p.text((x0+x1)/2, y+6, view.Title(metric), boldStyle, centre)
	y += panelHead
	bottom := y
	for _, part := range f.parts {
		bottom += f.rowHeight(p, part)
	}
	scale, marginOf := f.scale(metric, x0+8, x1-8)
	p.rect(band, scale.px(1-marginOf), y, scale.px(1+marginOf), bottom)
	ticks := ratioTicks(scale.low, scale.high, 5)
	for _, t := range ticks {
		p.text(scale.px(t.value), bottom+12, t.label, tickStyle, centre)
	}
	for _, part := range f.parts {
		f.row(p, part, metric, scale, ticks, x0, x1, y, named)
		y += f.rowHeight(p, part)
	}
	f.directions(p, scale.px(1), x0, x1, bottom+29)
	return bottom + 38
}

// directions says which way is better, on the sides of 1 that have room for it.
func (f forest) directions(p *pen, one, x0, x1, y float64) {
	const better, worse = "better →", "← worse"
	if one+7+tickStyle.width(better) <= x1 {
		p.text(one+7, y, better, tickStyle, left)
	}
	if one-7-tickStyle.width(worse) >= x0 {
		p.text(one-7, y, worse, tickStyle, right)
	}
}

// scale reaches over every interval and the margin on both sides of 1.
func (f forest) scale(metric string, from, to float64) (s axisScale, width float64) {
	low, high := 1.0, 1.0
	for _, part := range f.parts {
		r := part.Ratios[metric]
		if !placeable(r) {
			continue
		}
		width = max(width, r.Margin)
		low, high = min(low, r.Ratio), max(high, r.Ratio)
		if bounded(r) {
			low, high = min(low, r.Low), max(high, r.High)
		}
	}
	low, high = min(low, 1-1.5*width), max(high, 1+1.5*width)
	pad := math.Pow(high/low, 0.06)
	return axisScale{low: low / pad, high: high * pad, from: from, to: to, log: true}, width
}

// farthest is the ratio, or its inverse, up to which ratios are drawn; one beyond
// is a fault of its trials and stays in words.
const farthest = 1e6

func placeable(r record.Ratio) bool {
	return r.N > 0 && r.Ratio > 1/farthest && r.Ratio < farthest
}

// bounded says whether the interval of a ratio can be drawn.
func bounded(r record.Ratio) bool {
	return view.Bounded(r) && r.Low > 1/farthest && r.High < farthest
}

func (f forest) row(p *pen, part view.Part, metric string, scale axisScale, ticks []tick, x0, x1, y float64, named bool) {
	r, h := part.Ratios[metric], f.rowHeight(p, part)
	full, _ := inkOf(part.Role)
	figures := figuresOf(r)
	middle := y + h/2 + 8
	if named {
		lines := f.labelLines(p, part)
		p.lines(x0, y+labelStyle.leading()/2+2, lines, f.labelStyle(part), left)
		p.text(x1, y+labelStyle.leading()/2+2, figures, valueStyle, right)
		middle = y + h - 12
	}
	// The grid stands behind the bars alone; the figures above stay clear of it.
	for _, t := range ticks {
		colour := grid
		if math.Abs(t.value-1) < 1e-9 {
			colour = axis
		}
		p.line(colour, 1, nil, [2]float64{scale.px(t.value), middle - 9}, [2]float64{scale.px(t.value), middle + 9})
	}
	if !placeable(r) {
		return
	}
	x := scale.px(r.Ratio)
	if bounded(r) {
		bar(p, full, middle, scale.px(r.Low), x, scale.px(r.High))
	} else {
		p.ring(circle, full, x, middle, 5)
	}
	if !named {
		w := valueStyle.width(figures) / 2
		p.text(min(max(x, x0+w), x1-w), middle-15, figures, valueStyle, centre)
	}
}

// figuresOf are the ratio and its interval in words.
func figuresOf(r record.Ratio) string {
	if r.N == 0 {
		return "–"
	}
	if !view.Bounded(r) {
		return strings.TrimSuffix(view.Ratio(r).Plain(), " ×") + " (no interval)"
	}
	return strings.TrimSuffix(view.Ratio(r).Plain(), " ×") + " (" + view.Interval(r).Plain() + ")"
}
