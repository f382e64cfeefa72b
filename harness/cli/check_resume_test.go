package cli_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sluice/harness/record"
)

// slowScore is a command that is slow enough to be stopped among its blocks.
const slowScore = `name: score
command: [sh, -c, "sleep 0.03; echo {level}"]
knobs: {level: {type: int, min: 1, max: 4}}
defaults: {level: 1}
metrics: {score: {from: stdout-regex, pattern: '(\d+)', better: higher}}
goal: {objective: score}
`

// TestAStoppedCheckGoesOnWithTheBlocksThatItFixed stops a check with SIGINT and lets
// it end: the number of blocks is that of the calibration in the journal, and the
// run that goes on is not called interrupted.
func TestAStoppedCheckGoesOnWithTheBlocksThatItFixed(t *testing.T) {
	work := t.TempDir()
	for name, text := range map[string]string{"score.yaml": slowScore, "knobs.yaml": "level: 3\n"} {
		if err := os.WriteFile(filepath.Join(work, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	dir := filepath.Join(work, ".sluice")
	args := []string{"tune", "--check", "knobs.yaml", "--target", "score.yaml", "--budget", "2s", "--reruns", "0", "--await-quiet", "0"}
	if stderr, status := stopAfter(t, dir, syscall.SIGINT, 6, args...); status != 130 || !strings.Contains(stderr, "run the same command again") {
		t.Fatalf("status %d after SIGINT, want 130 and how to go on; stderr:\n%s", status, stderr)
	}
	before := trials(t, dir)
	cmd := exec.CommandContext(t.Context(), "sluice", args...)
	cmd.Dir = work
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if text := string(out); !strings.Contains(text, "check of knobs.yaml: better") || strings.Contains(text, "was interrupted") {
		t.Errorf("the check that went on says:\n%s", text)
	}
	after := trials(t, dir)
	blocks, places := map[int]bool{}, map[string]bool{}
	for i, trial := range after {
		place := fmt.Sprint(trial.Phase, trial.Block, trial.Slot)
		if places[place] || i < len(before) && !trial.Started.Equal(before[i].Started) {
			t.Errorf("%s was measured again", place)
		}
		places[place] = true
		if trial.Phase == record.Comparison {
			blocks[trial.Block] = true
		}
	}
	if len(blocks) < 6 || len(blocks) > 60 {
		t.Errorf("%d blocks, want 6 … 60", len(blocks))
	}
	show := exec.CommandContext(t.Context(), "sluice", "runs", "show", "2", "--format", "json")
	show.Dir = work
	data, err := show.Output()
	if err != nil {
		t.Fatal(err)
	}
	var rep record.Report
	if err := json.Unmarshal(data, &rep); err != nil || rep.Run.Kind != "check" || rep.Run.State != "done" || len(rep.Outcomes) != 1 || rep.Outcomes[0].Compare == nil {
		t.Fatalf("stored is %s (%v), want a finished check with its comparison", data, err)
	}
	if got := rep.Outcomes[0].Compare.Blocks; got != len(blocks) {
		t.Errorf("the comparison has %d pairs of %d blocks", got, len(blocks))
	}
}
