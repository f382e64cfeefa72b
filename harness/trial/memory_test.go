package trial

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sluice/harness/record"
)

// way is how a process of known size comes to be measured.
type way struct {
	name string
	spec func(size int) Spec
}

func ways() []way {
	launcher := as("launch")
	big := func(size int) []string { return as(fmt.Sprintf("big %d", size)) }
	within := func(size int) []string {
		argv := big(size)
		return []string{"/bin/sh", "-c", fmt.Sprintf("%s '%s' %s; exit $?", argv[0], argv[1], argv[2])}
	}
	return []way{
		{"ours", func(size int) Spec { return Spec{Argv: big(size), KeepStdout: 100} }},
		{"foreign", func(size int) Spec { return Spec{Argv: big(size), Foreign: true, KeepStdout: 100} }},
		{"foreign-launched", func(size int) Spec {
			return Spec{Argv: big(size), Foreign: true, KeepStdout: 100, Launcher: launcher}
		}},
		{"child-of-foreign-launched", func(size int) Spec {
			return Spec{Argv: within(size), Foreign: true, KeepStdout: 100, Launcher: launcher}
		}},
	}
}

// missed is by how much a measured peak differs from what the child found when
// it had the kernel count its pages one by one.
func missed(tb testing.TB, s Spec, size int) (bytes int64, share float64) {
	tb.Helper()
	r, err := Run(tb.Context(), s)
	if err != nil || r.Status != record.OK || slices.Contains(r.Absent, record.RSS) {
		tb.Fatalf("%s %s, absent %v, %v\n%s", r.Status, r.Reason, r.Absent, err, r.StderrTail)
	}
	var kb int64
	if _, err := fmt.Sscanf(string(r.Stdout), "rss %d", &kb); err != nil || kb<<10 < int64(size) {
		tb.Fatalf("the child of %d B says %q, %v", size, r.Stdout, err)
	}
	bytes = r.RSSPeakBytes - kb<<10
	return bytes, float64(bytes) / float64(kb<<10)
}

// fatten makes this process as large as a harness that has read a large store.
func fatten(tb testing.TB, size int) {
	fat := touch(size)
	tb.Cleanup(func() {
		runtime.KeepAlive(fat)
		if err := unix.Munmap(fat); err != nil {
			tb.Error(err)
		}
	})
}

func TestTheSizeOfAChildIsRightUnderAFatHarness(t *testing.T) {
	fatten(t, 300<<20)
	for _, w := range ways() {
		for _, size := range []int{8 << 20, 64 << 20} {
			t.Run(fmt.Sprintf("%s/size=%dM", w.name, size>>20), func(t *testing.T) {
				bytes, share := missed(t, w.spec(size), size)
				if math.Abs(share) > 0.01 && math.Abs(float64(bytes)) > 512<<10 {
					t.Errorf("missed by %d KiB (%.1f %%), want 512 KiB or 1 %%", bytes>>10, 100*share)
				}
			})
		}
	}
}

func TestTheFloorOfALaunchedCommandIsTheLaunchersOwnSize(t *testing.T) {
	fatten(t, 300<<20)
	s := shell("exit 0")
	s.Launcher = as("launch")
	r := runOK(t, s)
	if r.RSSFloorBytes < 1<<20 || r.RSSFloorBytes > 100<<20 {
		t.Errorf("floor %d MiB, want the launcher's few", r.RSSFloorBytes>>20)
	}
	if r.RSSPeakBytes > r.RSSFloorBytes {
		t.Errorf("a shell that does nothing has a peak of %d MiB", r.RSSPeakBytes>>20)
	}
}

func TestALaunchedCommandIsMeasuredAsAnyOther(t *testing.T) {
	s := Spec{Argv: as("works"), Foreign: true, Launcher: as("launch"), Timeout: forever, KeepStdout: 4096}
	r := runOK(t, s)
	own := saidNumber(t, r, "cpu")
	if r.CPUS < own || r.CPUS > own+0.2 || r.ProcessWallS < saidNumber(t, r, "wall") || len(r.Absent) > 2 {
		t.Errorf("CPU %.3f s of %.3f, wall %.3f s, absent %v", r.CPUS, own, r.ProcessWallS, r.Absent)
	}
	if !r.Started.Before(r.Started.Add(1)) || r.Started.String() == r.Started.Round(0).String() {
		t.Errorf("the start %v has lost its monotonic clock", r.Started)
	}
}

func TestALauncherThatIsNoneIsNamed(t *testing.T) {
	s := shell("exit 0")
	s.Launcher = []string{"/bin/echo"}
	if _, err := Run(t.Context(), s); err == nil {
		t.Error("no error")
	}
	s.Launcher = as("launch")
	s.Argv = []string{"no-such-program-here"}
	if _, err := Run(t.Context(), s); err == nil || !strings.Contains(err.Error(), s.Argv[0]) {
		t.Errorf("error %v, want one that names the program", err)
	}
}

// BenchmarkMemoryError reports by how much the peak of a child of known size is
// missed under a harness of 1 GiB.
func BenchmarkMemoryError(b *testing.B) {
	fatten(b, 1<<30)
	for _, w := range ways() {
		for size := 8 << 20; size <= 512<<20; size *= 2 {
			b.Run(fmt.Sprintf("way=%s/size=%dM", w.name, size>>20), func(b *testing.B) {
				var worst int64
				var share float64
				for b.Loop() {
					bytes, part := missed(b, w.spec(size), size)
					if max(bytes, -bytes) >= max(worst, -worst) {
						worst, share = bytes, part
					}
				}
				b.ReportMetric(float64(worst>>10), "worst-KiB")
				b.ReportMetric(100*share, "worst-%")
			})
		}
	}
}
