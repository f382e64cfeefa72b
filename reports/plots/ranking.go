package plots

import (
	"fmt"
	"slices"
	"strings"

	"sluice/harness/record"
	"sluice/reports/view"
)

// RankingName is the name of the picture that Ranking draws.
const RankingName = "ranking"

// Ranking draws who did how well in a contest: a row for each contestant, best
// first, with its power on every plant, their mean, and its p99. There is nothing
// to draw where nobody took part.
func Ranking(c record.Contest) []Chart {
	r := ranking{plants: len(c.Plants)}
	for _, limit := range c.Limits {
		if limit.Error != "" || !level(limit.Power) {
			continue
		}
		one := contestant{Ranked: limit, name: view.Clean(limit.Name)}
		for _, p := range c.Plants {
			for _, s := range p.Scores {
				if s.Limiter == limit.Name && level(s.Power) {
					one.powers = append(one.powers, s.Power)
				}
			}
		}
		r.rows = append(r.rows, one)
	}
	if len(r.rows) == 0 {
		return nil
	}
	return []Chart{{Name: RankingName, Title: rankingTitle, Alt: r.alt(), draw: r.draw}}
}

// level says whether a power or a share can be drawn; each lies between 0 and
// little more than 1.
func level(value float64) bool { return value >= 0 && value <= 100 }

const rankingTitle = "Power of each limiter"

// contestant is a row of the ranking.
type contestant struct {
	record.Ranked
	name   string
	powers []float64 // on each plant
}

// ranking is a panel of powers and a panel of p99s, side by side.
type ranking struct {
	plants int
	rows   []contestant
}

// liveries tells kinds of contestants apart, by colour and by shape.
func liveries(kind string) (full, tint ink, s shape) {
	switch kind {
	case view.OursKind:
		return subject, subjectTint, diamond
	case view.StaticKind:
		return reference, referenceTint, square
	case view.PeerKind:
		return scale2, otherTint, triangle
	case view.OracleKind:
		return scale4, otherTint, wedge
	default:
		return other, otherTint, circle
	}
}

// kinds are what the legend calls the kinds of contestants, in its order.
func kindNames() [][2]string {
	return [][2]string{
		{view.OursKind, "ours"},
		{view.StaticKind, "static limit"},
		{view.PeerKind, "another library"},
		{view.ModelKind, "model of another's rule"},
		{view.OracleKind, "oracle: is told the optimum"},
	}
}

func (r ranking) legend() []entry {
	var entries []entry
	for _, kind := range kindNames() {
		if slices.ContainsFunc(r.rows, func(c contestant) bool { return c.Kind == kind[0] }) {
			full, _, s := liveries(kind[0])
			entries = append(entries, marked(kind[1], s, full, 5))
		}
	}
	return entries
}

func (r ranking) note() string {
	if r.plants == 1 {
		return "1 plant · 1 is all that the plant can do at no queueing"
	}
	return fmt.Sprintf("a mark is the geometric mean over %s, a small point one plant · 1 is all that a plant can do at no queueing", held("%d plants", r.plants))
}

func (r ranking) alt() string {
	var said []string
	for _, c := range r.rows {
		said = append(said, fmt.Sprintf("%s %s and p99 %s", c.name, view.Power(c.Power).Plain(), view.Tail(c.P99).Plain()))
	}
	return rankingTitle + ": " + strings.Join(said, "; ")
}

// The columns of a ranking, in pixels.
const (
	rankRow   = 24.0
	figureGap = 8.0
)

func (r ranking) draw(p *pen) float64 {
	y := p.header(rankingTitle, r.note(), r.legend()) + 10
	if p.narrow {
		return r.drawNarrow(p, y)
	}
	labels := 0.0
	for _, c := range r.rows {
		labels = max(labels, r.style(c).width(c.name))
	}
	labels = min(labels, 150)
	power, tail := r.figureWidths()
	from := margin + labels + 16
	room := p.w - margin - from - power - tail - 3*figureGap - 24
	first := r.powerScale(from, from+0.62*room)
	powerEdge := first.to + figureGap + power
	second, ticks := r.tailScale(powerEdge+24, p.w-margin-tail-2*figureGap)

	p.text(first.from, y, "power", boldStyle, left)
	p.text(second.from, y, "p99", boldStyle, left)
	p.text(second.from+boldStyle.width("p99")+5, y, "over that without queueing (log scale)", tickStyle, left)
	y += 16
	bottom := y + rankRow*float64(len(r.rows))
	r.powerAxis(p, first, y, bottom)
	for _, t := range ticks {
		p.line(grid, 1, nil, [2]float64{second.px(t.value), y}, [2]float64{second.px(t.value), bottom})
		p.text(second.px(t.value), bottom+12, t.label, tickStyle, centre)
	}
	for _, c := range r.rows {
		middle := y + rankRow/2
		p.text(margin+labels, middle, r.style(c).short(c.name, labels), r.style(c), right)
		r.drawPower(p, first, c, middle)
		p.text(powerEdge, middle, view.Power(c.Power).Plain(), valueStyle, right)
		r.drawTail(p, second, c, middle)
		p.text(p.w-margin, middle, view.Tail(c.P99).Plain(), valueStyle, right)
		y += rankRow
	}
	return bottom + 28
}

// drawNarrow sets the names above the bars and the p99 as a figure alone.
func (r ranking) drawNarrow(p *pen, y float64) float64 {
	const row = 36.0
	scale := r.powerScale(margin+4, p.w-margin-4)
	top := y
	for _, c := range r.rows {
		figures := view.Power(c.Power).Plain() + " · p99 " + view.Tail(c.P99).Plain()
		room := p.w - 2*margin - valueStyle.width(figures) - 10
		p.text(margin, y+8, r.style(c).short(c.name, room), r.style(c), left)
		p.text(p.w-margin, y+8, figures, valueStyle, right)
		for _, t := range r.powerTicks() {
			p.line(grid, 1, nil, [2]float64{scale.px(t), y + 17}, [2]float64{scale.px(t), y + 33})
		}
		r.drawPower(p, scale, c, y+25)
		y += row
	}
	for _, t := range r.powerTicks() {
		p.text(scale.px(t), y+10, quantity{divisor: 1}.label(t), tickStyle, centre)
	}
	p.text((scale.from+scale.to)/2, y+27, "power", tickStyle, centre)
	return max(y, top) + 42
}

func (r ranking) style(c contestant) style {
	s := labelStyle
	s.bold = c.Kind == view.OursKind
	s.ink, _, _ = liveries(c.Kind)
	return s
}

func (r ranking) figureWidths() (power, tail float64) {
	for _, c := range r.rows {
		power = max(power, valueStyle.width(view.Power(c.Power).Plain()))
		tail = max(tail, valueStyle.width(view.Tail(c.P99).Plain()))
	}
	return power, tail
}

// highest is the end of the axis of powers.
func (r ranking) highest() float64 {
	high := 1.0
	for _, c := range r.rows {
		high = max(high, c.Power)
		for _, power := range c.powers {
			high = max(high, power)
		}
	}
	return high
}

func (r ranking) powerScale(from, to float64) axisScale {
	return axisScale{low: 0, high: r.highest() * 1.01, from: from, to: to}
}

// powerTicks are fifths of 1, or fewer where some power is far beyond it.
func (r ranking) powerTicks() []float64 {
	if high := r.highest(); high > 1.5 {
		top, ticks := fromZero(high, 5)
		return slices.DeleteFunc(ticks, func(t float64) bool { return t > high && top > high })
	}
	return []float64{0, 0.2, 0.4, 0.6, 0.8, 1}
}

func (r ranking) powerAxis(p *pen, scale axisScale, top, bottom float64) {
	for _, t := range r.powerTicks() {
		colour := grid
		if t == 0 {
			colour = axis
		}
		p.line(colour, 1, nil, [2]float64{scale.px(t), top}, [2]float64{scale.px(t), bottom})
		p.text(scale.px(t), bottom+12, quantity{divisor: 1}.label(t), tickStyle, centre)
	}
}

func (r ranking) drawPower(p *pen, scale axisScale, c contestant, y float64) {
	full, tint, s := liveries(c.Kind)
	p.line(tint, 3, nil, [2]float64{scale.from, y}, [2]float64{scale.px(c.Power), y})
	for i, power := range c.powers {
		p.mark(circle, tint, scale.px(power), y+0.8*spread(i), 2.4)
	}
	p.mark(s, full, scale.px(c.Power), y, 5)
}

// tailScale reaches over every p99, from 1 where that is the least.
func (r ranking) tailScale(from, to float64) (axisScale, []tick) {
	low, high := 1.0, 2.0
	for _, c := range r.rows {
		if drawable(c.P99) {
			low, high = min(low, c.P99), max(high, c.P99)
		}
	}
	scale := axisScale{low: low / 1.08, high: high * 1.15, from: from, to: to, log: true}
	var ticks []tick
	for _, value := range decades(scale.low, scale.high, 5) {
		ticks = append(ticks, ratioTick(value))
	}
	return scale, ticks
}

func (r ranking) drawTail(p *pen, scale axisScale, c contestant, y float64) {
	if !drawable(c.P99) {
		return
	}
	full, _, s := liveries(c.Kind)
	p.mark(s, full, scale.px(c.P99), y, 4.5)
}
