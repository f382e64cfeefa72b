package tuner

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sluice/harness/lab"
	"sluice/harness/record"
	"sluice/harness/stats"
	"sluice/harness/unit"
)

// BusyShare is the share of the machine used by others above which a
// measurement is called disturbed.
const BusyShare = 0.05

// doubts are the warnings that travel with the result.
func (r *run) doubts(trials, full []record.Trial, best judged) []string {
	var warnings []string
	switch {
	case r.Goal.Foreign: // the same work in every trial is what a command does
	case r.design.Size.Repeats > 1:
		warnings = append(warnings, fmt.Sprintf("the corpus is small: each trial scans it %d times over, and every block the same files", r.design.Size.Repeats))
	case r.overlap:
		warnings = append(warnings, "the corpus is too small for disjoint samples: some confirmation blocks share files")
	}
	if r.Timed {
		warnings = append(warnings, Disturbed(trials)...)
	}
	warnings = append(warnings, lab.Order(trials, r.Goal.Leading()).Words()...)
	warnings = append(warnings, failures(r.searchTrials, r.Reference.Config)...)
	for _, broken := range best.broken {
		warnings = append(warnings, fmt.Sprintf("the candidate failed confirmation: %s", broken))
	}
	if len(full) == 0 && len(r.Goal.Require) > 0 && r.design.Fidelity < 1 {
		warnings = append(warnings, "requirements were checked on samples only; the largest files of the corpus may not have been among them (a longer --budget adds a block over all files)")
	}
	warnings = append(warnings, failedTrials(slices.Concat(trials, full))...)
	if r.surface != nil && !r.Bare {
		return warnings // the plateaus tell of edges
	}
	if !r.Bare {
		warnings = append(warnings, fmt.Sprintf("the search's %d trials are too few to say how far each knob may move, and which matter; a longer --budget would", len(r.searchTrials)))
	}
	for _, edge := range r.Space.Edge(best.arm.Config) {
		if value, isNumber := best.arm.Config.Float(edge); isNumber && value <= 1 {
			continue // there is nothing below one worker, one file, no buffer
		}
		warnings = append(warnings, fmt.Sprintf("%s=%v lies at the edge of its range; the optimum may lie beyond it (widen it with --space)", edge, best.arm.Config[edge]))
	}
	return warnings
}

// failedTrials says of each arm, phase and reason how often, and where, a trial failed.
func failedTrials(trials []record.Trial) []string {
	type kind struct {
		phase  record.Phase
		arm    string
		status record.Status
		reason string
	}
	var kinds []kind
	blocks := map[kind][]string{}
	for _, t := range trials {
		if t.Status == record.OK {
			continue
		}
		k := kind{t.Phase, t.Arm, t.Status, t.Reason}
		if blocks[k] == nil {
			kinds = append(kinds, k)
		}
		blocks[k] = append(blocks[k], strconv.Itoa(t.Block))
	}
	words := make([]string, len(kinds))
	for i, k := range kinds {
		where, times := "block "+blocks[k][0], len(blocks[k])
		if times > 1 {
			where = fmt.Sprintf("%d blocks, %s", times, strings.Join(blocks[k][:min(times, mostFailures)], ", "))
		}
		if times > mostFailures {
			where += ", …"
		}
		words[i] = fmt.Sprintf("%s, %s, %s: %s: %s", k.phase, where, k.arm, k.status, k.reason)
	}
	return words
}

// mostFailures is how many configurations that failed are named.
const mostFailures = 4

// failures says how many configurations failed in the search, and which: a cliff of
// which no figure tells.
func failures(trials []record.Trial, reference record.Flat) []string {
	tried, names, reasons := map[string]bool{}, []string{}, []string{}
	for _, t := range trials {
		tried[t.Config.ID()] = true
		if t.Status == record.OK || t.SetAside != "" {
			continue
		}
		if name := beside(t.Config, reference); !slices.Contains(names, name) {
			names = append(names, name)
		}
		if reason := cmp.Or(t.Reason, string(t.Status)); !slices.Contains(reasons, reason) {
			reasons = append(reasons, reason)
		}
	}
	if len(names) == 0 {
		return nil
	}
	words := fmt.Sprintf("%d of %d configurations failed in the search: ", len(names), len(tried))
	if more := len(names) - mostFailures; more > 0 {
		names = append(names[:mostFailures], fmt.Sprintf("%d more", more))
	}
	if more := len(reasons) - mostFailures; more > 0 {
		reasons = append(reasons[:mostFailures], fmt.Sprintf("%d other reasons", more))
	}
	return []string{words + strings.Join(names, ", ") + " (" + strings.Join(reasons, "; ") + ")"}
}

// beside is what a configuration has otherwise than the reference.
func beside(config, reference record.Flat) string {
	other := record.Flat{}
	for knob, value := range config {
		if fmt.Sprint(value) != fmt.Sprint(reference[knob]) {
			other[knob] = value
		}
	}
	return cmp.Or(other.String(), "the reference")
}

// Disturbed warns when others used more of the machine than a measurement bears.
func Disturbed(trials []record.Trial) []string {
	var shares []float64
	for _, t := range trials {
		shares = append(shares, t.OthersCPUShare)
	}
	if len(shares) == 0 {
		return nil
	}
	if median := stats.Median(shares); median > BusyShare {
		return []string{fmt.Sprintf("the machine was busy: others used %s of it in the median trial (up to %s); differences that are not shown here may show on a quiet machine",
			unit.Percent(median), unit.Percent(slices.Max(shares)))}
	}
	return nil
}
