package plots

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"maps"
	"math"
	"regexp"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg/recorder"

	"sluice/harness/record"
	"sluice/reports/reportstest"
)

func kinds() map[string]record.Report {
	return map[string]record.Report{
		"tune": reportstest.Tune(1), "tune 2": reportstest.Tune(2), "grid": reportstest.Grid(1), "compare": reportstest.Compare(1),
		"target": reportstest.Target(1), "front": reportstest.Front(1), "hostile front": reportstest.Poison(reportstest.Front(2)), "hostile": reportstest.Poison(reportstest.Tune(1)),
	}
}

// eachChart calls check for every chart of every kind of report and of contests.
func eachChart(t *testing.T, check func(t *testing.T, c Chart)) {
	t.Helper()
	for name, rep := range kinds() {
		for _, outcome := range rep.Outcomes {
			for _, chart := range For(rep.Run, outcome) {
				t.Run(fmt.Sprintf("%s %s %s", name, outcome.Scenario.Storage[:min(5, len(outcome.Scenario.Storage))], chart.Name), func(t *testing.T) { check(t, chart) })
			}
		}
	}
	for name, c := range map[string]record.Contest{"contest": reportstest.Contest(1), "hostile contest": reportstest.PoisonContest(reportstest.Contest(2))} {
		for _, chart := range contestCharts(c) {
			t.Run(name+" "+chart.Name, func(t *testing.T) { check(t, chart) })
		}
	}
	for name, all := range replayKinds() {
		t.Run(name, func(t *testing.T) { check(t, Replays(all)) })
	}
}

// contestCharts are all pictures of a contest.
func contestCharts(c record.Contest) []Chart {
	charts := Ranking(c)
	for i := range c.Plants {
		charts = append(charts, Limits(c, i, fmt.Sprintf("plant-%d", i), "")...)
	}
	return charts
}

func TestTextsNeitherMeetNorLeaveThePicture(t *testing.T) {
	eachChart(t, func(t *testing.T, c Chart) {
		for _, narrow := range []bool{false, true} {
			p := &pen{canvas: new(recorder.Canvas), w: widthOf(narrow), narrow: narrow}
			height := c.draw(p)
			whole := box{x0: 0, y0: 0, x1: p.w, y1: height}
			for i, a := range p.texts {
				if !a.inside(whole) {
					t.Errorf("narrow %v: %q leaves the picture: %.0f…%.0f, %.0f…%.0f of %.0f × %.0f", narrow, a.label, a.x0, a.x1, a.y0, a.y1, p.w, height)
				}
				for _, b := range p.texts[:i] {
					if a.overlaps(b) {
						t.Errorf("narrow %v: %q meets %q", narrow, a.label, b.label)
					}
				}
			}
		}
	})
}

func TestPNGsAreSharpAndSmall(t *testing.T) {
	for _, chart := range For(reportstest.Tune(1).Run, reportstest.Tune(1).Outcomes[1]) {
		data, err := chart.PNG()
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if got := img.Bounds().Dx(); got != 2*Wide {
			t.Errorf("%s is %d pixels wide, want %d", chart.Name, got, 2*Wide)
		}
		if _, ok := img.(*image.Paletted); !ok || len(data) > 100_000 {
			t.Errorf("%s takes %d bytes as %T, want at most 100 kB with a palette", chart.Name, len(data), img)
		}
	}
}

func TestSVGsTakeAllTheirColoursFromThePage(t *testing.T) {
	declared := map[string]bool{}
	for _, s := range shades {
		declared["var(--plot-"+s.name+")"] = true
	}
	attribute := regexp.MustCompile(`style="([^"]*)"`)
	colour := regexp.MustCompile(`(?:fill|stroke):([^;"]*)`)
	eachChart(t, func(t *testing.T, c Chart) {
		for _, narrow := range []bool{false, true} {
			svg, err := c.SVG(narrow)
			if err != nil {
				t.Fatal(err)
			}
			for _, style := range attribute.FindAllStringSubmatch(svg, -1) {
				for _, of := range colour.FindAllStringSubmatch(style[1], -1) {
					if !declared[of[1]] && of[1] != "none" {
						t.Fatalf("a colour of its own: %s", style[0])
					}
				}
			}
			if strings.Count(svg, "<text ") != strings.Count(svg, " textLength=") {
				t.Error("a text whose width is not fixed")
			}
		}
	})
}

func TestForeignTextIsEscapedInSVG(t *testing.T) {
	rep := reportstest.Poison(reportstest.Compare(1))
	for _, chart := range For(rep.Run, rep.Outcomes[0]) {
		svg, err := chart.SVG(false)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(svg, "<script") || !strings.Contains(svg, "&lt;script") {
			t.Errorf("%s: the payload is not escaped, or not there", chart.Name)
		}
	}
}

func TestEveryScenarioOfAFinishedRunHasFourPictures(t *testing.T) {
	for name, rep := range map[string]record.Report{"tune": reportstest.Tune(1), "grid": reportstest.Grid(1), "compare": reportstest.Compare(1)} {
		for _, outcome := range rep.Outcomes {
			var names []string
			for _, chart := range For(rep.Run, outcome) {
				names = append(names, chart.Name)
			}
			if got, want := strings.Join(names, " "), strings.Join(Names()[:4], " "); got != want {
				t.Errorf("%s, %s: pictures %s, want %s", name, outcome.Scenario.Storage, got, want)
			}
		}
	}
}

func TestFiguresWithoutMeaningDoNotStopADrawing(t *testing.T) {
	for _, nasty := range []float64{0, -1, math.NaN(), math.Inf(1), math.SmallestNonzeroFloat64, math.MaxFloat64} {
		for _, rep := range []record.Report{reportstest.Tune(1), reportstest.Grid(1), reportstest.Compare(1)} {
			o := rep.Outcomes[0]
			for i := range o.Trials {
				spoil(o.Trials[i].Metrics, nasty)
				o.Trials[i].Config = maps.Clone(o.Trials[i].Config)
				o.Trials[i].Config["io.workers"] = nasty
			}
			for _, arm := range arms(o) {
				spoil(arm.Metrics, nasty)
				for metric, r := range arm.Ratios {
					r.Ratio, r.Low, r.High = nasty, nasty, nasty
					arm.Ratios[metric] = r
				}
			}
			for _, chart := range For(rep.Run, o) {
				if _, err := chart.SVG(true); err != nil {
					t.Errorf("%v: %s: %v", nasty, chart.Name, err)
				}
			}
		}
	}
}

func spoil(metrics map[string]float64, nasty float64) {
	for metric := range metrics {
		metrics[metric] = nasty
	}
}

func arms(o record.Outcome) []record.Arm {
	switch {
	case o.Recommendation != nil:
		return append(o.Recommendation.Also, o.Recommendation.Reference, o.Recommendation.Recommended)
	case o.Grid != nil:
		return append(o.Grid.Arms, o.Grid.Reference)
	default:
		return []record.Arm{o.Compare.A, o.Compare.B}
	}
}

func TestManyValuesOfTheSecondKnobMakeFewSeries(t *testing.T) {
	var all []float64
	for i := range 128 {
		all = append(all, float64(i+1))
	}
	of := groups(all)
	if len(of) != 5 {
		t.Fatalf("%d series, want 5", len(of))
	}
	for i, g := range of {
		if i > 0 && g.low != of[i-1].high+1 {
			t.Errorf("series %d begins at %g after one that ends at %g", i, g.low, of[i-1].high)
		}
	}
	if of[0].low != 1 || of[4].high != 128 {
		t.Errorf("series reach from %g to %g, want 1 to 128", of[0].low, of[4].high)
	}
}

func TestTicks(t *testing.T) {
	numbers := func(ticks []float64) string { return strings.Trim(fmt.Sprint(ticks), "[]") }
	labels := func(ticks []tick) string {
		var list []string
		for _, t := range ticks {
			list = append(list, t.label)
		}
		return strings.Join(list, " ")
	}
	linear := func(high float64, most int) string { _, ticks := fromZero(high, most); return numbers(ticks) }
	for _, row := range []struct{ what, got, want string }{
		{"workers by powers of two", labels(powers(1, 64, 8)), "1 2 4 8 16 32 64"},
		{"workers on a phone", labels(powers(1, 1024, 6)), "1 4 16 64 256 1024"},
		{"workers from 3", labels(powers(3, 40, 8)), "4 8 16 32"},
		{"a round end above the largest", linear(23.4, 6), "0 5 10 15 20 25"},
		{"steps of two", linear(0.9, 6), "0 0.2 0.4 0.6000000000000001 0.8 1"},
		{"nothing measured", linear(0, 6), "0 0.2 0.4 0.6000000000000001 0.8 1"},
		{"latency within a decade", numbers(decades(0.002, 0.03, 6)), "0.002 0.005 0.01 0.02"},
		{"latency over many decades", numbers(decades(0.001, 9, 5)), "0.001 0.01 0.1 1"},
		{"ratios close to 1", labels(ratioTicks(0.97, 1.03, 5)), "0.98 1 1.02"},
		{"ratios by tenths", labels(ratioTicks(0.75, 1.12, 5)), "0.8 0.9 1 1.1"},
		{"ratios by factors of two", labels(ratioTicks(0.9, 9, 5)), "1 2 4 8"},
		{"ratios by factors of four", labels(ratioTicks(0.04, 5, 5)), "0.0625 0.25 1 4"},
	} {
		if row.got != row.want {
			t.Errorf("%s: ticks %s, want %s", row.what, row.got, row.want)
		}
	}
}

func TestColoursCanBeToldApartAndRead(t *testing.T) {
	seen := map[string]bool{}
	for i, s := range shades {
		if s.name == "" || seen[s.light] {
			t.Errorf("ink %d (%s) is not there, or not the only one of %s", i, s.name, s.light)
		}
		seen[s.light] = true
	}
	for _, theme := range []func(shade) string{func(s shade) string { return s.light }, func(s shade) string { return s.dark }} {
		ground := theme(shades[paper])
		for ink, least := range map[ink]float64{text: 7, muted: 4.5, other: 4.5, subject: 4.5, reference: 4.5, limit: 4.5, scale1: 3, scale2: 3, scale3: 3, scale4: 3, scale5: 3} {
			if got := contrast(theme(shades[ink]), ground); got < least {
				t.Errorf("%s %s on %s has contrast %.1f, want %.1f or more", shades[ink].name, theme(shades[ink]), ground, got, least)
			}
		}
	}
}

// contrast is that of WCAG 2.2, 1 … 21.
func contrast(a, b string) float64 {
	luminance := func(hex string) float64 {
		var rgb [3]int
		fmt.Sscanf(hex, "#%02x%02x%02x", &rgb[0], &rgb[1], &rgb[2])
		sum := 0.0
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			c := float64(rgb[i]) / 255
			if c <= 0.04045 {
				sum += weight * c / 12.92
				continue
			}
			sum += weight * math.Pow((c+0.055)/1.055, 2.4)
		}
		return sum
	}
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func BenchmarkChart(b *testing.B) {
	rep := reportstest.Tune(1)
	chart := For(rep.Run, rep.Outcomes[1])[0]
	b.Run("form=png", func(b *testing.B) {
		for b.Loop() {
			if _, err := chart.PNG(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("form=svg", func(b *testing.B) {
		for b.Loop() {
			if _, err := chart.SVG(false); err != nil {
				b.Fatal(err)
			}
		}
	})
}
