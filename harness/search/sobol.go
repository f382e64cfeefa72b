package search

import (
	"math/bits"
	"math/rand/v2"
)

// Sobol measures the points of a scrambled Sobol sequence once each, the starters
// first: random draws that leave no region out. Knobs beyond the 37th are drawn at
// random.
type Sobol struct{ once }

// NewSobol prepares the search. It is an error when the options are wrong or the
// space holds nothing but the reference.
func NewSobol(o Options) (*Sobol, error) {
	points := newSequence(len(o.Space), o.Seed)
	d, err := newDesigner(o, func() map[string]any { return o.Space.FromUnit(points.next()) })
	if err != nil {
		return nil, err
	}
	return &Sobol{once{ledger: newLedger(), designer: d}}, nil
}

// sequence is a scrambled Sobol sequence: its first 2^k points, for any k, have
// one in each of the 2^k equal stretches of every coordinate, and are spread as
// evenly over many boxes of more coordinates. It repeats after 2^32 points.
type sequence struct {
	directions [][32]uint32
	seeds      []uint32 // of the scrambling of each coordinate
	state      []uint32
	count      uint32
	further    *rand.Rand // for coordinates beyond the table
	size       int
}

// sobolStream is the stream of random numbers that scramble a sequence.
const sobolStream = 0x736f626f6c // "sobol"

func newSequence(size int, seed uint64) *sequence {
	rng := rand.New(rand.NewPCG(seed, sobolStream))
	s := plainSequence(min(size, len(joeKuo())+1))
	s.size, s.further = size, rng
	s.seeds = make([]uint32, len(s.directions))
	for i := range s.seeds {
		s.seeds[i] = rng.Uint32()
	}
	return s
}

// plainSequence is the sequence as published, for the tests: without scrambling.
func plainSequence(size int) *sequence {
	s := &sequence{size: size, directions: make([][32]uint32, size), state: make([]uint32, size)}
	for i := range s.directions {
		s.directions[i] = direction(i)
	}
	return s
}

// next returns the next point; the first is the origin, scrambled.
func (s *sequence) next() []float64 {
	u := make([]float64, s.size)
	for i := range u {
		if i >= len(s.directions) {
			u[i] = s.further.Float64()
			continue
		}
		x := s.state[i]
		if s.seeds != nil {
			x = scramble(x, s.seeds[i])
		}
		u[i] = float64(x) / (1 << 32)
	}
	changed := bits.TrailingZeros32(^s.count) % 32 // in Gray code, from this point to the next
	for i := range s.state {
		s.state[i] ^= s.directions[i][changed]
	}
	s.count++
	return u
}

// scramble is Owen's nested uniform scrambling, by a hash instead of a tree of
// random bits: each bit is flipped or not depending on those above it, so equal
// stretches stay equal stretches. Owen, "Randomly permuted (t,m,s)-nets and
// (t,s)-sequences" (1995); Laine and Karras, "Stratified sampling for stochastic
// transparency" (2011), for the hash; Burley, "Practical hash-based Owen
// scrambling", Journal of Computer Graphics Techniques 9 (2020).
func scramble(x, seed uint32) uint32 {
	x = bits.Reverse32(x) + seed
	for _, m := range [...]uint32{0x6c50b47c, 0xb82f1e52, 0xc7afe638, 0x8d22f6e6} {
		x ^= x * m
	}
	return bits.Reverse32(x)
}

// direction are the direction numbers of a coordinate, from 0, as fractions of 2^32.
// Bratley and Fox, "Algorithm 659", ACM Transactions on Mathematical Software 14
// (1988), for the recurrence.
func direction(coordinate int) [32]uint32 {
	var v [32]uint32
	if coordinate == 0 {
		for k := range v {
			v[k] = 1 << (31 - k)
		}
		return v
	}
	row := joeKuo()[coordinate-1]
	degree := len(row.first)
	for k := range v {
		if k < degree {
			v[k] = row.first[k] << (31 - k)
			continue
		}
		v[k] = v[k-degree] ^ v[k-degree]>>degree
		for j := 1; j < degree; j++ {
			if row.polynomial>>(degree-1-j)&1 == 1 {
				v[k] ^= v[k-j]
			}
		}
	}
	return v
}

// initial is what the direction numbers of a coordinate start from: the inner
// coefficients of a primitive polynomial modulo 2, and as many odd numbers as its
// degree.
type initial struct {
	polynomial uint32
	first      []uint32
}

// joeKuo are the numbers of coordinates 2 to 37 of the set new-joe-kuo-6.21201:
// Joe and Kuo, "Constructing Sobol sequences with better two-dimensional
// projections", SIAM Journal on Scientific Computing 30 (2008).
func joeKuo() []initial {
	return []initial{
		{0, []uint32{1}},
		{1, []uint32{1, 3}},
		{1, []uint32{1, 3, 1}},
		{2, []uint32{1, 1, 1}},
		{1, []uint32{1, 1, 3, 3}},
		{4, []uint32{1, 3, 5, 13}},
		{2, []uint32{1, 1, 5, 5, 17}},
		{4, []uint32{1, 1, 5, 5, 5}},
		{7, []uint32{1, 1, 7, 11, 19}},
		{11, []uint32{1, 1, 5, 1, 1}},
		{13, []uint32{1, 1, 1, 3, 11}},
		{14, []uint32{1, 3, 5, 5, 31}},
		{1, []uint32{1, 3, 3, 9, 7, 49}},
		{13, []uint32{1, 1, 1, 15, 21, 21}},
		{16, []uint32{1, 3, 1, 13, 27, 49}},
		{19, []uint32{1, 1, 1, 15, 7, 5}},
		{22, []uint32{1, 3, 1, 15, 13, 25}},
		{25, []uint32{1, 1, 5, 5, 19, 61}},
		{1, []uint32{1, 3, 7, 11, 23, 15, 103}},
		{4, []uint32{1, 3, 7, 13, 13, 15, 69}},
		{7, []uint32{1, 1, 3, 13, 7, 35, 63}},
		{8, []uint32{1, 3, 5, 9, 1, 25, 53}},
		{14, []uint32{1, 3, 1, 13, 9, 35, 107}},
		{19, []uint32{1, 3, 1, 5, 27, 61, 31}},
		{21, []uint32{1, 1, 5, 11, 19, 41, 61}},
		{28, []uint32{1, 3, 5, 3, 3, 13, 69}},
		{31, []uint32{1, 1, 7, 13, 1, 19, 1}},
		{32, []uint32{1, 3, 7, 5, 13, 19, 59}},
		{37, []uint32{1, 1, 3, 9, 25, 29, 41}},
		{41, []uint32{1, 3, 5, 13, 23, 1, 55}},
		{42, []uint32{1, 3, 7, 3, 13, 59, 17}},
		{50, []uint32{1, 3, 1, 3, 5, 53, 69}},
		{55, []uint32{1, 1, 5, 5, 23, 33, 13}},
		{56, []uint32{1, 1, 7, 7, 1, 61, 123}},
		{59, []uint32{1, 1, 7, 9, 13, 61, 49}},
		{62, []uint32{1, 3, 3, 5, 3, 55, 33}},
	}
}
