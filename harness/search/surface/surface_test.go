package surface

import (
	"math"
	"math/rand/v2"
	"testing"

	"sluice/harness/record"
)

// The figures are those that the surfaces were published to us with.
func TestSurfacesAreWhatTheyAreSaidToBe(t *testing.T) {
	for _, row := range []struct {
		surface     Surface
		best, thumb float64
		within5     [2]float64 // share of the space: as published, .0034 and .0008, up to how a range is drawn
	}{
		{E(), 11156.72, .884, [2]float64{.0034, .0056}},
		{M(), 10408.76, .819, [2]float64{.0007, .0020}},
	} {
		s := row.surface
		best := s.Throughput(s.Optimum)
		if math.Abs(best-row.best) > 0.01 {
			t.Errorf("%s: the optimum is %.2f, want %.2f", s.Name, best, row.best)
		}
		if got := s.Throughput(s.Reference) / best; math.Abs(got-row.thumb) > .0005 {
			t.Errorf("%s: the rule of thumb reaches %.4f, want %.3f", s.Name, got, row.thumb)
		}
		rng := rand.New(rand.NewPCG(1, 1))
		const draws = 40_000
		near := 0.0
		for range draws {
			got := s.Throughput(record.Flat(s.Space().Random(rng))) / best
			if got > 1 {
				t.Fatalf("%s: a random configuration beats the optimum: %g", s.Name, got)
			}
			if got >= .95 {
				near += 1.0 / draws
			}
		}
		if near < row.within5[0] || near > row.within5[1] {
			t.Errorf("%s: %.4f of the space within 5 %%, want %v", s.Name, near, row.within5)
		}
	}
}
