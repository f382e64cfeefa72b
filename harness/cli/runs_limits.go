package cli

import (
	"encoding/json"
	"fmt"

	"sluice/scanner"
)

// mostChanges is how many decisions of a limiter are shown of one trial; JSON has
// them all.
const mostChanges = 20

// limitLines says what the limiters of a scan did, and why.
func limitLines(stats json.RawMessage) []string {
	var scan struct {
		Limiters []scanner.LimiterStats `json:"limiters"`
	}
	if json.Unmarshal(stats, &scan) != nil {
		return nil // no statistics: a trial that failed, or of a command
	}
	var lines []string
	for _, l := range scan.Limiters {
		lines = append(lines, fmt.Sprintf("%s: %s from %d to %d within %d … %d, %.1f on average, %d changes", l.Station, l.Algorithm,
			l.Initial, l.Final, l.Min, l.Max, l.Mean, len(l.Changes)+l.ChangesLost))
		for i, c := range l.Changes {
			if i == mostChanges {
				lines = append(lines, fmt.Sprintf("  and %d more (--format json has them)", len(l.Changes)-i+l.ChangesLost))
				break
			}
			lines = append(lines, fmt.Sprintf("  %.3f s  %d → %d  %s", c.AtS, c.From, c.To, c.Reason))
		}
	}
	return lines
}
