package unit

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Op is how a requirement compares.
type Op string

// The comparisons.
const (
	Less        Op = "<"
	LessOrEqual Op = "<="
	More        Op = ">"
	MoreOrEqual Op = ">="
)

// Requirement is a bound that a configuration must keep: {rss_peak_bytes < 536870912}.
type Requirement struct {
	Metric string  // full name
	Op     Op      // how the measured value stands to Value
	Value  float64 // in the metric's base unit
}

// ParseRequirement reads "rss<512MiB", "p99 <= 20ms", "throughput>10MB/s". Short
// and full names of the table are known, and the metrics given as own, which go
// before. The value takes the metric's units.
func ParseRequirement(text string, own ...Metric) (Requirement, error) {
	at := strings.IndexAny(text, "<>=!≤≥")
	if at < 0 {
		return Requirement{}, fmt.Errorf("requirement %q: found no comparison; expected METRIC<VALUE such as rss<512MiB", text)
	}
	op, rest, err := cutOp(text[at:])
	if err != nil {
		return Requirement{}, fmt.Errorf("requirement %q: %w", text, err)
	}
	name := strings.TrimSpace(text[:at])
	if name == "" {
		return Requirement{}, fmt.Errorf("requirement %q: found no metric before %q; expected METRIC<VALUE such as rss<512MiB", text, op)
	}
	metric, err := ParseMetric(name, own...)
	if err != nil {
		return Requirement{}, fmt.Errorf("requirement %q: %w", text, err)
	}
	value, err := metric.ParseValue(rest)
	if err != nil {
		return Requirement{}, fmt.Errorf("requirement %q: %w", text, err)
	}
	if math.IsInf(value, 0) {
		return Requirement{}, fmt.Errorf("requirement %q: the value is too large", text)
	}
	return Requirement{Metric: metric.Name, Op: op, Value: value}, nil
}

func cutOp(text string) (op Op, rest string, err error) {
	for _, op := range []Op{LessOrEqual, MoreOrEqual, Less, More} { // the long ones first
		if rest, ok := strings.CutPrefix(text, string(op)); ok {
			return op, rest, nil
		}
	}
	return "", "", fmt.Errorf("found %q; expected one of < <= > >=", firstRunes(text))
}

// firstRunes is the wrong comparison itself: "==", "!=", "≤".
func firstRunes(text string) string {
	end := strings.IndexFunc(text, func(r rune) bool { return !strings.ContainsRune("<>=!≤≥", r) })
	if end < 0 {
		return text
	}
	return text[:end]
}

// Holds tells whether a measured value keeps the requirement. What is not a
// number keeps none.
func (r Requirement) Holds(value float64) bool {
	switch r.Op {
	case Less:
		return value < r.Value
	case LessOrEqual:
		return value <= r.Value
	case More:
		return value > r.Value
	case MoreOrEqual:
		return value >= r.Value
	default:
		return false
	}
}

// Slack is how far a value keeps the requirement, as a logarithm: ln(bound ÷ value)
// where less is asked for, ln(value ÷ bound) where more is; above 0 it holds. Where
// a logarithm has no meaning it is 1 or −1.
func (r Requirement) Slack(value float64) float64 {
	switch {
	case !(value > 0) || !(r.Value > 0):
		if r.Holds(value) {
			return 1
		}
		return -1
	case r.Op == Less || r.Op == LessOrEqual:
		return math.Log(r.Value / value)
	default:
		return math.Log(value / r.Value)
	}
}

// String writes the requirement with its full name and base unit, so that
// [ParseRequirement] reads back the same value: "rss_peak_bytes<536870912".
func (r Requirement) String() string {
	return r.Metric + string(r.Op) + strconv.FormatFloat(r.Value, 'f', -1, 64)
}

// Words writes the requirement for people: "rss < 537 MB".
func (r Requirement) Words() string {
	m := Describe(r.Metric)
	return m.Short + " " + string(r.Op) + " " + m.Format(r.Value)
}
