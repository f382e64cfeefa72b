package decide

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/record"
	"sluice/harness/search/surface"
	"sluice/harness/space"
)

// known draws a closed form whose draws differ by a scale and a shift, which leave
// shares as they are.
type known func(record.Flat) float64

func (f known) Sample(rng *rand.Rand, cs []record.Flat, n int) [][]float64 {
	values, draws := make([]float64, len(cs)), make([][]float64, n)
	for i, c := range cs {
		values[i] = f(c)
	}
	for d := range draws {
		scale, shift := 1+0.1*rng.NormFloat64(), rng.NormFloat64()
		for _, value := range values {
			draws[d] = append(draws[d], shift+scale*value)
		}
	}
	return draws
}

func floats(low, high float64, levels int, names ...string) (s space.Space) {
	for _, name := range names {
		s = append(s, space.Param{Name: name, Type: space.Float, Min: low, Max: high, Levels: levels})
	}
	return s
}

func share(effects []record.Effect, region record.Region, knob, with string) record.Effect {
	for _, e := range effects {
		if e.Region == region && (e.Knob == knob && e.With == with || e.Knob == with && e.With == knob) {
			return e
		}
	}
	return record.Effect{}
}

func of(c record.Flat, name string) float64 {
	v, _ := c.Float(name)
	return v
}

// TestTheSharesOfIshigamisFunctionAreThoseOfItsClosedForm has the function in which
// every estimator of shares is tried: with a = 7 and b = 0.1 its shares are 0.3139,
// 0.4424 and 0, and 0.2437 of the first and the third together (Ishigami and Homma
// 1990).
func TestTheSharesOfIshigamisFunctionAreThoseOfItsClosedForm(t *testing.T) {
	f := known(func(c record.Flat) float64 {
		x, y, z := of(c, "x"), of(c, "y"), of(c, "z")
		return math.Sin(x) + 7*math.Pow(math.Sin(y), 2) + 0.1*math.Pow(z, 4)*math.Sin(x)
	})
	const levels = 200 // the closed form is that of the continuous range
	effects, err := Effects(floats(-math.Pi, math.Pi, levels, "x", "y", "z"), f, EffectOptions{Points: 2000, Draws: 4, Degree: 10, PairDegree: 9, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		knob, with string
		want       float64
	}{{"x", "", 0.3139}, {"y", "", 0.4424}, {"z", "", 0}, {"x", "z", 0.2437}, {"x", "y", 0}, {"y", "z", 0}} {
		if got := share(effects, record.Everywhere, row.knob, row.with).Share; math.Abs(got-row.want) > 0.015 {
			t.Errorf("%s %s: %.4f, want %.4f", row.knob, row.with, got, row.want)
		}
	}
}

func TestSharesOfSimpleFunctionsAreTheirClosedForms(t *testing.T) {
	three := floats(-1, 1, 21, "x", "y", "z")
	mixed := append(floats(-1, 1, 21, "x"), space.Param{Name: "word", Type: space.Choice, Values: []any{"a", "b", "c"}}, space.Param{Name: "pin", Type: space.Bool})
	word := map[any]float64{"a": 1, "b": 0, "c": -1} // variance 2/3
	for _, row := range []struct {
		why  string
		s    space.Space
		f    known
		want map[[2]string]float64
		idle []string
	}{
		{"a sum", three, func(c record.Flat) float64 { return 2*of(c, "x") + of(c, "y") }, map[[2]string]float64{{"x", ""}: 0.8, {"y", ""}: 0.2, {"z", ""}: 0}, []string{"z"}},
		{"a pure interaction", three, func(c record.Flat) float64 { return of(c, "x") * of(c, "y") }, map[[2]string]float64{{"x", ""}: 0, {"y", ""}: 0, {"x", "y"}: 1}, []string{"z"}},
		{"a constant", three, func(record.Flat) float64 { return 7 }, map[[2]string]float64{{"x", ""}: 0}, []string{"x", "y", "z"}},
		{"words", mixed, func(c record.Flat) float64 { return word[c["word"]] }, map[[2]string]float64{{"word", ""}: 1, {"x", ""}: 0}, []string{"pin", "x"}},
		{"a word that turns a bool over", mixed, func(c record.Flat) float64 {
			if c["pin"] == true {
				return word[c["word"]]
			}
			return -word[c["word"]]
		}, map[[2]string]float64{{"word", "pin"}: 1, {"word", ""}: 0, {"pin", ""}: 0}, []string{"x"}},
		{"one knob that is fixed", append(floats(-1, 1, 21, "x"), space.Param{Name: "one", Type: space.Int, Min: 3, Max: 3}), func(c record.Flat) float64 { return of(c, "x") }, map[[2]string]float64{{"x", ""}: 1}, []string{"one"}},
		{"what is there but tiny", three, func(c record.Flat) float64 { return 1e-4 * of(c, "z") }, map[[2]string]float64{{"z", ""}: 1}, []string{"x", "y"}},
	} {
		t.Run(row.why, func(t *testing.T) {
			effects, err := Effects(row.s, row.f, EffectOptions{Seed: 2, Draws: 8})
			if err != nil {
				t.Fatal(err)
			}
			for pair, want := range row.want {
				e := share(effects, record.Everywhere, pair[0], pair[1])
				if math.Abs(e.Share-want) > 0.02 || e.Low > e.Share || e.High < e.Share {
					t.Errorf("%s %s: %.3f (%.3f–%.3f), want %.3f", pair[0], pair[1], e.Share, e.Low, e.High, want)
				}
			}
			var idle []string
			for _, e := range effects {
				if e.Idle {
					idle = append(idle, e.Knob)
				}
			}
			if slices.Sort(idle); !slices.Equal(idle, row.idle) {
				t.Errorf("idle: %v, want %v", idle, row.idle)
			}
		})
	}
}

func TestTheSwingIsFromTheWorstValueToTheBest(t *testing.T) {
	effects, err := Effects(floats(0, 1, 11, "x", "y"), known(func(c record.Flat) float64 { return 0.3*of(c, "x") + 0.001*of(c, "y") }), EffectOptions{Draws: 1, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	x, y := share(effects, record.Everywhere, "x", ""), share(effects, record.Everywhere, "y", "")
	if ratio := x.SwingLog / y.SwingLog; math.Abs(ratio-300) > 1 {
		t.Errorf("swings %v and %v, want 300 to 1", x.SwingLog, y.SwingLog)
	}
}

func TestWhatLeadsToDisasterMattersEverywhereAndNotNear(t *testing.T) {
	s := floats(0, 1, 21, "steep", "fine")
	f := known(func(c record.Flat) float64 {
		if of(c, "steep") < 0.4 {
			return -5 + 0.1*of(c, "fine")
		}
		return 0.1 * of(c, "fine")
	})
	effects, err := Effects(s, f, EffectOptions{Around: record.Flat{"steep": 0.8, "fine": 1.0}, Draws: 8, Seed: 4})
	if err != nil {
		t.Fatal(err)
	}
	if got := share(effects, record.Everywhere, "steep", "").Share; got < 0.8 {
		t.Errorf("everywhere the steep knob has %.2f", got)
	}
	steep, fine := share(effects, record.Near, "steep", ""), share(effects, record.Near, "fine", "")
	if steep.Share > 0.02 || fine.Share < 0.98 || !steep.Idle {
		t.Errorf("near: steep %.3f (idle %v), fine %.3f; want the fine one alone", steep.Share, steep.Idle, fine.Share)
	}
}

// onSurface is the logarithm of a surface's throughput, a tenth of the reference's
// at least: what is slower is stopped in the field.
func onSurface(e surface.Surface) known {
	floor := math.Log(e.Throughput(e.Reference) / 10)
	return func(c record.Flat) float64 { return max(floor, math.Log(e.Throughput(c))) }
}

// TestSharesOnASurfaceAgreeWithCounting holds the shares of eight mixed knobs
// against a brute-force pick-freeze estimate (Jansen's).
func TestSharesOnASurfaceAgreeWithCounting(t *testing.T) {
	e := surface.E()
	f := onSurface(e)
	effects, err := Effects(e.Space(), f, EffectOptions{Around: e.Optimum, Draws: 2, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	var knobs []knob
	for _, p := range e.Space() {
		values, ordered := ladder(p, e.Optimum[p.Name])
		knobs = append(knobs, knob{p.Name, values, ordered})
	}
	rng := rand.New(rand.NewPCG(6, 7))
	draw := func() record.Flat {
		c := record.Flat{}
		for _, k := range knobs {
			c[k.name] = k.values[rng.IntN(len(k.values))]
		}
		return c
	}
	const n = 10_000
	for _, k := range knobs {
		between, mean, square := 0.0, 0.0, 0.0
		for range n {
			a, b := draw(), draw()
			b[k.name] = a[k.name]
			x, y := f(a), f(b)
			between += (x - y) * (x - y) / (2 * n)
			mean += (x + y) / (2 * n)
			square += (x*x + y*y) / (2 * n)
		}
		want := 1 - between/(square-mean*mean)
		if got := share(effects, record.Everywhere, k.name, "").Share; math.Abs(got-want) > 0.06 {
			t.Errorf("%s: %.3f, counted %.3f", k.name, got, want)
		}
	}
	for _, effect := range effects {
		t.Logf("%-10s %-11s %-8s %.3f (%.3f–%.3f) swing %.3f idle %v", effect.Region, effect.Knob, effect.With, effect.Share, effect.Low, effect.High, effect.SwingLog, effect.Idle)
	}
}

// Three hundred contrasts are more than the design can carry: they must not crowd out
// the knob that matters.
func TestAChoiceOfManyWordsLeavesRoomForOtherKnobs(t *testing.T) {
	words := space.Param{Name: "word", Type: space.Choice}
	for i := range 300 {
		words.Values = append(words.Values, fmt.Sprintf("w%d", i))
	}
	s := append(space.Space{words}, space.Param{Name: "n", Type: space.Int, Min: 1, Max: 8})
	effects, err := Effects(s, known(func(c record.Flat) float64 { return 0.2 * of(c, "n") }), EffectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if e := share(effects, record.Everywhere, "n", ""); e.Share < 0.99 || e.Idle {
		t.Errorf("the only knob that matters has a share of %.3f, idle: %v; want 1, false", e.Share, e.Idle)
	}
	if e := share(effects, record.Everywhere, "word", ""); e.Share > 0.01 || !e.Idle {
		t.Errorf("the word that does not matter has a share of %.3f, idle: %v; want 0, true", e.Share, e.Idle)
	}
}

func TestEffectsAreDeterministic(t *testing.T) {
	e := surface.E()
	o := EffectOptions{Around: e.Optimum, Draws: 4, Points: 256, Seed: 8}
	a, err := Effects(e.Space(), onSurface(e), o)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Effects(e.Space(), onSurface(e), o)
	if diff := cmp.Diff(a, b); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

// broken is a model that gives what it should not.
type broken [][]float64

func (b broken) Sample(_ *rand.Rand, cs []record.Flat, _ int) [][]float64 {
	if len(b) == 0 || b[0] != nil {
		return b
	}
	return [][]float64{slices.Repeat([]float64{math.NaN()}, len(cs))}
}

func TestABrokenModelIsAnError(t *testing.T) {
	for _, b := range []broken{{}, {{1, 2}}, {nil}} {
		if _, err := Effects(floats(0, 1, 5, "x", "y"), b, EffectOptions{}); err == nil {
			t.Errorf("%v: no error", b)
		}
	}
	if _, err := Effects(space.Space{{Name: "x", Type: space.Choice}}, broken{}, EffectOptions{}); err == nil {
		t.Error("a knob without values: no error")
	}
	small := known(func(c record.Flat) float64 { return of(c, "x") })
	if _, err := Effects(floats(0, 1, 5, "x", "y"), small, EffectOptions{Points: 3}); err != nil {
		t.Errorf("a small design: %v", err)
	}
}

func BenchmarkEffects(b *testing.B) {
	e := surface.E()
	for b.Loop() {
		if _, err := Effects(e.Space(), onSurface(e), EffectOptions{Around: e.Optimum, Seed: 9}); err != nil {
			b.Fatal(err)
		}
	}
}
