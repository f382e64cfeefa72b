package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// A winner among configurations that are all the same is nothing but luck. Its
// gain in the search is inflated; on fresh pairs it is gone.
func TestTheWinnerOfASearchIsConfirmedOnFreshPairs(t *testing.T) {
	wall := recorded(t, "wall")
	for name, pairs := range map[string]func(*rand.Rand, int) []float64{
		"recorded wall":                 func(rng *rand.Rand, n int) []float64 { return wall.ratios(wall.draw(rng, n), 0) },
		"normal, 3 % from pair to pair": func(rng *rand.Rand, n int) []float64 { return normal(rng, n, 0, 0.03) },
	} {
		t.Run(name, func(t *testing.T) { checkWinners(t, pairs) })
	}
}

func checkWinners(t *testing.T, pairs func(*rand.Rand, int) []float64) {
	t.Helper()
	const runs, arms, search, most = 2000, 64, 5, 12
	rule := sequential(t, 0.05, most)
	rng := rand.New(rand.NewPCG(46, 0))
	naive, naiveCovers, fixedCovers, sequentialCovers, confirmed := 0.0, 0, 0, 0, make([]float64, 0, runs)
	for range runs {
		best := Interval{Estimate: math.Inf(-1)}
		for range arms {
			in, _ := HodgesLehmann(pairs(rng, search), 0.05) // the widest there is, 93.75 %
			if in.Estimate > best.Estimate {
				best = in
			}
		}
		naive += math.Expm1(best.Estimate) / runs
		naiveCovers += covers(best)
		fresh := pairs(rng, most)
		fixed, err := HodgesLehmann(fresh, 0.05)
		if err != nil {
			t.Fatal(err)
		}
		fixedCovers += covers(fixed)
		_, n := judged(rule, fresh, 0.02)
		last, _ := rule.Interval(fresh[:n])
		sequentialCovers += covers(last)
		confirmed = append(confirmed, math.Expm1(last.Estimate))
	}
	share := func(count int) string { return fmt.Sprintf("%.4f", float64(count)/runs) }
	t.Logf("best of %d: gain %+.2f %% in the search, interval of the search covers 0 in %s; on fresh pairs median %+.2f %%, fixed interval covers in %s, repeated in %s",
		arms, 100*naive, share(naiveCovers), 100*Median(confirmed), share(fixedCovers), share(sequentialCovers))
	for rule, count := range map[string]int{"fixed": fixedCovers, "repeated": sequentialCovers} {
		if float64(count)/runs < 0.94 {
			t.Errorf("the %s interval on fresh pairs covers 0 in %s, want 0.94", rule, share(count))
		}
	}
	if naive < 0.01 || naiveCovers > runs*3/4 {
		t.Errorf("the winner of the search gains %.4f and covers 0 in %s: this replay could not fail", naive, share(naiveCovers))
	}
}

func covers(in Interval) int {
	if in.Low <= 0 && 0 <= in.High {
		return 1
	}
	return 0
}
