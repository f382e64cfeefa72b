package boundary

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

// enumerated is the exact probability that a rule rejects a true centre within
// most pairs: every sign and every order of the sizes, or the growing one alone,
// with no cleverness.
func enumerated(critical []int, most int, growing bool) float64 {
	var walk func(order []bool) float64
	walk = func(order []bool) float64 {
		n := len(order)
		positive, negative := 0, 0
		for i, sign := range order {
			if sign {
				positive += i + 1
			} else {
				negative += i + 1
			}
		}
		if n > 0 && min(positive, negative) <= critical[n] {
			return 1
		}
		if n == most {
			return 0
		}
		sum, first := 0.0, 0
		if growing {
			first = n
		}
		for at := first; at <= n; at++ {
			for _, sign := range []bool{false, true} {
				sum += walk(slices.Insert(slices.Clone(order), at, sign))
			}
		}
		return sum / float64(2*(n+1-first))
	}
	return walk(nil)
}

func TestSmallPlansSpendWhatTheEnumerationOfAllPathsSays(t *testing.T) {
	for _, plan := range []Plan{{0.05, 6, 3}, {0.05, 7, 3}, {0.025, 7, 3}, {0.1, 7, 1}, {0.3, 6, 1}} {
		critical := Calibrate([]Plan{plan}, 200_000, 1)[0]
		for n := 1; n <= plan.Most; n++ {
			most := plan.Spent(n)
			if any, grown := enumerated(critical, n, false), enumerated(critical, n, true); max(any, grown) > most {
				t.Errorf("%+v: after %d pairs %v has rejected a true centre with probability %.5f, %.5f with growing sizes; want at most %.5f", plan, n, critical, any, grown, most)
			}
			more := slices.Clone(critical)
			more[n]++
			if any, grown := enumerated(more, n, false), enumerated(more, n, true); max(any, grown) <= most*0.97 {
				t.Errorf("%+v: after %d pairs %v might have rejected more: %.5f and %.5f of %.5f", plan, n, critical, any, grown, most)
			}
		}
	}
}

// The statistic kept in bits must be the one computed by sorting.
func TestPathsCarryTheSumOfRanks(t *testing.T) {
	const paths = 50
	s := newPaced(1, paths, 7, anyPlace)
	random := rand.NewPCG(7, 0)
	orders := make([][]bool, paths)
	for n := 1; n <= MaxPairs; n++ {
		s.advance(n)
		for i := range orders {
			u := random.Uint64()
			orders[i] = slices.Insert(orders[i], int(u>>32*uint64(n)>>32), u&1 == 1)
			want := 0
			for k, positive := range orders[i] {
				if positive {
					want += k + 1
				}
			}
			if int(s.sums[i]) != want || int(s.least[i]) != min(want, n*(n+1)/2-want) {
				t.Fatalf("path %d after %d pairs: sums %d and %d, want %d", i, n, s.sums[i], s.least[i], want)
			}
		}
	}
}

func TestAPlanDoesNotDependOnThoseBesideIt(t *testing.T) {
	plans := Tabled()
	together := Calibrate(plans[:70], 10_000, 3)
	for _, i := range []int{0, 20, 69} {
		if alone := Calibrate(plans[i:i+1], 10_000, 3)[0]; !slices.Equal(alone, together[i]) {
			t.Errorf("%+v: %v alone, %v among others", plans[i], alone, together[i])
		}
	}
}

func TestCriticalValuesOnlyGrow(t *testing.T) {
	for _, row := range table(t) {
		if !slices.IsSorted(row.Critical) || row.Critical[row.Most] < 0 && row.Most > 6 {
			t.Errorf("%+v: %v", row.Plan, row.Critical)
		}
	}
}

// A stale table fails: the short rows are made anew, by the same simulation.
func TestTheTableIsWhatTheGeneratorWrites(t *testing.T) {
	rows := table(t)
	short := slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return r.Most > 10 })
	plans := make([]Plan, len(short))
	for i, row := range short {
		plans[i] = row.Plan
	}
	for i, row := range Tabulate(plans) {
		if !slices.Equal(row.Critical, short[i].Critical) {
			t.Errorf("%+v is %v in the table, want %v; run go generate ./harness/stats", row.Plan, short[i].Critical, row.Critical)
		}
	}
	if len(rows) != len(Tabled()) {
		t.Errorf("the table has %d rows, want %d", len(rows), len(Tabled()))
	}
}

func table(t *testing.T) []Row {
	t.Helper()
	text, err := os.ReadFile("../../boundaries.txt")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(Format(rows)); got != string(text) {
		t.Error("the table is not what Format would write")
	}
	return rows
}

func TestADamagedTableIsRefusedByLine(t *testing.T) {
	for name, row := range map[string]struct{ text, want string }{
		"cut short":    {"# head\n0.05 8 7 1\n", ":2: 1 critical values"},
		"no number":    {"0.05 8 7 1 x\n", ":1: "},
		"no alpha":     {"five 8 7 1 2\n", ":1: "},
		"hardly there": {"0.05\n", "1 fields"},
	} {
		if _, err := Parse(row.text); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, row.want)
		}
	}
}

func TestSpendingEndsAtAlpha(t *testing.T) {
	p := Plan{Alpha: 0.05, Most: 20, Power: 2}
	for n, want := range map[int]float64{0: 0, 10: 0.0125, 20: 0.05, 30: 0.05} {
		if got := p.Spent(n); math.Abs(got-want) > 1e-12 {
			t.Errorf("after %d pairs %v, want %v", n, got, want)
		}
	}
}
