package lab_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"sluice/harness/lab"
	"sluice/harness/lab/labtest"
	"sluice/harness/record"
)

// shares scripts what others use: by attempt, in each trial of the block.
func shares(byAttempt ...float64) func(lab.Job) float64 {
	return func(job lab.Job) float64 { return byAttempt[min(job.Attempt, len(byAttempt)-1)] }
}

func gridBlock(index, others int) lab.Block {
	return lab.Block{Phase: record.Grid, Index: index, Arms: arms(others), Draw: labtest.Corpus(10).Sample(1, 0, 1e9), Latency: index}
}

func TestDisturbedBlockIsMeasuredAgainWhole(t *testing.T) {
	for _, row := range []struct {
		why      string
		quiet    lab.Quiet
		others   func(lab.Job) float64
		attempts int
		counts   int
	}{
		{"a quiet block is measured once", lab.Quiet{Share: 0.1, Repeats: 3}, shares(0.1), 1, 0},
		{"the first undisturbed attempt counts", lab.Quiet{Share: 0.1, Repeats: 3}, shares(0.3, 0.05, 0), 2, 1},
		{"one repeat is allowed, and the less disturbed counts", lab.Quiet{Share: 0.1, Repeats: 1}, shares(0.3, 0.2, 0), 2, 1},
		{"the first of equally disturbed ones counts", lab.Quiet{Share: 0.1, Repeats: 1}, shares(0.3, 0.3), 2, 0},
		{"the first counts where the repeat was worse", lab.Quiet{Share: 0.1, Repeats: 1}, shares(0.3, 0.4), 2, 0},
		{"a share of 0 switches the rule off", lab.Quiet{Repeats: 3}, shares(0.9), 1, 0},
		{"no repeats, no rule", lab.Quiet{Share: 0.1}, shares(0.9), 1, 0},
		{"one disturbed trial disturbs its block", lab.Quiet{Share: 0.1, Repeats: 3}, func(job lab.Job) float64 {
			if job.Attempt == 0 && job.Arm.Name == "c01" {
				return 0.2
			}
			return 0
		}, 2, 1},
	} {
		t.Run(row.why, func(t *testing.T) {
			f := &labtest.Formula{SPerByte: 1e-7, Cores: 2, Others: row.others}
			b, journal := bench(f.Measure)
			b.Quiet = row.quiet
			done, err := b.Block(t.Context(), gridBlock(0, 2))
			if err != nil {
				t.Fatal(err)
			}
			if f.Calls != 3*row.attempts || b.Launches() != f.Calls || len(b.Trials()) != f.Calls {
				t.Errorf("%d launches, counted %d, %d trials; want %d", f.Calls, b.Launches(), len(b.Trials()), 3*row.attempts)
			}
			for i, trial := range done {
				if trial.Attempt != row.counts || trial.SetAside != "" || trial.Arm != arms(2)[i].Name {
					t.Errorf("trial %d is %s of attempt %d, set aside %q; want %s of attempt %d", i, trial.Arm, trial.Attempt, trial.SetAside, arms(2)[i].Name, row.counts)
				}
			}
			for _, trial := range journal.Trials() {
				if (trial.SetAside == "") != (trial.Attempt == row.counts) {
					t.Errorf("%s of attempt %d is stored with set aside %q", trial.Arm, trial.Attempt, trial.SetAside)
				}
			}
		})
	}
}

func TestReasonNamesTheDisturbanceAndWhatCounts(t *testing.T) {
	slept := 42.0
	for want, disturb := range map[string]func(*record.Trial){
		"others used 31 % of the machine during c00, more than 10 %; attempt 2 counts": func(t *record.Trial) { t.OthersCPUShare = 0.31 },
		"the machine was suspended for 42 s during c00; attempt 2 counts":              func(t *record.Trial) { t.Conditions.SuspendedS = &slept },
	} {
		f := &labtest.Formula{SPerByte: 1e-7, Cores: 2}
		b, journal := bench(func(ctx context.Context, job lab.Job) (record.Trial, error) {
			trial, err := f.Measure(ctx, job)
			if job.Arm.Name == "c00" && job.Attempt == 0 {
				disturb(&trial)
			}
			return trial, err
		})
		b.Quiet = lab.Quiet{Share: 0.1, Repeats: 2}
		if _, err := b.Block(t.Context(), gridBlock(0, 1)); err != nil {
			t.Fatal(err)
		}
		if got := journal.Trials()[0].SetAside; got != want {
			t.Errorf("set aside because %q, want %q", got, want)
		}
	}
}

// TestRuleReadsNothingThatWasMeasured gives the trials wild outcomes: attempts
// and choices must be those of tame ones.
func TestRuleReadsNothingThatWasMeasured(t *testing.T) {
	choices := func(wild bool) (list []string) {
		f := &labtest.Formula{SPerByte: 1e-7, Cores: 2, Noise: 0.1, Others: func(job lab.Job) float64 {
			return math.Mod(float64(job.Latency)*0.37+float64(job.Attempt)*0.11, 0.25)
		}}
		b, _ := bench(func(ctx context.Context, job lab.Job) (record.Trial, error) {
			trial, err := f.Measure(ctx, job)
			if wild && job.Attempt == job.Latency%2 {
				trial.Metrics[record.Wall] *= 100
				trial.Status, trial.Reason = record.Failed, "exit status 1"
			}
			return trial, err
		})
		b.Quiet = lab.Quiet{Share: 0.1, Repeats: 2}
		for index := range 40 {
			done, err := b.Block(t.Context(), gridBlock(index, 1))
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, fmt.Sprint(index, done[0].Attempt, b.Launches()))
		}
		return list
	}
	if tame, wild := choices(false), choices(true); !slices.Equal(tame, wild) {
		t.Errorf("outcomes changed the choice:\n%v\n%v", tame, wild)
	}
}

func TestMachineThatIsAlwaysBusyCostsAThirdMoreAtMost(t *testing.T) {
	for _, others := range []int{1, 2, 5} {
		f := &labtest.Formula{SPerByte: 1e-7, Cores: 2, Others: shares(0.5)}
		b, _ := bench(f.Measure)
		b.Quiet = lab.Quiet{Share: 0.1, Repeats: 3}
		const blocks = 60
		for index := range blocks {
			if _, err := b.Block(t.Context(), gridBlock(index, others)); err != nil {
				t.Fatal(err)
			}
			counted := (index + 1) * (1 + others)
			if most := max(counted*4/3, counted+1+others); b.Launches() > most {
				t.Fatalf("%d arms, block %d: %d launches for %d that count, want at most %d", 1+others, index, b.Launches(), counted, most)
			}
		}
		if least := blocks * (1 + others) * 5 / 4; b.Launches() < least {
			t.Errorf("%d arms: %d launches, want the bound used: at least %d", 1+others, b.Launches(), least)
		}
	}
}

func TestWarmUpsAndProfilesAreNeitherRepeatedNorWaitedFor(t *testing.T) {
	for _, phase := range []record.Phase{record.Warmup, record.Profiling} {
		f := &labtest.Formula{SPerByte: 1e-7, Cores: 2, Others: shares(0.5)}
		b, _ := bench(f.Measure)
		waits := 0
		b.Quiet = lab.Quiet{Share: 0.1, Repeats: 3, Wait: time.Second, Await: func(context.Context, float64, time.Duration) (time.Duration, float64, error) {
			waits++
			return 0, 0, nil
		}}
		block := gridBlock(0, 1)
		block.Phase = phase
		if _, err := b.Block(t.Context(), block); err != nil {
			t.Fatal(err)
		}
		if f.Calls != 2 || waits != 0 {
			t.Errorf("%s: %d launches and %d waits, want 2 and none", phase, f.Calls, waits)
		}
	}
}

func TestWaitingIsChargedOnceAndBounded(t *testing.T) {
	f := &labtest.Formula{SPerByte: 1e-4, Cores: 2} // several seconds a trial
	b, journal := bench(f.Measure)
	var asked []time.Duration
	b.Quiet = lab.Quiet{Share: 0.1, Repeats: 3, Wait: 20 * time.Second, Await: func(_ context.Context, share float64, most time.Duration) (time.Duration, float64, error) {
		if share != 0.1 {
			t.Errorf("asked for a share of %v, want 0.1", share)
		}
		asked = append(asked, most)
		return most, 0.5, nil // never quiet, so that everything is waited
	}}
	sumS, waitedS, launches := 0.0, 0.0, 0
	for index := range 12 {
		if _, err := b.Block(t.Context(), gridBlock(index, 1)); err != nil {
			t.Fatal(err)
		}
	}
	for _, trial := range journal.Trials() {
		own := trial.Metrics[record.Wall] + 0.05
		sumS += own + trial.Metrics[lab.QuietWaitS]
		waitedS += trial.Metrics[lab.QuietWaitS]
		launches++
		if _, noted := trial.Metrics[lab.QuietWaitS]; noted && trial.Slot != 0 {
			t.Errorf("%s in slot %d was waited for, want the first of its block alone", trial.Arm, trial.Slot)
		}
	}
	if asked[0] != 20*time.Second {
		t.Errorf("first asked to wait %v, want the longest, 20 s", asked[0])
	}
	if diff := math.Abs(b.SpentS() - sumS); diff > 1e-6 || math.Abs(b.Spent().Seconds()-sumS) > 1e-6 {
		t.Errorf("spent %v s, want %v s: every trial and every wait once", b.SpentS(), sumS)
	}
	if waitedS > 20+0.25*sumS {
		t.Errorf("waited %.1f s of %.1f s, want 20 s and beyond it a quarter at most", waitedS, sumS)
	}
	if launches != 24 {
		t.Errorf("%d launches, want 24: a wait in vain is followed by measuring", launches)
	}
}

func TestWaitThatFailsIsAnError(t *testing.T) {
	f := &labtest.Formula{SPerByte: 1e-7, Cores: 2}
	b, _ := bench(f.Measure)
	cause := errors.New("no /proc/stat")
	b.Quiet = lab.Quiet{Share: 0.1, Wait: time.Second, Await: func(context.Context, float64, time.Duration) (time.Duration, float64, error) { return 0, 0, cause }}
	if _, err := b.Block(t.Context(), gridBlock(0, 1)); !errors.Is(err, cause) || f.Calls != 0 {
		t.Errorf("err = %v after %d launches, want the cause before the first", err, f.Calls)
	}
}
