package lab

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"sluice/harness/record"
)

// brokenDuet is why a trial of a duet is set aside whose other half was lost.
const brokenDuet = "the run was killed before the other half of this duet was kept; both were measured again"

// checkDuet says why a block cannot be measured as a duet.
func (l *Bench) checkDuet(b Block) error {
	if len(b.Arms) != 2 {
		return fmt.Errorf("a duet has two arms and this block has %d; leave the placebo and the other arms out, or measure one after the other", len(b.Arms))
	}
	if n := len(l.Cores); n < 2 || n%2 != 0 {
		return fmt.Errorf("a duet halves the cores and needs an even number of them, 2 or more; this scenario has %d: choose others with --cores, or measure without a duet", n)
	}
	return nil
}

// duet measures the two arms of an attempt at the same moment, each on half of
// the cores. The seeded order says which half is whose. Both are kept after both
// have ended; a run killed while the first of them was being kept measures both
// again.
func (l *Bench) duet(ctx context.Context, b Block, attempt int) ([]record.Trial, error) {
	order := l.order(b, attempt)
	places := [2]place{{b, attempt, 0, b.Arms[order[0]]}, {b, attempt, 1, b.Arms[order[1]]}}
	pair, found, err := l.findDuet(places)
	if err != nil {
		return nil, err
	}
	if !found {
		if pair, err = l.measureDuet(ctx, places); err != nil {
			return nil, err
		}
	}
	done := make([]record.Trial, len(order))
	for slot, arm := range order {
		done[arm] = pair[slot]
		l.count(pair[slot], found)
	}
	return done, nil
}

// findDuet looks both trials up. One without the other is set aside: it was not
// measured beside the partner that it will get.
func (l *Bench) findDuet(places [2]place) (pair [2]record.Trial, both bool, err error) {
	var found [2]bool
	for slot, p := range places {
		if pair[slot], found[slot], err = l.find(p); err != nil {
			return pair, false, err
		}
	}
	for slot := range pair {
		if found[slot] && !found[1-slot] {
			err = l.setAside(pair[slot:slot+1], brokenDuet)
		}
	}
	return pair, found[0] && found[1], err
}

// measureDuet launches both trials, waits for both, and commits them.
func (l *Bench) measureDuet(ctx context.Context, places [2]place) (pair [2]record.Trial, err error) {
	waited, err := l.ready(ctx, places[0].Block)
	if err != nil {
		return pair, err
	}
	beforeS := l.lap()
	pair, tookS, err := l.together(ctx, places)
	if err != nil {
		return pair, err
	}
	if err := context.Cause(ctx); err != nil {
		return pair, err // the trials in flight are not data: they were cut short by us
	}
	l.lap()
	chargeDuet(&pair, tookS, beforeS, waited.S)
	waited.note(&pair[0])
	for _, trial := range pair {
		if err := l.Journal.PutTrial(trial); err != nil {
			return pair, err
		}
	}
	return pair, nil
}

// together runs both trials at the same moment, each in a goroutine of its own
// that it waits for, and tells how many seconds each took. When the harness
// cannot measure one, the other is cancelled.
func (l *Bench) together(ctx context.Context, places [2]place) (pair [2]record.Trial, tookS [2]float64, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	half := len(l.Cores) / 2
	halves := [2][]int{l.Cores[:half], l.Cores[half:]}
	var broken [2]any
	var wg sync.WaitGroup
	start := time.Now()
	for slot, p := range places {
		wg.Go(func() {
			defer func() {
				if broken[slot] = recover(); broken[slot] != nil {
					broken[slot] = fmt.Sprintf("%v\n%s", broken[slot], debug.Stack())
					cancel(nil)
				}
			}()
			trial, err := l.launch(ctx, p, halves[slot], l.Earlier+l.tally.launches+slot)
			if err != nil {
				cancel(err)
			}
			pair[slot], tookS[slot] = trial, time.Since(start).Seconds()
		})
	}
	wg.Wait()
	for _, panicked := range broken {
		if panicked != nil {
			panic(panicked) // in the owner's goroutine, with the stack of the worker's
		}
	}
	return pair, tookS, context.Cause(ctx)
}

// chargeDuet writes what both trials cost. Trials in virtual time bring what they
// took themselves, and nothing but waiting went before them.
func chargeDuet(pair *[2]record.Trial, tookS [2]float64, beforeS, waitedS float64) {
	for slot := range pair {
		if told, ok := pair[slot].Metrics[CostS]; ok {
			tookS[slot], beforeS = told, waitedS
		}
	}
	first := 0
	if tookS[1] < tookS[0] {
		first = 1
	}
	pair[first].Metrics[CostS] = beforeS + tookS[first]
	pair[1-first].Metrics[CostS] = tookS[1-first] - tookS[first]
}
