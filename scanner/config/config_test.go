package config

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// roundTrip writes a file, reads it on another machine and demands the same.
func roundTrip(t *testing.T, file File) {
	t.Helper()
	data, err := file.Marshal()
	if err != nil {
		t.Fatalf("Marshal: %v", err)
	}
	again, err := Parse("again.yaml", data, 7)
	if err != nil {
		t.Fatalf("what Marshal wrote is refused: %v\n%s", err, data)
	}
	if diff := cmp.Diff(file, again, cmpopts.IgnoreFields(File{}, "Path", "Given"), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("round trip (-before +after):\n%s\n%s", diff, data)
	}
}

func TestAFileReadsBackAsItWasWritten(t *testing.T) {
	provenance := &Provenance{
		Machine:   Machine{Class: "linux-amd64-2c-24g", UsableCores: 2, MemoryBytes: 24 << 30, Detail: map[string]string{"cpu": "Xeon: 2.5 GHz", "smt": "off", "level": "3", "since": "2001-01-01"}},
		Corpus:    Corpus{Name: "goroot", Fingerprint: "sha256:00ff", Files: 11000, Bytes: 90 << 20, SampleFingerprint: []string{"sha256:01", "12"}},
		Storage:   Storage{Asked: "nfs", AskedMeanS: 0.00567, AchievedMeanS: 0.0057},
		Goal:      Goal{Objective: "balanced", Require: []string{"rss<512MiB"}},
		Reference: "default", Verdict: "no difference",
		Gain:     map[string]Gain{"throughput": {Ratio: 1.42, Low: 1.36, High: 1.48, Confidence: .95, N: 12, Verdict: "better"}, "p99": {Ratio: 1, Low: 1e-9, High: 1e21, N: 6}},
		Fidelity: 0.125, Version: "0.1", Date: time.Date(2026, 1, 31, 12, 0, 0, 1000, time.UTC), Run: "7", Chosen: "from stored trials: p99",
	}
	custom, err := Default(2).WithFlat(map[string]any{
		"source.order": "largest-first", "io.workers": 64, "cpu.workers": 3, "cpu.scheduler": "per-file", "channel.buffer": 0, "channel.batch": 64,
		"channel.linger": 0.0015, "memory.gogc": "off", "memory.gomemlimit": 1<<30 + 1, "runtime.gomaxprocs": 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]File{
		"default": {Config: Default(2)}, "everything changed": {Config: custom}, "tuned": {Config: custom, Provenance: provenance},
		"an empty provenance": {Config: naive(4), Provenance: &Provenance{}},
		"adaptive":            {Config: adaptive(2)}, "adaptive, resolved": {Config: adaptive(2).Resolve(2)},
	} {
		t.Run(name, func(t *testing.T) { roundTrip(t, file) })
	}
}

func TestMarshalComments(t *testing.T) {
	data, err := File{Config: Default(2)}.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	const want = `# The scanner's configuration, read by sluice scan. Edit it freely;
# a missing knob takes the default's value, a wrong one is refused by name.
version: 1
scanner:
  source:
    order: walk             # the order in which files are taken: walk | largest-first | smallest-first
  io:
    workers: 64             # files read at once
    reader: read            # how a file's bytes are read: read | mmap
    limiter: none           # what moves the number of reads at once: none | static | aimd | vegas | gradient2 | window | arc | load | bdp | occupancy; or a block of algorithm, initial, min, max, latency
  cpu:
    workers: 2              # files analysed at once
    scheduler: queue        # who analyses: queue | steal | per-file | threads | inline
    pin: none               # what ties workers: nothing, a thread each, or a thread on their pool's own cores: none | locked | partition
    limiter: none           # what moves the number of analyses at once: none | static | aimd | vegas | gradient2 | window | arc | load | bdp; or a block of algorithm, initial, min, max, latency
  clone:
    limiter: none           # what moves the number of clones at once: none | static | aimd | vegas | gradient2 | window | arc | load | bdp; or a block of algorithm, initial, min, max, latency
  channel:
    buffer: 16              # batches that may wait between the pools; 0 is unbuffered
    batch: 1                # files handed over together
    linger: 2ms             # longest that a file waits for its batch to fill
  memory:
    budget: none            # estimated resident bytes in flight, parse trees included; or none
    gogc: 100               # heap growth between collections, in percent; or off
    gomemlimit: none        # soft limit of the Go heap; parse trees are outside it; or none
    arenas: auto            # arenas of the C library that parse trees come from, instead of one of ours for each analyser; or auto
  runtime:
    gomaxprocs: auto        # threads that run Go code at once; or auto
`
	if diff := cmp.Diff(want, string(data)); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
}

func TestMarshalRefusesWhatParseWould(t *testing.T) {
	wrong := Default(2)
	wrong.Clone.Workers, wrong.IO.Workers = 5, 0
	if _, err := (File{Config: wrong}).Marshal(); err == nil || !strings.Contains(err.Error(), "clone.workers is not built yet") || !strings.Contains(err.Error(), "io.workers: found 0") {
		t.Errorf("error is %v, want both faults", err)
	}
	boast := File{Config: Default(2), Provenance: &Provenance{Verdict: "superb"}}
	if _, err := boast.Marshal(); err == nil || !strings.Contains(err.Error(), `the goal has verdict "superb"`) {
		t.Errorf("error is %v, want the verdict", err)
	}
	infinite := File{Config: Default(2), Provenance: &Provenance{Gain: map[string]Gain{"p99": {High: math.Inf(1)}}}}
	if _, err := infinite.Marshal(); err == nil || !strings.Contains(err.Error(), "gain.p99 is +Inf") {
		t.Errorf("error is %v, want gain.p99", err)
	}
}

func TestPresetsOnSmallAndLargeMachines(t *testing.T) {
	type pools struct{ IO, CPU int }
	want := map[int]map[string]pools{
		1:  {"default": {64, 1}, "naive": {1, 1}, "go-idiom": {64, 64}, "partition-20": {2, 1}, "partition-25": {2, 2}, "batched": {1, 1}, "bounded": {1, 1}, "pinned": {2, 1}, "adaptive": {1, 1}},
		2:  {"default": {64, 2}, "naive": {2, 2}, "go-idiom": {64, 64}, "partition-20": {2, 1}, "partition-25": {2, 2}, "batched": {2, 2}, "bounded": {2, 2}, "pinned": {2, 1}, "adaptive": {2, 2}},
		4:  {"default": {64, 4}, "naive": {4, 4}, "go-idiom": {64, 64}, "partition-20": {2, 2}, "partition-25": {2, 2}, "batched": {4, 4}, "bounded": {4, 4}, "pinned": {2, 2}, "adaptive": {4, 4}},
		16: {"default": {256, 16}, "naive": {16, 16}, "go-idiom": {64, 64}, "partition-20": {3, 13}, "partition-25": {4, 12}, "batched": {16, 16}, "bounded": {16, 16}, "pinned": {3, 13}, "adaptive": {16, 16}},
	}
	for cores, presets := range want {
		got := make(map[string]pools)
		for _, p := range Presets() {
			c, err := FromPreset(p.Name, cores)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Validate(); err != nil {
				t.Errorf("%s on %d cores: %v", p.Name, cores, err)
			}
			if p.Doc == "" {
				t.Errorf("%s has no doc", p.Name)
			}
			got[p.Name] = pools{c.IO.Workers, c.CPU.Workers}
		}
		if diff := cmp.Diff(presets, got); diff != "" {
			t.Errorf("presets on %d cores (-want +got):\n%s", cores, diff)
		}
	}
}

func TestPresetsDifferFromNaiveOnlyWhereTheyShould(t *testing.T) {
	want := naive(8)
	want.Channel.Batch = 50
	if got, _ := FromPreset("batched", 8); got != want {
		t.Errorf("batched is %+v", got)
	}
	want = naive(8)
	want.CPU.Scheduler, want.IO.Workers, want.CPU.Workers = "per-file", 64, 64
	if got, _ := FromPreset("go-idiom", 8); got != want {
		t.Errorf("go-idiom is %+v", got)
	}
	want = naive(8)
	want.IO.Limiter.Algorithm, want.CPU.Limiter.Algorithm, want.Clone.Limiter.Algorithm = "occupancy", "vegas", "aimd"
	if got, _ := FromPreset("adaptive", 8); got != want {
		t.Errorf("adaptive is %+v", got)
	}
	if c := naive(8); c.Channel.Buffer != 100 || c.Channel.Batch != 1 || c.Clone.Workers != 4 || c.Memory != (Memory{GOGC: 100}) {
		t.Errorf("naive is %+v", c)
	}
}

func TestPresetsOnImpossibleMachinesStayValid(t *testing.T) {
	for _, cores := range []int{-1, 0, 5000, 1 << 30} {
		for _, p := range Presets() {
			c, err := FromPreset(p.Name, cores)
			if err == nil {
				err = c.Validate()
			}
			if err != nil {
				t.Errorf("%s on %d cores: %v", p.Name, cores, err)
			}
		}
	}
}

func TestPresetsThatCoincideAreGrouped(t *testing.T) {
	for cores, want := range map[int][][]string{
		1:  nil,
		2:  {{"naive", "partition-25"}},
		4:  {{"partition-20", "partition-25"}},
		5:  {{"partition-20", "partition-25"}},
		16: nil,
	} {
		if diff := cmp.Diff(want, Same(cores)); diff != "" {
			t.Errorf("on %d cores (-want +got):\n%s", cores, diff)
		}
	}
}

func TestUnknownPresetsNameTheNearest(t *testing.T) {
	for name, want := range map[string]string{
		"naiv":    `unknown preset "naiv"; did you mean "naive"?`,
		"adaptiv": `unknown preset "adaptiv"; did you mean "adaptive"?`,
		"xyz":     `unknown preset "xyz"; expected default, naive, go-idiom, partition-20, partition-25, batched, pinned, bounded or adaptive`,
	} {
		if _, err := FromPreset(name, 2); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestValidateTellsEveryFault(t *testing.T) {
	err := Config{Memory: Memory{GOGC: -2}}.Validate()
	if err == nil {
		t.Fatal("the zero value is valid")
	}
	for _, want := range []string{
		`source.order: found "", expected walk, largest-first or smallest-first`, "io.workers: found 0", "io.reader: found", "cpu.workers: found 0",
		"cpu.scheduler: found", "clone.workers is not built yet; use 4", "channel.batch: found 0", "memory.gogc: found -2",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told in:\n%v", want, err)
		}
	}
	for _, absent := range []string{"channel.buffer", "channel.linger", "gomaxprocs", "memory.budget"} {
		if strings.Contains(err.Error(), absent) {
			t.Errorf("%s is told though zero is valid:\n%v", absent, err)
		}
	}
}

func TestFlatHoldsEveryBuiltKnobInFlatUnits(t *testing.T) {
	c := Default(2)
	c.Memory.GOMemLimit = 1 << 30
	want := map[string]any{
		"io.limiter": "none", "cpu.limiter": "none", "clone.limiter": "none",
		"source.order": "walk", "io.workers": 64, "io.reader": "read", "cpu.workers": 2, "cpu.scheduler": "queue", "cpu.pin": "none", "memory.budget": "none", "memory.arenas": "auto", "channel.buffer": 16, "channel.batch": 1,
		"channel.linger": 0.002, "memory.gogc": 100, "memory.gomemlimit": int64(1 << 30), "runtime.gomaxprocs": "auto",
	}
	if diff := cmp.Diff(want, c.Flat()); diff != "" {
		t.Errorf("flat (-want +got):\n%s", diff)
	}
	c.Memory.GOGC, c.Memory.GOMemLimit = -1, 0
	flat := c.Resolve(3).Flat()
	if flat["memory.gogc"] != "off" || flat["memory.gomemlimit"] != "none" || flat["runtime.gomaxprocs"] != 3 {
		t.Errorf("words are %v, %v, %v", flat["memory.gogc"], flat["memory.gomemlimit"], flat["runtime.gomaxprocs"])
	}
}

func TestAFlatConfigurationSurvivesJSON(t *testing.T) {
	for _, p := range Presets() {
		want, err := FromPreset(p.Name, 4)
		if err != nil {
			t.Fatal(err)
		}
		want.Channel.Linger = 1234567 * time.Nanosecond
		data, err := json.Marshal(want.Flat())
		if err != nil {
			t.Fatal(err)
		}
		var flat map[string]any
		if err := json.Unmarshal(data, &flat); err != nil {
			t.Fatal(err)
		}
		got, err := Default(1).WithFlat(flat)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", p.Name, diff)
		}
	}
}

func TestWithFlatTakesTheUsualTypesOfNumbers(t *testing.T) {
	base := Default(2)
	for _, value := range []any{8, int64(8), 8.0, "8"} {
		got, err := base.WithFlat(map[string]any{"io.workers": value})
		if err != nil || got.IO.Workers != 8 {
			t.Errorf("io.workers %T: %d, %v", value, got.IO.Workers, err)
		}
	}
	for _, value := range []any{1, int64(1), 1.0, "1", "1s"} {
		got, err := base.WithFlat(map[string]any{"channel.linger": value})
		if err != nil || got.Channel.Linger != time.Second {
			t.Errorf("channel.linger %T %v: %v, %v", value, value, got.Channel.Linger, err)
		}
	}
	_, err := base.WithFlat(map[string]any{"io.worker": 3, "io.workers": 2.5, "channel.linger": 1e300, "cpu.limiter": "occupancy", "io.limiter.min": 0, "memory.gogc": nil, "source.order": true})
	for _, want := range []string{
		`unknown knob "io.worker"; did you mean "io.workers"?`, "io.workers: found 2.5, expected a whole number", "channel.linger: found 1e+300",
		"cpu.limiter: occupancy counts the analysers that wait", "io.limiter.min: found 0, expected a whole number from 1 to 4096, or auto", "memory.gogc: found <nil>", "source.order: found true",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told in:\n%v", want, err)
		}
	}
}

func TestSetSpeaksTheWordsOfTheFile(t *testing.T) {
	base := Default(2)
	for assignment, change := range map[string]func(*Config){
		"io.workers=8":                 func(c *Config) { c.IO.Workers = 8 },
		" io.workers = 8":              func(c *Config) { c.IO.Workers = 8 },
		"channel.linger=5ms":           func(c *Config) { c.Channel.Linger = 5 * time.Millisecond },
		"memory.gogc=off":              func(c *Config) { c.Memory.GOGC = -1 },
		"memory.gomemlimit=1GiB":       func(c *Config) { c.Memory.GOMemLimit = 1 << 30 },
		"memory.gomemlimit=none":       func(*Config) {},
		"runtime.gomaxprocs=auto":      func(*Config) {},
		"cpu.scheduler=per-file":       func(c *Config) { c.CPU.Scheduler = "per-file" },
		"io.limiter={algorithm: none}": func(*Config) {},
		"io.limiter=vegas":             func(c *Config) { c.IO.Limiter.Algorithm = "vegas" },
		"io.limiter.initial=8":         func(c *Config) { c.IO.Limiter.Initial = 8 },
		"io.limiter.initial=auto":      func(*Config) {},
		"cpu.limiter.latency=raw":      func(c *Config) { c.CPU.Limiter.Latency = "raw" },
		"cpu.limiter.latency=auto":     func(*Config) {},
		"io.limiter={algorithm: vegas, initial: 8}": func(c *Config) {
			c.IO.Limiter = Limiter{Algorithm: "vegas", Initial: 8}
		},
		"clone.limiter={algorithm: aimd, min: 2, max: 3, latency: per-byte}": func(c *Config) {
			c.Clone.Limiter = Limiter{Algorithm: "aimd", Min: 2, Max: 3, Latency: "per-byte"}
		},
		"memory.arenas=auto":              func(*Config) {},
		"memory.arenas=1":                 func(c *Config) { c.Memory.Arenas = 1 },
		"memory.budget=1MiB":              func(c *Config) { c.Memory.Budget = 1 << 20 },
		"source.order=\"smallest-first\"": func(c *Config) { c.Source.Order = "smallest-first" },
	} {
		want := base
		change(&want)
		if got, err := base.Set(assignment); err != nil || got != want {
			t.Errorf("Set(%q) is %+v, %v", assignment, got, err)
		}
	}
	for assignment, want := range map[string]string{
		"io.workers":       `found "io.workers", expected knob=value such as io.workers=8`,
		"io.worker=8":      `unknown knob "io.worker"; did you mean "io.workers"?`,
		"buffer=8":         `unknown knob "buffer"; did you mean "channel.buffer"?`,
		"io.workers=":      "io.workers: found nothing, expected a whole number from 1 to 4096",
		"io.workers=eight": `io.workers: found text "eight", expected a whole number from 1 to 4096`,
		"io.workers=0":     "io.workers: found 0, expected a whole number from 1 to 4096",
		"io.limiter=vegs":  `io.limiter: found "vegs", expected none, static, aimd, vegas, gradient2, window, arc, load, bdp or occupancy; did you mean "vegas"?`,
		"cpu.limiter=occupancy": "cpu.limiter: occupancy counts the analysers that wait for reads, and so is for io.limiter alone; " +
			"use none, static, aimd, vegas, gradient2, window, arc, load or bdp",
		"io.limiter.initial=0":                       "io.limiter.initial: found number 0, expected a whole number from 1 to 4096, or auto",
		"io.limiter.max=5000":                        "io.limiter.max: found 5000, expected a whole number from 1 to 4096, or auto",
		"io.limiter.latency=\"\"":                    `io.limiter.latency: found text "", expected raw, per-byte or auto`,
		"io.limiter.maxx=3":                          `unknown knob "io.limiter.maxx"; did you mean "io.limiter.max"?`,
		"io.limiter={algorithm: {algorithm: vegas}}": "io.limiter.algorithm: found a mapping, expected none, static, aimd, vegas, gradient2, window, arc, load, bdp or occupancy",
		"memory.budget=1KiB":                         "memory.budget: found 1KiB, expected a size of 1MiB or more such as 512MiB, or none",
		"channel.linger=[":                           "not valid YAML: did not find expected node content",
		"io.limiter={min: 3}":                        "io.limiter: the block has no algorithm; add algorithm: none, static, aimd, vegas, gradient2, window, arc, load, bdp or occupancy",
	} {
		got, err := base.Set(assignment)
		if err == nil || err.Error() != want {
			t.Errorf("Set(%q): %v, want %s", assignment, err, want)
		}
		if got != base {
			t.Errorf("Set(%q) changed the configuration though it failed", assignment)
		}
	}
}

func TestWarningsOfAConfigurationSparePresets(t *testing.T) {
	for _, p := range Presets() {
		c, err := FromPreset(p.Name, 2)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Warnings(); len(got) > 0 {
			t.Errorf("%s warns %q", p.Name, got)
		}
	}
	c := goIdiom(2)
	c.Channel.Buffer = 7
	want := []string{"channel.buffer: without effect under cpu.scheduler per-file, where nothing is handed over"}
	if diff := cmp.Diff(want, c.Warnings()); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}

func TestResolvePutsCoresForAuto(t *testing.T) {
	if got := Default(2).Resolve(2).Runtime.GOMAXPROCS; got != 2 {
		t.Errorf("auto resolves to %d, want 2", got)
	}
	c := Default(2)
	c.Runtime.GOMAXPROCS = 5
	if got := c.Resolve(2); got != c {
		t.Errorf("a number resolves to %d, want 5", got.Runtime.GOMAXPROCS)
	}
}

func TestEveryFieldIsAKnobAndEveryKnobIsDescribed(t *testing.T) {
	seen := make(map[any]string)
	var c Config
	for _, k := range knobs {
		if other, twice := seen[k.field(&c)]; twice {
			t.Errorf("%s and %s share a field", k.Name, other)
		}
		seen[k.field(&c)] = k.Name
	}
	if want := 30; len(knobs) != want {
		t.Errorf("%d knobs, want %d, one for each field of Config", len(knobs), want)
	}
	var built []string
	for _, k := range Knobs() {
		if k.Doc == "" || k.Type != TypeChoice && (k.Scale == "" || k.Max <= k.Min || !k.Ordered) || k.Type == TypeChoice && len(k.Values) == 0 {
			t.Errorf("%s is described as %+v", k.Name, k)
		}
		if k.Built {
			built = append(built, k.Name)
		}
	}
	for name := range Default(1).Flat() {
		if !slices.Contains(built, name) {
			t.Errorf("flat holds %s, which is not built", name)
		}
	}
	Knobs()[0].Values[0] = "changed"
	if knobs[0].Values[0] != "walk" {
		t.Error("a caller can change the table")
	}
}

func TestTheSchemaKnowsEveryKnob(t *testing.T) {
	data, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	type properties map[string]struct {
		Properties properties
		AnyOf      []struct{ Properties properties }
	}
	var schema struct{ Properties properties }
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	for _, k := range knobs {
		at := schema.Properties["scanner"].Properties
		for key := range strings.SplitSeq(k.section(), ".") {
			section := at[key]
			if at = section.Properties; section.AnyOf != nil {
				at = section.AnyOf[len(section.AnyOf)-1].Properties
			}
		}
		if _, ok := at[k.key()]; !ok {
			t.Errorf("%s is not in the schema", k.Name)
		}
	}
}
