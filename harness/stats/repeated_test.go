package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestTheRepeatedPValueAgreesWithTheInterval(t *testing.T) {
	s := sequential(t, 0.05, 20)
	rng := rand.New(rand.NewPCG(23, 0))
	seen := map[bool]int{}
	for range 400 {
		x := normal(rng, s.First()+rng.IntN(12), 0.02*rng.NormFloat64(), 0.02)
		in, ok := s.Interval(x)
		if !ok {
			t.Fatal("no interval")
		}
		beyond := in.Low > math.Log1p(0.005) || in.High < math.Log1p(-0.005)
		p := s.PBeyond(x, 0.005)
		if beyond != (p <= 0.05) {
			t.Fatalf("p %v, interval %+v", p, in)
		}
		seen[beyond]++
	}
	if seen[true] < 50 || seen[false] < 50 {
		t.Errorf("%v: the draws do not try both answers", seen)
	}
	for _, x := range [][]float64{nil, make([]float64, 21), {math.NaN()}} {
		if p := s.PBeyond(x, 0.02); p != 1 {
			t.Errorf("p of %v is %v, want 1", x, p)
		}
	}
}

func TestTheRepeatedPValueHoldsWhereverOneStops(t *testing.T) {
	s := sequential(t, 0.05, 16)
	rng := rand.New(rand.NewPCG(24, 0))
	const runs = 2000
	least := make([]float64, runs)
	for i := range least {
		x := normal(rng, 16, 0, 1)
		least[i] = 1
		for n := s.First(); n <= 16; n++ {
			least[i] = min(least[i], s.PBeyond(x[:n], 0))
		}
	}
	for _, alpha := range []float64{0.05 / 10, 0.05 / 3, 0.05, 0.2} {
		below := 0
		for _, p := range least {
			if p <= alpha {
				below++
			}
		}
		if share := float64(below) / runs; share > alpha+4*math.Sqrt(alpha*(1-alpha)/runs) {
			t.Errorf("the least p of a run is %.4f or less in %.4f of them", alpha, share)
		}
	}
}

func TestSequentialPlansGrowWithTheSpread(t *testing.T) {
	base := []float64{-2, -1, -0.5, 0.1, 0.4, 1.1, 1.9}
	at := func(centre, spread float64) []float64 {
		x := make([]float64, len(base))
		for i, v := range base {
			x[i] = centre + spread*v
		}
		return x
	}
	edge := math.Log1p(0.02)
	for name, row := range map[string]struct {
		x         []float64
		low, high int
	}{
		"far away":         {at(0.2, 0.01), 11, 11}, // the first look of 40
		"nearer":           {at(0.06, 0.03), 9, 40},
		"beyond the most":  {at(0.03, 0.03), 41, 400},
		"hopeless":         {at(0.0201, 5), MaxNeeded, MaxNeeded},
		"on the edge":      {[]float64{edge, edge, edge}, 0, 0},
		"nothing seen yet": {nil, 11, 11},
	} {
		if got := SequentialNeeded(row.x, 0.02, 0.05, 40); got < row.low || got > row.high {
			t.Errorf("%s: %d pairs, want %d to %d", name, got, row.low, row.high)
		}
	}
	if got := SequentialNeeded(base, 0.02, 0.05, 5); got != 0 {
		t.Errorf("no such rule: %d pairs, want 0", got)
	}
}

func TestSequentialPlansDecideAboutAsOftenAsPlanned(t *testing.T) {
	const most, planned, runs, sigma = 30, 20, 1500, 0.02
	s := sequential(t, 0.05, most)
	rng := rand.New(rand.NewPCG(25, 0))
	centre := (s.deviate(planned) + 0.8416) * sigma * math.Sqrt(rankPenalty/planned) // had it been seen exactly
	decided := 0
	for range runs {
		if everExcludes(s, normal(rng, planned, centre, sigma)) {
			decided++
		}
	}
	if share := float64(decided) / runs; share < 0.7 || share > 0.9 {
		t.Errorf("%.3f of runs decide, want about 0.8", share)
	}
}
