package decide

import (
	"math"
	"testing"

	"sluice/harness/record"
)

func TestUtilityPutsThroughputFirstAndLetsLatencyAndMemoryDecideAmongEquals(t *testing.T) {
	goal, err := ParseGoal("", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	base := map[string]float64{record.Throughput: 1e6, record.P99: 0.1, record.RSS: 1e8}
	with := func(metric string, factor float64) float64 {
		changed := map[string]float64{}
		for name, v := range base {
			changed[name] = v
		}
		changed[metric] *= factor
		v, ok := goal.Utility(changed)
		if !ok {
			t.Fatal("no utility")
		}
		return v
	}
	plain := with(record.Throughput, 1)
	for _, row := range []struct {
		why    string
		got    float64
		lo, hi float64
	}{
		{"5 % of throughput", with(record.Throughput, 1.05) - plain, .048, .05},
		{"a tenth of p99 is worth less than the 3 % that may be given up for it", with(record.P99, .1) - plain, .02, .0296},
		{"half the memory is worth little", with(record.RSS, .5) - plain, .003, .004},
	} {
		if row.got < row.lo || row.got > row.hi {
			t.Errorf("%s: %.4f, want %g … %g", row.why, row.got, row.lo, row.hi)
		}
	}
	if _, ok := goal.Utility(map[string]float64{record.P99: 1}); ok {
		t.Error("a trial without throughput has a utility under balanced")
	}
}

func TestSlackIsAboveZeroExactlyWhereARequirementHolds(t *testing.T) {
	goal, err := ParseGoal("throughput", []string{"rss<100MB", "throughput>=1MB/s"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	slack := goal.Slacks(map[string]float64{record.RSS: 50e6, record.Throughput: 0.5e6})
	if math.Abs(slack[0]-math.Ln2) > 1e-9 || math.Abs(slack[1]+math.Ln2) > 1e-9 {
		t.Errorf("slack is %v, want ln 2 and −ln 2", slack)
	}
	if slack := goal.Slacks(nil); slack[0] != -1 || slack[1] != -1 {
		t.Errorf("slack of nothing is %v; want nothing held", slack)
	}
}
