package stats

import (
	"cmp"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func sequential(t testing.TB, alpha float64, most int) *Sequential {
	t.Helper()
	s, err := NewSequential(alpha, most)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func normal(rng *rand.Rand, n int, centre, sigma float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = centre + sigma*rng.NormFloat64()
	}
	return x
}

func TestOneLookIsTheFixedTest(t *testing.T) {
	s := sequential(t, 0.05, 6)
	x := []float64{0.3, 0.1, 0.6, 0.2, 0.5, 0.4}
	got, ok := s.Interval(x)
	if !ok || got.Low != 0.1 || got.High != 0.6 || got.N != 6 || math.Abs(got.Estimate-0.35) > 1e-12 || got.Confidence != 0.95 {
		t.Errorf("interval %+v, %v; want 0.1 … 0.6 about 0.35 at 95 %% of 6 pairs", got, ok)
	}
	if s.First() != 6 || s.Most() != 6 || s.Alpha() != 0.05 {
		t.Errorf("first %d, most %d, alpha %v", s.First(), s.Most(), s.Alpha())
	}
}

func TestThereIsNoIntervalBeforeTheFirstLookNorBeyondTheLast(t *testing.T) {
	s := sequential(t, 0.05, 12)
	for n, want := range map[int]bool{0: false, 7: false, 8: true, 12: true, 13: false} {
		if _, ok := s.Interval(make([]float64, n)); ok != want {
			t.Errorf("interval after %d pairs: %v, want %v", n, ok, want)
		}
		if got := s.Critical(n); (got >= 0) != want {
			t.Errorf("critical value after %d pairs is %d", n, got)
		}
	}
	if s.First() != 8 || s.Critical(-1) != -1 {
		t.Errorf("first look after %d pairs, want 8; critical value of −1 pairs %d", s.First(), s.Critical(-1))
	}
	if _, ok := s.Interval(append(make([]float64, 7), math.NaN())); ok {
		t.Error("NaN has an interval")
	}
}

func TestRulesThatCannotBeAreRefused(t *testing.T) {
	for _, row := range []struct {
		alpha float64
		most  int
		want  string
	}{
		{0.05, 5, "use 6 or more"}, {0.025, 6, "use 7 or more"}, {0.05, 101, "up to 100"}, {0, 10, "alpha is 0"}, {math.NaN(), 10, "alpha is NaN"},
	} {
		if _, err := NewSequential(row.alpha, row.most); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("alpha %v, most %d: error %v, want one with %q", row.alpha, row.most, err, row.want)
		}
	}
	if _, err := NewSequential(0.05, 5); !errors.Is(err, ErrTooFew) {
		t.Errorf("error %v, want ErrTooFew", err)
	}
}

// No look is more generous than the fixed test of as many pairs, and the last
// gives up little of it.
func TestBoundariesStayWithinTheFixedTest(t *testing.T) {
	for _, alpha := range []float64{0.05, 0.025, 0.005} {
		for _, most := range []int{9, 12, 40, 65} {
			s := sequential(t, alpha, most)
			for n := 1; n <= most; n++ {
				if fixed, _ := SignedRankCritical(n, alpha/2); s.Critical(n) > fixed {
					t.Errorf("alpha %v, most %d: critical value %d after %d pairs, more than the fixed %d", alpha, most, s.Critical(n), n, fixed)
				}
			}
			if last := SignedRankCDF(most, s.Critical(most)); most > 12 && last < alpha/12 {
				t.Errorf("alpha %v: the last of %d looks tests at %v only", alpha, most, 2*last)
			}
		}
	}
}

// The ranks are computed here by sorting, from noise, not by the simulation's
// insertion: heavy tails and none, both as good as normal.
func TestPeekingAfterEveryPairKeepsTheError(t *testing.T) {
	noises := map[string]func(*rand.Rand) float64{
		"normal":  func(r *rand.Rand) float64 { return r.NormFloat64() },
		"uniform": func(r *rand.Rand) float64 { return r.Float64() - 0.5 },
		"heavy":   func(r *rand.Rand) float64 { return math.Tan(math.Pi * (r.Float64() - 0.5)) },
	}
	const runs = 4000
	for name, noise := range noises {
		for _, row := range []struct {
			alpha float64
			most  int
		}{{0.05, 12}, {0.05, 20}, {0.025, 20}, {0.1, 20}} {
			s := sequential(t, row.alpha, row.most)
			rng := rand.New(rand.NewPCG(21, uint64(row.most)))
			rejected := 0
			for range runs {
				x := make([]float64, row.most)
				for i := range x {
					x[i] = noise(rng)
				}
				if everExcludes(s, x) {
					rejected++
				}
			}
			share := float64(rejected) / runs
			if share > row.alpha || share < row.alpha*0.4 {
				t.Errorf("%s, %d pairs: %.4f of the runs reject the truth at some look, want %v at most and no less than 0.4 of it", name, row.most, share, row.alpha)
			}
		}
	}
}

// everExcludes tells whether some interval of the series leaves 0 out.
func everExcludes(s *Sequential, x []float64) bool { return firstExcluding(s, x) > 0 }

// firstExcluding is the number of pairs after which an interval first leaves 0
// out, 0 when none does.
func firstExcluding(s *Sequential, x []float64) int {
	for i, least := range leastSums(x) {
		if least <= s.Critical(i+1) {
			return i + 1
		}
	}
	return 0
}

// leastSums is [against] for a margin of 0 after each pair, quick enough to peek
// thousands of times: the ranks that do not lie on the side where most do. A
// difference of 0 has the lowest rank, and lies on neither.
func leastSums(x []float64) []int {
	sums := make([]int, len(x))
	sorted := make([]float64, 0, len(x)) // by size
	for n, d := range x {
		at, _ := slices.BinarySearchFunc(sorted, d, func(a, b float64) int { return cmp.Compare(math.Abs(a), math.Abs(b)) })
		sorted = slices.Insert(sorted, at, d)
		positive, negative := 0, 0
		for i, v := range sorted {
			switch {
			case v > 0:
				positive += i + 1
			case v < 0:
				negative += i + 1
			}
		}
		sums[n] = (n+1)*(n+2)/2 - max(positive, negative)
	}
	return sums
}

func TestTheRepeatedIntervalIsWhatTheRuleDoesNotReject(t *testing.T) {
	s := sequential(t, 0.05, 20)
	rng := rand.New(rand.NewPCG(22, 0))
	for range 300 {
		x := normal(rng, s.First()+rng.IntN(20-s.First()+1), 0, 1)
		in, ok := s.Interval(x)
		if !ok {
			t.Fatal("no interval")
		}
		for _, row := range []struct {
			mu   float64
			want bool
		}{{in.Low + 1e-9, false}, {in.Low - 1e-9, true}, {in.High - 1e-9, false}, {in.High + 1e-9, true}} {
			_, sum := doubledRanks(x, row.mu)
			least := min(sum, len(x)*(len(x)+1)-sum) / 2
			if rejected := least <= s.Critical(len(x)); rejected != row.want {
				t.Fatalf("%v about %+v: rank sum %d, critical %d", row.mu, in, least, s.Critical(len(x)))
			}
		}
	}
}

func TestJudgingFollowsTheRepeatedInterval(t *testing.T) {
	s := sequential(t, 0.05, 12)
	at := func(centre float64) []float64 {
		return []float64{centre - 0.004, centre - 0.002, centre - 0.001, centre, centre + 0.001, centre + 0.002, centre + 0.003, centre + 0.004}
	}
	for _, row := range []struct {
		name   string
		x      []float64
		margin float64
		want   string
	}{
		{"faster", at(0.1), 0.02, Better},
		{"slower", at(-0.1), 0.02, Worse},
		{"alike", at(0), 0.02, NoDifference},
		{"on the edge", at(0.02), 0.02, Undecided},
		{"too early", at(0.1)[:5], 0.02, Undecided},
		{"no margin there is", at(0.1), 1, Undecided},
	} {
		if _, got := s.Judge(row.x, row.margin); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}

func BenchmarkSequentialInterval(b *testing.B) {
	for _, row := range []struct {
		name string
		n    int
	}{{"pairs=12", 12}, {"pairs=60", 60}} {
		b.Run(row.name, func(b *testing.B) {
			s := sequential(b, 0.05, row.n)
			x := normal(rand.New(rand.NewPCG(1, 1)), row.n, 0, 1)
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := s.Interval(x); !ok {
					b.Fatal("no interval")
				}
			}
		})
	}
}

func BenchmarkNewSequential(b *testing.B) {
	for _, row := range []struct {
		name  string
		alpha float64
	}{{"tabled", 0.05}, {"simulated", 0.01}} {
		b.Run(row.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sequential(b, row.alpha, 20)
			}
		})
	}
}
