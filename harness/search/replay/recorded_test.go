package replay

import (
	"math"
	"math/rand/v2"
	"testing"

	"sluice/harness/record"
)

func TestTheHeldOutHalfTellsTheTruth(t *testing.T) {
	exact := grid{rounds: 4, drift: 0.3}.ground(t)
	noisy := grid{rounds: 8, noise: 0.03, drift: 0.3}.ground(t)
	reference := grid{}.truth(exact.Reference())
	for key := range exact.cells {
		for c, value := range map[string]*Recorded{"without noise": exact, "with 3 %": noisy} {
			config := configOf(t, value, key)
			want := grid{}.truth(config) - reference
			most := map[string]float64{"without noise": 1e-6, "with 3 %": 0.09}[c] // four standard errors, and the median's worse ones
			if got := value.Gain(config); math.Abs(got-want) > most {
				t.Errorf("%s, %s: the true gain is %.4f, want %.4f", key, c, got, want)
			}
		}
	}
	if best := exact.Best(); math.Abs(best-(grid{}.truth(record.Flat{"io.workers": int64(8), "batch": int64(1)})-reference)) > 1e-6 {
		t.Errorf("the best gain is %g", best)
	}
	if about := noisy.About(); math.Abs(about.PairNoise-0.03*math.Sqrt2) > 0.006 || about.TruthError < 0.008 || about.TruthError > 0.04 || about.Cells != 24 || about.Rounds != 8 {
		t.Errorf("%+v, want 24 configurations in 8 rounds, pairs that scatter by 4.2 %%, a truth known to about 2 %%", about)
	}
	if exact.About().TruthError > 1e-6 || exact.About().PairNoise > 1e-6 {
		t.Errorf("noise of a table without noise: %+v", exact.About())
	}
}

func TestTheErrorOfATruthIsThatOfTheBetterConfigurations(t *testing.T) {
	later := func(round int, off float64) float64 { return off * float64(round%2) }
	lone := grid{rounds: 4, extra: func(round int, c record.Flat) float64 {
		if c["io.workers"] == int64(3) { // the reference, which no configuration beside another needs
			return later(round, 0.2)
		}
		return 0
	}}.ground(t)
	if got := lone.About().TruthError; got > 1e-6 {
		t.Errorf("halves that differ in their reference alone give an error of %g", got)
	}
	best := grid{rounds: 4, extra: func(round int, c record.Flat) float64 {
		io, _ := c.Float("io.workers")
		batch, _ := c.Float("batch")
		switch { // the better half of the grid
		case io < 4 || io > 16:
			return 0
		case batch == 1 || batch == 4:
			return later(round, 0.1)
		default:
			return later(round, -0.1)
		}
	}}.ground(t)
	if got := best.About().TruthError; math.Abs(got-0.105) > 0.03 {
		t.Errorf("the better configurations differ by 0.1 from half to half, the others not at all: an error of %.3f", got)
	}
}

func configOf(t *testing.T, g *Recorded, key string) record.Flat {
	t.Helper()
	for _, tr := range g.table.Trials {
		if tr.Config != nil && tr.Config.String() == key {
			return tr.Config
		}
	}
	t.Fatalf("no trial of %s", key)
	return nil
}

// The held-out half is not to be seen: whatever is written there, searches draw the
// same.
func TestSearchesNeverSeeTheHeldOutHalf(t *testing.T) {
	plain := grid{rounds: 6, noise: 0.05}
	odd := plain
	odd.extra = func(round int, c record.Flat) float64 {
		io, _ := c.Float("io.workers")
		return float64(round%2) * io // another truth altogether
	}
	a, b := plain.ground(t), odd.ground(t)
	config := []record.Flat{candidate(8, 1).Config, candidate(32, 8).Config}
	same, other := 0, 0
	for seed := range uint64(50) {
		rng := func() *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }
		x, y := a.Block(rng(), Drawing, config), b.Block(rng(), Drawing, config)
		for i := range x {
			if math.Abs(x[i].Value-y[i].Value) < 1e-9 {
				same++
			}
		}
		if x, y := a.Block(rng(), HeldOut, config), b.Block(rng(), HeldOut, config); math.Abs(x[1].Value-x[0].Value-(y[1].Value-y[0].Value)) > 1 {
			other++
		}
	}
	if same != 150 || other != 50 {
		t.Errorf("%d of 150 draws are the same, %d of 50 held-out ones differ; want all", same, other)
	}
}

func TestReplayedPairsScatterAsRecordedOnes(t *testing.T) {
	g := grid{rounds: 8, noise: 0.05}.ground(t)
	for half, p := range g.halves {
		rng := rand.New(rand.NewPCG(1, 1))
		var pairs [][]float64
		for key := range g.cells {
			c := configOf(t, g, key)
			var of []float64
			for range 400 {
				block := g.Block(rng, Half(half), []record.Flat{c})
				of = append(of, block[1].Value-block[0].Value)
			}
			pairs = append(pairs, of)
		}
		if got, want := pairNoise(pairs), pairNoise(p.pairs); math.Abs(got/want-1) > 0.03 {
			t.Errorf("half %d: replayed pairs scatter by %.4f, recorded ones by %.4f", half, got, want)
		}
	}
}

func TestTrialsOfABlockShareItsLevel(t *testing.T) {
	g := grid{rounds: 6, drift: 2}.ground(t) // no noise: what is left is the level
	rng := rand.New(rand.NewPCG(1, 1))
	levels := map[int]bool{}
	for range 100 {
		block := g.Block(rng, Drawing, []record.Flat{candidate(8, 1).Config, candidate(4, 2).Config})
		want := grid{}.truth(candidate(8, 1).Config) - grid{}.truth(candidate(4, 2).Config)
		if got := block[1].Value - block[2].Value; math.Abs(got-want) > 1e-6 {
			t.Fatalf("two of one block differ by %g, want %g", got, want)
		}
		levels[int(math.Round(10*block[0].Value))] = true
	}
	if len(levels) < 6 {
		t.Errorf("%d levels among 100 blocks, want those of the recorded ones", len(levels))
	}
}

// A machine that is disturbed is slower, never faster, than undisturbed; so are draws.
func TestOutliersComeToTheSideToWhichTheyCame(t *testing.T) {
	slowed := func(round int, c record.Flat) float64 {
		if round == 2 && c["batch"] == int64(2) {
			return -1
		}
		return 0
	}
	g := grid{rounds: 8, noise: 0.01, extra: slowed}.ground(t)
	rng := rand.New(rand.NewPCG(1, 1))
	slow, n := 0, 2000
	for range n {
		block := g.Block(rng, Drawing, []record.Flat{candidate(8, 2).Config})
		switch beyond := block[1].Value - block[0].Value - g.Gain(candidate(8, 2).Config); {
		case beyond > 0.5:
			t.Fatalf("a draw is faster by %.2f than the truth: no trial was", beyond)
		case beyond < -0.5:
			slow++
		}
	}
	if share := float64(slow) / float64(n); math.Abs(share-0.25) > 0.04 {
		t.Errorf("%.3f of the draws are slow; one of four trials was", share)
	}
}

func TestWhatFailedFailsAgain(t *testing.T) {
	g := grid{rounds: 4, noise: 0.01, fails: func(c record.Flat) bool { return c["batch"] == int64(8) }}.ground(t)
	bad := candidate(4, 8).Config
	if block := g.Block(rand.New(rand.NewPCG(1, 1)), Drawing, []record.Flat{bad}); !block[1].Failed || block[0].Failed {
		t.Errorf("%+v, want a failed candidate beside a reference that ends well", block)
	}
	if gain := g.Gain(bad); !math.IsInf(gain, -1) {
		t.Errorf("its true gain is %g, want −Inf", gain)
	}
	if g.Holds(record.Flat{"io.workers": int64(5), "batch": int64(1)}) {
		t.Error("a configuration that was never measured is held")
	}
}
