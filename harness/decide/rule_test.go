package decide

import (
	"math"
	"math/rand/v2"
	"testing"

	"sluice/harness/record"
	"sluice/harness/unit"
)

func TestOwnMetricIsJudgedInItsOwnDirection(t *testing.T) {
	for _, row := range []struct {
		why    string
		higher bool
		value  float64
		want   record.Verdict
	}{
		{"twice the score where more is better", true, 2, record.Better},
		{"twice the errors where less is better", false, 2, record.Worse},
		{"half the errors where less is better", false, 0.5, record.Better},
	} {
		t.Run(row.why, func(t *testing.T) {
			own := unit.Metric{Name: "throughput", Short: "throughput", HigherBetter: row.higher, Margin: 0.02}
			goal, err := ParseGoal("throughput", []string{"throughput<10"}, 0, own)
			if err != nil {
				t.Fatal(err)
			}
			goal.Foreign = true
			var trials []record.Trial
			for i := range 7 {
				trials = append(trials,
					record.Trial{Arm: "reference", Block: i, Status: record.OK, Metrics: map[string]float64{"throughput": 1}},
					record.Trial{Arm: "a", Block: i, Status: record.OK, Metrics: map[string]float64{"throughput": row.value * (1 + 0.001*float64(i))}})
			}
			ratios := fixed.Ratios(trials, "a", "reference", goal)
			if got := ratios["throughput"].Verdict; got != row.want {
				t.Errorf("got %s, want %s", got, row.want)
			}
			if _, ok := ratios[record.Throughput]; ok {
				t.Error("a ratio of the scanner's throughput, which a command has not")
			}
		})
	}
}

func TestMarginOfZeroIsAMargin(t *testing.T) {
	trials := blocks(7, 1.01, 1, 1, 0.001)
	goal, err := ParseGoal("throughput", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := fixed.Ratios(trials, "a", "reference", goal)[record.Throughput].Verdict; got != record.NoDifference {
		t.Errorf("1 %% under the usual margin: %s, want no difference", got)
	}
	goal.Given = true
	if got := fixed.Ratios(trials, "a", "reference", goal)[record.Throughput].Verdict; got != record.Better {
		t.Errorf("1 %% under a margin of 0: %s, want better", got)
	}
}

func TestTrialThatWasSetAsideIsInNoFigure(t *testing.T) {
	trials := blocks(7, 1, 1, 1, 0)
	aside := block(3, "a", 100, 1, 1)
	for i := range aside {
		aside[i].SetAside, aside[i].Attempt = "others used 40 %", 1
	}
	trials = append(trials, aside...)
	goal := balanced(t)
	if logs := goal.LogRatios(trials, "a", "reference", record.Throughput); len(logs) != 7 || logs[3] != 0 {
		t.Errorf("log ratios %v, want seven of 0", logs)
	}
	if got := Arms(trials, []string{"a"})[0].Metrics[record.Throughput]; got != 1 {
		t.Errorf("median %v, want that of the trials that count", got)
	}
}

// TestFamilyOfEqualsStaysQuiet measures ten configurations that are all alike, many
// times over: a difference may be shown in one family of twenty, not in one row of
// twenty.
func TestFamilyOfEqualsStaysQuiet(t *testing.T) {
	goal, err := ParseGoal("throughput", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	goal.Given = true // a margin of 0: every difference counts
	rng := rand.New(rand.NewPCG(1, 1))
	const families, rows, pairs = 300, 10, 10
	cried, alone := 0, 0
	for range families {
		var trials []record.Trial
		arms := make([]record.Arm, rows)
		for i := range pairs {
			trials = append(trials, record.Trial{Arm: "reference", Block: i, Status: record.OK, Metrics: map[string]float64{record.Throughput: math.Exp(0.03 * rng.NormFloat64())}})
			for a := range rows {
				name := string(rune('a' + a))
				arms[a] = record.Arm{Name: name}
				trials = append(trials, record.Trial{Arm: name, Block: i, Status: record.OK, Metrics: map[string]float64{record.Throughput: math.Exp(0.03 * rng.NormFloat64())}})
			}
		}
		differs := func() (n int) {
			for _, arm := range arms {
				if v := arm.Ratios[record.Throughput].Verdict; v == record.Better || v == record.Worse {
					n = 1
				}
			}
			return n
		}
		for a := range arms {
			arms[a].Ratios = fixed.Ratios(trials, arms[a].Name, "reference", goal)
		}
		alone += differs()
		fixed.Families(trials, arms, "reference", goal)
		cried += differs()
	}
	if limit := families / 12; cried > limit { // 5 % and three standard deviations
		t.Errorf("%d of %d families of equals showed a difference, want at most %d", cried, families, limit)
	}
	if alone < families/6 {
		t.Errorf("%d of %d families without the correction: the test could not have failed", alone, families)
	}
}

func TestSequentialRuleReportsTheRepeatedInterval(t *testing.T) {
	rule, err := Sequentially(0.05, 20)
	if err != nil {
		t.Fatal(err)
	}
	goal := balanced(t)
	early := rule.Ratios(blocks(6, 2, 1, 1, 0.01), "a", "reference", goal)[record.Throughput]
	if early.Verdict != record.Undecided || early.High != math.MaxFloat64 || early.Needed <= early.N {
		t.Errorf("after 6 of 20 pairs: %+v, want no interval yet", early)
	}
	later := rule.Ratios(blocks(10, 2, 1, 1, 0.01), "a", "reference", goal)[record.Throughput]
	if later.Verdict != record.Better || !later.Repeated || later.P > 0.05 {
		t.Errorf("after 10 of 20 pairs: %+v, want better by a repeated interval", later)
	}
	few, err := Sequentially(0.05, 3)
	if err != nil || few.repeated != nil {
		t.Errorf("three pairs at most: %+v, %v; want the fixed rule", few, err)
	}
	if _, err := Sequentially(0.05, 1000); err == nil {
		t.Error("1000 pairs one by one: no error, want one that names the most")
	}
}

func TestPlaceboCountsComparisonsOfTheResultsSize(t *testing.T) {
	logs := make([]float64, 25)
	for i := range logs {
		logs[i] = 0.01 * float64(i%3-1)
	}
	for i := range 6 {
		logs[i] = 0.1 + 0.001*float64(i) // the first comparison of six differs
	}
	p := Placebo("class", record.Wall, logs, 6, 0.02, 0.05)
	if p.Pairs != 25 || p.Comparisons != 4 || p.False != 1 || p.RateLow <= 0 || p.RateHigh >= 1 || p.Spread <= 0 || p.Detectable <= 1 {
		t.Errorf("%+v, want 1 of 4 comparisons", p)
	}
	if Placebo("class", record.Wall, nil, 6, 0.02, 0.05) != nil {
		t.Error("a placebo without pairs")
	}
}
