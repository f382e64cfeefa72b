package lab_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/lab"
	"sluice/harness/lab/labtest"
	"sluice/harness/record"
	"sluice/workloads/corpus"
)

// script is a fake that writes down in words what the bench does, in order.
type script struct {
	labtest.Journal
	walls  map[string][]float64 // of an arm, launch by launch; the last one repeats; 1 s if not told
	others []float64            // launch by launch; 0 beyond
	digest func(arm string) string
	status []record.Status // launch by launch; OK beyond
	calls  map[string]int
	words  []string
}

func (s *script) say(format string, args ...any) {
	s.words = append(s.words, fmt.Sprintf(format, args...))
}

func (s *script) bench() *lab.Bench {
	s.calls = map[string]int{}
	return &lab.Bench{
		Run: "r", Scenario: "s", Seed: 1, Journal: s, Measure: s.measure,
		Prepare: func(_ context.Context, d corpus.Draw) error { s.say("prepare %s", d.Fingerprint); return nil },
		Listen:  func(e lab.Event) { s.say("heard %s", e.Trial.Arm) },
		Quiet: lab.Quiet{Share: 0.1, Repeats: 1, Wait: time.Second, Await: func(context.Context, float64, time.Duration) (time.Duration, float64, error) {
			s.say("await")
			return 0, 0, nil
		}},
		Earlier: 100,
	}
}

func (s *script) measure(_ context.Context, job lab.Job) (record.Trial, error) {
	s.say("launch %d %s", job.Trial, job.Arm.Name)
	n := s.calls[job.Arm.Name]
	s.calls[job.Arm.Name]++
	wall := 1.0
	if told := s.walls[job.Arm.Name]; len(told) > 0 {
		wall = told[min(n, len(told)-1)]
	}
	share := 0.0
	if number := job.Trial - 100; number < len(s.others) {
		share = s.others[number]
	}
	trial := record.Trial{Status: record.OK, OthersCPUShare: share, Metrics: map[string]float64{record.Wall: wall, lab.CostS: wall}, Sample: record.Sample{Bytes: job.Draw.Bytes}}
	if number := job.Trial - 100; number < len(s.status) && s.status[number] != record.OK {
		trial.Status, trial.Reason = s.status[number], "by the script"
	}
	if s.digest != nil {
		trial.FindingsDigest = s.digest(job.Arm.Name)
	}
	return trial, nil
}

func (s *script) PutTrial(t record.Trial) error {
	note := ""
	if t.SetAside != "" {
		note = " aside"
	}
	if t.Status != record.OK {
		note += " " + string(t.Status)
	}
	s.say("keep %s %d.%d.%d%s", t.Phase, t.Block, t.Attempt, t.Slot, note)
	return s.Journal.PutTrial(t)
}

func pair() []lab.Arm { return arms(1) }

// The seed decides which arm of a block comes first; all else is fixed.
func TestTheBenchDoesThingsInThisOrder(t *testing.T) {
	s := &script{others: []float64{0, 0, 0, 0.5}} // the second trial of the first round is disturbed
	b := s.bench()
	size := lab.FixedSize()
	if _, err := b.Calibrate(t.Context(), lab.FixedCorpus(), size, pair()); err != nil {
		t.Fatal(err)
	}
	enough := func(trials []record.Trial, rounds int) bool {
		s.say("enough of %d in %d?", len(trials), rounds)
		return rounds == 2
	}
	_, err := b.MeasureRounds(t.Context(), lab.Rounds{Phase: record.Comparison, Rounds: 9, Arms: pair(), Corpus: lab.FixedCorpus(), Size: size, Enough: enough})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.TrimSpace(`
prepare fixed
launch 100 reference
keep warmup 0.0.0
heard reference
prepare fixed
await
launch 101 c00
keep calibration 0.0.0
heard c00
launch 102 reference
keep calibration 0.0.1
heard reference
prepare fixed
await
launch 103 reference
keep comparison 0.0.0
heard reference
launch 104 c00
keep comparison 0.0.1
heard c00
prepare fixed
await
launch 105 c00
keep comparison 0.1.0
heard c00
launch 106 reference
keep comparison 0.1.1
heard reference
keep comparison 0.0.0 aside
keep comparison 0.0.1 aside
enough of 2 in 1?
prepare fixed
await
launch 107 c00
keep comparison 1.0.0
heard c00
launch 108 reference
keep comparison 1.0.1
heard reference
enough of 4 in 2?`)
	if diff := cmp.Diff(want, strings.Join(s.words, "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestACalibrationThatFailsOnceIsMeasuredOnceMore(t *testing.T) {
	const ok, failed = record.OK, record.Failed
	for _, row := range []struct {
		why      string
		status   []record.Status // warm-up, then calibrations of two arms each
		launches int
		dead     bool
	}{
		{"nothing fails", nil, 3, false},
		{"a trial fails once", []record.Status{ok, ok, failed}, 5, false},
		{"one of each fails", []record.Status{ok, failed, ok, ok, failed}, 5, true},
		{"the warm-up failed too", []record.Status{failed, failed, ok}, 3, true},
		{"time ran out", []record.Status{ok, ok, record.TimedOut}, 3, true},
		{"other things were found", []record.Status{ok, ok, record.WrongDigest}, 3, true},
	} {
		t.Run(row.why, func(t *testing.T) {
			s := &script{status: row.status}
			b := s.bench()
			trials, err := b.Calibrate(t.Context(), lab.FixedCorpus(), lab.FixedSize(), pair())
			if dead := (*lab.DeadEnd)(nil); errors.As(err, &dead) != row.dead || !row.dead && (err != nil || len(trials) != 2) {
				t.Errorf("%d trials, error %v; want a dead end: %v", len(trials), err, row.dead)
			}
			if b.Launches() != row.launches {
				t.Errorf("%d launches, want %d", b.Launches(), row.launches)
			}
			for _, trial := range trials {
				if trial.Status != ok || trial.SetAside != "" {
					t.Errorf("%s counts: %s, set aside %q", trial.Arm, trial.Status, trial.SetAside)
				}
			}
		})
	}
}

func TestWarmUpsEndByRule(t *testing.T) {
	for _, row := range []struct {
		why      string
		walls    []float64
		launches int
		counts   float64 // wall time of the reference that counts
	}{
		{"a warm machine costs one warm-up", []float64{1, 1}, 3, 1},
		{"4 % faster is warm", []float64{1, 0.96}, 3, 0.96},
		{"slower is warm", []float64{1, 3}, 3, 3},
		{"6 % faster was not warm yet", []float64{1, 0.94, 0.94}, 5, 0.94},
		{"two were not warm", []float64{4, 2, 1, 1}, 7, 1},
		{"four are thrown away at most", []float64{64, 32, 16, 8, 4, 2}, 9, 4},
	} {
		t.Run(row.why, func(t *testing.T) {
			s := &script{walls: map[string][]float64{lab.Reference: row.walls}}
			b := s.bench()
			trials, err := b.Calibrate(t.Context(), lab.FixedCorpus(), lab.FixedSize(), pair())
			if err != nil {
				t.Fatal(err)
			}
			if b.Launches() != row.launches || trials[0].Metrics[record.Wall] != row.counts || trials[0].SetAside != "" {
				t.Errorf("%d launches, %v s counts, set aside %q; want %d and %v s", b.Launches(), trials[0].Metrics[record.Wall], trials[0].SetAside, row.launches, row.counts)
			}
			counted := 0
			for _, kept := range s.Trials() {
				if kept.Phase == record.Calibration && kept.SetAside == "" {
					counted++
				}
			}
			if counted != 2 {
				t.Errorf("%d trials of calibration count in the journal, want the 2 of the last", counted)
			}
		})
	}
}

func TestFixedWorkCountsSecondsPerRunAndHasNoDigest(t *testing.T) {
	s := &script{walls: map[string][]float64{lab.Reference: {2}}}
	b := s.bench()
	trials, err := b.Calibrate(t.Context(), lab.FixedCorpus(), lab.FixedSize(), pair())
	if err != nil {
		t.Fatal(err)
	}
	if got := lab.SPerByte(trials[0]); got != 2 {
		t.Errorf("%v s a run, want 2", got)
	}
	draw := lab.Sizing{Bytes: 1, Repeats: 7}.Draw(lab.FixedCorpus(), 5, 3)
	if want := lab.Fixed(3); draw.Index != 3 || draw.Bytes != want.Bytes || draw.Fidelity != 1 || draw.Fingerprint != want.Fingerprint {
		t.Errorf("drew %+v, want %+v", draw, want)
	}
}

func TestDigestIsComparedWithTheReferences(t *testing.T) {
	for _, row := range []struct {
		why              string
		reference, other string
		want             record.Status
	}{
		{"equal", "a", "a", record.OK},
		{"both without", "", "", record.OK},
		{"different", "a", "b", record.WrongDigest},
		{"only the reference has one", "a", "", record.WrongDigest},
		{"only the other has one", "", "b", record.WrongDigest},
	} {
		t.Run(row.why, func(t *testing.T) {
			for index := range 6 { // in both orders
				s := &script{digest: func(arm string) string {
					return map[bool]string{true: row.reference, false: row.other}[arm == lab.Reference]
				}}
				done, err := s.bench().Block(t.Context(), lab.Block{Phase: record.Grid, Index: index, Arms: pair(), Draw: lab.Fixed(index)})
				if err != nil {
					t.Fatal(err)
				}
				if done[0].Status != record.OK || done[1].Status != row.want {
					t.Errorf("block %d: %s and %s (%s), want ok and %s", index, done[0].Status, done[1].Status, done[1].Reason, row.want)
				}
			}
		})
	}
}

func TestPlaceboIsTheReferenceOnceInEachRound(t *testing.T) {
	for _, n := range []int{0, 1, 4, 5, 12} {
		f := &labtest.Formula{SPerByte: 1e-7, Cores: 2}
		b, _ := bench(f.Measure)
		design := lab.Rounds{Phase: record.Grid, Rounds: 4, Arms: arms(n), Corpus: labtest.Corpus(100), Size: lab.Sizing{Bytes: 1e4, Repeats: 1}, Placebo: true}
		trials, err := b.MeasureRounds(t.Context(), design)
		if err != nil {
			t.Fatal(err)
		}
		placebos, perBlock := 0, map[int]int{}
		for _, trial := range trials {
			perBlock[trial.Block]++
			if trial.Arm == lab.Placebo {
				placebos++
				if trial.Config.ID() != design.Arms[0].Config.ID() {
					t.Errorf("the placebo ran %s, want the reference's %s", trial.Config, design.Arms[0].Config)
				}
			}
		}
		if placebos != 4 || len(trials) != design.Trials() || len(perBlock) != design.Blocks() {
			t.Errorf("%d arms: %d placebos, %d trials in %d blocks; want 4, %d in %d", n, placebos, len(trials), len(perBlock), design.Trials(), design.Blocks())
		}
		for block, size := range perBlock {
			if size > 6 {
				t.Errorf("%d arms: block %d has %d trials, want at most 6", n, block, size)
			}
		}
	}
}
