package pipeline

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"sluice/scanner/budget"
	"sluice/scanner/observe"
	"sluice/scanner/source"
)

func TestTheBudgetBoundsTheBytesInFlight(t *testing.T) {
	const fits = 3
	for _, scheduler := range schedulers {
		t.Run(scheduler, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				files, paths := plain(90)
				for _, file := range files {
					file.Data = append(file.Data, bytes.Repeat([]byte(" "), 1000-len(file.Data))...)
				}
				l := &lab{takes: 10 * time.Millisecond}
				o := options(l)
				o.Readers, o.Analysers, o.Scheduler = 20, 20, scheduler
				o.BudgetBytes = fits * budget.NewEstimator().Resident("", 1000)
				got, err := Run(t.Context(), files, source.List(paths), o)
				if err != nil {
					t.Fatal(err)
				}
				if most := l.most.Load(); most != fits {
					t.Errorf("%d files were analysed at once, the budget holds %d", most, fits)
				}
				if want := 90 / fits * 10 * time.Millisecond; got.Wall != want {
					t.Errorf("it took %v, want %v", got.Wall, want)
				}
				if most := got.Watch.InFlightBytes.Max; most > float64(o.BudgetBytes) {
					t.Errorf("%v bytes were seen in flight, the budget is %d", most, o.BudgetBytes)
				}
				if got.BudgetWait.N != 90 {
					t.Errorf("%d files waited for the budget, want all", got.BudgetWait.N)
				}
			})
		})
	}
}

func TestTheSmallestPoolsWithTheSmallestBudgetDoNotDeadlock(t *testing.T) {
	for _, scheduler := range schedulers {
		for _, batch := range []int{1, 7} {
			t.Run(fmt.Sprintf("scheduler=%s/batch=%d", scheduler, batch), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					files, paths := plain(50)
					o := options(&lab{takes: time.Millisecond})
					o.Readers, o.Analysers, o.Scheduler, o.Buffer, o.Batch, o.BudgetBytes = 1, 1, scheduler, 0, batch, 1
					got, err := Run(t.Context(), newDisk(files, 1, time.Millisecond), source.List(paths), o)
					if err != nil || got.Scanned != 50 {
						t.Errorf("%d files were scanned, %v", got.Scanned, err)
					}
				})
			})
		}
	}
}

func TestACancelGivesTheBudgetBack(t *testing.T) {
	for _, scheduler := range schedulers {
		t.Run(scheduler, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				files, paths := plain(100)
				stop := errors.New("enough")
				ctx, cancel := withCause(t)
				time.AfterFunc(25*time.Millisecond, func() { cancel(stop) })
				o := options(&lab{takes: 10 * time.Millisecond})
				o.Readers, o.Scheduler, o.BudgetBytes = 8, scheduler, 2*budget.NewEstimator().Resident("", 10)
				got, err := Run(ctx, files, source.List(paths), o)
				if !errors.Is(err, stop) {
					t.Errorf("the error is %v, want the cause", err)
				}
				addsUp(t, got)
			})
		})
	}
}

// TestLittlesLawHolds compares the sampled gauge with what the workers say of
// themselves, which it knows nothing of.
func TestLittlesLawHolds(t *testing.T) {
	for _, scheduler := range schedulers {
		t.Run(scheduler, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				files, paths := plain(3000)
				o := options(&lab{takes: 11 * time.Millisecond})
				o.Readers, o.Analysers, o.Buffer, o.Scheduler = 5, 3, 20, scheduler
				got, err := Run(t.Context(), newDisk(files, 4, 7*time.Millisecond), source.List(paths), o)
				if err != nil {
					t.Fatal(err)
				}
				ratio := observe.Little(got.Watch.InFlight.Mean, 3000/got.Wall.Seconds(), got.Sojourn.Mean)
				if math.Abs(ratio-1) > 0.02 {
					t.Errorf("L / λW is %v (%d samples of mean %v)", ratio, got.Watch.InFlight.N, got.Watch.InFlight.Mean)
				}
			})
		})
	}
}

// TestTheWatchdogTellsAnalysisOnTheReadersFromAnAnalyserThatBlocks has an
// analyser that waits where it should compute: any worker is reported for that, and
// readers are flagged and reported for analysing alone.
func TestTheWatchdogTellsAnalysisOnTheReadersFromAnAnalyserThatBlocks(t *testing.T) {
	for _, scheduler := range schedulers {
		t.Run(scheduler, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				files, paths := plain(20)
				o := options(&lab{takes: 300 * time.Millisecond})
				o.Scheduler = scheduler
				var told []observe.Report
				o.Watch = func(r observe.Report) { told = append(told, r) }
				got, err := Run(t.Context(), newDisk(files, 0, time.Second), source.List(paths), o)
				if err != nil {
					t.Fatal(err)
				}
				if inline := scheduler == Inline; got.Stations[0].HoldFlagged != inline {
					t.Errorf("hold times are %+v", got.Stations[0].HoldS)
				}
				if len(told) == 0 || !strings.Contains(told[0].Stack, "fake).Analyse") || told[0].Path == "" {
					t.Fatalf("no report names the culprit: %v", told)
				}
				for _, r := range told {
					if (r.Kind == observe.IO) != (scheduler == Inline) {
						t.Errorf("reported under %s: %v", scheduler, r)
					}
				}
			})
		})
	}
}

func TestAStallIsToldAndFailsTheRunIfAsked(t *testing.T) {
	for _, heeds := range []bool{true, false} {
		t.Run(fmt.Sprintf("an analyser that can be interrupted: %v", heeds), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				files, paths := plain(5)
				release := make(chan struct{})
				var told atomic.Int32
				o := options(&lab{})
				o.New = func() Analyser { return stuckAt{"f00002", release} }
				o.Stall, o.FailStalled = 30*time.Second, true
				o.Stalled = func(s observe.Stall) {
					told.Add(1)
					if !strings.Contains(s.String(), "f00002") || !bytes.Contains(s.Dump, []byte("stuckAt")) {
						t.Errorf("the stall names no culprit: %v", s)
					}
				}
				if heeds {
					o.Interrupt = func() { close(release) }
				}
				start := time.Now()
				got, err := Run(t.Context(), files, source.List(paths), o)
				if !errors.Is(err, ErrStalled) || told.Load() != 1 {
					t.Errorf("the error is %v, %d stalls were told", err, told.Load())
				}
				if took := time.Since(start); took < 30*time.Second || took > 40*time.Second {
					t.Errorf("it took %v", took)
				}
				if heeds {
					addsUp(t, got)
				} else {
					close(release)
				}
			})
		})
	}
}

func TestSlowStorageIsNoStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files, paths := plain(4)
		o := options(&lab{})
		o.Stall, o.FailStalled = 30*time.Second, true
		if _, err := Run(t.Context(), newDisk(files, 1, time.Minute), source.List(paths), o); err != nil {
			t.Error(err)
		}
	})
}

// stuckAt does not come back from one file before it is released.
type stuckAt struct {
	path    string
	release chan struct{}
}

func (s stuckAt) Analyse(path string, _ []byte) (Verdict, error) {
	if path == s.path {
		<-s.release
		return Verdict{}, ErrInterrupted
	}
	return Verdict{Language: "text"}, nil
}

func (stuckAt) Close() {}

func TestMappedFilesAreThoseThatAreRead(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	for i, size := range []int{0, 1, 4095, 4096, 4097, 1 << 20} {
		name := fmt.Sprintf("f%d", i)
		if err := os.WriteFile(filepath.Join(dir, name), bytes.Repeat([]byte{'a' + byte(i)}, size), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, name)
	}
	found := map[string][]string{}
	for _, reader := range []string{Read, Mapped} {
		l := &lab{}
		o := options(l)
		o.Reader, o.MaxFileBytes = reader, 1<<20
		if _, err := Run(t.Context(), source.Dir(dir), source.List(paths), o); err != nil {
			t.Fatal(err)
		}
		found[reader] = l.found()
	}
	if strings.Join(found[Read], "") != strings.Join(found[Mapped], "") || len(found[Read]) != len(paths) {
		t.Error("mmap and read differ")
	}
}

func TestWhatCannotBeMappedIsReadWithAWarning(t *testing.T) {
	l := &lab{}
	o := options(l)
	o.Reader = Mapped
	got, err := Run(t.Context(), fstest.MapFS{"f": {Data: []byte("text")}}, source.List([]string{"f"}), o)
	if err != nil || got.Scanned != 1 || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "io.reader mmap") {
		t.Errorf("got %d scanned, warnings %q, %v", got.Scanned, got.Warnings, err)
	}
}

func TestAPartitionOfTooFewCoresIsTold(t *testing.T) {
	files, paths := plain(3)
	o := options(&lab{})
	o.Pin, o.Readers, o.Analysers = Partition, 64, 64
	got, err := Run(t.Context(), files, source.List(paths), o)
	if err != nil || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "core") {
		t.Errorf("the warnings are %q, %v", got.Warnings, err)
	}
}

// A gate says that it was entered, and opens when it is released.
type gate struct{ begun, release chan struct{} }

func (g gate) Analyse(string, []byte) (Verdict, error) {
	g.begun <- struct{}{}
	<-g.release
	return Verdict{Language: "text"}, nil
}

func (gate) Close() {}

// TestPoolsAreToldApartInProfiles looks at a goroutine profile while every
// analyser is busy.
func TestPoolsAreToldApartInProfiles(t *testing.T) {
	roots := map[string][]string{Queue: {"readPool", "analysePool"}, Steal: {"readPool", "analysePool"}, PerFile: {"perFilePool"}, Threads: {"threadsPool"}, Inline: {"inlinePool"}}
	labels := map[string][]string{Queue: {"read", "analyse"}, Steal: {"read", "analyse"}, PerFile: {"per-file"}, Threads: {"threads"}, Inline: {"inline"}}
	for _, scheduler := range schedulers {
		t.Run(scheduler, func(t *testing.T) {
			files, paths := plain(2)
			begun, release := make(chan struct{}), make(chan struct{})
			o := options(&lab{})
			o.Scheduler = scheduler
			o.New = func() Analyser { return gate{begun, release} }
			done := make(chan error)
			go func() {
				_, err := Run(t.Context(), files, source.List(paths), o)
				done <- err
			}()
			<-begun
			<-begun // both analysers are inside
			var text strings.Builder
			if err := pprof.Lookup("goroutine").WriteTo(&text, 1); err != nil {
				t.Fatal(err)
			}
			close(release)
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			for _, root := range roots[scheduler] {
				// A reader may have ended by now: the analysers alone must be there.
				if root != "readPool" && !strings.Contains(text.String(), "pipeline."+root) {
					t.Errorf("no stack is rooted at %s:\n%s", root, text.String())
				}
			}
			last := labels[scheduler][len(labels[scheduler])-1]
			if want := fmt.Sprintf("%q:%q", "pool", last); !strings.Contains(text.String(), want) {
				t.Errorf("no goroutine carries %s:\n%s", want, text.String())
			}
		})
	}
}
