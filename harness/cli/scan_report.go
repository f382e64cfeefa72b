package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"sluice/harness/target"
	"sluice/harness/unit"
	"sluice/scanner"
	"sluice/scanner/finding"
	"sluice/workloads/storage"
)

// report writes findings, statistics and summary, and lets --fail-on speak. Where
// the statistics cannot be written the findings are not lost.
func (f *scanFlags) report(s *streams, in input, r scanner.Result, extra extras) error {
	for i := range r.Findings {
		r.Findings[i].Path = path.Join(filepath.ToSlash(in.prefix), r.Findings[i].Path)
	}
	for i := range r.Failures {
		r.Failures[i].Path = path.Join(filepath.ToSlash(in.prefix), r.Failures[i].Path)
	}
	if f.stats != "-" {
		write := func() error { return finding.WriteText(s.out, r.Findings, color(s.out)) }
		if f.format == "json" {
			write = func() error { return finding.WriteJSON(s.out, r.Findings) }
		}
		if err := write(); err != nil {
			return fmt.Errorf("write the findings: %w", err)
		}
	}
	if err := f.writeStats(s, r, extra); err != nil {
		return err
	}
	if !f.quiet {
		f.summary(s, r)
	}
	if worst := above(r.Findings, f.failOn); worst > 0 {
		return &policyError{fmt.Sprintf("%d findings of severity %s or above", worst, f.failOn)}
	}
	if failed := total(r.Stats.Failed); failed > 0 && r.Stats.Scanned == 0 {
		first := r.Failures[0]
		return fmt.Errorf("nothing could be scanned, the first to fail was %s (%s): %s; make it readable, or leave it out", harmless(first.Path, ""), first.Reason, harmless(first.Detail, "\n\t"))
	}
	return nil
}

// achieved says how the simulated storage did.
func (f *scanFlags) achieved(slow *storage.FS) *target.StorageReport {
	if f.storage == "local" {
		return nil
	}
	a := slow.Achieved()
	return &target.StorageReport{Profile: f.storage, Opens: a.Opens, AskedMeanS: a.AskedMeanS, MeanS: a.MeanS, P50S: a.P50S, P99S: a.P99S}
}

func (f *scanFlags) writeStats(s *streams, r scanner.Result, extra extras) error {
	if f.stats == "" {
		return nil
	}
	stats := target.ScanStats{Stats: r.Stats, Storage: extra.storage, Isolation: extra.isolation}
	data, err := json.Marshal(stats)
	if err != nil {
		return fmt.Errorf("statistics: %w", err)
	}
	data = append(data, '\n')
	if f.stats == "-" {
		_, err = s.out.Write(data)
	} else {
		err = os.WriteFile(f.stats, data, 0o644)
	}
	if err != nil {
		return usagef("write the statistics: %w (name a file that can be written with --stats, or - for stdout)", err)
	}
	return nil
}

// summary says what became of every file.
func (f *scanFlags) summary(s *streams, r scanner.Result) {
	st := r.Stats
	fmt.Fprintf(s.err, "%d findings in %d files (%s) scanned in %s, %s\n", len(r.Findings), st.Scanned,
		unit.Bytes(st.Bytes), unit.Time(st.WallS), unit.Format("throughput_bytes_per_s", st.ThroughputBytesPerS))
	for _, left := range []struct {
		what    string
		reasons map[string]int64
	}{{"skipped", st.Skipped}, {"failed", st.Failed}} {
		if n := total(left.reasons); n > 0 {
			fmt.Fprintf(s.err, "%d %s: %s\n", n, left.what, reasons(left.reasons))
		}
	}
	if !sources(st.Languages) && total(st.Failed) == 0 {
		s.warn("no source file in a language that the rules know was found (Go, Python, JavaScript)")
	}
	for _, warning := range append(slices.Clone(st.Warnings), st.Watch.Warnings()...) {
		s.warn("%s", warning)
	}
	for i, failure := range r.Failures {
		if !f.verbose && i == 3 {
			fmt.Fprintf(s.err, "… %d more; see --verbose\n", len(r.Failures)-i)
			break
		}
		fmt.Fprintf(s.err, "  %s: %s: %s\n", harmless(failure.Path, ""), failure.Reason, harmless(failure.Detail, "\n\t"))
	}
}

// harmless escapes what could command a terminal, the characters in keep apart:
// files may have any name, and errors repeat it.
func harmless(text, keep string) string {
	var out strings.Builder
	for i, r := range text {
		_, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&out, `\x%02x`, text[i])
		case strconv.IsPrint(r) || strings.ContainsRune(keep, r):
			out.WriteRune(r)
		default:
			quoted := strconv.QuoteRune(r)
			out.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return out.String()
}

func sources(languages map[string]int64) bool {
	for language, files := range languages {
		if language != "text" && files > 0 {
			return true
		}
	}
	return false
}

func total(reasons map[string]int64) (n int64) {
	for _, count := range reasons {
		n += count
	}
	return n
}

func reasons(of map[string]int64) string {
	var parts []string
	for reason, count := range of {
		parts = append(parts, fmt.Sprintf("%s %d", reason, count))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// above counts the findings of a severity or worse.
func above(findings []finding.Finding, severity string) (n int) {
	at := slices.Index(severities(), severity)
	for _, f := range findings {
		if slices.Index(severities(), string(f.Severity)) <= at {
			n++
		}
	}
	return n
}
