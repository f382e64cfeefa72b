package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Kendall, "Rank Correlation Methods", table 1: the probability of an S as
// large or larger.
func TestTailsOfKendallsSAreThoseOfThePublishedTable(t *testing.T) {
	for _, row := range []struct {
		n, s int
		want float64 // one-sided
	}{
		{4, 6, 0.042}, {5, 8, 0.042}, {5, 10, 0.0083}, {6, 11, 0.028}, {8, 16, 0.031}, {9, 20, 0.022}, {10, 21, 0.036}, {10, 23, 0.023}, {10, 25, 0.014}, {10, 27, 0.0083},
	} {
		if got := kendallP(row.n, row.s) / 2; math.Abs(got-row.want) > 0.0006 {
			t.Errorf("S ≥ %d of %d values has probability %.4f, want %.4f", row.s, row.n, got, row.want)
		}
	}
}

func TestTheExactTrendIsTheEnumerationOfAllOrders(t *testing.T) {
	for _, x := range [][]float64{{3, 1, 2}, {1, 2, 3, 4, 5}, {2, 9, 4, 7, 5, 1, 3}, {6, 5, 4, 2, 3, 1}} {
		seen, extreme, all := 0, 0, 0
		for i, a := range x {
			for _, b := range x[i+1:] {
				seen += sign(b - a)
			}
		}
		orders(x, func(order []float64) {
			s := 0
			for i, a := range order {
				for _, b := range order[i+1:] {
					s += sign(b - a)
				}
			}
			all++
			if s*s >= seen*seen {
				extreme++
			}
		})
		if got, want := Drift(x).P, float64(extreme)/float64(all); math.Abs(got-want) > 1e-12 {
			t.Errorf("%v: p %v, want %v", x, got, want)
		}
	}
}

// orders calls yield with every order of x.
func orders(x []float64, yield func([]float64)) {
	left := append([]float64(nil), x...)
	var walk func(k int)
	walk = func(k int) {
		if k == len(left) {
			yield(left)
		}
		for i := k; i < len(left); i++ {
			left[k], left[i] = left[i], left[k]
			walk(k + 1)
			left[k], left[i] = left[i], left[k]
		}
	}
	walk(0)
}

// Sen 1968, section 5 of the paper: points at 1, 2, 3, 4, 10, 12, 18 are not
// evenly spaced, so the slope here is of a series made for the purpose: a line
// with one gross outlier.
func TestTheSlopeWithstandsAnOutlier(t *testing.T) {
	x := []float64{1, 3, 5, 7, 900, 11, 13, 15}
	got := Drift(x)
	if got.Slope != 2 || got.N != 8 || got.P > 0.01 || got.Tau < 0.7 {
		t.Errorf("%+v, want a slope of 2 and a small p", got)
	}
	for i := range x {
		x[i] = -x[i]
	}
	if down := Drift(x); down.Slope != -2 || down.P != got.P || down.Tau != -got.Tau {
		t.Errorf("turned over: %+v, was %+v", down, got)
	}
}

// With ties the variance is that of all orders, counted here.
func TestTiesCorrectTheVariance(t *testing.T) {
	x := []float64{1, 1, 2, 3, 3, 3, 4}
	sum, all := 0.0, 0.0
	orders(x, func(order []float64) {
		s := 0
		for i, a := range order {
			for _, b := range order[i+1:] {
				s += sign(b - a)
			}
		}
		sum += float64(s * s)
		all++
	})
	s := 17 // of the 21 pairs 4 are tied, the others rise
	want := math.Erfc(float64(s-1) / math.Sqrt(sum/all) / math.Sqrt2)
	if got := Drift(x); math.Abs(got.P-want) > 1e-12 || got.Tau <= 0.8 || got.Tau > 1 {
		t.Errorf("%+v, want a p of %v", got, want)
	}
}

func TestTheNormalTrendJoinsTheExactOne(t *testing.T) {
	for s := 1; s <= 401; s += 40 {
		allowed := 2e-3
		exact, approximate := kendallP(50, s), kendallNormalP(50, s, nil)
		if exact < 0.1 {
			allowed = 1e-3
		}
		if math.Abs(exact-approximate) > allowed {
			t.Errorf("S = %d of 50: %v exactly, %v approximately", s, exact, approximate)
		}
	}
}

func TestNoiseWithoutADriftIsSeldomOne(t *testing.T) {
	for _, n := range []int{8, 20, 60} {
		rng := rand.New(rand.NewPCG(37, uint64(n)))
		const runs = 2000
		drifts, found := 0, 0
		for range runs {
			x := normal(rng, n, 0, 1)
			if Drift(x).P <= 0.05 {
				drifts++
			}
			for i := range x {
				x[i] += 5 * float64(i) / float64(n)
			}
			if Drift(x).P <= 0.05 {
				found++
			}
		}
		if share := float64(drifts) / runs; share > 0.065 {
			t.Errorf("n=%d: %.3f drift, want at most 0.05", n, share)
		}
		if share := float64(found) / runs; share < 0.7 {
			t.Errorf("n=%d: %.3f of real drifts found", n, share)
		}
	}
}

func TestTooLittleShowsNoDrift(t *testing.T) {
	for _, x := range [][]float64{nil, {1}, {1, 2}, {1, 1, 1, 1}, {1, math.NaN(), 2}} {
		if got := Drift(x); got.P != 1 || got.Slope != 0 || got.Tau != 0 {
			t.Errorf("%v: %+v, want nothing", x, got)
		}
	}
}
