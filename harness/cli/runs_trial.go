package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"sluice/harness/record"
	"sluice/harness/stats"
	"sluice/harness/store"
	"sluice/harness/unit"
)

// TrialSchema names the JSON object that runs show prints of one trial.
const TrialSchema = "sluice.trial/v1"

// shownTrial is a trial with what is stored beside its record.
type shownTrial struct {
	Schema string          `json:"schema"`
	Place  string          `json:"place"`
	Trial  record.Trial    `json:"trial"`
	Series []record.Series `json:"series"`
	Files  []shownFile     `json:"files"`
}

// shownFile is a kept file with the place of its content; none if it is not here.
type shownFile struct {
	record.File
	Path string `json:"path,omitempty"`
}

func showTrial(s *streams, st *store.Store, prefix, place, format string) error {
	p, err := store.ParsePlace(place)
	if err != nil {
		return &usageError{err}
	}
	run, err := st.Run(prefix)
	if err != nil {
		return noSuch(err)
	}
	t, err := st.FindPlace(run.ID, p)
	if err != nil {
		return noSuch(err)
	}
	files, err := located(st, t.Files)
	if err != nil {
		return err
	}
	if format == "json" {
		return json.NewEncoder(s.out).Encode(shownTrial{
			Schema: TrialSchema, Place: store.PlaceOf(t).String(), Trial: t, Series: append([]record.Series{}, t.Series...), Files: files,
		})
	}
	fmt.Fprintf(s.out, "trial %s of run %s: %s in %s\n", store.PlaceOf(t), run.ID, t.Arm, t.Scenario)
	return writeFacts(s.out, trialFacts(t, files))
}

// located finds where the content of files lies.
func located(st *store.Store, files []record.File) ([]shownFile, error) {
	shown := []shownFile{}
	for _, f := range files {
		path, err := st.FilePath(f.Digest)
		if err != nil {
			return nil, err
		}
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			path = ""
		}
		shown = append(shown, shownFile{File: f, Path: path})
	}
	return shown, nil
}

func trialFacts(t record.Trial, files []shownFile) []fact {
	status := string(t.Status)
	if t.Reason != "" {
		status += ": " + t.Reason
	}
	facts := []fact{
		{"status", []string{status}},
		{"counts", []string{whetherCounted(t)}},
		{"started", []string{t.Started.Local().Format("2006-01-02 15:04:05.000 MST")}},
		{"config", configLines(t)},
		{"sample", []string{fmt.Sprintf("draw %d of seed %d: %d files, %s, %s of the corpus, fingerprint %s", t.Sample.Index, t.Sample.Seed,
			t.Sample.Files, unit.Bytes(t.Sample.Bytes), unit.Percent(t.Sample.Fidelity), t.Sample.Fingerprint)}},
		{"repeat", []string{shellLine(t.Command)}},
		{"metrics", metricLines(t.Metrics)},
		{"conditions", conditionLines(t)},
		{"over time", seriesLines(t.Series)},
		{"limits", limitLines(t.Stats)},
		{"files", fileLines(files)},
	}
	return slices.DeleteFunc(facts, func(f fact) bool { return len(f.lines) == 0 || f.lines[0] == "" })
}

func whetherCounted(t record.Trial) string {
	switch {
	case t.SetAside != "":
		return "no, set aside: " + t.SetAside
	case t.Attempt > 0:
		return fmt.Sprintf("yes, as measuring %d of its block", t.Attempt+1)
	}
	return "yes"
}

func configLines(t record.Trial) []string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(t.Config)) {
		lines = append(lines, fmt.Sprintf("%s: %v", name, t.Config[name]))
	}
	if t.Storage != "" {
		lines = append(lines, "storage: "+t.Storage)
	}
	return lines
}

// metricLines writes the metrics that have a place in reports first, then the
// others by name.
func metricLines(metrics map[string]float64) []string {
	names := slices.Sorted(maps.Keys(metrics))
	var known []string
	for _, m := range unit.Metrics() {
		if _, ok := metrics[m.Name]; ok {
			known = append(known, m.Name)
		}
	}
	names = append(known, slices.DeleteFunc(names, func(name string) bool { return slices.Contains(known, name) })...)
	lines := make([]string, len(names))
	for i, name := range names {
		lines[i] = fmt.Sprintf("%s: %s", name, unit.Format(name, metrics[name]))
	}
	return lines
}

// conditionLines writes what was read; the rest could not be.
func conditionLines(t record.Trial) []string {
	lines := []string{"others used " + unit.Percent(t.OthersCPUShare) + " of the machine"}
	for _, c := range conditionsShown {
		if v := c.of(t.Conditions); v != nil {
			lines = append(lines, c.name+" "+c.format(*v))
		}
	}
	return lines
}

// condition is how one of a trial's conditions is shown.
type condition struct {
	name   string
	of     func(record.Conditions) *float64
	format func(float64) string
	event  bool // worth a line only where it happened
}

func hertz(v float64) string { return fmt.Sprintf("%.2f GHz", v/1e9) }

func sized(v float64) string { return unit.Bytes(int64(v)) }

func occasions(v float64) string { return fmt.Sprintf("%.0f times", v) }

// conditionsShown are all of record.Conditions, in its order.
var conditionsShown = []condition{ //nolint:gochecknoglobals // never changes
	{"stolen by the hypervisor", func(c record.Conditions) *float64 { return c.StealShare }, unit.Percent, false},
	{"waiting for a CPU", func(c record.Conditions) *float64 { return c.CPUPressure }, unit.Percent, false},
	{"waiting for storage", func(c record.Conditions) *float64 { return c.IOPressure }, unit.Percent, false},
	{"waiting for memory", func(c record.Conditions) *float64 { return c.MemoryPressure }, unit.Percent, false},
	{"stopped by the CPU quota", func(c record.Conditions) *float64 { return c.ThrottledS }, unit.Time, true},
	{"slowest core", func(c record.Conditions) *float64 { return c.FrequencyLowHz }, hertz, false},
	{"fastest core", func(c record.Conditions) *float64 { return c.FrequencyHighHz }, hertz, false},
	{"slowed down by heat", func(c record.Conditions) *float64 { return c.ThermalThrottles }, occasions, true},
	{"machine asleep", func(c record.Conditions) *float64 { return c.SuspendedS }, unit.Time, true},
	{"swapped", func(c record.Conditions) *float64 { return c.SwappedBytes }, sized, true},
	{"killed for memory, anywhere", func(c record.Conditions) *float64 { return c.OOMKills }, occasions, true},
}

// seriesLines sums each series up: its ends say more than all its samples.
func seriesLines(all []record.Series) []string {
	var lines []string
	for _, s := range all {
		if len(s.Values) == 0 {
			continue
		}
		write := func(v float64) string { return unit.Format(s.Name, v) }
		lines = append(lines, fmt.Sprintf("%s: %s … %s, median %s (%d samples over %s)", s.Name, write(slices.Min(s.Values)), write(slices.Max(s.Values)),
			write(stats.Median(s.Values)), len(s.Values), unit.Time(s.AtS[len(s.AtS)-1]-s.AtS[0])))
	}
	return lines
}

func fileLines(files []shownFile) []string {
	var lines []string
	for _, f := range files {
		where := f.Path
		if where == "" {
			where = "its content is not in this store; it was imported without its files"
		}
		lines = append(lines, fmt.Sprintf("%s, %s: %s", f.Name, unit.Bytes(f.Bytes), where))
	}
	return lines
}

// shellLine writes a command so that a shell reads it as it was.
func shellLine(command []string) string {
	words := make([]string, len(command))
	for i, word := range command {
		words[i] = word
		if word == "" || strings.ContainsAny(word, " \t\n'\"\\$`*?[]{}()<>|&;#~!") {
			words[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}
