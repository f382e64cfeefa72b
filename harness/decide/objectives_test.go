package decide

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sluice/harness/record"
)

func several(t *testing.T) Goal {
	t.Helper()
	goal, err := ParseGoal("throughput, p99,rss", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return goal
}

func TestSeveralObjectivesAreReadInTheirOrder(t *testing.T) {
	goal := several(t)
	if want := []string{record.Throughput, record.P99, record.RSS}; !slices.Equal(goal.Objectives, want) || goal.Leading() != record.Throughput {
		t.Errorf("%v, leading %s, want %v", goal.Objectives, goal.Leading(), want)
	}
	if got := goal.Record().Objective; got != "throughput_bytes_per_s,sojourn_p99_s,rss_peak_bytes" {
		t.Errorf("stored as %s", got)
	}
	again, err := ParseGoal(goal.Record().Objective, nil, 0)
	if err != nil || !slices.Equal(again.Objectives, goal.Objectives) {
		t.Errorf("read back %v, %v", again.Objectives, err)
	}
	one, err := ParseGoal("p99", nil, 0)
	if err != nil || one.Objectives != nil || one.Objective != record.P99 {
		t.Errorf("one objective: %+v, %v", one, err)
	}
	first, err := ParseGoal("first_result_s,rss", nil, 0)
	if err != nil || !slices.Contains(first.Metrics(), "first_result_s") {
		t.Errorf("metrics %v, %v; want every objective among them", first.Metrics(), err)
	}
}

func TestWrongListsOfObjectivesNameAllFaults(t *testing.T) {
	for _, row := range []struct{ goal, want string }{
		{"throughput,balanced", "goal by itself"},
		{"throughput,throughput", "given twice"},
		{"throughput,p98", `did you mean "p99"`},
		{"throughput,,rss", "unknown metric"},
		{"throughput,p99,rss,cpu,wall", "at most 4"},
		{"troughput,p98", `"throughput"`},
		{"troughput,p98", `"p99"`},
	} {
		if _, err := ParseGoal(row.goal, nil, 0); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", row.goal, err, row.want)
		}
	}
}

func TestSeveralObjectivesAreDecidedInTheirOrder(t *testing.T) {
	for _, row := range []struct {
		why                  string
		throughput, p99, rss float64
		want                 record.Verdict
		step                 string
	}{
		{"more throughput wins", 1.5, 3, 2, record.Better, record.Throughput},
		{"less throughput loses", 0.9, 0.1, 0.5, record.Worse, record.Throughput},
		{"equal throughput and a tenth of the latency", 1, 0.1, 3, record.Better, record.P99},
		{"twice the latency is not outweighed by memory", 1, 2, 0.2, record.Worse, record.P99},
		{"half the memory at the same speed and latency", 1, 1, 0.5, record.Better, record.RSS},
		{"all the same", 1, 1, 1, record.NoDifference, record.Throughput},
		{"more memory and nothing for it", 1, 1, 1.5, record.Worse, record.RSS},
	} {
		t.Run(row.why, func(t *testing.T) {
			trials := blocks(7, row.throughput, row.p99, row.rss, 0.005)
			goal := several(t)
			got, step := goal.Verdict(trials, "a", "reference", fixed.Ratios(trials, "a", "reference", goal), fixed)
			if got != row.want || step != row.step {
				t.Errorf("%s by %s, want %s by %s", got, step, row.want, row.step)
			}
		})
	}
}

// TestEqualsAreSeldomBetterInAnyOfSeveral measures the reference against itself,
// with noise as on a shared machine, many times over.
func TestEqualsAreSeldomBetterInAnyOfSeveral(t *testing.T) {
	goal := several(t)
	for _, sigma := range []float64{0.01, 0.03, 0.1} {
		rng := rand.New(rand.NewPCG(7, uint64(1000*sigma)))
		noise := func(s float64) float64 { return math.Exp(s * rng.NormFloat64()) }
		const runs = 1000
		better := 0
		for range runs {
			var trials []record.Trial
			for i := range 8 {
				trials = append(trials, block(i, "a", noise(sigma), noise(4*sigma), noise(sigma))...)
			}
			if verdict, _ := goal.Verdict(trials, "a", "reference", fixed.Ratios(trials, "a", "reference", goal), fixed); verdict == record.Better {
				better++
			}
		}
		t.Logf("noise %v: %d of %d equals are better", sigma, better, runs)
		if share := float64(better) / runs; share > 0.05 {
			t.Errorf("noise %v: %.3f of equals are better, more than 5 %%", sigma, share)
		}
	}
}

func TestScoresAreRankedBySeveralObjectivesInTurn(t *testing.T) {
	goal := several(t)
	score := func(arm string, workers int, logs ...float64) Score {
		return Score{Arm: arm, Config: record.Flat{"io.workers": workers}, Pairs: 3, Throughput: logs[0], Objective: logs[0], Objectives: logs}
	}
	failed := score("failed", 1, 9, 9, 9)
	failed.Failed = 1
	scores := []Score{
		failed, score("slow", 1, 0.2, 2, 2), score("fast", 9, 0.50, 0, 0), score("prompt", 9, 0.48, 1, 0),
		score("lean", 9, 0.49, 0.95, 0.5), score("leaner", 4, 0.49, 0.95, 0.45),
	}
	var order []string
	for _, s := range Rank(scores, goal, 0) {
		order = append(order, s.Arm)
	}
	if got, want := strings.Join(order, " "), "leaner lean prompt fast slow failed"; got != want {
		t.Errorf("ranked %s, want %s", got, want)
	}
	if got := Rank(nil, goal, 0); len(got) != 0 {
		t.Errorf("nothing is ranked as %v", got)
	}
	alike := Alike(scores, scores[4], goal)
	if len(alike) != 1 || alike[0].Arm != "leaner" {
		t.Errorf("alike lean: %v, want leaner alone", alike)
	}
}
