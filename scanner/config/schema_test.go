package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestTheSchemaIsTheOneThatWasRead(t *testing.T) {
	got, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/sluice.schema.json"
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("schema (-want +got; run with -update if it is right):\n%s", diff)
	}
}

func TestTheSchemaAcceptsWhatParseReads(t *testing.T) {
	good := map[string]string{
		"the example of SPEC":  spec,
		"no scanner":           "version: 1",
		"a block":              "version: 1\nscanner: {io: {limiter: {algorithm: vegas, initial: 8, min: auto, max: 512, latency: per-byte}}}",
		"sizes and durations":  "version: 1\nscanner: {memory: {budget: 1.5GiB, gomemlimit: 4194304}, channel: {linger: 1s500.5ms}}",
		"no linger":            "version: 1\nscanner: {channel: {linger: 0}}",
		"words":                "version: 1\nscanner: {memory: {gogc: off, arenas: auto}, runtime: {gomaxprocs: auto}}",
		"an empty provenance":  "version: 1\nprovenance: {}",
		"a size in provenance": "version: 1\nprovenance: {machine: {memory_bytes: 24GiB}}",
	}
	for _, cores := range []int{1, 2, 16} {
		for _, p := range Presets() {
			c, err := FromPreset(p.Name, cores)
			if err != nil {
				t.Fatal(err)
			}
			for form, c := range map[string]Config{"": c, ", resolved": c.Resolve(cores)} {
				good[fmt.Sprintf("%s on %d cores%s", p.Name, cores, form)] = marshalled(t, File{Config: c})
			}
		}
	}
	good["a tuned file"] = marshalled(t, File{Config: Default(2), Provenance: &Provenance{
		Machine: Machine{Class: "linux-amd64-2c-24g", UsableCores: 2, MemoryBytes: 24 << 30, Detail: map[string]string{"cpu": "Xeon"}},
		Corpus:  Corpus{Name: "goroot", Fingerprint: "00ff", Files: 11000, Bytes: 90 << 20, SampleFingerprint: []string{"01"}},
		Storage: Storage{Asked: "nfs", AskedMeanS: .005, AchievedMeanS: .0057}, Goal: Goal{Objective: "balanced", Require: []string{"rss<512MiB"}},
		Reference: "default", Verdict: "better", Gain: map[string]Gain{"p99": {Ratio: 2, Low: 1.5, High: 3, Confidence: .95, N: 7, Verdict: "better"}},
		Fidelity: .125, Version: "1", Date: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC), Run: "7", Chosen: "from stored trials",
	}})
	schema := schemaOf(t)
	for name, text := range good {
		if _, err := Parse("x.yaml", []byte(text), 2); err != nil {
			t.Errorf("%s: Parse refuses it: %v", name, err)
		}
		if faults := judge(schema, document(t, text), "$"); len(faults) > 0 {
			t.Errorf("%s: the schema refuses it: %s", name, strings.Join(faults, "; "))
		}
	}
}

func TestTheSchemaRefusesWhatParseRefuses(t *testing.T) {
	schema := schemaOf(t)
	for name, text := range map[string]string{
		"no version":                   "scanner: {io: {workers: 4}}",
		"another version":              "version: 2",
		"an unknown section":           "version: 1\nscanner: {oi: {workers: 4}}",
		"an unknown knob":              "version: 1\nscanner: {cpu: {worker: 4}}",
		"an unknown key":               "version: 1\nscaner: {}",
		"text for a number":            "version: 1\nscanner: {io: {workers: four}}",
		"a number below its range":     "version: 1\nscanner: {io: {workers: 0}}",
		"a number above its range":     "version: 1\nscanner: {channel: {buffer: 65537}}",
		"part of a worker":             "version: 1\nscanner: {io: {workers: 1.5}}",
		"an unknown word":              "version: 1\nscanner: {cpu: {scheduler: quick}}",
		"a word of another knob":       "version: 1\nscanner: {runtime: {gomaxprocs: none}}",
		"a limiter of reads alone":     "version: 1\nscanner: {cpu: {limiter: occupancy}}",
		"a block without algorithm":    "version: 1\nscanner: {io: {limiter: {max: 3}}}",
		"an unknown key of a block":    "version: 1\nscanner: {io: {limiter: {algorithm: vegas, most: 3}}}",
		"a size without a unit":        "version: 1\nscanner: {memory: {budget: \"512\"}}",
		"a size of an unknown unit":    "version: 1\nscanner: {memory: {budget: 5 parsecs}}",
		"a size too small":             "version: 1\nscanner: {memory: {budget: 12}}",
		"a duration without a unit":    "version: 1\nscanner: {channel: {linger: \"5\"}}",
		"a number for a duration":      "version: 1\nscanner: {channel: {linger: 5}}",
		"a negative duration":          "version: 1\nscanner: {channel: {linger: -2ms}}",
		"a knob that is not built":     "version: 1\nscanner: {clone: {workers: 5}}",
		"a scanner that is a list":     "version: 1\nscanner: [1]",
		"an unknown key of provenance": "version: 1\nprovenance: {machin: {}}",
		"an unknown verdict":           "version: 1\nprovenance: {verdict: good}",
		"text for a gain":              "version: 1\nprovenance: {gain: {p99: {ratio: much}}}",
	} {
		if _, err := Parse("x.yaml", []byte(text), 2); err == nil {
			t.Errorf("%s: Parse reads it; the row proves nothing", name)
		}
		if faults := judge(schema, document(t, text), "$"); len(faults) == 0 {
			t.Errorf("%s: the schema accepts it", name)
		}
	}
}

func marshalled(t *testing.T, f File) string {
	t.Helper()
	data, err := f.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func schemaOf(t *testing.T) map[string]any {
	t.Helper()
	data, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	return schema
}

// document is YAML as an editor hands it to a schema: as JSON would hold it.
func document(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	var plain any
	if err := dec.Decode(&plain); err != nil {
		t.Fatal(err)
	}
	return plain
}

// judge is as much of JSON Schema (draft 2020-12) as the schema uses. A keyword that
// it does not know is a fault, so that no rule of the schema goes unjudged.
func judge(schema map[string]any, value any, at string) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, at+": "+fmt.Sprintf(format, args...)) }
	for keyword, rule := range schema {
		switch keyword {
		case "$schema", "title", "description", "examples":
		case "type":
			if !isA(rule.(string), value) {
				fault("%v is no %v", value, rule)
			}
		case "const":
			if !reflect.DeepEqual(rule, value) {
				fault("%v is not %v", value, rule)
			}
		case "enum":
			if !slices.ContainsFunc(rule.([]any), func(one any) bool { return reflect.DeepEqual(one, value) }) {
				fault("%v is none of %v", value, rule)
			}
		case "minimum":
			if n, ok := value.(float64); ok && n < rule.(float64) {
				fault("%v is below %v", n, rule)
			}
		case "maximum":
			if n, ok := value.(float64); ok && n > rule.(float64) {
				fault("%v is above %v", n, rule)
			}
		case "pattern":
			if text, ok := value.(string); ok && (!utf8.ValidString(text) || !regexp.MustCompile(rule.(string)).MatchString(text)) {
				fault("%q does not match %v", text, rule)
			}
		case "anyOf":
			if !slices.ContainsFunc(rule.([]any), func(one any) bool { return len(judge(one.(map[string]any), value, at)) == 0 }) {
				fault("%v is none of %d forms", value, len(rule.([]any)))
			}
		case "items":
			list, _ := value.([]any)
			for i, item := range list {
				faults = append(faults, judge(rule.(map[string]any), item, fmt.Sprintf("%s[%d]", at, i))...)
			}
		case "required":
			for _, name := range rule.([]any) {
				if object, ok := value.(map[string]any); ok && object[name.(string)] == nil {
					fault("%v is missing", name)
				}
			}
		case "properties", "additionalProperties": // below, together
		default:
			fault("the schema says %q, which this test does not know", keyword)
		}
	}
	return append(faults, members(schema, value, at)...)
}

// members judges the keys of an object, known and others.
func members(schema map[string]any, value any, at string) (faults []string) {
	object, _ := value.(map[string]any)
	known, _ := schema["properties"].(map[string]any)
	for name, of := range object {
		rule, ok := known[name]
		if !ok {
			rule = schema["additionalProperties"]
		}
		switch rule := rule.(type) {
		case map[string]any:
			faults = append(faults, judge(rule, of, at+"."+name)...)
		case bool:
			if !rule {
				faults = append(faults, at+": unknown key "+name)
			}
		}
	}
	return faults
}

func isA(kind string, value any) bool {
	switch kind {
	case "object":
		_, ok := value.(map[string]any)
		return ok
	case "array":
		_, ok := value.([]any)
		return ok
	case "string":
		_, ok := value.(string)
		return ok
	case "integer":
		n, ok := value.(float64)
		return ok && n == float64(int64(n))
	case "number":
		_, ok := value.(float64)
		return ok
	}
	return false
}
