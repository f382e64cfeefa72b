package replay

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"sluice/harness/record"
	"sluice/harness/search"
)

// Prior is what is known of a configuration before anything is measured: its log
// ratio to the reference, the standard deviation of that, and whether it is known.
type Prior func(c record.Flat) (gain, deviation float64, ok bool)

// Options say how a strategy is replayed.
type Options struct {
	Seeds    int       // searches; they have the seeds First, First + 1 …
	First    uint64    //
	Launches int       // of each search, the reference's included, 3 or more
	Eps      []float64 // targets: shares of the best, in (0, 1)
	Confirm  int       // blocks in which the choice meets the reference again; 0: none
	Start    bool      // from the ground's starters
	Model    bool      // what the model expected goes before; the launches that calibrated it count
	Progress func()    // told of each search that has ended, one at a time; may be nil
}

// prior is what the model knows of a ground, in the form that strategies take.
func (o Options) prior(g Ground) Prior {
	if f, ok := g.(foretold); ok && o.Model {
		return f.Expects
	}
	return nil
}

// calibrated is how many launches of a search the model has cost.
func (o Options) calibrated(g Ground) int {
	if f, ok := g.(foretold); ok && o.Model {
		return f.Calibrated()
	}
	return 0
}

// foretold is a ground of which a model was asked.
type foretold interface {
	Expects(c record.Flat) (gain, deviation float64, ok bool)
	Calibrated() int
}

// errNoModel says that --model has nothing to go by.
var errNoModel = errors.New("it does not hold what the model expects; record it anew (make tables), or leave the model out")

// Check says what is wrong with the options.
func (o Options) Check() error {
	switch {
	case o.Seeds < 1:
		return fmt.Errorf("%d seeds make no search; use 1 or more", o.Seeds)
	case o.Launches < leastLaunches:
		return fmt.Errorf("%d launches are too few for a search; use %d or more", o.Launches, leastLaunches)
	case o.Confirm < 0:
		return fmt.Errorf("%d blocks of confirmation make no sense; use 0 for none", o.Confirm)
	}
	for _, eps := range o.Eps {
		if !(eps > 0 && eps < 1) {
			return fmt.Errorf("a target within %v of the best makes no sense; use more than 0 and less than 1", eps)
		}
	}
	return nil
}

// Opens says why a strategy cannot search a ground: grid refuses what is too large to
// list.
func Opens(g Ground, e search.Spec, o Options) error {
	if o.Model && o.calibrated(g) == 0 {
		return fmt.Errorf("%s: %w", g.About().Name, errNoModel)
	}
	_, err := open(g, e, o, o.First)
	return err
}

// leastLaunches are the reference and two candidates.
const leastLaunches = 3

// Run replays a strategy on a ground, once for each seed, on GOMAXPROCS cores. What
// comes out depends on the arguments alone. Where the context ends first it returns
// the scores of the searches that had ended, and the context's cause: Replay.Seeds
// says how many they are, and where it is 0 there are no scores. Other errors are a
// strategy's.
func Run(ctx context.Context, g Ground, e search.Spec, o Options) (record.Replay, error) {
	if err := o.Check(); err != nil {
		return record.Replay{}, err
	}
	paths := make([]*path, o.Seeds)
	if err := playAll(ctx, g, e, o, paths); err != nil {
		return record.Replay{}, err
	}
	var ended []path
	for _, p := range paths {
		if p != nil {
			ended = append(ended, *p)
		}
	}
	return score(g, e, o, ended), context.Cause(ctx)
}

// playAll shares the seeds among workers and waits for them. A panic in a strategy is
// raised again in the caller, with its stack.
func playAll(ctx context.Context, g Ground, e search.Spec, o Options, paths []*path) error {
	var (
		next atomic.Int64
		wg   sync.WaitGroup
	)
	c := crew{ground: g, spec: e, options: o, paths: paths, at: o.Seeds}
	for range min(o.Seeds, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < o.Seeds && ctx.Err() == nil && c.well(); i = int(next.Add(1)) - 1 {
				c.one(i)
			}
		})
	}
	wg.Wait()
	if c.raised != nil {
		panic(c.raised)
	}
	return c.failed
}

// crew are the workers of a replay.
type crew struct {
	ground  Ground
	spec    search.Spec
	options Options

	mu     sync.Mutex // guards what follows, and Options.Progress
	paths  []*path    // by seed; nil where a search has not ended
	failed error
	at     int // the first seed that failed, so that the error is the same each time that all fail
	raised any // a panic, with its stack
}

// well says whether no search has failed so far.
func (c *crew) well() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failed == nil && c.raised == nil
}

// one replays the i-th seed.
func (c *crew) one(i int) {
	defer func() {
		if r := recover(); r != nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.raised = fmt.Sprintf("%v\n%s", r, debug.Stack())
		}
	}()
	p, err := play(c.ground, c.spec, c.options, c.options.First+uint64(i))
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		if i < c.at {
			c.failed, c.at = err, i
		}
		return
	}
	c.paths[i] = &p
	if c.options.Progress != nil {
		c.options.Progress()
	}
}
