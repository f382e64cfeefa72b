package plant

import (
	"cmp"
	"math"
	"slices"

	"sluice/harness/record"
)

const (
	// leastPower stands for less in geometric means, so that who did nothing at all on
	// one plant is still told from who did nothing on two.
	leastPower = 0.001
	// lost is the share of the best contestant's power below which a plant is lost.
	lost = 0.9
)

// ranking is every contestant over all plants.
type ranking struct {
	rows   []record.Ranked  // by contestant
	order  []int            // of rows, best first
	scores [][]record.Score // by plant and contestant
}

func newRanking(r *results) *ranking {
	k := &ranking{rows: make([]record.Ranked, len(r.contestants)), order: make([]int, len(r.contestants))}
	for i, c := range r.contestants {
		k.order[i] = i
		k.rows[i] = record.Ranked{Name: c.Name, Doc: c.Doc, Kind: c.Kind}
		for p := range r.specs {
			for _, err := range r.errs[p][i] {
				if err != nil && k.rows[i].Error == "" {
					k.rows[i].Error = err.Error()
				}
			}
		}
	}
	for p := range r.specs {
		row := make([]record.Score, len(r.contestants))
		for i := range r.contestants {
			if k.rows[i].Error == "" {
				row[i] = middle(r.scores[p][i])
			}
		}
		k.scores = append(k.scores, row)
	}
	for p, spec := range r.specs {
		k.compare(p, spec.Name)
	}
	for i := range k.rows {
		if k.rows[i].Error == "" {
			k.average(i)
		}
	}
	slices.SortStableFunc(k.order, func(a, b int) int { return better(k.rows[a], k.rows[b]) })
	return k
}

// better puts the higher power first, then the lower p99; who took no part is last.
func better(a, b record.Ranked) int {
	return cmp.Or(cmp.Compare(a.Error, b.Error), cmp.Compare(b.Power, a.Power), cmp.Compare(a.P99, b.P99), cmp.Compare(a.Name, b.Name))
}

// compare finds who did best on a plant, and whose worst plant, or lost plant, it is.
func (k *ranking) compare(p int, plant string) {
	top := 0.0
	for i, s := range k.scores[p] {
		if k.rows[i].Kind != Oracle && k.rows[i].Error == "" {
			top = max(top, s.Power)
		}
	}
	for i, s := range k.scores[p] {
		row := &k.rows[i]
		if row.Error != "" || top == 0 {
			continue
		}
		share := s.Power / top
		if row.Worst == "" || share < row.Share {
			row.Worst, row.Share = plant, share
		}
		if share < lost {
			row.Lost = append(row.Lost, plant)
		}
	}
}

// average takes the geometric means of a contestant. The ratio of p99 is that of
// the plants on which anything ended well.
func (k *ranking) average(i int) {
	power, p99, n := 0.0, 0.0, 0
	for _, scores := range k.scores {
		power += math.Log(max(leastPower, scores[i].Power))
		if scores[i].P99Ratio > 0 {
			p99 += math.Log(scores[i].P99Ratio)
			n++
		}
	}
	k.rows[i].Power = math.Exp(power / float64(len(k.scores)))
	k.rows[i].P99 = unknown
	if n > 0 {
		k.rows[i].P99 = math.Exp(p99 / float64(n))
	}
}
