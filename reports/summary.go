package reports

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strings"

	"sluice/harness/record"
	"sluice/reports/plots"
	"sluice/reports/view"
)

// Summary writes the report as Markdown: the answers first, then for each
// scenario its tables, then the machine and how to repeat the run. Pictures are
// linked by the names that Write gives them.
func Summary(w io.Writer, rep record.Report) error {
	buffered := bufio.NewWriter(w)
	m := markdown{w: buffered}
	v := view.New(rep)
	m.head(v)
	for i, scene := range v.Scenes {
		m.scene(scene, plots.For(rep.Run, rep.Outcomes[i]))
	}
	m.tail(v)
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	return nil
}

// markdown writes views. Write errors stay in the buffered writer until Flush.
type markdown struct{ w *bufio.Writer }

func (m markdown) head(v view.View) {
	m.line("# " + escape(v.Title))
	m.words(v.Question)
	m.words(v.State)
	for _, scene := range v.Scenes {
		m.line("\n**" + escape(scene.Name) + "**: " + words(scene.Answer))
		for _, more := range scene.More {
			m.line(words(more))
		}
	}
}

func (m markdown) scene(s view.Scene, charts []plots.Chart) {
	m.line("\n## " + escape(s.Name))
	for _, warning := range s.Warnings {
		m.line("\n> Warning: " + words(warning))
	}
	for _, chart := range charts {
		m.line(fmt.Sprintf("\n![%s](%s-%s.png)", escape(chart.Alt), s.Slug, chart.Name))
	}
	for _, table := range s.Tables {
		m.table(table)
	}
	m.line("")
	for _, fact := range s.Facts {
		m.line("- " + escape(fact.Name) + ": " + words(fact.Text))
	}
	m.command("Repeat one of its trials:", s.Repeat)
}

func (m markdown) tail(v view.View) {
	m.line("\n## Machine and run\n")
	for _, fact := range v.Facts {
		m.line("- " + escape(fact.Name) + ": " + words(fact.Text))
	}
	m.command("Repeat the run:", v.Repeat)
}

func (m markdown) table(t view.Table) {
	m.line("\n### " + escape(t.Caption))
	m.grid(t)
}

// grid is a table without its caption.
func (m markdown) grid(t view.Table) {
	m.line("")
	var head, rule []string
	for _, column := range t.Columns {
		head = append(head, cell(view.Words(column.Name)))
		rule = append(rule, map[bool]string{true: "---:", false: "---"}[column.Right])
	}
	m.line("| " + strings.Join(head, " | ") + " |")
	m.line("| " + strings.Join(rule, " | ") + " |")
	for _, row := range t.Rows {
		cells := make([]string, len(row.Cells))
		for i, c := range row.Cells {
			cells[i] = cell(c.Words)
			if row.Strong && i == 0 {
				cells[i] = "**" + cells[i] + "**"
			}
		}
		m.line("| " + strings.Join(cells, " | ") + " |")
	}
	m.words(t.Note)
}

// command stands in an indented block, which no backtick can end.
func (m markdown) command(lead, command string) {
	if command != "" {
		m.line("\n" + lead + "\n\n    " + command)
	}
}

func (m markdown) words(w view.Words) {
	if w != "" {
		m.line("\n" + words(w))
	}
}

func (m markdown) line(text string) {
	m.w.WriteString(text)
	m.w.WriteByte('\n')
}

// words is Words as Markdown: code stays code, the rest is escaped.
func words(w view.Words) string {
	var b strings.Builder
	for _, span := range view.Words(w.Ordinary()).Spans() {
		if span.Code {
			b.WriteString("`" + span.Text + "`")
			continue
		}
		b.WriteString(escape(span.Text))
	}
	return b.String()
}

// cell is Words within a table, where a bar would end the cell even in code.
func cell(w view.Words) string {
	return cmp.Or(strings.ReplaceAll(strings.ReplaceAll(words(w), `\|`, "|"), "|", `\|`), " ")
}

// escape keeps foreign text from being read as markup.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, "`", "\\`", "<", "&lt;", ">", "&gt;", "&", "&amp;", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "|", `\|`, "#", `\#`).Replace(s)
}
