package replay

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"

	"sluice/harness/search/surface"
)

// All subsets of a small population are counted out.
func TestTheBaselineIsThatOfCounting(t *testing.T) {
	gains := []float64{-1, -0.5, -0.2, -0.2, -0.04, -0.01, 0}
	b := Baseline{gains, 0}
	curve := b.Curve(9)
	for m := 1; m <= len(gains); m++ {
		sum, near, subsets := 0.0, 0, 0
		for set := uint(0); set < 1<<len(gains); set++ {
			if bits.OnesCount(set) != m {
				continue
			}
			best := math.Exp(gains[bits.Len(set)-1])
			sum += best
			subsets++
			if best >= 0.95 {
				near++
			}
		}
		if want := sum / float64(subsets); math.Abs(curve[m-1]-want) > 1e-12 {
			t.Errorf("the best of %d draws is worth %.9f, want %.9f", m, curve[m-1], want)
		}
		p := float64(near) / float64(subsets)
		if got := b.Needed(0.05, p); got != m && (m == 1 || p < 1) {
			t.Errorf("%d draws come within 5 %% with probability %.4f, want %d", got, p, m)
		}
	}
	if curve[7] != 1 || curve[8] != 1 {
		t.Errorf("beyond the population the best is worth %v, want 1", curve[7:])
	}
	if got := (Baseline{gains, 1}).Needed(0.05, 0.5); got != 0 {
		t.Errorf("%d draws come near what nobody reaches, want 0", got)
	}
}

func TestTheBaselineOfALargePopulationIsThatOfChance(t *testing.T) {
	g := OnSurface(surface.E(), 0)
	b := NewBaseline(g)
	near := 0.0
	for _, gain := range g.Population() {
		if within(gain, g.Best(), 0.05) {
			near++
		}
	}
	p := near / float64(len(g.Population()))
	if got, want := float64(b.Needed(0.05, 0.5)), math.Log(0.5)/math.Log1p(-p); math.Abs(got-want) > 1+0.01*want {
		t.Errorf("half of random searches need %.0f draws, want %.1f", got, want)
	}
	rng := rand.New(rand.NewPCG(3, 3))
	sum, draws := 0.0, 50
	const searches = 2000
	for range searches {
		best := math.Inf(-1)
		for range draws {
			best = max(best, g.Gain(g.Space().Random(rng)))
		}
		sum += math.Exp(best-g.Best()) / searches
	}
	if got := b.Curve(draws)[draws-1]; math.Abs(got-sum) > 0.004 {
		t.Errorf("the best of %d draws is worth %.4f by calculation, %.4f by drawing", draws, got, sum)
	}
}
