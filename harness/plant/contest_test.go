package plant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/record"
	"sluice/scanner/limiter"
)

// brief plants are for tests of what is around them.
func brief(t testing.TB) []Spec {
	t.Helper()
	closed := parsed(t, "{kind: fifo}", "{clients: 50}", "[{for: 6s, slots: 5}, {for: 6s, slots: 10}]", rough)
	open := parsed(t, "{kind: sharing}", "{rate: 1.2}", "[{for: 6s, slots: 10}]", rough)
	closed.Name, open.Name = "closed", "open"
	return []Spec{closed, open}
}

func TestAContestIsTheSameHoweverManyWork(t *testing.T) {
	var first record.Contest
	for _, workers := range []int{1, 2, 7} {
		got, err := Run(t.Context(), brief(t), Contestants(), Options{Seeds: []uint64{3, 4}, Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		if workers == 1 {
			first = got
		}
		if diff := cmp.Diff(first, got); diff != "" {
			t.Errorf("with %d workers:\n%s", workers, diff)
		}
	}
}

func TestAContestRanksByPower(t *testing.T) {
	broken := Contestant{Name: "broken", Kind: Peer, New: func(uint64, Clock, func() limiter.Signals) (Gate, error) {
		return nil, errors.New("no such library")
	}}
	told := 0
	c, err := Run(t.Context(), brief(t), []Contestant{broken, StaticLimit(40), StaticLimit(5), oracleContestant(), StaticLimit(10)},
		Options{Progress: func(done, total int) {
			if told++; done != told || total != 30 {
				t.Errorf("told %d of %d, expected %d of 30", done, total, told)
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, l := range c.Limits {
		order = append(order, l.Name)
	}
	if diff := cmp.Diff([]string{"oracle", "static 10", "static 5", "static 40", "broken"}, order); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]uint64{1, 2, 3}, c.Seeds); diff != "" {
		t.Error(diff)
	}
	last := c.Limits[4]
	if last.Error != "no such library" || last.Power != 0 {
		t.Errorf("who took no part has %+v", last)
	}
	for _, p := range c.Plants {
		if len(p.Scores) != 4 || p.Scores[0].Limiter != "oracle" || len(p.Curves) != 4 || p.Curves[3].Limiter != "static 40" {
			t.Errorf("plant %s has scores and curves in another order than the limiters", p.Name)
		}
		for _, curve := range p.Curves {
			if n := int(p.Length); len(curve.Limit) != n || len(curve.InFlight) != n || len(p.Optimum) != n || len(p.AtS) != n {
				t.Errorf("plant %s: curve of %s has %d and %d points, optimum %d, moments %d; expected %d", p.Name, curve.Limiter, len(curve.Limit), len(curve.InFlight), len(p.Optimum), len(p.AtS), n)
			}
		}
	}
	if five := c.Limits[2]; five.Worst != "open" || !slices.Equal(five.Lost, []string{"open"}) {
		t.Errorf("static 5 did worst on %q and lost %v, expected open", five.Worst, five.Lost)
	}
	if ten := c.Limits[1]; ten.Share < 0.9 || len(ten.Lost) > 0 {
		t.Errorf("static 10 has a share of %.3f and lost %v, expected to have lost nothing", ten.Share, ten.Lost)
	}
}

func TestACancelledContestSaysWhy(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	_, err := Run(ctx, brief(t), Contestants(), Options{Workers: 2, Progress: func(done, _ int) {
		if done == 3 {
			cancel(why)
		}
	}})
	if !errors.Is(err, why) {
		t.Errorf("error is %v, expected %v", err, why)
	}
}

func TestNoContestIsMadeOfNothing(t *testing.T) {
	unmade := Contestant{Name: "unmade"}
	two := []Contestant{StaticLimit(4), StaticLimit(4), unmade}
	_, err := Run(t.Context(), []Spec{{Name: "empty"}, {Name: "empty"}}, two, Options{})
	for _, want := range []string{
		`plant "empty" has no phases; make plants with Parse`,
		`two plants are called "empty"; rename one`,
		`two contestants are called "static 4"; rename one`,
		`contestant "unmade" has no New; give it one`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, expected it to say %q", err, want)
		}
	}
	_, err = Run(t.Context(), nil, nil, Options{})
	if want := "a contest needs a plant; use Builtin or Parse\na contest needs a contestant; use Contestants"; err == nil || err.Error() != want {
		t.Errorf("error is %v, expected %s", err, want)
	}
}

func TestScoresReadALimitOverTime(t *testing.T) {
	// A limit of each second against an optimum of 10.
	for _, row := range []struct {
		name          string
		limits        []float64
		reach, settle float64
	}{
		{"there at once", []float64{10, 10, 10, 10, 10, 10}, 0, 0},
		{"within a tenth is there", []float64{9, 11, 9, 11, 9, 20}, 0, 0},
		{"four seconds are not enough", []float64{10, 10, 10, 10, 20, 20}, 0, unknown},
		{"grown into", []float64{5, 8, 9, 10, 10, 10, 10}, 2, 2},
		{"left once", []float64{10, 20, 10, 10, 10, 10, 10}, 0, 2},
		{"never", []float64{12, 12, 12, 12, 12, 12}, unknown, unknown},
	} {
		t.Run(row.name, func(t *testing.T) {
			var bins []bin
			for _, l := range row.limits {
				bins = append(bins, slices.Repeat([]bin{{limit: l, best: 10}}, second)...)
			}
			if got := reached(bins); got != row.reach {
				t.Errorf("reached after %v s, expected %v", got, row.reach)
			}
			if got := settled(bins); got != row.settle {
				t.Errorf("settled after %v s, expected %v", got, row.settle)
			}
		})
	}
}

func TestMediansPutNeverLast(t *testing.T) {
	for _, row := range []struct {
		x    []float64
		want float64
	}{
		{[]float64{unknown, 3, 5}, 5},
		{[]float64{unknown, unknown, 5}, unknown},
		{[]float64{unknown, 4}, unknown},
		{[]float64{2, 4}, 3},
		{[]float64{0, 0, unknown}, 0},
	} {
		t.Run(fmt.Sprint(row.x), func(t *testing.T) {
			if got := median(slices.Clone(row.x)); got != row.want {
				t.Errorf("median is %v, expected %v", got, row.want)
			}
		})
	}
}

func TestFairnessIsJains(t *testing.T) {
	for want, x := range map[float64][]float64{1: {3, 3}, 0.5: {4, 0}, 0.9: {1, 2}} {
		if got := jain(x); far(got, want, 1e-9) {
			t.Errorf("fairness of %v is %v, expected %v", x, got, want)
		}
	}
	if got := jain([]float64{0, 0}); got != 1 {
		t.Errorf("fairness of nothing is %v, expected 1", got)
	}
}

func TestAHeapGivesTheLeastAndARingTheFirst(t *testing.T) {
	var h heap[int64]
	var r ring[int]
	var want []int64
	for i := range int64(1000) {
		key := i * 7919 % 1009
		h.push(entry[int64]{key: key})
		r.push(int(i))
		want = append(want, key)
		if i%3 == 2 {
			slices.Sort(want)
			if got := h.pop().key; got != want[0] {
				t.Fatalf("the heap gave %d, expected %d", got, want[0])
			}
			want = want[1:]
			if got := r.pop(); got != int(i/3) {
				t.Fatalf("the ring gave %d, expected %d", got, i/3)
			}
		}
	}
}

func TestHistogramsKeepHalfAPerCent(t *testing.T) {
	var h histogram
	for v := range uint64(200_000) {
		i := bucket(v * v)
		if low, high := edge(i), edge(i+1); float64(v*v) < low || float64(v*v) >= high || high-low > max(1, low/127) {
			t.Fatalf("%d is in a bucket from %v to %v", v*v, low, high)
		}
		h.add(time.Duration(v))
	}
	for q, want := range map[float64]float64{0.5: 1e5, 0.99: 1.98e5} {
		if got := h.quantile(q); far(got, want, 0.001) {
			t.Errorf("quantile %v is %v, expected %v", q, got, want)
		}
	}
	h.add(1<<63 - 1) // the longest there is has a place
	h.add(-1)
}

// BenchmarkSimulation reports requests a second of one simulation.
func BenchmarkSimulation(b *testing.B) {
	spec := parsed(b, "{kind: fifo}", "{clients: 400}", "[{for: 60s, slots: 40}]", rough)
	b.ReportAllocs()
	requests := 0.0
	for b.Loop() {
		requests += float64(ran(b, spec, StaticLimit(40)).phases[0].latencies.total)
	}
	b.ReportMetric(requests/b.Elapsed().Seconds(), "requests/s")
}
