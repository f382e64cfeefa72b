package profile_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"sluice/harness/profile"
	"sluice/harness/profile/capture"
	"sluice/scanner"
	"sluice/scanner/analyze"
	"sluice/scanner/config"
	"sluice/scanner/rules"
)

// one keeps scans from profiling each other: a process has one CPU profile.
var one sync.Mutex

// scanned profiles a scan of this process under a scheduler and returns the folder
// of its profiles.
func scanned(t *testing.T, scheduler string, kinds ...string) string {
	t.Helper()
	one.Lock()
	defer one.Unlock()
	pack, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	engine, err := analyze.New(pack, analyze.WithoutPrefilter())
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	cfg := config.Default(2).Resolve(2)
	cfg.IO.Workers, cfg.CPU.Workers, cfg.CPU.Scheduler = 3, 2, scheduler
	dir := t.TempDir()
	c, err := capture.Open(dir, kinds)
	if err != nil {
		t.Fatal(err)
	}
	var begun error
	result, err := scanner.Scan(t.Context(), scanner.Options{
		Config: cfg, FS: town(), Engine: engine, Started: func() { begun = c.Begin() },
	})
	if err := errors.Join(begun, err, c.End(result.Stats.Scanned)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// town is enough text to be seen by a profiler that looks a hundred times a second.
func town() fstest.MapFS {
	text := []byte("package p\n\n" + strings.Repeat("func f(a, b int) (int, error) { if a > b { return g(a, h(b)), nil }; return 0, fmt.Errorf(\"%d\", a) }\n", 400))
	files := fstest.MapFS{}
	for i := range 120 {
		files[fmt.Sprintf("d%d/f%d.go", i%7, i)] = &fstest.MapFile{Data: text}
	}
	return files
}

func load(t *testing.T, dir, kind string) *profile.Profile {
	t.Helper()
	file, err := os.Open(filepath.Join(dir, profile.FileName(kind)))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // read only
	p, err := profile.Load(kind, file)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func shares(t *testing.T, p *profile.Profile) profile.Shares {
	t.Helper()
	s, err := p.Shares()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func share(of []profile.Share, name string) float64 {
	for _, s := range of {
		if s.Name == name {
			return s.Share
		}
	}
	return 0
}

func TestOfTwoPoolsTheReadersAnalyseNothing(t *testing.T) {
	dir := scanned(t, "queue", profile.CPU, profile.FGProf)
	wall := shares(t, load(t, dir, profile.FGProf))
	if wall.AnalysisUnderIO == nil || *wall.AnalysisUnderIO != 0 {
		t.Errorf("analysis under I/O workers is %v of wall time, want 0 of some", wall.AnalysisUnderIO)
	}
	if wall.Unattributable > 0.05 {
		t.Errorf("%.3f of wall time is unattributable, want next to none: %+v", wall.Unattributable, wall.Pools)
	}
	cpu := shares(t, load(t, dir, profile.CPU))
	if got := share(cpu.Pools, "analyse"); got < 0.5 {
		t.Errorf("the analysers have %.2f of processor time, want most of it: %+v", got, cpu.Pools)
	}
	if cpu.AnalysisUnderIO != nil && *cpu.AnalysisUnderIO != 0 {
		t.Errorf("analysis under I/O workers is %v of processor time, want 0", *cpu.AnalysisUnderIO)
	}
	if got := share(cpu.Stations, "parse and query"); got < 0.5 {
		t.Errorf("parsing has %.2f of processor time, want most of it: %+v", got, cpu.Stations)
	}
	if cpu.Unlabelled > 0.5 {
		t.Errorf("%.2f of processor time carries no label, want little: calls of C keep theirs", cpu.Unlabelled)
	}
}

func TestAnalysisUnderReadersIsSeen(t *testing.T) {
	dir := scanned(t, "inline", profile.CPU, profile.FGProf)
	for _, kind := range []string{profile.CPU, profile.FGProf} {
		s := shares(t, load(t, dir, kind))
		if s.AnalysisUnderIO == nil || *s.AnalysisUnderIO < 0.3 {
			t.Errorf("%s: analysis under I/O workers is %v where each reads and analyses; want most of it: %+v", kind, s.AnalysisUnderIO, s.Pools)
		}
	}
}

func TestEveryKindIsTakenAndReadBack(t *testing.T) {
	dir := scanned(t, "queue", profile.Kinds()...)
	for _, kind := range profile.Kinds() {
		raw, err := os.ReadFile(filepath.Join(dir, profile.FileName(kind)))
		if err != nil || len(raw) == 0 {
			t.Fatalf("%s: %d bytes, %v", kind, len(raw), err)
		}
		p, err := profile.Load(kind, bytes.NewReader(raw))
		if kind == profile.Trace {
			if err == nil || !strings.Contains(err.Error(), "go tool trace") {
				t.Errorf("a trace was read as a profile, or refused without advice: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if p.Kind != kind || p.Files != 120 {
			t.Errorf("the profile says kind %s over %d files, want %s over 120", p.Kind, p.Files, kind)
		}
	}
}

func TestCaptureBesideAnotherProfilerStopsAndLeavesNothing(t *testing.T) {
	one.Lock()
	defer one.Unlock()
	dir := t.TempDir()
	first, err := capture.Open(filepath.Join(dir, "first"), []string{profile.CPU})
	if err == nil {
		err = first.Begin()
	}
	if err != nil {
		t.Fatal(err)
	}
	second, err := capture.Open(filepath.Join(dir, "second"), profile.Kinds())
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Begin(); err == nil || !strings.Contains(err.Error(), "processor time") {
		t.Errorf("error is %v, want that a profile of processor time is under way", err)
	}
	if err := errors.Join(second.End(1), first.End(1)); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "second")); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v; want nothing", left, err)
	}
	load(t, filepath.Join(dir, "first"), profile.CPU)
}

func TestCaptureThatSawNothingIsNoError(t *testing.T) {
	one.Lock()
	defer one.Unlock()
	dir := t.TempDir()
	c, err := capture.Open(dir, profile.Kinds())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.End(0); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v; want nothing", left, err)
	}
	c, err = capture.Open(dir, []string{profile.FGProf, profile.CPU})
	if err == nil {
		err = errors.Join(c.Begin(), c.End(1))
	}
	if err != nil {
		t.Errorf("a capture too short for a sample is an error: %v", err)
	}
	for _, kind := range []string{profile.FGProf, profile.CPU} {
		if p := load(t, dir, kind); p.Kind != kind {
			t.Errorf("a capture too short for a sample is of kind %s, want %s", p.Kind, kind)
		}
	}
	var none *capture.Capture
	if err := errors.Join(none.Begin(), none.End(0)); err != nil {
		t.Errorf("no capture is an error: %v", err)
	}
}
