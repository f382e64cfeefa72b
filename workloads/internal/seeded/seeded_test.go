package seeded

import (
	"fmt"
	"math"
	"testing"
)

func TestHashIsTheSameForever(t *testing.T) {
	// Stored runs name only their seed: were a value here to change, no old
	// trial could be repeated.
	rows := []struct {
		seed uint64
		n    int
		text string
		want uint64
	}{
		{0, 0, "", 0x5db1c9c93624d952},
		{1, 0, "fmt/print.go", 0x7cd6686eb1c3e880},
		{1, 1, "fmt/print.go", 0x58ebfe879092eff4},
		{2, -1, "fmt/print.go", 0x6e9d0589813c4469},
	}
	for _, row := range rows {
		if got := Hash(row.seed, row.n, row.text); got != row.want {
			t.Errorf("Hash(%d, %d, %q) = %#x, want %#x", row.seed, row.n, row.text, got, row.want)
		}
	}
}

func TestUnitStaysInsideTheOpenInterval(t *testing.T) {
	for _, h := range []uint64{0, 1, math.MaxUint64 / 2, math.MaxUint64} {
		if u := Unit(h); u <= 0 || u >= 1 || 2*u-1 == 1 {
			t.Errorf("Unit(%#x) = %v, want a number strictly between 0 and 1", h, u)
		}
	}
}

func TestHashesOfNeighbouringNamesAreSpreadEvenly(t *testing.T) {
	const n, bins = 100_000, 100
	for _, row := range []struct {
		name string
		hash func(i int) uint64
	}{
		{"paths", func(i int) uint64 { return Hash(1, 0, fmt.Sprintf("pkg/file%d.go", i)) }},
		{"numbers", func(i int) uint64 { return Hash(1, i, "pkg/file.go") }},
		{"seeds", func(i int) uint64 { return Hash(uint64(i), 0, "pkg/file.go") }},
	} {
		t.Run(row.name, func(t *testing.T) {
			var counts [bins]float64
			for i := range n {
				counts[int(Unit(row.hash(i))*bins)]++
			}
			var chi2 float64
			for _, c := range counts {
				chi2 += (c - n/bins) * (c - n/bins) / (n / bins)
			}
			if chi2 > 150 { // 99 degrees of freedom: beyond 148 one time in a thousand
				t.Errorf("chi-squared over %d bins is %.0f, want at most 150", bins, chi2)
			}
		})
	}
}

func BenchmarkHash(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Hash(1, 2, "internal/trace/testdata/generators/go122-confuse-seq-across-generations.go")
	}
}
