package author

import (
	"math"
	"slices"
	"testing"
)

func TestLognormalSizesHaveTheirMedianAndSpread(t *testing.T) {
	d := NewDice(1, 0)
	const n, median, spread = 20_000, 4096, 2000
	logs := make([]float64, n)
	for i := range logs {
		logs[i] = math.Log2(float64(d.Lognormal(median, spread)))
	}
	slices.Sort(logs)
	// Of a normal distribution 15.9 % lie a standard deviation below the median.
	for share, want := range map[float64]float64{0.159: 10, 0.5: 12, 0.841: 14} {
		if got := logs[int(share*n)]; math.Abs(got-want) > 0.1 {
			t.Errorf("quantile %v is 2^%.2f, want 2^%v", share, got, want)
		}
	}
}

func TestDiceGiveTheSameNumbersForever(t *testing.T) {
	d := NewDice(1, 2)
	var got []int64
	for range 4 {
		got = append(got, d.Lognormal(4096, 2000), int64(d.Pick(1000)))
	}
	if want := []int64{10491, 383, 786, 118, 3288, 477, 1696, 420}; !slices.Equal(got, want) {
		t.Errorf("drew %v, want %v", got, want)
	}
}
