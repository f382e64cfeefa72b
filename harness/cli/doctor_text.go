package cli

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"sluice/harness/machine/doctor"
	"sluice/harness/record"
	"sluice/harness/unit"
)

// doctorWidth is the widest line for people, but for commands to be copied.
const doctorWidth = 100

// doctorText writes the verdict, the figures behind it and the findings.
func doctorText(w io.Writer, r doctor.Report, color bool) error {
	p := &doctorPage{w: bufio.NewWriter(w), color: color}
	p.verdict(r)
	p.figures(r.Spin)
	p.placebos(r.Placebo)
	p.blank()
	for _, f := range r.Findings {
		p.finding(f)
	}
	if len(r.Absent) > 0 {
		p.labelled("absent", "2", strings.Join(r.Absent, ", "))
	}
	return p.w.Flush()
}

// doctorPage writes; errors stay in the buffered writer until Flush.
type doctorPage struct {
	w     *bufio.Writer
	color bool
}

func (p *doctorPage) paint(code, text string) string {
	if !p.color || code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p *doctorPage) blank() { fmt.Fprintln(p.w) }

func (p *doctorPage) verdict(r doctor.Report) {
	code := "1;33"
	if r.Quiet {
		code = "1;32"
	}
	fmt.Fprintln(p.w, p.paint(code, r.Verdict))
}

// figures are how far A lies from A, and what would be seen behind that.
func (p *doctorPage) figures(s doctor.Spun) {
	p.blank()
	fmt.Fprintf(p.w, "%s of one computation with itself, %s of CPU time for each of %s:\n\n",
		count(s.Wall.N, "pair"), unit.Time(s.LapS), count(s.Threads, "thread"))
	fmt.Fprintf(p.w, "  %-12s%10s%18s", "", "median", "scatter of a pair")
	for _, effect := range s.Wall.Detectable {
		fmt.Fprintf(p.w, "%15s", fmt.Sprintf("%d pairs show", effect.Pairs))
	}
	fmt.Fprintf(p.w, "    %s\n", "A against A")
	for _, row := range []struct {
		name string
		f    doctor.Figure
	}{{"wall time", s.Wall}, {"CPU seconds", s.CPU}} {
		fmt.Fprintf(p.w, "  %-12s%10s%18s", row.name, unit.Time(row.f.Median), doctor.Share(row.f.Spread))
		for _, effect := range row.f.Detectable {
			fmt.Fprintf(p.w, "%15v", effect)
		}
		verdict := "no difference seen"
		if row.f.Different {
			verdict = "a false difference"
		}
		fmt.Fprintf(p.w, "    %s\n", verdict)
	}
	p.blank()
	p.wrapped("", "An effect is shown four times in five, at 95 % confidence and without a margin. Trials that read files or last longer scatter in their own way.")
}

// placebos are the reference against itself in runs of this store, where there are
// any.
func (p *doctorPage) placebos(all []record.Placebo) {
	for _, b := range all {
		p.blank()
		line := fmt.Sprintf("placebo of %s in this store: %s on %s scatter by %s; %d of %s called different, a true rate of %s to %s",
			unit.Short(b.Metric), count(b.Pairs, "pair"), b.Class, doctor.Share(b.Spread), b.False, count(b.Comparisons, "comparison"),
			doctor.Share(b.RateLow), doctor.Share(b.RateHigh))
		if b.Detectable > 0 {
			line += "; " + unit.Ratio(b.Detectable) + " shows"
		}
		p.wrapped("", line)
	}
}

func (p *doctorPage) finding(f doctor.Finding) {
	code := map[doctor.Severity]string{doctor.Warning: "33", doctor.Note: "36", doctor.OK: "32"}[f.Severity]
	p.labelled(string(f.Severity), code, f.Topic+": "+f.Found)
	if f.Why != "" {
		p.wrapped(doctorIndent+"why     ", f.Why)
	}
	if f.Change != "" {
		fmt.Fprintln(p.w, doctorIndent+"change  "+f.Change) // whole, to be copied
	}
}

// doctorIndent is as wide as the widest severity and a gap.
const doctorIndent = "         "

func (p *doctorPage) labelled(label, code, text string) {
	lead := label + doctorIndent[len(label):]
	for i, line := range doctorWrap(text, doctorWidth-len(doctorIndent)) {
		if i > 0 {
			lead = doctorIndent
		}
		fmt.Fprintln(p.w, p.lead(lead, label, code)+line)
	}
}

func (p *doctorPage) lead(lead, label, code string) string {
	if strings.HasPrefix(lead, label) {
		return p.paint(code, label) + lead[len(label):]
	}
	return lead
}

// wrapped writes text with a lead before its first line.
func (p *doctorPage) wrapped(lead, text string) {
	indent := utf8.RuneCountInString(lead)
	for i, line := range doctorWrap(text, doctorWidth-indent) {
		if i > 0 {
			lead = strings.Repeat(" ", indent)
		}
		fmt.Fprintln(p.w, lead+line)
	}
}

// doctorWrap breaks text at spaces into lines of at most so many columns.
func doctorWrap(text string, columns int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > columns {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
