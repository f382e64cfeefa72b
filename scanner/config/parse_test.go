package config

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// spec is the example of SPEC.
const spec = `version: 1
scanner:
  source:  {order: walk}
  io:      {workers: 4, reader: read, limiter: none}
  cpu:     {workers: 12, scheduler: queue, pin: none, limiter: none}
  clone:   {workers: 4, limiter: none}
  channel: {buffer: 100, batch: 16, linger: 2ms}
  memory:  {budget: none, gogc: 100, gomemlimit: none, arenas: auto}
  runtime: {gomaxprocs: auto}
`

func TestTheExampleOfTheSpecIsRead(t *testing.T) {
	file, err := Parse("sluice.yaml", []byte(spec), 2)
	if err != nil {
		t.Fatal(err)
	}
	want := naive(2)
	want.IO.Workers, want.CPU.Workers, want.Channel.Batch = 4, 12, 16
	if diff := cmp.Diff(want, file.Config); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	if want := len(knobs) - len(limited)*4; len(file.Given) != want {
		t.Errorf("the file gives %d knobs, want all %d but those of limiters' blocks", len(file.Given), want)
	}
}

func TestValuesAreReadInTheirForms(t *testing.T) {
	for name, row := range map[string]struct {
		data   string
		change func(*Config)
	}{
		"no scanner at all":                {"version: 1", func(*Config) {}},
		"JSON":                             {`{"version": 1, "scanner": {"io": {"workers": 7}, "memory": {"gogc": "off"}}}`, func(c *Config) { c.IO.Workers, c.Memory.GOGC = 7, -1 }},
		"JSON over lines with tabs":        {"{\n\t\"version\": 1,\n\t\"scanner\": {\n\t\t\"channel\": {\"linger\": \"5ms\"}\n\t}\n}\n", func(c *Config) { c.Channel.Linger = 5 * time.Millisecond }},
		"sizes with a unit":                {"version: 1\nscanner: {memory: {gomemlimit: 1.5GiB}}", func(c *Config) { c.Memory.GOMemLimit = 3 << 29 }},
		"sizes in bytes":                   {"version: 1\nscanner: {memory: {gomemlimit: 4194304}}", func(c *Config) { c.Memory.GOMemLimit = 4 << 20 }},
		"an unbuffered channel":            {"version: 1\nscanner: {channel: {buffer: 0, linger: 0}}", func(c *Config) { c.Channel.Buffer, c.Channel.Linger = 0, 0 }},
		"a limiter as a block":             {"version: 1\nscanner: {io: {limiter: {algorithm: none}}}", func(*Config) {}},
		"a limiter as a block with bounds": {"version: 1\nscanner: {io: {limiter: {algorithm: none, min: 2, initial: 2, max: 2}}}", func(c *Config) { c.IO.Limiter = Limiter{"none", 2, 2, 2, ""} }},
		"a limiter by name":                {"version: 1\nscanner: {cpu: {limiter: gradient2}}", func(c *Config) { c.CPU.Limiter.Algorithm = "gradient2" }},
		"a limiter with all it takes":      {"version: 1\nscanner: {io: {limiter: {algorithm: vegas, initial: 8, min: 2, max: 512, latency: per-byte}}}", func(c *Config) { c.IO.Limiter = Limiter{"vegas", 8, 2, 512, "per-byte"} }},
		"a limiter's words":                {"version: 1\nscanner: {io: {limiter: {algorithm: bdp, initial: auto, latency: auto}}}", func(c *Config) { c.IO.Limiter.Algorithm = "bdp" }},
		"a limiter of analyses at its end": {"version: 1\nscanner: {cpu: {workers: 8, limiter: {algorithm: vegas, max: 8}}}", func(c *Config) { c.CPU.Workers, c.CPU.Limiter = 8, Limiter{Algorithm: "vegas", Max: 8} }},
		"a limiter of clones":              {"version: 1\nscanner: {clone: {limiter: aimd}}", func(c *Config) { c.Clone.Limiter.Algorithm = "aimd" }},
		"an anchor and its alias":          {"version: 1\nscanner: {io: {workers: &n 3}, cpu: {workers: *n}}", func(c *Config) { c.IO.Workers, c.CPU.Workers = 3, 3 }},
		"a scheduler":                      {"version: 1\nscanner: {cpu: {scheduler: per-file}}", func(c *Config) { c.CPU.Scheduler = "per-file" }},
		"a number of threads":              {"version: 1\nscanner: {runtime: {gomaxprocs: 3}}", func(c *Config) { c.Runtime.GOMAXPROCS = 3 }},
		"Windows line ends":                {"version: 1\r\nscanner:\r\n  io:\r\n    workers: 9\r\n", func(c *Config) { c.IO.Workers = 9 }},
		"a byte order mark":                {"\ufeffversion: 1\n", func(*Config) {}},
	} {
		t.Run(name, func(t *testing.T) {
			file, err := Parse("sluice.yaml", []byte(row.data), 2)
			if err != nil {
				t.Fatal(err)
			}
			want := Default(2)
			row.change(&want)
			if diff := cmp.Diff(want, file.Config); diff != "" {
				t.Errorf("configuration (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEachFaultNamesItsPlaceAndRemedy(t *testing.T) {
	const head = "version: 1\nscanner:\n"
	for name, row := range map[string]struct{ data, want string }{
		"an empty file":              {"", `1:1: the file is empty; start it with "version: 1" and "scanner:"`},
		"a file of comments":         {"# nothing\n", `1:1: the file is empty; start it with "version: 1" and "scanner:"`},
		"no version":                 {"scanner: {}\n", `1:1: version is missing; add "version: 1"`},
		"a newer version":            {"version: 2\n", `1:10: found version 2, expected 1; a newer sluice wrote this file: use that one, or run sluice tune again`},
		"version zero":               {"version: 0\n", `1:10: found version 0, expected 1`},
		"a version as text":          {"version: \"1\"\n", `1:10: version: found text "1", expected the whole number 1`},
		"a version with a fraction":  {"version: 1.0\n", `1:10: version: found number 1.0, expected the whole number 1`},
		"an unknown block":           {"version: 1\nscaner: {}\n", `2:1: unknown key "scaner"; did you mean "scanner"?`},
		"a section at the top":       {"version: 1\nio: {workers: 3}\n", `2:1: unknown key "io"; did you mean "scanner.io"?`},
		"an unknown section":         {head + "  cpus: {workers: 3}\n", `3:3: unknown knob "cpus"; did you mean "cpu"?`},
		"an unknown knob":            {head + "  cpu:\n    worker: 3\n", `4:5: unknown knob "cpu.worker"; did you mean "cpu.workers"?`},
		"a knob of another section":  {head + "  cpu: {buffer: 3}\n", `3:9: unknown knob "cpu.buffer"; did you mean "channel.buffer"?`},
		"a knob far from any":        {head + "  clone: {zebra: 3}\n", `3:11: unknown knob "clone.zebra"; expected workers or limiter`},
		"a flat name":                {head + "  io.workers: 3\n", `3:3: unknown knob "io.workers"; nest it: write "io: {workers: …}"`},
		"a merge key":                {head + "  <<: {io: {workers: 3}}\n", `3:3: unknown knob "<<"; expected source, io, cpu, clone, channel, memory or runtime`},
		"a knob twice":               {head + "  io: {workers: 3, workers: 4}\n", `3:20: knob "io.workers" is given twice, first at line 3 column 8; keep one`},
		"a section twice":            {head + "  io: {workers: 3}\n  io: {workers: 4}\n", `4:3: knob "io" is given twice, first at line 3 column 3; keep one`},
		"text for a number":          {head + "  io: {workers: four}\n", `3:17: io.workers: found text "four", expected a whole number from 1 to 4096`},
		"quoted digits for a number": {head + "  io: {workers: \"4\"}\n", `3:17: io.workers: found text "4", expected a whole number from 1 to 4096`},
		"a fraction":                 {head + "  io: {workers: 4.5}\n", `3:17: io.workers: found number 4.5, expected a whole number from 1 to 4096`},
		"octal":                      {head + "  io: {workers: 010}\n", `3:17: io.workers: found number 010, expected a whole number from 1 to 4096`},
		"a list for a number":        {head + "  io: {workers: [4]}\n", `3:17: io.workers: found a list, expected a whole number from 1 to 4096`},
		"a block for a number":       {head + "  io: {workers: {a: 4}}\n", `3:17: io.workers: found a mapping, expected a whole number from 1 to 4096`},
		"nothing for a number":       {head + "  io:\n    workers:\n", `4:13: io.workers: found nothing, expected a whole number from 1 to 4096`},
		"nothing for a section":      {head + "  io:\n", `3:6: io: found nothing, expected a mapping of names to values`},
		"a list for a section":       {head + "  io: [1]\n", `3:7: io: found a list, expected a mapping of names to values`},
		"text for the scanner":       {"version: 1\nscanner: fast\n", `2:10: found text "fast", expected a mapping of names to values`},
		"no workers":                 {head + "  io: {workers: 0}\n", `3:17: io.workers: found 0, expected a whole number from 1 to 4096`},
		"too many workers":           {head + "  cpu: {workers: 4097}\n", `3:18: cpu.workers: found 4097, expected a whole number from 1 to 4096`},
		"a buffer below zero":        {head + "  channel: {buffer: -1}\n", `3:21: channel.buffer: found -1, expected a whole number from 0 to 65536`},
		"a linger without unit":      {head + "  channel: {linger: 2}\n", `3:21: channel.linger: found number 2, expected a duration from 0s to 10s such as 2ms`},
		"a linger too long":          {head + "  channel: {linger: 1m}\n", `3:21: channel.linger: found 1m0s, expected a duration from 0s to 10s such as 2ms`},
		"gogc zero":                  {head + "  memory: {gogc: 0}\n", `3:18: memory.gogc: found 0, expected a whole number from 1 to 100000, or off`},
		"gogc with a wrong word":     {head + "  memory: {gogc: none}\n", `3:18: memory.gogc: found text "none", expected a whole number from 1 to 100000, or off`},
		"gomemlimit below the least": {head + "  memory: {gomemlimit: 1KiB}\n", `3:24: memory.gomemlimit: found 1KiB, expected a size of 1MiB or more such as 512MiB, or none`},
		"gomemlimit without unit":    {head + "  memory: {gomemlimit: 512M}\n", `3:24: memory.gomemlimit: found text "512M", expected a size of 1MiB or more such as 512MiB, or none`},
		"gomaxprocs below zero":      {head + "  runtime: {gomaxprocs: -2}\n", `3:25: runtime.gomaxprocs: found -2, expected a whole number from 1 to 4096, or auto`},
		"a word spelled wrong":       {head + "  source: {order: larges-first}\n", `3:19: source.order: found "larges-first", expected walk, largest-first or smallest-first; did you mean "largest-first"?`},
		"a number for a word":        {head + "  source: {order: 3}\n", `3:19: source.order: found number 3, expected walk, largest-first or smallest-first`},
		"a scheduler spelled wrong":  {head + "  cpu: {scheduler: stael}\n", `3:20: cpu.scheduler: found "stael", expected queue, steal, per-file, threads or inline; did you mean "steal"?`},
		"a pin spelled wrong":        {head + "  cpu: {pin: lock}\n", `3:14: cpu.pin: found "lock", expected none, locked or partition`},
		"a budget below the least":   {head + "  memory: {budget: 1KiB}\n", `3:20: memory.budget: found 1KiB, expected a size of 1MiB or more such as 512MiB, or none`},
		"a budget that is no size":   {head + "  memory: {budget: much}\n", `3:20: memory.budget: found text "much", expected a size of 1MiB or more such as 512MiB, or none`},
		"arenas":                     {head + "  memory: {arenas: -1}\n", `3:20: memory.arenas: found -1, expected a whole number from 1 to 4096, or auto`},
		"clones":                     {head + "  clone: {workers: 8}\n", `3:20: clone.workers is not built yet; use 4`},
		"a limiter near one":         {head + "  io: {limiter: vega}\n", `3:17: io.limiter: found "vega", expected none, static, aimd, vegas, gradient2, window, arc, load, bdp or occupancy; did you mean "vegas"?`},
		"occupancy of analysers":     {head + "  cpu: {limiter: {algorithm: occupancy}}\n", `3:30: cpu.limiter: occupancy counts the analysers that wait for reads, and so is for io.limiter alone; use none, static, aimd, vegas, gradient2, window, arc, load or bdp`},
		"a limit of zero":            {head + "  io: {limiter: {algorithm: vegas, min: 0}}\n", `3:41: io.limiter.min: found number 0, expected a whole number from 1 to 4096, or auto`},
		"a limit below zero":         {head + "  io: {limiter: {algorithm: vegas, max: -1}}\n", `3:41: io.limiter.max: found -1, expected a whole number from 1 to 4096, or auto`},
		"a latency spelled wrong":    {head + "  io: {limiter: {algorithm: vegas, latency: per-bite}}\n", `3:45: io.limiter.latency: found "per-bite", expected raw, per-byte or auto; did you mean "per-byte"?`},
		"a block in a block":         {head + "  io: {limiter: {algorithm: {algorithm: vegas}}}\n", `3:29: io.limiter.algorithm: found a mapping, expected none, static, aimd, vegas, gradient2, window, arc, load, bdp or occupancy`},
		"a limiter's key too high":   {head + "  io: {limiter.min: 1}\n", `3:8: unknown knob "io.limiter.min"; nest it: write "limiter: {min: …}"`},
		"a list for a limiter":       {head + "  io: {limiter: [vegas]}\n", `3:17: io.limiter: found a list, expected none, static, aimd, vegas, gradient2, window, arc, load, bdp or occupancy`},
		"initial above what is auto": {head + "  io: {limiter: {algorithm: vegas, initial: 300}}\n", `3:45: io.limiter.initial is 300, above io.limiter.max, which is 256 unless given; use an initial of at most max`},
		"min above what is auto":     {head + "  io: {limiter: {algorithm: vegas, min: 300}}\n", `3:41: io.limiter.min is 300, above io.limiter.max, which is 256 unless given; use a min of at most max`},
		"max above cpu.workers":      {head + "  cpu: {workers: 4, limiter: {algorithm: vegas, max: 8}}\n", `3:54: cpu.limiter.max is 8, above cpu.workers, which is 4 and bounds the limiter too; use at most 4, or cpu.workers 8`},
		"initial above cpu.workers":  {head + "  cpu: {workers: 4, limiter: {algorithm: static, initial: 8}}\n", `3:59: cpu.limiter.initial is 8, above cpu.workers, which is 4 and bounds the limiter too; use at most 4, or cpu.workers 8`},
		"a block without algorithm":  {head + "  io: {limiter: {min: 1}}\n", `3:17: io.limiter: the block has no algorithm; add algorithm: none, static, aimd, vegas, gradient2, window, arc, load, bdp or occupancy`},
		"a block with a wrong key":   {head + "  io: {limiter: {algoritm: none, algorithm: none}}\n", `3:18: unknown knob "io.limiter.algoritm"; did you mean "io.limiter.algorithm"?`},
		"min above max":              {head + "  io: {limiter: {algorithm: none, min: 9, max: 8}}\n", `3:40: io.limiter.min is 9, above io.limiter.max, which is 8; use a min of at most max`},
		"initial above max":          {head + "  io: {limiter: {algorithm: none, initial: 9, max: 8}}\n", `3:44: io.limiter.initial is 9, above io.limiter.max, which is 8; use an initial of at most max`},
		"initial below min":          {head + "  io: {limiter: {algorithm: none, initial: 1, min: 2}}\n", `3:44: io.limiter.initial is 1, below io.limiter.min, which is 2; use an initial of at least min`},
		"a wrong provenance":         {"version: 1\nprovenance: {fidelty: 1}\n", `2:14: unknown key "provenance.fidelty"; did you mean "provenance.fidelity"?`},
		"JSON with a wrong knob":     {"{\n  \"version\": 1,\n  \"scanner\": {\"io\": {\"worker\": 3}}\n}\n", `3:22: unknown knob "io.worker"; did you mean "io.workers"?`},
	} {
		t.Run(name, func(t *testing.T) {
			file, err := Parse("sluice.yaml", []byte(row.data), 2)
			if err == nil {
				t.Fatalf("read as %+v", file.Config)
			}
			if diff := cmp.Diff("sluice.yaml:"+row.want, err.Error()); diff != "" {
				t.Errorf("fault (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEveryFaultOfAFileIsToldAtOnce(t *testing.T) {
	const data = `version: 3
scanner:
  cpu: {worker: 12, scheduler: fibers}
  io: {workers: lots, limiter: {algorithm: vegas, min: 3, max: 2}}
  memory: {gogc: 0, gogc: 1}
provenance: {verdict: good, gain: {p99: {ratio: high}}, date: today}
extra: 1
`
	_, err := Parse("f.yaml", []byte(data), 2)
	var faults Faults
	if !errors.As(err, &faults) {
		t.Fatalf("error is %T, want Faults: %v", err, err)
	}
	want := []string{
		`f.yaml:1:10: found version 3, expected 1; a newer sluice wrote this file: use that one, or run sluice tune again`,
		`f.yaml:3:9: unknown knob "cpu.worker"; did you mean "cpu.workers"?`,
		`f.yaml:3:32: cpu.scheduler: found "fibers", expected queue, steal, per-file, threads or inline`,
		`f.yaml:4:17: io.workers: found text "lots", expected a whole number from 1 to 4096`,
		`f.yaml:4:56: io.limiter.min is 3, above io.limiter.max, which is 2; use a min of at most max`,
		`f.yaml:5:18: memory.gogc: found 0, expected a whole number from 1 to 100000, or off`,
		`f.yaml:5:21: knob "memory.gogc" is given twice, first at line 5 column 12; keep one`,
		`f.yaml:6:23: provenance.verdict: found text "good", expected better, worse, no difference or undecided`,
		`f.yaml:6:49: provenance.gain.p99.ratio: found text "high", expected a number`,
		`f.yaml:6:63: provenance.date: found text "today", expected a date and time such as 2026-01-31T12:00:00Z`,
		`f.yaml:7:1: unknown key "extra"; expected version, scanner or provenance`,
	}
	if diff := cmp.Diff(strings.Join(want, "\n"), faults.Error()); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	var first Fault
	if !errors.As(err, &first) || first.Line != 1 || first.Column != 10 || first.File != "f.yaml" {
		t.Errorf("the first fault is %+v", first)
	}
}

func TestKnobsWithoutEffectAreWarnings(t *testing.T) {
	for name, row := range map[string]struct {
		scanner string
		want    []string
	}{
		"nothing given":            {"{}", nil},
		"a batch that lingers":     {"{channel: {batch: 4, linger: 2ms}}", nil},
		"linger at batch 1":        {"{channel: {linger: 2ms}}", []string{"channel.linger: without effect while channel.batch is 1"}},
		"a channel under per-file": {"{cpu: {scheduler: per-file}, channel: {buffer: 1, batch: 3}}", []string{"channel.buffer, channel.batch: without effect under cpu.scheduler per-file, where nothing is handed over"}},
		"a channel under inline":   {"{cpu: {workers: 3, scheduler: inline}, channel: {buffer: 1}}", []string{"cpu.workers, channel.buffer: without effect under cpu.scheduler inline, where the readers analyse"}},

		"bounds of a limiter of none":    {"{io: {limiter: {algorithm: none, max: 3}}}", []string{"io.limiter.max: without effect while io.limiter is none"}},
		"what limiters use":              {"{io: {limiter: {algorithm: bdp, initial: 1, min: 1, max: 3, latency: raw}}, cpu: {limiter: {algorithm: vegas, latency: raw}}}", nil},
		"bounds of what stays":           {"{io: {limiter: {algorithm: static, min: 1, max: 99}}}", []string{"io.limiter.min, io.limiter.max: without effect while io.limiter is static"}},
		"a latency that is not asked":    {"{cpu: {limiter: {algorithm: load, latency: raw}}}", []string{"cpu.limiter.latency: without effect while cpu.limiter is load"}},
		"workers beside an initial":      {"{io: {workers: 4, limiter: {algorithm: vegas, initial: 8}}}", []string{"io.workers: without effect while io.limiter.initial says how many readers start"}},
		"workers that raise the most":    {"{io: {workers: 400, limiter: {algorithm: vegas, initial: 8}}}", nil},
		"workers that a limiter starts":  {"{io: {workers: 4, limiter: {algorithm: vegas, max: 8}}}", nil},
		"analysers limited under inline": {"{cpu: {workers: 3, scheduler: inline, limiter: vegas}}", nil},
		"more limits than threads":       {"{io: {limiter: {algorithm: bdp, max: 600}}, cpu: {scheduler: threads}}", []string{"io.limiter.max: without effect above 512, the most threads that cpu.scheduler threads starts"}},
		"occupancy under inline":         {"{io: {limiter: occupancy}, cpu: {scheduler: inline}}", nil},
		"a limiter of clones":            {"{clone: {limiter: aimd}}", []string{"clone.limiter: without effect until the scanner clones"}},
	} {
		t.Run(name, func(t *testing.T) {
			file, err := Parse("f", []byte("version: 1\nscanner: "+row.scanner), 2)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, file.Warnings()); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", spec, "version: 1\n", "{\"version\": 1}", "version: 1\nscanner: {io: {limiter: {algorithm: none, min: 1}}}",
		"version: 1\nscanner: {memory: {gogc: off, gomemlimit: 1.5GiB}, channel: {linger: 1us}}",
		"version: 1\nprovenance: {machine: {detail: {cpu: \"8\"}}, gain: {p99: {ratio: 1.5, n: 12}}, date: 2026-01-31T12:00:00Z}",
		"version: 1\nscanner: &a {io: *a}",
		"version: 1\nscanner: {io: {limiter: {algorithm: occupancy, initial: 8, min: 1, max: 4096, latency: per-byte}}, cpu: {workers: 9, limiter: {algorithm: vegas, max: 9}}, clone: {limiter: aimd}}",
		"version: 1\nscanner: {io: {limiter: static, workers: 9}, cpu: {limiter: {algorithm: static, initial: 2, max: 1}}}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse("f", data, 2)
		if err != nil {
			var faults Faults
			if !errors.As(err, &faults) || len(faults) == 0 {
				t.Fatalf("error is %T: %v", err, err)
			}
			for _, fault := range faults {
				if fault.File != "f" || fault.Line < 1 || fault.Column < 1 || fault.Message == "" || strings.Contains(fault.Message, "\n") {
					t.Errorf("fault %+v", fault)
				}
			}
			return
		}
		if err := file.Config.Validate(); err != nil {
			t.Errorf("what Parse accepts does not validate: %v", err)
		}
		roundTrip(t, file)
	})
}
