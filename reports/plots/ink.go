package plots

import (
	"fmt"
	"image/color"
	"regexp"
	"strings"
)

// ink names what a colour is for. A picture is drawn with the light palette;
// in SVG each colour becomes a CSS variable, so that a page can turn it dark.
type ink int

const (
	paper ink = iota // the ground, and the rim that parts overlapping marks
	text
	muted // what explains: subtitles, tick labels, units
	grid
	axis
	band // the margin within which no difference matters
	subject
	subjectTint
	reference
	referenceTint
	other
	otherTint
	limit // a bound that the goal requires
	scale1
	scale2
	scale3
	scale4
	scale5
	inks
)

// shade is one ink in both palettes. All light colours differ, since the colour
// alone tells which ink an SVG element was drawn in.
type shade struct{ name, light, dark string }

// shades holds the palettes. scale1 … scale5 run from dark to light along
// viridis, shortened at its yellow end (on the light ground) and at its violet
// end (on the dark one) to keep the contrast above 3:1. Subject and reference
// differ in lightness as well as in hue, and in shape wherever they are drawn.
var shades = [inks]shade{ //nolint:gochecknoglobals // a table that never changes
	paper:         {"paper", "#ffffff", "#161b22"},
	text:          {"text", "#1f2328", "#e6edf3"},
	muted:         {"muted", "#59636e", "#9aa6b2"},
	grid:          {"grid", "#e9ecef", "#272e37"},
	axis:          {"axis", "#aeb6bf", "#545d68"},
	band:          {"band", "#f0f2f5", "#222932"},
	subject:       {"subject", "#c2410c", "#ff8f57"},
	subjectTint:   {"subject-tint", "#f2bfa6", "#7a4429"},
	reference:     {"reference", "#2f3740", "#d5dde5"},
	referenceTint: {"reference-tint", "#b9c1c9", "#525d69"},
	other:         {"other", "#6b7682", "#8b98a5"},
	otherTint:     {"other-tint", "#d3d9df", "#3a434d"},
	limit:         {"limit", "#a40e26", "#ff7b84"},
	scale1:        {"scale-1", "#472d7b", "#b49bf2"},
	scale2:        {"scale-2", "#2c6a90", "#62aee6"},
	scale3:        {"scale-3", "#15877b", "#2fc7ac"},
	scale4:        {"scale-4", "#4c9a2a", "#83d65b"},
	scale5:        {"scale-5", "#a88b00", "#ecd94c"},
}

// rgb is the ink's light colour.
func (i ink) rgb() color.NRGBA {
	var c color.NRGBA
	if _, err := fmt.Sscanf(shades[i].light, "#%02x%02x%02x", &c.R, &c.G, &c.B); err != nil {
		panic("plots: palette entry " + shades[i].light + " is no colour") // a bug in the table above
	}
	c.A = 255
	return c
}

// series picks k inks spread over the scale; k is at most 5.
func series(k int) []ink {
	switch k {
	case 1:
		return []ink{scale2}
	case 2:
		return []ink{scale1, scale4}
	case 3:
		return []ink{scale1, scale3, scale5}
	case 4:
		return []ink{scale1, scale2, scale4, scale5}
	default:
		return []ink{scale1, scale2, scale3, scale4, scale5}
	}
}

// CSS declares the variables that the SVG form of a picture refers to: light by
// default, dark where the reader's system is.
func CSS() string {
	var light, dark strings.Builder
	for _, s := range shades {
		fmt.Fprintf(&light, "--plot-%s:%s;", s.name, s.light)
		fmt.Fprintf(&dark, "--plot-%s:%s;", s.name, s.dark)
	}
	return ":root{" + light.String() + "}\n@media (prefers-color-scheme: dark){:root{" + dark.String() + "}}\n"
}

// styles finds the style attributes of an SVG. Text cannot pass for one, since
// its quotes are escaped.
var styles = regexp.MustCompile(`style="[^"]*"`) //nolint:gochecknoglobals // compiled once, never changes

// themed turns the colours of an SVG into variables and drops what its root
// element says for all of its text.
func themed(svg string) string {
	pairs := []string{
		"font-family:Liberation Sans;", "", "font-variant:normal;", "", "font-style:normal;", "", "font-weight:normal;", "",
	}
	for _, s := range shades {
		variable := "var(--plot-" + s.name + ")"
		pairs = append(pairs, s.light, variable, strings.ToUpper(s.light), variable)
	}
	replacer := strings.NewReplacer(pairs...)
	return styles.ReplaceAllStringFunc(svg, replacer.Replace)
}
