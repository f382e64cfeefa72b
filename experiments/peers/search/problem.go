package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"sluice/harness/record"
	"sluice/harness/search/surface"
	"sluice/harness/space"
)

// problem is what all contestants search: a space, and figures whose truth is
// known. Figures are natural logarithms of the objective, more is better. Its
// methods are safe for concurrent use.
type problem interface {
	Name() string
	Space() space.Space
	Reference() record.Flat

	// Holds tells whether a configuration of the space can be measured.
	Holds(c record.Flat) bool

	// Truth is what a configuration reaches without noise; −Inf where it cannot run.
	Truth(c record.Flat) float64

	// Best is the highest truth of all configurations.
	Best() float64

	// Measure returns what one block of launches shows, in the order of the
	// configurations, −Inf of one that failed. It depends on its arguments alone; launch is the number of the
	// block's first, from 0.
	Measure(seed uint64, launch int, block []record.Flat) []float64
}

// closed is a surface in closed form, with normal noise on the logarithm of each
// launch. The noise depends on seed and launch alone: every contestant meets the
// same luck at the same launch.
type closed struct {
	surface surface.Surface
	noise   float64 // standard deviation
}

func (s closed) Name() string                { return s.surface.Name }
func (s closed) Space() space.Space          { return s.surface.Space() }
func (s closed) Reference() record.Flat      { return s.surface.Reference }
func (s closed) Holds(record.Flat) bool      { return true }
func (s closed) Truth(c record.Flat) float64 { return math.Log(s.surface.Throughput(c)) }
func (s closed) Best() float64               { return s.Truth(s.surface.Optimum) }

func (s closed) Measure(seed uint64, launch int, block []record.Flat) []float64 {
	shown := make([]float64, len(block))
	for i, c := range block {
		luck := rand.New(rand.NewPCG(seed, uint64(launch+i))).NormFloat64()
		shown[i] = s.Truth(c) + s.noise*luck
	}
	return shown
}

// findProblems reads names of surfaces and files of tables, separated by commas.
func findProblems(list string, noise float64) ([]problem, error) {
	var found []problem
	for name := range strings.SplitSeq(list, ",") {
		if s, ok := surface.Find(name); ok {
			found = append(found, closed{s, noise})
			continue
		}
		table, err := readTable(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("no surface %q and no table of that name; the surfaces are E and M", name)
		}
		if err != nil {
			return nil, err
		}
		found = append(found, table)
	}
	return found, nil
}

// unordered is a problem whose words have no order: GOGC is a choice then, as many
// a user of a peer would write it, and as the published figures were made.
type unordered struct{ problem }

func (u unordered) Space() space.Space {
	s := slices.Clone(u.problem.Space())
	for i := range s {
		s[i].Ordered = false
	}
	return s
}
