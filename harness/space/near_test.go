package space

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNeighboursStayInTheSpaceAndDiffer(t *testing.T) {
	s := append(scannerSpace(),
		Param{Name: "share", Type: Float, Scale: Log2, Min: 0.1, Max: 0.7},
		Param{Name: "down", Type: Int, Values: []any{400, 100, 50}},
		Param{Name: "mixed", Type: Int, Values: []any{4, 1, 2}},
		Param{Name: "steps", Type: Choice, Values: []any{"low", "mid", "high"}, Ordered: true},
		Param{Name: "levels", Type: Int, Scale: Log2, Min: 1, Max: 64, Levels: 4},
		Param{Name: "pin", Type: Bool})
	rng := rand.New(rand.NewPCG(1, 2))
	config := s.Random(rng)
	for range 3000 {
		near := s.Near(rng, config, 0.2)
		if !s.Contains(near) {
			t.Fatalf("%v is not in the space", near)
		}
		if cmp.Equal(near, config) {
			t.Fatalf("%v is its own neighbour", config)
		}
		config = near // the walk visits ends and corners
	}
}

func TestNeighboursStandAboutAsFarAsTheReach(t *testing.T) {
	s := Space{{Name: "k", Type: Int, Scale: Log2, Min: 1, Max: 1 << 20}}
	rng := rand.New(rand.NewPCG(3, 4))
	sum, far := 0.0, 0
	const draws = 4000
	for range draws {
		d := math.Log2(float64(s.Near(rng, map[string]any{"k": 1 << 10}, 0.1)["k"].(int))) - 10
		sum += d * d
		if math.Abs(d) > 6 { // three deviations
			far++
		}
	}
	if deviation := math.Sqrt(sum / draws); math.Abs(deviation-2) > 0.15 {
		t.Errorf("steps deviate by %.2f doublings, want a tenth of 20", deviation)
	}
	if far > draws/100 {
		t.Errorf("%d of %d steps go beyond three deviations", far, draws)
	}
}

func TestNeighboursOfWhatIsOutsideLieWithin(t *testing.T) {
	s := Space{{Name: "k", Type: Int, Min: 1, Max: 9}, {Name: "absent", Type: Bool}, {Name: "fixed", Type: Int, Min: 5, Max: 5}}
	rng := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		near := s.Near(rng, map[string]any{"k": 900, "fixed": 5, "else": true}, 0.2)
		if !s.Contains(near) || len(near) != 3 {
			t.Fatalf("%v is not in the space", near)
		}
	}
	if got := (Space{}).Near(rng, nil, 0.2); len(got) != 0 {
		t.Errorf("the empty space has a neighbour %v", got)
	}
}
