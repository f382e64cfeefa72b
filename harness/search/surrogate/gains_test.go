package surrogate

import (
	"math"
	"math/rand/v2"
	"testing"

	"sluice/harness/record"
	"sluice/harness/space"
)

// A base that reaches a quarter of the best, as one reader does of an object store:
// what the model makes of it after compression is rough, what pairs tell is not.
func TestGainsOverABaseFarBelowAreThoseOfThePairs(t *testing.T) {
	s := space.Space{
		{Name: "n", Type: space.Int, Min: 1, Max: 64, Scale: space.Log2},
		{Name: "m", Type: space.Int, Min: 1, Max: 16, Scale: space.Log2},
	}
	truth := func(c record.Flat) float64 {
		n, _ := c.Float("n")
		m, _ := c.Float("m")
		return math.Log(min(n, 32)) - 0.05*math.Abs(math.Log2(m/4))
	}
	base := record.Flat{"n": 8, "m": 4}
	worst := 0.0
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var obs []Observation
		for block := range 7 {
			offset := 0.2 * rng.NormFloat64()
			for _, c := range []record.Flat{base, s.Random(rng), s.Random(rng), s.Random(rng), {"n": 32 + rng.IntN(32), "m": 2 + rng.IntN(6)}, {"n": 64, "m": 4}} {
				obs = append(obs, Observation{Config: c, Block: block, Value: truth(c) + offset + 0.04*rng.NormFloat64()})
			}
		}
		m, err := Fit(s, obs, Options{Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		best := record.Flat{"n": 64, "m": 4}
		gains, deviations := m.Gains([]record.Flat{best, {"n": 32, "m": 8}}, base, obs)
		worst = max(worst, math.Abs(gains[0]-math.Log(4)))
		if !(deviations[0] > 0 && deviations[0] < 0.1) {
			t.Errorf("seed %d: deviation %.3f", seed, deviations[0])
		}
		near, _ := m.Gains([]record.Flat{{"n": 40, "m": 4}}, best, obs)
		plain, _ := m.Difference(record.Flat{"n": 40, "m": 4}, best)
		if near[0] != plain {
			t.Errorf("seed %d: a base that is near the best is compared otherwise", seed)
		}
	}
	if worst > 0.12 {
		t.Errorf("gains of ln 4 are missed by up to %.3f", worst)
	}
}
