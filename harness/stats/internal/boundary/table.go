package boundary

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Power is the exponent of the spending function in use. docs/statistics.md
// has the comparison that chose it.
const Power = 3

// The simulation behind the table. Its paths put the standard error of a spent
// error of 0.05 at 0.00015.
const (
	tablePaths = 2_000_000
	tableSeed  = 1993
)

// Row is a plan with its critical values, index n as [Calibrate] returns them.
type Row struct {
	Plan
	Critical []int
}

// Tabled lists the plans of the table: errors of 0.05 and 0.025 (two candidates
// sharing 0.05), every number of pairs up to 60, then 70, 80, 90 and 100.
func Tabled() []Plan {
	var plans []Plan
	for _, alpha := range []float64{0.05, 0.025} {
		for most := 6; most <= MaxPairs; most++ {
			if Rounded(most) == most {
				plans = append(plans, Plan{Alpha: alpha, Most: most, Power: Power})
			}
		}
	}
	return plans
}

// Rounded is the least number of pairs in the table that is at least most.
func Rounded(most int) int {
	if most <= 60 {
		return most
	}
	return (most + 9) / 10 * 10
}

// Tabulate calibrates plans as for the table.
func Tabulate(plans []Plan) []Row {
	critical := Calibrate(plans, tablePaths, tableSeed)
	rows := make([]Row, len(plans))
	for i, p := range plans {
		rows[i] = Row{Plan: p, Critical: critical[i]}
	}
	return rows
}

// Format writes rows as text: a line per row with alpha, most, the first pair
// after which anything can be rejected, and the critical values from there on.
func Format(rows []Row) []byte {
	var out bytes.Buffer
	out.WriteString("# Made by go generate (internal/boundaries). alpha, most pairs, first look, critical values from there on.\n")
	for _, r := range rows {
		first := First(r.Critical)
		fmt.Fprintf(&out, "%g %d %d", r.Alpha, r.Most, first)
		for _, t := range r.Critical[first:] {
			fmt.Fprintf(&out, " %d", t)
		}
		out.WriteByte('\n')
	}
	return out.Bytes()
}

// First is the first index with a critical value, len(critical) when none has.
func First(critical []int) int {
	if i := slices.IndexFunc(critical, func(t int) bool { return t != None }); i >= 0 {
		return i
	}
	return len(critical)
}

// Parse reads what Format wrote.
func Parse(table string) ([]Row, error) {
	var rows []Row
	number := 0
	for line := range strings.Lines(table) {
		number++
		if strings.HasPrefix(line, "#") {
			continue
		}
		row, err := parseRow(strings.Fields(line))
		if err != nil {
			return nil, fmt.Errorf("boundaries.txt:%d: %w; run go generate ./harness/stats", number, err)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func parseRow(fields []string) (Row, error) {
	if len(fields) < 3 {
		return Row{}, fmt.Errorf("%d fields, want alpha, most, first look and critical values", len(fields))
	}
	alpha, err := strconv.ParseFloat(fields[0], 64)
	if err != nil {
		return Row{}, err
	}
	numbers := make([]int, len(fields)-1)
	for i, field := range fields[1:] {
		if numbers[i], err = strconv.Atoi(field); err != nil {
			return Row{}, err
		}
	}
	most, first, values := numbers[0], numbers[1], numbers[2:]
	if first < 1 || first+len(values) != most+1 {
		return Row{}, fmt.Errorf("%d critical values from pair %d on, want %d to reach pair %d", len(values), first, most+1-first, most)
	}
	critical := slices.Repeat([]int{None}, first)
	return Row{Plan{alpha, most, Power}, append(critical, values...)}, nil
}
