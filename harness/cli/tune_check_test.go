package cli

import (
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/decide"
	"sluice/harness/lab"
	"sluice/harness/record"
	"sluice/scanner/config"
	"sluice/workloads/corpus"
)

func TestAClaimedGainHoldsHoldsLessOrIsNoLongerShown(t *testing.T) {
	claimed := config.Gain{Ratio: 1.4, Low: 1.3, High: 1.5, Verdict: "better"}
	for name, row := range map[string]struct {
		now  record.Ratio
		want string
	}{
		"the same":               {record.Ratio{Low: 1.35, High: 1.45}, stillHolds},
		"less, but overlapping":  {record.Ratio{Low: 1.1, High: 1.31}, stillHolds},
		"more":                   {record.Ratio{Low: 1.8, High: 2}, stillHolds},
		"less":                   {record.Ratio{Low: 1.05, High: 1.29}, holdsLess},
		"perhaps nothing":        {record.Ratio{Low: 0.99, High: 1.6}, noLongerShown},
		"worse":                  {record.Ratio{Low: 0.5, High: 0.6}, noLongerShown},
		"too few pairs to judge": {record.Ratio{Low: 0, High: 1e300}, noLongerShown},
	} {
		if got := standing(claimed, row.now); got != row.want {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
	}
}

func TestOnlyGainsAreClaimsAndTheGoalsMetricLeads(t *testing.T) {
	goal, err := decide.ParseGoal("p99", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	gains := map[string]config.Gain{
		"throughput": {Ratio: 2, Low: 1.5, High: 3, Verdict: "better"}, "p99": {Ratio: 3, Low: 2, High: 4, Verdict: "better"},
		"rss": {Ratio: .9, Low: .8, High: 1, Verdict: "worse"}, "wall": {Ratio: 2, Low: 1.5, High: 3, Verdict: "better"},
	}
	now := map[string]record.Ratio{record.Throughput: {Low: 1.1, High: 1.2}, record.P99: {Low: 2.5, High: 3}, record.RSS: {Low: 1, High: 2}}
	var got []string
	for _, c := range claims(gains, now, goal) {
		got = append(got, c.Metric+" "+c.Says)
	}
	want := []string{record.Throughput + " " + holdsLess, record.P99 + " " + stillHolds}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
}

func TestACheckFixesItsBlocksByTheBudget(t *testing.T) {
	const corpusBytes = 1 << 30
	for name, row := range map[string]struct {
		slow, fast, budgetS float64 // seconds a byte, seconds
		blocks              int
		bytes               int64 // of the sample
	}{
		"a minute and two fast arms":                    {1e-7, 1e-7, 60, 27, 10_000_000},
		"a long budget has a most":                      {1e-7, 1e-7, 3600, mostChecked, 10_000_000},
		"shorter samples before fewer":                  {2e-7, 1e-7, 30, 13, 6_500_000},
		"the fewest blocks before the shortest samples": {6e-7, 1e-7, 30, 6, 6_500_000},
		"never fewer than show anything":                {6e-7, 1e-7, 5, 6, 5_000_000},
	} {
		t.Run(name, func(t *testing.T) {
			c := &checking{s: &streams{err: io.Discard}, compareFlags: &compareFlags{}}
			r := &rounds{
				corpus: corpus.Corpus{Bytes: corpusBytes}, budgetS: row.budgetS, least: 6, bench: &lab.Bench{},
				rates: paces{slow: row.slow, fast: row.fast, launchS: 0.1},
			}
			c.fit(r)
			if r.most != row.blocks || r.size.Bytes/1000 != row.bytes/1000 {
				t.Errorf("%d blocks of %d bytes, want %d of %d", r.most, r.size.Bytes, row.blocks, row.bytes)
			}
		})
	}
}
