package plots

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg/recorder"

	"sluice/harness/record"
	"sluice/reports/reportstest"
)

func TestAPlantHasAPictureOfOursAndOneOfTheOthers(t *testing.T) {
	full := reportstest.Contest(1)
	few := full
	few.Limits = few.Limits[:4]
	statics := full
	statics.Limits = []record.Ranked{{Name: "static:10", Kind: "static"}, {Name: "oracle", Kind: "oracle"}}
	for _, row := range []struct {
		name string
		c    record.Contest
		want string
	}{
		{"many contestants", full, "p-limits p-others"},
		{"so few that one picture holds them", few, "p-limits"},
		{"nobody but static limits and the oracle", statics, "p-limits"},
		{"nobody", record.Contest{Plants: []record.Plant{{}}}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			var names []string
			for _, chart := range Limits(row.c, 0, "p", "") {
				names = append(names, chart.Name)
			}
			if got := strings.Join(names, " "); got != row.want {
				t.Errorf("pictures %q, want %q", got, row.want)
			}
		})
	}
}

func TestAPictureHoldsTheBestOfItsKindAndCountsTheRest(t *testing.T) {
	c := reportstest.Contest(1)
	l := newLimits(c, 0, "", "ours", "model", "peer", "static")
	if len(l.panels) != perPicture {
		t.Fatalf("%d fields, want %d", len(l.panels), perPicture)
	}
	if !strings.HasSuffix(l.note(), "the best over all plants, and 4 more are in the table") || !strings.HasSuffix(l.alt(), "; and 4 more") {
		t.Errorf("note %q, for those who do not see it %q; want both to count 4 more", l.note(), l.alt())
	}
	for i, p := range l.panels {
		if want := c.Limits[i+1].Name; p.name != want { // after the oracle
			t.Errorf("field %d is that of %s, want %s", i, p.name, want)
		}
	}
}

func TestAStudyShowsTheDefaultsTheBestAndTheWorst(t *testing.T) {
	for base, want := range map[int]string{
		0:  "[0 1 2 3 4 10 11 12 13]",
		3:  "[0 1 2 3 4 10 11 12 13]",
		6:  "[0 1 2 3 6 10 11 12 13]",
		13: "[0 1 2 3 9 10 11 12 13]",
	} {
		var l limits
		for i := range 14 {
			l.panels = append(l.panels, panel{name: fmt.Sprint(i), base: i == base})
		}
		l.choose()
		var names []string
		for _, p := range l.panels {
			names = append(names, p.name)
		}
		if got := fmt.Sprint(names); got != want || l.more != 5 {
			t.Errorf("defaults in place %d: shown are %s and %d more, want %s and 5 more", base, got, l.more, want)
		}
	}
}

func TestALimitOverTimeEndsWithinItsField(t *testing.T) {
	p := &pen{canvas: new(recorder.Canvas), w: Wide}
	f := field{x: axisScale{low: 0, high: 360, from: 100, to: 300}, y: axisScale{low: 1, high: 10, from: 100, to: 0, log: true}}
	f.times(p)
	if last := p.texts[len(p.texts)-1]; last.label != "360" || last.x1 > f.x.to {
		t.Errorf("the last mark is %v, want 360 and nothing beyond %g", last, f.x.to)
	}
}

func TestACurveLosesNoPeakAndFewPoints(t *testing.T) {
	f := field{x: axisScale{low: 0, high: 1000, from: 0, to: 100}, y: axisScale{low: 1, high: 1000, from: 100, to: 0, log: true}}
	var at, values []float64
	for i := range 10_000 {
		at, values = append(at, float64(i)/10), append(values, 10)
	}
	values[5_003] = 1000
	lines := f.stretches(at, values)
	if len(lines) != 1 || len(lines[0]) > 8 {
		t.Fatalf("%d lines, the first of %d points; want one of few", len(lines), len(lines[0]))
	}
	highest := math.Inf(1)
	for _, pt := range lines[0] {
		highest = min(highest, pt[1])
	}
	if highest != 0 {
		t.Errorf("the peak is drawn at %g pixels, want 0", highest)
	}
	values[2_000] = math.NaN()
	if got := len(f.stretches(at, values)); got != 2 {
		t.Errorf("%d lines around a gap, want 2", got)
	}
}

func TestContestsWithoutMeaningDoNotStopADrawing(t *testing.T) {
	for _, nasty := range []float64{0, -1, math.NaN(), math.Inf(1), math.SmallestNonzeroFloat64, math.MaxFloat64} {
		c := reportstest.Contest(1)
		for i := range c.Limits {
			c.Limits[i].Power, c.Limits[i].P99 = nasty, nasty
		}
		c.Limits[0].Power = 0.5
		for i := range c.Plants {
			p := &c.Plants[i]
			p.Length = nasty
			for k := range p.Optimum {
				if k%3 == 0 {
					p.Optimum[k], p.Curves[0].Limit[k], p.Curves[1].InFlight[k] = nasty, nasty, nasty
				}
			}
			p.Scores[0].Power = nasty
			p.AtS[7] = nasty
		}
		for _, chart := range contestCharts(c) {
			svg, err := chart.SVG(true)
			if err != nil || strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
				t.Errorf("%v: %s: error %v, or no number in the picture", nasty, chart.Name, err)
			}
		}
	}
}

func TestTimesAreThoseOfAClock(t *testing.T) {
	for _, row := range []struct {
		seconds float64
		want    string
	}{
		{360, "[0 120 240 360]"},
		{180, "[0 60 120 180]"},
		{60, "[0 20 40 60]"},
		{3, "[0 1 2 3]"},
		{0.5, "[0]"},
		{100_000, "[0 28800 57600 86400]"},
	} {
		if got := fmt.Sprint(clock(row.seconds, 4)); got != row.want {
			t.Errorf("%g s: %s, want %s", row.seconds, got, row.want)
		}
	}
}
