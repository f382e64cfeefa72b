package cli

import (
	"context"
	"encoding/json"
	"fmt"

	"sluice/harness/record"
	"sluice/harness/stats"
	"sluice/harness/unit"
)

// RepeatsSchema names the JSON object that compare --repeat prints.
const RepeatsSchema = "sluice.repeats/v1"

// tally is how often a comparison gave each verdict.
type tally struct {
	Schema   string                 `json:"schema"`
	Run      string                 `json:"run"`
	Scenario string                 `json:"scenario"`
	A        string                 `json:"a"`
	B        string                 `json:"b"`
	Repeats  int                    `json:"repeats"`
	Verdicts map[record.Verdict]int `json:"verdicts"`
	Excluded int                    `json:"interval_excludes_1"` // comparisons whose interval did, whatever the margin
	Pairs    struct {
		Median float64 `json:"median"`
		Most   float64 `json:"most"`
	} `json:"pairs"`
	RatioMedian float64            `json:"ratio_median"`
	OthersShare map[string]float64 `json:"others_cpu_share"` // of the machine, over trials
	Trials      int                `json:"trials"`           // that count
	Launches    int                `json:"launches"`         // calibration and disturbed blocks included
}

// repeated runs every comparison as often as asked, each repetition a scenario of
// its own with its own seeds, and counts the verdicts: what the rule does on this
// machine.
func (f *compareFlags) repeated(ctx context.Context, ses *session, jobs []*rounds, two sides) error {
	for _, job := range jobs {
		t := tally{Schema: RepeatsSchema, Run: ses.run.ID, Scenario: job.scenario.Name, A: two.labels[0], B: two.labels[1], Verdicts: map[record.Verdict]int{}}
		name := job.scenario.Name
		launched := ses.launches
		var results []record.CompareResult
		var trials []record.Trial
		for i := range f.repeat {
			job.scenario.Name, job.repeat = fmt.Sprintf("%s#%d", name, i+1), uint64(i)
			done, err := ses.measure(ctx, job)
			if err != nil {
				return fmt.Errorf("%s: %w", job.scenario.Name, err)
			}
			result := f.result(ses, job, done, two)
			if err := ses.keep(record.Outcome{Scenario: job.scenario, Compare: &result}); err != nil {
				return err
			}
			results, trials = append(results, result), append(trials, done...)
		}
		t.count(results, trials, job.parsed.goal.Leading())
		t.Launches = ses.launches - launched
		ses.bar.finish()
		if err := f.print(ses, t); err != nil {
			return err
		}
	}
	ses.bar.stop()
	return nil
}

// count fills in what the results say.
func (t *tally) count(results []record.CompareResult, trials []record.Trial, leading string) {
	var pairs, ratios, shares []float64
	for _, r := range results {
		t.Verdicts[r.Verdict]++
		ratio, ok := r.Ratios[leading]
		if !ok {
			continue // no pair in which both gave a figure
		}
		if ratio.Low > 1 || ratio.High < 1 {
			t.Excluded++
		}
		pairs, ratios = append(pairs, float64(ratio.N)), append(ratios, ratio.Ratio)
	}
	for _, trial := range trials {
		shares = append(shares, trial.OthersCPUShare)
	}
	t.Repeats, t.Trials = len(results), len(trials)
	t.Pairs.Median, t.Pairs.Most = stats.Median(pairs), stats.Quantile(pairs, 1)
	t.RatioMedian = stats.Median(ratios)
	t.OthersShare = map[string]float64{"median": stats.Median(shares), "p95": stats.Quantile(shares, 0.95), "most": stats.Quantile(shares, 1)}
}

func (f *compareFlags) print(ses *session, t tally) error {
	if f.format == "json" {
		return json.NewEncoder(ses.s.out).Encode(t)
	}
	w := ses.s.out
	fmt.Fprintf(w, "%s: %s against %s, %d times over, %d trials of %d launches\n", t.Scenario, t.B, t.A, t.Repeats, t.Trials, t.Launches)
	for _, verdict := range []record.Verdict{record.Better, record.Worse, record.NoDifference, record.Undecided} {
		n := t.Verdicts[verdict]
		low, high := stats.ClopperPearson(n, t.Repeats, 0.95)
		fmt.Fprintf(w, "  %-14s %4d  %6s  (%s to %s)\n", verdict, n, unit.Percent(float64(n)/float64(t.Repeats)), unit.Percent(low), unit.Percent(high))
	}
	low, high := stats.ClopperPearson(t.Excluded, t.Repeats, 0.95)
	fmt.Fprintf(w, "  interval without 1 %d of %d (%s to %s); median ratio %s\n", t.Excluded, t.Repeats, unit.Percent(low), unit.Percent(high), unit.Ratio(t.RatioMedian))
	fmt.Fprintf(w, "  pairs: median %g, most %g; others used %s of the machine in the median trial, %s in the worst\n",
		t.Pairs.Median, t.Pairs.Most, unit.Percent(t.OthersShare["median"]), unit.Percent(t.OthersShare["most"]))
	fmt.Fprintf(w, "run %s\n", t.Run)
	return nil
}
