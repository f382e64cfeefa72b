package cli

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"sluice/harness/record"
)

func TestReplaysAreToldInWords(t *testing.T) {
	count := func(k int) record.ReplayCount { return record.ReplayCount{K: k, N: 200, Low: 0, High: 0.018} }
	for _, row := range []struct {
		name string
		r    record.Replay
		want string
	}{
		{"a target that is kept", record.Replay{Targets: []record.ReplayTarget{{Eps: 0.05, Rec: record.ReplayReach{Reached: count(199), N95: 180}}}}, "After 180 launches 95 % of its searches recommend what lies within 5 % of the best, and stay there."},
		{"one that too few keep", record.Replay{Launches: 300, Targets: []record.ReplayTarget{{Eps: 0.02, Rec: record.ReplayReach{Reached: count(50)}}}}, "25 % of its searches end within 2 % of the best: too few for 95 % in 300 launches."},
		{"one that nobody keeps", record.Replay{Targets: []record.ReplayTarget{{Eps: 0.02, Rec: record.ReplayReach{Reached: count(0)}}}}, "No search ends within 2 % of the best."},
		{"too much claimed", record.Replay{Bias: &record.ReplayMean{Mean: 0.069, Low: 0.06, High: 0.08}}, "too much, by 6.9 % on average"},
		{"too little", record.Replay{Bias: &record.ReplayMean{Mean: -0.02, Low: -0.03, High: -0.01}}, "too little, by 2 % on average"},
		{"no bias shown", record.Replay{Bias: &record.ReplayMean{Mean: 0.02, Low: -0.03, High: 0.07}}, "no bias (-3.0 % to +7.0 %)"},
		{"a slight one", record.Replay{Bias: &record.ReplayMean{Mean: 0.001, Low: 0.0005, High: 0.0015}}, "off by +0.1 % on average, which matters little"},
		{"nobody worse", record.Replay{Worse: count(0)}, "None of 200 searches recommends something worse than the reference: at most 1.8 % do (95 %)."},
		{"some worse", record.Replay{Worse: count(17)}, "17 of 200 searches would recommend something worse"},
		{"confirmed", record.Replay{Confirm: &record.ReplayConfirm{Blocks: 20, Kept: count(71), Worse: count(0)}}, "Confirmed in 20 fresh blocks, 71 of 200 keep the reference, and 0 recommend"},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.r.Strategy = "mine"
			if got := strings.Join(replayWords(row.r), " "); !strings.HasPrefix(got, "mine: ") || !strings.Contains(got, row.want) {
				t.Errorf("said is %q, want %q", got, row.want)
			}
		})
	}
}

func TestWordsOfReplaysFitTheTerminal(t *testing.T) {
	text := paragraph([]string{strings.TrimSpace(strings.Repeat("word ", 100)), "–", strings.Repeat("√", 40)})
	lines := strings.Split(text, "\n")
	for _, line := range lines {
		if utf8.RuneCountInString(line) > 132 {
			t.Errorf("a line of %d letters: %s", utf8.RuneCountInString(line), line)
		}
	}
	if len(lines) < 4 || strings.Count(text, "word") != 100 {
		t.Errorf("%d lines with %d words, want all of them", len(lines), strings.Count(text, "word"))
	}
}

// What was never reached, and what foreign text asks of the terminal.
func TestReplaysWithoutSuccessesAreWritten(t *testing.T) {
	var b bytes.Buffer
	replayText(&b, []record.Replay{{
		Ground: "\x1b[31mred", Kind: "table", Strategy: "mine", Objective: record.Throughput, TruthError: 0.04,
		Targets: []record.ReplayTarget{{Eps: 0.02}}, Within: []record.ReplayWithin{{Eps: 0.02}}, Confirm: &record.ReplayConfirm{Blocks: 6},
	}})
	if text := b.String(); strings.Contains(text, "\x1b") || strings.Contains(text, "NaN") || !strings.Contains(text, "warning: that is too coarse for a target of 2 %") {
		t.Errorf("written is %q", text)
	}
}
