package plots

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"sluice/harness/record"
)

// Curve is what a model predicts of a knob: throughput at each of its values.
type Curve struct {
	Knob   string
	Place  string // "goroot / nfs / 2 cores"
	Points []CurvePoint
}

// CurvePoint is one value of the knob. Y, Low, High and Most are bytes per second.
type CurvePoint struct {
	Label        string
	Value        float64 // meaningless unless Number
	Number       bool
	Y, Low, High float64
	Most         float64 // what no schedule beats
	Knee         bool
}

// Forecast is the picture of a predicted curve: the prediction with its interval, the
// bound above it, and the knee. It is an error where fewer than two values can be drawn.
func Forecast(c Curve) (Chart, error) {
	if len(c.Points) < 2 {
		return Chart{}, errors.New("a curve needs two values or more to be drawn")
	}
	for _, p := range c.Points {
		if !drawable(p.Y) || !drawable(p.High) || !drawable(p.Most) {
			return Chart{}, fmt.Errorf("the prediction at %s has no place on an axis", p.Label)
		}
	}
	alt := fmt.Sprintf("Predicted throughput over %s, %s.", c.Knob, c.Place)
	for _, p := range c.Points {
		if p.Knee {
			alt += fmt.Sprintf(" The knee is at %s.", p.Label)
		}
	}
	return Chart{Name: "forecast", Title: "Predicted throughput over " + c.Knob, Alt: alt, draw: c.draw}, nil
}

// positions are the values on the axis: themselves or their logarithms where all are
// numbers, else their numbers in the list. Where the first is 0, it stands one step
// before the second.
func (c Curve) positions() (at []float64, log bool) {
	numbers := true
	for _, p := range c.Points {
		numbers = numbers && p.Number
	}
	at = make([]float64, len(c.Points))
	for i, p := range c.Points {
		switch {
		case !numbers:
			at[i] = float64(i)
		case p.Value > 0:
			at[i] = math.Log2(p.Value)
		default:
			at[i] = math.NaN()
		}
	}
	if numbers && math.IsNaN(at[0]) {
		at[0] = at[1] - 1
	}
	return at, numbers
}

func (c Curve) draw(p *pen) float64 {
	const field = 300.0
	y := p.header("Predicted throughput over "+c.Knob, c.Place+"; a model's prediction, not a measurement", []entry{
		{"prediction, with the interval that should hold two thirds of trials", func(p *pen, x, y float64) {
			p.line(subject, 2, nil, [2]float64{x - 8, y}, [2]float64{x + 8, y})
			p.mark(diamond, subject, x, y, 5)
		}},
		{"bound: no schedule of these knobs is faster", func(p *pen, x, y float64) {
			p.line(other, 1.5, []float64{4, 3}, [2]float64{x - 8, y}, [2]float64{x + 8, y})
		}},
		{"knee: first value within 5 % of the best", func(p *pen, x, y float64) { p.ring(circle, reference, x, y, 6) }},
	})
	f := c.frame(p, y+26, field)
	f.draw(p)
	at, _ := c.positions()
	var curve, most [][2]float64
	for i, point := range c.Points {
		x := f.x.px(at[i])
		p.line(subjectTint, 9, nil, [2]float64{x, f.y.px(point.Low)}, [2]float64{x, f.y.px(min(point.High, f.y.high))})
		curve = append(curve, [2]float64{x, f.y.px(point.Y)})
		most = append(most, [2]float64{x, f.y.px(min(point.Most, f.y.high))})
	}
	p.line(other, 1.5, []float64{4, 3}, most...)
	p.line(subject, 2, nil, curve...)
	for i, point := range c.Points {
		if point.Knee {
			p.ring(circle, reference, curve[i][0], curve[i][1], 10)
		}
		p.mark(diamond, subject, curve[i][0], curve[i][1], 3.5)
	}
	return f.y.from + 60
}

// frame lays the field out. The bound may leave it: what is drawn must show the
// prediction.
func (c Curve) frame(p *pen, top, field float64) frame {
	highest, most := 0.0, 0.0
	for _, point := range c.Points {
		highest, most = max(highest, point.High), max(most, point.Most)
	}
	highest = max(highest, min(most, 2*highest))
	q := quantityOf(record.Throughput, highest)
	high, values := fromZero(highest*1.05/q.divisor, 6)
	f := frame{q: q, title: "throughput", knob: c.Knob, edge: margin + 52}
	for _, v := range values {
		f.yTicks = append(f.yTicks, tick{v * q.divisor, q.label(v * q.divisor)})
	}
	f.y = axisScale{low: 0, high: high * q.divisor, from: top + field, to: top}
	at, log := c.positions()
	f.log = log
	f.x = axisScale{low: at[0], high: at[len(at)-1], from: f.edge + 20, to: p.w - margin - 20}
	room := (f.x.to - f.x.from) / float64(max(1, len(at)-1))
	widest := 0.0
	for _, point := range c.Points {
		widest = max(widest, tickStyle.width(short(point.Label)))
	}
	every := max(1, int(math.Ceil((widest+8)/room)))
	for i, point := range c.Points {
		if i%every == 0 {
			f.xTicks = append(f.xTicks, tick{at[i], short(point.Label)})
		}
	}
	return f
}

// short writes whole multiples of a mebibyte as sizes are written: 4194304 is 4Mi.
func short(label string) string {
	n, err := strconv.ParseInt(label, 10, 64)
	switch {
	case err != nil || n == 0:
		return label
	case n%(1<<30) == 0:
		return fmt.Sprintf("%dGi", n>>30)
	case n%(1<<20) == 0:
		return fmt.Sprintf("%dMi", n>>20)
	}
	return label
}
