package observe

import (
	"math"
	"sync"
	"testing"
	"time"
)

func TestHoldTimeRunsFromOneDeclaredWaitToTheNext(t *testing.T) {
	const us = time.Microsecond
	for _, row := range []struct {
		name    string
		steps   []State // one every 50 µs, from 0
		want    []time.Duration
		flagged bool
	}{
		{"waits alone hold nothing", []State{Idle, Reading, Waiting, Idle}, nil, false},
		{"one hold", []State{Idle, Computing, Reading}, []time.Duration{50 * us}, false},
		{"declared twice it is one hold still", []State{Computing, Computing, Computing, Waiting}, []time.Duration{150 * us}, true},
		{"each wait ends one", []State{Computing, Reading, Computing, Waiting, Computing, Idle}, []time.Duration{50 * us, 50 * us, 50 * us}, false},
		{"the last, unended, is not counted", []State{Computing, Waiting, Computing}, []time.Duration{50 * us}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			meter := NewIOMeter("read", 1)
			probe := meter.Probe()
			worker := NewMonitor(MonitorOptions{}).Worker("read", 0, IO)
			worker.HoldInto(probe.Hold)
			for i, s := range row.steps {
				worker.Set(s, time.Duration(i)*50*us)
			}
			probe.Flush()
			got := meter.Station(time.Second)
			var sum time.Duration
			for _, d := range row.want {
				sum += d
			}
			if got.HoldS == nil || got.HoldS.N != int64(len(row.want)) || math.Abs(got.HoldS.Mean*float64(got.HoldS.N)-sum.Seconds()) > 1e-9 {
				t.Errorf("hold times are %+v, want %v", got.HoldS, row.want)
			}
			if got.HoldFlagged != row.flagged {
				t.Errorf("flagged is %v, want %v", got.HoldFlagged, row.flagged)
			}
		})
	}
}

func TestAStationThatDeclaresNoWaitsHasNoHoldTimes(t *testing.T) {
	meter := NewMeter("analyse", 1)
	probe := meter.Probe()
	probe.Hold.Record(time.Hour)
	probe.Flush()
	if got := meter.Station(time.Second); got.HoldS != nil || got.HoldFlagged {
		t.Errorf("hold times are %+v, flagged %v; want none", got.HoldS, got.HoldFlagged)
	}
}

func TestACPUWorkerHasNoHoldTime(t *testing.T) {
	meter := NewIOMeter("x", 1)
	probe := meter.Probe()
	worker := NewMonitor(MonitorOptions{}).Worker("cpu", 0, CPU)
	worker.HoldInto(probe.Hold)
	worker.Set(Computing, 0)
	worker.Set(Idle, time.Second)
	probe.Flush()
	if got := meter.Station(time.Second).HoldS.N; got != 0 {
		t.Errorf("recorded %d hold times, want 0", got)
	}
}

func TestAWordHoldsStateAndTime(t *testing.T) {
	for _, at := range []time.Duration{0, 1, time.Second, 70 * 365 * 24 * time.Hour} {
		for s := Idle; s <= Computing; s++ {
			if w := newWord(s, at); w.state() != s || w.since() != at {
				t.Errorf("%v at %v became %v at %v", s, at, w.state(), w.since())
			}
		}
	}
	if word(0) != newWord(Idle, 0) {
		t.Error("the zero word is not Idle since the start")
	}
}

func TestNilWorkersAndProbesDoNothing(t *testing.T) {
	var m *Monitor
	w := m.Worker("read", 0, IO)
	if w != nil {
		t.Fatal("a nil monitor made a worker")
	}
	w.Enter()
	w.HoldInto(nil)
	w.Task("a.go")
	w.Set(Computing, 1)
	w.Leave(2)
	m.Start(nil)
	if got := m.Stop(); got.Looks != 0 {
		t.Errorf("a nil monitor saw %+v", got)
	}
	if got := NewMonitor(MonitorOptions{}).Stop(); got.Looks != 0 {
		t.Errorf("a monitor that was not started saw %+v", got)
	}
	var p Probe
	p.Service.Record(1)
	p.Flush()
}

func TestObservingAFileAllocatesNothing(t *testing.T) {
	worker := NewMonitor(MonitorOptions{}).Worker("read", 0, IO)
	worker.HoldInto(NewSeries().Recorder())
	if n := testing.AllocsPerRun(100, func() {
		worker.Enter()
		worker.Task("a/path.go")
		worker.Set(Reading, 1)
		worker.Set(Computing, 2)
		worker.Leave(3)
	}); n != 0 {
		t.Errorf("%v allocations a file, want 0", n)
	}
}

func TestTalliesAreNeverNegativeAndEndAtZero(t *testing.T) {
	const files = 20_000
	reader, analyser := new(Tally), new(Tally)
	tallies := []*Tally{reader, analyser}
	ready := make(chan int64, 16)
	var workers sync.WaitGroup
	workers.Go(func() {
		defer close(ready)
		for i := range int64(files) {
			reader.Enter(1, 0)
			reader.Enter(0, i)
			ready <- i
		}
	})
	workers.Go(func() {
		for size := range ready {
			analyser.Leave(1, size)
		}
	})
	ended := make(chan struct{})
	go func() {
		workers.Wait()
		close(ended)
	}()
	for running := true; running; {
		select {
		case <-ended:
			running = false
		default:
		}
		if n, bytes := InFlight(tallies); n < 0 || bytes < 0 {
			t.Fatalf("%d files and %d bytes in flight", n, bytes)
		}
	}
	if n, bytes := InFlight(tallies); n != 0 || bytes != 0 {
		t.Errorf("%d files and %d bytes are left in flight", n, bytes)
	}
}
