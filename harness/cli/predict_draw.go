package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"sluice/harness/model"
	"sluice/harness/record"
	"sluice/harness/unit"
	"sluice/reports/plots"
)

// drawAsked writes a prediction in words.
func drawAsked(w io.Writer, a Asked) error {
	fmt.Fprintf(w, "%s: calibrated on %s of run %s\n", a.Scenario, ofTrials(a.CalibratedOn), a.Run)
	got := a.Reference
	title := "the reference"
	if a.Prediction != nil {
		got, title = *a.Prediction, "the reference, changed: "+strings.Join(a.Changed, " ")
		if len(a.Changed) == 0 {
			title = "the reference"
		}
	}
	fmt.Fprintf(w, "\n%s, %d files, %s, on %s and %d cores\n\n", title, got.Files, unit.Bytes(got.Bytes), got.Storage, got.Cores)
	drawPrediction(w, got)
	if a.Prediction != nil && a.Reference.WallS.Value > 0 {
		fmt.Fprintf(w, "  the reference as it was: wall %s, p99 %s, resident %s: throughput ×%.3g of it\n",
			unit.Time(a.Reference.WallS.Value), unit.Time(a.Reference.SojournP99S.Value), unit.Bytes(int64(a.Reference.RSSPeakBytes.Value)), a.Reference.WallS.Value/got.WallS.Value)
	}
	if len(a.Curve) > 0 {
		if err := drawCurve(w, a); err != nil {
			return err
		}
	}
	drawDoubts(w, got.Doubts, got.Ignored, a.Parameters.Unknown)
	return nil
}

// ofTrials names the trials that calibrated.
func ofTrials(addresses []string) string {
	if len(addresses) == 1 {
		return "trial " + addresses[0]
	}
	return "trials " + strings.Join(addresses[:len(addresses)-1], ", ") + " and " + addresses[len(addresses)-1]
}

func drawPrediction(w io.Writer, p model.Prediction) {
	line := func(name string, f model.Figure, format func(float64) string) {
		fmt.Fprintf(w, "  %-14s %-10s (%s … %s)\n", name, format(f.Value), format(f.Low), format(f.High))
	}
	bytes := func(v float64) string { return unit.Bytes(int64(v)) }
	line("wall", p.WallS, unit.Time)
	line("throughput", p.ThroughputBytesPerS, func(v float64) string { return bytes(v) + "/s" })
	line("sojourn p50", p.SojournP50S, unit.Time)
	line("sojourn p99", p.SojournP99S, unit.Time)
	line("resident peak", p.RSSPeakBytes, bytes)
	fmt.Fprintf(w, "  %-14s %s\n", "first result", unit.Time(p.FirstResultS))
	fmt.Fprintf(w, "  readers busy %s, analysers %s, cores %.2g of %d; %.3g files in flight\n",
		unit.Percent(p.ReadersBusy), unit.Percent(p.AnalysersBusy), p.CoresBusy, p.Cores, p.InFlightMean)
	fmt.Fprintf(w, "  no schedule of these knobs beats %s, which %s\n", unit.Time(p.Bounds.WallS), bounding(p.Bounds.Station))
}

func bounding(station string) string {
	if station == "one file" {
		return "one file takes by itself"
	}
	return "its " + station + " need"
}

func drawCurve(w io.Writer, a Asked) error {
	fmt.Fprintf(w, "\n%s\n\n", a.Knob)
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "value\twall\tthroughput\tp99\tresident\tbound by\t")
	for _, p := range a.Curve {
		got := p.Prediction
		mark := ""
		if a.Knee != nil && fmt.Sprint(a.Knee.Value) == fmt.Sprint(p.Value) {
			mark = "  ◀ knee"
		}
		fmt.Fprintf(table, "%v\t%s\t%s/s\t%s\t%s\t%s\t%s\n", p.Value, unit.Time(got.WallS.Value), unit.Bytes(int64(got.ThroughputBytesPerS.Value)),
			unit.Time(got.SojournP99S.Value), unit.Bytes(int64(got.RSSPeakBytes.Value)), got.Bounds.Station, mark)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w, "\n  the knee is the first value within 5 % of the curve's best time")
	return nil
}

func drawDoubts(w io.Writer, doubts, ignored, unknown []string) {
	for _, part := range []struct {
		name  string
		lines []string
	}{{"beyond the calibration", doubts}, {"not modelled", ignored}, {"not known from the trials", unknown}} {
		for i, line := range part.lines {
			if i == 0 {
				fmt.Fprintf(w, "\n%s\n", part.name)
			}
			fmt.Fprintf(w, "  %s\n", line)
		}
	}
}

// drawCompared writes what was predicted beside what was measured, the worst first.
func drawCompared(w io.Writer, c Compared) error {
	fmt.Fprintf(w, "%s: calibrated on %s of run %s\n", c.Scenario, ofTrials(c.CalibratedOn), c.Run)
	for _, s := range c.Scenarios {
		fmt.Fprintf(w, "\n%s: %d held-out configurations%s\n\n", s.Scenario, s.N, map[bool]string{true: ", all of a storage or scenario that did not calibrate"}[s.HeldOut])
		table := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(table, "\tmean error\tlargest\tnoise\t")
		for _, m := range comparedMetrics() {
			mean, largest := "–", "–"
			if s.N > 0 {
				mean, largest = unit.Percent(s.MAPE[m]), unit.Percent(s.Largest[m])
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t\n", m, mean, largest, unit.Percent(s.Noise[m]))
		}
		if err := table.Flush(); err != nil {
			return err
		}
		fmt.Fprintln(w)
		table = tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(table, "wall\tmeasured\toff by\tp99 off by\tresident off by\ttrials\t")
		for _, r := range worst(s.Rows) {
			name := r.Name
			if r.Calibrated {
				name += " (calibrated)"
			}
			fmt.Fprintf(table, "%s\t%s\t%+.1f %%\t%+.1f %%\t%+.1f %%\t%d\t  %s\n", unit.Time(r.Predicted[record.Wall]), unit.Time(r.Measured[record.Wall]),
				100*r.Error[record.Wall], 100*r.Error[record.P99], 100*r.Error[record.RSS], r.Trials, name)
		}
		if err := table.Flush(); err != nil {
			return err
		}
		if more := len(s.Rows) - len(worst(s.Rows)); more > 0 {
			fmt.Fprintf(w, "  and %d configurations more, which are nearer (--format json has all)\n", more)
		}
	}
	drawDoubts(w, nil, nil, c.Parameters.Unknown)
	return nil
}

// worst are the rows whose wall time is furthest off, twelve at most.
func worst(rows []ComparedRow) []ComparedRow {
	sorted := slices.Clone(rows)
	slices.SortStableFunc(sorted, func(a, b ComparedRow) int {
		x, y := a.Error[record.Wall], b.Error[record.Wall]
		switch {
		case x*x > y*y:
			return -1
		case x*x < y*y:
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return sorted[:min(12, len(sorted))]
}

// forecast is the curve as a picture wants it.
func forecast(a Asked) plots.Curve {
	c := plots.Curve{Knob: a.Knob, Place: fmt.Sprintf("%s / %s / %d cores", a.Reference.Corpus, a.Curve[0].Prediction.Storage, a.Curve[0].Prediction.Cores)}
	for _, p := range a.Curve {
		f := p.Prediction.ThroughputBytesPerS
		value, number := record.Flat{"v": p.Value}.Float("v")
		c.Points = append(c.Points, plots.CurvePoint{
			Label: fmt.Sprint(p.Value), Value: value, Number: number, Y: f.Value, Low: f.Low, High: f.High,
			Most: float64(p.Prediction.Bytes) / p.Prediction.Bounds.WallS,
			Knee: a.Knee != nil && fmt.Sprint(a.Knee.Value) == fmt.Sprint(p.Value),
		})
	}
	return c
}
