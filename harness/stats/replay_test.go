package stats

import (
	"cmp"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
)

// replays is how often recorded noise is relabelled for one figure: enough to
// put the standard error of a share of 0.05 at 0.0035.
const replays = 4000

// recording is the noise of one metric, as its trials ran: the logarithms of two
// trials that stood side by side in a block, of the same configuration or shifted
// as if they had been. What one calls A and B among them is chance.
type recording [][2]float64

func recorded(t testing.TB, metric string) recording {
	t.Helper()
	text, err := os.ReadFile("testdata/noise-" + metric + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	var pairs recording
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		values := strings.Fields(line)[1:] // after the run's name
		for i := 0; i+1 < len(values); i += 2 {
			a, errA := strconv.ParseFloat(values[i], 64)
			b, errB := strconv.ParseFloat(values[i+1], 64)
			if errA != nil || errB != nil {
				t.Fatalf("noise-%s.txt: %q and %q are not numbers", metric, values[i], values[i+1])
			}
			pairs = append(pairs, [2]float64{a, b})
		}
	}
	if len(pairs) < 200 {
		t.Fatalf("noise-%s.txt has %d pairs only", metric, len(pairs))
	}
	return pairs
}

// relabelling is one replay: where in a recording it starts, and which trial of
// each pair is called B.
type relabelling struct {
	start int
	swap  []bool
}

func (r recording) draw(rng *rand.Rand, n int) relabelling {
	l := relabelling{start: rng.IntN(len(r) - n + 1), swap: make([]bool, n)}
	for i := range l.swap {
		l.swap[i] = rng.IntN(2) == 1
	}
	return l
}

// ratios are the log ratios of a relabelling, in the order of the recording,
// where B is truly better by shift.
func (r recording) ratios(l relabelling, shift float64) []float64 {
	x := make([]float64, len(l.swap))
	for i, swap := range l.swap {
		pair := r[l.start+i]
		x[i] = shift + pair[1] - pair[0]
		if swap {
			x[i] = shift + pair[0] - pair[1]
		}
	}
	return x
}

// share is how many of the replays of n pairs wrong says yes to.
func (r recording) share(seed uint64, n int, shift float64, wrong func([]float64) bool) float64 {
	rng := rand.New(rand.NewPCG(seed, uint64(n)))
	count := 0
	for range replays {
		if wrong(r.ratios(r.draw(rng, n), shift)) {
			count++
		}
	}
	return float64(count) / replays
}

// fixedExcludes tells whether the fixed interval of x leaves 0 out.
func fixedExcludes(x []float64) bool {
	cut, _ := SignedRankCritical(len(x), 0.025)
	return leastSums(x)[len(x)-1] <= cut
}

// fixedEverExcludes is what one must not do: the fixed test after every pair.
func fixedEverExcludes(x []float64, cuts []int) bool {
	for i, least := range leastSums(x) {
		if least <= cuts[i] {
			return true
		}
	}
	return false
}

// fixedCuts are the critical values of the fixed test after 1 … n pairs.
func fixedCuts(n int) []int {
	cuts := make([]int, n)
	for i := range cuts {
		cuts[i], _ = SignedRankCritical(i+1, 0.025)
	}
	return cuts
}

func metrics() []string { return []string{"wall", "cpu", "p50", "p99", "rss"} }

func TestRecordedNoiseSeldomFoolsTheNominalRules(t *testing.T) {
	const margin = 0.02
	for _, metric := range metrics() {
		noise := recorded(t, metric)
		for _, row := range []struct {
			rule  string
			n     int
			shift float64
			wrong func([]float64) bool
		}{
			{"fixed interval, margin 0", 6, 0, fixedExcludes},
			{"fixed interval, margin 0", 10, 0, fixedExcludes},
			{"fixed interval, margin 0", 20, 0, fixedExcludes},
			{"fixed interval, margin 2 %", 10, 0, func(x []float64) bool { return PBeyond(x, margin) <= 0.05 }},
			{"fixed interval, truth on the margin", 10, math.Log1p(margin), func(x []float64) bool { return PBeyond(x, margin) <= 0.05 }},
			{"not worse, truth on the margin", 10, math.Log1p(-margin), func(x []float64) bool { return NotWorse(x, margin, 0.05) }},
			{"equivalent, truth on the margin", 10, math.Log1p(margin), func(x []float64) bool { shown, _ := Equivalent(x, margin, 0.05); return shown }},
		} {
			got := noise.share(41, row.n, row.shift, row.wrong)
			t.Logf("%-4s %-36s n=%d: %.4f", metric, row.rule, row.n, got)
			if got > 0.05 {
				t.Errorf("%s, %s, n=%d: wrong in %.4f of the replays, want at most 0.05", metric, row.rule, row.n, got)
			}
		}
	}
}

func TestRecordedNoiseSeldomFoolsOneWhoPeeksAfterEveryPair(t *testing.T) {
	for _, most := range []int{12, 20, 40} {
		rule, cuts := sequential(t, 0.05, most), fixedCuts(most)
		for _, metric := range metrics() {
			noise := recorded(t, metric)
			got := noise.share(42, most, 0, func(x []float64) bool { return everExcludes(rule, x) })
			naive := noise.share(42, most, 0, func(x []float64) bool { return fixedEverExcludes(x, cuts) })
			t.Logf("%-4s n ≤ %d: %.4f sequential, %.4f fixed test peeked at", metric, most, got, naive)
			if got > 0.05 {
				t.Errorf("%s, n ≤ %d: %.4f of the replays exclude the truth at some look, want at most 0.05", metric, most, got)
			}
			if most >= 20 && naive <= 0.15 {
				t.Errorf("%s, n ≤ %d: the fixed test, peeked at, is wrong in %.4f only: this replay could not fail", metric, most, naive)
			}
		}
	}
}

// Ten rows: five metrics in two stretches, as of two scenarios; within one the
// metrics keep the labels in common, and with them what they have in common.
func TestRecordedNoiseSeldomFoolsAnyOfTenRows(t *testing.T) {
	all := make([]recording, len(metrics()))
	for i, metric := range metrics() {
		all[i] = recorded(t, metric)
	}
	const n = 20
	rule := sequential(t, 0.05, n)
	rng := rand.New(rand.NewPCG(43, 0))
	fixed, repeated, unadjusted := 0, 0, 0
	for range replays {
		rows := tenRows(rng, all, n)
		at := stopping(rule, rows[0])
		p, early := make([]float64, len(rows)), make([]float64, len(rows))
		for i, x := range rows {
			p[i] = SignedRankP(x, 0)
			early[i] = rule.PBeyond(x[:at], 0)
		}
		fixed += anyRejected(Holm(p, 0.05))
		repeated += anyRejected(Holm(early, 0.05))
		for _, v := range p {
			if v <= 0.05 {
				unadjusted++
				break
			}
		}
	}
	t.Logf("some row of ten rejected: %.4f by Holm at %d pairs, %.4f by Holm where the first row stopped, %.4f without Holm",
		float64(fixed)/replays, n, float64(repeated)/replays, float64(unadjusted)/replays)
	for name, count := range map[string]int{"Holm at a fixed number of pairs": fixed, "Holm where the first row stopped": repeated} {
		if share := float64(count) / replays; share > 0.05 {
			t.Errorf("%s: some row of ten rejected in %.4f of the replays, want at most 0.05", name, share)
		}
	}
	if share := float64(unadjusted) / replays; share < 0.15 {
		t.Errorf("without Holm some row is rejected in %.4f only: this replay could not fail", share)
	}
}

func tenRows(rng *rand.Rand, all []recording, n int) [][]float64 {
	var rows [][]float64
	for range 2 {
		l := all[0].draw(rng, n)
		for _, noise := range all {
			rows = append(rows, noise.ratios(l, 0))
		}
	}
	return rows
}

// stopping is the number of pairs at which the rule first rejects, else all.
func stopping(rule *Sequential, x []float64) int {
	return cmp.Or(firstExcluding(rule, x), len(x))
}

func anyRejected(rejected []bool) int {
	for _, r := range rejected {
		if r {
			return 1
		}
	}
	return 0
}

// A machine that grows noisy within a run, or calm, here tenfold, takes the sizes
// out of their random order; the rule is calibrated for that, too.
func TestGrowingAndFadingNoiseKeepTheError(t *testing.T) {
	const most = 20
	rule := sequential(t, 0.05, most)
	for name, factor := range map[string]float64{"growing": 10, "ever growing": 1e6, "fading": 0.1} {
		rng := rand.New(rand.NewPCG(44, 0))
		wrong := 0
		for range replays {
			x := normal(rng, most, 0, 1)
			for i := range x {
				x[i] *= math.Pow(factor, float64(i)/(most-1))
			}
			if everExcludes(rule, x) {
				wrong++
			}
		}
		t.Logf("%s noise: %.4f", name, float64(wrong)/replays)
		if share := float64(wrong) / replays; share > 0.05 {
			t.Errorf("%s noise: %.4f of the runs exclude the truth, want at most 0.05", name, share)
		}
	}
}

func TestPairsDecideWhereTheyShould(t *testing.T) {
	const runs = 1000
	for _, row := range []struct {
		name   string
		most   int
		ratio  float64
		sigma  float64
		margin float64
		want   string
		least  float64
	}{
		{"no change, margin 2 %, spread 2 %", 20, 1, 0.02, 0.02, NoDifference, 0.90},
		{"3 % better, margin 0, spread 0.7 %", 12, 1.03, 0.007, 0, Better, 0.95},
		{"3 % worse, margin 0, spread 0.7 %", 12, 0.97, 0.007, 0, Worse, 0.95},
	} {
		rule := sequential(t, 0.05, row.most)
		rng := rand.New(rand.NewPCG(45, 0))
		right, wrong, pairs := 0, 0, 0
		for range runs {
			verdict, n := judged(rule, normal(rng, row.most, math.Log(row.ratio), row.sigma), row.margin)
			pairs += n
			switch verdict {
			case row.want:
				right++
			case Undecided:
			default:
				wrong++
			}
		}
		t.Logf("%s: %.3f %s within %d pairs, %.3f wrong; stopped after %.1f on average",
			row.name, float64(right)/runs, row.want, row.most, float64(wrong)/runs, float64(pairs)/runs)
		if share := float64(right) / runs; share < row.least {
			t.Errorf("%s: %.3f are %s within %d pairs, want %.2f", row.name, share, row.want, row.most, row.least)
		}
		if share := float64(wrong) / runs; share > 0.05 {
			t.Errorf("%s: %.3f are wrong", row.name, share)
		}
	}
}

// judged is the verdict at which a run stops, and the pairs it took.
func judged(rule *Sequential, x []float64, margin float64) (verdict string, n int) {
	for n = rule.First(); n <= len(x); n++ {
		if _, verdict = rule.Judge(x[:n], margin); verdict != Undecided {
			return verdict, n
		}
	}
	return Undecided, len(x)
}
