package decide

import (
	"math"
	"slices"
	"strings"
	"testing"

	"sluice/harness/record"
	"sluice/harness/unit"
)

// block makes one block's trials: the reference at 1 for every metric, and an arm.
func block(index int, arm string, throughput, p99, rss float64) []record.Trial {
	metrics := func(t, p, r float64) map[string]float64 {
		return map[string]float64{record.Throughput: t, record.P99: p, record.RSS: r}
	}
	return []record.Trial{
		{Arm: "reference", Block: index, Status: record.OK, Metrics: metrics(1, 1, 1)},
		{Arm: arm, Block: index, Status: record.OK, Config: record.Flat{"io.workers": 4}, Metrics: metrics(throughput, p99, rss)},
	}
}

// blocks repeats a block with the same small deterministic spread on every metric.
func blocks(n int, throughput, p99, rss, spread float64) []record.Trial {
	var trials []record.Trial
	for i := range n {
		wobble := 1 + spread*(float64(i%3)-1)
		trials = append(trials, block(i, "a", throughput*wobble, p99*wobble, rss*wobble)...)
	}
	return trials
}

// fixed is the rule of a number of pairs that was fixed beforehand.
var fixed = Rule{Alpha: 0.05}

func balanced(t *testing.T) Goal {
	t.Helper()
	goal, err := ParseGoal("", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return goal
}

func TestBalancedIsDecidedStepByStep(t *testing.T) {
	for _, row := range []struct {
		why                  string
		throughput, p99, rss float64
		spread               float64
		n                    int
		want                 record.Verdict
		step                 string
	}{
		{"more throughput wins whatever it costs in latency", 1.5, 3, 2, 0.005, 7, record.Better, record.Throughput},
		{"less throughput loses whatever it gains in latency", 0.9, 0.1, 0.5, 0.005, 7, record.Worse, record.Throughput},
		{"equal throughput and a tenth of the latency", 1, 0.1, 1, 0.005, 7, record.Better, record.P99},
		{"1 % less throughput is not worse by 3 %", 0.99, 0.1, 1, 0.005, 7, record.Better, record.P99},
		{"equal throughput and latency, half the memory", 1, 1, 0.5, 0.005, 7, record.Better, record.RSS},
		{"all the same", 1, 1, 1, 0.005, 7, record.NoDifference, record.Throughput},
		{"too noisy to exclude a loss of 3 %", 1, 0.1, 1, 0.1, 7, record.Undecided, record.Throughput},
		{"too few pairs", 1.5, 1, 1, 0.005, 3, record.Undecided, record.Throughput},
	} {
		t.Run(row.why, func(t *testing.T) {
			goal := balanced(t)
			trials := blocks(row.n, row.throughput, row.p99, row.rss, row.spread)
			verdict, step := goal.Verdict(trials, "a", "reference", fixed.Ratios(trials, "a", "reference", goal), fixed)
			if verdict != row.want || step != row.step {
				t.Errorf("got %s by %s, want %s by %s", verdict, step, row.want, row.step)
			}
		})
	}
}

func TestRatioAboveOneIsAlwaysBetter(t *testing.T) {
	trials := blocks(6, 2, 0.5, 0.25, 0)
	goal := balanced(t)
	ratios := fixed.Ratios(trials, "a", "reference", goal)
	for metric, want := range map[string]float64{record.Throughput: 2, record.P99: 2, record.RSS: 4} {
		if got := ratios[metric].Ratio; math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: ratio %v, want %v", metric, got, want)
		}
	}
	if _, ok := ratios[record.CPU]; ok {
		t.Error("a ratio of a metric that no trial carries")
	}
}

func TestPairWithATrialThatFailedIsLeftOut(t *testing.T) {
	trials := blocks(7, 2, 1, 1, 0)
	trials[3].Status = record.TimedOut // the arm of block 1
	trials[4].Status = record.Failed   // the reference of block 2
	if logs := balanced(t).LogRatios(trials, "a", "reference", record.Throughput); len(logs) != 5 {
		t.Errorf("%d pairs, want 5 of 7", len(logs))
	}
	scores := Scores(trials, "reference", balanced(t))
	if len(scores) != 1 || scores[0].Failed != 1 || scores[0].Feasible(balanced(t)) {
		t.Errorf("%+v, want one score with a failure, not feasible", scores)
	}
}

func TestRankPrefersLatencyThenMemoryThenWorkersAmongTheFastest(t *testing.T) {
	score := func(arm string, throughput, p99, rss float64, io int) Score {
		return Score{Arm: arm, Pairs: 2, Throughput: math.Log(throughput), P99: math.Log(p99), RSS: math.Log(rss), Config: record.Flat{"io.workers": io}}
	}
	scores := []Score{
		score("fast but late", 2.02, 0.2, 1, 64),
		score("few workers", 2, 1, 1, 8),
		score("many workers", 2, 1, 1, 64),
		score("lean", 1.99, 1, 1.4, 32),
		score("slow and prompt", 1.2, 10, 2, 2),
	}
	var got []string
	for _, s := range Rank(scores, balanced(t), 0) {
		got = append(got, s.Arm)
	}
	want := []string{"lean", "few workers", "many workers", "fast but late", "slow and prompt"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if best, ok := BestByThroughput(scores, balanced(t)); !ok || best.Arm != "fast but late" {
		t.Errorf("fastest is %q", best.Arm)
	}
}

func TestNoiseWidensTheLeadingClass(t *testing.T) {
	scores := []Score{
		{Arm: "lucky", Pairs: 1, Throughput: 0.1, P99: 0},
		{Arm: "prompt", Pairs: 1, Throughput: 0, P99: 2},
	}
	if quiet := Rank(scores, balanced(t), 0.01); quiet[0].Arm != "lucky" {
		t.Errorf("at 1 %% of noise %s comes first, want the faster by 10 %%", quiet[0].Arm)
	}
	if noisy := Rank(scores, balanced(t), 0.1); noisy[0].Arm != "prompt" {
		t.Errorf("at 10 %% of noise %s comes first, want the one of lower p99", noisy[0].Arm)
	}
	trials := append(blocks(3, 1.2, 1, 1, 0.1), blocks(3, 1.2, 1, 1, 0.1)...)
	if noise := balanced(t).Noise(trials, "reference"); noise < 0.05 || noise > 0.2 {
		t.Errorf("noise %v, want about 0.1", noise)
	}
}

func TestRequirementPutsWhatBreaksItLast(t *testing.T) {
	goal, err := ParseGoal("throughput", []string{"rss<100MB"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	ranked := Rank([]Score{
		{Arm: "fat", Pairs: 1, Objective: 1, Metrics: map[string]float64{record.RSS: 2e8}},
		{Arm: "lean", Pairs: 1, Objective: 0.1, Metrics: map[string]float64{record.RSS: 5e7}},
	}, goal, 0)
	if ranked[0].Arm != "lean" {
		t.Errorf("%s comes first, want lean", ranked[0].Arm)
	}
	if broken := goal.Meets(map[string]float64{record.RSS: 2e8}); len(broken) != 1 {
		t.Errorf("broken requirements %v, want one", broken)
	}
}

func TestGoalNamesEveryFault(t *testing.T) {
	_, err := ParseGoal("thoughput", []string{"rs<1MiB", "p99<soon"}, 0)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"thoughput", "throughput", "rs", "soon"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name %s", err, want)
		}
	}
	if unit.Margin(record.P99) != 0.1 {
		t.Error("the margin of p99 is not 10 %")
	}
}
