package decide

import (
	"cmp"
	"math"
	"slices"

	"sluice/harness/record"
)

// Away says whether a configuration stands away from a cliff: one step of any
// ordered knob, up or down its ladder, is neither barred nor expected to lose more
// than the margin. Without a surface nothing is expected.
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
			beside := moved(config, p.Name, values[next])
			if l.Barred != nil && l.Barred(beside) {
				return false
			}
			if l.Surface == nil {
				continue
			}
			if mean, _ := l.Surface.Difference(beside, config); mean < math.Log1p(-l.Margin) {
				return false
			}
		}
	}
	return true
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

// memoryTie is the share by which peaks of memory may differ and count as the same.
const memoryTie = 0.1
