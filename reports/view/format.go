package view

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"sluice/harness/record"
	"sluice/harness/unit"
)

// titles names the metrics of the scanner as a reader says them.
var titles = map[string]string{ //nolint:gochecknoglobals // a table that never changes
	record.Throughput:  "throughput",
	record.FilesPerS:   "files per second",
	record.Wall:        "wall time",
	record.ProcessWall: "process wall time",
	record.CPU:         "CPU time",
	record.P50:         "median sojourn",
	record.P99:         "p99 sojourn",
	record.FirstResult: "first result",
	record.RSS:         "peak memory",
}

// Title is the metric's name for a reader: "peak memory". A target's own metric
// keeps its name.
func Title(metric string) string {
	if title, ok := titles[metric]; ok {
		return title
	}
	return Clean(metric)
}

// Short is Title where columns are many: "p99".
func Short(metric string) string {
	switch metric {
	case record.P99:
		return "p99"
	case record.P50:
		return "p50"
	case record.RSS:
		return "memory"
	default:
		return Title(metric)
	}
}

// Requirement is a requirement of a goal in words: "rss < 512 MB". One that
// cannot be read stays as it is.
func Requirement(text string) string {
	if bound, err := unit.ParseRequirement(text); err == nil {
		return bound.Words()
	}
	return Clean(text)
}

// Resolve turns the name of an objective ("balanced", "p99") into the full name
// of the metric that decides it first. A name that some trial or ratio carries
// as it stands is a target's own and stays.
//
// Of several objectives, joined by commas, it is the first.
func Resolve(objective string, has func(metric string) bool) string {
	objective, _, _ = strings.Cut(objective, ",")
	switch {
	case objective == "" || objective == "balanced":
		if has("throughput") && !has(record.Throughput) {
			return "throughput"
		}
		return record.Throughput
	case has(objective):
		return objective
	default:
		return unit.Full(objective)
	}
}

// describe is the metric of a record's figure. Records use full names, so one
// that carries another metric's short name is a target's own: a bare number.
func describe(name string) unit.Metric {
	m := unit.Describe(name)
	if m.Name != name {
		return unit.Metric{Name: name, Short: name, HigherBetter: m.HigherBetter, Margin: m.Margin}
	}
	return m
}

// Value formats a metric's value with its unit, or a dash where there is none.
func Value(metric string, values map[string]float64) Words {
	value, ok := values[metric]
	if !ok || math.IsNaN(value) || math.IsInf(value, 0) {
		return "–"
	}
	return Words(strings.ReplaceAll(describe(metric).Format(value), " ", nbsp))
}

// Size formats a number of bytes.
func Size(bytes int64) Words { return Words(strings.ReplaceAll(unit.Bytes(bytes), " ", nbsp)) }

// Ratio formats a ratio: "2.31 ×".
func Ratio(r record.Ratio) Words {
	if r.N == 0 || !finite(r.Ratio) || r.Ratio <= 0 {
		return "–"
	}
	return Words(fmt.Sprintf("%.*f%s×", decimals(r.Ratio), r.Ratio, nbsp))
}

// Interval formats the interval of a ratio: "2.28–2.35". Before there are enough
// pairs for an exact interval it says how many those are.
func Interval(r record.Ratio) Words {
	switch {
	case r.N == 0:
		return "–"
	case !Bounded(r) && r.Needed > 0:
		return Words(fmt.Sprintf("none before %d pairs", r.Needed))
	case !Bounded(r):
		return "none yet"
	default:
		digits := decimals(r.Ratio)
		return Words(fmt.Sprintf("%.*f%s–%s%.*f", digits, r.Low, joiner, joiner, digits, r.High))
	}
}

// Bounded says whether a ratio has an interval with two ends.
func Bounded(r record.Ratio) bool {
	return r.N > 0 && r.Low > 0 && finite(r.Low) && r.High > 0 && r.High < math.MaxFloat64/2
}

func finite(value float64) bool { return !math.IsNaN(value) && !math.IsInf(value, 0) }

// decimals shows three digits that matter, and one more close to 1, where the
// verdicts are made.
func decimals(ratio float64) int {
	switch {
	case math.Abs(ratio-1) < 0.1:
		return 3
	case ratio < 10:
		return 2
	case ratio < 100:
		return 1
	default:
		return 0
	}
}

// Percent formats a share, 0 … 1, with at most one decimal: "98.4 %".
func Percent(share float64) Words {
	text := fmt.Sprintf("%.1f", 100*share)
	return Words(strings.TrimSuffix(text, ".0") + nbsp + "%")
}

// Setting formats a knob and its value as --set takes it: "channel.linger=2ms".
func Setting(name string, value any) string { return name + "=" + Knob(name, value) }

// Knob formats the value of a knob as --set takes it.
func Knob(name string, value any) string {
	number, isNumber := Number(value)
	switch {
	case !isNumber:
		return Clean(fmt.Sprint(value))
	case name == "channel.linger":
		return time.Duration(math.Round(number * 1e9)).String()
	case strings.HasPrefix(name, "memory.") && (strings.HasSuffix(name, "budget") || strings.HasSuffix(name, "limit")):
		return exactSize(int64(number))
	default:
		return fmt.Sprint(value)
	}
}

// exactSize loses no byte, so that what is shown can be typed again.
func exactSize(bytes int64) string {
	for _, step := range []struct {
		shift int
		name  string
	}{{30, "GiB"}, {20, "MiB"}, {10, "KiB"}} {
		if bytes != 0 && bytes%(1<<step.shift) == 0 {
			return fmt.Sprint(bytes>>step.shift) + step.name
		}
	}
	return fmt.Sprint(bytes)
}

// Number reads a knob's value as a number; a word or a bool is none.
func Number(value any) (float64, bool) {
	switch v := value.(type) {
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case float64:
		return v, true
	default:
		return 0, false
	}
}

// Changed lists the knobs, in the order of their names, whose values differ
// between two configurations. Of a limiter that only one of them has, the bounds and
// the kind of latency are left out: as a rule nobody set them.
func Changed(config, reference record.Flat) []string {
	var names []string
	for name, value := range config {
		if other, ok := reference[name]; !ok && !ofLimiter(name) || ok && !same(value, other) {
			names = append(names, name)
		}
	}
	for name := range reference {
		if _, ok := config[name]; !ok && !ofLimiter(name) {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, compareKnobs)
	return names
}

// ofLimiter tells the knobs of a limiter that come with it.
func ofLimiter(name string) bool {
	return strings.HasSuffix(name, ".limiter.min") || strings.HasSuffix(name, ".limiter.max") || strings.HasSuffix(name, ".limiter.latency")
}

// compareKnobs puts the workers first, which are what most readers look for.
func compareKnobs(a, b string) int {
	rank := func(name string) int {
		if i := slices.Index([]string{"io.workers", "cpu.workers"}, name); i >= 0 {
			return i
		}
		return 2
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
}

func same(a, b any) bool {
	x, numeric := Number(a)
	y, both := Number(b)
	if numeric && both {
		return x == y
	}
	return fmt.Sprint(a) == fmt.Sprint(b)
}

// Settings lists the named knobs of a configuration: "io.workers=16 channel.batch=4".
func Settings(config record.Flat, names []string) string {
	var settings []string
	for _, name := range names {
		if value, ok := config[name]; ok {
			settings = append(settings, Setting(name, value))
		}
	}
	return strings.Join(settings, " ")
}
