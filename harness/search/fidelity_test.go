package search

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestRanksAgreeOnlyWhenSurely(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	line := make([]float64, 40)
	for i := range line {
		line[i] = float64(i)
	}
	blurred := func(by float64) []float64 {
		other := slices.Clone(line)
		for i := range other {
			other[i] += by * rng.NormFloat64()
		}
		return other
	}
	backwards := slices.Clone(line)
	slices.Reverse(backwards)
	for _, row := range []struct {
		name      string
		low, high []float64
		rho       float64 // at least
		agree     bool
	}{
		{"the same", line, line, 1, true},
		{"another scale", line, apply(line, math.Exp), 1, true},
		{"a little blurred", line, blurred(1), .98, true},
		{"correlated, not enough", line, blurred(6), .75, false},
		{"above 0.9 by luck, perhaps", line[:12], []float64{0, 1, 2, 3, 4, 6, 5, 7, 8, 10, 9, 11}, .98, true},
		{"above 0.9, not surely", line[:12], []float64{1, 0, 3, 2, 4, 6, 5, 7, 10, 8, 9, 11}, .9, false},
		{"the same, of nine", line[:9], line[:9], 1, false},
		{"the same, of two", line[:2], line[:2], 0, false},
		{"backwards", line, backwards, -1, false},
		{"no order", line, make([]float64, 40), 0, false},
		{"uneven", line, line[:20], 0, false},
		{"no number", line[:10], append(slices.Clone(line[:9]), math.NaN()), 0, false},
		{"nothing", nil, nil, 0, false},
	} {
		rho, agree := RanksAgree(row.low, row.high)
		if rho < row.rho || agree != row.agree || math.IsNaN(rho) {
			t.Errorf("%s: rho %.3f, agree %v; want %.2f or more, %v", row.name, rho, agree, row.rho, row.agree)
		}
	}
}

func apply(x []float64, f func(float64) float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = f(v)
	}
	return y
}
