// Package plots draws the pictures of a report: the objective against the
// number of readers, ratios with their intervals, sojourn times, memory, the
// front of several objectives, which knobs matter; and
// those of a contest of limiters: who has how much power, and each limit over
// time.
//
// A record.Outcome or a record.Contest comes in, Charts leave; each can be drawn as a PNG of twice
// the pixel density (for files and other programs) or as an SVG whose colours
// are CSS variables and whose layout fits a screen or a phone (for the page).
// Drawing uses gonum's vector canvases and Liberation Sans; axes, legends and
// label placement are our own, since those of gonum/plot do not keep labels
// apart. A picture costs some 100 ms as PNG, 4 ms as SVG.
//
// What is drawn: every trial as a point, medians as marks, intervals as bars.
// Outliers are shown, magnitudes start at 0, ratios and latencies stand on
// logarithmic axes. Nothing is fitted or smoothed.
package plots

import (
	"bytes"
	"fmt"
	"html"
	"image/png"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/recorder"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"sluice/harness/record"
	"sluice/reports/view"
)

// Widths of a picture, in CSS pixels: on a screen and on a phone.
const (
	Wide   = 760
	Narrow = 360
)

// dpi gives two pixels to each CSS pixel.
const dpi = 144

// Chart is a picture that can be drawn. The zero Chart draws nothing.
type Chart struct {
	Name  string // "throughput": part of a file name
	Title string // what the picture shows
	Alt   string // what it says, for those who do not see it
	draw  func(p *pen) (height float64)
}

// The names of the charts, which For gives in this order.
const (
	ObjectiveName = "throughput" // the objective, whatever it is
	RatiosName    = "ratios"
	LatencyName   = "latency"
	MemoryName    = "rss"
	FrontName     = "front"   // of a goal with several objectives
	EffectsName   = "effects" // of the knobs
)

// Names lists the names that a Chart can have.
func Names() []string {
	return []string{ObjectiveName, RatiosName, LatencyName, MemoryName, FrontName, EffectsName}
}

// For returns the charts that an outcome has the figures for, the objective first.
func For(run record.Run, o record.Outcome) []Chart {
	cast := view.NewCast(run, o)
	var charts []Chart
	for _, draw := range []func(view.Cast, record.Outcome) (Chart, bool){objectiveChart, ratiosChart, latencyChart, memoryChart, frontChart, effectsChart} {
		if chart, ok := draw(cast, o); ok {
			charts = append(charts, chart)
		}
	}
	return charts
}

// PNG is the picture for a screen, at twice the pixel density.
func (c Chart) PNG() ([]byte, error) {
	height := c.measure(false)
	canvas := vgimg.NewWith(vgimg.UseWH(Wide, vg.Length(height)), vgimg.UseDPI(dpi), vgimg.UseBackgroundColor(paper.rgb()))
	c.draw(&pen{canvas: canvas, w: Wide, h: height})
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&b, paletted(canvas.Image())); err != nil {
		return nil, fmt.Errorf("encode the picture %s: %w", c.Name, err)
	}
	return b.Bytes(), nil
}

// SVG is the picture as an element to stand in an HTML page that includes CSS,
// for a phone if narrow. All text in it is escaped.
func (c Chart) SVG(narrow bool) (string, error) {
	width, height := widthOf(narrow), c.measure(narrow)
	canvas := vgsvg.New(vg.Length(width), vg.Length(height))
	p := &pen{canvas: canvas, w: width, h: height, narrow: narrow}
	c.draw(p)
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return "", fmt.Errorf("draw the picture %s: %w", c.Name, err)
	}
	return embed(fixed(b.String(), p.texts), c.Alt, width, height), nil
}

// fixed gives each text the width that it was laid out with, so that a reader's
// machine without the font squeezes the letters and moves nothing. The texts are
// those of the document, in its order.
func fixed(document string, texts []box) string {
	const tag = "<text " // text itself cannot hold it: it is escaped
	parts := strings.Split(document, tag)
	for i := range parts[1:] {
		parts[i+1] = fmt.Sprintf(`textLength="%.1f" lengthAdjust="spacingAndGlyphs" `, texts[i].x1-texts[i].x0) + parts[i+1]
	}
	return strings.Join(parts, tag)
}

// measure is the height that the picture needs: it is drawn once on nothing.
func (c Chart) measure(narrow bool) float64 {
	return c.draw(&pen{canvas: new(recorder.Canvas), w: widthOf(narrow), narrow: narrow})
}

func widthOf(narrow bool) float64 {
	if narrow {
		return Narrow
	}
	return Wide
}

// family is what text in an SVG is set in: Liberation Sans, or a font of the same
// widths, so that nothing moves.
const family = "'Liberation Sans',Arial,Helvetica,sans-serif"

// embed turns an SVG document into an element of a page: without prologue, sized
// by the page, named for those who do not see it, in the page's colours.
func embed(document, alt string, width, height float64) string {
	_, body, _ := strings.Cut(document, "<svg")
	_, body, _ = strings.Cut(body, ">")
	head := fmt.Sprintf(`<svg viewBox="0 0 %g %g" width="%g" height="%g" role="img" aria-label="%s" font-family="%s">`,
		width, height, width, height, html.EscapeString(alt), family)
	return head + themed(body)
}
