package journal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"sluice/scanner/journal/journaltest"
)

// role makes this test binary a process that notes files in the journal named by
// the variable below, and then does what the role says.
const (
	role  = "SLUICE_JOURNAL_TEST_ROLE"
	where = "SLUICE_JOURNAL_TEST_PATH"
)

func TestMain(m *testing.M) {
	if way := os.Getenv(role); way != "" {
		play(way, os.Getenv(where))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// play analyses three files and dies over the last two, or waits to be let go;
// it returns from a disk that is full.
func play(way, path string) {
	if way == "full" {
		full(path)
		return
	}
	j, err := Create(path, 4)
	if err != nil {
		panic(err)
	}
	j.Begin(0, "first.go")
	j.End(0)
	j.Begin(2, "second.go")
	j.Begin(3, "third.py")
	if way != "waits" {
		journaltest.Die(way)
	}
	if _, err := os.Stdout.WriteString("ready\n"); err != nil {
		panic(err)
	}
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		panic(err)
	}
	journaltest.Die(journaltest.Killed)
}

// full makes a journal where files may not grow beyond a page, which is as good as
// a full disk, and says what came of it.
func full(path string) {
	signal.Ignore(unix.SIGXFSZ)
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 4096, Max: 4096}); err != nil {
		panic(err)
	}
	if _, err := Create(path, 64); err != nil {
		fmt.Println(err)
	}
}

func child(t *testing.T, way, path string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), role+"="+way, where+"="+path)
	return cmd
}

func TestFilesInFlightOutliveTheProcessHoweverItEnds(t *testing.T) {
	for _, way := range journaltest.Ways() {
		t.Run(way, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "scan"+Suffix)
			output, err := child(t, way, path).CombinedOutput()
			if _, failed := errors.AsType[*exec.ExitError](err); !failed || strings.Contains(string(output), "still alive") {
				t.Fatalf("the child ended with %v:\n%s", err, output)
			}
			if diff := cmp.Diff([]string{"second.go", "third.py"}, inFlightNow(t, path)); diff != "" {
				t.Errorf("files in flight (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAJournalIsStaleOnceItsProcessIsDead(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a"+Suffix)
	cmd := child(t, "waits", path)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatalf("the child said %q, %v", line, err)
	}
	if stale, err := Stale(dir); err != nil || len(stale) != 0 {
		t.Errorf("while its process lives: %v, %v; want none", stale, err)
	}
	if err := stdin.Close(); err != nil {
		t.Error(err)
	}
	// Ended, but not reaped: there still is a process of that number.
	if err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	stale, err := Stale(dir)
	if err := cmd.Wait(); err == nil {
		t.Error("the child ended well, want killed")
	}
	if err != nil || len(stale) != 1 {
		t.Fatalf("after its death: %v, %v; want one", stale, err)
	}
	got := stale[0]
	if got.PID != pid || got.Journal != path || !cmp.Equal(got.Files, []string{"second.go", "third.py"}) {
		t.Errorf("left is %+v, want process %d, journal %s", got, pid, path)
	}
}

func TestADiskWithoutRoomIsAnErrorAndNoCrashLater(t *testing.T) {
	dir := t.TempDir()
	output, err := child(t, "full", filepath.Join(dir, "scan"+Suffix)).CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, output)
	}
	for _, want := range []string{"reserve 266304 bytes", dir, "folder that can be written"} {
		if !strings.Contains(string(output), want) {
			t.Errorf("error is %q, want %q in it", output, want)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
