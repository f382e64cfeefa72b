package plots

import (
	"cmp"
	"image"
	"image/color"
	"image/draw"
	"slices"
)

// paletted reduces a picture to its 256 most frequent colours. A picture of few
// inks on paper loses nothing that is seen (the rest are shades at the edges of
// letters) and takes a quarter of the space.
func paletted(from image.Image) *image.Paletted {
	bounds := from.Bounds()
	rgba := image.NewRGBA(image.Rect(0, 0, bounds.Dx(), bounds.Dy()))
	draw.Draw(rgba, rgba.Bounds(), from, bounds.Min, draw.Src)
	counts := map[color.RGBA]int{}
	runs(rgba, func(c color.RGBA, from, to int) { counts[c] += to - from })
	palette := frequent(counts, 256)
	index := make(map[color.RGBA]uint8, len(counts))
	for c := range counts {
		index[c] = uint8(palette.Index(c))
	}
	to := image.NewPaletted(rgba.Bounds(), palette)
	runs(rgba, func(c color.RGBA, first, last int) {
		shade := index[c]
		for i := first; i < last; i++ {
			to.Pix[i] = shade
		}
	})
	return to
}

// runs calls visit for each run of equal pixels; most of a picture is paper.
func runs(img *image.RGBA, visit func(c color.RGBA, from, to int)) {
	at := func(i int) color.RGBA {
		return color.RGBA{img.Pix[4*i], img.Pix[4*i+1], img.Pix[4*i+2], img.Pix[4*i+3]}
	}
	first := 0
	for i := range len(img.Pix) / 4 {
		if at(i) != at(first) {
			visit(at(first), first, i)
			first = i
		}
	}
	visit(at(first), first, len(img.Pix)/4)
}

// frequent lists the most frequent colours, ties broken by value, so that equal
// pictures have equal bytes.
func frequent(counts map[color.RGBA]int, most int) color.Palette {
	all := make([]color.RGBA, 0, len(counts))
	for c := range counts {
		all = append(all, c)
	}
	value := func(c color.RGBA) int { return int(c.R)<<16 | int(c.G)<<8 | int(c.B) }
	slices.SortFunc(all, func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(value(a), value(b)))
	})
	palette := make(color.Palette, 0, most)
	for _, c := range all[:min(most, len(all))] {
		palette = append(palette, c)
	}
	return palette
}
