package plots

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"sluice/harness/record"
	"sluice/harness/stats"
	"sluice/reports/view"
)

// frontChart shows the first objective against each of the others: the front with
// its intervals, points that cannot be told apart tied together, and what else the
// search measured.
func frontChart(cast view.Cast, o record.Outcome) (Chart, bool) {
	if o.Recommendation == nil {
		return Chart{}, false
	}
	f := frontPicture{cast: cast, where: place(o)}
	f.metrics = cast.Objectives(o.Recommendation.Front)
	for _, p := range o.Recommendation.Front {
		if f.complete(p) {
			f.points = append(f.points, p)
		}
	}
	if len(f.metrics) < 2 || len(f.points) == 0 {
		return Chart{}, false
	}
	f.metrics = f.metrics[:min(len(f.metrics), 4)]
	if top := slices.IndexFunc(f.points, f.recommended); top >= 0 { // what is drawn last lies on top
		last := f.points[top]
		f.points = append(slices.Delete(f.points, top, top+1), last)
	}
	f.others = f.rest(o.Trials)
	return Chart{Name: FrontName, Title: f.title(), Alt: f.alt(), draw: f.draw}, true
}

// frontPicture is a panel for each objective after the first.
type frontPicture struct {
	cast    view.Cast
	where   string
	metrics []string
	points  []record.FrontPoint
	others  []map[string]float64 // median ratios of what is not on the front
}

func (f frontPicture) complete(p record.FrontPoint) bool {
	return !slices.ContainsFunc(f.metrics, func(metric string) bool {
		r := p.Ratios[metric].Ratio
		return !(r > 1/farthest && r < farthest)
	})
}

// rest are the median ratios to the reference, within blocks of the search, of the
// configurations that are not on the front.
func (f frontPicture) rest(trials []record.Trial) (list []map[string]float64) {
	references := map[int]record.Trial{}
	var arms []string
	of := map[string][]record.Trial{}
	for _, t := range trials {
		onFront := slices.ContainsFunc(f.points, func(p record.FrontPoint) bool { return p.Config.ID() == t.Config.ID() })
		switch {
		case t.Phase != record.Search || t.Status != record.OK || t.SetAside != "":
		case t.Arm == "reference":
			references[t.Block] = t
		case !onFront:
			if of[t.Arm] == nil {
				arms = append(arms, t.Arm)
			}
			of[t.Arm] = append(of[t.Arm], t)
		}
	}
	for _, arm := range arms {
		ratios := map[string]float64{}
		for _, metric := range f.metrics {
			var all []float64
			for _, t := range of[arm] {
				a, b := t.Metrics[metric], references[t.Block].Metrics[metric]
				if !drawable(a) || !drawable(b) {
					continue
				}
				if !f.cast.HigherIsBetter(metric) {
					a, b = b, a
				}
				all = append(all, a/b)
			}
			if len(all) > 0 {
				ratios[metric] = stats.Median(all)
			}
		}
		if len(ratios) == len(f.metrics) {
			list = append(list, ratios)
		}
	}
	return list
}

func (f frontPicture) title() string {
	var titles []string
	for _, metric := range f.metrics[1:] {
		titles = append(titles, view.Title(metric))
	}
	return upper(view.Title(f.metrics[0])) + " against " + strings.Join(titles, " and ")
}

func (f frontPicture) note() string {
	parts := []string{f.where, "ratios to the reference, better to the right and upwards"}
	if least, most, level := f.pairs(); most > 0 {
		n := held("n = %d pairs", least)
		if least != most {
			n = held("n = %d–%d pairs", least, most)
		}
		parts = append(parts, "bars: "+view.Percent(level).Plain()+" interval ("+n+")")
	}
	return strings.Join(append(parts, "a number is a group, whose points cannot be told apart"), " · ")
}

func (f frontPicture) pairs() (least, most int, level float64) {
	least = math.MaxInt
	for _, p := range f.points {
		for _, metric := range f.metrics {
			if r := p.Ratios[metric]; view.Bounded(r) {
				least, most, level = min(least, r.N), max(most, r.N), r.Confidence
			}
		}
	}
	return least, most, level
}

func (f frontPicture) alt() string {
	var said []string
	for _, p := range f.points {
		var ratios []string
		for _, metric := range f.metrics {
			ratios = append(ratios, fmt.Sprintf("%s %.3g", view.Short(metric), p.Ratios[metric].Ratio))
		}
		said = append(said, fmt.Sprintf("group %d: %s", p.Group, strings.Join(ratios, ", ")))
	}
	return fmt.Sprintf("%s, the front in ratios to the reference, %s: %s", f.title(), f.where, strings.Join(said, "; "))
}

// look is how a point is marked: in the colour of the subject where it is the one
// recommended.
func (f frontPicture) look(p record.FrontPoint) (c ink, s shape, r float64) {
	if f.recommended(p) {
		return subject, diamond, 5.2
	}
	return scale2, circle, 4.6
}

func (f frontPicture) recommended(p record.FrontPoint) bool {
	chosen, ok := f.cast.Of(view.Subject)
	return ok && chosen.Config.ID() == p.Config.ID()
}

func (f frontPicture) legend() []entry {
	list := []entry{marked("on the front", circle, scale2, 4.6)}
	if slices.ContainsFunc(f.points, f.recommended) {
		list = append(list, marked("recommended", diamond, subject, 5.2))
	}
	if slices.ContainsFunc(f.points, func(p record.FrontPoint) bool { return p.Knee }) {
		list = append(list, entry{"knee", func(p *pen, x, y float64) { p.halo(x, y, 6) }})
	}
	list = append(list, marked("reference", square, reference, 4.6))
	if len(f.others) > 0 {
		list = append(list, marked(fmt.Sprintf("other configurations (%d)", len(f.others)), circle, referenceTint, 2.6))
	}
	return list
}

// halo rings a mark without hiding it.
func (p *pen) halo(x, y, r float64) {
	const steps = 24
	var points [][2]float64
	for i := range steps + 1 {
		angle := 2 * math.Pi * float64(i) / steps
		points = append(points, [2]float64{x + r*math.Cos(angle), y + r*math.Sin(angle)})
	}
	p.line(text, 1.4, nil, points...)
}

func (f frontPicture) draw(p *pen) float64 {
	y := p.header(f.title(), f.note(), f.legend()) + 14
	panels := f.metrics[1:]
	if p.narrow {
		for _, metric := range panels {
			y = f.panel(p, metric, margin, p.w-margin, y, 230) + 22
		}
		return y - 8
	}
	const gap = 26.0
	each := (p.w - 2*margin - gap*float64(len(panels)-1)) / float64(len(panels))
	bottom := y
	for i, metric := range panels {
		x := margin + float64(i)*(each+gap)
		bottom = f.panel(p, metric, x, x+each, y, 300)
	}
	return bottom + 8
}

// panel draws the first objective against one more and returns the y below.
func (f frontPicture) panel(p *pen, metric string, x0, x1, y, height float64) float64 {
	sy := f.scale(metric)
	sx := f.scale(f.metrics[0])
	p.text(x0, y+6, boldStyle.short(view.Title(metric), x1-x0-60)+" ratio ↑", boldStyle, left)
	y += 22
	yTicks := ratioTicks(sy.low, sy.high, 6)
	gutter := 0.0
	for _, t := range yTicks {
		gutter = max(gutter, tickStyle.width(t.label))
	}
	edge := x0 + gutter + 8
	sx.from, sx.to, sy.from, sy.to = edge+4, x1-6, y+height, y
	for _, t := range yTicks {
		at := sy.px(t.value)
		p.line(gridOf(t), 1, nil, [2]float64{edge, at}, [2]float64{x1, at})
		p.text(edge-6, at, t.label, tickStyle, right)
	}
	for _, t := range ratioTicks(sx.low, sx.high, 5) {
		at := sx.px(t.value)
		p.line(gridOf(t), 1, nil, [2]float64{at, y}, [2]float64{at, y + height})
		p.text(at, y+height+12, t.label, tickStyle, centre)
	}
	p.text((edge+x1)/2, y+height+30, tickStyle.short(view.Title(f.metrics[0]), x1-edge-60)+" ratio →", tickStyle, centre)
	f.marks(p, metric, sx, sy, box{x0: edge, y0: y, x1: x1, y1: y + height})
	return y + height + 38
}

// gridOf sets the lines of the ratio 1, where the reference lies, apart.
func gridOf(t tick) ink {
	if math.Abs(t.value-1) < 1e-9 {
		return axis
	}
	return grid
}

// scale reaches over the front, its intervals, the reference and the others.
func (f frontPicture) scale(metric string) axisScale {
	low, high := 0.97, 1.03
	reach := func(values ...float64) {
		for _, v := range values {
			if v > 1/farthest && v < farthest {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	for _, p := range f.points {
		r := p.Ratios[metric]
		reach(r.Ratio)
		if view.Bounded(r) {
			reach(r.Low, r.High)
		}
	}
	for _, other := range f.others {
		reach(other[metric])
	}
	pad := math.Pow(high/low, 0.05)
	return axisScale{low: low / pad, high: high * pad, log: true}
}

// marks draws the others, the ties of groups, the reference and the front.
func (f frontPicture) marks(p *pen, metric string, sx, sy axisScale, field box) {
	first := f.metrics[0]
	var dots []box
	for _, other := range f.others {
		x, y := sx.px(other[first]), sy.px(other[metric])
		if other[first] >= sx.low && other[first] <= sx.high && other[metric] >= sy.low && other[metric] <= sy.high {
			p.mark(circle, referenceTint, x, y, 2.6)
			dots = append(dots, box{x0: x - 3, y0: y - 3, x1: x + 3, y1: y + 3})
		}
	}
	f.ties(p, metric, sx, sy)
	p.mark(square, reference, sx.px(1), sy.px(1), 4.6)
	dots = append(dots, box{x0: sx.px(1) - 6, y0: sy.px(1) - 6, x1: sx.px(1) + 6, y1: sy.px(1) + 6})
	named := map[int]bool{}
	var labels []callout
	for _, point := range f.points {
		x, y := sx.px(point.Ratios[first].Ratio), sy.px(point.Ratios[metric].Ratio)
		c, shape, r := f.look(point)
		if a := point.Ratios[first]; view.Bounded(a) {
			p.line(c, 1.1, nil, [2]float64{clip(sx.px(a.Low), field.x0, field.x1), y}, [2]float64{clip(sx.px(a.High), field.x0, field.x1), y})
		}
		if b := point.Ratios[metric]; view.Bounded(b) {
			p.line(c, 1.1, nil, [2]float64{x, clip(sy.px(b.Low), field.y0, field.y1)}, [2]float64{x, clip(sy.px(b.High), field.y0, field.y1)})
		}
		p.mark(shape, c, x, y, r)
		if point.Knee {
			p.halo(x, y, 9)
		}
		mark := box{x0: x - 9, y0: y - 9, x1: x + 9, y1: y + 9}
		if named[point.Group] {
			dots = append(dots, mark)
			continue
		}
		named[point.Group] = true
		labels = append(labels, callout{x: x, y: y, lines: []string{fmt.Sprint(point.Group)}, mark: mark, ink: text})
	}
	p.callouts(labels, dots, box{x0: field.x0, y0: field.y0 - 2, x1: field.x1 + margin/2, y1: field.y1 - 2})
}

func clip(v, low, high float64) float64 { return min(max(v, low), high) }

// ties joins the points of each group with dashes to its middle.
func (f frontPicture) ties(p *pen, metric string, sx, sy axisScale) {
	groups := map[int][][2]float64{}
	last := 0
	for _, point := range f.points {
		groups[point.Group] = append(groups[point.Group], [2]float64{sx.px(point.Ratios[f.metrics[0]].Ratio), sy.px(point.Ratios[metric].Ratio)})
		last = max(last, point.Group)
	}
	for group := range last + 1 {
		points := groups[group]
		var middle [2]float64
		for _, at := range points {
			middle[0] += at[0] / float64(len(points))
			middle[1] += at[1] / float64(len(points))
		}
		for _, at := range points {
			if len(points) > 1 {
				p.line(muted, 1.2, []float64{3, 2}, middle, at)
			}
		}
	}
}
