package decide

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"sluice/harness/record"
	"sluice/harness/unit"
)

func TestContradictoryRequirementsAreFoundBeforeMeasuring(t *testing.T) {
	for _, row := range []struct {
		require string
		want    string // in the error; empty: none
	}{
		{"rss<1GiB rss>2GiB", "contradict"},
		{"rss<1GiB rss>1GiB", "contradict"},
		{"rss<=1GiB rss>=1GiB", "contradict"},
		{"rss>2GiB p99<1s rss<1GiB", "contradict"},
		{"rss<1GiB rss<2GiB", ""},
		{"rss>1GiB rss<2GiB", ""},
		{"rss<1GiB throughput>2MB/s", ""},
		{"rss<0", "leaves no value"},
		{"", ""},
	} {
		_, err := ParseGoal("", strings.Fields(row.require), 0)
		if got := err != nil; got != (row.want != "") || got && !strings.Contains(err.Error(), row.want) {
			t.Errorf("%q: %v, want %q", row.require, err, row.want)
		}
	}
	own := unit.Metric{Name: "score"}
	if _, err := ParseGoal("score", []string{"score<0"}, 0, own); err != nil {
		t.Errorf("a score may be below 0: %v", err)
	}
}

// measured makes trials of arm a with these peaks of memory in MB.
func measured(arm string, mb ...float64) (trials []record.Trial) {
	for i, v := range mb {
		trials = append(trials, record.Trial{Arm: arm, Block: i, Status: record.OK, Config: record.Flat{"io.workers": 4}, Metrics: map[string]float64{record.RSS: v * 1e6}})
	}
	return trials
}

func TestRequirementsHoldWithConfidence(t *testing.T) {
	for _, row := range []struct {
		why     string
		require string
		mb      []float64
		prior   float64
		want    record.Keeping
		bounded bool
	}{
		{"far below", "rss<512MB", []float64{300, 310, 305, 300, 302, 299, 304}, 0, record.Holds, true},
		{"far above", "rss<512MB", []float64{600, 610, 605}, 0, record.Broken, true},
		{"the median is below and the bound is not", "rss<512MB", []float64{480, 505, 510, 540}, 0, record.NotShown, true},
		{"one trial knows no spread", "rss<512MB", []float64{300}, 0, record.NotShown, false},
		{"one trial and the spread of others", "rss<512MB", []float64{300}, 0.05, record.Holds, true},
		{"one trial close to the limit", "rss<512MB", []float64{490}, 0.05, record.NotShown, true},
		{"a bound from below", "rss>100MB", []float64{300, 310, 305}, 0, record.Holds, true},
		{"a bound from below that is broken", "rss>400MB", []float64{300, 310, 305}, 0, record.Broken, true},
		{"a constant metric", "rss<512MB", []float64{500, 500, 500}, 0, record.Holds, true},
		{"a constant metric on the limit", "rss<500MB", []float64{500, 500, 500}, 0, record.Broken, true},
		{"a constant metric on the limit that counts", "rss<=500MB", []float64{500, 500, 500}, 0, record.Holds, true},
		{"nothing", "rss<512MB", nil, 0, record.NotShown, false},
		{"four figures without a logarithm", "rss<512MB", []float64{0, 0, 0, 0}, 0, record.NotShown, false},
		{"five of them", "rss<512MB", []float64{0, 0, 0, 0, 0}, 0, record.Holds, true},
	} {
		t.Run(row.why, func(t *testing.T) {
			goal, err := ParseGoal("", []string{row.require}, 0)
			if err != nil {
				t.Fatal(err)
			}
			prior := map[string]Spread{}
			if row.prior > 0 {
				prior[record.RSS] = Spread{Deviation: row.prior, Freedom: 20}
			}
			k := goal.Keeps(measured("a", row.mb...), "a", prior)[0]
			if k.State != row.want || k.Bounded != row.bounded || k.N != len(row.mb) {
				t.Errorf("%+v, want %s", k, row.want)
			}
			if k.State == record.Holds && k.Room < 0 || k.State == record.Broken && k.Room > 0 {
				t.Errorf("%s with room %v", k.State, k.Room)
			}
			if _, err := json.Marshal(k); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTheOtherArmsLendTheirSpread(t *testing.T) {
	goal, err := ParseGoal("", []string{"rss<512MB"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	trials := append(measured("b", 100, 120, 95, 110, 105), measured("a", 450)...)
	failed := measured("a", 900)
	failed[0].Status = record.Killed
	aside := measured("a", 900)
	aside[0].SetAside = "others used 40 %"
	trials = append(trials, append(failed, aside...)...)
	k := goal.Keeps(trials, "a", nil)[0]
	if k.N != 1 || !k.Bounded || k.State != record.NotShown || k.Beyond != 0 {
		t.Errorf("%+v, want one trial, not shown with the spread of b", k)
	}
	if words := KeptWords(k); !strings.Contains(words, "is not shown to hold: at most") || !strings.Contains(words, "misses it by") {
		t.Errorf("%q does not say how close one gets", words)
	}
}

// TestRequirementsThatAreBrokenSeldomHold measures configurations whose typical
// memory lies on the limit, many times over.
func TestRequirementsThatAreBrokenSeldomHold(t *testing.T) {
	goal, err := ParseGoal("", []string{"rss<500MB"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(9, 10))
	const runs = 3000
	for _, n := range []int{2, 4, 7} {
		holds, broken := 0, 0
		for range runs {
			var mb []float64
			for range n {
				mb = append(mb, 500*math.Exp(0.05*rng.NormFloat64()))
			}
			switch goal.Keeps(measured("a", mb...), "a", nil)[0].State {
			case record.Holds:
				holds++
			case record.Broken:
				broken++
			}
		}
		t.Logf("n = %d: %d of %d hold, %d are broken", n, holds, runs, broken)
		for what, count := range map[string]int{"hold": holds, "are broken": broken} {
			if share := float64(count) / runs; share < 0.035 || share > 0.065 {
				t.Errorf("n = %d: %.3f %s, want 0.05", n, share, what)
			}
		}
	}
}

func TestWordsSayHowARequirementIsKept(t *testing.T) {
	kept := func(require string, mb ...float64) string {
		goal, err := ParseGoal("", []string{require}, 0)
		if err != nil {
			t.Fatal(err)
		}
		return KeptWords(goal.Keeps(measured("a", mb...), "a", nil)[0])
	}
	for _, row := range []struct{ got, want string }{
		{kept("rss<512MB", 300, 300, 300), "rss < 512 MB holds: at most 300 MB with 95 % (3 trials), 41.41 % to spare"},
		{kept("rss<200MB", 300, 300, 300), "rss < 200 MB is broken: at least 300 MB with 95 % (3 trials), which misses it by 50 %; 3 of them lay beyond"},
		{kept("rss>400MB", 300, 300), "rss > 400 MB is broken: at most 300 MB with 95 % (2 trials), which misses it by 25 %; 2 of them lay beyond"},
		{kept("rss<512MB"), "rss < 512 MB is not shown to hold: not measured"},
		{kept("rss<512MB", 300), "rss < 512 MB is not shown to hold: 1 trial measured 300 MB, too few for a bound"},
	} {
		if row.got != row.want {
			t.Errorf("%q, want %q", row.got, row.want)
		}
	}
}

func TestWhereNothingServesTheBindingRequirementIsNamed(t *testing.T) {
	score := func(arm string, rss, p99 float64) Score {
		return Score{Arm: arm, Config: record.Flat{"io.workers": len(arm)}, Pairs: 1, Metrics: map[string]float64{record.RSS: rss * 1e6, record.P99: p99}}
	}
	failed := score("failed", 1, 1e-6)
	failed.Failed = 1
	for _, row := range []struct {
		why, require string
		scores       []Score
		want         []string // in the words, in order; none: something serves
		nearest      string
	}{
		{"one is kept by none", "rss<100MB p99<1s", []Score{score("a", 300, 0.5), score("bb", 150, 2), failed}, []string{"none of 2 configurations keeps rss < 100 MB", "io.workers=2", "misses it by 50 %"}, "bb"},
		{"each is kept, never both", "rss<200MB p99<1s", []Score{score("a", 300, 0.5), score("bb", 150, 2), failed}, []string{"none keeps rss < 200 MB and p99 < 1 s together", "1 of 2", "1 of 2"}, "a"},
		{"something serves", "rss<200MB", []Score{score("a", 100, 1)}, nil, "a"},
		{"everything failed", "rss<200MB", []Score{failed}, nil, ""},
		{"nothing was measured", "rss<200MB", nil, nil, ""},
	} {
		t.Run(row.why, func(t *testing.T) {
			goal, err := ParseGoal("", strings.Fields(row.require), 0)
			if err != nil {
				t.Fatal(err)
			}
			misses := Misses(row.scores, goal)
			words := strings.Join(MissWords(misses), "; ")
			rest := words
			for _, want := range row.want {
				at := strings.Index(rest, want)
				if at < 0 {
					t.Fatalf("%q lacks %q", words, want)
				}
				rest = rest[at+len(want):]
			}
			if row.want == nil && words != "" {
				t.Errorf("%q where there is nothing to say", words)
			}
			if nearest, _, found := Nearest(row.scores, goal); nearest.Arm != row.nearest || found != (row.nearest != "") {
				t.Errorf("nearest %q, want %q", nearest.Arm, row.nearest)
			}
			if _, err := json.Marshal(misses); err != nil {
				t.Error(err)
			}
		})
	}
}
