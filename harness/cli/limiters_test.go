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

// TestTheExamplesOfLimitersRun runs each line of the command's help that is an
// example, all of them with one seed, and short where it names no plant.
func TestTheExamplesOfLimitersRun(t *testing.T) {
	const service = `name: my-service
doc: eight slots
service: {distribution: lognormal, median: 10ms, sigma: 0.25}
station: {kind: fifo}
load: {clients: 40}
phases:
  - {for: 2s, slots: 8}
`
	t.Chdir(t.TempDir())
	if err := os.WriteFile("my-service.yaml", []byte(service), 0o600); err != nil {
		t.Fatal(err)
	}
	var help bytes.Buffer
	if err := cli.Run(t.Context(), []string{"limiters", "--help"}, nil, &help, &help); err != nil {
		t.Fatal(err)
	}
	_, examples, _ := strings.Cut(help.String(), "Examples:\n")
	examples, _, _ = strings.Cut(examples, "\n\n")
	ran := 0
	for line := range strings.Lines(examples) {
		args := strings.Fields(line)[1:]
		if !strings.Contains(line, "--list") {
			args = append(args, "--seeds", "1")
		}
		if !strings.Contains(line, "--plant") {
			args = append(args, "--plant", "my-service.yaml")
		}
		ran++
		var out, said bytes.Buffer
		if err := cli.Run(t.Context(), args, nil, &out, &said); err != nil || out.Len() == 0 {
			t.Errorf("%s: %v; it says %q", strings.TrimSpace(line), err, said.String())
		}
	}
	if ran < 4 {
		t.Errorf("%d examples were run; the help has more:\n%s", ran, help.String())
	}
}

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
