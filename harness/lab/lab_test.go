package lab_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"sluice/harness/lab"
	"sluice/harness/lab/labtest"
	"sluice/harness/record"
)

func arms(n int) []lab.Arm {
	list := []lab.Arm{{Name: lab.Reference, Config: record.Flat{"io.workers": 2, "cpu.workers": 2}}}
	for i := range n {
		list = append(list, lab.Arm{Name: fmt.Sprintf("c%02d", i), Config: record.Flat{"io.workers": i + 3, "cpu.workers": 2}})
	}
	return list
}

func bench(measure lab.Measure) (*lab.Bench, *labtest.Journal) {
	j := &labtest.Journal{}
	return &lab.Bench{Run: "r", Scenario: "s", Seed: 5, Journal: j, Measure: measure}, j
}

func TestOrderOfABlockIsRandomAndSeeded(t *testing.T) {
	f := &labtest.Formula{SPerByte: 1e-7, Cores: 2}
	seen := map[string]bool{}
	for index := range 40 {
		var order, again []string
		for _, into := range []*[]string{&order, &again} {
			b, _ := bench(func(ctx context.Context, job lab.Job) (record.Trial, error) {
				*into = append(*into, job.Arm.Name)
				return f.Measure(ctx, job)
			})
			if _, err := b.Block(t.Context(), lab.Block{Phase: record.Search, Index: index, Arms: arms(2), Draw: labtest.Corpus(10).Sample(1, 0, 1e9)}); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(order, again) {
			t.Fatalf("block %d ran as %v, then as %v", index, order, again)
		}
		seen[fmt.Sprint(order)] = true
	}
	if len(seen) != 6 {
		t.Errorf("40 blocks of 3 arms ran in %d orders, want all 6", len(seen))
	}
}

func TestTrialWithOtherFindingsIsWrong(t *testing.T) {
	f := &labtest.Formula{SPerByte: 1e-7, Cores: 2}
	for index := range 10 { // the wrong one runs before and after the reference
		b, journal := bench(func(ctx context.Context, job lab.Job) (record.Trial, error) {
			trial, err := f.Measure(ctx, job)
			if job.Arm.Name == "c00" {
				trial.FindingsDigest = "other"
			}
			return trial, err
		})
		done, err := b.Block(t.Context(), lab.Block{Phase: record.Grid, Index: index, Arms: arms(2), Draw: labtest.Corpus(10).Sample(1, 0, 1e9)})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []record.Status{record.OK, record.WrongDigest, record.OK} {
			if done[i].Status != want {
				t.Errorf("block %d: %s is %s, want %s", index, done[i].Arm, done[i].Status, want)
			}
			stored, _, err := journal.FindTrial("r", "s", record.Grid, index, done[i].Slot, 0)
			if err != nil || stored.Status != want {
				t.Errorf("block %d: %s is stored as %s (%v), want %s", index, done[i].Arm, stored.Status, err, want)
			}
		}
	}
}

func TestRoundsScanFreshFilesUnlessOneSampleIsAskedFor(t *testing.T) {
	for one, want := range map[bool]int{false: 3, true: 1} {
		f := &labtest.Formula{SPerByte: 1e-7, Cores: 2}
		b, _ := bench(f.Measure)
		trials, err := b.MeasureRounds(t.Context(), lab.Rounds{
			Phase: record.Grid, Rounds: 3, Arms: arms(2), Corpus: labtest.Corpus(1000), Size: lab.Sizing{Bytes: 1e5, Repeats: 1}, OneSample: one,
		})
		if err != nil {
			t.Fatal(err)
		}
		samples := map[string]bool{}
		for _, trial := range trials {
			samples[trial.Sample.Fingerprint] = true
		}
		if len(samples) != want {
			t.Errorf("one sample %v: three rounds scan %d samples, want %d", one, len(samples), want)
		}
	}
}

func TestRoundsMeasureEveryArmOncePerRoundBesideTheReference(t *testing.T) {
	for _, n := range []int{1, 5, 6, 12} {
		f := &labtest.Formula{SPerByte: 1e-7, Cores: 2}
		b, _ := bench(f.Measure)
		design := lab.Rounds{Phase: record.Grid, Rounds: 3, Arms: arms(n), Corpus: labtest.Corpus(1000), Size: lab.Sizing{Bytes: 1e5, Repeats: 1}}
		trials, err := b.MeasureRounds(t.Context(), design)
		if err != nil {
			t.Fatal(err)
		}
		if len(trials) != design.Trials() {
			t.Errorf("%d arms: %d trials, the design said %d", n, len(trials), design.Trials())
		}
		perBlock, perArm := map[int]int{}, map[string]int{}
		references := map[int]bool{}
		for _, trial := range trials {
			perBlock[trial.Block]++
			perArm[trial.Arm]++
			if trial.Arm == lab.Reference {
				references[trial.Block] = true
			}
		}
		if len(perBlock) != design.Blocks() || len(references) != design.Blocks() {
			t.Errorf("%d arms: %d blocks, %d with the reference, the design said %d", n, len(perBlock), len(references), design.Blocks())
		}
		for block, size := range perBlock {
			if size > 6 {
				t.Errorf("%d arms: block %d has %d trials, want at most 6", n, block, size)
			}
		}
		for arm, count := range perArm {
			if arm != lab.Reference && count != 3 {
				t.Errorf("%d arms: %s measured %d times, want 3", n, arm, count)
			}
		}
	}
}

func TestSampleIsSizedBetweenItsBounds(t *testing.T) {
	for _, row := range []struct {
		why                      string
		slowest, fastest, target float64
		corpus                   int64
		bytes                    int64
		repeats                  int
	}{
		{"the fastest takes its target", 2e-7, 1e-7, 1, 1e9, 1e7, 1},
		{"the slowest takes at most 6 s", 1e-6, 1e-7, 1, 1e9, 6e6, 1},
		{"0.5 s of the fastest win where the two conflict", 1e-5, 1e-7, 1, 1e9, 5e6, 1},
		{"a small corpus is listed over", 2e-7, 1e-7, 1, 3e6, 3e6, 4},
	} {
		t.Run(row.why, func(t *testing.T) {
			got := lab.SizeFor(row.slowest, row.fastest, row.target, row.corpus)
			if diff := float64(got.Bytes) / float64(row.bytes); diff < 0.999 || diff > 1.001 || got.Repeats != row.repeats {
				t.Errorf("%+v, want %d bytes, %d times", got, row.bytes, row.repeats)
			}
		})
	}
}
