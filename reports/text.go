package reports

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"sluice/harness/record"
	"sluice/reports/view"
)

// TextWidth is the widest line that Text writes, in columns.
const TextWidth = 100

// Text writes the report for a terminal: the answer first, then the figures in
// aligned columns, at most TextWidth wide (a path or a command that must stay
// whole may be longer). With color, verdicts carry the usual escape sequences;
// the words stand beside them either way.
func Text(w io.Writer, rep record.Report, color bool) error {
	buffered := bufio.NewWriter(w)
	t := terminal{w: buffered, color: color}
	t.view(view.New(rep))
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("write the report as text: %w", err)
	}
	return nil
}

// terminal writes views. Write errors stay in the buffered writer until Flush.
type terminal struct {
	w     *bufio.Writer
	color bool
}

func (t terminal) view(v view.View) {
	t.line(t.bold(v.Title))
	t.paragraph("", v.Question)
	t.paragraph("", v.State)
	for _, scene := range v.Scenes {
		t.scene(scene)
	}
	t.line("")
	if v.Repeat != "" {
		t.line("repeat  " + v.Repeat)
	}
	t.line("run     " + v.Run)
}

func (t terminal) scene(s view.Scene) {
	t.line("")
	t.line(t.bold(s.Name) + "  " + t.verdict(s.Verdict, string(s.Verdict)))
	t.paragraph("  ", s.Answer)
	for _, more := range s.More {
		t.paragraph("  ", more)
	}
	for _, warning := range s.Warnings {
		t.paragraph("  warning: ", warning)
	}
	for _, table := range s.Tables {
		t.captioned(table)
	}
	t.line("")
	for _, fact := range s.Facts {
		t.paragraph(fmt.Sprintf("  %-15s ", fact.Name), fact.Text)
	}
}

// captioned sets a table below its name.
func (t terminal) captioned(table view.Table) {
	t.line("")
	t.line("  " + t.bold(table.Caption))
	t.table(table)
	t.paragraph("  ", table.Note)
}

// paragraph wraps words; the lines after the first are set in as far as the first.
func (t terminal) paragraph(lead string, words view.Words) {
	if words == "" {
		return
	}
	indent := utf8.RuneCountInString(lead)
	for i, line := range wrap(string(words), TextWidth-indent) {
		if i > 0 {
			lead = strings.Repeat(" ", indent)
		}
		t.line(lead + view.Words(line).Plain())
	}
}

func (t terminal) line(text string) {
	t.w.WriteString(strings.TrimRight(text, " "))
	t.w.WriteByte('\n')
}

func (t terminal) bold(text string) string {
	if !t.color {
		return text
	}
	return "\x1b[1m" + text + "\x1b[0m"
}

func (t terminal) verdict(v record.Verdict, text string) string {
	codes := map[record.Verdict]string{record.Better: "32", record.Worse: "31", record.Undecided: "33", record.NoDifference: "36"}
	if !t.color || codes[v] == "" {
		return text
	}
	return "\x1b[" + codes[v] + "m" + text + "\x1b[0m"
}

// gap stands between two columns.
const gap = "  "

func (t terminal) table(table view.Table) {
	widths := fit(table, TextWidth-2)
	head := make([]view.Cell, len(table.Columns))
	for i, column := range table.Columns {
		head[i].Words = view.Words(column.Name)
	}
	t.row(table, widths, head)
	for _, row := range table.Rows {
		t.row(table, widths, row.Cells)
	}
}

// row writes one row, as many lines deep as its deepest cell.
func (t terminal) row(table view.Table, widths []int, cells []view.Cell) {
	lines, depth := make([][]string, len(cells)), 1
	for i, cell := range cells {
		lines[i] = wrap(string(cell.Words), widths[i])
		depth = max(depth, len(lines[i]))
	}
	for level := range depth {
		var b strings.Builder
		for i, cell := range cells {
			text := ""
			if level < len(lines[i]) {
				text = view.Words(lines[i][level]).Plain()
			}
			pad := strings.Repeat(" ", max(0, widths[i]-utf8.RuneCountInString(text)))
			if cell.Verdict != "" && text != "" {
				text = t.verdict(cell.Verdict, text)
			}
			b.WriteString(gap)
			if table.Columns[i].Right {
				text, pad = pad, text
			}
			b.WriteString(text + pad)
		}
		t.line(b.String())
	}
}

// fit gives each column the width of its widest cell, then narrows the widest
// columns of words until the table fits.
func fit(table view.Table, total int) []int {
	widths := make([]int, len(table.Columns))
	sum := len(gap) * (len(widths) - 1)
	for i, column := range table.Columns {
		widths[i] = width(column.Name)
		for _, row := range table.Rows {
			widths[i] = max(widths[i], width(string(row.Cells[i].Words)))
		}
		sum += widths[i]
	}
	for sum > total {
		widest := 0
		for i := range widths {
			if widths[i] > widths[widest] {
				widest = i
			}
		}
		if widths[widest] <= 8 {
			break // nothing left to give; a very wide table runs over
		}
		widths[widest]--
		sum--
	}
	return widths
}

func width(words string) int { return utf8.RuneCountInString(view.Words(words).Plain()) }

// wrap breaks text at its spaces into lines of at most the given columns. No-break
// spaces hold; a word longer than a line is cut.
func wrap(text string, columns int) []string {
	columns = max(columns, 1)
	var lines []string
	line := ""
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ' ' || r == '\n' }) {
		if line != "" && width(line)+1+width(word) <= columns {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for width(word) > columns {
			cut := cutAt(word, columns)
			lines = append(lines, word[:cut])
			word = word[cut:]
		}
		line = word
	}
	return append(lines, cmp.Or(line, ""))
}

// cutAt is the byte at which the first so many columns of a word end.
func cutAt(word string, columns int) int {
	seen := 0
	for i, r := range word {
		if r == '`' {
			continue // not printed
		}
		if seen == columns {
			return i
		}
		seen++
	}
	return len(word)
}
