package tuner

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/harness/record"
)

func TestFailuresOfOneKindAreToldOnce(t *testing.T) {
	var trials []record.Trial
	for block := range 6 {
		trials = append(trials,
			record.Trial{Phase: record.Confirmation, Block: block, Arm: "reference", Status: record.OK},
			record.Trial{Phase: record.Confirmation, Block: block, Arm: "chosen", Status: record.Failed, Reason: "exit status 1"})
	}
	trials = append(trials, record.Trial{Phase: record.Full, Block: 0, Arm: "chosen", Status: record.Killed, Reason: "signal: killed"})
	want := []string{
		"confirmation, 6 blocks, 0, 1, 2, 3, …, chosen: failed: exit status 1",
		"full, block 0, chosen: killed: signal: killed",
	}
	if diff := cmp.Diff(want, failedTrials(trials)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
