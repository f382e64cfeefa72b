package decide

import (
	"cmp"
	"math"
	"slices"

	"sluice/harness/record"
	"sluice/harness/stats"
)

// measure computes the hypervolume and each point's share of it.
func (f *Front) measure(worst map[string]float64) {
	on := f.on()
	from := make([]float64, len(f.Metrics))
	for i, metric := range f.Metrics {
		w, given := worst[metric]
		if !given {
			w = math.Inf(1)
			for _, p := range f.Points {
				if f.complete(p.Point) {
					w = min(w, p.Logs[metric].Mean-max(f.margin(metric), 1e-6))
				}
			}
		}
		from[i] = w
	}
	at := make([][]float64, len(on))
	for i, p := range on {
		for _, metric := range f.Metrics {
			at[i] = append(at[i], f.Points[p].Logs[metric].Mean)
		}
	}
	f.Hypervolume = hypervolume(at, from)
	for i, p := range on {
		if f.Hypervolume > 0 {
			f.Points[p].Share = min(max(0, alone(at, i, from)/f.Hypervolume), 1)
		}
	}
}

// alone is the volume that the i-th point adds to that of the others: its own box
// less what they cover of it (While, Bradstreet and Barone 2012). Within its box
// most of the others lie behind one another, so that it costs little.
func alone(points [][]float64, i int, from []float64) float64 {
	own := 1.0
	for k, x := range points[i] {
		own *= max(0, x-from[k])
	}
	var others [][]float64
	for j, q := range points {
		if j == i {
			continue
		}
		within := make([]float64, len(q))
		for k := range q {
			within[k] = min(q[k], points[i][k])
		}
		others = append(others, within)
	}
	return own - hypervolume(others, from)
}

// hypervolume is the volume between a corner and the points that lie beyond it in
// all coordinates, by slicing along the last one (While et al. 2006). A slice holds
// only what no other point of it covers.
func hypervolume(points [][]float64, from []float64) float64 {
	points = slices.DeleteFunc(slices.Clone(points), func(p []float64) bool {
		for i, x := range p {
			if x <= from[i] {
				return true
			}
		}
		return false
	})
	if len(points) == 0 {
		return 0
	}
	last := len(from) - 1
	slices.SortStableFunc(points, func(a, b []float64) int { return cmp.Compare(b[last], a[last]) })
	if last == 0 {
		return points[0][0] - from[0]
	}
	volume, area, changed := 0.0, 0.0, false
	var slab [][]float64
	for i, p := range points {
		if !slices.ContainsFunc(slab, func(q []float64) bool { return covers(q, p[:last]) }) {
			slab = append(slices.DeleteFunc(slab, func(q []float64) bool { return covers(p[:last], q) }), p[:last])
			changed = true
		}
		next := from[last]
		if i+1 < len(points) {
			next = points[i+1][last]
		}
		if depth := p[last] - next; depth > 0 {
			if changed {
				area, changed = hypervolume(slab, from[:last]), false
			}
			volume += depth * area
		}
	}
	return volume
}

// covers says whether q lies nowhere beyond p.
func covers(p, q []float64) bool {
	for i, x := range q {
		if x > p[i] {
			return false
		}
	}
	return true
}

// findKnee marks the point of the front that is nearest to the ideal one.
func (f Front) findKnee() {
	best, least := -1, math.Inf(1)
	for _, p := range f.on() {
		distance, extreme, spans := 0.0, false, false
		for _, metric := range f.Metrics {
			low, high := f.extent(metric)
			if high <= low {
				continue
			}
			spans = true
			short := (high - f.Points[p].Logs[metric].Mean) / (high - low)
			distance += short
			extreme = extreme || short == 0
		}
		if distance < least-1e-12 {
			best, least = p, distance
			if extreme || !spans {
				best = -1
			}
		}
	}
	if best >= 0 {
		f.Points[best].Knee = true
	}
}

func (f Front) extent(metric string) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, p := range f.on() {
		mean := f.Points[p].Logs[metric].Mean
		low, high = min(low, mean), max(high, mean)
	}
	return low, high
}

// Record is the front as it is stored and printed, group by group, with intervals
// of both sides at its confidence. Medians of metrics are added by arms, where they
// are among them.
func (f Front) Record(arms []record.Arm) []record.FrontPoint {
	var list []record.FrontPoint
	for _, i := range f.on() {
		p := f.Points[i]
		point := record.FrontPoint{Arm: p.Arm, Config: p.Config, Ratios: map[string]record.Ratio{}, Group: p.Group, Knee: p.Knee, Hypervolume: p.Share}
		for _, metric := range f.Metrics {
			point.Ratios[metric] = p.Logs[metric].ratio(f.confidence, f.margins[metric])
		}
		if at := slices.IndexFunc(arms, func(a record.Arm) bool { return a.Name == p.Arm }); at >= 0 {
			point.Metrics = arms[at].Metrics
		}
		list = append(list, point)
	}
	slices.SortStableFunc(list, func(a, b record.FrontPoint) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(b.Ratios[f.Metrics[0]].Ratio, a.Ratios[f.Metrics[0]].Ratio))
	})
	return list
}

// ratio writes an estimate as a ratio that JSON can hold.
func (e Estimate) ratio(confidence, margin float64) record.Ratio {
	const most = 700 // beyond, exp is no number
	r := record.Ratio{Ratio: math.Exp(min(max(e.Mean, -most), most)), High: math.MaxFloat64, Confidence: confidence, N: e.N, Margin: margin, Verdict: record.Undecided}
	if math.IsInf(e.Deviation, 0) {
		return r
	}
	reach := 0.0
	if e.Deviation > 0 {
		reach = deviate(e.Freedom, (1-confidence)/2) * e.Deviation
	}
	r.Low, r.High = math.Exp(max(e.Mean-reach, -most)), math.Exp(min(e.Mean+reach, most))
	r.Verdict = record.Verdict(stats.Verdict(r.Low, r.High, margin))
	return r
}
