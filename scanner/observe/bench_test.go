package observe

import (
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// What one file's observing costs its workers: all calls that a file makes on its
// way, without the reading of the clock, which the pipeline does anyway.
func BenchmarkFile(b *testing.B) {
	m := NewMonitor(MonitorOptions{})
	reader, analyst := m.Worker("read", 0, IO), m.Worker("analyse", 0, CPU)
	reading, analysing := NewIOMeter("read", 1).Probe(), NewMeter("analyse", 1).Probe()
	sojourn, service := NewSeries().Recorder(), NewSeries().Recorder()
	in, out := new(Tally), new(Tally)
	reader.HoldInto(reading.Hold)
	d := time.Microsecond
	b.ReportAllocs()
	for b.Loop() {
		reader.Task("some/path/of/a/file.go")
		reader.Set(Reading, d)
		in.Enter(1, 0)
		reading.Wait.Record(d)
		reader.Set(Computing, d+1000)
		reading.Service.Record(d)
		in.Enter(0, 8000)
		reader.Set(Waiting, d+2000)
		reader.Set(Idle, d+3000)

		analyst.Task("some/path/of/a/file.go")
		analyst.Set(Computing, d+4000)
		analysing.Wait.Record(d)
		analysing.Service.Record(d)
		service.Record(d)
		sojourn.Record(d)
		out.Leave(1, 8000)
		analyst.Set(Idle, d+5000)
		d = (d*7 + 13) % time.Second
	}
}

// What a goroutine for each file pays on top.
func BenchmarkEnter(b *testing.B) {
	w := NewMonitor(MonitorOptions{}).Worker("per-file", 0, CPU)
	b.Run("goroutine", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var file sync.WaitGroup
			file.Go(func() {})
			file.Wait()
		}
	})
	b.Run("goroutine-that-enters", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var file sync.WaitGroup
			file.Go(func() { w.Enter(); w.Leave(1) })
			file.Wait()
		}
	})
}

// What a look at the gauge and at all workers costs.
func BenchmarkTick(b *testing.B) {
	for _, workers := range []int{2, 64, 4096} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			tallies := make([]*Tally, workers)
			m := NewMonitor(MonitorOptions{
				InFlight: func() (int64, int64) { return InFlight(tallies) },
				Settled:  func() int64 { return 1 },
			})
			for slot := range workers {
				tallies[slot] = new(Tally)
				m.Worker("p", slot, CPU).Set(State(slot%states), time.Hour)
			}
			now := time.Duration(0)
			b.ReportAllocs()
			for b.Loop() {
				now += defaultPoll
				m.tick(now, 0)
			}
		})
	}
}

// What a dump costs, and so for how long Go code stands still.
func BenchmarkDump(b *testing.B) {
	for _, goroutines := range []int{100, 10_000} {
		b.Run(fmt.Sprintf("goroutines=%d", goroutines), func(b *testing.B) {
			quit := make(chan struct{})
			var parked sync.WaitGroup
			for range goroutines {
				parked.Go(func() { <-quit })
			}
			size := 0
			for b.Loop() {
				taken := takeDump()
				taken.find(map[int64]bool{1: true})
				size = len(taken.text)
			}
			b.ReportMetric(float64(size), "B/dump")
			close(quit)
			parked.Wait()
		})
	}
}

// What a monitor costs beside its own looks, wake-ups and the scheduler's search for
// work included: CPU time of the process per second of wall time, less that of the
// workers' own threads. Idle is without workers; in syscall they spend their time in
// calls of a millisecond, as analysers do in C. Compare monitor=false, which is not 0.
func BenchmarkMonitor(b *testing.B) {
	for _, load := range []string{"idle", "go", "syscall"} {
		for _, on := range []bool{false, true} {
			b.Run(fmt.Sprintf("load=%s/monitor=%v", load, on), func(b *testing.B) {
				var others time.Duration
				for b.Loop() {
					begin := time.Now()
					m := NewMonitor(MonitorOptions{InFlight: func() (int64, int64) { return 1, 1 }})
					before := cpu(b, syscall.RUSAGE_SELF)
					if on {
						m.Start(func() time.Duration { return time.Since(begin) })
					}
					own := work(b, load, time.Second)
					if on {
						m.Stop()
					}
					others += cpu(b, syscall.RUSAGE_SELF) - before - own
				}
				b.ReportMetric(float64(others.Microseconds())/b.Elapsed().Seconds(), "cpu-µs/s")
			})
		}
	}
}

// work keeps two threads busy for so long and returns their CPU time.
func work(b *testing.B, load string, lasting time.Duration) time.Duration {
	b.Helper()
	end := time.Now().Add(lasting)
	if load == "idle" {
		<-time.After(lasting)
		return 0
	}
	var own [2]time.Duration
	var threads sync.WaitGroup
	for i := range own {
		threads.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			before := cpu(b, syscall.RUSAGE_THREAD)
			file, buffer := -1, make([]byte, 8<<20)
			if load == "syscall" {
				file, _ = syscall.Open("/dev/zero", syscall.O_RDONLY, 0)
				defer func() { _ = syscall.Close(file) }()
			}
			for time.Now().Before(end) {
				if file >= 0 {
					_, _ = syscall.Read(file, buffer)
				}
			}
			own[i] = cpu(b, syscall.RUSAGE_THREAD) - before
		})
	}
	threads.Wait()
	return own[0] + own[1]
}

func cpu(b *testing.B, of int) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(of, &u); err != nil {
		b.Error(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
