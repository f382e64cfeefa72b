package target

import (
	"sluice/harness/record"
	"sluice/scanner"
)

// addLimits keeps what the limiters of a scan did: the limit over time as a series,
// and its figures. Why it moved stays in the child's own object.
func addLimits(t *record.Trial, limiters []scanner.LimiterStats) {
	for _, l := range limiters {
		s := record.Series{Name: l.Station + "_limit", AtS: []float64{0}, Values: []float64{float64(l.Initial)}}
		for _, c := range l.Changes {
			s.AtS, s.Values = append(s.AtS, c.AtS), append(s.Values, float64(c.To))
		}
		t.Series = append(t.Series, s)
		t.Metrics[l.Station+"_limit_mean"] = l.Mean
		t.Metrics[l.Station+"_limit_highest"] = float64(l.Highest)
		t.Metrics[l.Station+"_limit_final"] = float64(l.Final)
		t.Metrics[l.Station+"_limit_changes"] = float64(len(l.Changes) + l.ChangesLost)
	}
}
