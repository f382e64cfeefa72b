package cli

import (
	"fmt"
	"io"
	"math"
	"strings"

	"sluice/harness/explain"
	"sluice/harness/unit"
)

// drawExplained writes an explanation for people.
func drawExplained(w io.Writer, e explain.Explanation) error {
	var b strings.Builder
	what := fmt.Sprintf("%d trials", e.Trials)
	if e.Trials == 1 {
		what = "1 trial"
	}
	fmt.Fprintf(&b, "%s: %s, %s of %s", e.Scenario, e.Arm, what, e.Phase)
	if wall, ok := e.Figures["wall_s"]; ok {
		fmt.Fprintf(&b, ", wall %s", unit.Time(wall))
	}
	if busy, ok := e.Figures["cores_busy"]; ok {
		fmt.Fprintf(&b, ", cores %s busy", wholePercent(busy))
	}
	b.WriteString("\n")
	if len(e.Stations) > 0 {
		fmt.Fprintf(&b, "\n  %s\n\n", pipelineOf(e))
		for _, s := range e.Stations {
			fmt.Fprintf(&b, "  %-9s  %s\n", workersOf(s), spentOf(s))
		}
	}
	for i, bound := range e.Bounds {
		b.WriteString("\n")
		drawBound(&b, bound, i == 0)
	}
	if len(e.CannotTell) > 0 {
		fmt.Fprintf(&b, "\n  cannot tell: %s\n", strings.Join(e.CannotTell, "\n               "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// drawBound writes one bound: what it is, why, what would move it, how to check.
func drawBound(b *strings.Builder, bound explain.Bound, first bool) {
	lead := "bound"
	if !first {
		lead = "also"
	}
	fmt.Fprintf(b, "  %s: %s (%s): %s\n", lead, bound.Name, bound.Confidence, bound.Because)
	move := bound.Remedy
	if bound.Knob != "" {
		move = fmt.Sprintf("%s %s to %s: %s", bound.Direction, bound.Knob, valueOf(bound), bound.Remedy)
	}
	fmt.Fprintf(b, "    %s\n", move)
	if bound.AtMost > 1.005 {
		fmt.Fprintf(b, "    throughput at most %s of now, where the next bound is (an estimate, not a promise)\n", unit.Ratio(bound.AtMost))
	} else if bound.Knob != "" && bound.AtMost > 0 {
		b.WriteString("    the next bound is as near: alone it is expected to bring nothing\n")
	}
	for i, command := range bound.Check {
		fmt.Fprintf(b, "    %-7s %s\n", map[bool]string{true: "measure", false: ""}[i == 0], command)
	}
}

// valueOf writes the value that a knob is worth moving to.
func valueOf(b explain.Bound) string {
	bytes, isSize := b.To.(int64)
	switch {
	case isSize:
		return "about " + unit.Bytes(bytes)
	case b.Direction == "change":
		return fmt.Sprint(b.To)
	default:
		return fmt.Sprintf("about %v", b.To)
	}
}

// pipelineOf draws the stations in a line.
func pipelineOf(e explain.Explanation) string {
	var parts []string
	for i, s := range e.Stations {
		if i > 0 {
			parts = append(parts, spanned(e))
		}
		part := fmt.Sprintf("%s %d %s %s", workersOf(s), s.Workers, bar(s.Utilisation), wholePercent(s.Utilisation))
		if s.Name == "read" {
			part += " waiting on storage"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " ─▶ ")
}

// spanned is what lies between readers and analysers.
func spanned(e explain.Explanation) string {
	scheduler, _ := e.Config["cpu.scheduler"].(string)
	switch scheduler {
	case "inline":
		return "same workers"
	case "per-file", "threads":
		return "a seat"
	}
	channel := "channel"
	if buffer, ok := e.Config.Float("channel.buffer"); ok {
		channel = fmt.Sprintf("channel %.0f", buffer)
	}
	if batch, ok := e.Config.Float("channel.batch"); ok && batch > 1 {
		channel += fmt.Sprintf(" × %.0f", batch)
	}
	if blocked, ok := e.Figures["read_blocked"]; ok {
		channel += fmt.Sprintf(" (holds readers up ~%s)", wholePercent(blocked))
	}
	return channel
}

// workersOf is what the workers of a station are called.
func workersOf(s explain.Station) string {
	switch s.Name {
	case "read":
		return "readers"
	case "analyse":
		return "analysers"
	}
	return s.Name
}

// spentOf says what the workers did, what they did most first.
func spentOf(s explain.Station) string {
	var parts []string
	for _, spent := range s.Spent {
		if spent.Share < 0.005 {
			continue
		}
		mark := ""
		if spent.Sampled {
			mark = "~"
		}
		parts = append(parts, fmt.Sprintf("%s %s%s", spent.What, mark, wholePercent(spent.Share)))
	}
	if len(parts) == 0 {
		parts = append(parts, "next to nothing")
	}
	return fmt.Sprintf("%s; a file takes %s and waits %s", strings.Join(parts, ", "), unit.Time(s.ServiceS), unit.Time(s.WaitS))
}

// bar draws a share in ten cells.
func bar(share float64) string {
	full := int(math.Round(10 * min(1, max(0, share))))
	return "▕" + strings.Repeat("█", full) + strings.Repeat("░", 10-full) + "▏"
}

// wholePercent writes a share in whole percents.
func wholePercent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }
