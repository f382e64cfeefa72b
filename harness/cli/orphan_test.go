package cli_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// The child hangs over a file and holds a fifo open, whose other end is here: that
// it can be read to its end shows that the child is dead.
func TestTheChildOfAnIsolatedScanNeverOutlivesIt(t *testing.T) {
	for signal, want := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 130, syscall.SIGKILL: -1} {
		t.Run(signal.String(), func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "hang.go"), []byte("package a\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600); err != nil {
				t.Fatal(err)
			}
			temporary := t.TempDir()
			cmd := exec.CommandContext(t.Context(), "sluice", "scan", "--isolate", "--quiet", "hang.go")
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "TMPDIR="+temporary, "XDG_CACHE_HOME="+t.TempDir())
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			fifo, err := os.Open(filepath.Join(dir, "fifo")) // waits for the child
			if err != nil {
				t.Fatal(err)
			}
			defer fifo.Close() //nolint:errcheck // read only
			said := bufio.NewReader(fifo)
			line, err := said.ReadString('\n')
			if pid, bad := strconv.Atoi(strings.TrimSpace(line)); err != nil || bad != nil || pid == cmd.Process.Pid {
				t.Fatalf("the file was reached in process %q of %d, %v", line, cmd.Process.Pid, err)
			}
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, said); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // its status is what is looked at
			if got := cmd.ProcessState.ExitCode(); got != want {
				t.Errorf("exit status %d, want %d", got, want)
			}
			left, err := os.ReadDir(temporary)
			if err != nil {
				t.Fatal(err)
			}
			if len(left) > 0 && signal != syscall.SIGKILL {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}
