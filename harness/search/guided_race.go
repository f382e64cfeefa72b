package search

import (
	"cmp"
	"slices"

	"sluice/harness/record"
)

// How the end of a search tells contenders apart.
const (
	raceField = 25   // the best so many are compared
	raceDraws = 400  // joint draws that estimate each one's probability to be the best
	raceLeast = 0.01 // of that probability: less is out
)

// race fills the block with the candidates most likely to be the best of those
// measured. Two at least stay in, so that the leader is measured beside one.
func (b *builder) race() {
	s := b.beliefs.now()
	field := s.field()
	if s.models[objective] == nil || len(field) < 2 {
		b.improve()
		return
	}
	configs := make([]record.Flat, len(field))
	for i, st := range field {
		configs[i] = b.outside.view(st.Config)
	}
	wins := make([]int, len(field))
	for _, draw := range s.models[objective].Sample(b.rng, configs, raceDraws) {
		best := 0
		for i, v := range draw {
			if v > draw[best] {
				best = i
			}
		}
		wins[best]++
	}
	order := make([]int, len(field))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(wins[j], wins[i]) })
	for _, i := range order {
		if !b.full() && (len(b.block) < 2 || float64(wins[i]) >= raceLeast*raceDraws) {
			b.block = append(b.block, field[i].Candidate)
		}
	}
}

// field is the feasible candidates of the highest upper bounds.
func (s state) field() []Standing {
	var field []Standing
	for i, st := range s.standings() {
		if s.g.arms[i].sound() && st.Feasible >= believed {
			field = append(field, st)
		}
	}
	slices.SortStableFunc(field, func(a, b Standing) int { return downwards(a.Gain+a.Deviation, b.Gain+b.Deviation) })
	return field[:min(raceField, len(field))]
}
