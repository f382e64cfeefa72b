package sampler

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"sluice/scanner/observe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestTheSamplerSeesWhatTheTalliesSay waits for looks, not for a time.
func TestTheSamplerSeesWhatTheTalliesSay(t *testing.T) {
	a, b := new(observe.Tally), new(observe.Tally)
	a.Enter(5, 500)
	b.Leave(2, 100)
	g := observe.NewGauge(100*time.Microsecond, 1)
	quit, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		New([]*observe.Tally{a, b})(g, quit)
	}()
	<-time.After(100 * time.Millisecond) // several rounds, most likely; none is needed for what follows
	close(quit)
	<-gone
	files, bytes := g.InFlight()
	if files.N == 0 {
		t.Skip("the thread was not scheduled in 100 ms")
	}
	if files.Mean != 3 || files.Max != 3 || bytes.Mean != 400 || files.N != bytes.N {
		t.Errorf("files %+v, bytes %+v; want 3 and 400", files, bytes)
	}
}

func TestASamplerOfNothingWaitsToBeStopped(t *testing.T) {
	g := observe.NewGauge(time.Millisecond, 1)
	quit := make(chan struct{})
	close(quit)
	New(nil)(g, quit)
	if files, _ := g.InFlight(); files.N != 0 {
		t.Errorf("%d looks at nothing", files.N)
	}
}

func TestAStopEndsALongSleep(t *testing.T) {
	g := observe.NewGauge(time.Hour, 1)
	quit := make(chan struct{})
	close(quit)
	New([]*observe.Tally{new(observe.Tally)})(g, quit)
}

func BenchmarkLook(b *testing.B) {
	for name, n := range map[string]int{"workers=4": 4, "workers=64": 64, "workers=4096": 4096} {
		b.Run(name, func(b *testing.B) {
			tallies := make([]*observe.Tally, n)
			for i := range tallies {
				tallies[i] = new(observe.Tally)
			}
			g := observe.NewGauge(1, 1) // an interval of a nanosecond or so: looks, and the kernel's round trip
			quit, gone := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(gone)
				New(tallies)(g, quit)
			}()
			for b.Loop() {
				<-time.After(time.Millisecond)
			}
			close(quit)
			<-gone
			files, _ := g.InFlight()
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(max(1, files.N)), "ns/look")
		})
	}
}
