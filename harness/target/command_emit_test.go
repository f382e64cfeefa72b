package target

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/record"
)

const emitted = `name: emitted
command: ["{tool}", -j, "{threads}", --size, "{mib}MiB", "--buffer={buffer}", -x, "--all={mib}", "{threads}", "{corpus}", "{corpus}/{buffer}"]
env: {WORKERS: "{threads}", GOGC: "{gogc}", FIXED: 3}
knobs:
  tool:    {type: choice, values: [rg, grep]}
  threads: {type: int, min: 1, max: 64}
  mib:     {type: int, min: 1, max: 64}
  buffer:  {type: float, min: 0.5, max: 8}
  gogc:    {type: choice, values: [50, 100]}
defaults: {tool: rg, threads: 2, mib: 4, buffer: 1, gogc: 100}
`

func emittedDefinition(t *testing.T) *Definition {
	t.Helper()
	d, err := ParseCommand("emitted.yaml", []byte(emitted))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestArgumentsStandAsInTheCommand(t *testing.T) {
	d := emittedDefinition(t)
	config, err := d.Configuration(record.Flat{"threads": 8, "buffer": 2.5, "gogc": 50})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"-j", "8", "--size", "4MiB", "--buffer=2.5", "--all=4", "8", "{corpus}/2.5"}
	if diff := cmp.Diff(want, d.Arguments(config)); diff != "" {
		t.Errorf("arguments (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([][2]string{{"GOGC", "50"}, {"WORKERS", "8"}}, d.Variables(config)); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
	for knob, want := range map[string][2]bool{"tool": {false, false}, "threads": {true, true}, "buffer": {true, false}, "gogc": {false, true}} {
		if got := [2]bool{d.InArguments(knob), d.InVariables(knob)}; got != want {
			t.Errorf("%s stands in arguments, variables: %v, want %v", knob, got, want)
		}
	}
}

func TestAFileOfValuesIsReadWithEveryFault(t *testing.T) {
	d := emittedDefinition(t)
	got, err := ParseValues(d, "knobs.yaml", []byte("# tuned\nthreads: 8\nbuffer: 2.5\ntool: \"grep\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := record.Flat{"tool": "grep", "threads": 8, "mib": 4, "buffer": 2.5, "gogc": 100}
	if got.String() != want.String() {
		t.Errorf("values %v, want %v", got, want)
	}
	if got, err = ParseValues(d, "knobs.json", []byte(`{"threads": 3}`)); err != nil || got["threads"] != 3 {
		t.Errorf("of JSON: %v, %v; want 3 threads", got, err)
	}
	for text, wants := range map[string][]string{
		"thread: 8\nmib: 900\nbuffer: [1]\n": {"knobs.yaml:1:9: unknown knob \"thread\"; did you mean \"threads\"?", "knobs.yaml:2:6: knob mib: 900 is outside its range; use 1 … 64", "knobs.yaml:3:9: buffer: found"},
		"{}":                                 {"the file gives no knob; write them as in tool: rg"},
	} {
		_, err := ParseValues(d, "knobs.yaml", []byte(text))
		for _, want := range wants {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: error %v lacks %q", text, err, want)
			}
		}
	}
}
