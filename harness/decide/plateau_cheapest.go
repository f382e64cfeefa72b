package decide

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"sluice/harness/record"
)

// Away says whether a configuration stands away from a cliff: one step of any
// ordered knob, up or down its ladder, is not expected to lose more than the
// margin.
func (l Landscape) Away(config record.Flat) bool {
	l = l.withDefaults()
	for _, p := range l.Space {
		at, ok := config[p.Name]
		if !ok {
			continue
		}
		values, ordered := ladder(p, at)
		here := slices.IndexFunc(values, func(v any) bool { return sameValue(v, at) })
		if !ordered || here < 0 {
			continue
		}
		for _, next := range []int{here - 1, here + 1} {
			if next < 0 || next >= len(values) {
				continue
			}
			if mean, _ := l.Surface.Difference(moved(config, p.Name, values[next]), config); mean < math.Log1p(-l.Margin) {
				return false
			}
		}
	}
	return true
}

// settlePasses bounds how often Settle goes through the knobs.
const settlePasses = 3

// Settle moves a configuration to the cheapest of its plateau, in memory, then in
// workers: knob by knob, through values with which the whole configuration is still
// shown to be within the margin of the one given, and which stand away from a
// cliff. One that stands at a cliff is moved off it where the plateau allows. What
// comes back was perhaps never measured: it is a candidate, to be confirmed.
// Memory foretells the peak of a configuration; nil where nothing is known of it.
func (l Landscape) Settle(chosen record.Flat, memory func(record.Flat) float64) record.Flat {
	l = l.withDefaults()
	if memory == nil {
		memory = func(record.Flat) float64 { return 0 }
	}
	best, away, least := maps.Clone(chosen), l.Away(chosen), memory(chosen)
	for range settlePasses {
		before := best.ID()
		for _, p := range l.Space {
			at, ok := best[p.Name]
			if !ok {
				continue
			}
			values, _ := ladder(p, at)
			for _, value := range values {
				next := moved(best, p.Name, value)
				needs := memory(next)
				cheaper := needs <= (1+memoryTie)*least && cheaperThan(needs, memory(best), next, best) < 0
				if (cheaper || !away) && l.lies(next, chosen, 1).holds() && l.Away(next) {
					best, away, least = next, true, min(least, needs)
				}
			}
		}
		if best.ID() == before {
			break
		}
	}
	return best
}

// Cheapest is rule 9: among the chosen configuration and those that cannot be told
// from it, the cheapest in memory (a tenth more or less is the same), then in
// workers; those away from a cliff before the others. Away may be nil where no
// surface is known. Ones that failed or break a requirement are never taken in the
// place of the chosen one.
func Cheapest(chosen Score, alike []Score, goal Goal, away func(record.Flat) bool) Score {
	among := []Score{chosen}
	for _, s := range alike {
		if s.Feasible(goal) {
			among = append(among, s)
		}
	}
	if away != nil {
		safe := slices.DeleteFunc(slices.Clone(among), func(s Score) bool { return !away(s.Config) })
		if len(safe) > 0 {
			among = safe
		}
	}
	least := math.Inf(1)
	for _, s := range among {
		least = min(least, memoryOf(s))
	}
	among = slices.DeleteFunc(among, func(s Score) bool { return memoryOf(s) > (1+memoryTie)*least })
	return slices.MinFunc(among, func(a, b Score) int { return cmp.Compare(Workers(a.Config), Workers(b.Config)) })
}

// memoryOf is a score's peak of memory; +Inf where it was not measured.
func memoryOf(s Score) float64 {
	if rss, ok := s.Metrics[record.RSS]; ok && rss > 0 {
		return rss
	}
	return math.Inf(1)
}

// cheaperThan orders configurations by their price: memory where one needs more
// than a tenth less than the other, then workers.
func cheaperThan(memoryA, memoryB float64, a, b record.Flat) int {
	if math.Abs(memoryA-memoryB) > memoryTie*max(memoryA, memoryB) {
		return cmp.Compare(memoryA, memoryB)
	}
	return cmp.Compare(Workers(a), Workers(b))
}

// memoryTie is the share by which peaks of memory may differ and count as the same.
const memoryTie = 0.1
