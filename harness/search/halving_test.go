package search

import (
	"testing"

	"sluice/harness/record"
)

func TestShortHalvingLivesOfItsStartersAndLeavesRareKnobsAlone(t *testing.T) {
	o := lands()[1].options
	for left, wantRare := range map[int]bool{40: false, refineLeast: true, 120: true} {
		rare := false
		s, err := NewHalving(o)
		if err != nil {
			t.Fatal(err)
		}
		first := map[string]bool{}
		for left := left; s.Ask(left) != nil; {
			var results []Result
			for i, block := range s.Ask(left) {
				left -= len(block) + 1
				results = append(results, Result{ID: ReferenceID, Block: left})
				for _, c := range block {
					first[c.ID] = first[c.ID] || i >= 0
					rare = rare || c.Config["rare"] == "some"
					results = append(results, Result{ID: c.ID, Config: c.Config, Block: left, Value: peak(c.Config)})
				}
			}
			s.Tell(results)
		}
		if rare != wantRare || !first["guess"] || !first["outside"] {
			t.Errorf("%d launches: rare knobs moved %v, want %v; starters among %d measured: %v, %v", left, rare, wantRare, len(first), first["guess"], first["outside"])
		}
	}
}

func TestHalvingSpendsWhatItIsGiven(t *testing.T) {
	for _, launches := range []int{3, 6, 12, 30, 59, 60, 100, 240} {
		s, err := NewHalving(hill(1))
		if err != nil {
			t.Fatal(err)
		}
		spent := 0
		for blocks := s.Ask(launches); blocks != nil; blocks = s.Ask(launches - spent) {
			var results []Result
			for _, block := range blocks {
				spent += len(block) + 1
				for _, c := range block {
					results = append(results, Result{ID: c.ID, Config: c.Config, Block: spent, Value: peak(c.Config)})
				}
			}
			s.Tell(results)
		}
		if spent > launches || spent < launches-2 {
			t.Errorf("%d of %d launches are spent", spent, launches)
		}
	}
}

func TestWhatWasNotToldStandsBehind(t *testing.T) {
	s, err := NewHalving(Options{Space: hill(1).Space, Reference: record.Flat{"a": 1, "b": 1, "c": 1}, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	var results []Result
	for i, block := range s.Ask(120) {
		results = append(results, Result{ID: ReferenceID, Block: i, Value: 1})
		if i%2 == 0 {
			for _, c := range block {
				told[c.ID] = true
				results = append(results, Result{ID: c.ID, Config: c.Config, Block: i, Value: peak(c.Config)})
			}
		}
	}
	s.Tell(results)
	kept := 0
	for _, block := range s.Ask(72) {
		for _, c := range block {
			if told[c.ID] {
				kept++
			}
		}
	}
	if kept != refineKeep || len(s.Standings()) != len(told) {
		t.Errorf("%d of the rung after were told, want %d; %d standings of %d", kept, refineKeep, len(s.Standings()), len(told))
	}
}
