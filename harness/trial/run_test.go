package trial

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sluice/harness/machine"
	"sluice/harness/record"
)

// forever is a limit that no trial of these tests reaches unless it hangs.
const forever = time.Minute

// spec starts this test binary in a role.
func spec(t *testing.T, name string) Spec {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The race detector would let every child sleep for a second as it exits.
	return Spec{Argv: []string{self}, Env: []string{role + "=" + name, "GORACE=atexit_sleep_ms=0"}, Timeout: forever, KeepStdout: 4096}
}

func foreign(t *testing.T, name string) Spec {
	t.Helper()
	s := spec(t, name)
	s.Foreign = true
	return s
}

func run(t *testing.T, s Spec) Result {
	t.Helper()
	result, err := Run(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func runOK(t *testing.T, s Spec) Result {
	t.Helper()
	result := run(t, s)
	if result.Status != record.OK {
		t.Fatalf("status %s (%s), want ok; stderr:\n%s", result.Status, result.Reason, result.StderrTail)
	}
	return result
}

// said finds what a child wrote of itself.
func said(t *testing.T, r Result, name string) []string {
	t.Helper()
	var values []string
	for line := range strings.Lines(string(r.Stdout)) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && key == name {
			values = append(values, value)
		}
	}
	if len(values) == 0 {
		t.Fatalf("the child said nothing of %q:\n%s", name, r.Stdout)
	}
	return values
}

func saidNumber(t *testing.T, r Result, name string) float64 {
	t.Helper()
	number, err := strconv.ParseFloat(said(t, r, name)[0], 64)
	if err != nil {
		t.Fatal(err)
	}
	return number
}

func TestOnlyTheWorkBetweenTheMarksIsMeasured(t *testing.T) {
	r := runOK(t, spec(t, "works"))
	if own := saidNumber(t, r, "wall"); r.WallS < own || r.WallS > r.ProcessWallS {
		t.Errorf("wall %.4f s, want between the child's own %.4f s and the whole life %.4f s", r.WallS, own, r.ProcessWallS)
	}
	if own := saidNumber(t, r, "cpu"); r.CPUS < own-0.002 || r.CPUS > own+0.020 {
		t.Errorf("CPU %.4f s, want about the child's own %.4f s", r.CPUS, own)
	}
	if whole := r.UserS + r.SysS; whole < r.CPUS+0.025 {
		t.Errorf("CPU over the whole life %.4f s, want the 30 ms after the mark on top of %.4f s", whole, r.CPUS)
	}
	if r.OthersCPUShare < 0 || r.OthersCPUShare > 1 {
		t.Errorf("others' share %v, want 0 … 1", r.OthersCPUShare)
	}
	if steal := r.Conditions.StealShare; steal == nil || *steal < 0 || *steal > 1 {
		t.Errorf("steal %v, want the machine's conditions read", steal)
	}
	if len(r.Absent) > 0 {
		t.Errorf("absent: %v, want everything measured here", r.Absent)
	}
	if _, ok := r.Metrics()[OthersShare]; ok {
		t.Errorf("metrics carry %s, which has a field of its own in the record", OthersShare)
	}
	if got := r.Metrics()[record.Wall]; got != r.WallS {
		t.Errorf("metric %s is %v, want %v", record.Wall, got, r.WallS)
	}
}

func TestMemoryIsTheChildsOwnThoughTheParentIsFat(t *testing.T) {
	fat := touch(200 << 20)
	defer unix.Munmap(fat)
	small := runOK(t, spec(t, "works"))
	if small.RSSPeakBytes < 1<<20 || small.RSSPeakBytes > 100<<20 {
		t.Errorf("a small child has a peak of %d MiB, want its own few", small.RSSPeakBytes>>20)
	}
	if part := small.RSSAnonBytes + small.RSSFileBytes; part <= 0 || part > small.RSSPeakBytes+1<<20 {
		t.Errorf("anonymous and file pages are %d B, want at most the peak of %d B", part, small.RSSPeakBytes)
	}
	big := runOK(t, spec(t, "64-more"))
	if more := (big.RSSPeakBytes - small.RSSPeakBytes) >> 20; more < 60 || more > 72 {
		t.Errorf("64 MiB more to touch raised the peak by %d MiB", more)
	}
	runtime.KeepAlive(fat)
}

func TestMemoryOfAForeignCommandIsReadAsItExits(t *testing.T) {
	fat := touch(200 << 20)
	defer unix.Munmap(fat)
	r := runOK(t, foreign(t, "foreign-big"))
	if slices.Contains(r.Absent, record.RSS) {
		t.Skip("this system does not allow a process to trace its children")
	}
	if peak := r.RSSPeakBytes >> 20; peak < 64 || peak > 120 {
		t.Errorf("peak %d MiB, want 64 and the runtime's few", peak)
	}
	if r.RSSFloorBytes < 200<<20 {
		t.Errorf("floor %d MiB, want this process's own 200 or more", r.RSSFloorBytes>>20)
	}
	if r.WallS != r.ProcessWallS || r.CPUS != r.UserS+r.SysS {
		t.Errorf("a foreign command is measured from start to exit: %+v", r)
	}
	runtime.KeepAlive(fat)
}

func TestMemoryOfAForeignCommandsChildrenCountsAboveTheFloor(t *testing.T) {
	r := runOK(t, foreign(t, "foreign-parent"))
	if r.RSSFloorBytes > 500<<20 {
		t.Skip("this process is too fat to see a child's 512 MiB")
	}
	if peak := r.RSSPeakBytes >> 20; peak < 510 {
		t.Errorf("peak %d MiB, want the grandchild's 512 or more (floor %d MiB)", peak, r.RSSFloorBytes>>20)
	}
}

func TestATracedCommandStillGetsItsSignals(t *testing.T) {
	r := runOK(t, foreign(t, "foreign-signals"))
	if got := said(t, r, "got")[0]; got != "user defined signal 1" {
		t.Errorf("got %q", got)
	}
}

func TestAChildsEndBecomesAStatus(t *testing.T) {
	brief := 300 * time.Millisecond // a limit that is always reached: the child hangs
	for name, row := range map[string]struct {
		role    string
		foreign bool
		timeout time.Duration
		exitOK  []int
		status  record.Status
		reason  string
		code    int
		signal  string
	}{
		"an exit code that is not expected fails": {
			role: "fails", status: record.Failed, code: 3,
			reason: "exit status 3 between its ready and done marks: no such corpus: \uFFFD linux",
		},
		"a signal kills": {
			role: "dies-of", status: record.Killed, code: -1, signal: "SIGTERM",
			reason: "killed by SIGTERM between its ready and done marks",
		},
		"a child that is never ready runs out of time": {
			role: "never-ready", timeout: brief, status: record.TimedOut, code: 2,
			reason: "not finished within 300ms before its ready mark",
		},
		"a foreign command runs out of time": {
			role: "sleeps", foreign: true, timeout: brief, status: record.TimedOut, code: -1, signal: "SIGTERM",
			reason: "not finished within 300ms",
		},
		"a child that ends before its done mark fails even with status 0": {
			role: "dies-between", status: record.Failed,
			reason: "exit status 0 between its ready and done marks: the command does not speak the trial protocol",
		},
		"a wrong mark fails": {
			role: "babbles", status: record.Failed, code: -1, signal: "SIGKILL",
			reason: `wrote the mark "hello there" where "ready" was due`,
		},
		"a child that closes its marks fails": {
			role: "closes-marks", status: record.Failed,
			reason: "exit status 0 before its ready mark: the command does not speak the trial protocol",
		},
		"a foreign exit code can be declared fine": {
			role: "no-such-role", foreign: true, exitOK: []int{0, 9}, status: record.OK, code: 9,
		},
		"a foreign exit code can be not fine": {
			role: "no-such-role", foreign: true, exitOK: []int{1}, status: record.Failed, code: 9,
			reason: `exit status 9: no role "no-such-role"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := spec(t, row.role)
			s.Foreign, s.ExitOK = row.foreign, row.exitOK
			if row.timeout > 0 {
				s.Timeout = row.timeout
			}
			r := run(t, s)
			if r.Status != row.status || r.Reason != row.reason || r.ExitCode != row.code || r.Signal != row.signal {
				t.Errorf("got  %s %q, exit %d, signal %q\nwant %s %q, exit %d, signal %q\nstderr: %s",
					r.Status, r.Reason, r.ExitCode, r.Signal, row.status, row.reason, row.code, row.signal, r.StderrTail)
			}
			if !row.foreign && !slices.Contains(r.Absent, record.Wall) {
				t.Errorf("wall is there (%v s) though the child never was done", r.WallS)
			}
			if _, ok := r.Metrics()[record.ProcessWall]; !ok {
				t.Error("the time of the process is missing")
			}
		})
	}
}

func TestAnEndlessMarkIsCutShort(t *testing.T) {
	r := run(t, spec(t, "endless-mark"))
	if r.Status != record.Failed || len(r.Reason) > 300 {
		t.Errorf("got %s, reason of %d bytes; want failed and brief", r.Status, len(r.Reason))
	}
}

func TestAProgramThatIsNotThereIsAnErrorThatNamesIt(t *testing.T) {
	for _, isForeign := range []bool{false, true} {
		for _, program := range []string{"no-such-program-here", "/no/such/program"} {
			_, err := Run(t.Context(), Spec{Argv: []string{program}, Foreign: isForeign})
			if err == nil || !strings.Contains(err.Error(), program) {
				t.Errorf("foreign=%v: error %v, want one naming %s", isForeign, err, program)
			}
		}
	}
}

func TestAWrongSpecListsEveryFault(t *testing.T) {
	_, err := Run(t.Context(), Spec{Timeout: -1, KeepStdout: -1, Cores: []int{-1}, Dir: "/no/such/folder"})
	for _, want := range []string{"without a command", "timeout is -1ns", "core is -1", "to keep is -1", "/no/such/folder"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not contain %q", err, want)
		}
	}
}

func TestMissingInputIsNamed(t *testing.T) {
	s := spec(t, "works")
	s.Stdin = "/no/such/input"
	if _, err := Run(t.Context(), s); err == nil || !strings.Contains(err.Error(), s.Stdin) {
		t.Errorf("error %v, want one naming %s", err, s.Stdin)
	}
}

func TestTheChildRunsOnItsCoresAndTheParentStays(t *testing.T) {
	mine, err := machine.Affinity()
	if err != nil {
		t.Fatal(err)
	}
	for _, core := range mine[:min(2, len(mine))] {
		s := spec(t, "cores")
		s.Cores = []int{core}
		r := runOK(t, s)
		if got := said(t, r, "core"); !slices.Equal(got, []string{strconv.Itoa(core)}) {
			t.Errorf("the child runs on %v, want %d", got, core)
		}
	}
	if all := said(t, runOK(t, spec(t, "cores")), "core"); len(all) != len(mine) {
		t.Errorf("a later child inherits cores %v, want all %d", all, len(mine))
	}
	s := spec(t, "cores")
	s.Cores = []int{4000}
	if _, err := Run(t.Context(), s); err == nil || !strings.Contains(err.Error(), "core 4000") {
		t.Errorf("error %v, want one naming core 4000", err)
	}
}

func TestAProcessThatTheChildStartsIsNoPartOfTheTrial(t *testing.T) {
	r := runOK(t, spec(t, "heir"))
	if got := said(t, r, "variable")[0]; got != "0" {
		t.Errorf("the heir sees the variable %s", Env)
	}
	if got := said(t, r, "attached")[0]; got != "false" {
		t.Error("the heir attached to its parent's trial")
	}
	if got := said(t, r, "pipe"); slices.Contains(got, "true") {
		t.Errorf("the heir holds the trial's pipes: %v", got)
	}
}

func TestAttachOutsideATrial(t *testing.T) {
	t.Run("is nothing, and nothing can be done with it", func(t *testing.T) {
		t.Setenv(Env, "")
		child, err := Attach()
		if child != nil || err != nil {
			t.Fatalf("got %v, %v", child, err)
		}
		if err := errors.Join(child.Ready(), child.DoneAndHold()); err != nil {
			t.Error(err)
		}
	})
	t.Run("with the variable set by hand names the remedy", func(t *testing.T) {
		r := run(t, Spec{
			Argv:    spec(t, "").Argv,
			Env:     []string{role + "=works", Env + "=1"},
			Foreign: true, Timeout: forever,
		})
		if r.ExitCode != 9 || !strings.Contains(r.Reason, "unset "+Env) {
			t.Errorf("exit %d, reason %q", r.ExitCode, r.Reason)
		}
	})
}

func TestOfMuchOutputTheEndIsKept(t *testing.T) {
	r := runOK(t, spec(t, "stderr-flood"))
	if !strings.HasPrefix(r.StderrTail, "line ") || !strings.HasSuffix(r.StderrTail, "line 19999\n") || len(r.StderrTail) > stderrTail {
		t.Errorf("tail of %d bytes begins %.12q", len(r.StderrTail), r.StderrTail)
	}
}

func TestTheHarnessSleepsWhileATrialRuns(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "go")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	writer, err := os.OpenFile(fifo, os.O_RDWR, 0) // both ways, so that opening waits for nobody
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	s := spec(t, "waits-for-input")
	s.Stdin = fifo
	goroutines := runtime.NumGoroutine()
	results := make(chan Result)
	go func() {
		r, err := Run(t.Context(), s)
		if err != nil {
			t.Error(err)
		}
		results <- r
	}()

	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	window, err := machine.Busy(t.Context(), 200*time.Millisecond) // long enough for any ticker to show
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if extra := runtime.NumGoroutine() - goroutines; extra > 4 {
		t.Errorf("%d goroutines more, want 4: the caller, the keeper of the thread and two readers of pipes (others' share %.2f)", extra, window)
	}
	if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 256<<10 {
		t.Errorf("a trial allocated %d KiB while it ran", bytes>>10)
	}
	if _, err := writer.WriteString("\n"); err != nil {
		t.Fatal(err)
	}
	if r := <-results; r.Status != record.OK {
		t.Errorf("status %s: %s", r.Status, r.Reason)
	}
}

func BenchmarkRun(b *testing.B) {
	guard, err := NewGuard(as("guard")...)
	if err != nil {
		b.Fatal(err)
	}
	defer guard.Close() //nolint:errcheck // nothing hangs on it here
	for _, row := range []struct {
		name string
		spec Spec
	}{
		{"command=foreign", Spec{Argv: []string{"/bin/true"}, Foreign: true}},
		{"command=foreign/guard", Spec{Argv: []string{"/bin/true"}, Foreign: true, Guard: guard}},
		{"command=foreign/launcher", Spec{Argv: []string{"/bin/true"}, Foreign: true, Launcher: as("launch")}},
		{"command=ours", Spec{Argv: []string{os.Args[0]}, Env: []string{role + "=cores"}}},
	} {
		b.Run(row.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if r, err := Run(b.Context(), row.spec); err != nil || r.Status != record.OK {
					b.Fatal(r, err)
				}
			}
		})
	}
}

// BenchmarkHarnessCPU is what this process itself uses for each second that a
// child works, timeline and all: CPU in microseconds for each second.
func BenchmarkHarnessCPU(b *testing.B) {
	for _, every := range []time.Duration{0, 100 * time.Millisecond, 10 * time.Millisecond} {
		b.Run(fmt.Sprintf("every=%v", every), func(b *testing.B) {
			var cpu, wall time.Duration
			for b.Loop() {
				before := ownCPU()
				r, err := Run(b.Context(), Spec{Argv: []string{"/bin/sleep", "4"}, Foreign: true, TimelineEvery: every})
				if err != nil || r.Status != record.OK {
					b.Fatal(r, err)
				}
				cpu += ownCPU() - before
				wall += time.Duration(r.WallS * float64(time.Second))
			}
			b.ReportMetric(float64(cpu.Microseconds())/wall.Seconds(), "µs-CPU/s")
		})
	}
}
