package target_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/lab"
	"sluice/harness/record"
	"sluice/harness/target"
	"sluice/workloads/corpus"
)

// bowl is a surface whose optimum is n = 8, with a noise of 1 %.
func bowl(config record.Flat, _, seed uint64) (map[string]float64, error) {
	n, ok := config.Float("n")
	if !ok {
		return nil, errors.New("no n")
	}
	noise := 1 + 0.01*rand.New(rand.NewPCG(seed, 0)).NormFloat64()
	return map[string]float64{record.Wall: (1 + math.Pow(math.Log2(n/8), 2)) * noise}, nil
}

func TestAFunctionMeasuresTheSameInEveryReplay(t *testing.T) {
	run := func(seed uint64) (walls []float64) {
		f := target.Function{F: bowl, Seed: seed}
		for i := range 8 {
			trial, err := f.Measure(t.Context(), lab.Job{Arm: lab.Arm{Name: "c", Config: record.Flat{"n": 4}}, Draw: corpus.Draw{Index: i / 2}, Trial: i})
			if err != nil || trial.Status != record.OK {
				t.Fatal(err, trial.Reason)
			}
			walls = append(walls, trial.Metrics[record.Wall])
			if trial.Metrics[lab.CostS] != trial.Metrics[record.Wall] {
				t.Errorf("the trial cost %v s, its wall time is %v s", trial.Metrics[lab.CostS], trial.Metrics[record.Wall])
			}
		}
		return walls
	}
	first := run(1)
	if diff := cmp.Diff(first, run(1)); diff != "" {
		t.Errorf("the same seed measured (-first +second):\n%s", diff)
	}
	if cmp.Equal(first, run(2)) {
		t.Error("another seed measured the same")
	}
	for i := range first[1:] {
		if first[i] == first[i+1] {
			t.Errorf("trials %d and %d have the same noise", i, i+1)
		}
	}
}

func TestWhatAFunctionCannotSayIsAFailedTrial(t *testing.T) {
	for _, test := range []struct {
		name string
		f    target.Function
		want string
	}{
		{"an error", target.Function{F: bowl, CostS: 2}, "no n"},
		{"NaN", target.Function{CostS: 2, F: func(record.Flat, uint64, uint64) (map[string]float64, error) {
			return map[string]float64{"a": 1, "b": math.NaN()}, nil
		}}, "metric b: found NaN, expected a finite number"},
	} {
		t.Run(test.name, func(t *testing.T) {
			trial, err := test.f.Measure(t.Context(), lab.Job{})
			if err != nil {
				t.Fatal(err)
			}
			if trial.Status != record.Failed || !strings.Contains(trial.Reason, test.want) {
				t.Errorf("%s: %s, want failed: %s", trial.Status, trial.Reason, test.want)
			}
			if diff := cmp.Diff(map[string]float64{lab.CostS: 2}, trial.Metrics); diff != "" {
				t.Errorf("metrics (-want +got):\n%s", diff)
			}
		})
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("enough")
	cancel(stop)
	if _, err := (target.Function{F: bowl}).Measure(ctx, lab.Job{}); !errors.Is(err, stop) {
		t.Errorf("error %v, want the cause of the end", err)
	}
}

func ExampleParseLine() {
	d, err := target.ParseLine([]string{"rg", "-j", "{threads=1..64@2}", "--no-messages", "TODO", "."}, 4)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.Goal.Objective, d.Defaults)
	fmt.Println(strings.Join(d.Notes, "\n"))
	// Output:
	// wall_s threads=2
	// threads is searched by doublings, since it spans a factor of 32 or more; {threads=1..64:linear} searches it by steps
}

func ExampleShellLine() {
	fmt.Println(target.ShellLine([]string{"env", "GOGC=50", "rg", "-j4", "it's", "a b"}))
	// Output: env GOGC=50 rg -j4 'it'\''s' 'a b'
}
