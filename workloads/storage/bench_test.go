package storage

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/fstest"
	"time"
)

// BenchmarkOpenHoldsItsLatency compares asked and achieved latency. A file of
// one byte keeps the link out of it. The clock named timers is the one that
// was rejected; it shows why. cpu-µs/open is what the whole process used.
func BenchmarkOpenHoldsItsLatency(b *testing.B) {
	clocks := []struct {
		name string
		make func() clock
	}{
		{"timerfd", func() clock { return newTimerfds() }},
		{"timers", func() clock { return newTimers() }},
	}
	for _, c := range clocks {
		for _, storage := range []string{"network-disk", "nfs"} {
			for _, busy := range []int{0, 1, 2} {
				for _, opens := range []int{1, 8, 64} {
					name := fmt.Sprintf("clock=%s/storage=%s/busy=%d/opens=%d", c.name, storage, busy, opens)
					b.Run(name, func(b *testing.B) { benchmarkOpen(b, c.make(), storage, busy, opens) })
				}
			}
		}
	}
}

func benchmarkOpen(b *testing.B, c clock, name string, busy, opens int) {
	profile, err := Lookup(name, 2)
	if err != nil {
		b.Fatal(err)
	}
	paths := make([]string, 1024)
	base := fstest.MapFS{}
	for i := range paths {
		paths[i] = fmt.Sprintf("f%d.go", i)
		base[paths[i]] = &fstest.MapFile{Data: []byte("x")}
	}
	slow := newFS(base, profile, 1, 0, c)
	b.Cleanup(func() { _ = slow.Close() })
	stop := occupy(busy)
	defer stop()

	var next atomic.Int64
	spent := cpuTime()
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for range opens {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				f, err := slow.Open(paths[int(i)%len(paths)])
				if err != nil {
					b.Error(err)
					return
				}
				_ = f.Close()
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	spent = cpuTime() - spent

	got := slow.Achieved()
	b.ReportMetric(got.AskedMeanS*1e6, "asked-µs")
	b.ReportMetric(got.MeanS*1e6, "achieved-µs")
	b.ReportMetric(got.MeanExcessS*1e6, "excess-µs")
	if busy == 0 {
		b.ReportMetric(float64(spent.Microseconds())/float64(b.N), "cpu-µs/open")
	}
}

// occupy keeps n goroutines computing until stop is called, as analysers do,
// in pieces of about a millisecond between which they hand over something.
func occupy(n int) (stop func()) {
	var done atomic.Bool
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			for !done.Load() {
				for begun := time.Now(); time.Since(begun) < time.Millisecond; {
				}
				runtime.Gosched()
			}
		})
	}
	return func() {
		done.Store(true)
		wg.Wait()
	}
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkLocal shows that the pass-through costs nothing.
func BenchmarkLocal(b *testing.B) {
	base := fstest.MapFS{"f.go": &fstest.MapFile{Data: []byte("x")}}
	b.Run("fs=base", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = base.Open("f.go")
		}
	})
	b.Run("fs=local", func(b *testing.B) {
		local := New(base, Profile{Name: "local"}, 1, 0)
		b.ReportAllocs()
		for b.Loop() {
			_, _ = local.Open("f.go")
		}
	})
}

func BenchmarkLatency(b *testing.B) {
	p := Profiles(2)[1]
	b.ReportAllocs()
	for b.Loop() {
		p.Latency(1, 0, "net/http/server.go")
	}
}
