package cli

import (
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/machine/doctor"
	"sluice/harness/record"
)

// examined is a report with one finding of each kind.
func examined() doctor.Report {
	figure := func(median, spread float64, different bool) doctor.Figure {
		return doctor.Figure{
			Median: median, Spread: spread, N: 20, Different: different,
			Detectable: []doctor.Effect{{Pairs: 10, Ratio: 1 + spread}, {Pairs: 20, Ratio: 1 + spread/2}},
		}
	}
	return doctor.Report{
		Verdict: "not quiet: others use 31 %; with 20 pairs only ≥ 9 % shows",
		Spin:    doctor.Spun{Threads: 2, LapS: 0.1, Wall: figure(0.134, 0.18, true), CPU: figure(0.2, 0.004, false)},
		Findings: []doctor.Finding{
			{
				Severity: doctor.Warning, Topic: "others", Found: strings.Repeat("cc1plus (pid 77) 31 %, ", 6) + "and more",
				Why: strings.Repeat("it matters for measuring and ", 5) + "so on", Change: strings.Repeat("a command to copy whole ", 6),
			},
			{Severity: doctor.Note, Topic: "turbo", Found: "on", Why: "why", Change: "change"},
			{Severity: doctor.OK, Topic: "swap", Found: "none"},
		},
		Absent: []string{"hardware counters", "temperature"},
		Placebo: []record.Placebo{{
			Class: "linux-amd64-2c-24g", Metric: record.Throughput, Pairs: 120, Comparisons: 10, False: 1, RateLow: 0.0025, RateHigh: 0.445, Spread: 0.04, Detectable: 1.03,
		}},
	}
}

func TestTheDoctorsWordsFitATerminal(t *testing.T) {
	var b strings.Builder
	if err := doctorText(&b, examined(), false); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		line = strings.TrimSuffix(line, "\n")
		if utf8.RuneCountInString(line) > doctorWidth && !strings.Contains(line, "a command to copy whole") {
			t.Errorf("too wide: %q", line)
		}
		if strings.ContainsRune(line, '\x1b') {
			t.Errorf("coloured without being asked: %q", line)
		}
	}
	want, err := os.ReadFile("testdata/doctor.golden")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestColoursStandBesideTheWords(t *testing.T) {
	var plain, painted strings.Builder
	for b, color := range map[*strings.Builder]bool{&plain: false, &painted: true} {
		if err := doctorText(b, examined(), color); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(painted.String(), "\x1b[33mwarning\x1b[0m  others") {
		t.Errorf("no colour in %q", painted.String())
	}
	bare := painted.String()
	for _, code := range []string{"0", "2", "32", "33", "36", "1;33"} {
		bare = strings.ReplaceAll(bare, "\x1b["+code+"m", "")
	}
	if diff := cmp.Diff(plain.String(), bare); diff != "" {
		t.Errorf("the words differ (-plain +coloured):\n%s", diff)
	}
}
