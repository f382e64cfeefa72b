package tuner

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/decide"
	"sluice/harness/lab"
	"sluice/harness/lab/labtest"
	"sluice/harness/record"
	"sluice/harness/search"
	"sluice/harness/space"
	"sluice/harness/target"
	"sluice/workloads/corpus"
)

var paperSpace = space.Space{
	{Name: "io.workers", Type: space.Int, Min: 1, Max: 64, Scale: space.Log2, Ordered: true},
	{Name: "cpu.workers", Type: space.Int, Min: 1, Max: 4, Scale: space.Linear, Ordered: true},
	{Name: "channel.buffer", Type: space.Int, Min: 0, Max: 1000, Scale: space.Log2, Ordered: true},
}

// paper is the corpus of the tests, made once.
var paper = sync.OnceValue(func() corpus.Corpus { return labtest.Corpus(5000) })

func naive() lab.Arm {
	return lab.Arm{Name: lab.Reference, Config: record.Flat{"io.workers": 2, "cpu.workers": 2, "channel.buffer": 100}}
}

func options(f *labtest.Formula, j lab.Journal, seed uint64) Options {
	goal, err := decide.ParseGoal("", nil, 0)
	if err != nil {
		panic(err)
	}
	wide := record.Flat{"io.workers": 64, "cpu.workers": 2, "channel.buffer": 1}
	rates := Rates{ReferenceSPerByte: 4e-7, BestSPerByte: 1e-7, LaunchS: 0.05}
	return Options{
		Bench:  &lab.Bench{Run: "r", Scenario: "paper/nfs/2c", Seed: seed, Journal: j, Measure: f.Measure},
		Corpus: paper(), Scenario: record.Scenario{Name: "paper/nfs/2c"},
		Reference: naive(), Wide: lab.Arm{Name: "wide", Config: wide}, Starters: []search.Candidate{{ID: "wide", Config: wide}},
		Space: paperSpace, Goal: goal, Prior: rates, Limits: Limits{Trials: 120}, Seed: seed, Bare: true,
	}
}

func nfs(seed uint64) *labtest.Formula {
	return &labtest.Formula{LatencyS: 0.005, SPerByte: 2e-7, Cores: 2, Noise: 0.01, Seed: seed}
}

func TestTuneFindsTheKneeOfSlowStorageAndConfirmsIt(t *testing.T) {
	for seed := range uint64(10) {
		f := nfs(seed)
		rec, err := Tune(t.Context(), options(f, &labtest.Journal{}, seed))
		if err != nil {
			t.Fatal(err)
		}
		if rec.Verdict != record.Better || rec.Step != record.Throughput {
			t.Errorf("seed %d: verdict %s by %s, want better by throughput", seed, rec.Verdict, rec.Step)
		}
		best := 2 / 2e-7 // bytes a second of two analysers
		if got := rec.Recommended.Metrics[record.Throughput]; got < 0.95*best {
			t.Errorf("seed %d: %s reaches %.3g B/s, want 95 %% of %.3g", seed, rec.Recommended.Config, got, best)
		}
		if f.Calls > 120 || rec.Measurements != f.Calls {
			t.Errorf("seed %d: %d launches, %d reported, --trials 120", seed, f.Calls, rec.Measurements)
		}
		if rec.Gain[record.Throughput].N < blocksForOne {
			t.Errorf("seed %d: gain from %d pairs", seed, rec.Gain[record.Throughput].N)
		}
	}
}

// TestGainIsNotInflated checks that the reported interval covers the true gain:
// what is confirmed on fresh trials carries no winner's curse.
func TestGainIsNotInflated(t *testing.T) {
	covered, runs := 0, 0
	for seed := range uint64(40) {
		f := nfs(seed)
		f.Noise = 0.03
		rec, err := Tune(t.Context(), options(f, &labtest.Journal{}, seed))
		if err != nil {
			t.Fatal(err)
		}
		truth := func(config record.Flat) float64 {
			quiet := nfs(seed)
			quiet.Noise = 0
			draw := paper().Sample(seed, 0, paper().Bytes)
			trial, err := quiet.Measure(t.Context(), lab.Job{Arm: lab.Arm{Config: config}, Draw: draw})
			if err != nil {
				t.Fatal(err)
			}
			return trial.Metrics[record.Throughput]
		}
		if rec.Verdict != record.Better {
			continue
		}
		runs++
		want := truth(rec.Recommended.Config) / truth(rec.Reference.Config)
		gain := rec.Gain[record.Throughput]
		if gain.Low <= want && want <= gain.High {
			covered++
		}
	}
	if runs < 35 || covered < runs*85/100 {
		t.Errorf("the interval covered the true gain in %d of %d runs, want 85 %% of at least 35", covered, runs)
	}
}

func TestDoubtfulLeadIsNotTheOnlyCandidate(t *testing.T) {
	lean := decide.Score{Arm: "lean", Pairs: 2, Throughput: -0.031, P99: 3}
	slow := decide.Score{Arm: "slow", Pairs: 2, Throughput: -0.2, P99: 5}
	for _, row := range []struct {
		why       string
		objective string
		lead      float64
		want      string
	}{
		{"a lead of 6 % in one pair may be luck", "", 0.064, "lean"},
		{"a tenfold lead is none", "", 2.3, ""},
		{"p99 is no way to be better under another goal", record.Throughput, 0.064, ""},
	} {
		t.Run(row.why, func(t *testing.T) {
			goal, err := decide.ParseGoal(row.objective, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			r := &run{Options: Options{Goal: goal}, noise: 0.02}
			lucky := decide.Score{Arm: "lucky", Pairs: 1, Throughput: row.lead, P99: -1.8}
			got, found := r.prompt([]decide.Score{lucky, lean, slow}, lucky)
			if got.Arm != row.want && found || found != (row.want != "") {
				t.Errorf("got %q, %v; want %q", got.Arm, found, row.want)
			}
		})
	}
}

func TestFlatSurfaceKeepsTheReference(t *testing.T) {
	better := 0
	for seed := range uint64(40) {
		f := &labtest.Formula{SPerByte: 2e-7, Cores: 1, Noise: 0.02, Seed: seed}
		o := options(f, &labtest.Journal{}, seed)
		o.Goal.Objective = record.Throughput
		rec, err := Tune(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if rec.Verdict == record.Better {
			better++
		} else if cmp.Diff(rec.Recommended.Config, rec.Reference.Config) != "" || rec.Candidate == nil {
			t.Errorf("seed %d: %s without the reference being kept and a candidate named", seed, rec.Verdict)
		}
	}
	if better > 2 {
		t.Errorf("%d of 40 runs over a flat surface found something better", better)
	}
}

// TestKilledRunResumesTheSameDesign kills a run at every seventh trial. With a
// budget the design depends on what trials cost, which the journal keeps.
func TestKilledRunResumesTheSameDesign(t *testing.T) {
	for _, limits := range []Limits{{Trials: 120}, {BudgetS: 120}, {BudgetS: 90, Trials: 100}} {
		t.Run(fmt.Sprintf("%+v", limits), func(t *testing.T) {
			tune := func(f *labtest.Formula, journal lab.Journal) (record.Recommendation, error) {
				o := options(f, journal, 3)
				o.Limits = limits
				return Tune(t.Context(), o)
			}
			want, err := tune(nfs(3), &labtest.Journal{})
			if err != nil {
				t.Fatal(err)
			}
			journal, launches := &labtest.Journal{}, 0
			for range 100 {
				f := nfs(3)
				f.Before = func(call int) error {
					if call > 7 {
						return errKilled
					}
					launches++
					return nil
				}
				got, err := tune(f, journal)
				if errors.Is(err, errKilled) {
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("the resumed run decided otherwise (-straight +resumed):\n%s", diff)
				}
				if launches != want.Measurements {
					t.Errorf("%d launches over all resumptions, want %d: nothing twice", launches, want.Measurements)
				}
				return
			}
			t.Fatal("the run never ended")
		})
	}
}

var errKilled = errors.New("killed")

// TestBudgetIsKept holds the cost of all trials against the budget, with a prior
// that is right and with one that is five times too hopeful.
func TestBudgetIsKept(t *testing.T) {
	for _, hope := range []float64{1, 5} {
		for _, budgetS := range []float64{60, 90, 300} {
			f := nfs(2)
			o := options(f, &labtest.Journal{}, 2)
			o.Limits = Limits{BudgetS: budgetS}
			o.Prior.ReferenceSPerByte /= hope
			o.Prior.BestSPerByte /= hope
			rec, err := Tune(t.Context(), o)
			if err != nil {
				t.Fatalf("budget %v, prior %v times too hopeful: %v", budgetS, hope, err)
			}
			spent := o.Bench.SpentS()
			smallest := slices.ContainsFunc(rec.Warnings, func(w string) bool { return strings.Contains(w, "the smallest design takes") })
			if spent > 1.05*budgetS && !smallest {
				t.Errorf("budget %v, prior %v times too hopeful: %.1f s spent", budgetS, hope, spent)
			}
			t.Logf("budget %v, hope %v: %.1f s, %v", budgetS, hope, spent, smallest)
		}
	}
}

func TestCandidateThatFailsInConfirmationIsNotRecommended(t *testing.T) {
	f := nfs(4)
	o := options(f, &labtest.Journal{}, 4)
	measure := o.Bench.Measure
	o.Bench.Measure = func(ctx context.Context, job lab.Job) (record.Trial, error) {
		trial, err := measure(ctx, job)
		if job.Latency == confirmLatency+2 && job.Arm.Name != lab.Reference {
			trial.Status, trial.Reason = record.Killed, "out of memory"
		}
		return trial, err
	}
	rec, err := Tune(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if rec.Verdict == record.Better || rec.Candidate == nil || len(rec.Warnings) == 0 {
		t.Errorf("verdict %s, candidate %v, warnings %v; want the reference kept and the failure named", rec.Verdict, rec.Candidate, rec.Warnings)
	}
}

func TestCancelledContextEndsTheRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f := nfs(1)
	f.Before = func(call int) error {
		if call == 12 {
			cancel()
		}
		return nil
	}
	journal := &labtest.Journal{}
	_, err := Tune(ctx, options(f, journal, 1))
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("err = %v, want cancelled", err)
	}
	if journal.Puts != 11 {
		t.Errorf("%d trials kept, want the 11 that were finished", journal.Puts)
	}
}

func TestReferenceIsKeptWhenItAloneServes(t *testing.T) {
	o := options(nfs(1), &labtest.Journal{}, 1)
	var err error
	if o.Goal, err = decide.ParseGoal("", []string{"rss<52MB"}, 0); err != nil {
		t.Fatal(err)
	}
	o.Valid = func(c record.Flat) bool { io, _ := c.Float("io.workers"); return io >= 16 } // all of them fatter
	rec, err := Tune(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if rec.Verdict != record.Undecided || rec.Recommended.Config.ID() != o.Reference.Config.ID() || len(rec.Warnings) == 0 {
		t.Errorf("%s, %s, %v; want the reference kept and why", rec.Verdict, rec.Recommended.Config, rec.Warnings)
	}
}

func TestTrialsAreNeverMoreThanAllowed(t *testing.T) {
	for _, row := range []struct {
		why    string
		others func(call int) float64
	}{
		{"a machine that is never quiet", func(int) float64 { return 0.5 }},
		{"one that warms up for long", func(call int) float64 { return max(0, 0.9-0.1*float64(call)) }},
	} {
		for _, trials := range []int{30, 31, 40, 60, 100} {
			f := nfs(5)
			f.Others = func(lab.Job) float64 { return row.others(f.Calls) }
			o := options(f, &labtest.Journal{}, 5)
			o.Limits = Limits{Trials: trials}
			o.Bench.Quiet = lab.Quiet{Share: 0.05, Repeats: 3}
			if _, err := Tune(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			if f.Calls > trials {
				t.Errorf("%s: %d launches of %d allowed", row.why, f.Calls, trials)
			}
		}
	}
}

// One candidate is confirmed where room was kept for two, or a small space leaves
// launches over: they buy pairs.
func TestLaunchesThatAreLeftBuyPairs(t *testing.T) {
	for seed := range uint64(5) {
		f := nfs(seed)
		o := options(f, &labtest.Journal{}, seed)
		o.Goal.Objective, o.Limits = record.Throughput, Limits{Trials: 60}
		rec, err := Tune(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if least := 60 - 3; f.Calls < least || f.Calls > 60 {
			t.Errorf("seed %d: %d launches of 60, %d blocks of confirmation; want %d or more", seed, f.Calls, rec.ConfirmedBlocks, least)
		}
	}
}

// The best by its medians lies on the limit of what is required as often as not, and
// fails confirmation there.
func TestACandidateIsOneThatIsShownToKeepWhatIsRequired(t *testing.T) {
	better := 0
	const runs = 20
	for seed := range uint64(runs) {
		f := target.Function{Seed: seed, CostS: 1, F: func(c record.Flat, _, seed uint64) (map[string]float64, error) {
			rng := rand.New(rand.NewPCG(seed, 9))
			io, _ := c.Float("io.workers")
			return map[string]float64{
				record.Throughput: math.Exp(-math.Pow(math.Log(io/20), 2)/4 + 0.1*rng.NormFloat64()),
				record.RSS:        1e7 * io * math.Exp(0.1*rng.NormFloat64()),
			}, nil
		}}
		goal, err := decide.ParseGoal("throughput", []string{"rss<150MB"}, 0)
		if err != nil {
			t.Fatal(err)
		}
		goal.Foreign = true
		rec, err := Tune(t.Context(), Options{
			Bench:     &lab.Bench{Run: "r", Scenario: "s", Seed: seed, Journal: &labtest.Journal{}, Measure: f.Measure},
			Reference: lab.Arm{Name: lab.Reference, Config: record.Flat{"io.workers": 8, "cpu.workers": 1}}, Space: paperSpace[:2], Goal: goal,
			Prior: Rates{ReferenceSPerByte: 1, BestSPerByte: 1, Alone: true}, Limits: Limits{Trials: 100}, Seed: seed, Bare: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		if rec.Verdict == record.Better {
			better++
		}
	}
	if better < 17 {
		t.Errorf("%d of %d runs recommend something better that keeps the limit, want 17", better, runs)
	}
}

func TestEqualsKeepWhatIsRequired(t *testing.T) {
	goal, err := decide.ParseGoal(record.Throughput, []string{"rss<150MB"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	score := func(arm string, io, rss float64, failed int) decide.Score {
		return decide.Score{Arm: arm, Config: record.Flat{"io.workers": io}, Pairs: 3, Failed: failed, Metrics: map[string]float64{record.RSS: rss}}
	}
	scores := []decide.Score{score("best", 8, 120e6, 0), score("equal", 9, 130e6, 0), score("fat", 10, 160e6, 0), score("frail", 11, 120e6, 1)}
	arms := alike(scores, record.Arm{Config: scores[0].Config}, goal)
	if len(arms) != 1 || arms[0].Name != "equal" {
		t.Errorf("%v are said to be as good as the recommended; want the one that never failed and keeps what is required", arms)
	}
}

func TestASpaceOfTheReferenceAloneIsRefusedBeforeTheFirstTrial(t *testing.T) {
	for _, strategy := range []string{"guided", "halving"} {
		f := nfs(1)
		o := options(f, &labtest.Journal{}, 1)
		o.Strategy, o.Starters = strategy, nil
		o.Space = space.Space{{Name: "io.workers", Type: space.Int, Min: 2, Max: 2}}
		_, err := Tune(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), "nothing but the reference") || f.Calls > 0 {
			t.Errorf("%s: err = %v after %d trials, want the space refused before the first", strategy, err, f.Calls)
		}
	}
}

func TestAReferenceThatFailsInEveryBlockIsNamed(t *testing.T) {
	f := nfs(1)
	o := options(f, &labtest.Journal{}, 1)
	measure := o.Bench.Measure
	o.Bench.Measure = func(ctx context.Context, job lab.Job) (record.Trial, error) {
		trial, err := measure(ctx, job)
		if job.Arm.Name == lab.Reference && job.Latency >= searchLatency {
			trial.Status, trial.Reason = record.Failed, "exit status 1"
		}
		return trial, err
	}
	_, err := Tune(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "the reference failed in every block of the search") {
		t.Errorf("err = %v, want the reference named", err)
	}
}

func TestRequirementThatNothingMeetsIsSaid(t *testing.T) {
	o := options(nfs(1), &labtest.Journal{}, 1)
	var err error
	if o.Goal, err = decide.ParseGoal("", []string{"rss<1MiB"}, 0); err != nil {
		t.Fatal(err)
	}
	if _, err = Tune(t.Context(), o); err == nil {
		t.Fatal("no error, want one that names the requirement")
	}
}

func TestARecommendationSaysHowFarKnobsMayMoveAndWhichMatter(t *testing.T) {
	o := options(nfs(1), &labtest.Journal{}, 1)
	o.Bare = false
	var err error
	if o.Goal, err = decide.ParseGoal("throughput,p99", []string{"rss<1GiB"}, 0); err != nil {
		t.Fatal(err)
	}
	rec, err := Tune(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(rec.Plateau) != len(paperSpace) || len(rec.Effects) == 0 || len(rec.Front) == 0 || len(rec.Requirements) != 1 || rec.Requirements[0].State != record.Holds {
		t.Errorf("%d plateaus, %d effects, %d points of the front, requirements %v; want one for each knob, some, some, and one that holds", len(rec.Plateau), len(rec.Effects), len(rec.Front), rec.Requirements)
	}
	for _, w := range rec.Warnings {
		if strings.Contains(w, "complete the recommendation") {
			t.Error(w)
		}
	}
}

func TestWhatFailedInTheSearchIsNamed(t *testing.T) {
	reference := record.Flat{"n": 2, "m": 1}
	trials := []record.Trial{
		{Config: reference, Status: record.OK},
		{Config: record.Flat{"n": 8, "m": 1}, Status: record.Failed, Reason: "exit status 3"},
		{Config: record.Flat{"n": 8, "m": 1}, Status: record.Failed, Reason: "exit status 3"},
		{Config: record.Flat{"n": 3, "m": 1}, Status: record.OK},
		{Config: record.Flat{"n": 4, "m": 0}, Status: record.TimedOut},
		{Config: record.Flat{"n": 3, "m": 1}, Status: record.Failed, SetAside: "disturbed"},
	}
	want := []string{"2 of 4 configurations failed in the search: n=8, m=0 n=4 (exit status 3; timed-out)"}
	if diff := cmp.Diff(want, failures(trials, reference)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := failures(trials[:1], reference); got != nil {
		t.Errorf("%v of a search in which nothing failed", got)
	}
}
