package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// settings are what is the same for all contestants.
type settings struct {
	Seeds    int     `json:"seeds"` // 1, 2, 3 …
	Launches int     `json:"launches"`
	Noise    float64 `json:"noise"` // standard deviation of a launch's logarithm
}

func (s settings) validate() error {
	var errs []error
	if s.Seeds < 1 {
		errs = append(errs, fmt.Errorf("seeds is %d; use 1 or more", s.Seeds))
	}
	if s.Launches < 10 {
		errs = append(errs, fmt.Errorf("launches is %d; use 10 or more", s.Launches))
	}
	if !(s.Noise >= 0 && s.Noise <= 1) {
		errs = append(errs, fmt.Errorf("noise is %v; use 0 to 1, such as 0.03", s.Noise))
	}
	return errors.Join(errs...)
}

// contest runs every contestant on every problem, seed by seed, in so many
// workers. The scores do not depend on how many there are.
type contest struct {
	settings
	problems    []problem
	contestants []contestant
	python      string
	workers     int
	progress    io.Writer
}

// run returns a row per problem and contestant, in their order, and who cannot
// search what.
func (t contest) run(ctx context.Context) (rows []row, gone []absent, err error) {
	for _, p := range t.problems {
		for _, c := range t.contestants {
			if c.fits != nil {
				if err := c.fits(p); err != nil {
					gone = append(gone, absent{c.name + " on " + p.Name(), err.Error()})
					continue
				}
			}
			start := time.Now()
			outcomes, err := t.searches(ctx, p, c)
			if err != nil {
				return rows, gone, err
			}
			rows = append(rows, sumUp(p.Name(), c.name, t.Launches, outcomes))
			fmt.Fprintf(t.progress, "%s on %s: %d searches in %v\n", c.name, p.Name(), t.Seeds, time.Since(start).Round(time.Second/10))
		}
	}
	return rows, gone, nil
}

// searches runs all seeds of one contestant. An error is one that ends the
// contest: a search that goes wrong is an outcome.
func (t contest) searches(ctx context.Context, p problem, c contestant) ([]outcome, error) {
	outcomes := make([]outcome, t.Seeds)
	seeds := make(chan int)
	faults := make([]error, t.workers)
	var group sync.WaitGroup
	for w := range t.workers {
		group.Go(func() { faults[w] = t.work(ctx, p, c, seeds, outcomes) })
	}
	for i := range t.Seeds {
		seeds <- i
	}
	close(seeds)
	group.Wait()
	return outcomes, errors.Join(append(faults, context.Cause(ctx))...)
}

// work takes seeds until there are no more, and has a process of its own if the
// contestant needs one. It drains the seeds whatever happens.
func (t contest) work(ctx context.Context, p problem, c contestant, seeds <-chan int, outcomes []outcome) (err error) {
	var peer *optuna
	defer func() {
		if peer != nil {
			err = errors.Join(err, peer.close())
		}
	}()
	for i := range seeds {
		if err != nil || ctx.Err() != nil {
			continue
		}
		if c.sampler != "" && peer == nil {
			if peer, err = startOptuna(ctx, t.python); err != nil {
				continue
			}
		}
		course := &course{problem: p, seed: uint64(i + 1), launches: t.Launches}
		start := time.Now()
		fault := c.run(course, peer)
		outcomes[i] = judge(course, time.Since(start).Seconds(), fault)
		if fault != nil && ctx.Err() == nil {
			fmt.Fprintf(t.progress, "%s on %s, seed %d: %v\n", c.name, p.Name(), i+1, fault)
			if peer != nil { // which line it stands at is not known
				_ = peer.close()
				peer = nil
			}
		}
	}
	return err
}
