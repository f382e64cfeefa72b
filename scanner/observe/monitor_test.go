package observe

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// watch starts a monitor in a bubble; its clock begins now.
func watch(o MonitorOptions) (*Monitor, func() time.Duration) {
	begin := time.Now()
	return NewMonitor(o), func() time.Duration { return time.Since(begin) }
}

func TestATaskThatWaitsForAnotherOfItsPoolIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const workers = 2
		m, now := watch(MonitorOptions{})
		type task struct{ reply chan struct{} }
		tasks := make(chan task, workers)
		quit := make(chan struct{})
		var pool sync.WaitGroup
		for slot := range workers {
			w := m.Worker("cpu", slot, CPU)
			pool.Go(func() {
				w.Enter()
				for parent := range tasks {
					w.Task(fmt.Sprintf("parent-%d.go", slot))
					w.Set(Computing, now())
					awaitChild(parent.reply, quit) // nobody is left to do the child
					w.Set(Idle, now())
				}
				w.Leave(now())
			})
		}
		m.Start(now)
		for range workers {
			tasks <- task{reply: make(chan struct{})}
		}
		<-time.After(10 * time.Second)
		close(quit)
		close(tasks)
		pool.Wait()
		got := m.Stop()

		counted := map[string]int64{}
		for _, c := range got.Counts {
			counted[c.What] = c.N
		}
		if counted[WhatBlocked] != workers || counted[WhatSandwich] != 1 || len(counted) != 2 {
			t.Errorf("counted %v, want %d blocked workers in one sandwich", counted, workers)
		}
		last := got.Reports[len(got.Reports)-1]
		if text := last.String(); !strings.HasPrefix(text, "every worker of pool cpu is blocked in user code") || !strings.Contains(text, "Reply.Await") {
			t.Errorf("it says %q", text)
		}
		for _, r := range got.Reports {
			if r.Wait != "select" || !strings.Contains(r.Stack, "awaitChild") || !strings.HasPrefix(r.Path, "parent-") || r.DumpGoroutines < workers || r.ForS < 0.1 {
				t.Errorf("%v\n%+v", r, r)
			}
		}
		if got.Dumps > 4 {
			t.Errorf("took %d dumps", got.Dumps)
		}
	})
}

//go:noinline
func awaitChild(reply, quit <-chan struct{}) {
	select {
	case <-reply:
	case <-quit:
	}
}

func TestAStallIsToldOnceWithItsWorkers(t *testing.T) {
	for _, row := range []struct {
		name   string
		states []State // of the workers, from 0 on
		settle time.Duration
		want   []string
	}{
		{"a worker that never comes back", []State{Computing, Waiting}, 0, []string{"stall after 30 s, of p 0 computing for 30"}},
		{"slow storage", []State{Reading, Idle}, 0, nil},
		{"a slow source", []State{Idle, Idle}, 0, nil},
		{"all wait for each other", []State{Waiting, Idle}, 0, []string{"deadlock after 30 s, of p 0 waiting for 30"}},
		{"files are settled every 29 s", []State{Computing, Computing}, 29 * time.Second, nil},
		{"a file every 50 s stalls each time", []State{Computing, Idle}, 50 * time.Second, []string{
			"stall after 30 s, of p 0 computing for 30", "stall after 30 s, of p 0 computing for 80",
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var said []string
				var now func() time.Duration
				o := MonitorOptions{
					Settled: func() int64 {
						if row.settle == 0 {
							return 0
						}
						return int64(now() / row.settle)
					},
					Stalled: func(s Stall) {
						if !strings.Contains(string(s.Dump), "TestAStallIsTold") {
							t.Errorf("the dump does not show the test:\n%s", s.Dump)
						}
						said = append(said, fmt.Sprintf("%s after %.0f s, of %s %d %s for %.0f",
							s.What, s.ForS, s.Workers[0].Pool, s.Workers[0].Slot, s.Workers[0].State, s.Workers[0].ForS))
					},
				}
				m, clock := watch(o)
				now = clock
				for slot, state := range row.states {
					m.Worker("p", slot, CPU).Set(state, 0)
				}
				m.Start(now)
				<-time.After(99 * time.Second)
				got := m.Stop()
				if fmt.Sprint(said) != fmt.Sprint(row.want) {
					t.Errorf("said %q, want %q", said, row.want)
				}
				if int(got.StallCount) != len(row.want) || len(got.Stalls) != len(row.want) {
					t.Errorf("the summary has %d stalls of %d, want %d", len(got.Stalls), got.StallCount, len(row.want))
				}
				for _, s := range got.Stalls {
					if s.Dump != nil || !strings.HasPrefix(s.String(), "no file settled for 30") || !strings.Contains(s.String(), "p 0 ") {
						t.Errorf("kept %v with %d bytes of dump", s, len(s.Dump))
					}
				}
			})
		})
	}
}

func TestSharesOfTimeAreThoseOfTheStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, now := watch(MonitorOptions{Seed: 5})
		read := m.Worker("read", 0, IO)
		m.Start(now)
		// A beat of 25 ms, that of the polls: 20 ms read, 5 ms computed.
		for range 4000 {
			read.Set(Reading, now())
			<-time.After(20 * time.Millisecond)
			read.Set(Computing, now())
			<-time.After(5 * time.Millisecond)
		}
		got := m.Stop().Occupancy
		if len(got) != 1 || got[0].Pool != "read" || got[0].Workers != 1 {
			t.Fatalf("got %+v", got)
		}
		if o := got[0]; o.Computing < 0.17 || o.Computing > 0.23 || o.Idle != 0 || o.Waiting != 0 || o.Reading+o.Computing != 1 {
			t.Errorf("got %+v, want a fifth of computing and the rest reading", o)
		}
	})
}

// Slots are registered and goroutines enter and leave while the monitor looks.
func TestWorkersComeAndGoWhileTheMonitorLooks(t *testing.T) {
	begin := time.Now()
	now := func() time.Duration { return time.Since(begin) }
	looks := make(chan struct{}, 1)
	m := NewMonitor(MonitorOptions{
		Sample: time.Microsecond, Poll: time.Nanosecond, Long: time.Nanosecond,
		InFlight: func() (files, bytes int64) {
			select {
			case looks <- struct{}{}:
			default:
			}
			return 0, 0
		},
		Settled: func() int64 { return 0 }, Stall: time.Nanosecond, Stalled: func(Stall) {},
	})
	m.Start(now)
	var slots sync.WaitGroup
	for slot := range 4 {
		kind := Kind(slot % 2)
		slots.Go(func() {
			w := m.Worker("per-file", slot, kind)
			for range 50 {
				var file sync.WaitGroup
				file.Go(func() {
					w.Enter()
					w.Task("a.go")
					w.Set(Computing, now())
					w.Set(Waiting, now())
					w.Leave(now())
				})
				file.Wait()
			}
		})
	}
	for range 50 {
		<-looks
	}
	slots.Wait()
	got := m.Stop()
	if got.Looks < 50 || len(got.Occupancy) != 2 || got.Occupancy[0].Workers != 2 {
		t.Errorf("got %+v", got)
	}
}

func TestASummaryIsWrittenWithUnits(t *testing.T) {
	text, err := json.Marshal(Summary{
		Reports: []Report{{What: WhatBlocked, Pool: "cpu", Kind: CPU, Slot: 1, AtS: 1.5, ForS: 0.1, Path: "a.go", Wait: "select", DumpS: 0.001, DumpGoroutines: 9}},
		Counts:  []Count{{What: WhatBlocked, Pool: "cpu", Kind: CPU, N: 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var again Summary
	if err := json.Unmarshal(text, &again); err != nil || again.Reports[0].Kind != CPU {
		t.Errorf("read back it is %+v, %v", again, err)
	}
	if err := new(Kind).UnmarshalText([]byte("gpu")); err == nil {
		t.Error("gpu is no kind of pool")
	}
	for _, want := range []string{
		`"in_flight":{"n":0,"mean":0,`, `"in_flight_bytes":{`,
		`{"what":"blocked","pool":"cpu","kind":"cpu","slot":1,"at_s":1.5,"for_s":0.1,"path":"a.go","wait":"select","dump_s":0.001,"dump_goroutines":9}`,
		`{"what":"blocked","pool":"cpu","kind":"cpu","n":1}`, `"late_max_s":0`, `"dump_total_s":0`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s\nlacks %s", text, want)
		}
	}
}
