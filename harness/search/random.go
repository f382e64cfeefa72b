package search

// Random measures seeded random draws once each, the starters first, until the
// launches or the space end.
type Random struct{ once }

// NewRandom prepares the search. It is an error when the options are wrong or the
// space holds nothing but the reference.
func NewRandom(o Options) (*Random, error) {
	d, err := newDesigner(o, nil)
	if err != nil {
		return nil, err
	}
	return &Random{once{ledger: newLedger(), designer: d}}, nil
}

// once measures whatever its designer hands out, a block at a time, and nothing
// twice.
type once struct {
	ledger

	designer *designer
	asked    [][]Candidate
}

// Ask returns one block.
func (s *once) Ask(left int) [][]Candidate {
	if s.asked == nil && left >= 2 {
		if block := s.designer.take(min(BlockArms, left-1)); len(block) > 0 {
			s.asked = [][]Candidate{block}
		}
	}
	return s.asked
}

// Tell enters the results.
func (s *once) Tell(results []Result) {
	if s.asked != nil {
		s.add(results)
		s.asked = nil
	}
}
