package doctor

import (
	"cmp"
	"slices"

	"sluice/harness/machine"
)

// Severity says how much a finding harms a measurement.
type Severity string

// The severities.
const (
	OK      Severity = "ok"      // as it should be
	Note    Severity = "note"    // know it when reading results
	Warning Severity = "warning" // disturbs measurements
)

// Finding is one thing that was looked at.
type Finding struct {
	Severity Severity `json:"severity"`
	Topic    string   `json:"topic"`
	Found    string   `json:"found"`            // what was measured or read
	Why      string   `json:"why,omitempty"`    // why it matters; none where all is well
	Change   string   `json:"change,omitempty"` // what to do about it, a command where there is one
}

// Facts are all that findings are made of.
type Facts struct {
	Settings machine.Settings
	Before   Observed
	Spin     Spun
	Store    machine.Place
}

// rule makes a finding, or none where its fact is absent.
type rule func(Facts) (Finding, bool)

// Examine makes the findings, in the order of rules.
func Examine(f Facts) []Finding {
	rules := []rule{
		others, placebo, steal, waiting, storageWaits, memoryWaits, throttling, quota, siblings, clockRate, governor, turbo, thermal, load,
		slept, swap, memory, kills, hugePages, layout, clock, virtual, hardware, store,
	}
	var all []Finding
	for _, rule := range rules {
		if finding, ok := rule(f); ok {
			all = append(all, finding)
		}
	}
	return all
}

// arrange puts the gravest first and keeps the order of equals.
func arrange(all []Finding) {
	rank := func(f Finding) int { return slices.Index([]Severity{Warning, Note, OK}, f.Severity) }
	slices.SortStableFunc(all, func(a, b Finding) int { return cmp.Compare(rank(a), rank(b)) })
}

// fine is a finding that needs no change.
func fine(topic, found string) (Finding, bool) {
	return Finding{Severity: OK, Topic: topic, Found: found}, true
}
