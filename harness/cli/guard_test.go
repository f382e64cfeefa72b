package cli_test

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"sluice/harness/record"
	"sluice/harness/trial"
)

func TestOurOwnBinaryGuardsAndLaunches(t *testing.T) {
	guard, err := trial.NewGuard("sluice", "guard")
	if err != nil {
		t.Fatal(err)
	}
	r, err := trial.Run(t.Context(), trial.Spec{
		Argv:    []string{"/bin/sh", "-c", "exit 0"},
		Foreign: true, Timeout: time.Minute,
		Launcher: []string{"sluice", "launch"}, Guard: guard,
	})
	if err != nil || r.Status != record.OK {
		t.Errorf("%s %s, %v", r.Status, r.Reason, err)
	}
	peak, err := guard.RSSPeakBytes()
	if err != nil || peak < 1<<20 {
		t.Errorf("the guard's peak is %d B, %v", peak, err)
	}
	t.Logf("peak of the guard %d MiB, floor of the launcher %d MiB", peak>>20, r.RSSFloorBytes>>20)
	if err := guard.Close(); err != nil {
		t.Error(err)
	}
}

func TestTheGuardAndTheLauncherAreNoCommandsForPeople(t *testing.T) {
	for command, want := range map[string]string{
		"guard":  "started by the commands that measure",
		"launch": "started by the commands that measure",
	} {
		said, err := exec.CommandContext(t.Context(), "sluice", command).CombinedOutput()
		if err == nil || !strings.Contains(string(said), want) {
			t.Errorf("sluice %s: %v, said %q; want %q", command, err, said, want)
		}
	}
	help, err := exec.CommandContext(t.Context(), "sluice", "--help").Output()
	if err != nil || strings.Contains(string(help), "\n  guard") || strings.Contains(string(help), "\n  launch") {
		t.Errorf("%v; the help lists what nobody has a use for:\n%s", err, help)
	}
}
