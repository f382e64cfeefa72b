package cli_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"sluice/harness/cli"
)

// canceller ends a context when it is told a word.
type canceller struct {
	bytes.Buffer
	word   string
	cancel context.CancelFunc
}

func (c *canceller) Write(data []byte) (int, error) {
	if strings.Contains(string(data), c.word) {
		c.cancel()
	}
	return c.Buffer.Write(data)
}

func TestAnInterruptedReplayPrintsWhatHasEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out bytes.Buffer
	stderr := &canceller{word: "random on", cancel: cancel}
	err := cli.Run(ctx, []string{"search", "replay", "surface:E", "--strategy", "sobol,random", "--seeds", "10", "--launches", "24"}, strings.NewReader(""), &out, stderr)
	if code := cli.ExitCode(err); code != 130 {
		t.Errorf("exit status %d (%v), want 130", code, err)
	}
	if !strings.Contains(out.String(), "\n  sobol ") || strings.Contains(out.String(), "random: ") {
		t.Errorf("printed is\n%s\nwant the strategy that had ended, and not the other", out.String())
	}
	if !strings.Contains(stderr.String(), "interrupted: what had ended by then is kept (1 of 2 replays") {
		t.Errorf("stderr is %q", stderr.String())
	}
}
