package budget_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"sluice/scanner/budget"
)

var errStop = errors.New("the scan was stopped")

// A line starts Acquires one after the other, each standing in line before the
// next begins, and notes who is served.
type line struct {
	budget  *budget.Budget
	arrived int

	mu     sync.Mutex
	served []arrival // guarded by mu; to be read after settle
	sorted int       // so many of served are in order
}

type arrival struct {
	number int
	cost   int64
}

// acquire starts an Acquire and returns the function that cancels it and the
// channel of its error.
func (l *line) acquire(ctx context.Context, cost int64) (cancel context.CancelCauseFunc, result <-chan error) {
	ctx, cancel = context.WithCancelCause(ctx)
	l.arrived++
	a, errs := arrival{l.arrived, cost}, make(chan error, 1)
	go func() {
		err := l.budget.Acquire(ctx, cost)
		if err == nil {
			l.mu.Lock()
			l.served = append(l.served, a)
			l.mu.Unlock()
		}
		errs <- err
	}()
	l.settle()
	return cancel, errs
}

// settle waits until nothing moves. Those served by one Release wake in any
// order, so they are noted in that of their arrival.
func (l *line) settle() {
	synctest.Wait()
	slices.SortFunc(l.served[l.sorted:], func(a, b arrival) int { return a.number - b.number })
	l.sorted = len(l.served)
}

// costs returns what was served, in order.
func (l *line) costs() (costs []int64) {
	for _, a := range l.served {
		costs = append(costs, a.cost)
	}
	return costs
}

func TestBytesAreServedInTheOrderOfTheLine(t *testing.T) {
	for _, row := range []struct {
		name    string
		arrive  []int64 // costs, in order of arrival, at a budget of 100
		release int     // of those served first, so many are released
		want    []int64 // served, in order
		inUse   int64
		waiting int
	}{
		{"what fits is served at once", []int64{50, 30, 20}, 0, []int64{50, 30, 20}, 100, 0},
		{"a dear file is not overtaken by a cheap one that would fit", []int64{60, 50, 10}, 0, []int64{60}, 60, 2},
		{"those behind a dear file follow when it is served", []int64{60, 50, 10}, 1, []int64{60, 50, 10}, 60, 0},
		{"as many are let in as fit", []int64{100, 40, 40, 40}, 1, []int64{100, 40, 40}, 80, 1},
		{"a cost above the whole is served alone", []int64{1, 1000, 1}, 0, []int64{1}, 1, 2},
		{"a cost above the whole counts as the whole", []int64{1, 1000, 1}, 1, []int64{1, 1000}, 100, 1},
		{"what was clamped is given back whole", []int64{1000, 60, 40}, 1, []int64{1000, 60, 40}, 100, 0},
		{"no cost waits for nobody", []int64{100, 50, 0, -7}, 0, []int64{100, 0, -7}, 100, 1},
		{"no cost gives nothing back", []int64{0, 100, 50}, 1, []int64{0, 100}, 100, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &line{budget: budget.New(100)}
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				for _, cost := range row.arrive {
					l.acquire(ctx, cost)
				}
				for _, cost := range l.costs()[:row.release] {
					l.budget.Release(cost)
					l.settle()
				}
				if !slices.Equal(l.costs(), row.want) {
					t.Errorf("served %v, want %v", l.costs(), row.want)
				}
				if l.budget.InUse() != row.inUse || l.budget.Waiting() != row.waiting {
					t.Errorf("%d bytes in use and %d waiting, want %d and %d", l.budget.InUse(), l.budget.Waiting(), row.inUse, row.waiting)
				}
			})
		})
	}
}

func TestACancelledWaiterAtTheHeadLetsThoseBehindItPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &line{budget: budget.New(100)}
		l.acquire(t.Context(), 60)
		cancel, result := l.acquire(t.Context(), 50)
		l.acquire(t.Context(), 30)
		l.acquire(t.Context(), 10)
		cancel(errStop)
		l.settle()
		if err := <-result; err != errStop { //nolint:errorlint // the cause itself is promised
			t.Errorf("got %v, want the cause", err)
		}
		if want := []int64{60, 30, 10}; !slices.Equal(l.costs(), want) {
			t.Errorf("served %v, want %v", l.costs(), want)
		}
		if l.budget.InUse() != 100 || l.budget.Waiting() != 0 {
			t.Errorf("%d bytes in use and %d waiting, want 100 and none", l.budget.InUse(), l.budget.Waiting())
		}
	})
}

func TestACancelledWaiterAmongOthersLeavesTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &line{budget: budget.New(100)}
		l.acquire(t.Context(), 100)
		l.acquire(t.Context(), 70)
		cancel, _ := l.acquire(t.Context(), 60)
		l.acquire(t.Context(), 30)
		cancel(errStop)
		l.settle()
		if len(l.served) != 1 || l.budget.Waiting() != 2 {
			t.Fatalf("served %v with %d waiting, want the first alone and 2", l.costs(), l.budget.Waiting())
		}
		l.budget.Release(100)
		l.settle()
		if want := []int64{100, 70, 30}; !slices.Equal(l.costs(), want) {
			t.Errorf("served %v, want %v", l.costs(), want)
		}
	})
}

func TestAnEndedContextTakesNothing(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errStop)
	for name, b := range map[string]*budget.Budget{"bounded": budget.New(10), "nil": nil} {
		t.Run(name, func(t *testing.T) {
			for _, cost := range []int64{0, 5, 50} {
				if err := b.Acquire(ctx, cost); err != errStop { //nolint:errorlint // the cause itself is promised
					t.Errorf("cost %d: got %v, want the cause", cost, err)
				}
			}
			if b.InUse() != 0 {
				t.Errorf("%d bytes in use, want none", b.InUse())
			}
		})
	}
}

func TestANilBudgetNeverWaits(t *testing.T) {
	var b *budget.Budget
	for range 3 {
		if err := b.Acquire(t.Context(), 1<<62); err != nil {
			t.Fatal(err)
		}
	}
	b.Release(1 << 62)
	if b.Size() != 0 || b.InUse() != 0 || b.Waiting() != 0 {
		t.Errorf("size %d, in use %d, waiting %d; want 0 of each", b.Size(), b.InUse(), b.Waiting())
	}
}

func TestABudgetOfNothingLetsOneInAtATime(t *testing.T) {
	if got := budget.New(-5).Size(); got != 1 {
		t.Errorf("the size is %d, want 1", got)
	}
}

func TestToGiveBackMoreThanIsInUsePanicsAndLeavesTheBudgetWhole(t *testing.T) {
	b := budget.New(100)
	if err := b.Acquire(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("11 of 10 bytes were given back without a panic")
			}
		}()
		b.Release(11)
	}()
	if b.InUse() != 10 {
		t.Errorf("%d bytes in use, want the 10 that were taken", b.InUse())
	}
}

func TestAnAcquireThatNeedNotWaitAllocatesNothing(t *testing.T) {
	b := budget.New(100)
	ctx := t.Context()
	if allocs := testing.AllocsPerRun(1000, func() {
		if b.Acquire(ctx, 60) == nil {
			b.Release(60)
		}
	}); allocs != 0 {
		t.Errorf("%v allocations, want none", allocs)
	}
}
