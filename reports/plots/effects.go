package plots

import (
	"fmt"
	"strings"

	"sluice/harness/record"
	"sluice/reports/view"
)

// effectsChart shows how much of the objective's variance each knob, and each pair
// of knobs, explains.
func effectsChart(cast view.Cast, o record.Outcome) (Chart, bool) {
	if o.Recommendation == nil || view.Still(o.Recommendation.Effects) {
		return Chart{}, false
	}
	rows, idle := view.Effects(o.Recommendation.Effects)
	e := effectsPicture{objective: view.Title(cast.Objective), where: place(o), rows: rows, idle: idle}
	for _, row := range rows {
		e.near = e.near || row.Near.Knob != ""
		e.everywhere = e.everywhere || row.Everywhere.Knob != ""
	}
	if len(rows) == 0 {
		return Chart{}, false
	}
	return Chart{Name: EffectsName, Title: e.title(), Alt: e.alt(), draw: e.draw}, true
}

// effectsPicture has a row for each effect, a bar for each region.
type effectsPicture struct {
	objective, where string
	rows             []view.EffectRow
	idle             []string
	near, everywhere bool
}

func (e effectsPicture) title() string { return "Which knobs move " + e.objective }

func (e effectsPicture) note() string {
	note := e.where + " · share of the variance in the search's model · lines: 90 % interval · a × b: what two do together beyond what each does alone"
	if len(e.idle) > 0 {
		note += " · does not matter here: " + strings.Join(e.idle, ", ")
	}
	return note
}

func (e effectsPicture) alt() string {
	var said []string
	for _, row := range e.rows {
		for _, bar := range e.bars(row) {
			said = append(said, row.Label+" "+bar.words+" "+view.Share(bar.effect).Plain())
		}
	}
	return fmt.Sprintf("%s, %s: %s", e.title(), e.where, strings.Join(said, "; "))
}

// effectBar is one bar of a row.
type effectBar struct {
	effect record.Effect
	words  string
	ink    ink
}

func (e effectsPicture) bars(row view.EffectRow) (list []effectBar) {
	if e.near && drawableShare(row.Near) {
		list = append(list, effectBar{row.Near, "near the recommended", subject})
	}
	if e.everywhere && drawableShare(row.Everywhere) {
		list = append(list, effectBar{row.Everywhere, "everywhere", referenceTint})
	}
	return list
}

func drawableShare(e record.Effect) bool {
	return e.Knob != "" && e.Share >= 0 && e.Share <= 1 && e.Low >= 0 && e.High >= e.Low && e.High <= 1
}

func (e effectsPicture) legend() (list []entry) {
	sample := func(words string, c ink) entry {
		return entry{words, func(p *pen, x, y float64) { p.rect(c, x-6, y-4, x+6, y+4) }}
	}
	if e.near {
		list = append(list, sample("near the recommended configuration", subject))
	}
	if e.everywhere {
		list = append(list, sample("over the whole space", referenceTint))
	}
	return list
}

const effectBarHeight = 13.0

func (e effectsPicture) draw(p *pen) float64 {
	y := p.header(e.title(), e.note(), e.legend()) + 8
	labels, figures, most := 0.0, 0.0, 0.0
	for _, row := range e.rows {
		labels = max(labels, labelStyle.width(row.Label))
		for _, bar := range e.bars(row) {
			figures, most = max(figures, valueStyle.width(view.Share(bar.effect).Plain())), max(most, bar.effect.High)
		}
	}
	labels = min(labels, 240)
	from := margin + labels + 14
	if p.narrow {
		from = margin + 1
	}
	top, ticks := fromZero(100*most, 5)
	scale := axisScale{high: top / 100, from: from, to: p.w - margin - figures - 12}
	bottom := y
	for _, row := range e.rows {
		bottom += e.height(p, row)
	}
	for _, t := range ticks {
		x := scale.px(t / 100)
		if !p.narrow {
			p.line(grid, 1, nil, [2]float64{x, y}, [2]float64{x, bottom})
		}
		p.text(x, bottom+12, fmt.Sprintf("%g", t), tickStyle, centre)
	}
	p.text((scale.from+scale.to)/2, bottom+30, "% of the variance", tickStyle, centre)
	for _, row := range e.rows {
		e.drawRow(p, row, scale, labels, y)
		y += e.height(p, row)
	}
	return bottom + 42
}

func (e effectsPicture) height(p *pen, row view.EffectRow) float64 {
	bars := float64(max(1, len(e.bars(row)))) * (effectBarHeight + 2)
	lines := float64(len(e.labelLines(p, row))) * labelStyle.leading()
	if p.narrow {
		return bars + lines + 10
	}
	return max(bars, lines) + 10
}

func (e effectsPicture) labelLines(p *pen, row view.EffectRow) []string {
	if p.narrow {
		return labelStyle.wrap(row.Label, p.w-2*margin)
	}
	return labelStyle.wrap(row.Label, 240)
}

func (e effectsPicture) drawRow(p *pen, row view.EffectRow, scale axisScale, labels, y float64) {
	lines, bars := e.labelLines(p, row), e.bars(row)
	middle := y + e.height(p, row)/2
	at := middle - float64(len(bars)-1)*(effectBarHeight+2)/2
	if p.narrow {
		at = p.lines(margin, y+labelStyle.leading()/2, lines, labelStyle, left) + effectBarHeight/2 - 4
	} else {
		p.lines(margin+labels, middle-float64(len(lines)-1)*labelStyle.leading()/2, lines, labelStyle, right)
	}
	// The axis stands beside the bars alone: on a phone names stand above them.
	p.line(axis, 1, nil, [2]float64{scale.px(0), at - effectBarHeight/2 - 2}, [2]float64{scale.px(0), at + float64(len(bars))*(effectBarHeight+2) - effectBarHeight/2})
	for _, bar := range bars {
		half := effectBarHeight/2 - 1
		p.rect(bar.ink, scale.px(0), at-half, max(scale.px(bar.effect.Share), scale.px(0)+1), at+half)
		low, high := scale.px(bar.effect.Low), scale.px(bar.effect.High)
		for _, stroke := range []struct {
			ink   ink
			width float64
		}{{paper, 3.6}, {text, 1.2}} { // a rim keeps the line apart from its bar, in print too
			p.line(stroke.ink, stroke.width, nil, [2]float64{low, at}, [2]float64{high, at})
			for _, x := range []float64{low, high} {
				p.line(stroke.ink, stroke.width, nil, [2]float64{x, at - 3.5}, [2]float64{x, at + 3.5})
			}
		}
		p.text(p.w-margin, at, view.Share(bar.effect).Plain(), valueStyle, right)
		at += effectBarHeight + 2
	}
}
