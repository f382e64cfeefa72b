package replay

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/harness/record"
	"sluice/harness/search"
	"sluice/harness/space"
)

// The file of a table is text: lines "# key: value" first, each value JSON, then a
// line of column names, a row for each trial, and "# end: N" with the number of
// rows. A reference's row has the word reference in the first knob's place and
// nothing in the others'.

// fixed are the columns between the knobs and the metrics.
func fixed() []string { return []string{"round", "block", "others", "status"} }

// knob is a space.Param as it is written.
type knob struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Scale  string `json:"scale,omitempty"`
	Values []any  `json:"values"`
}

// field is a line of the head: its key and what it is read into or written from.
type field struct {
	key  string
	into any
}

// head is a table's head as it is written.
type head struct {
	schema    string
	recorded  time.Time
	knobs     []knob
	starters  []starter
	reference record.Flat
}

type starter struct {
	ID     string      `json:"id"`
	Config record.Flat `json:"config"`
}

func (t *Table) fields(h *head) []field {
	return []field{
		{"schema", &h.schema},
		{"name", &t.Name},
		{"question", &t.Question},
		{"objective", &t.Objective},
		{"machine", &t.Machine},
		{"scenario", &t.Scenario},
		{"version", &t.Version},
		{"recorded", &h.recorded},
		{"space", &h.knobs},
		{"reference", &h.reference},
		{"starters", &h.starters},
		{"expected", &t.Expected},
	}
}

// Write writes the table. Figures have five significant digits.
func (t Table) Write(w io.Writer) error {
	h := head{schema: TableSchema, recorded: t.Recorded, reference: t.Reference, starters: []starter{}}
	for _, p := range t.Space {
		h.knobs = append(h.knobs, knob{p.Name, p.Type, p.Scale, p.Values})
	}
	for _, s := range t.Starters {
		h.starters = append(h.starters, starter{s.ID, s.Config})
	}
	b := bufio.NewWriter(w)
	for _, f := range t.fields(&h) {
		value, err := json.Marshal(f.into)
		if err != nil {
			return fmt.Errorf("write the table's %s: %w", f.key, err)
		}
		fmt.Fprintf(b, "# %s: %s\n", f.key, value)
	}
	fmt.Fprintln(b, strings.Join(t.columns(), ","))
	for _, tr := range t.Trials {
		row := t.row(tr)
		if i := slices.IndexFunc(row, func(cell string) bool { return strings.ContainsAny(cell, ",\r\n") }); i >= 0 {
			return fmt.Errorf("write the table: %q of %s holds a comma or an end of line", row[i], t.columns()[i])
		}
		fmt.Fprintln(b, strings.Join(row, ","))
	}
	fmt.Fprintf(b, "# end: %d\n", len(t.Trials))
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}

func (t Table) columns() []string {
	var names []string
	for _, p := range t.Space {
		names = append(names, p.Name)
	}
	return slices.Concat(names, fixed(), t.Metrics)
}

func (t Table) row(tr Trial) []string {
	var cells []string
	for i, p := range t.Space {
		switch {
		case tr.Config != nil:
			cells = append(cells, fmt.Sprint(tr.Config[p.Name]))
		case i == 0:
			cells = append(cells, referenceArm)
		default:
			cells = append(cells, "")
		}
	}
	cells = append(cells, strconv.Itoa(tr.Round), strconv.Itoa(tr.Block), short(tr.Others, 3), string(tr.Status))
	for _, value := range tr.Values {
		cells = append(cells, short(value, 5))
	}
	return cells
}

// short writes a figure with few digits, none for one that there is not.
func short(v float64, digits int) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', digits, 64)
}

// mostTable bounds a table's file, in bytes: far more than a grid of 2,000
// configurations in 30 rounds takes.
const mostTable = 64 << 20

// ReadTable reads a table strictly; name is what errors call it, "file:line: what".
func ReadTable(name string, r io.Reader) (Table, error) {
	data, err := io.ReadAll(io.LimitReader(r, mostTable+1))
	if err != nil {
		return Table{}, fmt.Errorf("read table %s: %w", name, err)
	}
	if len(data) > mostTable {
		return Table{}, fmt.Errorf("%s is larger than 64 MiB; a table of searches is some 100 kB", name)
	}
	p := &parser{name: name, lines: bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))}
	if err := p.table(); err != nil {
		return Table{}, err
	}
	if err := p.t.Validate(); err != nil {
		return Table{}, fmt.Errorf("%s: %w", name, err)
	}
	return p.t, nil
}

// parser reads a table line by line.
type parser struct {
	name  string
	lines [][]byte
	at    int // of the next line, from 0
	t     Table
	known map[string]any // knob=text to value
}

func (p *parser) fault(format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", p.name, p.at, fmt.Sprintf(format, args...))
}

// next is the next line; false at the end of the file.
func (p *parser) next() (string, bool) {
	if p.at >= len(p.lines) {
		p.at = len(p.lines)
		return "", false
	}
	p.at++
	return strings.TrimSuffix(string(p.lines[p.at-1]), "\r"), true
}

func (p *parser) table() error {
	if err := p.head(); err != nil {
		return err
	}
	if err := p.columns(); err != nil {
		return err
	}
	for {
		line, ok := p.next()
		if !ok {
			return p.fault("the table is cut short: after %d trials there is no line \"# end\"; copy it whole, or record it again (make tables)", len(p.t.Trials))
		}
		if count, ended := strings.CutPrefix(line, "# end: "); ended {
			return p.end(count)
		}
		if err := p.trial(line); err != nil {
			return err
		}
	}
}

func (p *parser) end(count string) error {
	if n, err := strconv.Atoi(count); err != nil || n != len(p.t.Trials) {
		return p.fault("the table says that it has %s trials and has %d; it was cut or edited", count, len(p.t.Trials))
	}
	if _, more := p.next(); more {
		return p.fault("there is a line after the end")
	}
	return nil
}

func (p *parser) head() error {
	var h head
	for _, f := range p.t.fields(&h) {
		line, _ := p.next()
		value, ok := strings.CutPrefix(line, "# "+f.key+": ")
		if !ok {
			if f.key == "schema" {
				return p.fault("this is no table of searches: it begins with %q, not with \"# schema: …\" (sluice search table makes one of a stored run)", cut(line))
			}
			return p.fault("found %q, expected \"# %s: …\"", cut(line), f.key)
		}
		if err := json.Unmarshal([]byte(value), f.into); err != nil {
			return p.fault("%s: %v", f.key, err)
		}
		if f.key == "schema" && h.schema != TableSchema {
			return p.fault("schema is %q; this sluice reads %s", h.schema, TableSchema)
		}
	}
	p.t.Recorded, p.t.Reference, p.known = h.recorded, h.reference, map[string]any{}
	for _, k := range h.knobs {
		for i, value := range k.Values {
			k.Values[i] = whole(value)
			p.known[k.Name+"="+fmt.Sprint(k.Values[i])] = k.Values[i]
		}
		p.t.Space = append(p.t.Space, space.Param{Name: k.Name, Type: k.Type, Scale: k.Scale, Values: k.Values})
	}
	for _, s := range h.starters {
		p.t.Starters = append(p.t.Starters, search.Candidate{ID: s.ID, Config: s.Config})
	}
	return nil
}

// cut shortens a line that is quoted in an error.
func cut(line string) string {
	if runes := []rune(line); len(runes) > 60 {
		return string(runes[:60]) + "…"
	}
	return line
}

// whole gives a number from JSON the type that configurations have.
func whole(value any) any {
	if v, ok := value.(float64); ok && v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		return int64(v)
	}
	return value
}

func (p *parser) columns() error {
	line, _ := p.next()
	names := strings.Split(line, ",")
	p.t.Metrics = nil
	want := p.t.columns()
	if len(names) <= len(want) || !slices.Equal(names[:len(want)], want) {
		return p.fault("the columns are %q; expected those of the space, then %s and metrics: %s,…", cut(line), strings.Join(fixed(), ", "), strings.Join(want, ","))
	}
	p.t.Metrics = names[len(want):]
	return nil
}

func (p *parser) trial(line string) error {
	cells := strings.Split(line, ",")
	if want := len(p.t.columns()); len(cells) != want {
		return p.fault("found %d columns, expected %d: %q", len(cells), want, cut(line))
	}
	tr := Trial{}
	knobs := len(p.t.Space)
	if cells[0] != referenceArm {
		tr.Config = record.Flat{}
		for i, param := range p.t.Space {
			value, ok := p.known[param.Name+"="+cells[i]]
			if !ok {
				return p.fault("%s is %q, which the space does not list (%s)", param.Name, cells[i], list(param.Values))
			}
			tr.Config[param.Name] = value
		}
	}
	rest := cells[knobs:]
	var errs [3]error
	tr.Round, errs[0] = count(rest[0])
	tr.Block, errs[1] = count(rest[1])
	tr.Others, errs[2] = figure(rest[2])
	if err := errors.Join(errs[:]...); err != nil {
		return p.fault("round, block or others: %v", err)
	}
	tr.Status = record.Status(rest[3])
	if !slices.Contains([]record.Status{record.OK, record.Failed, record.Killed, record.TimedOut, record.WrongDigest}, tr.Status) {
		return p.fault("status is %q; use ok, failed, killed, timed-out or wrong-digest", cut(rest[3]))
	}
	for i, text := range rest[len(fixed()):] {
		value, err := figure(text)
		if err != nil || tr.Status == record.OK && p.t.Metrics[i] == p.t.Objective && !(value > 0) {
			return p.fault("%s is %q; expected a number above 0", p.t.Metrics[i], cut(text))
		}
		tr.Values = append(tr.Values, value)
	}
	p.t.Trials = append(p.t.Trials, tr)
	return nil
}

func list(values []any) string {
	words := make([]string, len(values))
	for i, value := range values {
		words[i] = fmt.Sprint(value)
	}
	return strings.Join(words, ", ")
}

func count(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 1<<30 {
		return 0, fmt.Errorf("found %q, expected a whole number from 0", cut(text))
	}
	return n, nil
}

// figure reads a number; nothing is one that there is not.
func figure(text string) (float64, error) {
	if text == "" {
		return math.NaN(), nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("found %q, expected a number", cut(text))
	}
	return v, nil
}
