package lab_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/lab"
	"sluice/harness/lab/labtest"
	"sluice/harness/record"
)

var errKilled = errors.New("killed")

// plan is a design to be killed and resumed.
type plan struct {
	arms   int // beside the reference
	rounds lab.Rounds
}

func plans() map[string]plan {
	spent := func(trials []record.Trial, rounds int) bool { // stops by what it sees
		sum := 0.0
		for _, t := range trials {
			sum += t.Metrics[record.Wall]
		}
		return rounds >= 3 && sum > 0.05
	}
	return map[string]plan{
		"every round":                    {2, lab.Rounds{Rounds: 6}},
		"seven arms and a placebo":       {7, lab.Rounds{Rounds: 4, Placebo: true}},
		"until a rule has enough":        {1, lab.Rounds{Rounds: 40, Placebo: true, Enough: spent}},
		"a duet":                         {1, lab.Rounds{Rounds: 8, Duet: true}},
		"a duet until a rule has enough": {1, lab.Rounds{Rounds: 40, Duet: true, Enough: spent}},
	}
}

// formula is a noisy scanner beside a neighbour who disturbs two blocks in five,
// and whose first trials are slow. All of it depends on the place in the design.
func formula() *labtest.Formula {
	return &labtest.Formula{SPerByte: 1e-7, Cores: 2, Noise: 0.1, Seed: 9, Others: func(job lab.Job) float64 {
		if (7*job.Latency+3*job.Attempt)%5 < 2 {
			return 0.2 + 0.1*float64(job.Attempt)
		}
		return 0.01
	}}
}

// carryOut calibrates and measures a plan.
func (p plan) carryOut(ctx context.Context, measure lab.Measure, journal lab.Journal) (*lab.Bench, []record.Trial, error) {
	b := &lab.Bench{Run: "r", Scenario: "s", Seed: 5, Journal: journal, Cores: []int{0, 1, 2, 3}}
	b.Measure = func(ctx context.Context, job lab.Job) (record.Trial, error) {
		trial, err := measure(ctx, job)
		if err == nil && job.Trial < 3 {
			trial.Metrics[record.Wall] *= math.Pow(2, float64(3-job.Trial))
		}
		return trial, err
	}
	b.Quiet = lab.Quiet{Share: 0.1, Repeats: 2, Wait: time.Second, Await: func(_ context.Context, _ float64, most time.Duration) (time.Duration, float64, error) {
		return min(most, 10*time.Millisecond), 0, nil
	}}
	r := p.rounds
	r.Phase, r.Arms, r.Corpus, r.Size = record.Grid, arms(p.arms), labtest.Corpus(500), lab.Sizing{Bytes: 1e5, Repeats: 1}
	if _, err := b.Calibrate(ctx, r.Corpus, r.Size, r.Arms[:2]); err != nil {
		return b, nil, err
	}
	trials, err := b.MeasureRounds(ctx, r)
	return b, trials, err
}

// timeless leaves out what a kill may change: moments, and what waiting again cost.
func timeless(trials []record.Trial) []record.Trial {
	list := make([]record.Trial, len(trials))
	for i, t := range trials {
		t.Started = time.Time{}
		t.Metrics = maps.Clone(t.Metrics)
		delete(t.Metrics, lab.CostS)
		delete(t.Metrics, lab.QuietWaitS)
		list[i] = t
	}
	return list
}

// TestKilledRunResumesTheSameDesign kills a run at every k-th launch, and at
// every k-th write of its journal, until it ends.
func TestKilledRunResumesTheSameDesign(t *testing.T) {
	for name, p := range plans() {
		whole := &labtest.Journal{}
		unkilled, want, err := p.carryOut(t.Context(), formula().Measure, whole)
		if err != nil {
			t.Fatal(err)
		}
		if all := len(whole.Trials()); all != unkilled.Launches() || all <= len(want)+4 {
			t.Fatalf("%s: %d trials kept of %d launches, %d count; want all kept and some set aside", name, all, unkilled.Launches(), len(want))
		}
		for _, k := range []int{1, 2, 3, 4, 5, 7, 11} {
			for _, where := range []string{"launch", "write"} {
				if p.rounds.Duet && k < 4 {
					continue // a pair needs two launches, and three writes where one half was lost
				}
				t.Run(fmt.Sprintf("%s, killed at every %s %d", name, where, k), func(t *testing.T) {
					journal, launches, kills := &labtest.Journal{}, atomic.Int64{}, 0
					for {
						f, writes := formula(), 0
						measure := func(ctx context.Context, job lab.Job) (record.Trial, error) {
							launches.Add(1)
							return f.Measure(ctx, job)
						}
						if where == "launch" {
							f.Before = func(call int) error { return killAfter(k, call) }
						} else {
							journal.BeforePut = func(int) error { writes++; return killAfter(k, writes) }
						}
						b, got, err := p.carryOut(t.Context(), measure, journal)
						if errors.Is(err, errKilled) {
							if kills++; kills > 1000 {
								t.Fatal("the run never ends")
							}
							continue
						}
						if err != nil {
							t.Fatal(err)
						}
						compareRuns(t, unkilled, b, want, got, whole, journal)
						perKill := int64(1)
						if p.rounds.Duet {
							perKill = 2
						}
						if most := int64(unkilled.Launches()) + perKill*int64(kills); launches.Load() > most {
							t.Errorf("%d launches after %d kills, want at most %d: only what was in flight is repeated", launches.Load(), kills, most)
						}
						return
					}
				})
			}
		}
	}
}

func killAfter(k, n int) error {
	if n > k {
		return errKilled
	}
	return nil
}

func compareRuns(t *testing.T, whole, resumed *lab.Bench, want, got []record.Trial, straight, killed *labtest.Journal) {
	t.Helper()
	if diff := cmp.Diff(timeless(want), timeless(got)); diff != "" {
		t.Errorf("other trials count (-straight +resumed):\n%s", diff)
	}
	if diff := cmp.Diff(timeless(straight.Trials()), timeless(killed.Trials())); diff != "" {
		t.Errorf("the journals differ (-straight +resumed):\n%s", diff)
	}
	if whole.Launches() != resumed.Launches() {
		t.Errorf("%d launches counted, want %d", resumed.Launches(), whole.Launches())
	}
	sum := 0.0
	for _, trial := range killed.Trials() {
		sum += trial.Metrics[lab.CostS]
	}
	if math.Abs(sum-resumed.SpentS()) > 1e-9 {
		t.Errorf("spent %v s, the journal says %v s", resumed.SpentS(), sum)
	}
}

func TestFinishedRunIsReadBackWithoutALaunchOrAWrite(t *testing.T) {
	for name, p := range plans() {
		journal := &labtest.Journal{}
		first, want, err := p.carryOut(t.Context(), formula().Measure, journal)
		if err != nil {
			t.Fatal(err)
		}
		puts := journal.Puts
		never := func(context.Context, lab.Job) (record.Trial, error) { return record.Trial{}, errKilled }
		again, got, err := p.carryOut(t.Context(), never, journal)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" || journal.Puts != puts || again.SpentS() != first.SpentS() {
			t.Errorf("%s: %d writes, spent %v of %v s, (-first +again):\n%s", name, journal.Puts-puts, again.SpentS(), first.SpentS(), diff)
		}
	}
}

func TestDesignDoesNotDependOnTheProcessors(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for name, p := range plans() {
		var want []record.Trial
		for _, processors := range []int{1, 2, 8} {
			runtime.GOMAXPROCS(processors)
			journal := &labtest.Journal{}
			if _, _, err := p.carryOut(t.Context(), formula().Measure, journal); err != nil {
				t.Fatal(err)
			}
			got := timeless(journal.Trials())
			if want == nil {
				want = got
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s with %d processors (-1 +%d):\n%s", name, processors, processors, diff)
			}
		}
	}
}
