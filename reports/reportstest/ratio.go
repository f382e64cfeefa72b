package reportstest

import (
	"math"
	"slices"

	"sluice/harness/record"
)

// margins are those of the metrics that carry a ratio here, as in the rules.
var margins = map[string]float64{ //nolint:gochecknoglobals // a table that never changes
	record.Throughput: 0.02, record.Wall: 0.02, record.CPU: 0.02, record.P50: 0.1, record.P99: 0.1, record.RSS: 0.1,
}

// Arm summarises the trials of one arm in one phase: medians, and paired ratios
// to the reference with the widest interval that the pairs allow (the extremes of
// the Walsh averages). Its verdicts are plain; harness/decide is the real thing.
func Arm(trials []record.Trial, phase record.Phase, arm record.Arm, reference string) record.Arm {
	arm.Metrics, arm.Ratios = map[string]float64{}, map[string]record.Ratio{}
	values, pairs := map[string][]float64{}, map[string][]float64{}
	for _, trial := range trials {
		if trial.Phase != phase || trial.Arm != arm.Name {
			continue
		}
		for metric, value := range trial.Metrics {
			values[metric] = append(values[metric], value)
			if other, ok := partner(trials, trial, reference)[metric]; ok && arm.Name != reference {
				pairs[metric] = append(pairs[metric], value/other)
			}
		}
	}
	for metric, of := range values {
		arm.Metrics[metric] = median(of)
	}
	for metric, margin := range margins {
		if len(pairs[metric]) > 0 {
			arm.Ratios[metric] = ratio(pairs[metric], metric == record.Throughput, margin)
		}
	}
	return arm
}

func partner(trials []record.Trial, of record.Trial, reference string) map[string]float64 {
	for _, trial := range trials {
		if trial.Phase == of.Phase && trial.Block == of.Block && trial.Arm == reference {
			return trial.Metrics
		}
	}
	return nil
}

func ratio(of []float64, higher bool, margin float64) record.Ratio {
	var walsh []float64
	for i, a := range of {
		for _, b := range of[i:] {
			value := math.Sqrt(a * b)
			if !higher {
				value = 1 / value
			}
			walsh = append(walsh, value)
		}
	}
	r := record.Ratio{
		Ratio: median(walsh), Low: slices.Min(walsh), High: slices.Max(walsh), N: len(of), Margin: margin,
		Confidence: 1 - math.Exp2(1-float64(len(of))),
	}
	switch {
	case r.Low > 1+margin:
		r.Verdict = record.Better
	case r.High < 1-margin:
		r.Verdict = record.Worse
	case r.Low > 1-margin && r.High < 1+margin:
		r.Verdict = record.NoDifference
	default:
		r.Verdict, r.Needed = record.Undecided, 4*len(of)
	}
	return r
}

func median(of []float64) float64 {
	sorted := slices.Sorted(slices.Values(of))
	n := len(sorted)
	if n == 0 {
		return math.NaN()
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
