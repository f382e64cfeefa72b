package plant

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/record"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares text with a file of testdata, or rewrites that.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is another now; look at the difference, then run go test ./harness/plant -update\n%s", path, diff)
	}
}

// shortened are the plants in a quarter of their time: the whole contest takes too
// long for a test.
func shortened(specs []Spec) []Spec {
	for i := range specs {
		for j := range specs[i].phases {
			p := &specs[i].phases[j]
			p.length = max(6*time.Second, (p.length / 4).Truncate(time.Second))
		}
	}
	return specs
}

func TestTheContestIsTheOneThatIsKept(t *testing.T) {
	if testing.Short() || raced { // a minute, where the race detector has nothing to see that smaller tests do not show it
		t.Skip("the whole contest takes a while; it runs without -short and without -race")
	}
	c, err := Run(t.Context(), shortened(Builtin()), Contestants(), Options{Seeds: []uint64{1}})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "report.golden.md", report(c))
	golden(t, "curves.golden.txt", curves(c, "steps"))
}

// report is a contest as tables.
func report(c record.Contest) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Limiters in front of plants\n\nSeeds %v, each plant in a quarter of its time. Power is the geometric mean over the plants.\n\n", c.Seeds)
	b.WriteString("| limiter | kind | power | p99 × | worst plant | of the best there | plants lost |\n| --- | --- | --: | --: | --- | --: | --: |\n")
	for _, l := range c.Limits {
		fmt.Fprintf(&b, "| %s | %s | %.2f | %.1f | %s | %.2f | %d |\n", l.Name, l.Kind, l.Power, l.P99, l.Worst, l.Share, len(l.Lost))
	}
	for _, p := range c.Plants {
		fmt.Fprintf(&b, "\n## %s\n\n%s.\n\n", p.Name, strings.ToUpper(p.Doc[:1])+p.Doc[1:])
		b.WriteString("| limiter | power | utilisation | p99 × | reach s | settle s | overshoot | steady | error | refused | fairness |\n| --- | --: | --: | --: | --- | --- | --- | --- | --: | --: | --: |\n")
		for _, s := range p.Scores {
			fmt.Fprintf(&b, "| %s | %.2f | %.2f | %.1f | %s | %s | %s | %s | %.2f | %.2f | %.2f |\n", s.Limiter, s.Power, s.Utilisation, s.P99Ratio,
				phases("%.1f", s.ReachS), phases("%.0f", s.SettleS), phases("%.1f", s.Overshoot), phases("%.2f", s.Steady), s.Error, s.Refused, s.Fairness)
		}
	}
	return b.String()
}

// phases writes a figure for each phase; "–" is never.
func phases(format string, x []float64) string {
	words := make([]string, len(x))
	for i, v := range x {
		if words[i] = fmt.Sprintf(format, v); v == unknown {
			words[i] = "–"
		}
	}
	return strings.Join(words, " ")
}

// curves draws limits over time on one plant.
func curves(c record.Contest, plant string) string {
	var b strings.Builder
	for _, p := range c.Plants {
		if p.Name != plant {
			continue
		}
		fmt.Fprintf(&b, "%s: limit (#) and optimum (.) over %.0f s\n", p.Name, p.Length)
		for _, curve := range p.Curves {
			switch curve.Limiter {
			case "bdp", "envoy-gradient", "netflix-vegas", "window-as-written":
				fmt.Fprintf(&b, "\n%s\n%s", curve.Limiter, drawn(curve.Limit, p.Optimum))
			}
		}
	}
	return b.String()
}

// drawn is a curve of one column a second and one line for each five permits.
func drawn(limit, optimum []float64) string {
	const rows, step = 13, 5.0
	var b strings.Builder
	for row := rows - 1; row >= 0; row-- {
		line := make([]byte, 0, len(limit))
		for i := range limit {
			switch {
			case at(limit[i], step, rows) == row:
				line = append(line, '#')
			case at(optimum[i], step, rows) == row:
				line = append(line, '.')
			default:
				line = append(line, ' ')
			}
		}
		fmt.Fprintf(&b, "%3.0f |%s\n", float64(row)*step, strings.TrimRight(string(line), " "))
	}
	fmt.Fprintf(&b, "    +%s\n", strings.Repeat("-", len(limit)))
	return b.String()
}

// at is the line of a limit; what is above all is on the highest.
func at(limit, step float64, rows int) int { return min(rows-1, int(limit/step+0.5)) }
