package cli_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/harness/cli"
)

func TestAContestThatIsInterruptedExitsWith130AndPrintsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := filepath.Join(t.TempDir(), "report")
	var out, said bytes.Buffer
	err := cli.Run(ctx, []string{"limiters", "--plant", "steps", "--report", dir}, nil, &out, &said)
	if got := cli.ExitCode(err); got != 130 {
		t.Errorf("exit status %d (%v), want 130", got, err)
	}
	if out.Len() > 0 || !strings.Contains(said.String(), "sluice: interrupted") {
		t.Errorf("it prints %q and says %q; want nothing, and that it was interrupted", out.String(), said.String())
	}
	if entries, _ := os.ReadDir(dir); len(entries) > 0 {
		t.Errorf("a report was begun: %v", entries)
	}
}
