package plots

import "fmt"

// frame is a field between two axes.
type frame struct {
	x, y           axisScale
	xTicks, yTicks []tick
	q              quantity // of the y axis
	title          string   // of the y axis
	knob           string   // on the x axis
	log            bool
	edge           float64 // where the field begins, in pixels
}

// draw sets grid lines, axes, ticks and their titles. The y title stands level
// above its axis, where it is read without turning the head.
func (f frame) draw(p *pen) {
	x0, x1 := f.edge, p.w-margin
	for _, t := range f.yTicks {
		y := f.y.px(t.value)
		colour := grid
		if t.value == 0 {
			colour = axis
		}
		p.line(colour, 1, nil, [2]float64{x0, y}, [2]float64{x1, y})
		p.text(x0-6, y, t.label, tickStyle, right)
	}
	p.text(margin, f.y.to-tickStyle.leading(), f.q.of(f.title), tickStyle, left)
	base := f.y.from
	for _, t := range f.xTicks {
		x := f.x.px(t.value)
		p.line(axis, 1, nil, [2]float64{x, base}, [2]float64{x, base + 5})
		p.text(x, base+15, t.label, tickStyle, centre)
	}
	name := f.knob
	if f.log {
		name = fmt.Sprintf("%s (log scale)", f.knob)
	}
	p.text((f.x.from+f.x.to)/2, base+34, name, tickStyle, centre)
}

// bar draws an interval that lies level: a beam from end to end and a tall stroke
// at the estimate, which hides nothing of it however short it is.
func bar(p *pen, c ink, y, x0, x, x1 float64) {
	p.rect(c, x0, y-3, x1, y+3)
	p.rect(c, x-1.2, y-8, x+1.2, y+8)
}
