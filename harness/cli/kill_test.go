package cli_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/record"
	"sluice/harness/store"
	"sluice/harness/trial"
)

// kills is how often TestARunKilledAtAnyInstantGoesOnWhereItWas kills.
var kills = flag.Int("kills", 5, "SIGKILLs at random instants")

// launchLog names the variable with the file in which every trial's child says
// that it was launched, before it does anything else.
const launchLog = "SLUICE_TEST_LAUNCHES"

// countLaunch writes one line if this process is a trial. Lines that are appended
// in one write do not mix.
func countLaunch() {
	path := os.Getenv(launchLog)
	if path == "" || os.Getenv(trial.Env) == "" {
		return
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		panic(err)
	}
	if _, err := fmt.Fprintln(file, strings.Join(os.Args[1:], " ")); err != nil {
		panic(err)
	}
	if err := file.Close(); err != nil {
		panic(err)
	}
}

// A fixed design over a few files: what is measured does not depend on how fast
// it is, so that two runs of one seed can be compared trial by trial.
const tinyExperiment = `name: tiny
question: Is every trial there?
scenarios: {corpus: [tree]}
space: {io.workers: [4]}
reference: naive
design: {blocks: %d, fidelity: 1, seed: %d}
`

// tiny is a folder with a corpus and an experiment over it.
func tiny(t *testing.T, blocks int, seed uint64) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "tree"), 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		text := fmt.Sprintf("package a\n\nfunc f%d() int { return %d }\n", i, i)
		if err := os.WriteFile(filepath.Join(dir, "tree", fmt.Sprintf("f%d.go", i)), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "tiny.yaml"), fmt.Appendf(nil, tinyExperiment, blocks, seed), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// attempt runs the experiment in dir until it ends, or until it has been killed
// after a while (0: never). It returns whether it ended by itself, and what it
// said on stderr: there it names every trial once it is stored.
func attempt(t *testing.T, dir, folder string, after time.Duration) (ended bool, said string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sluice", "run", "tiny.yaml", "--quiet", "--verbose", "--reruns", "0", "--await-quiet", "0", "--placebo=false", "--store", folder, "--report", folder+"-report")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), launchLog+"="+filepath.Join(dir, folder+".launches"))
	// A file: a pipe would be held open by whatever outlives the kill.
	stderr, err := os.Create(filepath.Join(dir, folder+".stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close() //nolint:errcheck // read again below
	cmd.Stderr = stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if after > 0 {
		kill := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		defer kill.Stop()
	}
	err = cmd.Wait()
	text, readErr := os.ReadFile(stderr.Name())
	if readErr != nil {
		t.Fatal(readErr)
	}
	status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if err != nil && (after == 0 || !status.Signaled() || status.Signal() != syscall.SIGKILL) {
		t.Fatalf("%v: %s", err, text)
	}
	return err == nil, string(text)
}

// survivors are the trials that a store holds now; none before it is there.
func survivors(t *testing.T, dir string) []record.Trial {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, "store.db")); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	st, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close() //nolint:errcheck // read only
	runs, err := st.Runs()
	if err != nil || len(runs) > 1 {
		t.Fatalf("%d runs, %v; want one that is resumed", len(runs), err)
	}
	if len(runs) == 0 {
		return nil
	}
	all, err := st.Trials(runs[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// launches counts the trials that were launched in a store's folder.
func launches(t *testing.T, dir, folder string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, folder+".launches"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.Count(string(text), "\n")
}

// told finds the trials that --verbose has named: phase, block and slot.
var told = regexp.MustCompile(`(?m)^([a-z]+) (\d+)\.(\d+) `)

// planned is what the design says of a trial, apart from its figures.
func planned(all []record.Trial) []string {
	var places []string
	for _, tr := range all {
		// How often calibration warms up is told by the clock, not by design.
		if tr.Attempt == 0 && tr.Phase != record.Warmup && tr.Phase != record.Calibration {
			places = append(places, fmt.Sprintf("%s %d.%d %s %s %s", tr.Phase, tr.Block, tr.Slot, tr.Arm, tr.Config.ID(), tr.Sample.Fingerprint))
		}
	}
	return places
}

// tally sums up what the kills of a campaign did.
type tally struct{ kills, stored, launched, repeated, lost int }

// campaign runs the experiment of a seed once in peace and once killed over and
// over at random instants, at most so many times, until it is done.
func campaign(t *testing.T, seed uint64, most int) (sum tally) {
	t.Helper()
	dir := tiny(t, 2+most/5, seed) // so that many kills meet a long design
	attempt(t, dir, "peace", 0)
	want := planned(survivors(t, filepath.Join(dir, "peace")))

	rng := rand.New(rand.NewPCG(seed, seed))
	var before []record.Trial
	for ended := false; !ended; {
		after := time.Duration(0)
		if sum.kills < most {
			after = 1 + time.Duration(rng.Int64N(int64(700*time.Millisecond)))
		}
		var said string
		if ended, said = attempt(t, dir, "killed", after); !ended {
			sum.kills++
		}
		now := survivors(t, filepath.Join(dir, "killed"))
		sum.lost += lost(t, seed, before, now, said)
		if extra := launches(t, dir, "killed") - len(now); extra > sum.kills {
			t.Errorf("seed %d: after %d kills %d trials were launched beyond the %d stored; want at most one a kill", seed, sum.kills, extra, len(now))
		}
		before = now
	}
	if diff := cmp.Diff(want, planned(before)); diff != "" {
		t.Errorf("seed %d: the design after %d kills (-in peace +killed):\n%s", seed, sum.kills, diff)
	}
	sum.stored, sum.launched = len(before), launches(t, dir, "killed")
	sum.repeated = sum.launched - sum.stored
	if sum.repeated < 0 || sum.stored < len(want) {
		t.Errorf("seed %d: %d launched, %d stored, %d planned; the counts do not fit", seed, sum.launched, sum.stored, len(want))
	}
	return sum
}

// lost counts the trials that were there before the kill and are no longer as they
// were, and those that were told and are not there.
func lost(t *testing.T, seed uint64, before, now []record.Trial, said string) (n int) {
	t.Helper()
	there := map[string]bool{}
	for i, tr := range now {
		there[fmt.Sprintf("%s %d.%d", tr.Phase, tr.Block, tr.Slot)] = true
		if i < len(before) && (!tr.Started.Equal(before[i].Started) || tr.Slot != before[i].Slot) {
			n++
		}
	}
	n += max(0, len(before)-len(now))
	for _, place := range told.FindAllStringSubmatch(said, -1) {
		if !there[fmt.Sprintf("%s %s.%s", place[1], place[2], place[3])] {
			n++
		}
	}
	if n > 0 {
		t.Errorf("seed %d: %d trials were lost of %d stored; stderr:\n%s", seed, n, len(before), said)
	}
	return n
}

// TestARunKilledAtAnyInstantGoesOnWhereItWas kills a run with SIGKILL at random
// instants, from the first microsecond on, and resumes it each time with the same
// command. -kills=100 does it longer (make soak).
func TestARunKilledAtAnyInstantGoesOnWhereItWas(t *testing.T) {
	var all tally
	for seed := uint64(1); all.kills < *kills; seed++ {
		sum := campaign(t, seed, *kills-all.kills)
		all.kills, all.stored, all.launched = all.kills+sum.kills, all.stored+sum.stored, all.launched+sum.launched
		all.repeated, all.lost = all.repeated+sum.repeated, all.lost+sum.lost
	}
	t.Logf("%d kills: %d trials stored, %d launched, %d repeated, %d lost", all.kills, all.stored, all.launched, all.repeated, all.lost)
}

// TestASecondProcessOnTheSameRunIsTold holds the right to drive a run while the
// command that would resume it is given, and then drives two runs at once.
func TestASecondProcessOnTheSameRunIsTold(t *testing.T) {
	dir := tiny(t, 1, 1)
	args := []string{"run", "tiny.yaml", "--quiet", "--reruns", "0", "--await-quiet", "0", "--placebo=false"}
	folder := filepath.Join(dir, ".sluice")
	stopAfter(t, folder, syscall.SIGKILL, 1, args...)
	st, err := store.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close() //nolint:errcheck // read only
	lock, err := st.Lock(trials(t, folder)[0].Run)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sluice", args...)
	cmd.Dir = dir
	said, err := cmd.CombinedOutput()
	if want := fmt.Sprintf("another process (process %d)", os.Getpid()); err == nil || !strings.Contains(string(said), want) {
		t.Errorf("the second said %q, %v; want %q", said, err, want)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	for _, seed := range []string{"1", "2"} {
		cmd := exec.CommandContext(t.Context(), "sluice", append(args, "--seed", seed, "--report", "report"+seed)...)
		cmd.Dir = dir
		var said bytes.Buffer
		cmd.Stderr = &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := cmd.Wait(); err != nil {
				t.Errorf("the run of seed %s beside another: %v\n%s", seed, err, said.String())
			}
		}()
	}
}
