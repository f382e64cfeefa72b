package scanner

import (
	"time"

	"sluice/scanner/config"
	"sluice/scanner/finding"
	"sluice/scanner/observe"
	"sluice/scanner/pipeline"
)

// Schema names the form of Stats in JSON.
const Schema = "sluice.scan/v1"

// Stats is the account of a scan, as sluice scan --stats writes it. Scanned, the
// sum of Skipped and the sum of Failed add up to Discovered. Rates are 0 where
// nothing was scanned.
type Stats struct {
	Schema string `json:"schema"` // Schema

	Discovered     int64            `json:"discovered"` // files that the source yielded
	Scanned        int64            `json:"scanned"`
	Findings       int64            `json:"findings"`
	Bytes          int64            `json:"bytes"`           // in scanned files
	Skipped        map[string]int64 `json:"skipped"`         // reason to files: binary, too-large, symlink, irregular
	Failed         map[string]int64 `json:"failed"`          // reason to files: missing, permission, read, analysis, panic, cancelled
	FindingsDigest string           `json:"findings_digest"` // equal for equal findings, whatever the configuration
	Languages      map[string]int64 `json:"languages"`       // language to scanned files
	Config         map[string]any   `json:"config"`          // flat, auto resolved

	WallS        float64 `json:"wall_s"`         // from Options.Started to the last result
	CPUS         float64 `json:"cpu_s"`          // of the whole process meanwhile, user and system
	RSSPeakBytes int64   `json:"rss_peak_bytes"` // of the whole process since it began, VmHWM

	ThroughputBytesPerS float64 `json:"throughput_bytes_per_s"` // Bytes over WallS
	ThroughputFilesPerS float64 `json:"throughput_files_per_s"` // Scanned over WallS
	SojournP50S         float64 `json:"sojourn_p50_s"`          // of analysed files: from a reader's taking it to its result
	SojournP99S         float64 `json:"sojourn_p99_s"`
	FirstResultS        float64 `json:"first_result_s"`  // to the first analysed file; 0 if there was none
	ServiceP50S         float64 `json:"service_p50_s"`   // of analysed files: reading plus analysis, without the waiting between
	ServiceP99S         float64 `json:"service_p99_s"`   //
	InServiceMean       float64 `json:"in_service_mean"` // files in service on average: the sum of all service over WallS

	SojournMeanS float64 `json:"sojourn_mean_s"`
	SojournN     int64   `json:"sojourn_n"` // files that came to a result: scanned, or read and then found to be none of ours

	// Files between their permit to be read and their result, and the bytes they were
	// expected to take, by a gauge of its own: Little's law ties the mean to
	// throughput and mean sojourn, which come from the workers' books: LittlesRatio is
	// InFlightMean ÷ (SojournN ÷ WallS × SojournMeanS), 1 but for sampling error.
	InFlightMean      float64 `json:"in_flight_mean"`
	InFlightMax       float64 `json:"in_flight_max"`
	InFlightMeanBytes float64 `json:"in_flight_mean_bytes"`
	InFlightMaxBytes  float64 `json:"in_flight_max_bytes"`

	LittlesRatio float64 `json:"littles_ratio"`

	BudgetWaitS   *observe.Quantiles `json:"budget_wait_s,omitempty"` // for memory.budget, where there is one
	TreePeakBytes int64              `json:"tree_peak_bytes"`         // the largest parse tree
	CostBySize    []observe.SizeCost `json:"cost_by_size,omitempty"`  // what analysis took, by the power of two of a file's size

	Limiters []LimiterStats    `json:"limiters,omitempty"` // what the limiters did, where there are any
	Stations []observe.Station `json:"stations"`           // read, analyse
	Watch    observe.Summary   `json:"watch"`              // the gauge, what the pools did, and what the watchdog reported
	Warnings []string          `json:"warnings,omitempty"` // what of the configuration could not be done as meant
}

// newStats turns the books into figures. What belongs to the process is the
// caller's to add.
func newStats(a pipeline.Account, found []finding.Finding, c config.Config) Stats {
	stats := Stats{
		Schema:              Schema,
		Discovered:          a.Discovered,
		Scanned:             a.Scanned,
		Findings:            int64(len(found)),
		Bytes:               a.Bytes,
		Skipped:             a.Skipped,
		Failed:              a.Failed,
		FindingsDigest:      finding.Digest(found),
		Languages:           a.Languages,
		Config:              c.Flat(),
		WallS:               a.Wall.Seconds(),
		ThroughputBytesPerS: rate(a.Bytes, a.Wall),
		ThroughputFilesPerS: rate(a.Scanned, a.Wall),
		SojournP50S:         a.Sojourn.P50,
		SojournP99S:         a.Sojourn.P99,
		FirstResultS:        a.FirstResult.Seconds(),
		ServiceP50S:         a.Service.P50,
		ServiceP99S:         a.Service.P99,
		InServiceMean:       a.InServiceMean,
		SojournMeanS:        a.Sojourn.Mean,
		SojournN:            a.Sojourn.N,
		InFlightMean:        a.Watch.InFlight.Mean,
		InFlightMax:         a.Watch.InFlight.Max,
		InFlightMeanBytes:   a.Watch.InFlightBytes.Mean,
		InFlightMaxBytes:    a.Watch.InFlightBytes.Max,
		TreePeakBytes:       a.TreePeakBytes,
		CostBySize:          a.CostBySize,
		Limiters:            limiterStats(a.Limiters),
		Stations:            a.Stations,
		Watch:               a.Watch,
		Warnings:            a.Warnings,
	}
	stats.LittlesRatio = observe.Little(stats.InFlightMean, rate(stats.SojournN, a.Wall), stats.SojournMeanS)
	if a.BudgetWait.N > 0 {
		stats.BudgetWaitS = &a.BudgetWait
	}
	return stats
}

// rate is n per second; 0 where no time has passed.
func rate(n int64, wall time.Duration) float64 {
	if wall <= 0 {
		return 0
	}
	return float64(n) / wall.Seconds()
}
