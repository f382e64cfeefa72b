package plant

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sluice/harness/record"
)

// Options say how a contest is held. The zero value is three seeds on all cores.
type Options struct {
	Seeds    []uint64              // one simulation each; none are 1, 2 and 3
	Workers  int                   // simulations at once; 0 is GOMAXPROCS
	Progress func(done, total int) // told of each simulation that has ended, one at a time; may be nil
	// Around is given each simulation to call, for libraries that read the real clock:
	// a synctest bubble. nil calls it.
	Around func(simulate func())
	// Sleep is called as virtual time moves; in a bubble it is time.Sleep. May be nil.
	Sleep func(time.Duration)
}

// run is one simulation of a contest and what came of it.
type run struct {
	plant, contestant, seed int
	tally                   *tally
	err                     error
}

// Run puts every contestant through every plant, once for each seed. What comes out
// depends on its arguments alone, however many workers there are. A contestant that
// cannot be made takes no part, and says why in its row. The error is that of the
// context, or of arguments that make no contest.
func Run(ctx context.Context, specs []Spec, contestants []Contestant, o Options) (record.Contest, error) {
	if len(o.Seeds) == 0 {
		o.Seeds = []uint64{1, 2, 3}
	}
	if err := check(specs, contestants); err != nil {
		return record.Contest{}, err
	}
	runs := make([]run, 0, len(specs)*len(contestants)*len(o.Seeds))
	for p := range specs {
		for c := range contestants {
			for s := range o.Seeds {
				runs = append(runs, run{plant: p, contestant: c, seed: s})
			}
		}
	}
	results := newResults(specs, contestants, len(o.Seeds))
	if err := simulateAll(ctx, runs, specs, contestants, o, results); err != nil {
		return record.Contest{}, err
	}
	return results.contest(o.Seeds), nil
}

func check(specs []Spec, contestants []Contestant) error {
	var errs []error
	if len(specs) == 0 {
		errs = append(errs, errors.New("a contest needs a plant; use Builtin or Parse"))
	}
	if len(contestants) == 0 {
		errs = append(errs, errors.New("a contest needs a contestant; use Contestants"))
	}
	names := map[string]bool{}
	for _, s := range specs {
		if len(s.phases) == 0 {
			errs = append(errs, fmt.Errorf("plant %q has no phases; make plants with Parse", s.Name))
		}
		if names["plant "+s.Name] {
			errs = append(errs, fmt.Errorf("two plants are called %q; rename one", s.Name))
		}
		names["plant "+s.Name] = true
	}
	for _, c := range contestants {
		if c.New == nil {
			errs = append(errs, fmt.Errorf("contestant %q has no New; give it one", c.Name))
		}
		if names["contestant "+c.Name] {
			errs = append(errs, fmt.Errorf("two contestants are called %q; rename one", c.Name))
		}
		names["contestant "+c.Name] = true
	}
	return errors.Join(errs...)
}

// simulateAll shares the runs among workers and waits for them.
func simulateAll(ctx context.Context, runs []run, specs []Spec, contestants []Contestant, o Options, into *results) error {
	workers := min(len(runs), cmp.Or(max(0, o.Workers), runtime.GOMAXPROCS(0)))
	var next atomic.Int64
	var mu sync.Mutex // guards done and progress
	done := 0
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(runs) || ctx.Err() != nil {
					return
				}
				r := &runs[i]
				set := setting{&specs[r.plant], contestants[r.contestant], o.Seeds[r.seed], o.Sleep}
				around(o.Around, func() { r.tally, r.err = simulate(ctx, set) })
				into.keep(r)
				mu.Lock()
				done++
				if o.Progress != nil {
					o.Progress(done, len(runs))
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

func around(wrap func(func()), simulate func()) {
	if wrap == nil {
		simulate()
		return
	}
	wrap(simulate)
}

// results gathers scores. Each run writes to places of its own.
type results struct {
	specs       []Spec
	contestants []Contestant
	scores      [][][]record.Score // by plant, contestant, seed
	curves      [][]*record.Curve
	plants      []record.Plant // with moments and optimum; written by the first contestant's first seed
	errs        [][][]error
}

func newResults(specs []Spec, contestants []Contestant, seeds int) *results {
	r := &results{specs: specs, contestants: contestants, plants: make([]record.Plant, len(specs))}
	for range specs {
		scores, errs := make([][]record.Score, len(contestants)), make([][]error, len(contestants))
		for c := range contestants {
			scores[c], errs[c] = make([]record.Score, seeds), make([]error, seeds)
		}
		r.scores, r.errs = append(r.scores, scores), append(r.errs, errs)
		r.curves = append(r.curves, make([]*record.Curve, len(contestants)))
	}
	return r
}

// keep scores a run and forgets its tally.
func (r *results) keep(one *run) {
	if r.errs[one.plant][one.contestant][one.seed] = one.err; one.err != nil {
		return
	}
	spec, name := &r.specs[one.plant], r.contestants[one.contestant].Name
	score := one.tally.score(spec)
	score.Limiter = name
	r.scores[one.plant][one.contestant][one.seed] = score
	if one.seed == 0 {
		r.curves[one.plant][one.contestant] = one.tally.curve(name)
	}
	one.tally = nil
}

// curve is the limit, second by second.
func (t *tally) curve(name string) *record.Curve {
	c := &record.Curve{Limiter: name}
	for b := range slices.Chunk(t.bins, second) {
		c.Limit = append(c.Limit, round(mean(b, limitOf)))
		c.InFlight = append(c.InFlight, round(mean(b, insideOf)))
	}
	return c
}

// round keeps two decimals: curves are looked at.
func round(v float64) float64 { return math.Round(v*100) / 100 }

// optima are the middles of the seconds of a plant and the optimum in them.
func (s *Spec) optima() (at, limit []float64) {
	starts := s.Phases()
	phase := 0
	var cond conditions
	var b best
	for second := time.Duration(0); second < s.Length(); second += time.Second {
		middle := second + min(time.Second, s.Length()-second)/2
		for phase+1 < len(starts) && middle >= starts[phase+1] {
			phase++
		}
		at = append(at, middle.Seconds())
		if now := s.phases[phase].at(middle - starts[phase]); now != cond {
			cond, b = now, s.best(now)
		}
		limit = append(limit, b.limit)
	}
	return at, limit
}

// contest makes the record: limiters best first, and scores in their order.
func (r *results) contest(seeds []uint64) record.Contest {
	table := newRanking(r)
	c := record.Contest{Schema: record.ContestSchema, Seeds: seeds}
	for _, i := range table.order {
		c.Limits = append(c.Limits, table.rows[i])
	}
	for p := range r.specs {
		spec := &r.specs[p]
		plant := record.Plant{Name: spec.Name, Doc: spec.Doc, Length: spec.Length().Seconds()}
		plant.AtS, plant.Optimum = spec.optima()
		for _, i := range table.order {
			if table.rows[i].Error != "" {
				continue
			}
			plant.Scores = append(plant.Scores, table.scores[p][i])
			plant.Curves = append(plant.Curves, *r.curves[p][i])
		}
		c.Plants = append(c.Plants, plant)
	}
	return c
}
