package machine

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// line is a process as /proc/PID/stat shows it; times in ticks.
func line(pid int, name string, parent, user, system, childUser, childSystem, start int) string {
	return fmt.Sprintf("%d (%s) S %d 1 1 0 -1 4194560 1 2 3 4 %d %d %d %d 20 0 1 0 %d 512 52 184467 1 1 0\n",
		pid, name, parent, user, system, childUser, childSystem, start)
}

// people is a machine with two CPUs and these processes.
func people(t *testing.T, at time.Duration, lines ...string) census {
	t.Helper()
	files := map[string]string{"proc/stat": "cpu 1 1 1\ncpu0 1 1 1\ncpu1 1 1 1\n", "proc/self/stat": "not a number", "proc/uptime": "1"}
	for _, text := range lines {
		var pid int
		if _, err := fmt.Sscan(text, &pid); err != nil {
			t.Fatal(err)
		}
		files[fmt.Sprintf("proc/%d/stat", pid)] = text
	}
	c, err := fixture(files).census()
	if err != nil {
		t.Fatal(err)
	}
	c.at = time.Unix(0, 0).Add(at)
	return c
}

func TestTheBusiestProcessesAreNamed(t *testing.T) {
	const self = 50
	start := people(t, 0,
		line(1, "init", 0, 5, 5, 900, 100, 1), line(7, "a (b) c", 1, 10, 10, 0, 0, 20), line(8, "idle", 1, 3, 3, 0, 0, 21),
		line(9, "make", 1, 0, 0, 50, 0, 30), line(10, "cc", 9, 40, 0, 0, 0, 31),
		line(self, "sluice", 1, 0, 0, 0, 0, 40), line(51, "child", self, 0, 0, 0, 0, 41), line(60, "old", 1, 70, 0, 0, 0, 42))
	// Over one second: 200 ticks in all on two CPUs.
	end := people(t, time.Second,
		line(1, "init", 0, 5, 5, 1000, 100, 1),      // reaped "old", which had used 70 before: 30 are new
		line(7, "a (b) c", 1, 40, 30, 0, 0, 20),     // 50 of 200
		line(8, "idle", 1, 3, 3, 0, 0, 21),          // nothing
		line(9, "make", 1, 0, 0, 130, 0, 30),        // reaped "cc", 40 before and 10 since, and 30 of children never seen
		line(self, "sluice", 1, 90, 0, 0, 0, 40),    // us
		line(51, "child", self, 80, 0, 0, 0, 41),    // ours
		line(60, "new", 1, 5, 0, 0, 0, 99),          // another process under an old number
		line(61, "fresh", 7, 1, 1, 2, 0, 100),       // began and has reaped since
		line(62, "broken", 7, 1, 1, 2, 0, 100)[:20], // cut short
	)
	want := []Process{
		{PID: 7, Name: "a (b) c", Share: 0.25},
		{PID: 9, Name: "make", Share: 0.2},
		{PID: 1, Name: "init", Share: 0.15},
		{PID: 60, Name: "new", Share: 0.025},
		{PID: 61, Name: "fresh", Share: 0.02},
	}
	if diff := cmp.Diff(want, usedBy(start, end, self)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := usedBy(start, start, self); got != nil {
		t.Errorf("no time has passed: got %v", got)
	}
}

func TestWhatGrandchildrenUsedBeforeIsNotCountedAgain(t *testing.T) {
	start := people(t, 0, line(1, "init", 0, 0, 0, 0, 0, 1), line(20, "shell", 1, 0, 0, 7, 0, 2), line(21, "go", 20, 3, 0, 40, 0, 3), line(22, "test", 21, 5000, 0, 0, 0, 4))
	// The test used 10 more and ended, then go, which had waited for it, used 2 more and ended.
	end := people(t, time.Second, line(1, "init", 0, 0, 0, 0, 0, 1), line(20, "shell", 1, 0, 0, 7+5+40+5010, 0, 2))
	if diff := cmp.Diff([]Process{{PID: 20, Name: "shell", Share: 0.06}}, usedBy(start, end, 99)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParentsInACircleDoNotHang(t *testing.T) {
	c := people(t, 0, line(2, "a", 3, 0, 0, 0, 0, 1), line(3, "b", 2, 0, 0, 0, 0, 1))
	if c.descends(2, 99) {
		t.Error("descends from a process that is not there")
	}
}

func TestProcessesCanBeCountedHere(t *testing.T) {
	p, err := StartProcesses()
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := p.start.processes[p.self]; !ok {
		t.Error("this process does not see itself")
	}
	if top, err := p.Top(3); err != nil || len(top) > 3 {
		t.Errorf("got %v, %v", top, err)
	}
}

func FuzzParseProcess(f *testing.F) {
	f.Add(line(7, "a (b) c", 1, 10, 10, 0, 0, 20))
	f.Add(") (")
	f.Fuzz(func(t *testing.T, text string) {
		if p, ok := parseProcess(text); ok && len(p.name) > len(text) {
			t.Errorf("%q: name %q", text, p.name)
		}
	})
}
