package budget

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
)

// A parse is one of a made-up series: bytes of source and of tree.
type parse struct{ source, tree int64 }

// series draws files whose sizes and ratios are lognormal, as those of source
// trees are: sizes around 8 KB, ratios around the median given, and what every
// parse takes on top.
func series(r *rand.Rand, files int, median, sigma float64) []parse {
	out := make([]parse, files)
	for i := range out {
		source := 1 + int64(8<<10*math.Exp(r.NormFloat64()))
		out[i] = parse{source, leastTree + int64(float64(source)*median*math.Exp(sigma*r.NormFloat64()))}
	}
	return out
}

func learn(e *Estimator, parses []parse) {
	for _, p := range parses {
		e.Learn("go", p.source, p.tree)
	}
}

func TestAnEstimateIsSourceAndThirtyTimesItUntilMoreIsKnown(t *testing.T) {
	e := NewEstimator()
	for _, row := range []struct {
		name         string
		source, want int64
	}{
		{"a file of 10 KB", 10_000, 310_000 + leastTree},
		{"a small file has at least the parser's own memory", 100, 100 + leastTree + 30*100},
		{"an empty file too", 0, leastTree},
		{"a size below 0 is none", -5, leastTree},
		{"a size beyond all memory does not overflow", math.MaxInt64, 1 << 62},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, class := range []string{"go", ""} {
				if got := e.Resident(class, row.source); got != row.want {
					t.Errorf("class %q: got %d, want %d", class, got, row.want)
				}
			}
		})
	}
}

// TestWithinTensOfFilesTheEstimateCoversMostBytes learns from 64 files, of which
// the trees of 16 at least are large enough to teach, and
// holds the estimate against 5000 others of the same kind.
func TestWithinTensOfFilesTheEstimateCoversMostBytes(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for _, median := range []float64{12, 30, 90} {
		for _, sigma := range []float64{0, 0.2, 0.5} {
			t.Run(fmt.Sprintf("median=%v/sigma=%v", median, sigma), func(t *testing.T) {
				r := rand.New(rand.NewPCG(seed, uint64(median)))
				e := NewEstimator()
				learn(e, series(r, 64, median, sigma))
				var all, covered, estimated, actual float64
				for _, p := range series(r, 5000, median, sigma) {
					got := e.Resident("go", p.source)
					all += float64(p.source)
					estimated += float64(got)
					actual += float64(p.source + max(p.tree, leastTree))
					if got >= p.source+p.tree {
						covered += float64(p.source)
					}
				}
				if share := covered / all; share < 0.75 {
					t.Errorf("%.0f %% of the bytes lie in files no dearer than estimated, want 75 %% at least", 100*share)
				}
				if estimated < actual {
					t.Errorf("all files together are estimated at %.2f of what they take", estimated/actual)
				}
				if limit := 1.15 * math.Exp(3.5*sigma); estimated > limit*actual {
					t.Errorf("all files together are estimated at %.2f of what they take, want %.2f at most", estimated/actual, limit)
				}
			})
		}
	}
}

func TestAnEstimateRisesAtOnceAndFallsAfterSixteenFiles(t *testing.T) {
	e := NewEstimator()
	for file := 1; file <= enough; file++ {
		e.Learn("go", 100_000, leastTree+10*100_000)
		if got, fell := e.ratio("go"), file >= enough; (got < startRatio) != fell {
			t.Errorf("after %d files the ratio is %v; it may fall below %d only after %d", file, got, startRatio, enough)
		}
	}
	dear := NewEstimator()
	dear.Learn("go", 100_000, leastTree+80*100_000)
	if got := dear.ratio("go"); got < 80 {
		t.Errorf("after one file of 80 times its source the ratio is %v", got)
	}
}

func TestAGiantAmongDwarfsIsBelievedAtOnce(t *testing.T) {
	e := NewEstimator()
	for range 2000 {
		e.Learn("go", 10_000, leastTree+20*10_000)
	}
	e.Learn("go", 50_000_000, leastTree+60*50_000_000)
	if got := e.ratio("go"); got < 60 {
		t.Errorf("the ratio is %.1f after a giant of 60", got)
	}
}

func TestAChangeOfTheMaterialShowsWithinTensOfFiles(t *testing.T) {
	e := NewEstimator()
	for range 10_000 {
		e.Learn("go", 10_000, leastTree+20*10_000)
	}
	files := 0
	for ; e.ratio("go") < 50; files++ {
		e.Learn("go", 10_000, leastTree+50*10_000)
	}
	if files > 40 {
		t.Errorf("dearer files showed after %d, want 40 at most", files)
	}
	for files = 0; e.ratio("go") > 25; files++ {
		e.Learn("go", 10_000, leastTree+20*10_000)
	}
	if files > 2000 {
		t.Errorf("they were forgotten after %d cheaper ones, want 2000 at most", files)
	}
}

func TestWhatWasNotParsedTeachesNothing(t *testing.T) {
	e := NewEstimator()
	for range 1000 {
		e.Learn("go", 100_000, 0)         // filtered beforehand
		e.Learn("go", 0, 1_000_000)       // no source to compare with
		e.Learn("go", -1, 1_000_000)      // nor here
		e.Learn("go", 100_000, leastTree) // no more than counted in any case
	}
	if got := e.ratio("go"); got != startRatio {
		t.Errorf("the ratio is %v, want %d as at the start", got, startRatio)
	}
}

func TestEachClassLearnsForItself(t *testing.T) {
	e := NewEstimator()
	e.Learn("javascript", 100_000, leastTree+90*100_000)
	if e.ratio("javascript") < 90 || e.ratio("go") != startRatio || e.ratio("") != startRatio {
		t.Errorf("ratios %v, %v and %v; want 90 for the first alone", e.ratio("javascript"), e.ratio("go"), e.ratio(""))
	}
}

func TestAnEstimateIsNeverBelowTheSourceNorFalls(t *testing.T) {
	e := NewEstimator()
	for range 100 {
		e.Learn("go", 10_000_000, leastTree+1) // a tree far smaller than its source
	}
	var before int64
	for source := int64(1); source < 1<<40; source *= 3 {
		got := e.Resident("go", source)
		if got < source+leastTree || got < before {
			t.Errorf("%d bytes of source are estimated at %d, after %d for a third", source, got, before)
		}
		before = got
	}
}

func TestTheSameSequenceGivesTheSameAnswers(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var answers [2][]int64
	for i := range answers {
		e := NewEstimator()
		for _, p := range series(rand.New(rand.NewPCG(seed, 1)), 2000, 30, 0.5) {
			e.Learn("go", p.source, p.tree)
			answers[i] = append(answers[i], e.Resident("go", p.source))
		}
	}
	for i, want := range answers[0] {
		if answers[1][i] != want {
			t.Fatalf("answer %d is %d, was %d", i, answers[1][i], want)
		}
	}
}

func TestAnEstimatorIsSharedWithoutRaces(t *testing.T) {
	e := NewEstimator()
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range 1000 {
				class := fmt.Sprint((worker + i) % 5)
				e.Learn(class, 10_000, leastTree+40*10_000)
				if got := e.Resident(class, 10_000); got < 410_000 {
					t.Errorf("got %d, want at least what was learned", got)
				}
			}
		})
	}
	all.Wait()
}

func TestResidentAllocatesNothing(t *testing.T) {
	e := NewEstimator()
	e.Learn("go", 10_000, 400_000)
	if allocs := testing.AllocsPerRun(100, func() { e.Resident("go", 10_000) }); allocs != 0 {
		t.Errorf("%v allocations, want none", allocs)
	}
}
