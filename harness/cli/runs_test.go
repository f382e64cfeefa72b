package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sluice/harness/cli"
	"sluice/harness/record"
	"sluice/harness/store"
)

const shownRun = "20261121-071802-a3f1"

// placed is a trial of a run that is shown, with all that a trial can have.
func placed(scenario string, block, slot, attempt int) record.Trial {
	steal, throttled := 0.02, 0.5
	return record.Trial{
		Run: shownRun, Scenario: scenario, Phase: record.Grid, Block: block, Slot: slot, Attempt: attempt, Arm: "c07",
		Config: record.Flat{"io.workers": int64(8)}, Status: record.OK, Started: time.Date(2026, 11, 21, 7, 18, block, slot*10+attempt, time.UTC),
		Sample:  record.Sample{Seed: 1, Index: 3, Files: 20, Bytes: 4096, Fidelity: 0.25, Fingerprint: "sha256:12"},
		Metrics: map[string]float64{record.Wall: 1.5, record.RSS: 30e6, "quiet_wait_s": 2},
		Command: []string{"sluice", "scan", "a folder"}, OthersCPUShare: 0.01,
		Conditions: record.Conditions{StealShare: &steal, ThrottledS: &throttled},
		Series:     []record.Series{{Name: "rss_bytes", AtS: []float64{0, 0.1, 0.3}, Values: []float64{1e6, 30e6, 20e6}}},
	}
}

// shown makes a store with a run of two scenarios, and returns its folder.
func shown(t *testing.T) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), ".sluice")
	st, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close() //nolint:errcheck // told by what is shown
	if _, err := st.CreateRun("key", record.Run{ID: shownRun, Kind: "run", Name: "n", State: "interrupted"}); err != nil {
		t.Fatal(err)
	}
	aside, counts, killed := placed("a/local/2c", 3, 1, 0), placed("a/local/2c", 3, 1, 1), placed("a/nfs/2c", 0, 0, 0)
	aside.SetAside, aside.OthersCPUShare = "others used 40 % of the machine", 0.4
	killed.Status, killed.Reason = record.Killed, "signal: \x1b[31mkilled"
	file, err := st.PutFile("stacks", strings.NewReader("goroutine 1"))
	if err != nil {
		t.Fatal(err)
	}
	killed.Files = []record.File{file}
	for _, trial := range []record.Trial{aside, counts, killed} {
		if err := st.PutTrial(trial); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// sluice runs a command within this process.
func bySluice(t *testing.T, stdin string, args ...string) (out, errs string, status int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	err := cli.Run(t.Context(), args, strings.NewReader(stdin), &stdout, &stderr)
	return stdout.String(), stderr.String(), cli.ExitCode(err)
}

// contains demands words, whatever space is between them.
func contains(t *testing.T, text string, words ...string) {
	t.Helper()
	flat := strings.Join(strings.Fields(text), " ")
	for _, want := range words {
		if !strings.Contains(flat, want) {
			t.Errorf("%q is not said in:\n%s", want, text)
		}
	}
}

func TestAShownRunTellsHowItsTrialsCameAbout(t *testing.T) {
	out, errs, status := bySluice(t, "", "runs", "show", "2026", "--store", shown(t))
	if status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	contains(t, out,
		"trials 3 stored, 1 of them in blocks that were measured again, 1 set aside",
		"set aside 1 × others used 40 % of the machine (as a/local/2c/grid/3/1)",
		"not ok 1 × killed: signal: [31mkilled (as a/nfs/2c/grid/0/0)",
		"disturbed 1 of 3 trials: others used more than 5 % of the machine, up to 40 % in a/local/2c/grid/3/1",
		"waited 6 s for a quiet machine, before 3 trials",
		"conditions stolen by the hypervisor 2 % in the median trial, 2 % … 2 %",
		"stopped by the CPU quota 500 ms",
		"files 1 × stacks, 11 B",
		"one trial sluice runs show "+shownRun+" a/nfs/2c/grid/0/0")
	if strings.Contains(out, "\x1b") {
		t.Error("a child's words reach the terminal as they are")
	}
}

func TestATrialIsShownByItsAddress(t *testing.T) {
	dir := shown(t)
	out, errs, status := bySluice(t, "", "runs", "show", shownRun, "grid/3/1", "--store", dir)
	if status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	contains(t, out, "trial grid/3/1.1 of run "+shownRun+": c07 in a/local/2c", "counts yes, as measuring 2 of its block", "config io.workers: 8",
		"draw 3 of seed 1: 20 files, 4.1 kB, 25 % of the corpus", "repeat sluice scan 'a folder'", "wall_s: 1.5 s", "rss_peak_bytes: 30 MB",
		"others used 1 % of the machine", "stolen by the hypervisor 2 %", "rss_bytes: 1 MB … 30 MB, median 20 MB (3 samples over 300 ms)")
	out, _, _ = bySluice(t, "", "runs", "show", shownRun, "grid/3/1.0", "--store", dir)
	contains(t, out, "counts no, set aside: others used 40 % of the machine")
	out, _, _ = bySluice(t, "", "runs", "show", shownRun, "a/nfs/2c/grid/0/0", "--store", dir)
	contains(t, out, "status killed: signal: [31mkilled", "files stacks, 11 B: "+filepath.Join(dir, "files"))
}

func TestATrialIsShownWholeAsJSON(t *testing.T) {
	dir := shown(t)
	out, errs, _ := bySluice(t, "", "runs", "show", shownRun, "grid/0/0", "--store", dir, "--format", "json")
	var got struct {
		Schema, Place string
		Trial         record.Trial
		Series        []record.Series
		Files         []struct{ Path, Digest string }
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v: %s%s", err, out, errs)
	}
	if got.Schema != cli.TrialSchema || got.Place != "grid/0/0" || got.Trial.Status != record.Killed || len(got.Series) != 1 || len(got.Series[0].Values) != 3 || len(got.Files) != 1 {
		t.Errorf("got %+v", got)
	}
	if content, err := os.ReadFile(got.Files[0].Path); string(content) != "goroutine 1" || err != nil {
		t.Errorf("the file holds %q, %v", content, err)
	}
}

func TestAWrongAddressIsAWrongCommandLine(t *testing.T) {
	dir := shown(t)
	for address, want := range map[string]string{
		"grid/9/9":          "no such trial; the run has 3 of grid (blocks 0 … 3)",
		"grid":              "use PHASE/BLOCK/SLOT",
		"b/nfs/2c/grid/3/1": "no such trial",
	} {
		_, errs, status := bySluice(t, "", "runs", "show", shownRun, address, "--store", dir)
		if status != 2 || !strings.Contains(errs, want) {
			t.Errorf("%s: status %d, %q; want 2 and %q", address, status, errs, want)
		}
	}
}

func TestFilesTravelIfTheyAreAskedFor(t *testing.T) {
	dir := shown(t)
	for flag, want := range map[string]string{"--files": "files stacks, 11 B: ", "": "its content is not in this store; it was imported without its files"} {
		args := []string{"runs", "export", shownRun, "--store", dir}
		if flag != "" {
			args = append(args, flag)
		}
		text, errs, status := bySluice(t, "", args...)
		if status != 0 {
			t.Fatal(errs)
		}
		to := t.TempDir()
		if _, errs, status := bySluice(t, text, "runs", "import", "--store", to); status != 0 {
			t.Fatal(errs)
		}
		out, _, _ := bySluice(t, "", "runs", "show", shownRun, "grid/0/0", "--store", to)
		contains(t, out, want, "rss_bytes: 1 MB … 30 MB")
	}
	text, _, _ := bySluice(t, "", "runs", "export", shownRun, "--store", dir, "--brief")
	if strings.Contains(text, "at_s") || !strings.Contains(text, `"set_aside"`) {
		t.Errorf("a brief export has series, or nothing of what was set aside: %s", text)
	}
	if _, errs, status := bySluice(t, "", "runs", "export", shownRun, "--store", dir, "--brief", "--files"); status != 2 || !strings.Contains(errs, "use one of the two") {
		t.Errorf("both flags: status %d, %q", status, errs)
	}
}
