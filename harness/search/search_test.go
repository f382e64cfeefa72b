package search

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/record"
	"sluice/harness/space"
)

func options(seed uint64) Options {
	return Options{
		Space: space.Space{
			{Name: "io.workers", Type: space.Int, Scale: space.Log2, Min: 1, Max: 64},
			{Name: "cpu.workers", Type: space.Int, Scale: space.Log2, Min: 1, Max: 4},
		},
		Reference: record.Flat{"io.workers": 4, "cpu.workers": 2, "io.reader": "read"},
		Starters: []Candidate{
			{"naive", record.Flat{"io.workers": 2, "cpu.workers": 2, "io.reader": "read"}},
			{"same", record.Flat{"io.workers": 4, "cpu.workers": int64(2), "io.reader": "read"}},       // is the reference
			{"go-idiom", record.Flat{"io.workers": 64, "cpu.workers": 64, "io.reader": "read"}},        // lies outside
			{"twice", record.Flat{"io.workers": 2.0, "cpu.workers": int64(2), "io.reader": "read"}},    // is naive
			{"c01", record.Flat{"io.workers": 3, "cpu.workers": 3, "io.reader": "read", "extra": "x"}}, // has a drawn one's name
		},
		Seed: seed,
	}
}

func names(candidates []Candidate) []string {
	ids := make([]string, len(candidates))
	for i, c := range candidates {
		ids[i] = c.ID
	}
	return ids
}

func TestDesignsStartWithTheStartersAndAreDistinct(t *testing.T) {
	got, err := Design(options(1), 40)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"naive", "go-idiom", "c01", "c02", "c03"}, names(got)[:5]); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if len(got) != 40 {
		t.Errorf("%d candidates, want 40", len(got))
	}
	seen, ids := map[string]bool{options(1).Reference.String(): true}, map[string]bool{}
	for _, c := range got {
		if seen[c.Config.String()] || ids[c.ID] {
			t.Errorf("%s (%v) is there twice, or is the reference", c.ID, c.Config)
		}
		seen[c.Config.String()], ids[c.ID] = true, true
		if c.Config["io.reader"] != "read" {
			t.Errorf("%s lacks the reference's other knobs: %v", c.ID, c.Config)
		}
	}
}

func TestDesignsRepeatBySeed(t *testing.T) {
	first, _ := Design(options(7), 20)
	again, _ := Design(options(7), 20)
	other, _ := Design(options(8), 20)
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("equal seeds differ:\n%s", diff)
	}
	if cmp.Equal(first, other) {
		t.Error("other seeds draw the same")
	}
	shorter, _ := Design(options(7), 10)
	if diff := cmp.Diff(first[:10], shorter); diff != "" {
		t.Errorf("a longer design does not begin like a shorter one:\n%s", diff)
	}
}

func TestSmallSpacesAreExhausted(t *testing.T) {
	o := Options{
		Space:     space.Space{{Name: "k", Type: space.Int, Scale: space.Log2, Min: 1, Max: 64}},
		Reference: record.Flat{"k": 4},
	}
	got, err := Design(o, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 63 {
		t.Errorf("%d candidates of 64 values, want all but the reference", len(got))
	}
	o.Space = space.Space{{Name: "k", Type: space.Int, Min: 4, Max: 4}}
	if _, err := Design(o, 3); err == nil {
		t.Error("a space of nothing but the reference gives a design")
	}
}

func TestWrongOptionsAreRefused(t *testing.T) {
	o := options(1)
	o.Starters = append(o.Starters, Candidate{ID: "naive"}, Candidate{})
	o.Space[0].Min = 100
	_, err := Design(o, 5)
	for _, want := range []string{"min 100 is above max 64", `starter "naive"`, `starter ""`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v lacks %q", err, want)
		}
	}
	if _, err := Design(options(1), 0); err == nil {
		t.Error("a design of nothing is given")
	}
}

func TestBlocksAreEvenAndDealtAnewEachRound(t *testing.T) {
	for n, want := range map[int][]int{0: {}, 1: {1}, 5: {5}, 6: {3, 3}, 12: {4, 4, 4}, 11: {3, 4, 4}} {
		arms := make([]Candidate, n)
		for i := range arms {
			arms[i].ID = fmt.Sprint(i)
		}
		blocks := Blocks(arms, 1, 0)
		sizes, all := []int{}, []string{}
		for _, b := range blocks {
			sizes = append(sizes, len(b))
			all = append(all, names(b)...)
		}
		if !slices.Equal(sizes, want) {
			t.Errorf("%d arms are dealt in %v, want %v", n, sizes, want)
		}
		slices.Sort(all)
		if len(slices.Compact(all)) != n {
			t.Errorf("%d arms: some are missing", n)
		}
		if n == 12 && (cmp.Equal(blocks, Blocks(arms, 1, 1)) || !cmp.Equal(blocks, Blocks(arms, 1, 0))) {
			t.Error("rounds are not dealt anew, or not repeated by seed")
		}
	}
}

func TestPlansFitTheirTrials(t *testing.T) {
	for trials := leastTrials; trials <= 400; trials++ {
		for _, eta := range []float64{2, 2.5, 3, 4} {
			p, err := MakePlan(trials, eta, 0)
			check(t, fmt.Sprintf("%d trials, eta %g", trials, eta), p, err, trials)
		}
		p, err := MakeRefiningPlan(trials, 0)
		check(t, fmt.Sprintf("%d trials, refining", trials), p, err, trials)
		p, err = MakeRefiningPlan(trials, 9)
		check(t, fmt.Sprintf("%d trials, 9 candidates", trials), p, err, trials)
		if p.Candidates() > 9 {
			t.Errorf("%d trials: %d candidates where there are 9", trials, p.Candidates())
		}
	}
}

func check(t *testing.T, what string, p Plan, err error, trials int) {
	t.Helper()
	if err == nil {
		err = p.Validate()
	}
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if got := p.Trials(); got > trials || got < trials-2 {
		t.Errorf("%s: %+v costs %d", what, p.Rungs, got)
	}
}

func TestAPlanDividesByEtaDownToTheFinalists(t *testing.T) {
	p, err := MakePlan(48, 3, 0)
	if err != nil {
		t.Fatal(err)
	}
	// With a reference in every block: 27 + 6, 9 + 2 and 3 + 1 trials.
	if diff := cmp.Diff([]Rung{{0, 27}, {9, 0}, {3, 0}}, p.Rungs); diff != "" {
		t.Errorf("rungs (-want +got):\n%s", diff)
	}
	if p.Trials() != 48 || p.Candidates() != 27 {
		t.Errorf("%d trials of %d candidates, want 48 of 27", p.Trials(), p.Candidates())
	}
}

func TestPlansThatCannotBeAreRefused(t *testing.T) {
	for name, call := range map[string]func() error{
		"two trials":     func() error { _, err := MakePlan(2, 3, 0); return err },
		"eta of one":     func() error { _, err := MakePlan(50, 1, 0); return err },
		"eta of NaN":     func() error { _, err := MakePlan(50, math.NaN(), 0); return err },
		"minus one":      func() error { _, err := MakePlan(50, 3, -1); return err },
		"no rungs":       Plan{}.Validate,
		"a rising plan":  Plan{Rungs: []Rung{{0, 3}, {4, 0}}}.Validate,
		"keeps nothing":  Plan{Rungs: []Rung{{0, 3}, {0, 2}}}.Validate,
		"keeps at first": Plan{Rungs: []Rung{{1, 3}}}.Validate,
		"empty design":   func() error { _, err := NewLadder(options(1), Once(0)); return err },
	} {
		if call() == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// play runs a search to its end with the score, noting what each rung measured.
func play(t *testing.T, o Options, p Plan, score func(Candidate) float64) (rungs [][]string, h *Ladder) {
	t.Helper()
	h, err := NewLadder(o, p)
	if err != nil {
		t.Fatal(err)
	}
	for blocks := h.Ask(); blocks != nil; blocks = h.Ask() {
		if !cmp.Equal(blocks, h.Ask()) {
			t.Fatal("asking twice gives two answers")
		}
		var ids []string
		for _, b := range blocks {
			if len(b) > BlockArms {
				t.Errorf("a block of %d", len(b))
			}
			ids = append(ids, names(b)...)
		}
		slices.Sort(ids)
		rungs = append(rungs, ids)
		h.Tell(score)
	}
	return rungs, h
}

func ioWorkers(c Candidate) float64 { return float64(c.Config["io.workers"].(int)) }

func TestRungsKeepTheBestAndMeasureAllOfThemAgain(t *testing.T) {
	rungs, h := play(t, options(3), Plan{Rungs: []Rung{{0, 9}, {3, 0}, {2, 0}}}, ioWorkers)
	if len(rungs) != 3 || len(rungs[0]) != 9 || len(rungs[1]) != 3 || len(rungs[2]) != 2 {
		t.Fatalf("rungs measured %v", rungs)
	}
	for i := 1; i < len(rungs); i++ {
		for _, id := range rungs[i] {
			if !slices.Contains(rungs[i-1], id) {
				t.Errorf("rung %d measures %s, which rung %d did not", i, id, i-1)
			}
		}
	}
	last := h.Survivors()
	if !h.Done() || h.Rung() != 3 || last[0].ID != "go-idiom" || ioWorkers(last[0]) < ioWorkers(last[1]) {
		t.Errorf("survivors %v after rung %d, want go-idiom first", last, h.Rung())
	}
	h.Tell(ioWorkers) // nothing more to tell
	if h.Rung() != 3 || h.Ask() != nil {
		t.Error("a finished search goes on")
	}
}

func TestWhatNeverEndedWellIsDroppedFirst(t *testing.T) {
	_, h := play(t, options(3), Plan{Rungs: []Rung{{0, 4}, {2, 0}}}, func(c Candidate) float64 {
		if c.ID == "naive" || c.ID == "c02" {
			return math.NaN()
		}
		return -1
	})
	if diff := cmp.Diff([]string{"go-idiom", "c01"}, names(h.Survivors())); diff != "" {
		t.Errorf("survivors (-want +got):\n%s", diff)
	}
}

func TestNewcomersStandNearThoseKept(t *testing.T) {
	o := options(5)
	o.Space[0].Max = 1 << 20
	best := func(c Candidate) float64 { return -math.Abs(math.Log2(ioWorkers(c)) - 10) }
	rungs, h := play(t, o, Plan{Rungs: []Rung{{0, 20}, {2, 3}, {2, 3}, {2, 3}, {2, 0}}}, best)
	if len(rungs[1]) != 5 || len(h.Survivors()) != 2 {
		t.Fatalf("rungs %v", rungs)
	}
	if fresh := slices.DeleteFunc(slices.Clone(rungs[1]), func(id string) bool { return slices.Contains(rungs[0], id) }); len(fresh) != 3 {
		t.Errorf("newcomers %v, want three", fresh)
	}
	if off := -best(h.Survivors()[0]); off > 1 {
		t.Errorf("the winner is %.2f doublings off, want less than one", off)
	}
	again, _ := play(t, o, Plan{Rungs: []Rung{{0, 20}, {2, 3}, {2, 3}, {2, 3}, {2, 0}}}, best)
	if diff := cmp.Diff(rungs, again); diff != "" {
		t.Errorf("the same seed and scores differ:\n%s", diff)
	}
}

func ExampleLadder() {
	plan, err := MakeRefiningPlan(60, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	search, err := NewLadder(options(1), plan)
	if err != nil {
		fmt.Println(err)
		return
	}
	trials := 0
	for blocks := search.Ask(); blocks != nil; blocks = search.Ask() {
		for _, block := range blocks {
			trials += 1 + len(block) // measure the reference and the block, in random order
		}
		search.Tell(func(c Candidate) float64 { return -math.Abs(ioWorkers(c) - 20) })
	}
	fmt.Println(trials, "trials; io.workers", search.Survivors()[0].Config["io.workers"])
	// Output: 60 trials; io.workers 20
}
