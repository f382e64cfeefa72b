package plots

import (
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/plot/vg/recorder"
)

// forecastOf is a curve that rises and bends.
func forecastOf(n int, number bool) Curve {
	c := Curve{Knob: "io.workers", Place: "goroot / nfs / 2 cores"}
	for i := range n {
		value := math.Exp2(float64(i))
		y := 1e6 * math.Min(value, 40)
		c.Points = append(c.Points, CurvePoint{Label: fmt.Sprint(int64(value)), Value: value, Number: number, Y: y, Low: 0.9 * y, High: 1.1 * y, Most: 1.3 * y, Knee: i == 2})
	}
	return c
}

func TestTextsOfAForecastNeitherMeetNorLeaveThePicture(t *testing.T) {
	zero := forecastOf(12, true)
	zero.Points[0].Value, zero.Points[0].Label = 0, "0"
	sizes := forecastOf(31, true)
	for name, c := range map[string]Curve{"numbers": forecastOf(10, true), "words": forecastOf(3, false), "from 0": zero, "many": sizes} {
		for _, narrow := range []bool{false, true} {
			chart, err := Forecast(c)
			if err != nil {
				t.Fatal(err)
			}
			height := chart.measure(narrow)
			p := &pen{canvas: new(recorder.Canvas), w: widthOf(narrow), h: height, narrow: narrow}
			chart.draw(p)
			whole := box{0, 0, p.w, height, ""}
			for i, text := range p.texts {
				if !text.inside(whole) {
					t.Errorf("%s, narrow %v: %q leaves the picture", name, narrow, text.label)
				}
				for _, other := range p.texts[:i] {
					if text.overlaps(other) {
						t.Errorf("%s, narrow %v: %q meets %q", name, narrow, text.label, other.label)
					}
				}
			}
		}
	}
}

func TestAForecastThatCannotBeDrawnIsRefused(t *testing.T) {
	broken := forecastOf(4, true)
	broken.Points[1].Y = math.NaN()
	for name, c := range map[string]Curve{"nothing": {}, "a point": forecastOf(1, true), "a figure that is none": broken} {
		if _, err := Forecast(c); err == nil {
			t.Errorf("%s is drawn", name)
		}
	}
	chart, err := Forecast(forecastOf(5, true))
	if err != nil {
		t.Fatal(err)
	}
	if png, err := chart.PNG(); err != nil || len(png) < 1000 {
		t.Errorf("%d bytes, %v", len(png), err)
	}
}

func TestLargeValuesAreWrittenShort(t *testing.T) {
	for label, want := range map[string]string{"1048576": "1Mi", "4194304": "4Mi", "1073741824": "1Gi", "2048": "2048", "0.002": "0.002", "steal": "steal", "1048577": "1048577"} {
		if got := short(label); got != want {
			t.Errorf("%s is written %s, want %s", label, got, want)
		}
	}
}
