package lab

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"sluice/harness/record"
	"sluice/harness/stats"
	"sluice/harness/unit"
)

// Diagnosis is what the order of a run's trials shows of the machine. The
// reference is its sentinel: it never changes, so what changes is the machine.
type Diagnosis struct {
	Metric           string
	N                int           // values of the reference, in the order in which they were measured
	Over             time.Duration // from the first of them to the last
	DriftPerHour     float64       // relative change of the metric in an hour: 0.03 rises by 3 %. A short run's is far extrapolated
	DriftP           float64       // of the hypothesis that it does not drift (Mann–Kendall)
	Autocorrelation  float64       // lag-1, of ranks, −1 … 1
	AutocorrelationP float64       // of the hypothesis that neighbours are no more alike than others (Bartels)
}

// diagnosisAlpha is the error at which a drift or correlation is warned about.
// Each metric asked for adds its own chance of a false warning.
const diagnosisAlpha = 0.01

// leastToDiagnose is the number of values below which nothing is said.
const leastToDiagnose = 6

// leastToExtrapolate is how long a run must be for its drift to be told by the hour:
// 4 % in ten seconds would be a million-fold.
const leastToExtrapolate = 10 * time.Minute

// Order tests the reference's trials for drift and for autocorrelation over the
// order in which they ran. The trials are one scenario's; others than the
// first's are left out. Of a run's phases the one with most trials of the
// reference is taken, because trials of other phases scan other amounts; of
// several trials of one sample in a row (a round of many blocks) their median,
// because equal samples are alike on any machine. Trials set aside and trials
// that failed are left out.
//
// The order is that of the design, which is the order of Started; the hours are
// those between the first and the last Started or, where the clock was set back
// in between, what the trials given cost.
func Order(trials []record.Trial, metric string) Diagnosis {
	d := Diagnosis{Metric: metric, DriftP: 1, AutocorrelationP: 1}
	run := sentinels(trials, metric)
	values := logsBySample(run, metric)
	d.N = len(values)
	if d.N < leastToDiagnose {
		return d
	}
	trend, serial := stats.Drift(values), stats.Autocorrelation(values)
	d.DriftP, d.Autocorrelation, d.AutocorrelationP = trend.P, serial.Lag1, serial.P
	if d.Over = between(trials, run); d.Over > 0 {
		d.DriftPerHour = math.Expm1(trend.Slope * float64(d.N-1) / d.Over.Hours())
	}
	return d
}

// Words warns of what would mislead: nothing where the order shows nothing.
func (d Diagnosis) Words() []string {
	var words []string
	if d.DriftP < diagnosisAlpha && d.DriftPerHour != 0 {
		verb := "rose"
		if d.DriftPerHour < 0 {
			verb = "fell"
		}
		during, hourly := math.Expm1(math.Log1p(d.DriftPerHour)*d.Over.Hours()), ""
		if d.Over >= leastToExtrapolate {
			hourly = unit.Percent(math.Abs(d.DriftPerHour)) + " an hour, "
		}
		words = append(words, fmt.Sprintf("the reference's %s %s by %s over %s (%sp %s): pairs within blocks cancel it, absolute figures do not",
			d.Metric, verb, unit.Percent(math.Abs(during)), unit.Time(d.Over.Seconds()), hourly, probability(d.DriftP)))
	}
	if d.AutocorrelationP < diagnosisAlpha && d.Autocorrelation > 0 {
		words = append(words, fmt.Sprintf("the reference's %s in one trial foretells the next (rank correlation %.2f, p %s): pairs within blocks bear it, an interval over single trials would be too narrow",
			d.Metric, d.Autocorrelation, probability(d.AutocorrelationP)))
	}
	return words
}

func probability(p float64) string {
	if p < 0.001 {
		return "< 0.001"
	}
	return fmt.Sprintf("= %.2g", p)
}

// sentinels are the reference's trials that count and have the metric, of one
// scenario and phase, in the order of the design.
func sentinels(trials []record.Trial, metric string) []record.Trial {
	byPhase := map[record.Phase][]record.Trial{}
	for _, t := range trials {
		if t.Arm == Reference && t.Scenario == trials[0].Scenario && t.Status == record.OK && t.SetAside == "" && t.Metrics[metric] > 0 {
			byPhase[t.Phase] = append(byPhase[t.Phase], t)
		}
	}
	var most []record.Trial
	for _, phase := range []record.Phase{record.Comparison, record.Grid, record.Confirmation, record.Search} {
		if len(byPhase[phase]) > len(most) {
			most = byPhase[phase]
		}
	}
	slices.SortStableFunc(most, inOrder)
	return most
}

// inOrder compares the places of two trials of one phase: the bench walks them
// in this order, whatever the wall clock does.
func inOrder(a, b record.Trial) int {
	return cmp.Or(cmp.Compare(a.Block, b.Block), cmp.Compare(a.Attempt, b.Attempt), cmp.Compare(a.Slot, b.Slot))
}

// logsBySample are the logarithms of the metric, one for each trial if all scan
// one sample, else one for each sample.
func logsBySample(run []record.Trial, metric string) []float64 {
	same := func(a, b record.Trial) bool { return a.Sample.Fingerprint == b.Sample.Fingerprint }
	alone := !slices.ContainsFunc(run, func(t record.Trial) bool { return !same(t, run[0]) })
	var values, group []float64
	for i, t := range run {
		group = append(group, math.Log(t.Metrics[metric]))
		if alone || i+1 == len(run) || !same(t, run[i+1]) {
			values, group = append(values, stats.Median(group)), nil
		}
	}
	return values
}

// between is the time from the first to the last of the sentinels.
func between(trials, run []record.Trial) time.Duration {
	first, last := run[0], run[len(run)-1]
	if slices.IsSortedFunc(run, func(a, b record.Trial) int { return a.Started.Compare(b.Started) }) {
		return last.Started.Sub(first.Started)
	}
	costS := 0.0
	for _, t := range trials {
		if t.Scenario == first.Scenario && t.Phase == first.Phase && inOrder(first, t) < 0 && inOrder(t, last) <= 0 {
			costS += t.Metrics[CostS]
		}
	}
	return time.Duration(costS * float64(time.Second))
}
