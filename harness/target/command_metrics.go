package target

import (
	"regexp"
	"slices"
	"strings"

	"sluice/harness/lab"
	"sluice/harness/record"
	"sluice/harness/trial"
	"sluice/harness/unit"
	"sluice/scanner/config/strict"
)

// The places where a command leaves a figure.
const (
	stdoutJSON  = "stdout-json"
	stdoutRegex = "stdout-regex"
	fromFile    = "file"
	goBench     = "go-bench"
)

// source says where one metric is read.
type source struct {
	metric  string
	from    string
	key     string
	path    template       // of fromFile
	pattern *regexp.Regexp // its first group holds the number
}

// where names the source within a message: `stdout-json, key "rate"`.
func (s source) where() string {
	text := s.from
	if s.path.text != "" {
		text += " " + s.path.text
	}
	if s.pattern != nil {
		return text + ", pattern " + strings.TrimPrefix(s.pattern.String(), "(?m)")
	}
	return text + ", key " + shown(s.key)
}

// taken are the names that a command's own metric cannot have: what the kernel
// says of every trial, in full or short.
func taken() []string {
	names := []string{lab.CostS, "wall", "cpu", "rss", trial.OthersShare}
	for name := range (trial.Result{}).Metrics() {
		names = append(names, name)
	}
	return names
}

func (r *reader) readMetrics(n *strict.Node) {
	r.def.timed = map[string]bool{record.Wall: true, record.ProcessWall: true, record.CPU: true}
	for name, node := range n.Each() {
		if slices.Contains(taken(), name) {
			r.readTaken(name, node)
			continue
		}
		r.readMetric(name, node)
	}
}

// readTaken lets a file say of a metric that comes by itself whether it is timed,
// and nothing more.
func (r *reader) readTaken(name string, n *strict.Node) {
	if n.IsMapping() {
		f := n.Fields("from", "key", "pattern", "path", "better", "timed", "unit", "margin")
		if timed, ok := f["timed"].Bool(); ok && n.Len() == 1 {
			r.def.timed[unit.Full(name)] = timed
			return
		}
	}
	n.Fault("metrics.%s comes by itself and can only be given timed; call a metric of your own otherwise", name)
}

func (r *reader) readMetric(name string, n *strict.Node) {
	if !knobName.MatchString(name) {
		n.Fault("metrics: %q cannot be a metric's name; begin with a letter and use letters, digits, _, - and .", name)
	}
	if !n.IsMapping() {
		n.Mismatch("a mapping such as {from: stdout-json, key: files_per_s, better: higher}")
		return
	}
	f := n.Fields("from", "key", "pattern", "path", "better", "timed", "unit", "margin")
	m := unit.Metric{Name: name, Short: name, Margin: unit.Margin("")}
	if told := unit.Describe(name); told.Name == name { // else it is a short name of the scanner's, whose unit is not ours
		m.Kind = told.Kind
	}
	r.def.sources = append(r.def.sources, r.readSource(name, n, f))
	m.HigherBetter = readBetter(name, n, f)
	if kind, ok := f["unit"].Word("number", string(unit.Size), string(unit.Seconds), string(unit.BytesPerSec), string(unit.FilesPerSec)); ok {
		if m.Kind = unit.Kind(kind); kind == "number" {
			m.Kind = unit.Number
		}
	}
	if margin, ok := parseMargin(f["margin"]); ok {
		m.Margin = margin
	}
	r.def.timed[name], _ = f["timed"].Bool()
	r.def.Metrics = append(r.def.Metrics, m)
}

// readBetter never guesses: a goal that runs the wrong way finds the worst.
func readBetter(name string, n *strict.Node, f map[string]*strict.Node) (higher bool) {
	if f["better"] == nil {
		n.Fault("metrics.%s: better is missing; say whether higher or lower is better", name)
		return false
	}
	word, _ := f["better"].Word("higher", "lower")
	return word == "higher"
}

// readSource reads where the figure stands, and refuses keys that the place does
// not know.
func (r *reader) readSource(name string, n *strict.Node, f map[string]*strict.Node) source {
	s := source{metric: name}
	if f["from"] == nil {
		n.Fault("metrics.%s: from is missing; use stdout-json, stdout-regex, file or go-bench", name)
		return s
	}
	from, ok := f["from"].Word(stdoutJSON, stdoutRegex, fromFile, goBench)
	if !ok {
		return s
	}
	s.from = from
	s.key, _ = f["key"].Text()
	s.pattern = readPattern(f["pattern"])
	switch from {
	case stdoutJSON:
		refuse(f, "stdout-json is read by key", "pattern", "path")
	case stdoutRegex:
		refuse(f, "stdout-regex is read by pattern", "key", "path")
		need(n, f, name, "pattern", `'([0-9.]+) files/s'`)
	case goBench:
		refuse(f, "go-bench is read by key", "pattern", "path")
		need(n, f, name, "key", `"BenchmarkParse ns/op"`)
		checkBenchKey(s.key, f["key"])
	case fromFile:
		s.path = r.text(f["path"])
		need(n, f, name, "path", "out/result.json")
		if f["key"] != nil && f["pattern"] != nil {
			f["pattern"].Fault("metrics.%s has a key and a pattern; keep the key for a JSON object, the pattern for text", name)
		}
	}
	if s.key == "" && s.pattern == nil {
		s.key = name
	}
	return s
}

func need(n *strict.Node, f map[string]*strict.Node, metric, key, example string) {
	if f[key] == nil {
		n.Fault("metrics.%s: %s is missing; give one such as %s", metric, key, example)
	}
}

// readPattern compiles a pattern whose ^ and $ stand for the ends of lines.
func readPattern(n *strict.Node) *regexp.Regexp {
	text, ok := n.Text()
	if !ok {
		return nil
	}
	pattern, err := regexp.Compile("(?m)" + text)
	if err != nil {
		n.Fault("%s: %v", n.Path(), err)
		return nil
	}
	if pattern.NumSubexp() == 0 {
		n.Fault("%s: %q has no group; put the number in parentheses, as in ([0-9.]+)", n.Path(), text)
		return nil
	}
	return pattern
}
