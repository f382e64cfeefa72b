package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Bartels 1982: changes in stock levels, 1968–69 to 1977–78; ranks 9 6 5 3 1 10
// 7 4 8 2, whose squared steps add up to 169, over 82.5. Gibbons and Chakraborti,
// "Nonparametric Statistical Inference": tourists to the United States, 1970 to
// 1982, with a standardised ratio of −3.6453.
func TestThePublishedExamplesAreReproduced(t *testing.T) {
	stock := Autocorrelation([]float64{528, 348, 264, -20, -167, 575, 410, -4, 430, -122})
	if math.Abs(stock.Ratio-169/82.5) > 1e-12 || stock.P < 0.9 || stock.N != 10 {
		t.Errorf("stock levels: %+v, want a ratio of 2.048 and nothing in it", stock)
	}
	tourists := Autocorrelation([]float64{12362, 12739, 13057, 13955, 14123, 15698, 17523, 18610, 19842, 20310, 22500, 23080, 21916})
	n := 13.0
	deviation := math.Sqrt(4 * (n - 2) * (5*n*n - 2*n - 9) / (5 * n * (n + 1) * (n - 1) * (n - 1)))
	if z := (tourists.Ratio - 2) / deviation; math.Abs(z+3.6453) > 5e-4 || tourists.P > 1e-6 || tourists.Lag1 < 0.6 {
		t.Errorf("tourists: %+v, standardised %v; want −3.6453", tourists, z)
	}
}

func TestThePValueOfFewValuesIsTheEnumerationOfAllOrders(t *testing.T) {
	for _, x := range [][]float64{{1, 2, 3, 4}, {5, 1, 4, 2, 3, 6}, {1, 1, 2, 2, 3, 3, 9}} {
		seen := stepSquares(midranks(x))
		below, above, all := 0.0, 0.0, 0.0
		orders(x, func(order []float64) {
			all++
			switch steps := stepSquares(midranks(order)); {
			case steps < seen:
				below++
			case steps > seen:
				above++
			default:
				below++
				above++
			}
		})
		if got, want := Autocorrelation(x).P, min(1, 2*min(below, above)/all); math.Abs(got-want) > 1e-12 {
			t.Errorf("%v: p %v, want %v", x, got, want)
		}
	}
}

func TestTheBetaApproximationJoinsTheExactDistribution(t *testing.T) {
	for _, x := range [][]float64{{1, 2, 3, 4, 5, 7, 6, 8}, {2, 1, 4, 3, 6, 5, 8, 7}, {1, 8, 2, 7, 3, 6, 4, 5}, {4, 1, 6, 3, 8, 2, 7, 5}} {
		got := Autocorrelation(x)
		if approximate := betaP(len(x), got.Ratio); math.Abs(got.P-approximate) > 0.04 {
			t.Errorf("%v: p %v exactly, %v approximately", x, got.P, approximate)
		}
	}
}

func TestNeighboursThatAreAlikeAreFound(t *testing.T) {
	for _, row := range []struct {
		n         int
		phi       float64
		low, high float64 // of the share found
	}{{6, 0, 0, 0.065}, {20, 0, 0.03, 0.065}, {60, 0, 0.03, 0.065}, {60, 0.5, 0.85, 1}, {60, -0.5, 0.85, 1}} {
		rng := rand.New(rand.NewPCG(38, uint64(row.n)))
		const runs = 2000
		found, lag1 := 0, 0.0
		for range runs {
			x := normal(rng, row.n, 0, 1)
			for i := 1; i < row.n; i++ {
				x[i] += row.phi * x[i-1]
			}
			s := Autocorrelation(x)
			if s.P <= 0.05 {
				found++
			}
			lag1 += s.Lag1 / runs
		}
		if share := float64(found) / runs; share < row.low || share > row.high {
			t.Errorf("n=%d, correlation %v: found in %.3f, want %v to %v", row.n, row.phi, share, row.low, row.high)
		}
		if row.n == 60 && math.Abs(lag1-row.phi) > 0.08 {
			t.Errorf("correlation %v is estimated as %.3f", row.phi, lag1)
		}
	}
}

func TestTooLittleShowsNoCorrelation(t *testing.T) {
	for _, x := range [][]float64{nil, {1, 2, 3}, {2, 2, 2, 2, 2}, {1, 2, math.Inf(1), 4}} {
		if got := Autocorrelation(x); got.P != 1 || got.Ratio != 2 || got.Lag1 != 0 {
			t.Errorf("%v: %+v, want nothing", x, got)
		}
	}
}
