package decide

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"sluice/harness/record"
	"sluice/harness/search/surface"
)

// model is a closed form that knows itself.
type model struct {
	form
	known
}

func TestARecommendationIsCompletedFromWhatIsThere(t *testing.T) {
	e := surface.E()
	f := func(c record.Flat) float64 { return math.Log(e.Throughput(c)) }
	goal, err := ParseGoal("throughput,p99,rss", []string{"rss<2GB"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	lean := moved(e.Optimum, "gogc", 100)
	trial := func(arm string, block int, c record.Flat) record.Trial {
		noise := func() float64 { return math.Exp(0.01 * rng.NormFloat64()) }
		return record.Trial{Arm: arm, Block: block, Config: c, Status: record.OK, Metrics: map[string]float64{
			record.Throughput: e.Throughput(c) * noise(), record.P99: e.P99(c) * noise(), record.RSS: e.RSS(c) * noise(),
		}}
	}
	var search, confirmed []record.Trial
	for block := range 4 {
		search = append(search, trial("reference", block, e.Reference), trial("c1", block, e.Optimum), trial("c2", block, lean))
	}
	for block := range 7 {
		confirmed = append(confirmed, trial("reference", block, e.Reference), trial("chosen", block, e.Optimum), trial("placebo", block, e.Reference))
	}
	evidence := Evidence{Reference: "reference", Search: search, Confirmed: confirmed, Arm: "chosen", Scores: Scores(search, "reference", goal), Model: model{form{f, 0.004}, f}, Space: e.Space(), Seed: 1}
	rec := record.Recommendation{Recommended: record.Arm{Name: "chosen", Config: e.Optimum}}
	if err := Complete(&rec, goal, evidence); err != nil {
		t.Fatal(err)
	}
	if len(rec.Plateau) != len(e.Space()) || len(rec.Effects) < len(e.Space()) || rec.Misses != nil {
		t.Errorf("%d plateaus, %d effects, misses %v", len(rec.Plateau), len(rec.Effects), rec.Misses)
	}
	if len(rec.Requirements) != 1 || rec.Requirements[0].State != record.Holds || rec.Requirements[0].N != 7 {
		t.Errorf("requirements %+v", rec.Requirements)
	}
	n := map[string]int{}
	for _, p := range rec.Front {
		n[p.Arm] = p.Ratios[record.Throughput].N
	}
	if len(n) != 3 || n["c1"] != 11 || n["c2"] != 4 {
		t.Errorf("pairs of the front %v, want c1 of both phases, c2 of the search, and the reference, which needs the least memory", n)
	}
	if _, err := json.Marshal(rec); err != nil {
		t.Error(err)
	}
	bare := record.Recommendation{Recommended: rec.Recommended}
	if err := Complete(&bare, balanced(t), Evidence{Reference: "reference"}); err != nil || bare.Front != nil || bare.Plateau != nil || bare.Effects != nil || bare.Requirements != nil {
		t.Errorf("%+v, %v; want nothing of nothing", bare, err)
	}
}

func TestAFrontHoldsOnlyWhatKeepsTheRequirements(t *testing.T) {
	goal, err := ParseGoal("throughput,p99", []string{"rss<200MB"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	var trials []record.Trial
	for block := range 6 {
		for io, arm := range []string{"reference", "lean", "fat"} { // the fat one is the best in both
			x := 1 + float64(io) + 0.001*float64(block%2)
			trials = append(trials, record.Trial{Arm: arm, Block: block, Config: record.Flat{"io.workers": io}, Status: record.OK, Metrics: map[string]float64{
				record.Throughput: 1e6 * x, record.P99: 0.1 / x, record.RSS: 90e6 * (1 + float64(io)),
			}})
		}
	}
	rec := record.Recommendation{Recommended: record.Arm{Name: "lean", Config: record.Flat{"io.workers": 1}}}
	if err := Complete(&rec, goal, Evidence{Reference: "reference", Search: trials}); err != nil {
		t.Fatal(err)
	}
	if len(rec.Front) != 1 || rec.Front[0].Arm != "lean" {
		t.Errorf("front %+v; want the lean one alone: it beats the reference, and the fat one breaks rss < 200 MB", rec.Front)
	}
}
