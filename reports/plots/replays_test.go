package plots

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg/recorder"

	"sluice/harness/record"
)

// replayed is a replay whose curves rise.
func replayed(ground, strategy string, launches int) record.Replay {
	r := record.Replay{Ground: ground, Strategy: strategy, Launches: launches, Targets: []record.ReplayTarget{{Eps: 0.02}, {Eps: 0.05}}}
	for at := max(1, launches/100); at <= launches; at += max(1, launches/100) {
		share := 1 - 0.4/math.Sqrt(float64(at))
		r.Curve.Launches = append(r.Curve.Launches, at)
		r.Curve.Median = append(r.Curve.Median, share)
		r.Curve.Worst5 = append(r.Curve.Worst5, share*0.95)
		r.Curve.Random = append(r.Curve.Random, share*share*share)
	}
	return r
}

func replayKinds() map[string][]record.Replay {
	var many []record.Replay
	for _, ground := range []string{"a", "surface:E", "a table of a rather long name, too long"} {
		for i := range 5 {
			many = append(many, replayed(ground, fmt.Sprintf("strategy %d of many", i), 300*(1+i)))
		}
	}
	return map[string][]record.Replay{
		"replays":         {replayed("a", "one", 40), replayed("a", "two", 120), replayed("b", "one", 120), replayed("b", "two", 120)},
		"one replay":      {replayed("a", "one", 3)},
		"many replays":    many,
		"hostile replays": {replayed("\x1b[31m<script>\"", "<b>\u202e&amp;", 99)},
	}
}

func TestATableOfReplaysBeginsARow(t *testing.T) {
	p := &pen{canvas: new(recorder.Canvas), w: Wide}
	var fives []record.Replay
	for _, ground := range []string{"a", "b"} {
		for i := range 5 {
			fives = append(fives, replayed(ground, fmt.Sprintf("%s%d", ground, i), 60))
		}
	}
	Replays(fives).draw(p)
	left := map[string]float64{}
	for _, text := range p.texts {
		left[text.label] = text.x0
	}
	if left["a0"] != left["b0"] || left["a0"] != left["a3"] || left["a1"] <= left["a0"] {
		t.Errorf("fields stand at %v; want three in a row, and the second table's below the first's", left)
	}
}

func TestReplaysWithoutMeaningDoNotStopADrawing(t *testing.T) {
	for _, nasty := range []float64{0, -1, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64} {
		r := replayed("a", "b", 100)
		r.Curve.Median[3], r.Curve.Worst5[4], r.Curve.Random[5] = nasty, nasty, nasty
		r.Targets[0].Eps = nasty
		cut := replayed("a", "c", 100)
		cut.Curve.Median = cut.Curve.Median[:3]
		svg, err := Replays([]record.Replay{r, cut, {}}).SVG(true)
		if err != nil || strings.Contains(svg, "Inf") {
			t.Errorf("%v: error %v, or no number in the picture", nasty, err)
		}
	}
	if height := Replays(nil).measure(false); !(height > 20) {
		t.Errorf("a picture of nothing is %g high", height)
	}
}
