package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
)

// document is what is written down: sluice.search-peers/v1.
type document struct {
	Schema string `json:"schema"`
	settings
	Versions []string `json:"versions"`
	Rows     []row    `json:"rows"`
	Absent   []absent `json:"absent,omitzero"`
}

const schema = "sluice.search-peers/v1"

// print writes a table per problem, and who is left out.
func (d document) print(w io.Writer) error {
	fmt.Fprintf(w, "%d launches, %g %% noise, %d seeds; %s\n", d.Launches, 100*d.Noise, d.Seeds, strings.Join(d.Versions, ", "))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	last := ""
	for _, r := range d.Rows {
		if r.Problem != last {
			last = r.Problem
			fmt.Fprintf(t, "\n%s\thit 5 %%\thit 2 %%\trec 5 %%\trec 2 %%\t%sclaim\tworse\tkept\ts/search\n", r.Problem, markNames(r))
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s%+.1f %%\t%d\t%d\t%.2g%s\n", r.Contestant, d.cell(r.Hit5), d.cell(r.Hit2), d.cell(r.Rec5), d.cell(r.Rec2), truths(r), 100*r.Bias, r.Worse, r.Kept, r.Seconds, lost(r))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, a := range d.Absent {
		fmt.Fprintf(w, "\nleft out: %s (%s)", a.Name, a.Reason)
	}
	_, err := fmt.Fprint(w, "\nhit, rec: launches, median / 95 % of the searches (how many got there); true: of what is recommended at that launch, of the best, median / worst 5 %\n")
	return err
}

func markNames(r row) string {
	var b strings.Builder
	for _, t := range r.True {
		fmt.Fprintf(&b, "true at %d\t", t.Launches)
	}
	return b.String()
}

func truths(r row) string {
	var b strings.Builder
	for _, t := range r.True {
		fmt.Fprintf(&b, "%.3f / %.3f\t", t.Median, t.Worst5)
	}
	return b.String()
}

func lost(r row) string {
	if r.Lost == 0 {
		return ""
	}
	return fmt.Sprintf("  %d lost", r.Lost)
}

// cell puts a reach in short: "31 / 96 (50)".
func (d document) cell(r reach) string {
	return fmt.Sprintf("%s / %s (%d)", d.count(r.Median), d.count(r.P95), r.Reached)
}

func (d document) count(n int) string {
	if n == 0 {
		return ">" + strconv.Itoa(d.Launches)
	}
	return strconv.Itoa(n)
}

// write leaves search.json and search.csv in a folder, which it makes.
func (d document) write(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	data, err := json.MarshalIndent(d, "", "\t")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "search.json"), append(data, '\n'), 0o644); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(folder, "search.csv"))
	if err != nil {
		return err
	}
	defer f.Close()
	if err := d.writeCSV(f); err != nil {
		return err
	}
	return f.Close()
}

// writeCSV writes a line per search, so that every score can be made again.
func (d document) writeCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	head := []string{"problem", "contestant", "seed", "hit_5", "hit_2", "rec_5", "rec_2"}
	for _, mark := range marks(d.Launches) {
		head = append(head, "true_"+strconv.Itoa(mark))
	}
	lines := [][]string{append(head, "bias", "kept", "worse", "seconds", "lost")}
	for _, r := range d.Rows {
		for _, o := range r.Searches {
			lines = append(lines, o.line(r))
		}
	}
	return c.WriteAll(lines)
}

func (o outcome) line(r row) []string {
	line := []string{r.Problem, r.Contestant, strconv.FormatUint(o.Seed, 10)}
	for _, n := range []int{o.Hit5, o.Hit2, o.Rec5, o.Rec2} {
		line = append(line, strconv.Itoa(n))
	}
	for _, share := range append(o.True, o.Bias) {
		line = append(line, strconv.FormatFloat(share, 'f', 5, 64))
	}
	return append(line, strconv.FormatBool(o.Kept), strconv.FormatBool(o.Worse), strconv.FormatFloat(o.Seconds, 'f', 3, 64), o.Lost)
}
