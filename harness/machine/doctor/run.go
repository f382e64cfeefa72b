package doctor

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"sluice/harness/machine"
	"sluice/harness/record"
	"sluice/harness/stats"
)

// Plan is what one look at the machine consists of.
type Plan struct {
	For   time.Duration // watched while nothing of ours runs, > 0
	Pairs int           // of the computation with itself, [LeastPairs] or more
	Lap   time.Duration // CPU time of each thread in one lap, > 0
	Store string        // folder where trials are going to be kept
}

// Default watches for 5 s and computes 20 pairs of 100 ms, some 9 s in all on a
// quiet machine. 20 pairs are as many as a thorough comparison has; a lap of
// 100 ms is as short as the shortest trials worth having, and ten times the grain
// of the kernel's ticks.
func Default() Plan {
	return Plan{For: 5 * time.Second, Pairs: 20, Lap: 100 * time.Millisecond, Store: ".sluice"}
}

// Validate reports every fault at once.
func (p Plan) Validate() error {
	var errs []error
	if p.For <= 0 {
		errs = append(errs, fmt.Errorf("watch the machine for %v; use a positive duration such as %v", p.For, Default().For))
	}
	if p.Pairs < LeastPairs {
		errs = append(errs, fmt.Errorf("%d pairs; use %d or more, fewer have no 95 %% interval (default %d)", p.Pairs, LeastPairs, Default().Pairs))
	}
	if p.Lap <= 0 {
		errs = append(errs, fmt.Errorf("laps of %v; use a positive duration such as %v", p.Lap, Default().Lap))
	}
	return errors.Join(errs...)
}

// Expected is how long the computation takes on a machine that is quiet.
func (p Plan) Expected() time.Duration { return time.Duration(2*p.Pairs+2) * p.Lap }

// Run looks at the machine as planned. It calls watched between its two parts and
// pair after each pair; both may be nil.
func (p Plan) Run(ctx context.Context, watched, pair func()) (Report, error) {
	if err := p.Validate(); err != nil {
		return Report{}, err
	}
	facts := Facts{Settings: machine.ReadSettings(), Store: machine.Look(p.Store)}
	r := Report{Machine: machine.Read(p.Store)}
	var err error
	if facts.Before, err = Observe(ctx, facts.Settings, p.For); err != nil {
		return Report{}, err
	}
	if watched != nil {
		watched()
	}
	if facts.Spin, err = p.spin(ctx, facts.Settings, pair); err != nil {
		return Report{}, err
	}
	r.Before, r.Spin, r.Findings = facts.Before, facts.Spin, Examine(facts)
	r.Absent = absent(r.Machine, facts)
	r.Conclude()
	return r, nil
}

// spin computes on all cores that may be used.
func (p Plan) spin(ctx context.Context, s machine.Settings, done func()) (Spun, error) {
	threads, err := machine.UsableCores()
	if err != nil {
		threads = runtime.NumCPU()
	}
	work, err := Calibrate(threads, p.Lap)
	if err != nil {
		return Spun{}, err
	}
	o := Begin(s)
	pairs, err := Spin(ctx, p.Pairs, work.Do, done)
	if err != nil {
		return Spun{}, fmt.Errorf("compute A against A: %w", err)
	}
	spun := Spun{Threads: threads, During: o.End()}
	if spun.Wall, err = Judge(record.Wall, pairs, Wall); err != nil {
		return Spun{}, err
	}
	if spun.CPU, err = Judge(record.CPU, pairs, CPU); err != nil {
		return Spun{}, err
	}
	spun.LapS = lapS(pairs) / float64(threads)
	return spun, nil
}

func lapS(pairs []Pair) float64 {
	var all []float64
	for _, p := range pairs {
		all = append(all, p.A.CPUS, p.B.CPUS)
	}
	return stats.Median(all)
}

// absent is what the machine cannot tell, by the fingerprint, the settings and the
// conditions, each once.
func absent(m record.Machine, f Facts) []string {
	all := append([]string{}, m.Absent...)
	all = append(all, f.Settings.Absent...)
	c := f.Spin.During.Conditions
	for name, missing := range map[string]bool{
		"clock rate":                   c.FrequencyLowHz == nil,
		"thermal throttling":           c.ThermalThrottles == nil,
		"steal":                        c.StealShare == nil,
		"throttling by a CPU quota":    c.ThrottledS == nil,
		"pressure on CPUs":             c.CPUPressure == nil,
		"pressure on storage":          c.IOPressure == nil,
		"pressure on memory":           c.MemoryPressure == nil,
		"pages swapped":                c.SwappedBytes == nil,
		"kills for want of memory":     c.OOMKills == nil,
		"time asleep":                  c.SuspendedS == nil,
		"what others use":              f.Before.OthersShare == nil,
		"which processes run":          f.Before.Top == nil && f.Before.OthersShare == nil,
		"free space of the store":      f.Store.FreeBytes == nil,
		"exact CPU times (ticks only)": f.Before.OthersShare != nil && !f.Before.Exact,
	} {
		if missing {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
