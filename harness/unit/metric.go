package unit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Kind says what a number counts, hence how it is written and read.
type Kind string

// The kinds of numbers.
const (
	Number      Kind = ""        // a bare number: a target's own metric
	Size        Kind = "bytes"   // bytes
	Seconds     Kind = "s"       // seconds
	BytesPerSec Kind = "bytes/s" // bytes per second
	FilesPerSec Kind = "files/s" // files per second
)

// Metric describes one measured figure.
type Metric struct {
	Name         string  // full: "throughput_bytes_per_s"
	Short        string  // as people type it: "throughput"; the full name where there is none
	Kind         Kind    // what Value counts
	HigherBetter bool    // whether more is better
	Margin       float64 // the smallest ratio that matters: 0.02 for 2 %
}

// defaultMargin is the margin of throughput, wall, CPU and a target's own
// metrics; wideMargin that of tail latency and memory, which are noisier.
const (
	defaultMargin = 0.02
	wideMargin    = 0.10
)

// Metrics lists what every scanner trial measures, in the order of reports.
func Metrics() []Metric {
	return []Metric{
		{"throughput_bytes_per_s", "throughput", BytesPerSec, true, defaultMargin},
		{"throughput_files_per_s", "throughput_files_per_s", FilesPerSec, true, defaultMargin},
		{"sojourn_p99_s", "p99", Seconds, false, wideMargin},
		{"sojourn_p50_s", "sojourn_p50_s", Seconds, false, wideMargin},
		{"rss_peak_bytes", "rss", Size, false, wideMargin},
		{"wall_s", "wall", Seconds, false, defaultMargin},
		{"cpu_s", "cpu", Seconds, false, defaultMargin},
		{"process_wall_s", "process_wall_s", Seconds, false, defaultMargin},
		{"first_result_s", "first_result_s", Seconds, false, wideMargin},
	}
}

// Lookup finds a metric by its short or full name, among own before the table:
// a target may call a metric of its own "throughput".
func Lookup(name string, own ...Metric) (Metric, bool) {
	for _, m := range append(slices.Clone(own), Metrics()...) {
		if name == m.Name || name == m.Short {
			m.Short = cmp.Or(m.Short, m.Name)
			return m, true
		}
	}
	return Metric{}, false
}

// Describe is Lookup for a name that is known to be a metric: one outside the
// table is a bare number with the default margin, its unit read off the end of
// its name as everywhere in this program ("load_s", "heap_bytes"). Less is
// better unless the name says that it is a rate ("_per_s").
func Describe(name string) Metric {
	if m, ok := Lookup(name); ok {
		return m
	}
	m := Metric{Name: name, Short: name, Margin: defaultMargin}
	switch {
	case strings.HasSuffix(name, "_bytes_per_s"):
		m.Kind, m.HigherBetter = BytesPerSec, true
	case strings.HasSuffix(name, "_per_s"):
		m.HigherBetter = true
	case strings.HasSuffix(name, "_bytes"):
		m.Kind = Size
	case strings.HasSuffix(name, "_s"):
		m.Kind = Seconds
	}
	return m
}

// Full is the full name of a metric given by either name; an unknown name is
// its own.
func Full(name string) string { return Describe(name).Name }

// Short is the short name of a metric given by either name; an unknown name is
// its own.
func Short(name string) string { return Describe(name).Short }

// HigherIsBetter tells which way a metric, given by either name, is better.
func HigherIsBetter(name string) bool { return Describe(name).HigherBetter }

// Margin is the default margin of a metric given by either name.
func Margin(name string) float64 { return Describe(name).Margin }

// ParseMetric is Lookup with an error that names the nearest metric.
func ParseMetric(name string, own ...Metric) (Metric, error) {
	if m, ok := Lookup(name, own...); ok {
		return m, nil
	}
	names := metricNames(own)
	if near := Nearest(name, names); near != "" {
		return Metric{}, fmt.Errorf("unknown metric %q; did you mean %q?", name, near)
	}
	return Metric{}, fmt.Errorf("unknown metric %q; use one of %s", name, strings.Join(names, ", "))
}

// metricNames lists every accepted name, short ones first.
func metricNames(own []Metric) []string {
	all := append(slices.Clone(own), Metrics()...)
	names := make([]string, 0, 2*len(all))
	for _, m := range all {
		names = append(names, cmp.Or(m.Short, m.Name))
	}
	for _, m := range all {
		if !slices.Contains(names, m.Name) {
			names = append(names, m.Name)
		}
	}
	return names
}

// Nearest is the name fewest edits away from the one given, or "" when more
// than a third of it (and more than two letters) would have to change.
func Nearest(name string, among []string) string {
	best, fewest := "", max(2, len(name)/3)+1
	for _, candidate := range among {
		if d := edits(strings.ToLower(name), candidate); d < fewest && d < len(candidate) {
			best, fewest = candidate, d
		}
	}
	return best
}

// edits is the Levenshtein distance in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
