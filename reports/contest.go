package reports

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"sluice/harness/record"
	"sluice/reports/page"
	"sluice/reports/plots"
	"sluice/reports/view"
)

// ContestText writes a contest of limiters for a terminal: the answers, the
// ranking, then each plant with its leaders, at most TextWidth wide.
func ContestText(w io.Writer, c record.Contest, asked view.Asked, color bool) error {
	buffered := bufio.NewWriter(w)
	t := terminal{w: buffered, color: color}
	t.contest(view.NewContest(c, asked))
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("write the contest as text: %w", err)
	}
	return nil
}

func (t terminal) contest(v view.Contest) {
	t.line(t.bold(v.Title))
	for _, answer := range v.Answers {
		t.paragraph("  ", answer)
	}
	for _, warning := range v.Warnings {
		t.paragraph("  warning: ", warning)
	}
	for _, table := range v.Tables {
		t.captioned(table)
	}
	for _, p := range v.Plants {
		t.line("")
		t.line(t.bold(p.Name))
		t.paragraph("  ", p.Doc)
		t.paragraph("  ", p.Said)
		t.table(p.Brief)
		t.paragraph("  ", p.Brief.Note)
	}
	t.line("")
	t.paragraph("  ", view.Legend)
	for _, fact := range v.Facts {
		t.paragraph(fmt.Sprintf("  %-15s ", fact.Name), fact.Text)
	}
}

// ContestSummary writes a contest as Markdown, every contestant on every plant.
// Pictures are linked by the names that WriteContest gives them.
func ContestSummary(w io.Writer, c record.Contest, asked view.Asked) error {
	buffered := bufio.NewWriter(w)
	markdown{w: buffered}.contest(view.NewContest(c, asked), gallery(c, asked.Base))
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("write the contest's summary: %w", err)
	}
	return nil
}

func (m markdown) contest(v view.Contest, g page.Gallery) {
	m.line("# " + escape(v.Title))
	for _, answer := range v.Answers {
		m.words(answer)
	}
	for _, warning := range v.Warnings {
		m.line("\n> Warning: " + words(warning))
	}
	m.pictures(g.Ranking)
	for _, table := range v.Tables {
		m.table(table)
	}
	for i, p := range v.Plants {
		m.line("\n## " + escape(p.Name))
		m.words(p.Doc)
		m.words(p.Said)
		m.pictures(g.Plants[i])
		m.grid(p.All)
	}
	m.line("")
	m.line(words(view.Legend))
	m.table(v.Docs)
	m.line("")
	for _, fact := range v.Facts {
		m.line("- " + escape(fact.Name) + ": " + words(fact.Text))
	}
	m.command("Repeat it:", v.Repeat)
}

func (m markdown) pictures(charts []plots.Chart) {
	for _, chart := range charts {
		m.line(fmt.Sprintf("\n![%s](%s.png)", escape(chart.Alt), chart.Name))
	}
}

// gallery is the contest's pictures: the ranking, then those of each plant. base is
// the contestant that the others vary, or empty.
func gallery(c record.Contest, base string) page.Gallery {
	g := page.Gallery{Ranking: plots.Ranking(c), Plants: make([][]plots.Chart, len(c.Plants))}
	for i, slug := range view.PlantSlugs(c) {
		g.Plants[i] = plots.Limits(c, i, slug, base)
	}
	return g
}

// WriteContest draws a contest into dir as Write does a report: index.html,
// summary.md, a PNG for each picture, and contest.json with all that was found.
// It returns the paths of what it wrote, the page first.
func WriteContest(dir string, c record.Contest, asked view.Asked) ([]string, error) {
	folder, err := begin(dir)
	if err != nil {
		return nil, err
	}
	g := gallery(c, asked.Base)
	for _, chart := range g.All() {
		folder.write(chart.Name+".png", chart.PNG)
	}
	folder.write("summary.md", func() ([]byte, error) {
		var b bytes.Buffer
		err := ContestSummary(&b, c, asked)
		return b.Bytes(), err
	})
	folder.write("contest.json", func() ([]byte, error) { return json.Marshal(c) })
	folder.write("index.html", func() ([]byte, error) { return page.Contest(view.NewContest(c, asked), g) })
	folder.sweep()
	if err := errors.Join(folder.errs...); err != nil {
		return nil, fmt.Errorf("write the report: %w", err)
	}
	return folder.paths(), nil
}
