package search

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// told is a ledger of one-trial candidates in blocks of five, their gains and the
// noise normal.
func told(seed uint64, blocks, repeats int, spread, noise float64) (l ledger, truth map[string]float64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	l, truth = newLedger(), map[string]float64{}
	for b := range blocks {
		gains := make([]float64, BlockArms)
		for i := range gains {
			gains[i] = spread * rng.NormFloat64()
		}
		for k := range repeats {
			offset := 9 + 2*rng.NormFloat64()
			results := []Result{{ID: ReferenceID, Block: b*repeats + k, Value: offset + noise*rng.NormFloat64()}}
			for i, g := range gains {
				id := fmt.Sprint(b, "-", i)
				truth[id] = g
				results = append(results, Result{ID: id, Block: b*repeats + k, Value: offset + g + noise*rng.NormFloat64()})
			}
			l.add(results)
		}
	}
	return l, truth
}

func TestGainsAreFoundUnderDriftingBlocks(t *testing.T) {
	for _, noise := range []float64{0, .02, .1} {
		l, truth := told(3, 12, 4, .3, noise)
		off, covered := 0.0, 0
		standings := l.Standings()
		for _, s := range standings {
			miss := s.Gain - truth[s.ID]
			off += miss * miss / float64(len(standings))
			if math.Abs(miss) <= 2*s.Deviation {
				covered++
			}
		}
		if off = math.Sqrt(off); off > .8*noise+.01 {
			t.Errorf("noise %g: gains of four trials are off by %.4f on average", noise, off)
		}
		if covered < len(standings)*85/100 {
			t.Errorf("noise %g: %d of %d gains lie within two deviations of the truth", noise, covered, len(standings))
		}
	}
}

func TestTheReferencesLuckDoesNotPassToItsBlock(t *testing.T) {
	// In block 1 the reference was measured far too slow. Four candidates of it were
	// measured in block 2 as well, and know better.
	l := newLedger()
	for block, luck := range []float64{-.5, 0} {
		results := []Result{{ID: ReferenceID, Block: block, Value: luck}}
		for i := range 4 {
			results = append(results, Result{ID: fmt.Sprint(i), Block: block, Value: .01 * float64(i)})
		}
		l.add(append(results, Result{ID: fmt.Sprint("only in ", block), Block: block, Value: .02}))
	}
	gains := map[string]float64{}
	for _, s := range l.Standings() {
		gains[s.ID] = s.Gain
	}
	if apart := gains["only in 0"] - gains["only in 1"]; apart > .1 {
		t.Errorf("%.3f lies between two candidates that measured the same beside the same neighbours; the references say 0.5", apart)
	}
}

func TestRequirementsAndFailuresDecideBeforeGain(t *testing.T) {
	l := newLedger()
	for block := range 3 {
		at := func(id string, value, slack float64) Result {
			return Result{ID: id, Block: block, Value: value, Slack: []float64{1, slack}}
		}
		l.add([]Result{
			at(ReferenceID, 0, 1),
			at("breaks", .5, -.03), at("breaks more", .6, -.05), at("fast", .2, .3), at("slow", -.1, .3), at("odd", .9, math.NaN()),
			{ID: "sometimes", Block: block, Value: .4, Slack: []float64{1, 1}, Failed: block == 1},
			{ID: "never", Block: block, Failed: true},
		})
	}
	standings := l.Standings()
	want := []string{"fast", "slow", "sometimes", "breaks", "breaks more", "odd", "never"}
	for i, s := range standings {
		if i >= len(want) || s.ID != want[i] {
			t.Fatalf("at %d stands %s (feasible %.3g), want %v", i, s.ID, s.Feasible, want)
		}
	}
	if f := standings[0].Feasible; f < .95 {
		t.Errorf("fast is feasible with %.3f", f)
	}
	if f := standings[2].Feasible; math.Abs(f-2.0/3) > .01 {
		t.Errorf("what ran twice of three times is feasible with %.3f", f)
	}
	if last := standings[6]; last.Feasible != 0 || !math.IsInf(last.Deviation, 1) || last.Gain != 0 || last.Trials != 3 {
		t.Errorf("what never ran: %+v", last)
	}
}

func TestManyTrialsStandBeforeOneThatWasAsGood(t *testing.T) {
	l, _ := told(1, 8, 4, .1, .05)
	l.add([]Result{{ID: ReferenceID, Block: 100, Value: 5}, {ID: "new", Block: 100, Value: 5 + l.Standings()[0].Gain}})
	standings := l.Standings()
	if standings[0].ID == "new" || standings[0].Trials != 4 {
		t.Errorf("%s leads after %d trials", standings[0].ID, standings[0].Trials)
	}
}

func TestALedgerOfNothingStands(t *testing.T) {
	l := newLedger()
	if len(l.Standings()) != 0 {
		t.Error("standings of nothing")
	}
	l.add([]Result{{ID: ReferenceID, Value: 1}})
	if len(l.Standings()) != 0 {
		t.Error("the reference stands among candidates")
	}
	l.add([]Result{{ID: "a", Block: 5, Value: 7}})
	if s := l.Standings(); len(s) != 1 || math.IsNaN(s[0].Gain) {
		t.Errorf("a candidate in a block without reference: %+v", s)
	}
}

func BenchmarkStandings(b *testing.B) {
	for _, launches := range []int{60, 300, 900} {
		b.Run(fmt.Sprintf("launches=%d", launches), func(b *testing.B) {
			l, _ := told(1, launches/6, 1, .3, .05)
			for b.Loop() {
				l.fitted = nil
				l.Standings()
			}
		})
	}
}
