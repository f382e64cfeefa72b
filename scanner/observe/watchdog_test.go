package observe

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestOnlyLongComputingIsSuspect(t *testing.T) {
	const ms = time.Millisecond
	for _, row := range []struct {
		state State
		since time.Duration
		want  bool
	}{
		{Computing, 900 * ms, true},
		{Computing, 901 * ms, false},
		{Computing, 0, true},
		{Idle, 0, false},
		{Waiting, 0, false},
		{Reading, 0, false},
	} {
		if got := suspicious(newWord(row.state, row.since), 1000*ms, 100*ms); got != row.want {
			t.Errorf("%v since %v is suspect at 1 s: %v, want %v", row.state, row.since, got, row.want)
		}
	}
}

func TestStalls(t *testing.T) {
	const limit = 30 * time.Second
	in := func(idle, waiting, reading, computing int) [states]int {
		return [states]int{idle, waiting, reading, computing}
	}
	for _, row := range []struct {
		name           string
		in             [states]int
		moved, settled time.Duration // before now
		want           string
	}{
		{"somebody computes", in(1, 1, 1, 1), 0, limit, WhatStall},
		{"somebody computes since lately, after a long wait", in(1, 1, 1, 1), -1, time.Hour, ""},
		{"somebody computes, but a file was settled lately", in(0, 0, 0, 4), time.Hour, limit - 1, ""},
		{"slow storage", in(2, 3, 1, 0), time.Hour, time.Hour, ""},
		{"a slow source", in(4, 0, 0, 0), time.Hour, time.Hour, ""},
		{"all wait for each other", in(0, 4, 0, 0), limit, limit, WhatDeadlock},
		{"analysts are idle while readers wait for memory that nobody gives back", in(2, 2, 0, 0), limit, limit, WhatDeadlock},
		{"somebody moved lately", in(2, 2, 0, 0), limit - 1, time.Hour, ""},
		{"nobody is there", in(0, 0, 0, 0), time.Hour, time.Hour, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			const now = 2 * time.Hour
			p := posture{in: row.in, moved: now - row.moved, computing: now - limit}
			if row.moved < 0 {
				p.moved, p.computing = now, now-limit+1
			}
			if got := p.stalled(now-row.settled, now, limit); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

func TestAPostureKnowsWhoHasComputedLongest(t *testing.T) {
	var p posture
	for _, w := range []word{newWord(Idle, 1), newWord(Computing, 9), newWord(Computing, 4), newWord(Reading, 2), newWord(Computing, 7)} {
		p.note(w)
	}
	if p.computing != 4 || p.moved != 9 || p.in != [states]int{Idle: 1, Reading: 1, Computing: 3} {
		t.Errorf("the posture is %+v", p)
	}
}

// A script drives the watchdog without clock, goroutines or dumps.
type script struct {
	m     *Monitor
	waits map[int64]string // goroutine to what it waits for in the next dump
	took  time.Duration    // of each dump
	said  []string         // what was reported
}

func newScript(keep int) *script {
	s := &script{waits: map[int64]string{}, took: time.Millisecond}
	s.m = NewMonitor(MonitorOptions{Keep: keep, Reported: func(r Report) {
		s.said = append(s.said, fmt.Sprintf("%s %s/%d %s for %.0f ms", r.What, r.Pool, r.Slot, r.Path, r.ForS*1000))
	}})
	s.m.dog.takeDump = func() dump {
		var text strings.Builder
		for id, wait := range s.waits {
			fmt.Fprintf(&text, "goroutine %d [%s]:\nstack of %d\n\n", id, wait, id)
		}
		return dump{text: []byte(text.String()), goroutines: len(s.waits), took: s.took}
	}
	return s
}

// worker returns a worker that computes path since 0, as the goroutine of that number.
func (s *script) worker(pool string, kind Kind, id int64, path string) *Watched {
	w := s.m.Worker(pool, int(id), kind)
	w.goroutine.Store(id)
	w.Task(path)
	w.Set(Computing, 0)
	return w
}

// run looks every 25 ms, up to and without to; before each look it calls act.
func (s *script) run(from, to time.Duration, act func(now time.Duration)) {
	for now := from; now < to; now += defaultPoll {
		if act != nil {
			act(now)
		}
		s.m.tick(now, 0)
	}
}

func (s *script) expect(t *testing.T, dumps int64, said ...string) {
	t.Helper()
	if diff := cmp.Diff(said, s.said); diff != "" {
		t.Errorf("reported (-want +got):\n%s", diff)
	}
	if got := s.m.dog.dumps; got != dumps {
		t.Errorf("took %d dumps, want %d", got, dumps)
	}
}

func TestAnHonestParseOfOverASecondCostsOneDumpAndNoReport(t *testing.T) {
	s := newScript(8)
	w := s.worker("cpu", CPU, 3, "typescript.js")
	s.waits[3] = "syscall" // C code
	s.run(0, 1300*time.Millisecond, nil)
	w.Set(Idle, 1300*time.Millisecond)
	s.run(1300*time.Millisecond, 10*time.Second, nil)
	s.expect(t, 1)
}

func TestACPUWorkerThatBlocksIsReportedOnce(t *testing.T) {
	s := newScript(8)
	s.worker("cpu", CPU, 3, "a.go")
	s.waits[3] = "chan receive"
	s.run(0, time.Minute, nil)
	s.expect(t, 2,
		"blocked cpu/3 a.go for 100 ms", "sandwich cpu/3 a.go for 100 ms")
}

func TestABlockLateInAnEpisodeIsFoundWhenItHasLastedTwentyTimesAsLong(t *testing.T) {
	s := newScript(8)
	s.worker("cpu", CPU, 3, "a.go")
	s.worker("cpu", CPU, 4, "b.go").Set(Idle, 0)
	s.waits[3] = "running"
	s.run(0, 5*time.Second, func(now time.Duration) {
		if now == 500*time.Millisecond {
			s.waits[3] = "sync.Mutex.Lock"
		}
	})
	s.expect(t, 3, "blocked cpu/3 a.go for 100 ms")
}

func TestALockThatIsFreeAtTheSecondLookIsNoBlock(t *testing.T) {
	s := newScript(8)
	s.worker("cpu", CPU, 3, "a.go")
	s.waits[3] = "sync.Mutex.Lock"
	s.run(0, 150*time.Millisecond, nil)
	s.waits[3] = "running"
	s.run(150*time.Millisecond, 2*time.Second, nil)
	s.expect(t, 2)
}

func TestAnIOWorkerThatComputesIsReportedOnceAnEpisode(t *testing.T) {
	s := newScript(8)
	w := s.worker("read", IO, 3, "a.go")
	s.waits[3] = "syscall"
	s.run(0, time.Second, nil)
	w.Set(Waiting, time.Second)
	s.run(time.Second, 2*time.Second, nil)
	w.Task("b.go")
	w.Set(Computing, 2*time.Second)
	s.run(2*time.Second, 3*time.Second, nil)
	s.expect(t, 2, "computing read/3 a.go for 100 ms", "computing read/3 b.go for 100 ms")
	if r := s.m.dog.reports[0]; r.Stack != "stack of 3" || r.Wait != "syscall" || r.DumpS != 0.001 || r.DumpGoroutines != 1 {
		t.Errorf("the report is %+v", r)
	}
}

func TestDeclaredWaitsAreNeverReported(t *testing.T) {
	for _, kind := range []Kind{IO, CPU} {
		for _, state := range []State{Idle, Waiting, Reading} {
			s := newScript(8)
			s.worker("x", kind, 3, "a.go").Set(state, 0)
			s.waits[3] = "chan receive"
			s.run(0, time.Minute, nil)
			s.expect(t, 0)
		}
	}
}

func TestDumpsTakeNoMoreThanTheirShare(t *testing.T) {
	s := newScript(8)
	s.took = 50 * time.Millisecond
	s.waits[3] = "running"
	w := s.worker("cpu", CPU, 3, "a.go")
	s.run(0, time.Minute, func(now time.Duration) {
		if now%(200*time.Millisecond) == 0 {
			w.Set(Computing, now) // a file of 200 ms after another
		}
	})
	if share := s.m.dog.dumpTotal.Seconds() / 60; share > 0.0105 || share < 0.009 {
		t.Errorf("dumps took %.4f of the time, want a hundredth (%d dumps)", share, s.m.dog.dumps)
	}
	if got := s.m.dog.unexamined + s.m.dog.dumps; got < 290 || got > 300 {
		t.Errorf("%d of 300 files were either examined or counted as not", got)
	}
}

func TestIOWorkersAreCountedWhenTheirStacksAreNotKept(t *testing.T) {
	s := newScript(1)
	for id := range int64(4) {
		s.worker("read", IO, id+1, "a.go")
		s.waits[id+1] = "running"
	}
	s.run(0, time.Second, nil)
	for _, g := range s.m.groups {
		for _, w := range g.workers {
			w.Set(Waiting, time.Second)
			w.Set(Computing, time.Second)
		}
	}
	s.run(time.Second, 2*time.Second, nil)
	want := []Count{{What: WhatComputing, Pool: "read", Kind: IO, N: 8}}
	if diff := cmp.Diff(want, s.m.dog.counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if len(s.m.dog.reports) != 1 || s.m.dog.dumps != 1 {
		t.Errorf("kept %d reports with %d dumps, want 1 with 1", len(s.m.dog.reports), s.m.dog.dumps)
	}
}

func TestAnIOWorkersEpisodeThatEndsBeforeADumpIsStillReported(t *testing.T) {
	s := newScript(8)
	s.took = time.Second // so that the next is due in 100 s
	w := s.worker("read", IO, 3, "a.go")
	s.waits[3] = "running"
	s.run(0, 200*time.Millisecond, nil)
	w.Set(Reading, 200*time.Millisecond)
	w.Task("b.go")
	w.Set(Computing, 300*time.Millisecond)
	s.run(300*time.Millisecond, 500*time.Millisecond, nil)
	w.Set(Waiting, 500*time.Millisecond)
	w.Task("c.go")
	s.run(500*time.Millisecond, time.Second, nil)
	s.expect(t, 1, "computing read/3 a.go for 100 ms", "computing read/3 b.go for 100 ms")
}

func TestTheSandwichNeedsEveryWorkerOfTheCPUPool(t *testing.T) {
	for _, row := range []struct {
		name  string
		kind  Kind
		other func(s *script)
		want  int64
	}{
		{"both are blocked", CPU, func(s *script) { s.worker("p", CPU, 4, "b.go"); s.waits[4] = "select" }, 1},
		{"one computes", CPU, func(s *script) { s.worker("p", CPU, 4, "b.go"); s.waits[4] = "running" }, 0},
		{"one is idle", CPU, func(s *script) { s.worker("p", CPU, 4, "b.go").Set(Idle, 0) }, 0},
		{"another pool does not count", CPU, func(s *script) { s.worker("q", CPU, 4, "b.go").Set(Idle, 0) }, 1},
		{"an I/O pool is no sandwich", IO, func(s *script) { s.worker("p", IO, 4, "b.go"); s.waits[4] = "select" }, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newScript(8)
			s.worker("p", row.kind, 3, "a.go")
			s.waits[3] = "chan receive"
			row.other(s)
			s.run(0, time.Minute, nil)
			var got int64
			for _, c := range s.m.dog.counts {
				if c.What == WhatSandwich {
					got += c.N
				}
			}
			if got != row.want {
				t.Errorf("%d sandwiches, want %d: %v", got, row.want, s.said)
			}
		})
	}
}

func TestAWorkerThatWentOnIsNoPartOfASandwich(t *testing.T) {
	s := newScript(8)
	first := s.worker("p", CPU, 3, "a.go")
	second := s.worker("p", CPU, 4, "b.go")
	second.Set(Idle, 0)
	s.waits[3], s.waits[4] = "select", "select"
	s.run(0, time.Second, nil) // the first is found blocked
	first.Set(Computing, time.Second)
	second.Set(Computing, 800*time.Millisecond)
	s.run(time.Second, 1075*time.Millisecond, nil) // so is the second, when the first is 50 ms into another file
	first.Set(Idle, 1075*time.Millisecond)
	s.run(1075*time.Millisecond, 2*time.Second, nil)
	s.expect(t, 4, "blocked p/3 a.go for 100 ms", "blocked p/4 b.go for 100 ms")
}

func TestAWorkerThatWentOnWhileTheDumpWasTakenIsNotJudgedByIt(t *testing.T) {
	s := newScript(8)
	w := s.worker("read", IO, 3, "a.go")
	s.waits[3] = "running"
	take := s.m.dog.takeDump
	s.m.dog.takeDump = func() dump {
		w.Set(Idle, 101*time.Millisecond)
		return take()
	}
	s.run(0, time.Second, nil)
	s.expect(t, 1)
}

func TestWorkersAreLookedAtLessOftenThanTheGauge(t *testing.T) {
	s := newScript(8)
	s.worker("cpu", CPU, 3, "").Set(Idle, 0)
	for now := time.Duration(0); now <= time.Second; now += 5 * time.Millisecond {
		s.m.tick(now, 0)
	}
	got := s.m.summary()
	if got.Looks != 201 || got.Occupancy[0].Looks != 40 {
		t.Errorf("%d looks, %d of them at the worker; want 201 and 40", got.Looks, got.Occupancy[0].Looks)
	}
}
