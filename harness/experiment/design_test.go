package experiment

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/target"
	"sluice/scanner/config"
)

const designed = `name: n
scenarios: {corpus: [goroot]}
space: {memory.budget: [none, 64MiB, 1GiB], memory.gogc: [50, off]}
design: {fidelity: %}
`

func TestADesignMayAskForAShareOfTheCorpus(t *testing.T) {
	for share, want := range map[string]float64{"1": 1, "0.25": 0.25} {
		e, err := Parse("e.yaml", []byte(strings.Replace(designed, "%", share, 1)), 2)
		if err != nil || e.Design.Fidelity != want {
			t.Errorf("fidelity %s is read as %v, %v", share, e.Design.Fidelity, err)
		}
	}
	for _, share := range []string{"0", "-1", "1.5"} {
		_, err := Parse("e.yaml", []byte(strings.Replace(designed, "%", share, 1)), 2)
		if err == nil || !strings.Contains(err.Error(), "e.yaml:4:20: design.fidelity is "+share) {
			t.Errorf("fidelity %s is answered with %v", share, err)
		}
	}
}

func TestADesignMayKeepOneSample(t *testing.T) {
	for _, row := range []struct {
		design, fault string
		one           bool
	}{
		{"sample: one", "", true},
		{"sample: fresh", "", false},
		{"blocks: 3", "", false},
		{"sample: same", `e.yaml:4:18: `, false},
		{"strategy: guided, sample: one", "design.sample belongs to a grid", false},
	} {
		e, err := Parse("e.yaml", []byte(strings.Replace(designed, "fidelity: %", row.design, 1)), 2)
		switch {
		case row.fault != "" && (err == nil || !strings.Contains(err.Error(), row.fault)):
			t.Errorf("%s is answered with %v, want %q", row.design, err, row.fault)
		case row.fault == "" && (err != nil || e.Design.OneSample != row.one):
			t.Errorf("%s is read as %v, %v", row.design, e.Design.OneSample, err)
		}
	}
}

func TestAListMayHoldAWordBesideNumbers(t *testing.T) {
	e, err := Parse("e.yaml", []byte(strings.Replace(designed, "%", "1", 1)), 2)
	if err != nil {
		t.Fatal(err)
	}
	configs, err := e.Configurations(func(partial map[string]any) (map[string]any, error) { return partial, nil })
	if err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{
		{"memory.budget": "none", "memory.gogc": 50},
		{"memory.budget": "none", "memory.gogc": "off"},
		{"memory.budget": int64(64 << 20), "memory.gogc": 50},
		{"memory.budget": int64(64 << 20), "memory.gogc": "off"},
		{"memory.budget": int64(1 << 30), "memory.gogc": 50},
		{"memory.budget": int64(1 << 30), "memory.gogc": "off"},
	}
	if diff := cmp.Diff(want, configs); diff != "" {
		t.Errorf("grid (-want +got):\n%s", diff)
	}
}

func TestASpaceMayHoldLimitersAndTheirBounds(t *testing.T) {
	const data = `name: n
scenarios: {corpus: [goroot]}
space:
  io.limiter: [none, static, bdp]
  io.limiter.initial: {min: 1, max: 64, scale: log2, levels: 2}
  io.limiter.max: [64, auto]
`
	e, err := Parse("e.yaml", []byte(data), 2)
	if err != nil {
		t.Fatal(err)
	}
	configs, err := e.Configurations(func(partial map[string]any) (map[string]any, error) {
		c, err := config.Default(2).WithFlat(partial)
		if err == nil {
			c = c.Resolve(2)
			err = c.Validate()
		}
		return limitersOf(c), err
	})
	if err != nil {
		t.Fatal(err)
	}
	bdp := func(initial, most int) map[string]any {
		return map[string]any{"io.limiter": "bdp", "io.limiter.initial": initial, "io.limiter.min": 1, "io.limiter.max": most, "io.limiter.latency": "raw"}
	}
	want := []map[string]any{ // none has no initial and static no max, so that they come once
		{"io.limiter": "none"},
		{"io.limiter": "static", "io.limiter.initial": 1},
		{"io.limiter": "static", "io.limiter.initial": 64},
		bdp(1, 64), bdp(1, 256), bdp(64, 64), bdp(64, 256),
	}
	if diff := cmp.Diff(want, configs); diff != "" {
		t.Errorf("grid (-want +got):\n%s", diff)
	}
}

func limitersOf(c config.Config) map[string]any {
	flat := c.Flat()
	maps.DeleteFunc(flat, func(name string, _ any) bool { return !strings.HasPrefix(name, "io.limiter") })
	return flat
}

func TestALimiterThatIsNotOfThePoolIsRefusedInASpace(t *testing.T) {
	_, err := Parse("e.yaml", []byte("name: n\nscenarios: {corpus: [goroot]}\nspace: {cpu.limiter: [none, occupancy], io.limiter.min: [0]}\n"), 2)
	for _, want := range []string{"e.yaml:3:29: space.cpu.limiter: cpu.limiter: occupancy counts", "e.yaml:3:58: space.io.limiter.min: io.limiter.min: found number 0"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestRequirementsThatContradictEachOtherAreRefusedWhereTheyStand(t *testing.T) {
	const data = "name: n\nscenarios: {corpus: [goroot]}\nspace: {io.workers: [1, 2]}\ngoal: {require: [\"rss<1GiB\", \"rss>2GiB\"]}\n"
	_, err := Parse("e.yaml", []byte(data), 2)
	if err == nil || !strings.Contains(err.Error(), "e.yaml:4:17: ") || !strings.Contains(err.Error(), "contradict each other") {
		t.Errorf("got %v, want the place of the list and what contradicts", err)
	}
}

func TestAnUnknownStrategyIsTheOnlyFaultOfItsDesign(t *testing.T) {
	_, err := Parse("e.yaml", []byte("name: n\nscenarios: {corpus: [goroot]}\nspace: {io.workers: [1, 2]}\ndesign: {strategy: guidde, trials: 40}\n"), 2)
	if err == nil || !strings.Contains(err.Error(), `did you mean "guided"?`) || strings.Contains(err.Error(), "design.trials") {
		t.Errorf("got %v, want the strategy alone", err)
	}
}

func TestACommandsDesignHasNoSample(t *testing.T) {
	def := &target.Definition{Name: "burn"}
	for _, key := range []string{"sample: one", "fidelity: 0.5"} {
		_, err := ParseTarget("e.yaml", []byte("name: n\ntarget: t.yaml\nspace: {}\ndesign: {"+key+"}\n"), 2, def)
		name, _, _ := strings.Cut(key, ":")
		if err == nil || !strings.Contains(err.Error(), "design."+name+" is for the scanner") {
			t.Errorf("%s is answered with %v", key, err)
		}
	}
}
