package lab_test

import (
	"math"
	"testing"
	"time"

	"sluice/harness/lab"
	"sluice/harness/lab/labtest"
	"sluice/harness/record"
	"sluice/harness/stats"
)

// aa is what many comparisons of a configuration with itself showed.
type aa struct {
	comparisons, falses int
	more, less          int // pairs in which others used more, or less, beside b
	launches, counted   int
	squares             float64 // of the pairs' log ratios
}

// spread is the root mean square of a pair's log ratio, whose centre is 0.
func (a aa) spread() float64 { return math.Sqrt(a.squares / float64(a.counted/2)) }

// compareAlike makes comparisons of equal arms on a machine with a neighbour who
// pulses, each of so many pairs, and asks the 95 % interval of each.
func compareAlike(t *testing.T, tenant *labtest.Tenant, comparisons, pairs int, quiet func(*labtest.Tenant) lab.Quiet) aa {
	t.Helper()
	config := record.Flat{"io.workers": 2, "cpu.workers": 2}
	two := []lab.Arm{{Name: lab.Reference, Config: config}, {Name: "b", Config: config}}
	var seen aa
	for comparison := range comparisons {
		f := &labtest.Formula{SPerByte: 0.5, Cores: 1, Noise: 0.02, Seed: uint64(comparison)}
		b := &lab.Bench{Run: "r", Scenario: "s", Seed: uint64(comparison), Journal: &labtest.Journal{}, Measure: tenant.Measure(f.Measure), Quiet: quiet(tenant)}
		logs := make([]float64, pairs)
		for index := range pairs {
			done, err := b.Block(t.Context(), lab.Block{Phase: record.Comparison, Index: index, Arms: two, Draw: lab.Fixed(index), Latency: index})
			if err != nil {
				t.Fatal(err)
			}
			logs[index] = math.Log(done[1].Metrics[record.Wall] / done[0].Metrics[record.Wall])
			seen.add(done, logs[index])
		}
		interval, err := stats.HodgesLehmann(logs, 0.05)
		if err != nil {
			t.Fatal(err)
		}
		if interval.Low > 0 || interval.High < 0 {
			seen.falses++
		}
		seen.comparisons++
		seen.launches += b.Launches()
	}
	return seen
}

func (a *aa) add(done []record.Trial, log float64) {
	a.counted += len(done)
	a.squares += log * log
	switch difference := done[1].OthersCPUShare - done[0].OthersCPUShare; {
	case difference > 0:
		a.more++
	case difference < 0:
		a.less++
	}
}

// TestRepeatingDisturbedBlocksDoesNotBias replays 4,000 comparisons of a
// configuration with itself beside each of three neighbours who slow the trials
// and show in what others used. The interval may exclude 1 in 5 % of them, and
// in 3 binomial standard deviations more; and neither arm may be left with more
// of the neighbour than the other (sign test at 3 standard deviations).
func TestRepeatingDisturbedBlocksDoesNotBias(t *testing.T) {
	const comparisons, pairs = 4000, 10
	for name, tenant := range map[string]labtest.Tenant{
		"bursts as long as a few trials": {BusyS: 2, QuietS: 5, Share: 0.5, Seed: 11},
		"bursts shorter than a trial":    {BusyS: 0.1, QuietS: 1.5, Share: 0.8, Seed: 12},
		"bursts as long as a comparison": {BusyS: 10, QuietS: 20, Share: 0.4, Seed: 13},
	} {
		t.Run(name, func(t *testing.T) {
			beside := tenant
			with := compareAlike(t, &beside, comparisons, pairs, func(n *labtest.Tenant) lab.Quiet {
				return lab.Quiet{Share: 0.1, Wait: 2 * time.Second, Repeats: 2, Await: n.Await}
			})
			beside = tenant
			without := compareAlike(t, &beside, comparisons/10, pairs, func(*labtest.Tenant) lab.Quiet { return lab.Quiet{} })
			t.Logf("%d comparisons of %d pairs: %.2f %% false, %d launches for %d that count, a pair spreads %.1f %% (%.1f %% without the rule), others more beside b %d, less %d",
				with.comparisons, pairs, 100*float64(with.falses)/comparisons, with.launches, with.counted, 100*with.spread(), 100*without.spread(), with.more, with.less)
			if most := comparisons*0.05 + 3*math.Sqrt(comparisons*0.05*0.95); float64(with.falses) > most {
				t.Errorf("%d of %d comparisons with itself show a difference, want at most %.0f", with.falses, comparisons, most)
			}
			unequal := float64(with.more + with.less)
			if z := (float64(with.more) - unequal/2) / math.Sqrt(unequal/4); math.Abs(z) > 3 {
				t.Errorf("others used more beside b %d times and less %d times, want about as often", with.more, with.less)
			}
			if with.launches <= with.counted*21/20 {
				t.Errorf("%d launches for %d that count: the neighbour hardly disturbed, so nothing is shown", with.launches, with.counted)
			}
			if with.spread() > 0.9*without.spread() {
				t.Errorf("a pair spreads %.3f with the rule and %.3f without: it is not worth its trials", with.spread(), without.spread())
			}
		})
	}
}
