package labtest

import (
	"context"
	"maps"
	"math/rand/v2"
	"time"

	"sluice/harness/lab"
	"sluice/harness/record"
)

// Function is a target in this process: it returns the metrics of a job. A metric
// wall_s is virtual time, and what the trial costs where it names no trial_cost_s.
type Function func(lab.Job) map[string]float64

// Measure is a lab.Measure.
func (f Function) Measure(_ context.Context, job lab.Job) (record.Trial, error) {
	metrics := map[string]float64{}
	maps.Copy(metrics, f(job))
	if _, told := metrics[lab.CostS]; !told {
		metrics[lab.CostS] = metrics[record.Wall]
	}
	return record.Trial{
		Sample: record.Sample{Index: job.Draw.Index, Files: len(job.Draw.Files), Bytes: job.Draw.Bytes, Fidelity: job.Draw.Fidelity, Fingerprint: job.Draw.Fingerprint},
		Status: record.OK, Metrics: metrics,
	}, nil
}

// Tenant is a neighbour on the same machine who comes and goes on a virtual clock
// of its own: for exponential times of mean BusyS it takes Share of the machine,
// for exponential times of mean QuietS nothing. A trial that it wraps gets what
// is left. It is used by one goroutine at a time; its past depends on Seed alone.
type Tenant struct {
	BusyS  float64 // mean length of a burst, seconds
	QuietS float64 // mean time between two, seconds
	Share  float64 // of the machine, taken in a burst, 0 … less than 1
	Seed   uint64

	rng    *rand.Rand
	nowS   float64 // on the virtual clock
	untilS float64 // the present burst or pause ends
	busy   bool
}

// Measure lets the trials of another measure run beside the tenant: their wall
// time and cost grow, their throughput falls, and they know the share that was
// taken from them.
func (n *Tenant) Measure(measure lab.Measure) lab.Measure {
	return func(ctx context.Context, job lab.Job) (record.Trial, error) {
		trial, err := measure(ctx, job)
		if err != nil {
			return trial, err
		}
		m := maps.Clone(trial.Metrics)
		wallS := m[record.Wall]
		tookS, share := n.run(wallS)
		m[record.Wall] = tookS
		m[lab.CostS] += tookS - wallS
		if perS, ok := m[record.Throughput]; ok {
			m[record.Throughput] = perS * wallS / tookS
		}
		n.idle(m[lab.CostS] - tookS)
		trial.Metrics, trial.OthersCPUShare = m, share
		return trial, nil
	}
}

// Await is a lab.Await: it passes virtual time in steps of a tenth of a second
// until the tenant takes no more than share.
func (n *Tenant) Await(_ context.Context, share float64, most time.Duration) (time.Duration, float64, error) {
	const window = 100 * time.Millisecond
	for waited := time.Duration(0); ; {
		last := n.idle(window.Seconds())
		waited += window
		if last <= share || waited >= most {
			return waited, last, nil
		}
	}
}

// run does that many seconds of work beside the tenant, and returns how long it
// took and the mean share that the tenant had.
func (n *Tenant) run(workS float64) (tookS, share float64) {
	taken := 0.0
	for workS > 0 {
		rate := 1 - n.now()
		step := min(workS/rate, n.untilS-n.nowS)
		n.nowS += step
		tookS += step
		workS -= step * rate
		taken += step * (1 - rate)
		if step == 0 || workS < 1e-12 {
			break
		}
	}
	if tookS == 0 {
		return 0, n.now()
	}
	return tookS, taken / tookS
}

// idle lets time pass and returns the mean share that the tenant had.
func (n *Tenant) idle(s float64) float64 {
	endS, taken := n.nowS+s, 0.0
	for n.nowS < endS {
		share := n.now()
		step := min(endS, n.untilS) - n.nowS
		n.nowS += step
		taken += step * share
	}
	if s <= 0 {
		return n.now()
	}
	return taken / s
}

// now is the share that the tenant takes at this moment.
func (n *Tenant) now() float64 {
	if n.rng == nil {
		n.rng = rand.New(rand.NewPCG(n.Seed, 0x7e4a47))
	}
	for n.nowS >= n.untilS {
		n.busy = !n.busy && n.untilS > 0 // quiet at first
		mean := n.QuietS
		if n.busy {
			mean = n.BusyS
		}
		n.untilS += mean*n.rng.ExpFloat64() + 1e-9
	}
	if n.busy {
		return n.Share
	}
	return 0
}
