package search

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/record"
	closed "sluice/harness/search/surface"
	"sluice/harness/space"
)

// plant is what a search is played on.
type plant struct {
	options  Options
	truth    func(record.Flat) float64
	best     float64
	noise    float64
	launches int
	failed   func(record.Flat) bool      // nil: all run
	slack    func(record.Flat) []float64 // nil: nothing is required
}

func onSurface(s closed.Surface, seed uint64, noise float64, launches int) plant {
	return plant{
		options: Options{Space: s.Space(), Reference: s.Reference, Seed: seed},
		truth:   s.Throughput, best: s.Throughput(s.Optimum), noise: noise, launches: launches,
	}
}

// cells is a grid of 216 cells of a surface.
func cells(t testing.TB, s closed.Surface, seed uint64) plant {
	t.Helper()
	p := onSurface(s, seed, 0.04, 40)
	list := func(name string, values ...any) space.Param {
		return space.Param{Name: name, Type: space.Int, Scale: space.Log2, Values: values}
	}
	p.options.Space = space.Space{
		list("io_workers", 2, 4, 8, 16, 32, 64), list("cpu_workers", 2, 4, 8, 16, 32, 64), list("batch", 1, 8, 64),
		{Name: "reader", Type: space.Choice, Values: []any{"read", "mmap"}},
	}
	grid, err := p.options.Space.Grid(0)
	if err != nil || len(grid) != 216 {
		t.Fatal(len(grid), err)
	}
	p.best = 0
	g := &Guided{options: p.options}
	for _, knobs := range grid {
		config, _ := g.whole(knobs)
		p.best = max(p.best, p.truth(config))
	}
	return p
}

// played is how one search went: after each block, how many launches were spent and
// what is recommended is truly worth, as a share of the best.
type played struct {
	launches []int
	worth    []float64
	floor    float64 // worth of the reference
	blocks   [][]Candidate
	results  []Result
	search   *Guided
}

// from is the number of launches from which what is recommended stays within a
// share of the best; more than all where it does not.
func (p played) from(share float64) int {
	at := 1000
	for i := len(p.worth) - 1; i >= 0 && p.worth[i] >= share; i-- {
		at = p.launches[i]
	}
	return at
}

func (p played) last() float64 { return p.worth[len(p.worth)-1] }

func (p plant) play(tb testing.TB) played {
	tb.Helper()
	g, err := NewGuided(p.options)
	if err != nil {
		tb.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(p.options.Seed, 77))
	game := played{floor: p.truth(p.options.Reference) / p.best, search: g}
	measure := func(id string, c record.Flat, block int) Result {
		r := Result{ID: id, Config: c, Block: block, Value: math.Log(p.truth(c)) + p.noise*rng.NormFloat64()}
		if p.failed != nil {
			r.Failed = p.failed(c)
		}
		if p.slack != nil {
			for _, s := range p.slack(c) {
				r.Slack = append(r.Slack, s+p.noise*rng.NormFloat64())
			}
		}
		return r
	}
	for blocks := g.Ask(p.launches); blocks != nil; blocks = g.Ask(p.launches - len(game.results)) {
		for _, block := range blocks {
			number := len(game.blocks)
			results := []Result{measure(ReferenceID, p.options.Reference, number)}
			for _, c := range block {
				results = append(results, measure(c.ID, c.Config, number))
			}
			g.Tell(results)
			game.blocks, game.results = append(game.blocks, block), append(game.results, results...)
			game.launches = append(game.launches, len(game.results))
			game.worth = append(game.worth, p.truth(g.Standings()[0].Config)/p.best)
		}
	}
	if len(game.results) > p.launches {
		tb.Errorf("%d launches of %d", len(game.results), p.launches)
	}
	return game
}

// series plays seeds 1 … n on two cores.
func series(tb testing.TB, n int, on func(seed uint64) plant) []played {
	tb.Helper()
	games := make([]played, n)
	var wg sync.WaitGroup
	for worker := range 2 {
		wg.Go(func() {
			for i := worker; i < n; i += 2 {
				games[i] = on(uint64(i) + 1).play(tb)
			}
		})
	}
	wg.Wait()
	return games
}

// share of the games of which a thing is true.
func share(games []played, is func(played) bool) float64 {
	n := 0.0
	for _, g := range games {
		if is(g) {
			n++
		}
	}
	return n / float64(len(games))
}

func TestGuidedSearchesFindAndKeepWhatIsGood(t *testing.T) {
	for _, s := range closed.All() {
		t.Run(s.Name, func(t *testing.T) {
			games := series(t, 4, func(seed uint64) plant { return onSurface(s, seed, 0.03, 120) })
			mean := 0.0
			for _, g := range games {
				mean += g.last() / float64(len(games))
				if g.last() < 0.93 {
					t.Errorf("a search recommends %.3f of the best after 120 launches", g.last())
				}
			}
			if mean < 0.955 {
				t.Errorf("searches recommend %.3f of the best on average", mean)
			}
		})
	}
}

func TestGuidedSearchesFindTheBestOfSmallGrids(t *testing.T) {
	for _, s := range closed.All() {
		games := series(t, 20, func(seed uint64) plant { return cells(t, s, seed) })
		if within := share(games, func(g played) bool { return g.last() >= 0.95 }); within < 0.9 {
			t.Errorf("%s: %.2f of the searches are within 5 %% after 40 launches", s.Name, within)
		}
	}
}

// TestGuidedSearchesInTheLongRun holds the bars of the whole: SLUICE_LONG=1, and
// SLUICE_SEEDS for another number of seeds than 200.
func TestGuidedSearchesInTheLongRun(t *testing.T) {
	if os.Getenv("SLUICE_LONG") == "" {
		t.Skip("takes half an hour of computing; set SLUICE_LONG=1")
	}
	n, err := strconv.Atoi(os.Getenv("SLUICE_SEEDS"))
	if err != nil {
		n = 200
	}
	for _, noise := range []float64{0.03, 0.10} {
		for _, s := range closed.All() {
			games := series(t, n, func(seed uint64) plant { return onSurface(s, seed, noise, 300) })
			t.Log(s.Name, noise, summary(games))
			five, two := share(games, func(g played) bool { return g.last() >= 0.95 }), share(games, func(g played) bool { return g.last() >= 0.98 })
			if worse := share(games, func(g played) bool { return g.last() < g.floor }); worse > 0 {
				t.Errorf("%s, noise %.2f: %.3f recommend what is worse than the reference", s.Name, noise, worse)
			}
			switch {
			case noise > 0.05 && five < 0.70:
				t.Errorf("%s, noise %.2f: %.2f are within 5 %%", s.Name, noise, five)
			case noise < 0.05 && s.Name == "E" && two < 0.85:
				t.Errorf("%s: %.2f are within 2 %%", s.Name, two)
			}
			if most := map[string]int{"E": 120, "M": 140}[s.Name]; noise < 0.05 && quantile(games, 0.95) > most {
				t.Errorf("%s: 19 of 20 are within 5 %% from %d launches on, want %d", s.Name, quantile(games, 0.95), most)
			}
		}
	}
	for _, s := range closed.All() {
		games := series(t, n, func(seed uint64) plant { return cells(t, s, seed) })
		within := share(games, func(g played) bool { return g.last() >= 0.95 })
		if t.Logf("%s, 216 cells: %.3f within 5 %% after 40 launches", s.Name, within); within < 0.95 {
			t.Errorf("%s, 216 cells: %.3f", s.Name, within)
		}
	}
}

// quantile of the launches from which 5 % are kept.
func quantile(games []played, q float64) int {
	var from []int
	for _, g := range games {
		from = append(from, g.from(0.95))
	}
	slices.Sort(from)
	return from[min(len(from)-1, int(q*float64(len(from))))]
}

func summary(games []played) string {
	text := fmt.Sprintf("n=%d: within 5 %% from %d (p95 %d); at the end within 5 %%: %.3f, 2 %%: %.3f; worse than the reference: %.3f; worth", len(games),
		quantile(games, 0.5), quantile(games, 0.95), share(games, func(g played) bool { return g.last() >= 0.95 }),
		share(games, func(g played) bool { return g.last() >= 0.98 }), share(games, func(g played) bool { return g.last() < g.floor }))
	for _, at := range []int{12, 30, 60, 90, 120, 180, 240, 300} {
		sum := 0.0
		for _, g := range games {
			worth := g.last()
			if i := slices.IndexFunc(g.launches, func(n int) bool { return n >= at }); i >= 0 {
				worth = g.worth[i]
			}
			sum += worth
		}
		text += fmt.Sprintf(" %d: %.1f", at, 100*sum/float64(len(games)))
	}
	return text
}

func TestAskIsAFunctionOfWhatWasTold(t *testing.T) {
	p := onSurface(closed.E(), 5, 0.03, 96)
	game := p.play(t)
	first, whole := mustGuide(t, p.options), mustGuide(t, p.options)
	told := 0
	for i, block := range game.blocks {
		left := p.launches - told
		first.Ask(left - 2) // asking for something else leaves no trace
		again, twice := first.Ask(left), first.Ask(left)
		if diff := cmp.Diff([][]Candidate{block}, again); diff != "" {
			t.Fatalf("block %d (-first +again):\n%s", i, diff)
		}
		if diff := cmp.Diff(again, twice); diff != "" {
			t.Fatalf("block %d asked twice:\n%s", i, diff)
		}
		first.Tell(game.results[told:game.launches[i]])
		told = game.launches[i]
	}
	whole.Tell(game.results) // at one stroke
	if diff := cmp.Diff(first.Standings(), whole.Standings()); diff != "" {
		t.Errorf("standings (-by blocks +at once):\n%s", diff)
	}
	if diff := cmp.Diff(first.Standings(), game.search.Standings()); diff != "" {
		t.Errorf("standings (-replayed +first):\n%s", diff)
	}
}

func mustGuide(tb testing.TB, o Options) *Guided {
	tb.Helper()
	g, err := NewGuided(o)
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

func TestCandidatesHaveNamesOfTheirOwnAndRunWhereTheyMay(t *testing.T) {
	p := onSurface(closed.M(), 3, 0.03, 90)
	p.options.Valid = func(c record.Flat) bool { return c["reader"] != "mmap" }
	far := record.Flat{"io_workers": 500, "cpu_workers": 8, "buffer": 10, "batch": 1, "limiter": "none", "gogc": 100, "reader": "read", "pin": false, "extra": "x"}
	p.options.Starters = []Candidate{{"c02", far}, {"same", p.options.Reference}}
	game := p.play(t)
	configs, ids := map[string]string{}, map[string]string{p.options.Reference.String(): ReferenceID}
	for _, block := range game.blocks {
		for i, c := range block {
			if known, ok := configs[c.ID]; ok && known != c.Config.String() {
				t.Errorf("%s is two configurations", c.ID)
			}
			if known, ok := ids[c.Config.String()]; ok && known != c.ID {
				t.Errorf("%s is %s again", c.ID, known)
			}
			if slices.ContainsFunc(block[:i], func(other Candidate) bool { return other.ID == c.ID }) {
				t.Errorf("%s is twice in a block", c.ID)
			}
			if c.Config["reader"] == "mmap" {
				t.Errorf("%s cannot run", c.ID)
			}
			configs[c.ID], ids[c.Config.String()] = c.Config.String(), c.ID
		}
	}
	if configs["c02"] != far.String() || game.blocks[0][0].ID != "c02" {
		t.Errorf("the starter was not measured first: %v", names(game.blocks[0]))
	}
}

func TestAValueThatCrashesHalfTheSpaceIsLearnt(t *testing.T) {
	for seed := range uint64(5) {
		p := onSurface(closed.E(), seed, 0.03, 72)
		p.failed = func(c record.Flat) bool { return c["pin"] == true }
		game := p.play(t)
		crashed := 0
		for _, block := range game.blocks[4:] {
			for _, c := range block {
				if p.failed(c.Config) {
					crashed++
				}
			}
		}
		if crashed > 4 {
			t.Errorf("seed %d: %d of 40 crash though half the first ones did", seed, crashed)
		}
		if best := game.search.Standings()[0]; p.failed(best.Config) || best.Feasible < 0.5 {
			t.Errorf("seed %d: %v is recommended", seed, best)
		}
	}
}

func TestRequirementsAreKept(t *testing.T) {
	s := closed.E()
	const limit = 150e6 // bytes: the best of all needs more
	kept := 0
	for seed := range uint64(5) {
		p := onSurface(s, seed, 0.03, 90)
		p.slack = func(c record.Flat) []float64 { return []float64{math.Log(limit / s.RSS(c))} }
		best := p.play(t).search.Standings()[0]
		if s.RSS(best.Config) <= limit*1.02 {
			kept++
		}
		if s.Throughput(best.Config) < s.Throughput(s.Reference) {
			t.Errorf("seed %d: %v is worse than the reference", seed, best)
		}
	}
	if kept < 5 {
		t.Errorf("%d of 5 keep the limit", kept)
	}
}

func TestAPriorOfTheWrongSignIsDropped(t *testing.T) {
	s := closed.M()
	mean := 0.0
	const seeds = 6
	for seed := range uint64(seeds) {
		p := onSurface(s, seed, 0.03, 96)
		p.options.Prior = func(c record.Flat) (float64, float64, bool) {
			return -math.Log(s.Throughput(c) / s.Throughput(s.Reference)), 0.05, true
		}
		mean += p.play(t).last() / seeds
	}
	if mean < 0.96 {
		t.Errorf("with a prior of the wrong sign %.3f of the best after 96 launches", mean)
	}
}

func TestWhereNothingIsFeasibleItIsLookedFor(t *testing.T) {
	s := closed.E()
	found := 0
	for seed := range uint64(5) {
		p := onSurface(s, seed, 0.02, 72)
		p.slack = func(c record.Flat) []float64 { return []float64{math.Log(0.8 * s.P99(s.Reference) / s.P99(c))} }
		if p.slack(s.Reference)[0] > 0 {
			t.Fatal("the reference is feasible already")
		}
		if best := p.play(t).search.Standings()[0]; p.slack(best.Config)[0] > -0.05 && best.Feasible > 0.5 {
			found++
		}
	}
	if found < 4 {
		t.Errorf("%d of 5 searches find what keeps the requirement", found)
	}
}

func TestOddSearchesEndInOrder(t *testing.T) {
	two := space.Space{{Name: "k", Type: space.Int, Min: 3, Max: 4}}
	reference := record.Flat{"k": 3}
	if got := mustGuide(t, Options{Space: two, Reference: reference}).Ask(1); got != nil {
		t.Errorf("one launch is spent: %v", got)
	}
	for _, row := range []struct {
		name   string
		space  space.Space
		result func(Candidate) Result
	}{
		{"two points", two, func(Candidate) Result { return Result{Value: 1} }},
		{"all fail", two, func(Candidate) Result { return Result{Failed: true} }},
		{"all but the reference fail", closed.E().Space(), func(c Candidate) Result { return Result{Failed: c.ID != ReferenceID, Value: 3} }},
		{"no numbers", closed.E().Space(), func(Candidate) Result { return Result{Value: math.NaN()} }},
		{"constant", closed.E().Space(), func(Candidate) Result { return Result{Value: 5} }},
		{"vast", space.Space{{Name: "k", Type: space.Int, Min: 0, Max: 1e9}, {Name: "x", Type: space.Float, Min: 0, Max: 1}}, func(c Candidate) Result { v, _ := c.Config.Float("k"); return Result{Value: v / 1e9} }},
	} {
		t.Run(row.name, func(t *testing.T) {
			g := mustGuide(t, Options{Space: row.space, Reference: reference, Seed: 1})
			left, block := 48, 0
			for blocks := g.Ask(left); blocks != nil; blocks = g.Ask(left) {
				var results []Result
				for _, c := range append([]Candidate{{ReferenceID, reference}}, blocks[0]...) {
					r := row.result(c)
					r.ID, r.Config, r.Block = c.ID, c.Config, block
					results = append(results, r)
				}
				g.Tell(results)
				left, block = left-len(results), block+1
			}
			if left < 0 || block == 0 {
				t.Errorf("%d blocks, %d launches left", block, left)
			}
			for _, s := range g.Standings() {
				if math.IsNaN(s.Gain) || math.IsNaN(s.Deviation) || s.Feasible < 0 || s.Feasible > 1 {
					t.Errorf("standing %v", s)
				}
			}
		})
	}
	if _, err := NewGuided(Options{Space: space.Space{{Name: "x"}}}); err == nil {
		t.Error("a malformed space was taken")
	}
	if _, err := NewGuided(Options{Space: two, Starters: []Candidate{{ReferenceID, reference}}}); err == nil {
		t.Error("a starter called reference was taken")
	}
}

func TestAPriorShortensTheWay(t *testing.T) {
	s := closed.M()
	plain, led := 0.0, 0.0
	const seeds = 5
	for seed := range uint64(seeds) {
		p := onSurface(s, seed, 0.03, 24)
		plain += p.play(t).last() / seeds
		p.options.Prior = func(c record.Flat) (float64, float64, bool) { // right in kind, wrong in size
			return 0.8*math.Log(closed.E().Throughput(c)/closed.E().Throughput(s.Reference)) + 0.02*float64(len(c.String())%3), 0.1, true
		}
		led += p.play(t).last() / seeds
	}
	if led < 0.95 || led < plain {
		t.Errorf("with a prior %.3f of the best after 24 launches, without %.3f", led, plain)
	}
}

func BenchmarkGuided(b *testing.B) {
	b.Run("search/launches=300", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			onSurface(closed.E(), 1, 0.03, 300).play(b)
		}
	})
	for _, n := range []int{60, 150} {
		b.Run(fmt.Sprintf("ask/results=%d", n), func(b *testing.B) {
			game := onSurface(closed.E(), 1, 0.03, n).play(b)
			b.ReportAllocs()
			for b.Loop() {
				game.search.askedLeft, game.search.beliefs.current = -1, nil
				game.search.Ask(300)
			}
		})
	}
}
