package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sluice/harness/record"
	"sluice/harness/store"
	"sluice/scanner"
	"sluice/scanner/analyze"
	"sluice/scanner/config"
	"sluice/scanner/finding"
	"sluice/scanner/rules"
	"sluice/scanner/source"
	"sluice/workloads/corpus"
)

// trials reads what a run has stored so far; none before there is a store.
func trials(t *testing.T, dir string) []record.Trial {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, "store.db")); err != nil {
		return nil
	}
	st, err := store.Open(dir)
	if err != nil {
		return nil // it is being created
	}
	defer st.Close() //nolint:errcheck // read only
	runs, err := st.Runs()
	if err != nil || len(runs) == 0 {
		return nil
	}
	if len(runs) != 1 {
		t.Fatalf("%d runs, want one that was resumed", len(runs))
	}
	all, err := st.Trials(runs[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// stopAfter runs a command and sends it a signal once so many trials are stored.
func stopAfter(t *testing.T, dir string, signal syscall.Signal, count int, args ...string) (stderr string, status int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sluice", args...)
	cmd.Dir = filepath.Dir(dir)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for len(trials(t, dir)) < count {
		select {
		case <-ctx.Done():
			t.Fatalf("fewer than %d trials: %s", count, errs.String())
		case <-tick.C:
		}
	}
	if err := cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // its status is what is looked at
	return errs.String(), cmd.ProcessState.ExitCode()
}

// TestKilledRunIsResumedWhereItWas kills a run with SIGKILL, then stops it with
// SIGINT, then lets it end: one run, every trial of the design once.
func TestKilledRunIsResumedWhereItWas(t *testing.T) {
	work := t.TempDir()
	dir := filepath.Join(work, ".sluice")
	args := []string{"compare", "naive", "default", "corpus:planted", "--blocks", "6", "--reruns", "0", "--await-quiet", "0", "--placebo=false"}
	if _, status := stopAfter(t, dir, syscall.SIGKILL, 4, args...); status != -1 {
		t.Errorf("status %d after SIGKILL, want a death by signal", status)
	}
	before := trials(t, dir)
	stderr, status := stopAfter(t, dir, syscall.SIGINT, len(before)+2, args...)
	if status != 130 || !strings.Contains(stderr, "resuming run") || !strings.Contains(stderr, "run the same command again") {
		t.Errorf("status %d after SIGINT, want 130 and how to go on; stderr:\n%s", status, stderr)
	}
	cmd := exec.CommandContext(t.Context(), "sluice", append(args, "--format", "json", "--quiet")...)
	cmd.Dir = work
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var result record.CompareResult
	if err := json.Unmarshal(out, &result); err != nil || result.Blocks != 6 {
		t.Errorf("result %s (%v), want 6 blocks", out, err)
	}
	after := trials(t, dir)
	places, compared := map[string]int{}, 0
	for i, trial := range after {
		places[fmt.Sprint(trial.Phase, trial.Block, trial.Slot)]++
		if trial.Phase == record.Comparison {
			compared++
		}
		if i < len(before) && !trial.Started.Equal(before[i].Started) {
			t.Errorf("trial %d was measured again", i)
		}
	}
	for place, n := range places {
		if n != 1 {
			t.Errorf("%d trials at %s, want one", n, place)
		}
	}
	if compared != 12 {
		t.Errorf("%d trials compare, want 6 blocks of two", compared)
	}
}

// planted scans the planted corpus with a configuration.
func planted(t *testing.T, manifest corpus.Manifest, cfg config.Config) scanner.Result {
	t.Helper()
	pack, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	engine, err := analyze.New(pack)
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	fsys := source.Dir(manifest.Root)
	result, err := scanner.Scan(t.Context(), scanner.Options{Config: cfg, FS: fsys, Items: source.Tree(fsys, source.TreeOptions{}), Engine: engine})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// TestPlantedFindingsAreFoundAndNothingElse holds the rules against the truth.
func TestPlantedFindingsAreFoundAndNothingElse(t *testing.T) {
	for seed := range uint64(3) {
		manifest, err := corpus.Planted(filepath.Join(t.TempDir(), "tree"), seed, corpus.PlantedFiles)
		if err != nil {
			t.Fatal(err)
		}
		got := map[corpus.Planting]int{}
		for _, f := range planted(t, manifest, config.Default(2)).Findings {
			got[planting(f)]++
		}
		for _, want := range manifest.Findings {
			if got[want] == 0 {
				t.Errorf("seed %d: %v is planted and was not found", seed, want)
			}
			delete(got, want)
		}
		for extra := range got {
			t.Errorf("seed %d: %v was found and is not planted", seed, extra)
		}
	}
}

func planting(f finding.Finding) corpus.Planting {
	return corpus.Planting{Path: f.Path, Line: f.Line, Rule: f.Rule}
}

// TestFindingsNeverDependOnTheConfiguration is the central property: twenty
// random configurations, one digest.
func TestFindingsNeverDependOnTheConfiguration(t *testing.T) {
	manifest, err := corpus.Planted(filepath.Join(t.TempDir(), "tree"), 7, corpus.PlantedFiles)
	if err != nil {
		t.Fatal(err)
	}
	const seed = 20
	rng := rand.New(rand.NewPCG(seed, seed))
	want := planted(t, manifest, config.Default(1)).Stats.FindingsDigest
	for i := range 20 {
		cfg := config.Default(2)
		cfg.IO.Workers, cfg.CPU.Workers = 1+rng.IntN(64), 1+rng.IntN(8)
		cfg.Channel.Buffer, cfg.Channel.Batch = rng.IntN(200), 1+rng.IntN(64)
		cfg.Channel.Linger = time.Duration(rng.IntN(5)) * time.Millisecond
		cfg.Source.Order = []string{"walk", "largest-first", "smallest-first"}[rng.IntN(3)]
		cfg.CPU.Scheduler = []string{"queue", "per-file"}[rng.IntN(2)]
		if got := planted(t, manifest, cfg).Stats; got.FindingsDigest != want || got.Scanned != int64(corpus.PlantedFiles) {
			t.Errorf("seed %d, configuration %d: %v gives %s over %d files, want %s", seed, i, cfg.Flat(), got.FindingsDigest, got.Scanned, want)
		}
	}
}
