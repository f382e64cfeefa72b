package replay

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"sluice/harness/record"
	"sluice/harness/search"
	"sluice/harness/search/surface"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func line(t *testing.T, r record.Replay) string {
	t.Helper()
	data, err := json.Marshal(r) // refuses NaN and Inf
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestReplaysComeOutTheSameOnAnyNumberOfCores(t *testing.T) {
	g := grid{rounds: 6, noise: 0.05}.ground(t)
	o := Options{Seeds: 12, First: 5, Launches: 60, Eps: []float64{0.02, 0.05}, Confirm: 8, Start: true}
	for _, e := range search.Strategies() {
		var lines []string
		for _, cores := range []int{1, 4} {
			before := runtime.GOMAXPROCS(cores)
			r, err := Run(t.Context(), g, e, o)
			runtime.GOMAXPROCS(before)
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, line(t, r))
		}
		if lines[0] != lines[1] {
			t.Errorf("%s: on one core\n%s\non four\n%s", e.Name, lines[0], lines[1])
		}
	}
}

// An oracle is told the best and recommends it at once; a pessimist recommends the
// worst, with a claim of twice its worth.
func TestScoresKnowTheBestFromTheWorst(t *testing.T) {
	g := grid{rounds: 4}.ground(t)
	best, worst := candidate(8, 1), candidate(32, 8)
	saying := func(c search.Candidate, gain float64) search.Spec {
		s := &scripted{
			asks: [][][]search.Candidate{{{c, candidate(1, 1)}}, {{c}}, {{c}}},
			says: func([]search.Result) []search.Standing { return []search.Standing{standing(c, gain)} },
		}
		return s.entrant()
	}
	o := Options{Seeds: 20, First: 1, Launches: 24, Eps: []float64{0.02}, Confirm: 6}
	r, err := Run(t.Context(), g, saying(best, g.Gain(best.Config)), o)
	if err != nil {
		t.Fatal(err)
	}
	rec := r.Targets[0].Rec
	if rec.Median != 3 || rec.N95 != 3 || rec.ERT != 3 || rec.Reached.K != 20 || math.Abs(rec.Reached.Low-0.831566) > 1e-5 || rec.Reached.High != 1 {
		t.Errorf("the oracle reaches its target as %+v, want at launch 3 in 20 of 20 (83 to 100 %%)", rec)
	}
	if r.Power.Mean < 0.7 || r.Bias == nil || math.Abs(r.Bias.Mean) > 1e-6 || r.Worse.K != 0 || r.Within[0].K != 20 {
		t.Errorf("P %+v, bias %+v, worse %+v", r.Power, r.Bias, r.Worse)
	}
	if c := r.Confirm; c.Verdicts[record.Better] != 20 || c.Kept.K != 0 || math.Abs(c.Bias.Mean) > 1e-6 || c.Within[0].K != 20 {
		t.Errorf("confirmation of the best without noise: %+v", c)
	}
	r, err = Run(t.Context(), g, saying(worst, g.Gain(worst.Config)+math.Log(2)), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Bias != nil && math.Abs(r.Bias.Mean-1) > 1e-6 || r.Targets[0].Rec.Reached.K != 0 || r.Targets[0].Rec.N95 != 0 || r.Targets[0].Rec.ERT != 0 {
		t.Errorf("the pessimist: bias %+v, target %+v", r.Bias, r.Targets[0])
	}
	if r.Worse.K != 20-r.Kept.K || r.Confirm.Kept.K != 20 || r.Confirm.Worse.K != 0 {
		t.Errorf("the pessimist is worse in %d and kept in %d; confirmation keeps %d, want all", r.Worse.K, r.Kept.K, r.Confirm.Kept.K)
	}
}

func TestReachCountsCensoredSearches(t *testing.T) {
	at := []int{10, 20, 30, 0, 40, 50, 60, 70, 80, 90} // 0: never
	paths := make([]path, len(at))
	for i := range paths {
		paths[i].launches = 100
		paths[i].hits = []step{{launch: at[i]}}
	}
	paths[3].launches = 80 // it gave up before its budget was spent
	came := func(p path) (int, bool) { return p.hits[0].launch, p.hits[0].launch > 0 }
	got := reach(paths, came)
	if got.Reached.K != 9 || got.Median != 50 || got.N95 != 0 || math.Abs(got.ERT-(450+80)/9.0) > 1e-5 {
		t.Errorf("%+v, want 9 of 10, a median of 50, no N95 and an ERT of 58.9", got)
	}
	paths[3].hits[0].launch = 95
	if got := reach(paths, came); got.N95 != 95 {
		t.Errorf("N95 is %d, want that of the last of ten", got.N95)
	}
}

// What confirmation says is fresh: however lucky the choice, its claim has no bias and
// its interval holds the truth as often as it promises.
func TestConfirmationKnowsNoLuck(t *testing.T) {
	noisy := grid{rounds: 8, noise: 0.05}.ground(t)
	for _, row := range []struct {
		name string
		g    Ground
	}{{"surface", OnSurface(surface.M(), 0.05)}, {"table", noisy}} {
		t.Run(row.name, func(t *testing.T) {
			r, err := Run(t.Context(), row.g, naive(), Options{Seeds: 300, First: 1, Launches: 48, Eps: []float64{0.05}, Confirm: 12})
			if err != nil {
				t.Fatal(err)
			}
			if r.Bias.Low < 0.005 {
				t.Errorf("the best of many noisy figures claims %.3f … %.3f more than the truth, want more", r.Bias.Low, r.Bias.High)
			}
			c := r.Confirm
			if math.Abs(c.Bias.Mean) > 0.006 {
				t.Errorf("confirmed gains are off by %.4f (%.4f … %.4f), want none", c.Bias.Mean, c.Bias.Low, c.Bias.High)
			}
			if share := float64(c.Coverage.K) / float64(c.Coverage.N); share < 0.91 {
				t.Errorf("intervals of 95 %% hold the truth in %.3f of %d", share, c.Coverage.N)
			}
			if c.Worse.K > r.Worse.K {
				t.Errorf("%d worse than the reference after confirmation, %d before", c.Worse.K, r.Worse.K)
			}
		})
	}
}

func TestNoiseOfHalfIsOnlyHard(t *testing.T) {
	g := OnSurface(surface.E(), 0.5)
	for _, e := range search.Strategies() {
		if err := Opens(g, e, Options{}); err != nil {
			if e.Name != "grid" {
				t.Error(err)
			}
			continue
		}
		r, err := Run(t.Context(), g, e, Options{Seeds: 6, Launches: 61, Eps: []float64{0.02}, Confirm: 5})
		if err != nil {
			t.Fatal(err)
		}
		line(t, r)
		if r.Confirm.Coverage.N != 0 || r.Confirm.Kept.K != 6 {
			t.Errorf("%s: five pairs have no interval of 95 %%, and yet %+v", e.Name, r.Confirm)
		}
	}
}

func TestAChoiceThatFailsIsNotReleased(t *testing.T) {
	bad := candidate(8, 8)
	g := grid{rounds: 4, fails: func(c record.Flat) bool { return c["batch"] == int64(8) }}.ground(t)
	s := &scripted{asks: [][][]search.Candidate{{{bad}}}, says: func([]search.Result) []search.Standing { return []search.Standing{standing(bad, 1)} }}
	r, err := Run(t.Context(), g, s.entrant(), Options{Seeds: 3, Launches: 10, Eps: []float64{0.02}, Confirm: 8})
	if err != nil {
		t.Fatal(err)
	}
	line(t, r)
	if r.Worse.K != 3 || r.Confirm.Kept.K != 3 || r.Confirm.Worse.K != 0 || r.Bias != nil {
		t.Errorf("worse %d of 3, kept after confirmation %d, worse then %d, bias %v", r.Worse.K, r.Confirm.Kept.K, r.Confirm.Worse.K, r.Bias)
	}
}

func TestAnInterruptedReplayKeepsWhatHasEnded(t *testing.T) {
	g := grid{rounds: 4, noise: 0.02}.ground(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := 0
	r, err := Run(ctx, g, naive(), Options{Seeds: 500, Launches: 30, Eps: []float64{0.05}, Progress: func() {
		if ended++; ended == 7 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || r.Seeds < 7 || r.Seeds > 7+runtime.GOMAXPROCS(0) || r.Asked != 500 || r.Targets[0].Rec.Reached.N != r.Seeds {
		t.Errorf("%v; %d of %d searches, want some seven", err, r.Seeds, r.Asked)
	}
	cancelled, stop := context.WithCancel(t.Context())
	stop()
	if r, err := Run(cancelled, g, naive(), Options{Seeds: 5, Launches: 30}); err == nil || r.Seeds != 0 {
		t.Errorf("%d searches after the end (%v)", r.Seeds, err)
	}
}

func TestTheFirstErrorAndAPanicReachTheCaller(t *testing.T) {
	g := grid{rounds: 4}.ground(t)
	bad := search.Spec{Name: "bad", New: func(o search.Options) (search.Strategy, error) { return nil, errors.New("no luck") }}
	if _, err := Run(t.Context(), g, bad, Options{Seeds: 50, Launches: 30}); err == nil || !strings.Contains(err.Error(), "bad on made-up: no luck") {
		t.Errorf("%v", err)
	}
	defer func() {
		if said, _ := recover().(string); !strings.Contains(said, "out of bounds of my mind") || !strings.Contains(said, "run_test.go") {
			t.Errorf("raised %q, want what was raised, with its stack", said)
		}
	}()
	var calls atomic.Int64
	_, _ = Run(t.Context(), g, search.Spec{Name: "mad", New: func(search.Options) (search.Strategy, error) {
		calls.Add(1)
		panic("out of bounds of my mind")
	}}, Options{Seeds: 50, Launches: 30})
	t.Error("nothing was raised")
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	for want, o := range map[string]Options{
		"0 seeds": {Launches: 10}, "2 launches": {Seeds: 1, Launches: 2}, "within 1 of": {Seeds: 1, Launches: 10, Eps: []float64{1}},
		"within NaN": {Seeds: 1, Launches: 10, Eps: []float64{math.NaN()}}, "-1 blocks": {Seeds: 1, Launches: 10, Confirm: -1},
	} {
		if _, err := Run(t.Context(), nil, search.Spec{}, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// The model's word about a configuration reaches the strategy, and its launches count.
func TestThePriorReachesTheStrategy(t *testing.T) {
	table := grid{rounds: 4}.make(t)
	expect := func(c record.Flat) (gain, deviation float64, ok bool) {
		v, _ := c.Float(table.Space[0].Name)
		return v, 0.1, true
	}
	if err := table.Expect([]string{"grid/0/0", "grid/0/1"}, expect); err != nil {
		t.Fatal(err)
	}
	g, err := Record(table)
	if err != nil {
		t.Fatal(err)
	}
	c := candidate(8, 1).Config
	var known float64
	asked := &scripted{}
	e := search.Spec{Name: "asks", New: func(o search.Options) (search.Strategy, error) {
		known, _, _ = o.Prior(c)
		if len(o.Starters) != 1 || !o.Valid(candidate(2, 2).Config) || o.Starters[0].Config["gogc"] != int64(100) {
			return nil, errors.New("starters are not whole, or what was measured is not valid")
		}
		return asked, nil
	}}
	want, _, _ := expect(c)
	if _, err := Run(t.Context(), g, e, Options{Seeds: 1, Launches: 10, Start: true, Model: true}); err != nil || known != want || asked.lefts[0] != 8 {
		t.Errorf("the prior says %g (%v) with %v launches left, want %g and 8", known, err, asked.lefts, want)
	}
	without, err := Record(grid{rounds: 4}.make(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := Opens(without, e, Options{Model: true}); !errors.Is(err, errNoModel) {
		t.Errorf("a table without expectations: %v", err)
	}
}
