package scanner

import (
	"sluice/scanner/pipeline"
)

// LimiterStats is what the limiter of one station did in a scan.
type LimiterStats struct {
	Station   string `json:"station"` // read or analyse
	Algorithm string `json:"algorithm"`

	Initial int     `json:"initial"` // the limit at first
	Min     int     `json:"min"`
	Max     int     `json:"max"`
	Final   int     `json:"final"`
	Highest int     `json:"highest"`
	Mean    float64 `json:"mean"` // over the time of the scan

	Completed uint64 `json:"completed"` // permits by outcome
	Dropped   uint64 `json:"dropped"`
	Ignored   uint64 `json:"ignored"`

	Changes     []LimitChange `json:"changes"`                // of the limit, in order
	ChangesLost int           `json:"changes_lost,omitempty"` // that came after these
}

// LimitChange is one decision that moved a limit.
type LimitChange struct {
	AtS    float64 `json:"at_s"` // since the workers stood ready
	From   int     `json:"from"`
	To     int     `json:"to"`
	Reason string  `json:"reason"`
}

func limiterStats(all []pipeline.Limited) []LimiterStats {
	var stats []LimiterStats
	for _, l := range all {
		s := LimiterStats{
			Station: l.Station, Algorithm: l.Algorithm,
			Initial: l.Initial, Min: l.Min, Max: l.Max, Final: l.Final, Highest: l.Highest, Mean: l.Mean,
			Completed: l.Stats.Completed, Dropped: l.Stats.Dropped, Ignored: l.Stats.Ignored,
			Changes: make([]LimitChange, 0, len(l.Changes)), ChangesLost: l.Lost,
		}
		for _, c := range l.Changes {
			s.Changes = append(s.Changes, LimitChange{AtS: c.At.Seconds(), From: c.From, To: c.To, Reason: c.Reason.String()})
		}
		stats = append(stats, s)
	}
	return stats
}
