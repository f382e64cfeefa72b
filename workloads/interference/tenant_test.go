package interference

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tenant is a small one that does everything.
func tenant(t *testing.T) Tenant {
	t.Helper()
	return Tenant{
		Seed: 1, Duty: 1, Period: 20 * time.Millisecond, For: time.Hour, CPU: 2,
		Memory: 1, MemoryBytes: 4 << 20, Disk: scratch(t), DiskBytes: 2<<20 + 1,
	}
}

func TestATenantDoesWhatItIsAskedAndLeavesNoFile(t *testing.T) {
	asked := tenant(t)
	for asked.For = 20 * time.Millisecond; ; asked.For *= 2 { // a busy machine may give a thread nothing for long
		did, err := asked.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if did.ElapsedS < asked.For.Seconds() || did.Pulses != 1 || did.Seed != 1 {
			t.Fatalf("%+v; want %v, one pulse, seed 1", did, asked.For)
		}
		if did.CPUS > 0 && did.MemoryBytes > 0 && did.DiskWrittenBytes > 0 && did.DiskReadBytes > 0 {
			break
		}
		if asked.For > 10*time.Second {
			t.Fatalf("%+v; want processor time, and bytes copied, written and read", did)
		}
	}
	empty(t, asked.Disk)
}

func TestATenantStaysNoLongerThanItsContext(t *testing.T) {
	for what, change := range map[string]func(*Tenant){
		"steady":     func(*Tenant) {},
		"never busy": func(tn *Tenant) { tn.Duty = 0; tn.Period = 20 * time.Hour },
		"pulsing":    func(tn *Tenant) { tn.Duty = 0.5 },
	} {
		asked := tenant(t)
		change(&asked)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		did, err := asked.Run(ctx) // a tenant that ignored it would stay for an hour
		cancel()
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if what == "never busy" && (did.MemoryBytes != 0 || did.DiskWrittenBytes != 0 || did.Pulses != 0) {
			t.Errorf("%s: did %+v", what, did)
		}
		empty(t, asked.Disk)
	}
}

func TestATenantOfAFolderThatIsNotThereSaysSo(t *testing.T) {
	asked := tenant(t)
	asked.Disk = filepath.Join(asked.Disk, "nowhere")
	if _, err := asked.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("%v; want the folder's name", err)
	}
}

func TestAScribeKeepsItsFileWithinItsSize(t *testing.T) {
	folder := scratch(t)
	const size = 2<<20 + 1
	s, err := newScribe(folder, size)
	if err != nil {
		t.Fatal(err)
	}
	empty(t, folder) // its name is gone before a byte is written
	for range 20 {
		step := s.writePiece
		if s.reading {
			step = s.readPiece
		}
		if err := step(); err != nil {
			t.Fatal(err)
		}
		if info, err := s.file.Stat(); err != nil || info.Size() > size {
			t.Fatalf("%d bytes, %v; want %d at most", info.Size(), err, size)
		}
	}
	var did Account
	if err := s.settle(&did); err != nil {
		t.Fatal(err)
	}
	if did.DiskWrittenBytes < 3*size || did.DiskReadBytes < 3*size {
		t.Errorf("%+v; three passes each way are %d bytes", did, 3*size)
	}
}

func TestACopierCopies(t *testing.T) {
	c, err := newCopier(3 << 20)
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.buffer[:len(c.buffer)/2] {
		c.buffer[i] = byte(i)
	}
	ticks := time.Duration(0)
	now := func() time.Duration { ticks++; return ticks }
	if err := c.busy(t.Context(), now, 4); err != nil { // looks at the clock four times, works three
		t.Fatal(err)
	}
	if half := len(c.buffer) / 2; c.copied != int64(half) || string(c.buffer[:half]) != string(c.buffer[half:]) {
		t.Errorf("%d bytes copied, want %d, the same in both halves", c.copied, half)
	}
	if err := c.settle(&Account{}); err != nil {
		t.Fatal(err)
	}
}

func TestATenantNamesEveryFault(t *testing.T) {
	err := Tenant{Duty: math.NaN(), CPU: -1, Memory: 1, Disk: "x"}.Validate()
	for _, word := range []string{"duty is NaN", "period is 0s", "time to stay is 0s", "cpu is -1", "memory bytes are 0", "disk bytes are 0"} {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%v; want a word on %q", err, word)
		}
	}
	idle := Default()
	if err := idle.Validate(); err == nil || !strings.Contains(err.Error(), "nothing to do") {
		t.Errorf("no workers: %v", err)
	}
	idle.CPU = 1
	if err := idle.Validate(); err != nil {
		t.Errorf("the default with a thread: %v", err)
	}
}

// scratch is a folder in memory where there is one, so that no disk has to
// answer.
func scratch(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("/dev/shm", "interference-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

func empty(t *testing.T, folder string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) > 0 {
		t.Errorf("left %v", entries)
	}
}

// BenchmarkDuty tells which share a tenant takes of the time that its schedule
// gives it on one core. On a busy machine that is less than 1: the machine's doing.
func BenchmarkDuty(b *testing.B) {
	runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), 2))
	asked := Tenant{Seed: 1, Duty: 0.5, Period: 100 * time.Millisecond, For: 2 * time.Second, CPU: 1}
	var used, given float64
	for b.Loop() {
		asked.Seed++
		did, err := asked.Run(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		used += did.CPUS
		given += busyUntil(Schedule{Seed: asked.Seed, Period: asked.Period, Duty: asked.Duty}, asked.For).Seconds()
	}
	b.ReportMetric(used/given, "used/given")
}

// busyUntil is for how long a schedule is busy before end.
func busyUntil(s Schedule, end time.Duration) (busy time.Duration) {
	for at := time.Duration(0); at < end; {
		on, until := s.At(at)
		if on {
			busy += min(until, end) - at
		}
		at = until
	}
	return busy
}
