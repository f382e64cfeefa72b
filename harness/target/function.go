package target

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"slices"

	"sluice/harness/lab"
	"sluice/harness/record"
)

// Function is a target within this process: a response surface, a recorded
// table, a plant in virtual time. Replays and tests measure many thousands of it
// a second. It is safe for concurrent use as far as F is.
type Function struct {
	// F returns the metrics of one trial. It must depend on nothing but its
	// arguments, so that a run replayed measures the same. Draw numbers the
	// sample, which the arms of a block share; seed differs for every trial.
	F func(config record.Flat, draw, seed uint64) (map[string]float64, error)
	// Seed is the run's.
	Seed uint64
	// CostS is what a trial costs the budget, in seconds of virtual time; 0 takes
	// its wall_s.
	CostS float64
}

// Measure computes one trial. An error of F is a failed trial, as a command's
// exit status is, and so is a figure that is not finite.
func (f Function) Measure(ctx context.Context, job lab.Job) (record.Trial, error) {
	if ctx.Err() != nil {
		return record.Trial{}, context.Cause(ctx)
	}
	t := record.Trial{Status: record.OK, Sample: record.Sample{
		Seed: f.Seed, Index: job.Draw.Index, Files: len(job.Draw.Files), Bytes: job.Draw.Bytes,
		Fidelity: job.Draw.Fidelity, Fingerprint: job.Draw.Fingerprint,
	}}
	metrics, err := f.F(job.Arm.Config, uint64(job.Draw.Index), f.seed(job))
	if err == nil {
		err = allFinite(metrics)
	}
	if err != nil {
		t.Status, t.Reason, metrics = record.Failed, err.Error(), nil
	}
	t.Metrics = map[string]float64{lab.CostS: f.CostS}
	if f.CostS == 0 {
		t.Metrics[lab.CostS] = metrics[record.Wall]
	}
	for name, v := range metrics {
		t.Metrics[name] = v
	}
	return t, nil
}

// seed is the trial's own, drawn from the run's and from its place.
func (f Function) seed(job lab.Job) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d/%d/%d/%d/%s", f.Seed, job.Trial, job.Draw.Index, job.Latency, job.Arm.Name)
	return h.Sum64()
}

func allFinite(metrics map[string]float64) error {
	var bad []string
	for name, v := range metrics {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			bad = append(bad, fmt.Sprintf("metric %s: found %v, expected a finite number", name, v))
		}
	}
	if len(bad) == 0 {
		return nil
	}
	slices.Sort(bad)
	return fmt.Errorf("%s", bad[0])
}
