package reportstest

import (
	"math"

	"sluice/harness/record"
)

// Front is a finished tuning run with a goal of three objectives, over two storage
// profiles: one with a front, plateaus and effects (nfs), and one in which no
// configuration keeps what is required (local).
func Front(seed uint64) record.Report {
	rep := Tune(seed)
	rep.Run.Command = "sluice tune corpus:goroot --storage local,nfs --goal throughput,p99,rss --require 'rss<80MB' --require 'p99<60ms'"
	for i := range rep.Outcomes {
		r := rep.Outcomes[i].Recommendation
		r.Goal = record.Goal{Objective: record.Throughput + "," + record.P99 + "," + record.RSS, Require: []string{"rss_peak_bytes<80000000", "sojourn_p99_s<0.06"}}
		if rep.Outcomes[i].Scenario.Storage == "local" {
			r.Misses = []record.Miss{
				{Requirement: r.Goal.Require[0], Kept: 0, Of: 40, Arm: "c03", Config: with(record.Flat{"io.workers": 1, "memory.gogc": 50}), Value: 86e6, Miss: 0.075},
				{Requirement: r.Goal.Require[1], Kept: 12, Of: 40, Arm: "c09", Config: with(record.Flat{"channel.buffer": 4}), Value: 0.021, Miss: -0.65},
			}
			continue
		}
		r.Front, r.Plateau, r.Effects = points(r.Recommended), plateaus(), effects()
		r.Requirements = []record.Kept{
			{Requirement: r.Goal.Require[0], State: record.NotShown, Value: 79e6, Bound: 81.2e6, Bounded: true, Confidence: 0.95, N: 7, Beyond: 3, Room: -0.015},
			{Requirement: r.Goal.Require[1], State: record.Holds, Value: 0.041, Bound: 0.044, Bounded: true, Confidence: 0.95, N: 7, Room: 0.267},
		}
	}
	return rep
}

// points is a front of five configurations in four groups.
func points(recommended record.Arm) []record.FrontPoint {
	point := func(arm string, group int, config record.Flat, throughput, p99, rss float64) record.FrontPoint {
		ratio := func(metric string, log, deviation float64) record.Ratio {
			return record.Ratio{
				Ratio: math.Exp(log), Low: math.Exp(log - 2*deviation), High: math.Exp(log + 2*deviation),
				Confidence: 0.95, N: 7, Margin: map[string]float64{record.Throughput: 0.02}[metric], Verdict: record.Undecided,
			}
		}
		return record.FrontPoint{Arm: arm, Group: group, Config: config, Ratios: map[string]record.Ratio{
			record.Throughput: ratio(record.Throughput, throughput, 0.02), record.P99: ratio(record.P99, p99, 0.08), record.RSS: ratio(record.RSS, rss, 0.03),
		}}
	}
	list := []record.FrontPoint{
		point("c31", 1, with(record.Flat{"io.workers": 48, "cpu.workers": 3, "channel.buffer": 700, "memory.gogc": 400}), 1.93, -0.95, -0.62),
		point("c17", 2, recommended.Config, 1.90, -0.08, -0.27),
		point("c22", 2, with(record.Flat{"io.workers": 14, "channel.buffer": 64, "channel.batch": 4, "memory.gogc": 200}), 1.89, -0.02, -0.26),
		point("c08", 3, with(record.Flat{"io.workers": 4, "channel.buffer": 4, "memory.gogc": 50}), 1.10, 0.55, 0.02),
		point("c11", 4, with(record.Flat{"io.workers": 1, "channel.buffer": 0, "memory.gogc": 50}), -0.55, 0.95, 0.10),
	}
	list[3].Knee, list[3].Hypervolume = true, 0.31
	return list
}

func plateaus() []record.Plateau {
	return []record.Plateau{
		{Knob: "io.workers", Chosen: 16, Low: 12, High: 48, Values: []any{12, 16, 23, 32, 45, 48}, CliffBelow: 6, Margin: 0.03, Confidence: 0.95, Words: "12–48 are all within 3 %; 16 chosen, away from the cliff at 6"},
		{Knob: "channel.buffer", Chosen: 16, Low: 4, High: 1000, Values: []any{4, 16, 1000}, Margin: 0.03, Confidence: 0.95, Words: "4–1000 are all within 3 %; 16 chosen"},
		{Knob: "memory.gogc", Chosen: 200, Low: 100, High: 400, Values: []any{100, 200, 400}, Margin: 0.03, Confidence: 0.95, Words: "100–400 are all within 3 %; 200 chosen"},
		{Knob: "cpu.workers", Chosen: 2, Low: 2, High: 2, Values: []any{2}, CliffBelow: 1, Margin: 0.03, Confidence: 0.95, Edge: true, Words: "no other value is shown to be within 3 % of 2, a step from the cliff at 1; it lies at the edge of its range, and the best may lie beyond"},
		{Knob: "io.reader", Chosen: "read", Values: []any{"read"}, Margin: 0.03, Confidence: 0.95, Words: "no other choice is shown to be within 3 % of read"},
	}
}

func effects() []record.Effect {
	return []record.Effect{
		{Knob: "io.workers", Region: record.Everywhere, Share: 0.71, Low: 0.62, High: 0.78, SwingLog: 1.4, SwingHigh: 1.6},
		{Knob: "cpu.workers", Region: record.Everywhere, Share: 0.12, Low: 0.07, High: 0.18, SwingLog: 0.5, SwingHigh: 0.6},
		{Knob: "io.workers", With: "cpu.workers", Region: record.Everywhere, Share: 0.09, Low: 0.04, High: 0.14, SwingLog: 0.4, SwingHigh: 0.5},
		{Knob: "channel.buffer", Region: record.Everywhere, Share: 0.002, Low: 0, High: 0.006, SwingLog: 0.003, SwingHigh: 0.007},
		{Knob: "cpu.workers", Region: record.Near, Share: 0.46, Low: 0.31, High: 0.59, SwingLog: 0.12, SwingHigh: 0.17},
		{Knob: "io.workers", Region: record.Near, Share: 0.28, Low: 0.15, High: 0.42, SwingLog: 0.09, SwingHigh: 0.14},
		{Knob: "memory.gogc", Region: record.Near, Share: 0.14, Low: 0.06, High: 0.25, SwingLog: 0.05, SwingHigh: 0.08},
		{Knob: "io.workers", With: "channel.buffer", Region: record.Near, Share: 0.05, Low: 0.01, High: 0.11, SwingLog: 0.04, SwingHigh: 0.07},
		{Knob: "channel.buffer", Region: record.Near, Share: 0.001, Low: 0, High: 0.004, SwingLog: 0.002, SwingHigh: 0.005, Idle: true},
		{Knob: "cpu.pin", Region: record.Near, Share: 0.001, Low: 0, High: 0.003, SwingLog: 0.001, SwingHigh: 0.004, Idle: true},
	}
}
