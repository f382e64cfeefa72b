package surrogate

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"testing"

	"sluice/harness/record"
	"sluice/harness/search/surface"
	"sluice/harness/space"
)

// measured are n random configurations of a surface in blocks of six, the
// reference first in each, with noise and offsets.
func measured(s surface.Surface, n int, noise, offset float64, seed uint64) []Observation {
	rng := rand.New(rand.NewPCG(seed, 1))
	obs := make([]Observation, n)
	apart := 0.0
	for i := range obs {
		config := record.Flat(s.Space().Random(rng))
		if i%6 == 0 {
			apart, config = offset*rng.NormFloat64(), s.Reference
		}
		obs[i] = Observation{Config: config, Block: i / 6, Value: math.Log(s.Throughput(config)) + apart + noise*rng.NormFloat64()}
	}
	return obs
}

func mustFit(tb testing.TB, s space.Space, obs []Observation, o Options) *Model {
	tb.Helper()
	m, err := Fit(s, obs, o)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func TestTheGradientIsTheSlopeOfTheLoss(t *testing.T) {
	obs := measured(surface.E(), 20, 0.03, 0.1, 1)
	m := &Model{kernel: newKernel(surface.E().Space())}
	p := m.problem(obs, Options{})
	e := newEvaluator(p)
	h := p.priors.draw(rand.New(rand.NewPCG(3, 4)))
	gradient, unused := make([]float64, len(h)), make([]float64, len(h))
	e.at(h, gradient)
	for i := range h {
		const step = 1e-5
		moved := append([]float64{}, h...)
		moved[i] += step
		up := e.at(moved, unused)
		moved[i] -= 2 * step
		down := e.at(moved, unused)
		if want := (up - down) / (2 * step); math.Abs(gradient[i]-want) > 1e-4*(1+math.Abs(want)) {
			t.Errorf("hyperparameter %d: slope %v, want %v", i, gradient[i], want)
		}
	}
}

func TestDescentLowersTheLossAndStopsWhereItIsFlat(t *testing.T) {
	obs := measured(surface.M(), 48, 0.03, 0, 2)
	m := &Model{kernel: newKernel(surface.M().Space())}
	p := m.problem(obs, Options{})
	gradient := make([]float64, m.kernel.size())
	before := newEvaluator(p).at(p.priors.medians(), gradient)
	h, loss := descend(p, p.priors.medians(), 200)
	if again := newEvaluator(p).at(h, gradient); math.Abs(again-loss) > 1e-9 || loss > before-5 {
		t.Errorf("from %v to %v, said to be %v", before, again, loss)
	}
	for i, g := range gradient {
		if math.Abs(g) > 0.3 {
			t.Errorf("hyperparameter %d still slopes by %v", i, g)
		}
	}
}

func TestPredictionsExplainTheFunctionAndSayHowFarTheyErr(t *testing.T) {
	s := surface.E()
	for _, row := range []struct {
		n         int
		explained float64 // share of the variance, as compressed
	}{{60, 0.6}, {150, 0.75}} {
		t.Run(fmt.Sprintf("n=%d", row.n), func(t *testing.T) {
			m := mustFit(t, s.Space(), measured(s, row.n, 0.03, 0.05, 5), Options{})
			rng := rand.New(rand.NewPCG(9, 9))
			var errs, all sums
			within := 0.0
			const n = 1000
			for range n {
				c := record.Flat(s.Space().Random(rng))
				truth := math.Log(s.Throughput(c))
				mean, deviation := m.Predict(c)
				errs.add(m.warp.compress(mean) - m.warp.compress(truth))
				all.add(m.warp.compress(truth))
				if math.Abs(mean-truth) < 2*deviation {
					within += 1.0 / n
				}
			}
			explained := 1 - errs.square()/all.variance()
			t.Logf("explains %.2f, %.2f within two deviations, noise %.3f", explained, within, m.Noise())
			if explained < row.explained || within < 0.85 {
				t.Errorf("explains %.2f (want %.2f), %.2f within two deviations (want 0.85)", explained, row.explained, within)
			}
		})
	}
}

// stats are running sums.
type sums struct{ n, sum, squares float64 }

func (s *sums) add(v float64)     { s.n, s.sum, s.squares = s.n+1, s.sum+v, s.squares+v*v }
func (s *sums) square() float64   { return s.squares / s.n }
func (s *sums) variance() float64 { return s.squares/s.n - s.sum*s.sum/s.n/s.n }

func TestTheNoiseIsFoundApartFromOffsets(t *testing.T) {
	s := surface.E()
	for _, noise := range []float64{0.02, 0.05, 0.10} {
		obs := measured(s, 150, noise, 0.2, 6)
		for i := range obs { // two knobs alone, so that what is left of f is not taken for noise
			truth := math.Log(s.Throughput(obs[i].Config))
			few := maps.Clone(s.Reference)
			few["io_workers"], few["cpu_workers"] = obs[i].Config["io_workers"], obs[i].Config["cpu_workers"]
			obs[i].Config, obs[i].Value = few, obs[i].Value-truth+math.Log(s.Throughput(few))
		}
		m := mustFit(t, s.Space()[:2], obs, Options{Plain: true})
		if got := m.Noise(); got < noise*0.6 || got > noise*1.6 {
			t.Errorf("noise %.3f, want about %.3f", got, noise)
		}
	}
}

func TestOffsetsOfBlocksCancelAgainstTheReference(t *testing.T) {
	s := space.Space{{Name: "k", Type: space.Choice, Values: []any{"a", "b", "c"}}}
	var obs []Observation
	rng := rand.New(rand.NewPCG(1, 1))
	for block := range 12 {
		apart := rng.NormFloat64()
		other, gain := "b", 0.1
		if block%2 == 0 {
			other, gain = "c", -0.1
		}
		obs = append(obs, Observation{record.Flat{"k": "a"}, block, apart + 0.01*rng.NormFloat64()}, Observation{record.Flat{"k": other}, block, apart + gain + 0.01*rng.NormFloat64()})
	}
	m := mustFit(t, s, obs, Options{Plain: true})
	for other, want := range map[string]float64{"b": 0.1, "c": -0.1} {
		if got, deviation := m.Difference(record.Flat{"k": other}, record.Flat{"k": "a"}); math.Abs(got-want) > 0.02 || deviation > 0.03 {
			t.Errorf("%s differs by %.3f ± %.3f, want %v", other, got, deviation, want)
		}
	}
}

func TestOddObservationsAreBorne(t *testing.T) {
	two := space.Space{{Name: "x", Type: space.Float, Min: 0, Max: 1}, {Name: "w", Type: space.Choice, Values: []any{"a", "b"}}}
	at := func(x float64, value float64) Observation {
		return Observation{record.Flat{"x": x, "w": "a"}, 0, value}
	}
	for _, row := range []struct {
		name string
		s    space.Space
		obs  []Observation
	}{
		{"one", two, []Observation{at(0.5, 9)}},
		{"constant", two, []Observation{at(0, 9), at(0.5, 9), at(1, 9), at(0.2, 9)}},
		{"duplicates", two, []Observation{at(0.5, 9), at(0.5, 9), at(0.5, 9.1), at(0.5, 9)}},
		{"not numbers", two, []Observation{at(0.5, math.NaN()), at(0.1, 9), at(0.2, math.Inf(-1))}},
		{"half of it noise", two, []Observation{at(0, 9.7), at(0.1, 8.6), at(0.2, 9.4), at(0.3, 8.5), at(0.9, 9.2)}},
		{"far apart", two, []Observation{at(0, -800), at(0.1, 9), at(0.2, 700), at(1e300, 3)}},
		{"one point", space.Space{{Name: "x", Type: space.Int, Min: 3, Max: 3}}, []Observation{at(3, 1), at(3, 2)}},
		{"no knobs", space.Space{}, []Observation{at(3, 1)}},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := mustFit(t, row.s, row.obs, Options{})
			a, b := record.Flat{"x": 0.4, "w": "b"}, record.Flat{"w": 7}
			mean, deviation := m.Predict(a)
			difference, apart := m.Difference(a, b)
			figures := []float64{mean, deviation, difference, apart, m.Noise()}
			for _, draw := range m.Sample(rand.New(rand.NewPCG(1, 2)), []record.Flat{a, a, b}, 3) {
				figures = append(figures, draw...)
			}
			for _, v := range figures {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Fatalf("figures %v", figures)
				}
			}
		})
	}
	if _, err := Fit(two, []Observation{at(0.5, math.NaN())}, Options{}); err == nil {
		t.Error("a model of nothing was fitted")
	}
	if _, err := Fit(space.Space{{Name: "x"}}, []Observation{at(0.5, 1)}, Options{}); err == nil {
		t.Error("a malformed space was taken")
	}
}

func TestDrawsHaveTheMeanAndTheDeviationPredicted(t *testing.T) {
	s := surface.E()
	near := maps.Clone(s.Optimum)
	near["io_workers"] = 12
	cs := []record.Flat{s.Reference, s.Optimum, near}
	const n = 4000
	for _, plain := range []bool{true, false} {
		t.Run(fmt.Sprintf("plain=%t", plain), func(t *testing.T) {
			m := mustFit(t, s.Space(), measured(s, 60, 0.03, 0, 7), Options{Plain: plain})
			draws := m.Sample(rand.New(rand.NewPCG(1, 2)), cs, n)
			check := func(name string, mean, deviation float64, value func(draw []float64) float64) {
				t.Helper()
				var drawn sums
				for _, draw := range draws {
					drawn.add(value(draw) - mean)
				}
				off, got := drawn.sum/drawn.n, math.Sqrt(drawn.square())
				if math.Abs(off) > 0.1*deviation || math.Abs(got/deviation-1) > 0.1 {
					t.Errorf("%s: draws are off by %.4f ± %.4f, predicted ± %.4f", name, off, got, deviation)
				}
			}
			for i, c := range cs { // where values were compressed, predictions are a line through the mean: undo it
				mean, deviation := m.Predict(c)
				compressed := m.warp.compress(mean)
				check(fmt.Sprint(i), compressed, deviation/m.warp.slope(compressed), func(draw []float64) float64 { return m.warp.compress(draw[i]) })
			}
			if plain {
				mean, deviation := m.Difference(cs[1], cs[2])
				check("difference", mean, deviation, func(draw []float64) float64 { return draw[1] - draw[2] })
			}
		})
	}
}

func TestAGoodPriorHelpsAndABadOneIsOutweighed(t *testing.T) {
	s := surface.M()
	obs := measured(s, 24, 0.03, 0, 8)
	base := math.Log(s.Throughput(s.Reference))
	good := func(c record.Flat) (float64, float64, bool) { return math.Log(s.Throughput(c)) - base, 0.1, true }
	bad := func(c record.Flat) (float64, float64, bool) { return base - math.Log(s.Throughput(c)), 0.1, true }
	errs := func(prior func(record.Flat) (float64, float64, bool)) float64 {
		m := mustFit(t, s.Space(), obs, Options{Prior: prior})
		rng, sum := rand.New(rand.NewPCG(4, 4)), 0.0
		for range 500 {
			c := record.Flat(s.Space().Random(rng))
			mean, _ := m.Predict(c)
			sum += math.Abs(m.warp.compress(mean) - m.warp.compress(math.Log(s.Throughput(c))))
		}
		return sum / 500
	}
	none, helped, misled := errs(nil), errs(good), errs(bad)
	t.Logf("mean errors: none %.3f, good %.3f, bad %.3f", none, helped, misled)
	if helped > 0.5*none || misled > 2*none {
		t.Errorf("mean errors: none %.3f, good %.3f, bad %.3f", none, helped, misled)
	}
}

func TestCompressionIsUndone(t *testing.T) {
	w := warp{from: 9, width: 0.3}
	for _, v := range []float64{10, 9, 8.99, 8.5, 5, 0} {
		if got := w.stretch(w.compress(v)); math.Abs(got-v) > 1e-9 {
			t.Errorf("%v comes back as %v", v, got)
		}
		const step = 1e-6
		c := w.compress(v)
		if want := (w.stretch(c+step) - w.stretch(c-step)) / (2 * step); math.Abs(w.slope(c)/want-1) > 1e-3 {
			t.Errorf("slope %v at %v, want %v", w.slope(c), v, want)
		}
		if w.doubt(v) < 1 || math.Abs(w.doubt(v)/w.slope(c)-1) > 1e-9 {
			t.Errorf("noise at %v counts %v times, want as often as compression flattens it there, %v", v, w.doubt(v), w.slope(c))
		}
	}
	if plain := (warp{}); plain.doubt(-5) != 1 {
		t.Errorf("without compression noise counts %v times", plain.doubt(-5))
	}
}

// A cliff that is known to be one must not bend the curve where it is flat.
func TestWhatIsFarBelowSaysLittleOfWhatIsNearTheBest(t *testing.T) {
	s := space.Space{{Name: "x", Type: space.Float, Min: 0, Max: 1}}
	var obs []Observation
	for i := range 60 {
		x, v := float64(i)/59, 0.0
		if x < 0.3 {
			v = -1 - 0.5*float64(i%2) // rugged
		}
		obs = append(obs, Observation{Config: record.Flat{"x": x}, Block: -1, Value: v})
	}
	m := mustFit(t, s, obs, Options{Seed: 1})
	for _, x := range []float64{0.5, 0.7, 0.9} {
		if mean, deviation := m.Difference(record.Flat{"x": x}, record.Flat{"x": 0.8}); math.Abs(mean) > 0.01 || deviation > 0.05 {
			t.Errorf("f(%v) − f(0.8) is held to be %.3f ± %.3f; it is 0", x, mean, deviation)
		}
	}
}

func TestFantasiesNarrowWhatIsNear(t *testing.T) {
	s := surface.E()
	obs := measured(s, 30, 0.03, 0, 3)
	m := mustFit(t, s.Space(), obs, Options{Plain: true})
	pool := m.Pool([]record.Flat{s.Optimum, s.Reference})
	pool.Fantasise(0)
	late := pool.Add(s.Optimum)
	if pool.Mean(0) != pool.Mean(late) || math.Abs(pool.Deviation(0)-pool.Deviation(late)) > 1e-9 {
		t.Errorf("told before: %v ± %v, after: %v ± %v", pool.Mean(0), pool.Deviation(0), pool.Mean(late), pool.Deviation(late))
	}
	// The same by telling the model outright.
	mean, _ := m.Predict(s.Optimum)
	told := mustFit(t, s.Space(), append(obs, Observation{Config: s.Optimum, Block: -1, Value: mean}), Options{Plain: true, Warm: m, Keep: true})
	again := told.Pool([]record.Flat{s.Optimum, s.Reference})
	if math.Abs(again.Deviation(0)-pool.Deviation(0)) > 1e-6 || math.Abs(again.Deviation(1)-pool.Deviation(1)) > 1e-6 || math.Abs(again.DifferenceDeviation(0, 1)-pool.DifferenceDeviation(0, 1)) > 1e-6 {
		t.Errorf("deviations %v and %v, want %v and %v", pool.Deviation(0), pool.Deviation(1), again.Deviation(0), again.Deviation(1))
	}
}

func BenchmarkFit(b *testing.B) {
	s := surface.E()
	for _, n := range []int{6, 60, 150, 300} {
		obs := measured(s, n, 0.03, 0, 1)
		b.Run(fmt.Sprintf("cold/n=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				mustFit(b, s.Space(), obs, Options{})
			}
		})
		warm := mustFit(b, s.Space(), obs[:n*5/6], Options{})
		b.Run(fmt.Sprintf("warm/n=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				mustFit(b, s.Space(), obs, Options{Warm: warm})
			}
		})
		b.Run(fmt.Sprintf("kept/n=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				mustFit(b, s.Space(), obs, Options{Warm: warm, Keep: true})
			}
		})
	}
}

func BenchmarkPool(b *testing.B) {
	s := surface.E()
	m := mustFit(b, s.Space(), measured(s, 150, 0.03, 0, 1), Options{})
	rng := rand.New(rand.NewPCG(1, 1))
	var cs []record.Flat
	for range 500 {
		cs = append(cs, s.Space().Random(rng))
	}
	b.Run("add/configs=500/n=150", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m.Pool(cs)
		}
	})
	pool := m.Pool(cs)
	b.Run("fantasise/configs=500/n=150", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			pool.Fantasise(0)
			pool.fantasies = pool.fantasies[:0]
			for i := range pool.rows {
				pool.rows[i] = pool.rows[i][:150]
			}
		}
	})
}

func BenchmarkCholesky(b *testing.B) {
	const n = 150
	a, kept := triangle(n), triangle(n)
	for i := range kept {
		for j := range i {
			kept[i][j] = math.Exp(-math.Abs(float64(i-j)) / 10)
		}
		kept[i][i] = 1.01
	}
	b.ReportAllocs()
	for b.Loop() {
		for i := range a {
			copy(a[i], kept[i])
		}
		factorise(a)
	}
}

func ExampleFit() {
	s := space.Space{{Name: "workers", Type: space.Int, Scale: space.Log2, Min: 1, Max: 64}}
	var trials []Observation
	for i, workers := range []int{1, 4, 16, 64} {
		trials = append(trials, Observation{record.Flat{"workers": workers}, -1, []float64{0, 0.10, 0.15, 0.12}[i]})
	}
	m, err := Fit(s, trials, Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	gain, deviation := m.Difference(record.Flat{"workers": 16}, record.Flat{"workers": 2})
	fmt.Println(gain > 0.05, deviation < 0.1)
	// Output: true true
}
