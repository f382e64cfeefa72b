package pipeline

import (
	"context"
	"fmt"
	"io/fs"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sluice/scanner/source"
)

func TestReadersBeyondDiskLanesDoNotHelp(t *testing.T) {
	for readers, want := range map[int]time.Duration{1: 4 * time.Second, 8: 500 * time.Millisecond, 64: 500 * time.Millisecond} {
		for _, scheduler := range schedulers {
			t.Run(fmt.Sprintf("scheduler=%s/readers=%d", scheduler, readers), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					files, paths := plain(800)
					o := options(&lab{})
					o.Readers, o.Scheduler = readers, scheduler
					got, err := Run(t.Context(), newDisk(files, 8, 5*time.Millisecond), source.List(paths), o)
					if err != nil {
						t.Fatal(err)
					}
					if got.Wall != want {
						t.Errorf("800 reads took %v, want %v", got.Wall, want)
					}
				})
			})
		}
	}
}

func TestBoundsAreReachedAndNeverExceeded(t *testing.T) {
	for _, scheduler := range schedulers {
		for _, pair := range [][2]int{{1, 1}, {1, 5}, {7, 2}, {4, 4}} {
			for _, batch := range []int{1, 3} {
				t.Run(fmt.Sprintf("scheduler=%s/readers=%d/analysers=%d/batch=%d", scheduler, pair[0], pair[1], batch), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						files, paths := plain(300)
						// The slower station of the two fills up, and the other keeps pace.
						l := &lab{takes: time.Duration(pair[1]) * time.Millisecond}
						d := newDisk(files, 0, time.Duration(pair[0])*time.Millisecond)
						o := options(l)
						o.Readers, o.Analysers, o.Scheduler, o.Batch = pair[0], pair[1], scheduler, batch
						if _, err := Run(t.Context(), d, source.List(paths), o); err != nil {
							t.Fatal(err)
						}
						if got := int(d.most.Load()); got != pair[0] {
							t.Errorf("%d files were read at once, want %d", got, pair[0])
						}
						want := pair[1]
						if scheduler == Inline { // the readers analyse, each what it has read
							want = pair[0]
						}
						exact := batch == 1 && (scheduler == Queue || scheduler == Steal)
						if got := int(l.most.Load()); got > want || exact && got != want {
							t.Errorf("%d files were analysed at once, want %d", got, want)
						}
					})
				})
			}
		}
	}
}

func TestEqualSlotsAreOneSemaphoreForTheWholeFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files, paths := plain(40)
		l := &lab{takes: 3 * time.Millisecond}
		o := options(l)
		o.Readers, o.Analysers, o.Scheduler = 4, 4, PerFile
		got, err := Run(t.Context(), newDisk(files, 0, 7*time.Millisecond), source.List(paths), o)
		if err != nil {
			t.Fatal(err)
		}
		if want := 100 * time.Millisecond; got.Wall != want { // 10 rounds of 7 + 3 ms
			t.Errorf("it took %v, want %v", got.Wall, want)
		}
	})
}

func TestAnUnbufferedChannelHoldsReadersBack(t *testing.T) {
	for buffer, want := range map[int]int{0: 3, 5: 8} { // one in analysis, one in the hands of each of 2 readers, the buffer
		t.Run(fmt.Sprintf("buffer=%d", buffer), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				files, paths := plain(50)
				l := &lab{takes: time.Hour}
				d := newDisk(files, 0, 0)
				counted := &counter{disk: d}
				o := options(l)
				o.Analysers, o.Buffer = 1, buffer
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() {
					defer close(done)
					_, _ = Run(ctx, counted, source.List(paths), o)
				}()
				synctest.Wait()
				if got := int(counted.opened.Load()); got != want {
					t.Errorf("%d files were read while one is analysed, want %d", got, want)
				}
				cancel()
				<-done
			})
		})
	}
}

type counter struct {
	*disk
	opened atomic.Int32
}

func (c *counter) Open(name string) (fs.File, error) {
	c.opened.Add(1)
	return c.disk.Open(name)
}

func TestAPartialBatchLeavesWhenItHasLingered(t *testing.T) {
	for _, row := range []struct {
		linger, want time.Duration // until the first of two files that come 1 s apart
	}{{0, 0}, {20 * time.Millisecond, 20 * time.Millisecond}, {10 * time.Second, time.Second}} {
		t.Run(fmt.Sprintf("linger=%v", row.linger), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				files, paths := plain(2)
				o := options(&lab{})
				o.Batch, o.Linger = 8, row.linger
				slow := func(yield func(source.Item) bool) {
					for item := range source.List(paths) {
						if !yield(item) {
							return
						}
						<-time.After(500 * time.Millisecond)
					}
				}
				got, err := Run(t.Context(), files, slow, o)
				if err != nil {
					t.Fatal(err)
				}
				if first := got.FirstResult.Round(time.Millisecond); first != row.want {
					t.Errorf("the first result came after %v, want %v", first, row.want)
				}
			})
		})
	}
}

func TestAFullBatchDoesNotLinger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files, paths := plain(16)
		o := options(&lab{})
		o.Batch, o.Linger = 4, time.Hour
		got, err := Run(t.Context(), files, source.List(paths), o)
		if err != nil {
			t.Fatal(err)
		}
		if got.Wall != 0 || got.Scanned != 16 {
			t.Errorf("%d files took %v, want 16 in no time", got.Scanned, got.Wall)
		}
	})
}

func TestTimesAreThoseOfTheStations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files, paths := plain(10)
		o := options(&lab{takes: 30 * time.Millisecond})
		o.Readers, o.Analysers, o.Buffer = 1, 1, 0
		got, err := Run(t.Context(), newDisk(files, 0, 10*time.Millisecond), source.List(paths), o)
		if err != nil {
			t.Fatal(err)
		}
		near := func(name string, got, want float64) {
			if got < want*0.998 || got > want*1.002 {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
		}
		// The first file is read from 0 to 10 ms and analysed until 40 ms; from then
		// on the analyser is busy to the end at 310 ms. The reader reads one file
		// ahead, and hands it over when the analyser asks: 10 ms of reading, 20 ms of
		// holding, 30 ms of analysis, where the reader took it 10 ms before that
		// for the second file, and at the hand-over of its predecessor for the others.
		near("wall", got.Wall.Seconds(), 0.310)
		near("first result", got.FirstResult.Seconds(), 0.040)
		near("service", got.Service.P50, 0.040)
		near("p50 of the sojourn", got.Sojourn.P50, 0.060)
		near("shortest wait", got.Stations[1].WaitS.Mean, (0+9*0.020)/10)
		near("reading", got.Stations[0].ServiceS.P99, 0.010)
		near("utilisation of the reader", got.Stations[0].Utilisation, 0.100/0.310)
		near("utilisation of the analyser", got.Stations[1].Utilisation, 0.300/0.310)
		near("files in service", got.InServiceMean, 0.400/0.310)
	})
}
