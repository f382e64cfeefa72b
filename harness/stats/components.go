package stats

import (
	"fmt"
	"math"
)

// Variance tells where the noise of a measurement comes from: from one value to
// the next within a process, or from one process to the next.
type Variance struct {
	Mean      float64 // of the means of the processes
	Within    float64 // variance of a value within its process
	Between   float64 // variance of the processes' true means; 0 when none shows
	Processes int
	Values    int // in all
}

// Components splits the variance of values measured in several processes, a
// group each, by the analysis of variance (Kalibera and Jones, "Rigorous
// benchmarking in reasonable time", ISMM 2013; Searle, Casella and McCulloch,
// "Variance Components", 1992, for groups that differ in size). Values of one process are no more independent than brothers: where
// Between is large, more of them say little. At least two processes, one of
// them with two values, are needed.
func Components(groups [][]float64) (Variance, error) {
	v := Variance{Processes: len(groups)}
	means := make([]float64, len(groups))
	grand, squares := 0.0, 0.0 // sum of all values; sum of the groups' squared sizes
	for i, g := range groups {
		if len(g) == 0 {
			return Variance{}, fmt.Errorf("process %d has no value; leave it out", i+1)
		}
		if err := check(g, 0.5); err != nil {
			return Variance{}, fmt.Errorf("process %d: %w", i+1, err)
		}
		for _, value := range g {
			means[i] += value / float64(len(g))
		}
		v.Values += len(g)
		v.Mean += means[i] / float64(len(groups))
		grand += means[i] * float64(len(g))
		squares += float64(len(g) * len(g))
	}
	if len(groups) < 2 || v.Values <= len(groups) {
		return Variance{}, fmt.Errorf("%d values of %d processes cannot be told apart; measure 2 processes or more, 2 values or more each", v.Values, len(groups))
	}
	within, between := 0.0, 0.0
	for i, g := range groups {
		for _, value := range g {
			within += (value - means[i]) * (value - means[i])
		}
		d := means[i] - grand/float64(v.Values)
		between += float64(len(g)) * d * d
	}
	v.Within = within / float64(v.Values-v.Processes)
	size := (float64(v.Values) - squares/float64(v.Values)) / float64(v.Processes-1) // of a group, on average
	v.Between = max(0, (between/float64(v.Processes-1)-v.Within)/size)
	return v, nil
}

// Error is the standard error of the mean over so many processes with so many
// values each: √((Between + Within ÷ values) ÷ processes).
func (v Variance) Error(processes, values int) float64 {
	return math.Sqrt((v.Between + v.Within/float64(values)) / float64(processes))
}

// Repetitions is the number of values per process that gives the smallest error
// for the time spent, when a process costs processCost besides its values and a
// value valueCost, in the same unit: √(processCost ÷ valueCost · Within ÷
// Between) of Kalibera and Jones, of the whole numbers beside it the better. At
// least 1, at most [MaxNeeded], which also stands for processes that do not
// differ.
func (v Variance) Repetitions(processCost, valueCost float64) int {
	best := math.Sqrt(processCost / valueCost * v.Within / v.Between)
	switch {
	case v.Within == 0 || !(processCost > 0 && valueCost > 0):
		return 1
	case v.Between == 0 || best >= MaxNeeded:
		return MaxNeeded
	}
	low := max(1, math.Floor(best))
	// Error² times cost, the processes cancelled out.
	price := func(n float64) float64 { return (v.Between + v.Within/n) * (processCost + n*valueCost) }
	if price(low+1) < price(low) {
		low++
	}
	return int(low)
}

// Repeats is the number of processes, of so many values each, whose mean has a
// standard error of at most `wanted`: at least 2, at most [MaxNeeded].
func (v Variance) Repeats(values int, wanted float64) int {
	if values < 1 || !(wanted > 0) {
		return MaxNeeded
	}
	n := math.Ceil((v.Between + v.Within/float64(values)) / (wanted * wanted))
	return int(min(max(n, 2), MaxNeeded))
}
