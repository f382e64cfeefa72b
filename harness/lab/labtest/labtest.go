// Package labtest holds what tests of measuring code need, none of which takes
// time: a journal in memory, a scanner that exists only as a formula, a target
// that is a function, and a co-tenant that comes and goes on a virtual clock.
package labtest

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"sluice/harness/lab"
	"sluice/harness/record"
	"sluice/workloads/corpus"
)

// Journal keeps trials in memory. It is safe for concurrent use.
type Journal struct {
	// BeforePut is called with the number of each put, from 1, and may fail it; may be nil.
	BeforePut func(put int) error

	mu     sync.Mutex
	trials map[string]record.Trial // guarded by mu
	Puts   int                     // guarded by mu
}

func place(run, scenario string, phase record.Phase, block, slot, attempt int) string {
	return fmt.Sprintf("%s|%s|%s|%d|%d|%d", run, scenario, phase, block, slot, attempt)
}

// FindTrial returns the trial at a place of the design.
func (j *Journal) FindTrial(run, scenario string, phase record.Phase, block, slot, attempt int) (record.Trial, bool, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	t, ok := j.trials[place(run, scenario, phase, block, slot, attempt)]
	t.Metrics = maps.Clone(t.Metrics)
	return t, ok, nil
}

// PutTrial keeps a trial.
func (j *Journal) PutTrial(t record.Trial) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.BeforePut != nil {
		if err := j.BeforePut(j.Puts + 1); err != nil {
			return err
		}
	}
	if j.trials == nil {
		j.trials = map[string]record.Trial{}
	}
	t.Metrics = maps.Clone(t.Metrics)
	j.trials[place(t.Run, t.Scenario, t.Phase, t.Block, t.Slot, t.Attempt)] = t
	j.Puts++
	return nil
}

// Trials returns all that is kept, in the order of phase, block, attempt and slot.
func (j *Journal) Trials() []record.Trial {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.SortedFunc(maps.Values(j.trials), func(a, b record.Trial) int {
		return cmp.Or(cmp.Compare(a.Scenario, b.Scenario), cmp.Compare(a.Phase, b.Phase), cmp.Compare(a.Block, b.Block),
			cmp.Compare(a.Attempt, b.Attempt), cmp.Compare(a.Slot, b.Slot))
	})
}

// Formula is a scanner on paper: reading takes LatencyS a file shared by the
// readers, analysing SPerByte a byte shared by at most Cores analysers; files
// that queue make p99; memory grows with workers. It may measure two trials of a
// duet at once.
type Formula struct {
	LatencyS float64
	SPerByte float64
	Cores    float64
	Noise    float64 // standard deviation of the log of every metric
	Seed     uint64
	Calls    int
	// Before is called before each trial, and may cancel or fail it; may be nil.
	Before func(call int) error
	// Others is the share of the machine that others use during a trial, 0 … 1; it
	// slows the trial accordingly; may be nil.
	Others func(lab.Job) float64

	mu sync.Mutex // guards Calls and the calls of Before
}

// Measure is a lab.Measure. The noise of a trial depends on the seed and on the
// trial's place, not on when it runs.
func (f *Formula) Measure(_ context.Context, job lab.Job) (record.Trial, error) {
	if err := f.before(); err != nil {
		return record.Trial{}, err
	}
	rng := f.random(job)
	noisy := func(v float64) float64 { return v * math.Exp(f.Noise*rng.NormFloat64()) }
	io, cpu := number(job.Arm.Config["io.workers"]), number(job.Arm.Config["cpu.workers"])
	buffer := number(job.Arm.Config["channel.buffer"])
	files := float64(len(job.Draw.Files))
	bytes := float64(job.Draw.Bytes)
	wall := max(files*f.LatencyS/io, bytes*f.SPerByte/min(cpu, f.Cores))
	others := 0.0
	if f.Others != nil {
		others = f.Others(job)
	}
	perS := bytes / noisy(wall/(1-others))
	queued := io + cpu + min(buffer, files)
	p99 := noisy(queued / (files / wall))
	return record.Trial{
		Sample: record.Sample{Files: len(job.Draw.Files), Bytes: job.Draw.Bytes, Fidelity: job.Draw.Fidelity, Fingerprint: job.Draw.Fingerprint},
		Status: record.OK, FindingsDigest: job.Draw.Fingerprint, OthersCPUShare: others,
		Metrics: map[string]float64{
			record.Throughput: perS, record.Wall: bytes / perS, record.P99: p99, record.P50: p99 / 2,
			record.RSS: noisy(40e6 + 1e6*(io+4*cpu)), record.CPU: noisy(bytes * f.SPerByte), lab.CostS: bytes/perS + 0.05,
		},
	}, nil
}

func (f *Formula) before() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Calls++
	if f.Before == nil {
		return nil
	}
	return f.Before(f.Calls)
}

func (f *Formula) random(job lab.Job) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s/%s/%d/%s", job.Arm.Name, job.Arm.Config.ID(), job.Latency, job.Draw.Fingerprint)
	if job.Attempt > 0 {
		fmt.Fprintf(h, "/%d", job.Attempt)
	}
	return rand.New(rand.NewPCG(f.Seed, h.Sum64()))
}

func number(v any) float64 {
	switch n := v.(type) {
	case int:
		return float64(n)
	case int64:
		return float64(n)
	case float64:
		return n
	default:
		return 0
	}
}

// Corpus is a corpus on paper of so many files of lognormal sizes around 8 kB.
func Corpus(files int) corpus.Corpus {
	rng := rand.New(rand.NewPCG(7, 7))
	list := make([]corpus.File, files)
	for i := range list {
		list[i] = corpus.File{Path: fmt.Sprintf("f%05d.go", i), Size: int64(8000*math.Exp(rng.NormFloat64())) + 1}
	}
	return corpus.FromFiles("paper", "/nowhere", list)
}
