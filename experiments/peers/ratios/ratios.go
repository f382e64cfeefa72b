package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"

	"sluice/harness/stats"
)

// bases are the subjects that the others are held against.
func bases() []string { return []string{"floor", "x-sync"} }

// A table is one benchmark: a row for each subject, a column for each mode, both
// in the order in which they came.
type table struct {
	name     string
	subjects []string
	modes    []string
	cells    map[cell]*series
}

type cell struct{ subject, mode string }

// A series is one cell's rounds.
type series struct{ ns, bytes, allocs []float64 }

// read collects the tables of benchmarks' output, however many passes of them it
// holds. What is no result of a benchmark with a subject is passed over.
func read(r io.Reader, name string) ([]*table, error) {
	var tables []*table
	for in := benchfmt.NewReader(r, name); in.Scan(); {
		switch line := in.Result().(type) {
		case *benchfmt.SyntaxError:
			return nil, line
		case *benchfmt.Result:
			tables = add(tables, line)
		}
	}
	if len(tables) == 0 {
		return nil, fmt.Errorf("%s holds no benchmark with a subject; make it with go test -bench=. -benchmem ./limiters", name)
	}
	return tables, nil
}

func add(tables []*table, line *benchfmt.Result) []*table {
	where, ok := place(line)
	if !ok {
		return tables
	}
	base := string(line.Name.Base())
	at := slices.IndexFunc(tables, func(t *table) bool { return t.name == base })
	if at < 0 {
		at = len(tables)
		tables = append(tables, &table{name: base, cells: map[cell]*series{}})
	}
	tables[at].add(where, line)
	return tables
}

// place reads subject=…/mode=… from a benchmark's name.
func place(line *benchfmt.Result) (cell, bool) {
	var c cell
	_, parts := line.Name.Parts()
	for _, part := range parts {
		key, value, _ := strings.Cut(strings.TrimPrefix(string(part), "/"), "=")
		switch key {
		case "subject":
			c.subject = value
		case "mode":
			c.mode = value
		}
	}
	return c, c.subject != "" && c.mode != ""
}

func (t *table) add(where cell, line *benchfmt.Result) {
	if !slices.Contains(t.subjects, where.subject) {
		t.subjects = append(t.subjects, where.subject)
	}
	if !slices.Contains(t.modes, where.mode) {
		t.modes = append(t.modes, where.mode)
	}
	s := t.cells[where]
	if s == nil {
		s = &series{}
		t.cells[where] = s
	}
	seconds, _ := line.Value("sec/op")
	bytes, _ := line.Value("B/op")
	allocs, _ := line.Value("allocs/op")
	s.ns, s.bytes, s.allocs = append(s.ns, seconds*1e9), append(s.bytes, bytes), append(s.allocs, allocs)
}

// write prints the table as Markdown: nanoseconds and ratios as the least of the
// rounds, with the median in brackets. A ratio's least is that of the leasts, its
// median that of the rounds' own ratios: what slowed a whole round down falls out.
func (t *table) write(w io.Writer) error {
	rows := [][]string{t.heading()}
	for _, subject := range t.subjects {
		row, err := t.row(subject)
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	fmt.Fprintf(w, "%s, least (median) of %d rounds:\n\n", t.name, len(t.cells[cell{t.subjects[0], t.modes[0]}].ns))
	for i, row := range rows {
		fmt.Fprintf(w, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			fmt.Fprintln(w, "|---"+strings.Repeat("|--:", len(row)-1)+"|")
		}
	}
	_, err := fmt.Fprintln(w)
	return err
}

func (t *table) heading() []string {
	row := []string{"subject"}
	for _, mode := range t.modes {
		row = append(row, mode+" ns")
		for _, base := range t.bases() {
			row = append(row, "× "+base)
		}
	}
	return append(row, "B", "allocs")
}

// bases are those of the bases that took part.
func (t *table) bases() []string {
	return slices.DeleteFunc(bases(), func(base string) bool { return !slices.Contains(t.subjects, base) })
}

func (t *table) row(subject string) ([]string, error) {
	row := []string{subject}
	var bytes, allocs float64
	for _, mode := range t.modes {
		s, err := t.series(subject, mode)
		if err != nil {
			return nil, err
		}
		row = append(row, figure(slices.Min(s.ns), stats.Median(s.ns)))
		for _, base := range t.bases() {
			ratio, err := t.ratio(s, base, mode)
			if err != nil {
				return nil, err
			}
			row = append(row, ratio)
		}
		bytes, allocs = max(bytes, stats.Median(s.bytes)), max(allocs, stats.Median(s.allocs))
	}
	return append(row, fmt.Sprintf("%.0f", bytes), fmt.Sprintf("%.0f", allocs)), nil
}

// series returns a cell's rounds: as many as the first cell has, or the output is
// that of a run which did not end.
func (t *table) series(subject, mode string) (*series, error) {
	s, want := t.cells[cell{subject, mode}], len(t.cells[cell{t.subjects[0], t.modes[0]}].ns)
	if s == nil || len(s.ns) != want {
		got := len(cmp.Or(s, &series{}).ns)
		return nil, fmt.Errorf("%s: %s, %s has %d rounds where %s has %d; run them all again", t.name, subject, mode, got, t.subjects[0], want)
	}
	return s, nil
}

func (t *table) ratio(s *series, base, mode string) (string, error) {
	b, err := t.series(base, mode)
	if err != nil {
		return "", err
	}
	rounds := make([]float64, len(s.ns))
	for i := range rounds {
		rounds[i] = s.ns[i] / b.ns[i]
	}
	return figure(slices.Min(s.ns)/slices.Min(b.ns), stats.Median(rounds)), nil
}

func figure(least, median float64) string { return fmt.Sprintf("%s (%s)", short(least), short(median)) }

// short writes a figure with three digits, and no exponent.
func short(f float64) string {
	switch {
	case f < 10:
		return fmt.Sprintf("%.2f", f)
	case f < 100:
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprintf("%.0f", f)
}
