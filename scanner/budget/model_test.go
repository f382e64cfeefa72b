package budget_test

import (
	"context"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"sluice/scanner/budget"
)

// A ticket is an Acquire of the test below: in line, served, or gone.
type ticket struct {
	cost   int64
	cancel context.CancelCauseFunc
	result chan error
}

// A model is the budget as one would write it down: a number and two lists.
type model struct {
	size         int64
	line, served []*ticket
}

func (m *model) inUse() (sum int64) {
	for _, s := range m.served {
		sum += min(s.cost, m.size)
	}
	return sum
}

// settle moves from the head of the line what fits.
func (m *model) settle() {
	for len(m.line) > 0 && m.inUse()+min(m.line[0].cost, m.size) <= m.size {
		m.served, m.line = append(m.served, m.line[0]), m.line[1:]
	}
}

// TestAnyOrderOfOperationsGoesAsTheModelSays draws operations one after the
// other and compares after each.
func TestAnyOrderOfOperationsGoesAsTheModelSays(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for run := range uint64(20) {
		synctest.Test(t, func(t *testing.T) { followModel(t, rand.New(rand.NewPCG(seed, run))) })
	}
}

func followModel(t *testing.T, r *rand.Rand) {
	m := &model{size: 1 + r.Int64N(100)}
	b := budget.New(m.size)
	take := func(list *[]*ticket) *ticket {
		i := r.IntN(len(*list))
		taken := (*list)[i]
		*list = slices.Delete(*list, i, i+1)
		return taken
	}
	for step := range 500 {
		switch op := r.IntN(10); {
		case op < 5:
			next := &ticket{cost: 1 + r.Int64N(120), result: make(chan error, 1)}
			ctx, cancel := context.WithCancelCause(t.Context())
			next.cancel = cancel
			go func() { next.result <- b.Acquire(ctx, next.cost) }()
			m.line = append(m.line, next)
		case op < 8 && len(m.served) > 0:
			b.Release(take(&m.served).cost)
		case len(m.line) > 0:
			take(&m.line).cancel(errStop)
		}
		synctest.Wait()
		m.settle()
		if b.InUse() != m.inUse() || b.Waiting() != len(m.line) {
			t.Fatalf("step %d: %d bytes in use and %d waiting, the model says %d and %d", step, b.InUse(), b.Waiting(), m.inUse(), len(m.line))
		}
	}
	for _, s := range m.served {
		if err := <-s.result; err != nil {
			t.Errorf("one that the model serves got %v", err)
		}
		b.Release(s.cost)
	}
	for _, w := range m.line {
		w.cancel(errStop)
	}
	synctest.Wait()
	for _, s := range m.served {
		s.cancel(nil)
	}
}

// operationsVariable, if set, is the number of operations of the test below.
const operationsVariable = "SLUICE_TEST_OPERATIONS"

// TestNoByteIsLostOrLentTwice lets goroutines take, cancel and give back as
// they come. Each adds what it holds to a count of the test's own, which must
// never pass the budget and ends at nothing.
func TestNoByteIsLostOrLentTwice(t *testing.T) {
	const size, workers = 1000, 16
	operations := 200_000
	if n, err := strconv.Atoi(os.Getenv(operationsVariable)); err == nil {
		operations = n
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	b := budget.New(size)
	var held atomic.Int64
	var all sync.WaitGroup
	for worker := range uint64(workers) {
		all.Go(func() {
			r := rand.New(rand.NewPCG(seed, worker))
			for range operations / workers {
				takeAndGiveBack(t, b, r, &held)
			}
		})
	}
	all.Wait()
	if b.InUse() != 0 || b.Waiting() != 0 {
		t.Errorf("%d bytes in use and %d waiting at the end, want none", b.InUse(), b.Waiting())
	}
	if err := b.Acquire(t.Context(), size); err != nil {
		t.Errorf("the whole budget is not to be had at the end: %v", err)
	}
}

// takeAndGiveBack takes a random cost, half of the time under a context that may
// end in the meantime.
func takeAndGiveBack(t *testing.T, b *budget.Budget, r *rand.Rand, held *atomic.Int64) {
	cost := 1 + r.Int64N(b.Size()*6/5)
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	if r.IntN(2) == 0 {
		go cancel(errStop)
	}
	if b.Acquire(ctx, cost) != nil {
		return
	}
	bytes := min(cost, b.Size())
	if now := held.Add(bytes); now > b.Size() {
		t.Errorf("%d bytes are held of %d", now, b.Size())
	}
	held.Add(-bytes)
	b.Release(cost)
}
