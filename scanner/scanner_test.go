package scanner_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"sluice/scanner"
	"sluice/scanner/analyze"
	"sluice/scanner/config"
	"sluice/scanner/finding"
	"sluice/scanner/rules"
	"sluice/scanner/source"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func engine(tb testing.TB) *analyze.Engine {
	tb.Helper()
	pack, err := rules.Builtin()
	if err != nil {
		tb.Fatal(err)
	}
	e, err := analyze.New(pack)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(e.Close)
	return e
}

// key is a secret that the scanner finds and that no repository scan objects to.
const key = "AKIA" + "Q3EGR5TWLJ7KXN2P"

// town is a tree with a file of every fate that a file system in memory can show.
func town(rng *rand.Rand, files int) (fstest.MapFS, scanner.Stats) {
	fsys := fstest.MapFS{}
	want := scanner.Stats{Skipped: map[string]int64{}, Failed: map[string]int64{}, Languages: map[string]int64{}}
	put := func(name, text string, mode fs.FileMode) {
		fsys[fmt.Sprintf("d%d/e%d/%s", rng.IntN(5), rng.IntN(5), name)] = &fstest.MapFile{Data: []byte(text), Mode: mode}
		want.Discovered++
	}
	scanned := func(language, name, text string) {
		put(name, text, 0)
		want.Scanned++
		want.Bytes += int64(len(text))
		want.Languages[language]++
	}
	for i := range files {
		pad := strings.Repeat(fmt.Sprintf("// line of %d\n", i), rng.IntN(60))
		switch rng.IntN(8) {
		case 0:
			scanned("python", fmt.Sprintf("f%d.py", i), strings.ReplaceAll(pad, "//", "#")+"import os\nos.system('ls ' + name)\neval(text)\n")
		case 1:
			scanned("javascript", fmt.Sprintf("f%d.js", i), pad+"eval(input);\n")
		case 2:
			scanned("text", fmt.Sprintf("f%d.txt", i), pad+"aws_access_key_id = "+key+"\n")
		case 3:
			put(fmt.Sprintf("f%d.bin", i), "\x7fELF\x00\x01", 0)
			want.Skipped[scanner.SkipBinary]++
		case 4:
			put(fmt.Sprintf("l%d", i), "f", fs.ModeSymlink)
			want.Skipped[source.SkipSymlink]++
		case 5:
			put(fmt.Sprintf("big%d.txt", i), strings.Repeat("x", 5000), 0)
			want.Skipped["too-large"]++
		default:
			scanned("go", fmt.Sprintf("f%d.go", i), "package p\n\n"+pad+fmt.Sprintf("const key%d = %q\n", i, key))
		}
	}
	return fsys, want
}

// draw is a random valid configuration.
func draw(rng *rand.Rand) config.Config {
	c := config.Default(2)
	c.Source.Order = []string{source.Walk, source.LargestFirst, source.SmallestFirst}[rng.IntN(3)]
	c.IO.Workers, c.CPU.Workers = 1+rng.IntN(12), 1+rng.IntN(12)
	c.CPU.Scheduler = []string{"queue", "per-file"}[rng.IntN(2)]
	c.Channel.Buffer, c.Channel.Batch = rng.IntN(20), 1+rng.IntN(20)
	c.Channel.Linger = time.Duration(rng.IntN(3)) * time.Millisecond
	return c
}

// TestEveryConfigurationFindsTheSame is the central property of the scanner. A
// failure prints the seed that repeats it.
func TestEveryConfigurationFindsTheSame(t *testing.T) {
	e := engine(t)
	for range 8 {
		seed := rand.Uint64()
		rng := rand.New(rand.NewPCG(seed, 0))
		fsys, want := town(rng, 150)
		var first scanner.Result
		for i := range 8 {
			c := draw(rng)
			got, err := scanner.Scan(t.Context(), scanner.Options{Config: c, FS: fsys, Engine: e, MaxFileBytes: 4999})
			if err != nil {
				t.Fatalf("seed %d, %+v: %v", seed, c, err)
			}
			if i == 0 {
				first = got
			}
			if diff := cmp.Diff(first.Findings, got.Findings); diff != "" || got.Stats.FindingsDigest != first.Stats.FindingsDigest {
				t.Fatalf("seed %d, %+v: findings (-first +got)\n%s", seed, c, diff)
			}
			counts := scanner.Stats{
				Discovered: got.Stats.Discovered, Scanned: got.Stats.Scanned, Bytes: got.Stats.Bytes,
				Skipped: got.Stats.Skipped, Failed: got.Stats.Failed, Languages: got.Stats.Languages,
			}
			if diff := cmp.Diff(want, counts); diff != "" {
				t.Fatalf("seed %d, %+v: account (-want +got)\n%s", seed, c, diff)
			}
		}
		if len(first.Findings) == 0 || !slices.IsSortedFunc(first.Findings, finding.Compare) {
			t.Fatalf("seed %d: %d findings, want some, sorted", seed, len(first.Findings))
		}
	}
}

func TestStatsAreWrittenAsTheSchemaSays(t *testing.T) {
	fsys, _ := town(rand.New(rand.NewPCG(1, 2)), 60)
	got, err := scanner.Scan(t.Context(), scanner.Options{Config: config.Default(2), FS: fsys, Engine: engine(t)})
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(got.Stats)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	if fields["schema"] != "sluice.scan/v1" || !strings.HasPrefix(fields["findings_digest"].(string), "sha256:") {
		t.Errorf("schema %v, digest %v", fields["schema"], fields["findings_digest"])
	}
	for _, name := range []string{"discovered", "scanned", "findings", "bytes", "wall_s", "cpu_s", "rss_peak_bytes", "throughput_bytes_per_s", "throughput_files_per_s", "sojourn_p50_s", "sojourn_p99_s", "first_result_s", "service_p50_s", "service_p99_s", "in_service_mean"} {
		if number, ok := fields[name].(float64); !ok || number <= 0 {
			t.Errorf("%s is %v, want a number above 0", name, fields[name])
		}
	}
	for _, name := range []string{"skipped", "failed", "languages", "config"} {
		if _, ok := fields[name].(map[string]any); !ok {
			t.Errorf("%s is %v, want an object", name, fields[name])
		}
	}
	if procs := fields["config"].(map[string]any)["runtime.gomaxprocs"]; procs == "auto" {
		t.Error("the configuration still says auto")
	}
	stations := fields["stations"].([]any)
	if len(stations) != 2 {
		t.Fatalf("there are %d stations, want 2", len(stations))
	}
	for _, name := range []string{"name", "workers", "service_s", "wait_s", "utilisation"} {
		if _, ok := stations[0].(map[string]any)[name]; !ok {
			t.Errorf("a station has no %s", name)
		}
	}
}

func TestTheCostsBySizeAddUpToTheStation(t *testing.T) {
	fsys, _ := town(rand.New(rand.NewPCG(5, 5)), 60)
	got, err := scanner.Scan(t.Context(), scanner.Options{Config: config.Default(2), FS: fsys, Engine: engine(t)})
	if err != nil {
		t.Fatal(err)
	}
	var files, parsed int64
	var seconds float64
	for _, c := range got.Stats.CostBySize {
		files += c.Plain.Files + c.Parsed.Files
		parsed += c.Parsed.Files
		seconds += c.Plain.ServiceS + c.Parsed.ServiceS
	}
	service := got.Stats.Stations[1].ServiceS
	if files != service.N || parsed == 0 {
		t.Errorf("%d files, %d of them parsed; the station analysed %d", files, parsed, service.N)
	}
	if want := service.Mean * float64(service.N); math.Abs(seconds-want) > 1e-6*want {
		t.Errorf("%v s of service by size, %v by the station", seconds, want)
	}
}

func TestAnEmptyTreeIsNoError(t *testing.T) {
	got, err := scanner.Scan(t.Context(), scanner.Options{Config: config.Default(2), FS: fstest.MapFS{}, Engine: engine(t)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := json.Marshal(got.Stats); err != nil {
		t.Errorf("its statistics cannot be written: %v", err)
	}
	if got.Stats.Discovered != 0 || got.Stats.FindingsDigest != finding.Digest(nil) {
		t.Errorf("got %+v", got.Stats)
	}
}

func TestACancelledScanReturnsItsCauseAndAddsUp(t *testing.T) {
	e := engine(t)
	for _, order := range []string{source.Walk, source.LargestFirst} {
		t.Run(order, func(t *testing.T) {
			stop := errors.New("enough")
			ctx, cancel := context.WithCancelCause(t.Context())
			endless := func(yield func(source.Item) bool) {
				for i := 0; yield(source.Item{Path: "a.go", Size: 10}); i++ {
					if i == 1000 {
						cancel(stop)
					}
				}
			}
			c := config.Default(2)
			c.Source.Order = order
			fsys := fstest.MapFS{"a.go": {Data: []byte("package a\n")}}
			got, err := scanner.Scan(ctx, scanner.Options{Config: c, FS: fsys, Items: endless, Engine: e})
			if !errors.Is(err, stop) {
				t.Fatalf("got error %v, want the cause", err)
			}
			settled := got.Stats.Scanned
			for n := range maps.Values(got.Stats.Failed) {
				settled += n
			}
			if settled != got.Stats.Discovered {
				t.Errorf("%d files are settled, %d were discovered", settled, got.Stats.Discovered)
			}
		})
	}
}

func TestWrongOptionsAreNamedAllAtOnce(t *testing.T) {
	c := config.Default(2)
	c.IO.Workers = 0
	_, err := scanner.Scan(t.Context(), scanner.Options{Config: c, MaxFileBytes: -1})
	for _, want := range []string{"io.workers", "file system", "engine", "-1 bytes"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error %v does not name %q", err, want)
		}
	}
}

func TestStartedComesBeforeTheSourceIsAsked(t *testing.T) {
	var calls []string
	asked := func(yield func(source.Item) bool) { calls = append(calls, "asked") }
	_, err := scanner.Scan(t.Context(), scanner.Options{
		Config: config.Default(2), FS: fstest.MapFS{}, Engine: engine(t), Items: iter.Seq[source.Item](asked),
		Started: func() { calls = append(calls, "started") },
	})
	if err != nil || !slices.Equal(calls, []string{"started", "asked"}) {
		t.Errorf("got calls %v and error %v", calls, err)
	}
}

// BenchmarkScan scans 2,000 small files from memory.
func BenchmarkScan(b *testing.B) {
	e := engine(b)
	fsys, _ := town(rand.New(rand.NewPCG(1, 2)), 2000)
	for _, preset := range []string{"default", "go-idiom"} {
		b.Run("preset="+preset, func(b *testing.B) {
			c, err := config.FromPreset(preset, 2)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			var files int64
			for b.Loop() {
				result, err := scanner.Scan(b.Context(), scanner.Options{Config: c, FS: fsys, Engine: e})
				if err != nil {
					b.Fatal(err)
				}
				files += result.Stats.Scanned
			}
			b.ReportMetric(float64(files)/b.Elapsed().Seconds(), "files/s")
		})
	}
}

func ExampleScan() {
	pack, err := rules.Builtin()
	if err != nil {
		fmt.Println(err)
		return
	}
	engine, err := analyze.New(pack)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer engine.Close()
	result, err := scanner.Scan(context.Background(), scanner.Options{
		Config: config.Default(2),
		FS: fstest.MapFS{
			"main.go":    {Data: []byte("package main\n")},
			"notes.txt":  {Data: []byte("aws_access_key_id = " + key + "\n")},
			"logo.png":   {Data: []byte("\x89PNG\x00")},
			".gitignore": {Data: []byte("build/\n")},
			"build/a.go": {Data: []byte("package a\n")},
		},
		Engine: engine,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	s := result.Stats
	fmt.Println("discovered", s.Discovered, "scanned", s.Scanned, "skipped", s.Skipped, "failed", s.Failed)
	for _, f := range result.Findings {
		fmt.Printf("%s:%d:%d %s\n", f.Path, f.Line, f.Column, f.Rule)
	}
	// Output:
	// discovered 4 scanned 3 skipped map[binary:1] failed map[]
	// notes.txt:1:21 secret-aws-access-key
}
