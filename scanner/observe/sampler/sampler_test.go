package sampler

import (
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"sluice/scanner/observe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A probe is a gauge that says when it has been looked at.
type probe struct {
	looked chan [2]int64 // what the looks saw
	seen   int
}

func (*probe) Next() time.Duration { return time.Microsecond }

func (p *probe) Look(files, bytes int64) {
	if p.seen++; p.seen <= cap(p.looked) {
		p.looked <- [2]int64{files, bytes}
	}
}

// TestTheSamplerSeesWhatTheTalliesSay waits for looks, not for a time.
func TestTheSamplerSeesWhatTheTalliesSay(t *testing.T) {
	a, b := new(observe.Tally), new(observe.Tally)
	a.Enter(5, 500)
	b.Leave(2, 100)
	stop, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(stop) //nolint:errcheck // nothing is written through it
	p, gone := &probe{looked: make(chan [2]int64, 2*round)}, make(chan struct{})
	go func() {
		defer close(gone)
		look(p, []*observe.Tally{a, b}, stop)
	}()
	for range 2 * round { // more than one call of C
		if got, want := <-p.looked, [2]int64{3, 400}; got != want {
			t.Errorf("saw %v, want %v", got, want)
		}
	}
	if _, err := unix.Write(stop, []byte{1, 0, 0, 0, 0, 0, 0, 0}); err != nil {
		t.Fatal(err)
	}
	<-gone
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
