package decide

import (
	"math"
	"strings"
	"testing"

	"sluice/harness/record"
	"sluice/harness/search/surface"
	"sluice/harness/space"
)

// form is a closed form with the deviation of every difference.
type form struct {
	f         func(record.Flat) float64
	deviation float64
}

func (s form) Difference(a, b record.Flat) (mean, deviation float64) {
	return s.f(a) - s.f(b), s.deviation
}

func TestPlateausSayHowFarEachKnobMayMove(t *testing.T) {
	workers := space.Param{Name: "io.workers", Type: space.Int, Scale: space.Log2, Min: 1, Max: 64}
	reader := space.Param{Name: "reader", Type: space.Choice, Values: []any{"read", "mmap", "slow"}}
	gogc := space.Param{Name: "gogc", Type: space.Choice, Values: []any{25, 50, 100, 200, 400}, Ordered: true}
	bounded := func(low, high float64) func(record.Flat) float64 { // flat between, a cliff beyond
		return func(c record.Flat) float64 {
			v, _ := c.Float("io.workers")
			if v < low || v > high {
				return -1
			}
			return 0
		}
	}
	for _, row := range []struct {
		why       string
		p         space.Param
		chosen    any
		f         func(record.Flat) float64
		deviation float64
		want      string
		edge      bool
	}{
		{"a plateau with a cliff below", workers, 16, bounded(8, 64), 0, "8–64 are all within 3 %; 16 chosen, away from the cliff at 6", false},
		{"a step from the cliff", workers, 8, bounded(8, 64), 0, "8–64 are all within 3 %; 8 chosen, a step from the cliff at 6", false},
		{"cliffs on both sides", workers, 16, bounded(8, 32), 0, "8–32 are all within 3 %; 16 chosen, away from the cliffs at 6 and 45", false},
		{"a value between the rungs", workers, 18, bounded(8, 32), 0, "8–32 are all within 3 %; 18 chosen, away from the cliffs at 6 and 45", false},
		{"flat all over", workers, 16, bounded(1, 64), 0, "1–64, its whole range, are within 3 %; 16 chosen", false},
		{"at the upper edge", workers, 64, bounded(45, 64), 0, "45–64 are all within 3 %; 64 chosen, away from the cliff at 32; it lies at the edge of its range, and the best may lie beyond", true},
		{"one worker cannot be fewer", workers, 1, bounded(1, 2), 0, "1–2 are all within 3 %; 1 chosen, away from the cliff at 3", false},
		{"a model that knows nothing", workers, 16, bounded(8, 32), 10, "no other value is shown to be within 3 % of 16", false},
		{"a lone peak", workers, 16, bounded(16, 16), 0, "no other value is shown to be within 3 % of 16, a step from the cliffs at 11 and 23", false},
		{"values that gain are no plateau", workers, 8, func(c record.Flat) float64 {
			v, _ := c.Float("io.workers")
			return math.Log(max(v, 6)) // the more the better
		}, 0, "8–64 lose no more than 3 %; 8 chosen, a step from the cliff at 6; the model expects more at 11–64", false},
		{"a choice that gains", reader, "read", func(c record.Flat) float64 { return map[any]float64{"slow": -1, "mmap": 0.5}[c["reader"]] }, 0, "no other choice is shown to be within 3 % of read; the model expects more at mmap", false},
		{"a choice", reader, "read", func(c record.Flat) float64 { return map[any]float64{"slow": -1}[c["reader"]] }, 0, "mmap is within 3 % of read, which is chosen", false},
		{"a choice without another", reader, "read", func(c record.Flat) float64 { return map[any]float64{"slow": -1, "mmap": -0.1}[c["reader"]] }, 0, "no other choice is shown to be within 3 % of read", false},
		{"a choice that the space lacks", reader, "else", bounded(1, 64), 0, "no other choice is shown to be within 3 % of else", false},
		{"an ordered choice at its end", gogc, 400, bounded(-1, 64), 0, "25–400, its whole range, are within 3 %; 400 chosen; it lies at the edge of its range, and the best may lie beyond", true},
		{"a knob of one value", space.Param{Name: "k", Type: space.Int, Min: 5, Max: 5}, 5, bounded(-1, 64), 0, "5 is its only value", false},
		{"a bool", space.Param{Name: "pin", Type: space.Bool}, false, bounded(-1, 64), 0, "true is within 3 % of false, which is chosen", false},
		{"seconds", space.Param{Name: "linger", Type: space.Duration, Min: 0, Max: 0.016}, 0.002, bounded(-1, 64), 0, "0 s–16 ms, its whole range, are within 3 %; 2 ms chosen", false},
	} {
		t.Run(row.why, func(t *testing.T) {
			l := Landscape{Surface: form{row.f, row.deviation}, Space: space.Space{row.p, {Name: "absent", Type: space.Bool}}}
			got := l.Plateaus(record.Flat{"io.workers": 16, row.p.Name: row.chosen})
			if len(got) != 1 || got[0].Knob != row.p.Name {
				t.Fatalf("%+v, want the one knob that the configuration has", got)
			}
			if got[0].Words != row.want || got[0].Edge != row.edge {
				t.Errorf("%q, edge %v; want %q", got[0].Words, got[0].Edge, row.want)
			}
		})
	}
}

func TestNoNumberIsNoPlateau(t *testing.T) {
	l := Landscape{Surface: form{func(record.Flat) float64 { return math.NaN() }, math.NaN()}, Space: space.Space{{Name: "k", Type: space.Int, Min: 1, Max: 9}}}
	if got := l.Plateaus(record.Flat{"k": 5})[0]; len(got.Values) != 1 || got.CliffAbove != nil {
		t.Errorf("%+v, want nothing shown", got)
	}
}

func onE(deviation float64) (surface.Surface, Landscape) {
	e := surface.E()
	return e, Landscape{Surface: form{func(c record.Flat) float64 { return math.Log(e.Throughput(c)) }, deviation}, Space: e.Space()}
}

func TestEveryValueOfAPlateauIsTrulyWithinTheMargin(t *testing.T) {
	e, l := onE(0.004)
	best := math.Log(e.Throughput(e.Optimum))
	for _, plateau := range l.Plateaus(e.Optimum) {
		for _, value := range plateau.Values {
			if loss := best - math.Log(e.Throughput(moved(e.Optimum, plateau.Knob, value))); loss > -math.Log1p(-NotWorseMargin) {
				t.Errorf("%s=%v loses %.3f", plateau.Knob, value, loss)
			}
		}
		for _, at := range []any{plateau.CliffBelow, plateau.CliffAbove} {
			if at == nil {
				continue
			}
			if loss := best - math.Log(e.Throughput(moved(e.Optimum, plateau.Knob, at))); loss < -math.Log1p(-NotWorseMargin) {
				t.Errorf("the cliff %s=%v loses %.3f only", plateau.Knob, at, loss)
			}
		}
	}
}

func TestAwayKnowsCliffsExpectedAndMet(t *testing.T) {
	l := Landscape{Space: space.Space{{Name: "io.workers", Type: space.Int, Scale: space.Log2, Min: 1, Max: 64}}}
	l.Surface = form{f: func(c record.Flat) float64 {
		if v, _ := c.Float("io.workers"); v < 8 {
			return -1
		}
		return 0
	}}
	if l.Away(record.Flat{"io.workers": 8}) {
		t.Fatal("8 is said to stand away from the cliff at 6")
	}
	if !l.Away(record.Flat{"io.workers": 11}) {
		t.Error("11 is said to stand at the cliff at 6")
	}
	l.Barred = func(c record.Flat) bool { return c["io.workers"] == 16 }
	if l.Away(record.Flat{"io.workers": 11}) {
		t.Error("11 is said to stand away from 16, which failed")
	}
	l.Surface = nil
	if l.Away(record.Flat{"io.workers": 11}) || !l.Away(record.Flat{"io.workers": 32}) {
		t.Error("without a surface what failed is no cliff, or all is one")
	}
}

func TestTheCheapestOfWhatCannotBeToldApartIsTaken(t *testing.T) {
	score := func(arm string, mb float64, workers int) Score {
		s := Score{Arm: arm, Config: record.Flat{"io.workers": workers}, Pairs: 2, Metrics: map[string]float64{}}
		if mb > 0 {
			s.Metrics[record.RSS] = mb
		}
		return s
	}
	failed := score("failed", 10, 1)
	failed.Failed = 1
	for _, row := range []struct {
		why   string
		alike []Score
		steep string // arms at a cliff
		want  string
	}{
		{"nothing is alike", nil, "", "chosen"},
		{"less memory", []Score{score("lean", 50, 64)}, "", "lean"},
		{"the same memory within a tenth and fewer workers", []Score{score("few", 105, 4)}, "", "few"},
		{"a tie", []Score{score("twin", 100, 16)}, "", "chosen"},
		{"one that failed", []Score{failed}, "", "chosen"},
		{"memory that was not measured", []Score{score("blind", 0, 1)}, "", "chosen"},
		{"the cheapest stands at a cliff", []Score{score("lean", 50, 4), score("safe", 80, 16)}, "lean chosen", "safe"},
		{"all stand at a cliff", []Score{score("lean", 50, 4)}, "lean chosen", "lean"},
	} {
		t.Run(row.why, func(t *testing.T) {
			chosen := score("chosen", 100, 16)
			of := map[string]string{chosen.Config.ID(): "chosen"}
			for _, s := range row.alike {
				of[s.Config.ID()] = s.Arm
			}
			var away func(record.Flat) bool
			if row.steep != "" {
				away = func(c record.Flat) bool {
					if v, _ := c.Float("io.workers"); v == 4 {
						return false
					}
					return !strings.Contains(row.steep, of[c.ID()])
				}
			}
			if got := Cheapest(chosen, row.alike, balanced(t), away); got.Arm != row.want {
				t.Errorf("%s, want %s", got.Arm, row.want)
			}
		})
	}
}

func TestWhatFailedIsACliffWhateverTheModelExpects(t *testing.T) {
	n := space.Param{Name: "n", Type: space.Int, Min: 1, Max: 8}
	l := Landscape{
		Surface: form{f: func(c record.Flat) float64 { v, _ := c.Float("n"); return v / 8 }},
		Space:   space.Space{n},
		Barred:  func(c record.Flat) bool { v, _ := c.Float("n"); return v >= 4 },
	}
	if got, want := l.Plateaus(record.Flat{"n": 3})[0].Words, "no other value is shown to be within 3 % of 3, a step from the cliffs at 2 and 4"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFailuresAndBrokenRequirementsBarAConfiguration(t *testing.T) {
	goal, err := ParseGoal("throughput", []string{"rss<100"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := func(v int) record.Flat { return record.Flat{"n": v} }
	trials := []record.Trial{{Config: n(1), Status: record.OK}, {Config: n(2), Status: record.Failed}, {Config: n(3), Status: record.Failed, SetAside: "disturbed"}}
	scores := []Score{{Config: n(1), Metrics: map[string]float64{record.RSS: 90}}, {Config: n(4), Metrics: map[string]float64{record.RSS: 110}}}
	barred := goal.Barred(trials, scores)
	for v, want := range []bool{false, false, true, false, true} {
		if got := barred(n(v)); got != want {
			t.Errorf("n=%d barred: %v, want %v", v, got, want)
		}
	}
}
