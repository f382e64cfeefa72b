package lab_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"sluice/harness/lab"
	"sluice/harness/lab/labtest"
	"sluice/harness/record"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func duetBlock(index int) lab.Block {
	b := gridBlock(index, 1)
	b.Duet = true
	return b
}

func TestDuetRunsBothArmsAtOnceOnDisjointHalves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		cores := map[string][]int{}
		lower := 0
		b, _ := bench(func(_ context.Context, job lab.Job) (record.Trial, error) {
			mu.Lock()
			cores[job.Arm.Name] = job.Cores
			mu.Unlock()
			if job.Arm.Name == lab.Reference {
				<-time.After(2 * time.Second)
			} else {
				<-time.After(3 * time.Second)
			}
			return record.Trial{Status: record.OK}, nil
		})
		b.Cores = []int{2, 3, 6, 7}
		for index := range 60 {
			start := time.Now()
			done, err := b.Block(t.Context(), duetBlock(index))
			if err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took != 3*time.Second {
				t.Fatalf("took %v, want 3s: both at the same moment", took)
			}
			if both := slices.Sorted(slices.Values(slices.Concat(cores[lab.Reference], cores["c00"]))); !slices.Equal(both, b.Cores) {
				t.Fatalf("halves %v, want all cores once", cores)
			}
			if cores[lab.Reference][0] == 2 {
				lower++
			}
			if a, b := done[0].Metrics[lab.CostS], done[1].Metrics[lab.CostS]; a != 2 || b != 1 {
				t.Fatalf("cost %v and %v s, want 2 and the 1 s that the other took longer", a, b)
			}
		}
		if lower < 18 || lower > 42 {
			t.Errorf("the reference had the lower half in %d of 60 rounds, want about half", lower)
		}
		if b.Spent() != 180*time.Second {
			t.Errorf("spent %v, want 3m0s", b.Spent())
		}
	})
}

func TestDuetThatCannotBeIsRefusedWithARemedy(t *testing.T) {
	config := record.Flat{"io.workers": 2}
	two := []lab.Arm{{Name: lab.Reference, Config: config}, {Name: "b", Config: config}}
	for _, row := range []struct {
		why    string
		cores  []int
		rounds lab.Rounds
		want   string
	}{
		{"one core", []int{0}, lab.Rounds{Arms: two}, "choose others with --cores"},
		{"three cores", []int{0, 1, 2}, lab.Rounds{Arms: two}, "this scenario has 3"},
		{"no cores told", nil, lab.Rounds{Arms: two}, "even number"},
		{"three arms", []int{0, 1}, lab.Rounds{Arms: append(two[:2:2], lab.Arm{Name: "c"})}, "two arms and this block has 3"},
		{"a placebo", []int{0, 1}, lab.Rounds{Arms: two, Placebo: true}, "no room for a placebo"},
		{"an arm twice", []int{0, 1}, lab.Rounds{Arms: []lab.Arm{two[0], two[0]}}, `two arms are called "reference"`},
	} {
		t.Run(row.why, func(t *testing.T) {
			f := &labtest.Formula{SPerByte: 1e-7, Cores: 2}
			b, _ := bench(f.Measure)
			b.Cores, b.Quiet.Share = row.cores, 0.1
			row.rounds.Duet, row.rounds.Rounds, row.rounds.Phase = true, 2, record.Comparison
			row.rounds.Corpus, row.rounds.Size = lab.FixedCorpus(), lab.FixedSize()
			_, err := b.MeasureRounds(t.Context(), row.rounds)
			if err == nil || !strings.Contains(err.Error(), row.want) || f.Calls != 0 {
				t.Errorf("err = %v after %d launches, want %q before the first", err, f.Calls, row.want)
			}
		})
	}
}

func TestHarnessErrorInOneHalfEndsTheOther(t *testing.T) {
	cause := errors.New("no such file")
	b, journal := bench(func(ctx context.Context, job lab.Job) (record.Trial, error) {
		if job.Arm.Name == lab.Reference {
			return record.Trial{}, cause
		}
		<-ctx.Done() // hangs, unless it is cancelled
		return record.Trial{Status: record.Killed}, nil
	})
	b.Cores = []int{0, 1}
	if _, err := b.Block(t.Context(), duetBlock(0)); !errors.Is(err, cause) {
		t.Errorf("err = %v, want the cause", err)
	}
	if journal.Puts != 0 {
		t.Errorf("%d trials kept, want none: neither is data", journal.Puts)
	}
}

func TestPanicInOneHalfReachesTheOwner(t *testing.T) {
	b, _ := bench(func(ctx context.Context, job lab.Job) (record.Trial, error) {
		if job.Arm.Name != lab.Reference {
			panic("a bug")
		}
		<-ctx.Done()
		return record.Trial{}, nil
	})
	b.Cores = []int{0, 1}
	defer func() {
		if text := fmt.Sprint(recover()); !strings.Contains(text, "a bug") || !strings.Contains(text, "duet_test.go") {
			t.Errorf("recovered %q, want the panic with the worker's stack", text)
		}
	}()
	_, _ = b.Block(t.Context(), duetBlock(0))
	t.Error("no panic")
}

func TestCancelledDuetKeepsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b, journal := bench(func(ctx context.Context, job lab.Job) (record.Trial, error) {
		if job.Arm.Name == lab.Reference {
			cancel()
		}
		<-ctx.Done()
		return record.Trial{Status: record.Killed}, nil
	})
	b.Cores = []int{0, 1}
	if _, err := b.Block(ctx, duetBlock(0)); !errors.Is(err, context.Canceled) || journal.Puts != 0 {
		t.Errorf("err = %v with %d trials kept, want cancelled and none", err, journal.Puts)
	}
}

// noted is a journal that remembers every write in order, and fails the second.
type noted struct {
	labtest.Journal
	puts []record.Trial
}

func (n *noted) PutTrial(t record.Trial) error {
	n.puts = append(n.puts, t)
	if len(n.puts) == 2 {
		return errKilled
	}
	return n.Journal.PutTrial(t)
}

func TestHalfOfADuetThatWasKeptAloneIsSetAside(t *testing.T) {
	f := &labtest.Formula{SPerByte: 1e-7, Cores: 2}
	journal := &noted{}
	b := &lab.Bench{Run: "r", Scenario: "s", Journal: journal, Measure: f.Measure, Cores: []int{0, 1}}
	if _, err := b.Block(t.Context(), duetBlock(0)); !errors.Is(err, errKilled) {
		t.Fatalf("err = %v, want killed between the two writes", err)
	}
	again := &lab.Bench{Run: "r", Scenario: "s", Journal: journal, Measure: f.Measure, Cores: []int{0, 1}}
	if _, err := again.Block(t.Context(), duetBlock(0)); err != nil {
		t.Fatal(err)
	}
	if f.Calls != 4 || len(journal.puts) != 5 {
		t.Fatalf("%d launches and %d writes, want both halves measured twice, and the half that was kept written once more", f.Calls, len(journal.puts))
	}
	if kept, marked := journal.puts[0], journal.puts[2]; marked.Arm != kept.Arm || !marked.Started.Equal(kept.Started) || !strings.Contains(marked.SetAside, "other half") {
		t.Errorf("%s of %v set aside %q, want %s of %v set aside", marked.Arm, marked.Started, marked.SetAside, kept.Arm, kept.Started)
	}
	for _, trial := range journal.puts[3:] {
		if trial.SetAside != "" {
			t.Errorf("%s of the whole pair is set aside: %s", trial.Arm, trial.SetAside)
		}
	}
}
