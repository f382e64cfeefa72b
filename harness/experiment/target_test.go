package experiment

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/space"
	"sluice/harness/target"
)

const rg = `command: [rg, -j, "{threads}", "--mmap={mmap}", "{corpus}"]
env: {GOGC: "{gogc}"}
knobs:
  threads: {type: int, min: 1, max: 64, scale: log2}
  gogc:    {type: choice, values: [25, 50, 100], ordered: true}
  mmap:    {type: bool}
  share:   {type: float, min: 0, max: 1}
defaults: {threads: 2, gogc: 100, mmap: false, share: 0.5}
stdin: "{share}"
metrics: {throughput: {from: stdout-json, key: rate, better: higher}}
goal: {require: ["rss<1GiB"]}
`

func definition(t *testing.T, file string) *target.Definition {
	t.Helper()
	def, err := target.ParseCommand("rg.yaml", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	return def
}

func TestAnExperimentMayAskAboutACommand(t *testing.T) {
	file := []byte(`name: rg
question: Which?
target: targets/rg.yaml
scenarios: {corpus: [goroot], cores: [1]}
space: {threads: {max: 16, levels: 3}, gogc: [50, 100], mmap: [true], share: [0.25]}
reference: threads=4
design: {blocks: 10}
budget: 5m
`)
	if got := TargetOf("asked/e.yaml", file); got != "asked/targets/rg.yaml" {
		t.Errorf("the target is %q", got)
	}
	def := definition(t, rg)
	e, err := ParseTarget("e.yaml", file, 2, def)
	if err != nil {
		t.Fatal(err)
	}
	want := space.Space{
		{Name: "threads", Type: space.Int, Min: 1, Max: 16, Scale: space.Log2, Levels: 3},
		{Name: "gogc", Type: space.Choice, Values: []any{int64(50), int64(100)}, Ordered: true},
		{Name: "mmap", Type: space.Bool, Values: []any{true}},
		{Name: "share", Type: space.Float, Values: []any{0.25}},
	}
	if diff := cmp.Diff(want, e.Space); diff != "" {
		t.Errorf("space (-want +got):\n%s", diff)
	}
	if e.Objective != "throughput" || !cmp.Equal(e.Require, []string{"rss_peak_bytes<1073741824"}) || e.Design.Blocks != 10 {
		t.Errorf("objective %s, requirements %v, %d blocks", e.Objective, e.Require, e.Design.Blocks)
	}
	configs, err := e.TargetConfigurations(def)
	if err != nil {
		t.Fatal(err)
	}
	if len(configs) != 6 {
		t.Errorf("%d configurations, want 3 × 2", len(configs))
	}
	for _, config := range configs {
		if !e.Space.Contains(config) || len(config) != 4 {
			t.Errorf("configuration %v", config)
		}
	}
}

func TestTheScannersExperimentsNameNoTarget(t *testing.T) {
	for _, file := range []string{"name: x\n", "", "target: [a]\n", "- a\n", "target: \"\n"} {
		if got := TargetOf("e.yaml", []byte(file)); got != "" {
			t.Errorf("%q names the target %q", file, got)
		}
	}
}

func TestAWrongExperimentOnACommandSaysWhatAndWhere(t *testing.T) {
	const head = "name: x\ntarget: rg.yaml\n"
	const scenarios = "scenarios: {corpus: [goroot]}\n"
	const knobs = "space: {threads: [1, 2]}\n"
	for _, test := range []struct{ name, file, want string }{
		{"no corpus", head + knobs, "scenarios.corpus is missing"},
		{"storage", head + "scenarios: {corpus: [goroot], storage: [nfs]}\n" + knobs, "scenarios.storage is simulated for the scanner alone"},
		{"too many cores", head + "scenarios: {corpus: [goroot], cores: [9]}\n" + knobs, "e.yaml:3:39: scenarios.cores[0]: found number 9, expected a whole number from 1 to 2"},
		{"a knob of the scanner", head + scenarios + "space: {io.workers: [1]}\n", `unknown knob "io.workers"; the target's knobs are threads, gogc, mmap, share`},
		{"a misspelt knob", head + scenarios + "space: {thread: [1]}\n", `did you mean "threads"?`},
		{"a value outside", head + scenarios + "space: {threads: [1, 65]}\n", "e.yaml:4:22: space.threads: knob threads: 65 is outside its range; use 1 … 64"},
		{"a value that is none", head + scenarios + "space: {gogc: [60]}\n", "60 is none of its values"},
		{"a range of a choice", head + scenarios + "space: {gogc: {min: 1}}\n", "give a list of some of them"},
		{"an end outside", head + scenarios + "space: {threads: {max: 128}}\n", "space.threads.max is 128; the target's knob goes from 1 to 64"},
		{"a range of fractions", head + scenarios + "space: {share: {min: 0.5}}\n", "a range of fractions has no grid"},
		{"no values", head + scenarios + "space: {threads: []}\n", "space.threads has no values"},
		{"an empty space", head + scenarios + "space: {}\n", "space is empty"},
		{"no space", head + scenarios, "space is missing"},
		{"a preset as the reference", head + scenarios + knobs + "reference: naive\n", "reference: configuration \"naive\""},
		{"the scanner's objective", head + scenarios + knobs + "goal: {objective: balanced}\n", `does not measure "balanced"`},
		{"the scanner's metric", head + scenarios + knobs + "goal: {require: [\"p99<1s\"]}\n", `does not measure "p99"`},
		{"how the scanner scans", head + scenarios + knobs + "scan: {prefilter: false}\n", `unknown key "scan"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := ParseTarget("e.yaml", []byte(test.file), 2, definition(t, rg))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got:  %v\nwant: %s", err, test.want)
			}
		})
	}
	without := definition(t, "command: [a, \"{n}\"]\nknobs: {n: {type: bool}}\ndefaults: {n: true}\n")
	if _, err := ParseTarget("e.yaml", []byte(head+scenarios+"space: {n: [true, false]}\n"), 2, without); err == nil || !strings.Contains(err.Error(), "scenarios.corpus has no effect") {
		t.Errorf("error %v, want a corpus without effect refused", err)
	}
}
