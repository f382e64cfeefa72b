// Package page sets a report as one HTML page that needs nothing else: pictures
// are inline SVG, styles are in the page, there is no script, and a Content
// Security Policy forbids every request that the page could make. It is read on
// a screen or a phone, by day or by night, offline.
//
// A view.View and its charts come in, bytes leave. html/template escapes all
// text; the only markup passed through is the SVG that reports/plots made, whose
// text is escaped there.
package page

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"

	"sluice/harness/record"
	"sluice/reports/plots"
	"sluice/reports/view"
)

//go:embed page.html
var markup string

//go:embed parts.html
var parts string // what the pages share

//go:embed page.css
var styles string

// sheet is what the template sees.
type sheet struct {
	view.View
	CSS    template.CSS
	Scenes []scene
}

type scene struct {
	view.Scene
	Figures []figure
}

// figure is a picture in two layouts, of which the style sheet shows one.
type figure struct {
	Wide, Narrow template.HTML
}

// Render sets the page. charts holds the pictures of each scene of the view, in
// its order.
func Render(v view.View, charts [][]plots.Chart) ([]byte, error) {
	s := sheet{View: v, CSS: template.CSS(plots.CSS() + styles)} //nolint:gosec // both are ours
	for i, of := range v.Scenes {
		figures, err := figures(charts[i])
		if err != nil {
			return nil, err
		}
		s.Scenes = append(s.Scenes, scene{Scene: of, Figures: figures})
	}
	return set(markup, s)
}

// set fills a page's template, which may use the parts.
func set(markup string, sheet any) ([]byte, error) {
	page := template.New("page").Funcs(template.FuncMap{"verdict": verdictOf, "class": class, "glyph": glyph, "nobreak": nobreak, "split": strings.Fields})
	for _, text := range []string{parts, markup} {
		if _, err := page.Parse(text); err != nil {
			return nil, fmt.Errorf("parse the page's template: %w", err)
		}
	}
	var b bytes.Buffer
	if err := page.Execute(&b, sheet); err != nil {
		return nil, fmt.Errorf("set the page: %w", err)
	}
	return b.Bytes(), nil
}

func figures(charts []plots.Chart) ([]figure, error) {
	list := make([]figure, 0, len(charts))
	for _, chart := range charts {
		wide, err := chart.SVG(false)
		if err != nil {
			return nil, err
		}
		narrow, err := chart.SVG(true)
		if err != nil {
			return nil, err
		}
		list = append(list, figure{
			Wide: template.HTML(wide), Narrow: template.HTML(narrow), //nolint:gosec // made and escaped by reports/plots
		})
	}
	return list, nil
}

func verdictOf(v record.Verdict) string {
	if v == "" {
		return string(record.Undecided)
	}
	return string(v)
}

// class is the verdict as the style sheet names it.
func class(v record.Verdict) string {
	switch v {
	case record.Better, record.Worse, record.Undecided:
		return string(v)
	case record.NoDifference:
		return "same"
	default:
		return ""
	}
}

// glyph stands before a verdict, for those who do not see its colour.
func glyph(v record.Verdict) string {
	switch v {
	case record.Better:
		return "▲"
	case record.Worse:
		return "▼"
	case record.NoDifference:
		return "="
	default:
		return "?"
	}
}

// nobreak keeps "95 % interval" in the head of a column on as few lines as it has words.
func nobreak(s string) string { return strings.ReplaceAll(s, " %", "\u00a0%") }
