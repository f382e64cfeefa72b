package search

import (
	"math"
	"math/bits"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/record"
	"sluice/harness/space"
)

// The first ten points of three coordinates that Joe and Kuo print with their
// program.
func TestTheUnscrambledSequenceIsThePublishedOne(t *testing.T) {
	want := [][]float64{
		{0, 0, 0},
		{.5, .5, .5},
		{.75, .25, .25},
		{.25, .75, .75},
		{.375, .375, .625},
		{.875, .875, .125},
		{.625, .125, .875},
		{.125, .625, .375},
		{.1875, .3125, .9375},
		{.6875, .8125, .4375},
	}
	s := plainSequence(3)
	for i, point := range want {
		if diff := cmp.Diff(point, s.next()); diff != "" {
			t.Errorf("point %d (-want +got):\n%s", i, diff)
		}
	}
}

// A slip of a digit in the table would seldom show in the points, but in this:
// polynomials are primitive and none comes twice, first numbers are odd and below
// their power of two, and Sobol's property A holds, by which the set was chosen: the
// first bits of the first d direction numbers of d coordinates are independent.
func TestTheTableOfDirectionsHoldsWhatItsAuthorsPromise(t *testing.T) {
	seen := map[uint32]bool{}
	for i, row := range joeKuo() {
		degree := len(row.first)
		polynomial := 1<<degree | row.polynomial<<1 | 1
		if seen[polynomial] || !primitive(polynomial, degree) {
			t.Errorf("coordinate %d: polynomial %b comes twice or is not primitive", i+2, polynomial)
		}
		seen[polynomial] = true
		for k, m := range row.first {
			if m%2 == 0 || m >= 1<<(k+1) {
				t.Errorf("coordinate %d: number %d is %d", i+2, k+1, m)
			}
		}
	}
	for d := 1; d <= 32; d++ {
		var basis []uint64
		for coordinate := range d {
			bitsOf := uint64(0)
			for k, v := range direction(coordinate) {
				if k < d {
					bitsOf |= uint64(v>>31) << k
				}
			}
			for _, b := range basis {
				bitsOf = min(bitsOf, bitsOf^b)
			}
			if bitsOf == 0 {
				t.Fatalf("property A fails in %d coordinates, at coordinate %d", d, coordinate+1)
			}
			basis = append(basis, bitsOf)
		}
	}
}

// primitive tells whether x has order 2^degree − 1 modulo the polynomial.
func primitive(polynomial uint32, degree int) bool {
	x := uint32(1)
	for power := 1; ; power++ {
		if x <<= 1; x>>degree&1 == 1 {
			x ^= polynomial
		}
		if x == 1 || power > 1<<degree {
			return power == 1<<degree-1
		}
	}
}

func TestEveryCoordinateIsStratified(t *testing.T) {
	for _, seed := range []uint64{0, 1, 99} {
		for k := range 9 {
			s := newSequence(37, seed)
			counts := make([][]int, 37)
			for range 1 << k {
				for i, u := range s.next() {
					if counts[i] == nil {
						counts[i] = make([]int, 1<<k)
					}
					counts[i][int(u*float64(int(1)<<k))]++
				}
			}
			for i, c := range counts {
				for at, n := range c {
					if n != 1 {
						t.Fatalf("seed %d, %d points: coordinate %d has %d in stretch %d", seed, 1<<k, i+1, n, at)
					}
				}
			}
		}
	}
}

// The first two coordinates are a net: of 2^k points one lies in every box of
// 2^-a by 2^-(k-a), scrambled or not.
func TestTheFirstTwoCoordinatesAreANet(t *testing.T) {
	const k = 8
	for a := range k + 1 {
		s := newSequence(2, 5)
		seen := map[[2]int]bool{}
		for range 1 << k {
			u := s.next()
			seen[[2]int{int(math.Ldexp(u[0], a)), int(math.Ldexp(u[1], k-a))}] = true
		}
		if len(seen) != 1<<k {
			t.Errorf("%d of %d boxes of width 2^-%d hold a point", len(seen), 1<<k, a)
		}
	}
}

func TestScramblingDependsOnTheBitsAboveOnly(t *testing.T) {
	for _, x := range []uint32{0, 1, 0x80000000, 0xdeadbeef} {
		for b := range 32 {
			flipped := scramble(x, 7) ^ scramble(x^1<<b, 7)
			if bits.Len32(flipped) != b+1 {
				t.Errorf("bit %d of %x changes %032b", b, x, flipped)
			}
		}
	}
}

func TestKnobsBeyondTheTableAreDrawn(t *testing.T) {
	o := Options{Reference: record.Flat{}, Seed: 4}
	for i := range 45 {
		name := string(rune('a'+i%26)) + string(rune('a'+i/26))
		o.Space = append(o.Space, space.Param{Name: name, Type: space.Int, Min: 0, Max: 99})
		o.Reference[name] = 0
	}
	s, err := NewSobol(o)
	if err != nil {
		t.Fatal(err)
	}
	last := map[any]bool{}
	for range 10 {
		for _, c := range s.Ask(100)[0] {
			last[c.Config[o.Space[44].Name]] = true
		}
		s.Tell(nil)
	}
	if len(last) < 20 {
		t.Errorf("the 45th knob takes %d values in 50 candidates", len(last))
	}
}

func TestSobolLeavesNoRegionOut(t *testing.T) {
	o := Options{Space: space.Space{knob("a", 1, 63), {Name: "b", Type: space.Int, Min: 0, Max: 255}}, Reference: record.Flat{"a": 1, "b": 0}, Seed: 8}
	s, err := NewSobol(o)
	if err != nil {
		t.Fatal(err)
	}
	regions := map[[2]int]bool{}
	for left := 80; s.Ask(left) != nil; {
		for _, c := range s.Ask(left)[0] {
			a, _ := c.Config.Float("a")
			b, _ := c.Config.Float("b")
			regions[[2]int{int(math.Log2(a)) / 2, int(b) / 32}] = true
			left--
		}
		left--
		s.Tell(nil)
	}
	if len(regions) != 3*8 {
		t.Errorf("65 points reach %d of 24 regions", len(regions))
	}
}
