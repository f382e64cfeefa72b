package model

import (
	"fmt"
	"math"
	"sync"

	"sluice/harness/record"
	"sluice/scanner/config"
)

// PriorOptions say what a prior is of.
type PriorOptions struct {
	Metric string // record.Throughput (or ""), record.P99 or record.RSS
	Files  int    // simulated at most; 0 is 600, half a millisecond
}

// Prior returns what a search may expect of a configuration before measuring it: the
// logarithm of how many times better than the reference it is (more throughput, less of
// anything else) and that expectation's standard deviation. It is not ok for what the
// model does not follow. Where there are more files than are to be simulated, evenly
// spaced ones are, and the time of all follows from the rate in the middle.
//
// A call costs at most a millisecond, a repeated one a look-up. It is safe for concurrent
// use. An invalid reference, or one that is not modelled, is the error.
func Prior(p Parameters, reference record.Flat, s Scenario, o PriorOptions) (func(record.Flat) (gain, deviation float64, ok bool), error) {
	if o.Files < 1 {
		o.Files = 600
	}
	switch o.Metric {
	case "", record.Throughput, record.P99, record.RSS:
	default:
		return nil, fmt.Errorf("the model has no prior of %s; use %s, %s or %s", o.Metric, record.Throughput, record.P99, record.RSS)
	}
	if err := check(p, config.Default(s.Cores), s); err != nil {
		return nil, err
	}
	o1 := &oracle{p: p, s: s, all: len(s.Files), o: o, known: map[string]answer{}}
	o1.s.Files = thinned(s.Files, o.Files)
	base := o1.ask(reference)
	if !base.ok {
		return nil, fmt.Errorf("the reference %s cannot be predicted", reference)
	}
	return func(c record.Flat) (gain, deviation float64, ok bool) {
		a := o1.ask(c)
		if !a.ok {
			return 0, math.Inf(1), false
		}
		// What is wrong with a configuration is mostly wrong with the reference too, the
		// more so the more alike they are.
		return base.value - a.value, a.deviation * math.Min(1, 0.5+math.Abs(base.value-a.value)), true
	}, nil
}

// thinned are at most n files, evenly spaced.
func thinned(files []File, n int) []File {
	if len(files) <= n {
		return files
	}
	few := make([]File, n)
	for i := range few {
		few[i] = files[i*len(files)/n]
	}
	return few
}

// An answer is the logarithm of what is to be small.
type answer struct {
	value, deviation float64
	ok               bool
}

// An oracle simulates once for each configuration.
type oracle struct {
	p   Parameters
	s   Scenario
	all int
	o   PriorOptions

	mu    sync.Mutex
	known map[string]answer // guarded by mu
	sim   simulator         // guarded by mu
	jobs  []job             // guarded by mu
}

func (o *oracle) ask(flat record.Flat) answer {
	id := flat.ID()
	o.mu.Lock()
	defer o.mu.Unlock()
	if a, ok := o.known[id]; ok {
		return a
	}
	a := o.predict(flat)
	o.known[id] = a
	return a
}

func (o *oracle) predict(flat record.Flat) answer {
	c, err := config.Default(o.s.Cores).WithFlat(flat)
	if err != nil || c.Validate() != nil {
		return answer{}
	}
	if learns(c.IO.Limiter.Algorithm) || learns(c.CPU.Limiter.Algorithm) {
		return answer{}
	}
	c = c.Resolve(o.s.Cores)
	n, files := o.p.networkOf(c, o.s), ordered(o.s.Files, c.Source.Order)
	o.jobs = o.p.jobs(o.jobs[:0], files, o.s, o.s.Block, 0.5)
	r := o.sim.run(n, o.jobs)
	unseen := float64(1 + len(o.p.doubts(c, o.s)))
	switch o.o.Metric {
	case record.P99:
		return answer{math.Log(max(r.p99, 1e-9)), o.p.Residual.P99 * unseen, true}
	case record.RSS:
		total := float64(totalBytes(files)) * float64(o.all) / float64(len(files))
		return answer{math.Log(max(o.p.Memory.rss(c, n, r, total), 1)), o.p.Residual.RSS * unseen, true}
	}
	wall := r.wall
	if rest := o.all - len(files); rest > 0 && r.middle > 0 {
		wall += float64(rest) / r.middle
	}
	return answer{math.Log(max(wall+o.p.StartS, 1e-9)), o.p.Residual.Wall * unseen, true}
}
