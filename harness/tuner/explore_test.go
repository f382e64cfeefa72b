package tuner

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sluice/harness/decide"
	"sluice/harness/lab"
	"sluice/harness/lab/labtest"
	"sluice/harness/record"
	"sluice/harness/search"
)

// Over a reference that is ten times slower than the best, one block cannot tell how far
// each lies below: what is as slow as the reference must not pass for a contender that
// answers sooner.
func TestOneBlockOverASlowReferenceConfirmsNothingThatIsAsSlow(t *testing.T) {
	for seed := range uint64(20) {
		f := nfs(seed)
		f.LatencyS, f.Noise = 0.02, 0.05
		o := options(f, &labtest.Journal{}, seed)
		o.Limits = Limits{Trials: 30}
		o.Starters = append(o.Starters, search.Candidate{ID: "lean", Config: record.Flat{"io.workers": 2, "cpu.workers": 2, "channel.buffer": 0}})
		rec, err := Tune(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		for _, arm := range append([]record.Arm{rec.Recommended}, rec.Also...) {
			if arm.Name != lab.Reference && arm.Metrics[record.Throughput] < 2*rec.Reference.Metrics[record.Throughput] {
				t.Errorf("seed %d: %s %s was confirmed, at %.3g of the reference's throughput", seed, arm.Name, arm.Config, arm.Metrics[record.Throughput]/rec.Reference.Metrics[record.Throughput])
			}
		}
	}
}

// Several seekers look at the same configurations: the trials of one must count
// together, whoever asked for it.
func TestSeekersCallAConfigurationByOneName(t *testing.T) {
	for seed := range uint64(3) {
		journal := &labtest.Journal{}
		o := options(nfs(seed), journal, seed)
		o.Bare, o.Space = false, paperSpace[:2]
		var err error
		if o.Goal, err = decide.ParseGoal("throughput,p99,rss", nil, 0); err != nil {
			t.Fatal(err)
		}
		rec, err := Tune(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		names, blocks := map[string]string{}, map[string]bool{}
		for _, trial := range journal.Trials() {
			if trial.Phase != record.Search {
				continue
			}
			id := trial.Config.ID()
			if name, known := names[id]; known && name != trial.Arm {
				t.Errorf("seed %d: %s is called %s and %s", seed, trial.Config, name, trial.Arm)
			}
			place := fmt.Sprintf("%d %s", trial.Block, id)
			if blocks[place] {
				t.Errorf("seed %d: block %d holds %s twice", seed, trial.Block, trial.Config)
			}
			names[id], blocks[place] = trial.Arm, true
		}
		front := map[string]bool{}
		for _, p := range rec.Front {
			if front[p.Config.ID()] {
				t.Errorf("seed %d: the front holds %s twice", seed, p.Config)
			}
			front[p.Config.ID()] = true
		}
	}
}

func TestASearchThatSawTooLittleSaysSo(t *testing.T) {
	o := options(nfs(1), &labtest.Journal{}, 1)
	o.Bare, o.Limits = false, Limits{Trials: 30}
	o.Space = paperSpace[1:2] // the starter lies outside, so that no model can be made of one block
	rec, err := Tune(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(rec.Plateau) > 0 {
		t.Fatal("so many trials are enough for a model; give fewer")
	}
	told := slices.ContainsFunc(rec.Warnings, func(w string) bool { return strings.Contains(w, "too few to say how far each knob may move") })
	if !told {
		t.Errorf("warnings %q", rec.Warnings)
	}
}
