package main

import (
	"math"
	"slices"
)

// outcome is what one search came to. Counts of launches are 0 where the search
// never got there.
type outcome struct {
	Seed    uint64    `json:"seed"`
	Hit5    int       `json:"hit_5"` // first launch of a configuration truly within 5 % of the best
	Hit2    int       `json:"hit_2"`
	Rec5    int       `json:"rec_5"` // launch from which on what is recommended stays within 5 % of the best
	Rec2    int       `json:"rec_2"`
	True    []float64 `json:"true"`    // truth of what is recommended at each mark, of the best
	Kept    bool      `json:"kept"`    // the reference is what is recommended at the end
	Bias    float64   `json:"bias"`    // claimed ÷ true − 1 of what is recommended at the end
	Worse   bool      `json:"worse"`   // than the reference, truly
	Seconds float64   `json:"seconds"` // that the search took, by the wall clock
	Lost    string    `json:"lost,omitzero"`
}

// marks are the launches at which the recommendation's truth is noted.
func marks(launches int) []int {
	all := []int{min(50, launches), min(100, launches), launches}
	return slices.Compact(all)
}

// judge scores a course that came to its end, or ended before its launches were
// spent: then its last recommendation stood for the rest.
func judge(c *course, seconds float64, err error) outcome {
	o := outcome{Seed: c.seed, Seconds: seconds, True: make([]float64, len(marks(c.launches)))}
	if err != nil {
		o.Lost = err.Error()
		return o
	}
	o.Hit5, o.Hit2 = hit(c.points, .05), hit(c.points, .02)
	o.Rec5, o.Rec2 = rec(c.points, .05), rec(c.points, .02)
	for i, mark := range marks(c.launches) {
		if n := min(mark, len(c.points)); n > 0 {
			o.True[i] = c.points[n-1].recommended
		}
	}
	o.Kept = c.current.kept
	o.Worse = c.current.truth < c.share(c.problem.Truth(c.problem.Reference()))
	if c.current.truth > 0 {
		o.Bias = c.current.claimed/c.current.truth - 1
	}
	return o
}

func hit(points []point, within float64) int {
	return 1 + slices.IndexFunc(points, func(p point) bool { return p.tried >= 1-within })
}

func rec(points []point, within float64) int {
	from := len(points)
	for from > 0 && points[from-1].recommended >= 1-within {
		from--
	}
	if from == len(points) {
		return 0
	}
	return from + 1
}

// reach sums up a count of launches over seeds.
type reach struct {
	Median  int `json:"median"` // smallest count that half of the searches meet, 0 where fewer get there at all
	P95     int `json:"p95"`    // the same of 95 %
	Reached int `json:"reached"`
}

func reached(outcomes []outcome, of func(outcome) int) reach {
	var counts []int
	for _, o := range outcomes {
		if n := of(o); n > 0 {
			counts = append(counts, n)
		}
	}
	slices.Sort(counts)
	at := func(share float64) int {
		if k := int(math.Ceil(share * float64(len(outcomes)))); k >= 1 && k <= len(counts) {
			return counts[k-1]
		}
		return 0
	}
	return reach{Median: at(.5), P95: at(.95), Reached: len(counts)}
}

// truth sums up how good recommendations are at a mark.
type truth struct {
	Launches int     `json:"launches"`
	Median   float64 `json:"median"`
	Worst5   float64 `json:"worst_5"` // 95 % of the searches are at it or above
}

// row is one contestant on one problem. Searches that were lost count as ones that
// reached nothing; time is of the others, bias of those that claim something.
type row struct {
	Problem    string    `json:"problem"`
	Contestant string    `json:"contestant"`
	Seeds      int       `json:"seeds"`
	Lost       int       `json:"lost"`
	Hit5       reach     `json:"hit_5"`
	Hit2       reach     `json:"hit_2"`
	Rec5       reach     `json:"rec_5"`
	Rec2       reach     `json:"rec_2"`
	True       []truth   `json:"true"`
	Bias       float64   `json:"bias"`    // mean
	Kept       int       `json:"kept"`    // searches that keep the reference
	Worse      int       `json:"worse"`   // searches that recommend something worse than the reference
	Seconds    float64   `json:"seconds"` // median
	Searches   []outcome `json:"searches"`
}

func sumUp(problem, contestant string, launches int, outcomes []outcome) row {
	r := row{Problem: problem, Contestant: contestant, Seeds: len(outcomes), Searches: outcomes}
	r.Hit5 = reached(outcomes, func(o outcome) int { return o.Hit5 })
	r.Hit2 = reached(outcomes, func(o outcome) int { return o.Hit2 })
	r.Rec5 = reached(outcomes, func(o outcome) int { return o.Rec5 })
	r.Rec2 = reached(outcomes, func(o outcome) int { return o.Rec2 })
	for i, mark := range marks(launches) {
		shares := sorted(outcomes, func(o outcome) float64 { return o.True[i] })
		n := len(shares)
		r.True = append(r.True, truth{mark, (shares[(n-1)/2] + shares[n/2]) / 2, shares[n-int(math.Ceil(.95*float64(n)))]})
	}
	ended := slices.DeleteFunc(slices.Clone(outcomes), func(o outcome) bool { return o.Lost != "" })
	r.Lost = len(outcomes) - len(ended)
	for _, o := range ended {
		r.Bias += o.Bias // none where the reference is kept
		r.Kept += count(o.Kept)
		r.Worse += count(o.Worse)
	}
	r.Bias /= float64(max(1, len(ended)-r.Kept))
	if len(ended) > 0 {
		r.Seconds = sorted(ended, func(o outcome) float64 { return o.Seconds })[len(ended)/2]
	}
	return r
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

func sorted(outcomes []outcome, of func(outcome) float64) []float64 {
	values := make([]float64, len(outcomes))
	for i, o := range outcomes {
		values[i] = of(o)
	}
	slices.Sort(values)
	return values
}
