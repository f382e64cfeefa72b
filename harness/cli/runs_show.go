package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/spf13/cobra"

	"sluice/harness/lab"
	"sluice/harness/record"
	"sluice/harness/stats"
	"sluice/harness/store"
	"sluice/harness/tuner"
	"sluice/harness/unit"
	"sluice/reports"
)

func runsShow(s *streams, dir *string) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "show RUN [TRIAL]",
		Short: "show a run, or one of its trials, in words or whole as JSON",
		Long: `Show a run in words, or whole as JSON. With the address of a trial show that
trial: its configuration, the command that repeats it, its metrics, what the
machine was like, and where its files lie. An address is PHASE/BLOCK/SLOT, and
PHASE/BLOCK/SLOT.ATTEMPT for one measuring of a block that was measured more
than once. In a run of several scenarios the scenario's name goes before it:

  sluice runs show 20261121-071802-a3f1 grid/3/1
  sluice runs show 20261121-071802-a3f1 goroot/nfs/2c/grid/3/1.0`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 && len(args) != 2 {
				return usagef("%s needs the id of a run, or its beginning, and may have the address of a trial; found %d arguments", cmd.CommandPath(), len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			return withStore(*dir, func(st *store.Store) error {
				if len(args) == 2 {
					return showTrial(s, st, args[0], args[1], format)
				}
				return showRun(s, st, args[0], format)
			})
		},
	}
	formatFlag(cmd, &format)
	return cmd
}

func showRun(s *streams, st *store.Store, prefix, format string) error {
	rep, err := stored(st, prefix)
	if err != nil {
		return noSuch(err)
	}
	if format == "json" {
		return json.NewEncoder(s.out).Encode(rep)
	}
	if err := reports.Text(s.out, rep, color(s.out)); err != nil {
		return err
	}
	var trials measured
	for _, o := range rep.Outcomes {
		trials = append(trials, o.Trials...)
	}
	if len(trials) == 0 {
		return nil
	}
	return writeFacts(s.out, trials.facts(rep.Run.ID))
}

// noSuch makes what the command line got wrong a wrong command line; a store that
// cannot be read is not the user's.
func noSuch(err error) error {
	for _, wrong := range []error{store.ErrNotFound, store.ErrAmbiguous, store.ErrNoTrial, store.ErrAmbiguousPlace} {
		if errors.Is(err, wrong) {
			return &usageError{err}
		}
	}
	return err
}

// fact is a line, or some, under one name.
type fact struct {
	name  string
	lines []string
}

// writeFacts writes the names in one column and the lines in the other.
func writeFacts(w io.Writer, facts []fact) error {
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table)
	for _, f := range facts {
		name := f.name
		for _, line := range f.lines {
			fmt.Fprintf(table, "%s\t%s\n", name, strings.Map(printable, line))
			name = ""
		}
	}
	return table.Flush()
}

// printable leaves nothing that a terminal obeys: reasons quote what children said.
func printable(r rune) rune {
	if unicode.IsControl(r) {
		return ' '
	}
	return r
}

// measured are the trials of a run, set aside or not.
type measured []record.Trial

// facts say how the trials of a run came about: what the report's figures do not
// show.
func (m measured) facts(run string) []fact {
	facts := []fact{{"trials", []string{m.counted()}}}
	add := func(name string, lines ...string) {
		if len(lines) > 0 {
			facts = append(facts, fact{name, lines})
		}
	}
	add("set aside", m.tally(func(t record.Trial) string { return t.SetAside })...)
	add("not ok", m.tally(func(t record.Trial) string {
		if t.Status == record.OK {
			return ""
		}
		return strings.TrimSuffix(string(t.Status)+": "+t.Reason, ": ")
	})...)
	add("disturbed", m.disturbed()...)
	add("waited", m.waited()...)
	add("conditions", m.conditions()...)
	add("files", m.files()...)
	add("one trial", "sluice runs show "+run+" "+m.address(m[len(m)-1]))
	return facts
}

func (m measured) counted() string {
	aside, again := 0, 0
	for _, t := range m {
		if t.SetAside != "" {
			aside++
		}
		if t.Attempt > 0 {
			again++
		}
	}
	text := fmt.Sprintf("%d stored", len(m))
	if aside > 0 || again > 0 {
		text += fmt.Sprintf(", %d of them in blocks that were measured again, %d set aside", again, aside)
	}
	return text
}

// tally counts trials by a reason, the most frequent first; trials without one
// are left out. It names one trial of each.
func (m measured) tally(reason func(record.Trial) string) []string {
	counts, example := map[string]int{}, map[string]record.Trial{}
	var reasons []string
	for _, t := range m {
		why := reason(t)
		if why == "" {
			continue
		}
		if counts[why] == 0 {
			reasons, example[why] = append(reasons, why), t
		}
		counts[why]++
	}
	slices.SortStableFunc(reasons, func(a, b string) int { return cmp.Compare(counts[b], counts[a]) })
	const most = 5
	var lines []string
	for _, why := range reasons[:min(most, len(reasons))] {
		lines = append(lines, fmt.Sprintf("%d × %s (as %s)", counts[why], why, m.address(example[why])))
	}
	if more := len(reasons) - most; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more reasons; --format json has all", more))
	}
	return lines
}

// disturbed counts the trials during which others used more of the machine than
// a measurement bears.
func (m measured) disturbed() []string {
	n, most := 0, record.Trial{}
	for _, t := range m {
		if t.OthersCPUShare > tuner.BusyShare {
			n++
		}
		if t.OthersCPUShare > most.OthersCPUShare {
			most = t
		}
	}
	if n == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d of %d trials: others used more than %s of the machine, up to %s in %s",
		n, len(m), unit.Percent(tuner.BusyShare), unit.Percent(most.OthersCPUShare), m.address(most))}
}

// quietWait is the metric that says how long a trial was put off until the machine
// was quiet, in seconds.
const quietWait = lab.QuietWaitS

func (m measured) waited() []string {
	n, total := 0, 0.0
	for _, t := range m {
		if s, ok := t.Metrics[quietWait]; ok && s > 0 {
			n, total = n+1, total+s
		}
	}
	if n == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s for a quiet machine, before %d trials", unit.Time(total), n)}
}

// conditions says of each condition that was read: the median and the worst.
func (m measured) conditions() []string {
	var lines []string
	for _, c := range conditionsShown {
		var values []float64
		for _, t := range m {
			if v := c.of(t.Conditions); v != nil {
				values = append(values, *v)
			}
		}
		if len(values) == 0 {
			continue
		}
		low, high := slices.Min(values), slices.Max(values)
		if c.event && high == 0 {
			continue
		}
		line := fmt.Sprintf("%s %s in the median trial, %s … %s", c.name, c.format(stats.Median(values)), c.format(low), c.format(high))
		if len(values) < len(m) {
			line += fmt.Sprintf(" (%d of %d trials)", len(values), len(m))
		}
		lines = append(lines, line)
	}
	return lines
}

// files sums the kept files up by what they are.
func (m measured) files() []string {
	counts, bytes := map[string]int{}, map[string]int64{}
	var names []string
	for _, t := range m {
		for _, f := range t.Files {
			if counts[f.Name] == 0 {
				names = append(names, f.Name)
			}
			counts[f.Name]++
			bytes[f.Name] += f.Bytes
		}
	}
	lines := make([]string, len(names))
	for i, name := range names {
		lines[i] = fmt.Sprintf("%d × %s, %s", counts[name], name, unit.Bytes(bytes[name]))
	}
	return lines
}

// address is a trial's, with the scenario where the trials have several.
func (m measured) address(t record.Trial) string {
	p := store.PlaceOf(t)
	if slices.ContainsFunc(m, func(other record.Trial) bool { return other.Scenario != t.Scenario }) {
		p.Scenario = t.Scenario
	}
	return p.String()
}
