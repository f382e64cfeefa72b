package plots

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"sluice/harness/record"
	"sluice/reports/view"
)

// margin is kept free on every side of a picture.
const margin = 16.0

// entry is one mark of a legend with its meaning.
type entry struct {
	label string
	draw  func(p *pen, x, y float64)
}

// header sets title, subtitle and legend from the upper left corner and returns
// the y below them.
func (p *pen) header(title, note string, legend []entry) float64 {
	room := p.w - 2*margin
	y := margin + titleStyle.size/2
	y = p.lines(margin, y, titleStyle.wrap(title, room), titleStyle, left)
	y = p.lines(margin, y, noteStyle.wrap(note, room), noteStyle, left)
	if len(legend) == 0 {
		return y
	}
	return p.legend(y+6, legend)
}

// legend sets entries in lines from left to right.
func (p *pen) legend(y float64, entries []entry) float64 {
	const mark, space, line = 18.0, 16.0, 20.0
	x := margin
	for _, e := range entries {
		for i, label := range labelStyle.wrap(e.label, p.w-2*margin-mark) {
			w := labelStyle.width(label)
			if (i > 0 || x+mark+w > p.w-margin) && x > margin {
				x, y = margin, y+line
			}
			if i == 0 {
				e.draw(p, x+6, y)
			}
			p.text(x+mark, y, label, labelStyle, left)
			x += mark + w + space
		}
	}
	return y + line
}

// marked is a legend entry that shows a mark.
func marked(label string, s shape, c ink, r float64) entry {
	return entry{label, func(p *pen, x, y float64) { p.mark(s, c, x, y, r) }}
}

// inkOf is the colour of a part; tint is that of its single trials.
func inkOf(role view.Role) (full, tint ink) {
	switch role {
	case view.Subject:
		return subject, subjectTint
	case view.Reference:
		return reference, referenceTint
	default:
		return other, otherTint
	}
}

// shapeOf is the mark of a part, so that roles differ without colour too.
func shapeOf(role view.Role) shape {
	switch role {
	case view.Subject:
		return diamond
	case view.Reference:
		return square
	default:
		return circle
	}
}

// label is what a part is called in a picture.
func label(part view.Part) string {
	if part.Role == view.Reference && part.Label != "reference" {
		return part.Label + " (reference)"
	}
	return part.Label
}

// drawable says whether a figure has a place on an axis. All that a scan measures
// does; what does not is shown in the tables alone.
func drawable(value float64) bool { return value >= 1e-12 && value <= 1e18 }

// knobValue is a number that a knob took, if it has a place on an axis.
func knobValue(config record.Flat, knob string) (float64, bool) {
	value, ok := view.Number(config[knob])
	return value, ok && (value == 0 || drawable(math.Abs(value)))
}

// values are a metric's figures in the good trials among some, as far as they can be drawn.
func values(trials []record.Trial, metric string) []float64 {
	return slices.DeleteFunc(view.Figures(trials, metric), func(value float64) bool { return !drawable(value) })
}

// held formats words that stay on one line.
func held(format string, n ...any) string {
	return strings.ReplaceAll(fmt.Sprintf(format, n...), " ", "\u00a0")
}

// place is where an outcome holds, for a subtitle: "goroot / nfs / 2 cores".
func place(o record.Outcome) string { return view.SceneName(o.Scenario) }
