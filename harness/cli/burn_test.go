package cli_test

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"sluice/harness/machine"
	"sluice/harness/record"
	"sluice/harness/trial"
)

// Started as a trial, work of known size is measured between its marks, and its
// memory is still there when the harness looks.
func TestWorkOfKnownSizeIsATrial(t *testing.T) {
	exe, err := exec.LookPath("sluice")
	if err != nil {
		t.Fatal(err)
	}
	cores, err := machine.Affinity()
	if err != nil {
		t.Fatal(err)
	}
	burn := func(args ...string) trial.Result {
		result, err := trial.Run(t.Context(), trial.Spec{
			Argv: append([]string{exe, "burn", "--json"}, args...), Env: os.Environ(), Dir: t.TempDir(), Cores: cores[:1], Timeout: time.Minute,
		})
		if err != nil || result.Status != record.OK {
			t.Fatalf("%s %s, %v", result.Status, result.Reason, err)
		}
		return result
	}
	const size = 32 << 20
	floor, full := burn(), burn("--rss", "32MiB", "--wait", "30ms", "--loops", "1000")
	if grew := full.RSSPeakBytes - floor.RSSPeakBytes; grew < size-1<<20 || grew > size+1<<20 {
		t.Errorf("32 MiB more are %d bytes of peak memory", grew)
	}
	if full.WallS < 0.030 || full.WallS >= full.ProcessWallS {
		t.Errorf("a wait of 30 ms takes %v s between the marks, of %v s in all", full.WallS, full.ProcessWallS)
	}
}
