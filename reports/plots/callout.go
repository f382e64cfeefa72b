package plots

import (
	"math"
	"slices"
)

// callout is a label for a mark, to be set where it hides least.
type callout struct {
	x, y  float64 // of the mark
	lines []string
	mark  box // what the mark and its interval cover
	ink   ink
}

func (c callout) size() (w, h float64) {
	for i, line := range c.lines {
		w = max(w, c.style(i).width(line))
		h += labelStyle.size + 3
	}
	return w, h
}

// style sets the name bold and the last line, the figure, plain.
func (c callout) style(line int) style {
	s := boldStyle
	if line == len(c.lines)-1 {
		s = valueStyle
	}
	s.ink = c.ink
	return s
}

// unreadable is the cost of a label over another one. One that finds no better
// place is left out; the tables name what it would have.
const unreadable = 1000

// callouts sets labels one after the other, each at the free place nearest to its
// mark: never over another label or outside the field, over a mark only if there
// is no other place, and over as few points as can be. A label that is set away
// from its mark is tied to it with a thin line.
func (p *pen) callouts(labels []callout, points []box, field box) {
	var taken []box
	for _, l := range labels {
		taken = append(taken, l.mark)
	}
	var placed []box
	for _, l := range labels {
		if at, cost := l.best(taken, placed, points, field); cost < unreadable {
			placed = append(placed, at)
			l.draw(p, at)
		}
	}
}

// best tries places around the mark in growing circles.
func (c callout) best(taken, placed, points []box, field box) (best box, least float64) {
	w, h := c.size()
	least = math.Inf(1)
	for ring, reach := range []float64{14, 26, 40, 58, 80, 106, 140, 180, 220} {
		for step := range 16 {
			angle := float64(step) * math.Pi / 8
			dx, dy := math.Cos(angle), -math.Sin(angle)
			// The nearest edge of the label, not its middle, keeps the distance.
			cx, cy := c.x+dx*(reach+w/2), c.y+dy*(reach+h/2)
			at := box{x0: cx - w/2, y0: cy - h/2, x1: cx + w/2, y1: cy + h/2}
			if cost := c.cost(at, taken, placed, points, field) + 1.5*float64(ring*ring); cost < least {
				best, least = at, cost
			}
		}
	}
	return best, least
}

func (c callout) cost(at box, taken, placed, points []box, field box) float64 {
	grown := box{x0: at.x0 - 3, y0: at.y0 - 3, x1: at.x1 + 3, y1: at.y1 + 3}
	hits := func(boxes []box) (n float64) {
		for _, b := range boxes {
			if b.overlaps(grown) {
				n++
			}
		}
		return n
	}
	cost := unreadable*hits(placed) + 200*hits(taken) + 8*hits(points)
	if !grown.inside(field) {
		cost += 5 * unreadable
	}
	return cost
}

// draw sets the label and, where it stands off, the line to its mark.
func (c callout) draw(p *pen, at box) {
	nearX := math.Max(at.x0, math.Min(c.x, at.x1))
	nearY := math.Max(at.y0, math.Min(c.y, at.y1))
	if away := math.Hypot(nearX-c.x, nearY-c.y); away > 24 {
		from, to := 10/away, 1-4/away
		p.line(c.ink, 0.8, nil, [2]float64{c.x + (nearX-c.x)*from, c.y + (nearY-c.y)*from}, [2]float64{c.x + (nearX-c.x)*to, c.y + (nearY-c.y)*to})
	}
	align, x := centre, (at.x0+at.x1)/2
	switch {
	case at.x0 > c.x:
		align, x = left, at.x0
	case at.x1 < c.x:
		align, x = right, at.x1
	}
	y := at.y0 + (labelStyle.size+3)/2
	for i, line := range slices.All(c.lines) {
		p.text(x, y, line, c.style(i), align)
		y += labelStyle.size + 3
	}
}
