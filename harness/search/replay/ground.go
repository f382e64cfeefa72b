package replay

import (
	"math"
	"math/rand/v2"

	"sluice/harness/record"
	"sluice/harness/search"
	"sluice/harness/search/surface"
	"sluice/harness/space"
)

// Half says which trials of a ground are drawn.
type Half int

// The halves of a ground. A surface has the same noise in both.
const (
	Drawing Half = iota // what a search measures
	HeldOut             // what tells the truth, and what confirmation measures
)

// Measured is one drawn measurement: a logarithm, more is better.
type Measured struct {
	Value  float64
	Failed bool
}

// Ground is what a search is replayed on. Implementations are safe for concurrent
// use: they change nothing once made.
type Ground interface {
	About() About
	Space() space.Space
	Reference() record.Flat
	Starters() []search.Candidate

	// Holds says whether a configuration can be measured here.
	Holds(c record.Flat) bool

	// Gain is the true log ratio of a configuration to the reference; −Inf where it
	// does not end well.
	Gain(c record.Flat) float64

	// Best is the greatest true gain there is.
	Best() float64

	// Population is the true gains that a random draw meets, each as likely as the
	// next, in ascending order: every configuration, or a large sample of them.
	Population() []float64

	// Block measures the reference and the configurations once each, in one block,
	// the reference first.
	Block(rng *rand.Rand, half Half, configs []record.Flat) []Measured
}

// About names a ground.
type About struct {
	Name       string
	Kind       string  // "table" or "surface"
	Objective  string  // metric that is searched
	Cells      int     // configurations; 0: too many to count
	Rounds     int     // of a table
	PairNoise  float64 // standard deviation of one log ratio of a pair
	TruthError float64 // of a table: standard error of what the better configurations are truly worth beside each other
	Ceiling    float64 // of a table: true gain of what looks best in all of the drawing half
}

// sampled is how many random configurations stand for a surface's population: its
// best 0.1 % are 65 of them.
const sampled = 1 << 16

// Surface is a surface with normal noise on the logarithm of each measurement.
type Surface struct {
	surface    surface.Surface
	noise      float64
	reference  float64 // its true logarithm
	population []float64
}

// OnSurface returns the ground of a surface; noise is the standard deviation of
// one measurement's logarithm. It costs 65,536 evaluations, some 50 ms.
func OnSurface(s surface.Surface, noise float64) *Surface {
	g := &Surface{surface: s, noise: noise, reference: math.Log(s.Throughput(s.Reference))}
	rng := rand.New(rand.NewPCG(1, populationStream))
	for range sampled {
		g.population = append(g.population, g.Gain(s.Space().Random(rng)))
	}
	ascending(g.population)
	return g
}

// Streams keep the random numbers of different uses apart.
const (
	populationStream = 0x706f70
	measureStream    = 0x6d656173
	confirmStream    = 0x636f6e66
)

// About implements Ground.
func (g *Surface) About() About {
	return About{Name: "surface:" + g.surface.Name, Kind: "surface", Objective: record.Throughput, PairNoise: g.noise * math.Sqrt2}
}

// Space implements Ground.
func (g *Surface) Space() space.Space { return g.surface.Space() }

// Reference implements Ground.
func (g *Surface) Reference() record.Flat { return g.surface.Reference }

// Starters implements Ground: a surface has none.
func (g *Surface) Starters() []search.Candidate { return nil }

// Holds implements Ground.
func (g *Surface) Holds(c record.Flat) bool { return g.surface.Space().Contains(c) }

// Gain implements Ground.
func (g *Surface) Gain(c record.Flat) float64 {
	return math.Log(g.surface.Throughput(c)) - g.reference
}

// Best implements Ground.
func (g *Surface) Best() float64 { return g.Gain(g.surface.Optimum) }

// Population implements Ground.
func (g *Surface) Population() []float64 { return g.population }

// Block implements Ground.
func (g *Surface) Block(rng *rand.Rand, _ Half, configs []record.Flat) []Measured {
	block := []Measured{{Value: g.reference + g.noise*rng.NormFloat64()}}
	for _, c := range configs {
		block = append(block, Measured{Value: g.reference + g.Gain(c) + g.noise*rng.NormFloat64()})
	}
	return block
}
