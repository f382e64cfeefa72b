package replay

import (
	"math"
	"strings"
	"testing"

	"sluice/harness/search"
)

func TestAPathIsScoredByWhatItRecommendsToTheEnd(t *testing.T) {
	const best = 0.0
	near, far := math.Log(0.97), math.Log(0.80)
	for _, row := range []struct {
		name    string
		steps   []step
		reached int // 0: not
		at      int
		shareAt float64
	}{
		{"never", []step{{0, far}, {6, far}}, 0, 6, 0.80},
		{"from a launch on", []step{{0, far}, {6, near}, {12, near}}, 6, 5, 0.80},
		{"lost and found", []step{{0, far}, {6, near}, {12, far}, {18, near}}, 18, 17, 0.80},
		{"lost at the end", []step{{0, far}, {6, near}, {12, far}}, 0, 11, 0.97},
		{"two within, told at once", []step{{0, far}, {6, far}, {6, near}}, 6, 6, 0.97},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := path{recommended: row.steps}
			got, ok := p.reached(best, 0.05)
			if got != row.reached || ok != (row.reached > 0) {
				t.Errorf("within 5 %% from launch %d (%v), want %d", got, ok, row.reached)
			}
			if got := math.Exp(p.at(row.at)); math.Abs(got-row.shareAt) > 1e-9 {
				t.Errorf("after %d launches it recommends what is worth %.3f, want %.3f", row.at, got, row.shareAt)
			}
		})
	}
}

func TestEveryLaunchCountsAndNoneIsSpentBeyond(t *testing.T) {
	g := grid{rounds: 4, noise: 0.01}.ground(t)
	block := []search.Candidate{candidate(1, 1), candidate(2, 1), candidate(4, 1), candidate(8, 1), candidate(16, 1)}
	s := &scripted{asks: [][][]search.Candidate{{block}, {block, block}, {block}}}
	var told []int
	var lefts []int
	s.onTell = func(results []search.Result) { told = append(told, len(results)) }
	entrant := search.Spec{Name: "scripted", New: func(search.Options) (search.Strategy, error) { return s, nil }}
	p, err := play(g, entrant, Options{Launches: 15}, 1)
	if err != nil {
		t.Fatal(err)
	}
	lefts = s.lefts
	if len(told) != 2 || told[0] != 6 || told[1] != 9 || p.launches != 15 {
		t.Errorf("told %v results, %d launches; want 6 and, of two blocks, the 9 that were left", told, p.launches)
	}
	if len(lefts) != 2 || lefts[0] != 15 || lefts[1] != 9 {
		t.Errorf("asked with %v left, want 15 and 9", lefts)
	}
	references := 0
	for _, r := range s.told {
		if r.ID == search.ReferenceID {
			references++
		}
	}
	if references != 3 {
		t.Errorf("%d references told, want one for each block", references)
	}
}

func TestALaunchIsWastedOnNobody(t *testing.T) {
	g := grid{rounds: 4}.ground(t)
	s := &scripted{asks: [][][]search.Candidate{{{candidate(1, 1), candidate(2, 1)}}, {{candidate(4, 1)}}}}
	p, err := play(g, s.entrant(), Options{Launches: 4}, 1) // one launch is left: no pair
	if err != nil || p.launches != 3 {
		t.Errorf("%d launches (%v), want 3", p.launches, err)
	}
}

func TestWhatIsNotThoughtBetterIsNotRecommended(t *testing.T) {
	g := grid{rounds: 4}.ground(t)
	good := candidate(8, 1)
	for _, row := range []struct {
		name      string
		standings []search.Standing
		chosen    bool
	}{
		{"better", []search.Standing{standing(good, 0.1)}, true},
		{"no better", []search.Standing{standing(good, 0)}, false},
		{"not a number", []search.Standing{standing(good, math.NaN())}, false},
		{"likely to fail", []search.Standing{{Candidate: good, Gain: 1, Feasible: 0.4}}, false},
		{"nobody", nil, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := &scripted{asks: [][][]search.Candidate{{{good}}}, says: func([]search.Result) []search.Standing { return row.standings }}
			p, err := play(g, s.entrant(), Options{Launches: 10}, 1)
			if err != nil {
				t.Fatal(err)
			}
			want := 0.0
			if row.chosen {
				want = g.Gain(good.Config)
			}
			if got := p.end(); got != want || (p.chosen != nil) != row.chosen {
				t.Errorf("recommends what gains %g, want %g", got, want)
			}
		})
	}
}

func TestAHitIsCountedWithinItsBlock(t *testing.T) {
	g := grid{rounds: 4}.ground(t)
	s := &scripted{asks: [][][]search.Candidate{{{candidate(1, 1)}}, {{candidate(8, 1), candidate(1, 2), candidate(2, 8)}}}}
	seen := map[int]bool{}
	for seed := range uint64(60) {
		p, err := play(g, s.entrant(), Options{Launches: 10}, seed)
		if err != nil {
			t.Fatal(err)
		}
		launch, ok := p.hit(g.Best(), 0.02)
		if !ok {
			t.Fatal("the best was tried and not hit")
		}
		seen[launch] = true
	}
	for launch := range seen {
		if launch < 3 || launch > 6 {
			t.Errorf("hit at launch %d, want one of the second block's, 3 to 6", launch)
		}
	}
	if len(seen) != 4 {
		t.Errorf("hits at %v, want every place of the block", seen)
	}
}

func TestAStrategyThatAsksForWhatIsNotThereIsAnError(t *testing.T) {
	g := grid{rounds: 4}.ground(t)
	for want, block := range map[string][]search.Candidate{"made-up does not hold": {candidate(7, 1)}, "without candidates": {}} {
		s := &scripted{asks: [][][]search.Candidate{{block}}}
		if _, err := play(g, s.entrant(), Options{Launches: 10}, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
