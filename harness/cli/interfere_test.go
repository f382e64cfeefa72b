package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os/exec"
	"testing"
	"time"

	"sluice/harness/cli"
)

// Asked for a day, it ends when it is told to, and still says what it did.
func TestANeighbourThatIsStoppedSaysWhatItDid(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	var out, complaints bytes.Buffer
	if err := cli.Run(ctx, []string{"interfere", "--cpu", "1", "--for", "24h", "--duty", "1"}, nil, &out, &complaints); err != nil {
		t.Fatalf("%v: %s", err, complaints.String())
	}
	var did struct {
		CPUS     float64 `json:"cpu_s"`
		ElapsedS float64 `json:"elapsed_s"`
		Pulses   int     `json:"pulses"`
	}
	if err := json.Unmarshal(out.Bytes(), &did); err != nil {
		t.Fatalf("%v in %q", err, out.String())
	}
	if did.CPUS <= 0 || did.ElapsedS <= 0 || did.Pulses != 1 {
		t.Errorf("%s: says that it did nothing", out.String())
	}
}

// The neighbour holds the shell's pipe open, so that it can be read to its end
// when both are dead.
func TestANeighbourDiesWithItsParent(t *testing.T) {
	shell := exec.CommandContext(t.Context(), "sh", "-c", "sluice interfere --cpu 1 --duty 0 --for 1h --with-parent --verbose >&2 & wait")
	said, err := shell.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(said)
	if line, err := lines.ReadString('\n'); err != nil { // it stands
		t.Fatalf("%q, %v", line, err)
	}
	if err := shell.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(lines); err != nil || len(rest) > 0 {
		t.Errorf("said %q, %v; a neighbour that is killed says nothing", rest, err)
	}
	_ = shell.Wait() // killed, as it should be
}
