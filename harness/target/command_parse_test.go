package target

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/record"
	"sluice/harness/space"
	"sluice/harness/unit"
)

// whole uses every key there is.
const whole = `name: ripgrep-threads
command: [rg, -j, "{threads}", --no-messages, TODO, "{corpus}", "{{x}"]
env: {GOGC: "{gogc}", FIXED: 3}
cwd: .
stdin: in/{trial}.txt
timeout: 20s
prepare: [[mkdir, -p, out], [rm, -f, "out/{seed}"]]
cleanup: [rm, -rf, out]
knobs:
  threads: {type: int, min: 1, max: 64, scale: log2}
  gogc:    {type: choice, values: [25, 50, 100, 200, 400], ordered: true}
  share:   {type: float, min: 0.5, max: 1, levels: 3}
  fast:    {type: bool}
defaults: {threads: 2, gogc: 100, share: 1, fast: true}
metrics:
  throughput: {from: stdout-json, key: files_per_s, better: higher}
  lag_s:      {from: stdout-regex, pattern: 'lag=(\S+)', better: lower, timed: true, margin: 5%}
  heap:       {from: file, path: "out/{fast}-{share}.json", key: mem.heap, better: lower, unit: bytes}
  ns:         {from: go-bench, key: BenchmarkX ns/op, better: lower}
  cpu_s:      {timed: false}
goal: {objective: throughput, require: ["rss_peak_bytes<512MiB", "throughput>10"]}
exit_ok: [0, 1]
`

func TestATargetFileIsReadWhole(t *testing.T) {
	d, err := ParseCommand("/etc/target.yaml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	wantSpace := space.Space{
		{Name: "threads", Type: space.Int, Min: 1, Max: 64, Scale: space.Log2},
		{Name: "gogc", Type: space.Choice, Values: []any{int64(25), int64(50), int64(100), int64(200), int64(400)}, Ordered: true},
		{Name: "share", Type: space.Float, Min: 0.5, Max: 1, Levels: 3},
		{Name: "fast", Type: space.Bool},
	}
	if diff := cmp.Diff(wantSpace, d.Space); diff != "" {
		t.Errorf("knobs (-want +got):\n%s", diff)
	}
	if got, want := d.Defaults.String(), "fast=true gogc=100 share=1 threads=2"; got != want {
		t.Errorf("defaults %s, want %s", got, want)
	}
	wantMetrics := []unit.Metric{
		{Name: "throughput", Short: "throughput", HigherBetter: true, Margin: 0.02},
		{Name: "lag_s", Short: "lag_s", Kind: unit.Seconds, Margin: 0.05},
		{Name: "heap", Short: "heap", Kind: unit.Size, Margin: 0.02},
		{Name: "ns", Short: "ns", Margin: 0.02},
	}
	if diff := cmp.Diff(wantMetrics, d.Metrics); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
	wantGoal := record.Goal{Objective: "throughput", Require: []string{"rss_peak_bytes<536870912", "throughput>10"}}
	if diff := cmp.Diff(wantGoal, d.Goal); diff != "" {
		t.Errorf("goal (-want +got):\n%s", diff)
	}
	if d.Name != "ripgrep-threads" || d.Dir != "/etc" || d.Timeout != 20*time.Second || !cmp.Equal(d.ExitOK, []int{0, 1}) {
		t.Errorf("name %s, dir %s, timeout %v, exit codes %v", d.Name, d.Dir, d.Timeout, d.ExitOK)
	}
	if d.Timed() {
		t.Error("an own metric that does not say so counts as timed")
	}
	if !d.UsesCorpus() {
		t.Error("the use of {corpus} was not seen")
	}
}

func TestEveryFaultOfATargetFileIsToldWithItsPlace(t *testing.T) {
	const knobs = "knobs: {n: {type: int, min: 1, max: 8}}\ndefaults: {n: 2}\n"
	const command = "command: [a, \"{n}\"]\n"
	for _, test := range []struct {
		name string
		file string
		want []string // each a part of the error
	}{
		{"a command that is a text", "command: rg -j {n} x\n" + knobs, []string{`t.yaml:1:10: command: found "rg -j {n} x", expected a list of words`, `[sh, -c, "rg -j {n} x"]`}},
		{"no command", knobs, []string{"command is missing"}},
		{"an empty command", "command: []\n" + knobs, []string{"t.yaml:1:10: command is empty"}},
		{"an empty program", "command: ['', \"{n}\"]\n" + knobs, []string{"t.yaml:1:11: command[0] is empty"}},
		{"no knobs", "command: [a]\n", []string{"knobs is missing"}},
		{"a misspelt key", "comand: [a]\n" + command + knobs, []string{`t.yaml:1:1: unknown key "comand"; did you mean "command"?`}},
		{"a placeholder without quotes", "command: [a, {n}]\n" + knobs, []string{"t.yaml:1:14: command[1]: found a mapping, expected text; quote a placeholder"}},
		{"an unknown placeholder", "command: [a, \"{n}\", \"{corpse}\"]\n" + knobs, []string{"t.yaml:1:21: command[2]: unknown placeholder {corpse}; did you mean {corpus}?"}},
		{"values within the command", "command: [a, \"{n=1..8}\"]\n" + knobs, []string{"t.yaml:1:14: command[1]: {n=1..8} gives values, which is for the command line; name them under knobs and write {n}"}},
		{"a knob that is used nowhere", "command: [a]\n" + knobs, []string{"t.yaml:2:12: knob n is used in no argument"}},
		{"a key given twice", command + "knobs: {n: {type: int, min: 1, max: 8, max: 9}}\ndefaults: {n: 2}\n", []string{`"knobs.n.max" is given twice`}},
		{"min above max", command + "knobs: {n: {type: int, min: 9, max: 8}}\ndefaults: {n: 2}\n", []string{"min 9 is above max 8"}},
		{"a default outside", command + "knobs: {n: {type: int, min: 1, max: 8}}\ndefaults: {n: 9}\n", []string{"t.yaml:3:15: defaults.n: 9 is outside its range; use 1 … 8"}},
		{"a default of the wrong kind", command + "knobs: {n: {type: int, min: 1, max: 8}}\ndefaults: {n: '2'}\n", []string{`defaults.n: "2" is no whole number; use 1 … 8`}},
		{"a default that is no value", command + "knobs: {n: {type: choice, values: [a, b]}}\ndefaults: {n: c}\n", []string{`defaults.n: "c" is none of its values; use a or b`}},
		{"a missing default", command + "knobs: {n: {type: int, min: 1, max: 8}}\n", []string{"t.yaml:2:8: defaults.n is missing"}},
		{"a default of no knob", command + knobs[:len(knobs)-2] + ", m: 1}\n", []string{`defaults: unknown knob "m"; did you mean "n"?`}},
		{"a choice without values", command + "knobs: {n: {type: choice}}\ndefaults: {n: 2}\n", []string{"knobs.n: values is missing"}},
		{"a choice of nothing", command + "knobs: {n: {type: choice, values: []}}\ndefaults: {n: 2}\n", []string{"knobs.n: values is empty"}},
		{"a range without an end", command + "knobs: {n: {type: int, min: 1}}\ndefaults: {n: 2}\n", []string{"knobs.n: max is missing"}},
		{"a fraction as the end of whole numbers", command + "knobs: {n: {type: int, min: 1.5, max: 8}}\ndefaults: {n: 2}\n", []string{"min is 1.5; use a whole number"}},
		{"log2 from a negative number", command + "knobs: {n: {type: float, min: -1, max: 8, scale: log2}}\ndefaults: {n: 2}\n", []string{"log2 needs a positive one"}},
		{"a bool with a range", command + "knobs: {n: {type: bool, min: 1}}\ndefaults: {n: true}\n", []string{"knobs.n.min: a bool is true or false"}},
		{"an unknown type", command + "knobs: {n: {type: integer}}\ndefaults: {n: 1}\n", []string{`knobs.n.type: found text "integer", expected int, float, choice or bool`}},
		{"a knob called as a placeholder", "command: [a, \"{seed}\"]\nknobs: {seed: {type: bool}}\ndefaults: {seed: true}\n", []string{"{seed} is a placeholder already"}},
		{"an odd name", "command: [a, \"{a b}\"]\nknobs: {a b: {type: bool}}\ndefaults: {a b: true}\n", []string{"a knob's name begins with a letter"}},
		{"a metric that comes by itself", command + knobs + "metrics: {wall_s: {from: stdout-json, better: lower}}\n", []string{"t.yaml:4:19: metrics.wall_s comes by itself"}},
		{"a metric without a direction", command + knobs + "metrics: {x: {from: stdout-json}}\n", []string{"metrics.x: better is missing"}},
		{"a metric from nowhere", command + knobs + "metrics: {x: {better: lower}}\n", []string{"metrics.x: from is missing"}},
		{"a metric from an unknown place", command + knobs + "metrics: {x: {from: stdout-jsn, better: lower}}\n", []string{`did you mean "stdout-json"?`}},
		{"a pattern without a group", command + knobs + "metrics: {x: {from: stdout-regex, pattern: x, better: lower}}\n", []string{"has no group"}},
		{"a pattern that is none", command + knobs + "metrics: {x: {from: stdout-regex, pattern: '(', better: lower}}\n", []string{"missing closing )"}},
		{"no pattern", command + knobs + "metrics: {x: {from: stdout-regex, better: lower}}\n", []string{"metrics.x: pattern is missing"}},
		{"a key where a pattern is read", command + knobs + "metrics: {x: {from: stdout-regex, pattern: '(x)', key: x, better: lower}}\n", []string{"metrics.x.key: stdout-regex is read by pattern"}},
		{"a file without a path", command + knobs + "metrics: {x: {from: file, key: x, better: lower}}\n", []string{"metrics.x: path is missing"}},
		{"a benchmark without a unit", command + knobs + "metrics: {x: {from: go-bench, key: BenchmarkX, better: lower}}\n", []string{"expected a benchmark and its unit"}},
		{"a margin of 200 %", command + knobs + "metrics: {x: {from: stdout-json, better: lower, margin: 200%}}\n", []string{"expected a margin from 0 to below 1"}},
		{"an unknown objective", command + knobs + "goal: {objective: wal_s}\n", []string{`t.yaml:4:19: goal.objective: unknown metric "wal_s"; did you mean "wall_s"?`}},
		{"the scanner's objective", command + knobs + "goal: {objective: balanced}\n", []string{`this command does not measure "balanced"; use wall_s, cpu_s or rss_peak_bytes`}},
		{"a requirement on the scanner's metric", command + knobs + "goal: {require: [\"p99<2ms\"]}\n", []string{`requirement "p99<2ms": this command does not measure "p99"`}},
		{"a requirement that compares nothing", command + knobs + "goal: {require: [rss]}\n", []string{"found no comparison"}},
		{"exit codes that no process has", command + knobs + "exit_ok: [0, 256, -1]\n", []string{"t.yaml:4:14: exit_ok[1]: found number 256, expected a whole number from 0 to 255", "exit_ok[2]"}},
		{"no exit code", command + knobs + "exit_ok: []\n", []string{"exit_ok is empty"}},
		{"a timeout of nothing", command + knobs + "timeout: 0s\n", []string{"t.yaml:4:10: timeout is 0s; use a positive duration"}},
		{"a timeout without a unit", command + knobs + "timeout: 5\n", []string{"timeout: found number 5, expected a duration"}},
		{"prepare as a text", command + knobs + "prepare: rm -rf x\n", []string{`prepare: found "rm -rf x", expected a list of words`}},
		{"prepare that is half one command, half several", command + knobs + "prepare: [[a], b]\n", []string{`t.yaml:4:16: prepare[1]: found "b", expected a list of words`}},
		{"a variable that cannot be", command + knobs + "env: {\"A=B\": x}\n", []string{"cannot be the name of a variable"}},
		{"a fraction that would lose its zero", command + knobs + "env: {A: 1.10}\n", []string{"env.A: found number 1.10, expected text; put it in quotes"}},
		{"two faults at once", "command: [a, \"{m}\"]\n" + knobs + "timeout: -1s\n", []string{"t.yaml:1:14: ", "t.yaml:4:10: "}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := ParseCommand("t.yaml", []byte(test.file))
			if err == nil {
				t.Fatalf("no fault was found in\n%s", test.file)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got:  %v\nwant: %s", err, want)
				}
			}
		})
	}
}

func TestTheObjectiveIsWallTimeUntilTheCommandHasFiguresOfItsOwn(t *testing.T) {
	for _, test := range []struct {
		name, rest, objective string
		timed                 bool
	}{
		{"no metrics", "", "wall_s", true},
		{"CPU", "goal: {objective: cpu}\n", "cpu_s", true},
		{"memory", "goal: {objective: rss}\n", "rss_peak_bytes", false},
		{"several, one of them a time", "goal: {objective: \"rss, cpu\"}\n", "rss_peak_bytes,cpu_s", true},
		{"one of its own", "metrics: {x: {from: stdout-json, better: higher}}\n", "x", false},
		{"one that is timed", "metrics: {x: {from: stdout-json, better: higher, timed: true}}\n", "x", true},
		{"wall time that is not", "metrics: {wall_s: {timed: false}}\n", "wall_s", false},
		{"wall time though there is another", "metrics: {x: {from: stdout-json, better: higher}}\ngoal: {objective: wall}\n", "wall_s", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, err := ParseCommand("t.yaml", []byte("command: [a, \"{n}\"]\nknobs: {n: {type: bool}}\ndefaults: {n: true}\n"+test.rest))
			if err != nil {
				t.Fatal(err)
			}
			if d.Goal.Objective != test.objective || d.Timed() != test.timed {
				t.Errorf("objective %s, timed %v; want %s, %v", d.Goal.Objective, d.Timed(), test.objective, test.timed)
			}
		})
	}
}

func TestAnotherGoalLeavesTheDefinitionAlone(t *testing.T) {
	d, err := ParseCommand("t.yaml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	other, err := d.WithGoal("wall", []string{"cpu<1s"})
	if err != nil {
		t.Fatal(err)
	}
	if other.Goal.Objective != "wall_s" || !cmp.Equal(other.Goal.Require, []string{"cpu_s<1"}) || len(other.Require) != 1 {
		t.Errorf("goal %+v", other.Goal)
	}
	if d.Goal.Objective != "throughput" || len(d.Goal.Require) != 2 {
		t.Errorf("the first definition's goal became %+v", d.Goal)
	}
	if _, err := d.WithGoal("balanced", []string{"p99<1s"}); err == nil || !strings.Contains(err.Error(), "balanced") || !strings.Contains(err.Error(), "p99") {
		t.Errorf("error %v, want both faults", err)
	}
}

func TestTheDigestFollowsWhatIsMeasured(t *testing.T) {
	digest := func(file string) string {
		t.Helper()
		d, err := ParseCommand("/etc/target.yaml", []byte(file))
		if err != nil {
			t.Fatal(err)
		}
		return d.Digest()
	}
	first := digest(whole)
	if got := digest("# a remark\n" + strings.Replace(whole, "name: ripgrep", "name: other", 1)); got != first {
		t.Errorf("a remark and a name changed the digest: %s, %s", first, got)
	}
	for _, change := range [][2]string{
		{"--no-messages", "--hidden"},
		{"FIXED: 3", "FIXED: 4"},
		{"cwd: .", "cwd: .."},
		{"in/{trial}", "on/{trial}"},
		{"20s", "21s"},
		{"mkdir, -p", "mkdir, -v"},
		{"rm, -rf", "rm, -f"},
		{"max: 64", "max: 32"},
		{"threads: 2,", "threads: 3,"},
		{"key: files_per_s", "key: bytes_per_s"},
		{"margin: 5%", "margin: 6%"},
		{"512MiB", "513MiB"},
		{"exit_ok: [0, 1]", "exit_ok: [0]"},
	} {
		changed := strings.Replace(whole, change[0], change[1], 1)
		if changed == whole {
			t.Fatalf("%q is not in the file", change[0])
		}
		if digest(changed) == first {
			t.Errorf("%q instead of %q left the digest as it was", change[1], change[0])
		}
	}
}

func TestAssignmentsOverrideTheDefaults(t *testing.T) {
	d, err := ParseCommand("t.yaml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ text, want, fault string }{
		{text: "defaults", want: "fast=true gogc=100 share=1 threads=2"},
		{text: "threads=4,gogc=200", want: "fast=true gogc=200 share=1 threads=4"},
		{text: "fast=false, share=0.75", want: "fast=false gogc=100 share=0.75 threads=2"},
		{text: "", fault: `found "", expected knob=value; write them as in threads=2,gogc=100,share=1,fast=true, or defaults`},
		{text: "threads", fault: `found "threads", expected knob=value`},
		{text: "thread=4", fault: `unknown knob "thread"; did you mean "threads"?`},
		{text: "threads=65", fault: "knob threads: 65 is outside its range; use 1 … 64"},
		{text: "threads=1.5", fault: "knob threads: 1.5 is no whole number"},
		{text: "threads=two", fault: `knob threads: "two" is no whole number`},
		{text: "share=NaN", fault: `knob share: "NaN" is no number`},
		{text: "gogc=99", fault: "knob gogc: 99 is none of its values; use 25, 50, 100, 200 or 400"},
		{text: "fast=1", fault: "knob fast: 1 is no truth value; use true or false"},
		{text: "threads=1,threads=2", fault: "knob threads is given twice"},
	} {
		got, err := ParseAssignments(d, test.text)
		switch {
		case test.fault != "" && (err == nil || !strings.Contains(err.Error(), test.fault)):
			t.Errorf("%q: error %v, want %s", test.text, err, test.fault)
		case test.fault == "" && (err != nil || got.String() != test.want):
			t.Errorf("%q: got %v, %v; want %s", test.text, got, err, test.want)
		}
	}
	if got := d.Defaults.String(); got != "fast=true gogc=100 share=1 threads=2" {
		t.Errorf("the defaults became %s", got)
	}
}

// FuzzParseCommand holds that a target file is refused or can be rendered, and
// that neither panics.
func FuzzParseCommand(f *testing.F) {
	f.Add(whole)
	f.Add("command: [a, \"{n}\"]\nknobs: {n: {type: bool}}\ndefaults: {n: true}\n")
	f.Add("command: rg\nenv: {A: {b}}\nprepare: [[], 1]\nknobs: {n: 4}\nmetrics: {x: }\n")
	if examples, err := filepath.Glob("../../experiments/targets/*.yaml"); err == nil {
		for _, path := range examples {
			if data, err := os.ReadFile(path); err == nil {
				f.Add(string(data))
			}
		}
	}
	f.Fuzz(func(t *testing.T, file string) {
		d, err := ParseCommand("t.yaml", []byte(file))
		if err != nil {
			return
		}
		if err := d.Space.Validate(); err != nil {
			t.Errorf("a space that is not valid was accepted: %v", err)
		}
		if _, err := d.Configuration(d.Defaults); err != nil {
			t.Errorf("the defaults are no configuration: %v", err)
		}
		again, err := ParseAssignments(d, "defaults")
		if err != nil || again.ID() != d.Defaults.ID() {
			t.Errorf("defaults are %v, %v", again, err)
		}
	})
}
