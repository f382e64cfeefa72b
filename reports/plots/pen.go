package plots

import (
	"math"
	"strings"
	"sync"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/vg"
)

// pen draws on a canvas whose origin is the upper left corner, in CSS pixels (a
// vg point each). It notes every text it sets, so that a test can hold the rule
// that no two of them meet and none leaves the canvas.
type pen struct {
	canvas vg.Canvas
	w, h   float64
	narrow bool // for a phone: labels stand above what they name, not beside it
	texts  []box
}

// box is a rectangle, in pixels; y runs down.
type box struct {
	x0, y0, x1, y1 float64
	label          string
}

func (b box) overlaps(o box) bool { return b.x0 < o.x1 && o.x0 < b.x1 && b.y0 < o.y1 && o.y0 < b.y1 }

func (b box) inside(o box) bool { return b.x0 >= o.x0 && b.x1 <= o.x1 && b.y0 >= o.y0 && b.y1 <= o.y1 }

// style is how text is set.
type style struct {
	size float64 // pixels
	bold bool
	ink  ink
}

// The styles of a picture. Nothing is smaller than 11 pixels.
var ( //nolint:gochecknoglobals // tables that never change
	titleStyle = style{size: 15, bold: true, ink: text}
	noteStyle  = style{size: 12, ink: muted}
	labelStyle = style{size: 12.5, ink: text}
	boldStyle  = style{size: 12.5, bold: true, ink: text}
	tickStyle  = style{size: 11.5, ink: muted}
	valueStyle = style{size: 11.5, ink: text}
)

// fonts loads Liberation Sans once; parsing it takes milliseconds.
var fonts = sync.OnceValue(func() *font.Cache { return font.NewCache(liberation.Collection()) }) //nolint:gochecknoglobals // immutable

func (s style) face() font.Face {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Length(s.size)}
	if s.bold {
		f.Weight = xfont.WeightBold
	}
	return fonts().Lookup(f, f.Size)
}

// width is how wide a line of text is.
func (s style) width(line string) float64 {
	face := s.face()
	return face.Width(line).Points()
}

// wrap breaks text at spaces into lines no wider than w; no-break spaces hold and
// a word wider than a line is cut.
func (s style) wrap(words string, w float64) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsFuncSeq(words, func(r rune) bool { return r == ' ' || r == '\n' }) {
		for _, piece := range s.cut(word, w) {
			switch {
			case line == "":
				line = piece
			case s.width(line+" "+piece) <= w:
				line += " " + piece
			default:
				lines = append(lines, line)
				line = piece
			}
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// cut breaks a word that is wider than a line.
func (s style) cut(word string, w float64) []string {
	var pieces []string
	for s.width(word) > w {
		end := 0
		for i := range word {
			if i > 0 && s.width(word[:i]) > w {
				break
			}
			end = i
		}
		if end == 0 {
			break // not even one letter fits
		}
		pieces = append(pieces, word[:end])
		word = word[end:]
	}
	return append(pieces, word)
}

// short cuts a line to a width and marks the cut.
func (s style) short(line string, w float64) string {
	if s.width(line) <= w {
		return line
	}
	return s.cut(line, w-s.width("…"))[0] + "…"
}

// Where a text stands relative to its point.
const (
	left   = 0.0
	centre = 0.5
	right  = 1.0
)

// text sets one line whose middle height is y; align says which part of it is at x.
func (p *pen) text(x, y float64, line string, s style, align float64) {
	if line == "" {
		return
	}
	w := s.width(line)
	x -= align * w
	p.texts = append(p.texts, box{x, y - s.size*0.5, x + w, y + s.size*0.5, line})
	p.canvas.SetColor(s.ink.rgb())
	// 0.36 of the size is half the height of a capital: the line looks centred on y.
	p.canvas.FillString(s.face(), p.at(x, y+0.36*s.size), line)
}

// lines sets several lines below each other, the first with its middle at y, and
// returns the y of the next.
func (p *pen) lines(x, y float64, lines []string, s style, align float64) float64 {
	for _, line := range lines {
		p.text(x, y, line, s, align)
		y += s.leading()
	}
	return y
}

func (s style) leading() float64 { return math.Round(s.size * 1.35) }

func (p *pen) at(x, y float64) vg.Point {
	return vg.Point{X: vg.Length(x), Y: vg.Length(p.h - y)}
}

func (p *pen) path(points ...[2]float64) vg.Path {
	var path vg.Path
	for i, point := range points {
		if i == 0 {
			path.Move(p.at(point[0], point[1]))
			continue
		}
		path.Line(p.at(point[0], point[1]))
	}
	return path
}

// line strokes a line through points; dashes are lengths of ink and gap in turn.
func (p *pen) line(c ink, width float64, dashes []float64, points ...[2]float64) {
	var lengths []vg.Length
	for _, dash := range dashes {
		lengths = append(lengths, vg.Length(dash))
	}
	p.canvas.SetColor(c.rgb())
	p.canvas.SetLineWidth(vg.Length(width))
	p.canvas.SetLineDash(lengths, 0)
	p.canvas.Stroke(p.path(points...))
	p.canvas.SetLineDash(nil, 0)
}

func (p *pen) fill(c ink, path vg.Path) {
	path.Close()
	p.canvas.SetColor(c.rgb())
	p.canvas.Fill(path)
}

func (p *pen) rect(c ink, x0, y0, x1, y1 float64) {
	p.fill(c, p.path([2]float64{x0, y0}, [2]float64{x1, y0}, [2]float64{x1, y1}, [2]float64{x0, y1}))
}

// shape is the outline of a mark. Series differ in shape as well as in colour.
type shape int

const (
	circle shape = iota
	square
	triangle
	cross
	wedge // a triangle on its tip
	diamond
)

// mark draws a mark of radius r with a rim in the colour of the paper, which
// keeps marks apart where they overlap.
func (p *pen) mark(s shape, c ink, x, y, r float64) {
	rim := 1.0
	if r >= 5 {
		rim = 1.5
	}
	p.fill(paper, p.outline(s, x, y, r+rim))
	p.fill(c, p.outline(s, x, y, r))
}

// ring draws a hollow mark.
func (p *pen) ring(s shape, c ink, x, y, r float64) {
	p.mark(s, c, x, y, r)
	p.fill(paper, p.outline(s, x, y, r-1.8))
}

func (p *pen) outline(s shape, x, y, r float64) vg.Path {
	at := func(dx, dy float64) [2]float64 { return [2]float64{x + dx*r, y + dy*r} }
	switch s {
	case square:
		return p.path(at(-0.88, -0.88), at(0.88, -0.88), at(0.88, 0.88), at(-0.88, 0.88))
	case triangle:
		return p.path(at(0, -1.15), at(1.05, 0.75), at(-1.05, 0.75))
	case wedge:
		return p.path(at(0, 1.15), at(1.05, -0.75), at(-1.05, -0.75))
	case cross:
		return p.path(at(-0.38, -1.1), at(0.38, -1.1), at(0.38, -0.38), at(1.1, -0.38), at(1.1, 0.38), at(0.38, 0.38), at(0.38, 1.1), at(-0.38, 1.1), at(-0.38, 0.38), at(-1.1, 0.38), at(-1.1, -0.38), at(-0.38, -0.38))
	case diamond:
		return p.path(at(0, -1.25), at(1.25, 0), at(0, 1.25), at(-1.25, 0))
	default:
		var path vg.Path
		path.Move(p.at(x+r, y))
		path.Arc(p.at(x, y), vg.Length(r), 0, 2*math.Pi)
		return path
	}
}
